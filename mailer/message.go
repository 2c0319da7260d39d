package mailer

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/mfakit/mfa"
)

// compose makes a mail of a message, or says why there can be none.
func (s *Sender) compose(m mfa.Message) (*gomail.Msg, *mfa.SendError) {
	switch {
	case m.Channel != mfa.ChannelEmail:
		return nil, refused("mailer: not a message by e-mail")
	case !isID(m.ID):
		return nil, refused("mailer: the message's ID is not 1 to 64 letters and digits")
	case m.Text == "":
		return nil, refused("mailer: the message has no text")
	case len(m.Text) > maxBody || len(m.HTML) > maxBody:
		return nil, refused("mailer: the message is too long")
	}
	if err := CheckAddress(m.To); err != nil {
		return nil, &mfa.SendError{Reason: mfa.SendBadDestination, Err: err}
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(&mail.Address{Address: m.To})
	if s.replyTo != nil {
		msg.ReplyToMailAddress(s.replyTo)
	}
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(s.now())
	msg.SetMessageIDWithValue(m.ID + "@" + s.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, section 5
	msg.SetBodyString(gomail.TypeTextPlain, strings.ToValidUTF8(m.Text, "\uFFFD"))
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, strings.ToValidUTF8(m.HTML, "\uFFFD"))
	}
	return msg, nil
}

func refused(why string) *mfa.SendError {
	return &mfa.SendError{Reason: mfa.SendRefused, Err: errors.New(why)}
}

// isID says whether a message's ID can stand in a Message-ID as it is.
func isID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for _, c := range []byte(s) {
		if !alphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// oneLine makes a subject out of any text. Control characters, line separators
// among them, become spaces; characters that turn the direction of text
// or cannot be seen go, but for the two joiners, which some scripts are
// written with.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case r == '\u200C', r == '\u200D':
			return r
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxSubject {
		end := maxSubject
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return text
}
