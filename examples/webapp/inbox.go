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
}

// An inbox takes the app's messages in development, in place of a mail server.
// It is an mfa.Observer that writes a mail for each security notice.
type inbox struct {
	mu   sync.Mutex
	list []message       // oldest first
	seen map[string]bool // events: a notice may be offered twice
	ids  []string        // those in seen, oldest first
}

func newInbox() *inbox { return &inbox{seen: map[string]bool{}} }

// Observe keeps a mail for an event that the account's owner should know of.
func (b *inbox) Observe(_ context.Context, e mfa.Event) error {
	if !e.Notice || e.Email == "" {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen[e.ID] {
		return nil
	}
	b.seen[e.ID] = true
	b.ids = append(b.ids, e.ID)
	b.list = append(b.list, toMail(e))
	if over := len(b.list) - maxInbox; over > 0 {
		for _, id := range b.ids[:over] {
			delete(b.seen, id)
		}
		b.ids, b.list = slices.Delete(b.ids, 0, over), slices.Delete(b.list, 0, over)
	}
	return nil
}

// messages are copies, newest first, and never nil.
func (b *inbox) messages() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append([]message{}, b.list...)
	slices.Reverse(out)
	return out
}
