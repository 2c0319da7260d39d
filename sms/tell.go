package sms

import (
	"errors"
	"fmt"
	"text/template"
	"time"

	"github.com/mfakit/mfa"
)

// ResetData is what a text of Config.ResetTexts can use: {{.App}}, and {{.Until}},
// as in {{.Until.Format "02.01. 15:04"}}.
type ResetData struct {
	App   string
	Until time.Time // when the reset takes effect, in UTC
}

// defaultReset is in English. It is one message, also with an app's name of 30
// characters. It has no link: a message that asks to follow one is what thieves
// send.
const defaultReset = `{{.App}}: somebody asked to reset your two-step verification. It is due {{.Until.Format "2 Jan 15:04"}} UTC. ` +
	"Not you? Sign in to cancel it, or see our mail."

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

// reset is the message of a reset that was asked for. A text that cannot be used,
// by a condition that was not met when it was tried, gives way to our own: it is a
// warning, which should not be lost.
func (t texts) reset(a asking, until time.Time) (string, error) {
	data := ResetData{App: t.app, Until: until.UTC()}
	text, err := t.render(t.pick(t.resets, a.user, a.client), data)
	if err != nil || text == "" || Segments(text) > maxSegments {
		return t.render(template.Must(template.New("sms").Parse(defaultReset)), data)
	}
	return text, nil
}

// tryReset renders a template as it will be, at two times.
func (t texts) tryReset(tpl *template.Template) error {
	long := time.Date(2028, time.December, 20, 20, 58, 58, 0, time.UTC)
	text, err := t.render(tpl, ResetData{t.app, long})
	if err != nil {
		return err
	}
	other, err := t.render(tpl, ResetData{t.app, long.AddDate(0, 0, -11)})
	switch {
	case err != nil:
		return err
	case text == other:
		return errors.New("it does not say {{.Until}}")
	case Segments(text) > maxSegments:
		return fmt.Errorf("it costs more than %d messages", maxSegments)
	}
	return nil
}
