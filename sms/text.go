package sms

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
	"github.com/mfakit/mfa/words"
)

// What messages say is in package words: sms.code, sms.code.action where the code
// approves something, and sms.reset. The English ones are short: with an app's name of
// 30 characters and a host of 46 each is one message, where it names no action. The
// code comes first, so that no digits of an action are taken for it.

// texts writes them, with the last line that binds the code to the site's host, so that
// phones fill it in there and nowhere else (WICG, Origin-bound one-time codes delivered
// via SMS, section 2.2).
type texts struct {
	all    *words.Catalogue
	app    string
	host   string // empty: no last line
	locale func(mfa.User, mfa.Client) string
}

// newTexts tries every text in every language.
func newTexts(c Config) (texts, error) {
	t := texts{all: c.Words, app: c.AppName, locale: c.Locale}
	if t.all == nil {
		t.all = words.Default()
	}
	var err error
	if t.host, err = hostOf(c.Origin); err != nil {
		return t, err
	}
	for _, tag := range t.all.Tags() {
		l := t.all.Pick(tag)
		for _, m := range []struct {
			id  string
			try func(*words.Language) error
		}{{idCode, t.try}, {idAction, t.tryAction}, {idReset, t.tryReset}} {
			if err := m.try(l); err != nil {
				return t, fmt.Errorf("sms: Config.Words: %s in the language %s: %w", m.id, tag, err)
			}
		}
	}
	return t, nil
}

const (
	idCode   = "sms.code"
	idAction = "sms.code.action"
	idReset  = "sms.reset"
)

// hostOf is the host of an origin. Phones bind codes to hosts, in the form in
// which browsers compare them: lower case, and xn-- for other scripts.
func hostOf(origin string) (string, error) {
	if origin == "" {
		return "", nil
	}
	host, ok := strings.CutPrefix(origin, "https://")
	host = strings.ToLower(host)
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			ok = false
		}
	}
	if !ok || len(host) > maxHost {
		return "", errors.New("sms: Config.Origin must be https:// and a host, without a port; a name in another script in its xn-- form")
	}
	return host, nil
}

// maxHost is what a domain name may have (RFC 1035 section 2.3.4).
const maxHost = 253

// maxSegments is the most that a text may cost. Limits count messages, and each
// segment is paid for.
const maxSegments = 4

// A saying is what a message with a code says.
type saying struct {
	code, action string // no action: a sign-in or the like
	life         time.Duration
}

// The longest code, and how long it may live, on which texts are tried.
const (
	sampleCode = "0123456789"
	sampleLife = 10 * time.Minute
)

func (t texts) try(l *words.Language) error {
	body, err := t.say(l, saying{code: sampleCode, life: sampleLife})
	switch {
	case err != nil:
		return err
	case !strings.Contains(body, sampleCode):
		return errors.New("it does not say {code}")
	case Segments(body+t.lastLine(sampleCode)) > maxSegments:
		return fmt.Errorf("it costs more than %d messages", maxSegments)
	}
	return nil
}

// lastLine is "@host #code", which has to be alone on the last line.
func (t texts) lastLine(code string) string {
	if t.host == "" {
		return ""
	}
	return "\n\n@" + t.host + " #" + code
}

// say is the message of a code, without its last line.
func (t texts) say(l *words.Language, s saying) (string, error) {
	id := idCode
	if s.action != "" {
		id = idAction
	}
	return fit(l.Text(id, "app", t.app, "code", s.code, "action", s.action, "span", s.life))
}

// fit is a text without spaces around it, that has no line which would pass for the
// last one.
func fit(body string) (string, error) {
	body = strings.TrimSpace(body)
	if strings.ContainsFunc(body, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		return "", errors.New("it has control characters")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if strings.HasPrefix(strings.TrimLeftFunc(line, blank), "@") {
			return "", errors.New("it has a line that begins with @, which phones read a code from")
		}
	}
	return body, nil
}

// blank is what a line can begin with and seem to begin with something else: spaces,
// and the marks that keep a text in its direction.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// text is the message that carries a code. A long action is cut until the message
// is a short one, or there is hardly anything left of it.
func (t texts) text(a asking, code string, life time.Duration) (string, error) {
	l := t.pick(a.user, a.client)
	s := saying{code: code, life: life}
	for limit := maxAction; ; limit -= 10 {
		if a.action != "" {
			if s.action = shownAction(a.action, limit); s.action == "" {
				return "", errors.New("sms: what is to be approved has no text that can be seen")
			}
		}
		body, err := t.say(l, s)
		if err != nil || !strings.Contains(body, code) { // it was tried, but messages can have conditions
			return "", fmt.Errorf("sms: Config.Words: the message in the language %s cannot be used", l.Tag())
		}
		text := body + t.lastLine(code)
		if a.action == "" || limit <= minAction || Segments(text) <= goodSegments {
			return text, nil
		}
	}
}

// pick is a user's language.
func (t texts) pick(u mfa.User, c mfa.Client) *words.Language {
	if t.locale == nil {
		return t.all.Pick()
	}
	return t.all.Pick(t.locale(u, c))
}

// Segments is how many messages a text costs: of 160 characters in the GSM 7-bit
// alphabet (153 where there are several), of 70 (67) in any other.
func Segments(text string) int { return gsm7.Segments(text) }
