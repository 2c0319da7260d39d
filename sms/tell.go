package sms

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/words"
)

var _ mfa.Teller = (*Factor)(nil)

// Tell warns of a delayed reset that was asked for, at every number that the user
// has confirmed: whoever has stolen password and mailbox has not the phone. A
// number that codes no longer go to, such as one of a country that is not
// listed any more, is left out. All other events are for mails.
func (f *Factor) Tell(r mfa.TellRequest) []mfa.Delivery {
	e := r.Event
	if e.Type != mfa.EventResetRequested || e.Until.IsZero() {
		return nil
	}
	a := asking{known: true, user: r.User, client: r.Client}
	text, err := f.texts.reset(a, e.Until)
	if err != nil {
		return nil
	}
	var out []mfa.Delivery
	for _, of := range r.Enrollments {
		s, err := parseState(of.State)
		if err != nil {
			continue
		}
		if a.number, err = f.parse(s.Number, true); err != nil {
			continue
		}
		out = append(out, mfa.Delivery{
			Sender:  f.config.Sender,
			Message: mfa.Message{Channel: mfa.ChannelSMS, To: a.number.e164, Text: text},
			Budgets: f.limits.budgets(a.number), Known: true, Before: f.before(a),
		})
	}
	return out
}

// reset is the message of a reset that was asked for. It has no link: a message
// that asks to follow one is what thieves send. A text that cannot be used, by a
// condition that was not met when it was tried, gives way to our own: it is a warning,
// which should not be lost.
func (t texts) reset(a asking, until time.Time) (string, error) {
	text, err := t.sayReset(t.pick(a.user, a.client), until)
	if err != nil || Segments(text) > maxSegments {
		return t.sayReset(words.Default().Pick(), until)
	}
	return text, nil
}

func (t texts) sayReset(l *words.Language, until time.Time) (string, error) {
	when := l.Time(until.UTC())
	text, err := fit(l.Text(idReset, "app", t.app, "until", when))
	if err == nil && !strings.Contains(text, when) {
		err = errors.New("it does not say {until}")
	}
	return text, err
}

// tryReset writes the message as it will be, at a time that is long in words.
func (t texts) tryReset(l *words.Language) error {
	text, err := t.sayReset(l, time.Date(2028, time.September, 20, 20, 58, 58, 0, time.UTC))
	if err == nil && Segments(text) > maxSegments {
		err = fmt.Errorf("it costs more than %d messages", maxSegments)
	}
	return err
}
