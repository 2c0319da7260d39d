package sms

import (
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
	"github.com/mfakit/mfa/words"
)

// TestEveryLanguageIsAMessage: bound to the site, found by phones, and as cheap as its
// script allows.
func TestEveryLanguageIsAMessage(t *testing.T) {
	for tag, most := range map[string]struct{ code, action, reset int }{"en": {1, 1, 1}, "de": {1, 1, 1}, "es": {1, 1, 1}, "ar": {2, 2, 3}} {
		if got := words.Default().Pick(tag).Tag(); got != tag {
			t.Fatalf("%s is %s", tag, got)
		}
		f := newFactor(t, func(c *Config) { c.Locale = func(mfa.User, mfa.Client) string { return tag } })
		sent := asked(t, f)
		approval, err := approving(f, "Pay 12 EUR to Bob")
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]struct {
			step mfa.Step
			most int
		}{"code": {sent, most.code}, "action": {approval, most.action}} {
			text := s.step.Delivery.Message.Text
			host, code, _, ok := bound(text)
			if !ok || host != "example.com" || !strings.HasPrefix(text, code+" ") || !verifies(f, s.step, code) || !strings.Contains(text, "Example") || strings.ContainsAny(text, "{}") {
				t.Errorf("%s, %s: %q", tag, name, text)
			}
			if Segments(text) > s.most || gsm7.Fits(text) != (tag != "ar") {
				t.Errorf("%s, %s: %d messages: %q", tag, name, Segments(text), text)
			}
			if tag != "en" && strings.Contains(text, "your") {
				t.Errorf("%s is in English: %q", tag, text)
			}
		}
		if text := approval.Delivery.Message.Text; strings.Index(text, "Pay 12 EUR to Bob") < 6 {
			t.Errorf("%s: %q", tag, text)
		}
		text := f.Tell(mfa.TellRequest{Event: reset(), Enrollments: enrolled(number1)})[0].Message.Text
		if Segments(text) > most.reset || gsm7.Fits(text) != (tag != "ar") || !strings.Contains(text, "12:00") {
			t.Errorf("%s: %d messages: %q", tag, Segments(text), text)
		}
	}
	if len(words.Default().Tags()) != 4 {
		t.Error("there is a language that is not looked at here")
	}
}
