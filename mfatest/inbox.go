package mfatest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
)

// An Inbox is an [mfa.Sender] that keeps what it is given, for every phone and
// mailbox there is, and finds in it what a person would: the code, the link. The
// zero value is ready for use, by any number of goroutines. It prints without
// its messages.
//
// What is asked of the engine is there when the call returns. Mails of package
// notify go out after the answer: close the engine before looking for them.
type Inbox struct {
	mu       sync.Mutex
	messages []mfa.Message
	fault    error
}

var _ mfa.Sender = (*Inbox)(nil)

// Send keeps m, also one that it has already, and never waits. The reference is
// m's ID.
func (b *Inbox) Send(_ context.Context, m mfa.Message) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != nil {
		return "", b.fault
	}
	b.messages = append(b.messages, m)
	return m.ID, nil
}

// Fail makes Send fail with err from now on, and keep nothing; nil ends that.
// Real senders fail with a [*mfa.SendError].
func (b *Inbox) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = err
}

// Messages is a copy of all that was sent so far, the oldest first.
func (b *Inbox) Messages() []mfa.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.messages)
}

// Last is the newest message to a number in E.164 form or an address, whose case
// does not matter. It is false where there is none.
func (b *Inbox) Last(to string) (mfa.Message, bool) {
	for _, m := range slices.Backward(b.Messages()) {
		if strings.EqualFold(m.To, to) {
			return m, true
		}
	}
	return mfa.Message{}, false
}

// Code is the code in the newest message to there, or "": the text's first run
// of 6 to 10 digits that is not part of something longer, as in a phone number,
// a time, a name or a link. Digits that only spaces, a bracket or one mark keep
// apart are something longer, too. A text of the host's own that names another
// such number ahead of the code has to be read with Last.
func (b *Inbox) Code(to string) string {
	m, _ := b.Last(to)
	for _, word := range words.FindAllString(links.ReplaceAllString(m.Text, "|"), -1) {
		if strings.Trim(word, "0123456789") == "" && len(word) >= 6 && len(word) <= 10 {
			return word
		}
	}
	return ""
}

// Link is the first link in the text of the newest message to there, or "".
func (b *Inbox) Link(to string) string {
	m, _ := b.Last(to)
	return links.FindString(m.Text)
}

// joins are the characters that make a word of digits.
const joins = `-\p{Latin}_+@=&%/`

var (
	// links end before what ends a sentence.
	links = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>"'.,;:!?)\]]`)

	// words are what digits can be part of: a number in groups, and what is
	// written together. Scripts without spaces put letters beside a code, so that
	// only Latin ones count.
	words = regexp.MustCompile(`(?:\+?[0-9]+(?:(?:\)?[ \x{a0}\x{202f}]*|[.,:/\x{2010}-\x{2013}-])[0-9]+)*|[` + joins + `])[` + joins + `0-9]*`)
)

// Format prints how many messages there are, with any verb.
func (b *Inbox) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "mfatest.Inbox(%d messages)", len(b.Messages()))
}
