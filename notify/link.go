package notify

import (
	"context"
	"errors"
	"strings"

	"github.com/mfakit/mfa"
)

// maxLink is longer than any address with a token of the engine.
const maxLink = 4096 // bytes

// linked says whether an event of this kind can have a link, and to whom it is
// mailed: what says no may be in every mailbox that the event concerns, what goes
// on only in that of the account, which is part of what it proves.
func linked(e mfa.Event) (has, also bool) {
	switch e.Type {
	case mfa.EventEnrolled:
		return e.First, true
	case mfa.EventResetRequested:
		return true, true
	case mfa.EventResetReady:
		return true, false
	}
	return false, false
}

// link makes the address that goes into the mail. Whoever has it can use it, so
// no error tells of it.
func (n *Notifier) link(ctx context.Context, e mfa.Event) (string, error) {
	if has, _ := linked(e); !has || n.config.Link == nil {
		return "", nil
	}
	link, err := n.config.Link(ctx, e)
	switch {
	case err != nil:
		return "", errors.New("notify: Config.Link failed, and its words are not for logs")
	case len(link) > maxLink || checkURL(link) != nil:
		return "", errors.New("notify: what Config.Link made is not an absolute URL with https, or is too long")
	}
	return link, nil
}

// reveals says whether an error's words hold an address, or of a link what only
// its reader should know.
func reveals(words, address, link string) bool {
	const short = 16 // "notice", "token", a host's name
	parts := strings.FieldsFunc(link, func(r rune) bool { return strings.ContainsRune("/?&=#", r) })
	for _, part := range parts {
		if len(part) > short && strings.Contains(words, part) {
			return true
		}
	}
	return strings.Contains(words, address)
}
