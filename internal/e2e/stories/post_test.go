package stories_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// patience is for what comes after an answer; it is there to end a test that would
// wait for ever.
const patience = time.Minute

// A post office delivers to everybody, and can be waited for: notices of changes
// go out after the answer.
type post struct {
	mfatest.Inbox

	mu   sync.Mutex
	more chan struct{} // closed at the next message; nil while nobody waits
}

func (p *post) Send(ctx context.Context, m mfa.Message) (string, error) {
	ref, err := p.Inbox.Send(ctx, m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.more != nil {
		close(p.more)
		p.more = nil
	}
	return ref, err
}

func (p *post) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.more == nil {
		p.more = make(chan struct{})
	}
	return p.more
}

// await is the newest message to somebody with these words in its subject.
func (p *post) await(t *testing.T, to, subject string) mfa.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		more := p.next()
		for _, m := range slices.Backward(p.Messages()) {
			if m.To == to && strings.Contains(m.Subject, subject) {
				return m
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("no mail %q to %s", subject, to)
		}
	}
}

// codeInMail is the line of a mail that has the code.
var codeInMail = regexp.MustCompile(`(?m)^Your code is: (\d{6})$`)

// mailed is the newest code that was mailed to an address, whatever notices have
// come since.
func (p *post) mailed(t *testing.T, to string) string {
	t.Helper()
	for _, m := range slices.Backward(p.Messages()) {
		if code := codeInMail.FindStringSubmatch(m.Text); m.To == to && code != nil {
			return code[1]
		}
	}
	t.Fatalf("no code to %s", to)
	return ""
}

// count is how many codes went to a number or an address. Notices of changes may
// be on their way at any time.
func (p *post) count(to string) (n int) {
	for _, m := range p.Messages() {
		if m.To == to && (m.Channel == mfa.ChannelSMS || strings.HasPrefix(m.Subject, "Your code for")) {
			n++
		}
	}
	return n
}
