package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

// maxInbox is how many messages are kept; the oldest go first.
const maxInbox = 1000

// A message is what the app would have sent.
type message struct {
	Channel string    `json:"channel"`
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Body    string    `json:"body"`
	At      time.Time `json:"at"`
	id      string
}

// An inbox takes messages in development, in place of a mail server and a gateway
// for text messages. Like a mailbox it knows a repetition by its ID.
type inbox struct {
	now  func() time.Time
	mu   sync.Mutex
	list []message // oldest first
}

func newInbox(now func() time.Time) *inbox { return &inbox{now: now} }

// Send implements mfa.Sender. It always takes the message.
func (b *inbox) Send(_ context.Context, m mfa.Message) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(b.list, func(o message) bool { return o.id == m.ID }) {
		return m.ID, nil
	}
	b.list = append(b.list, message{m.Channel, m.To, m.Subject, m.Text, b.now().UTC().Truncate(time.Millisecond), m.ID})
	b.list = slices.Delete(b.list, 0, max(0, len(b.list)-maxInbox))
	return m.ID, nil
}

// messages are copies, newest first, and never nil.
func (b *inbox) messages() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append([]message{}, b.list...)
	slices.Reverse(out)
	return out
}
