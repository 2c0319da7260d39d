package emailcode

import (
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/words"
)

// TestEveryLanguageIsAWholeMail: with the code where programs find it, the action
// behind it, a bare link, and nothing left in braces.
func TestEveryLanguageIsAWholeMail(t *testing.T) {
	for _, tag := range words.Default().Tags() {
		l := words.Default().Pick(tag)
		in := func(c *Config) { c.Locale = func(mfa.User, mfa.Client) string { return tag } }
		subjects := map[string]bool{}
		for name, step := range map[string]func(*Factor) (mfa.Step, error){
			"sign-in":  func(f *Factor) (mfa.Step, error) { return f.Challenge(bg, challenge(address1)) },
			"set-up":   func(f *Factor) (mfa.Step, error) { return enroll(f, address2) },
			"approval": func(f *Factor) (mfa.Step, error) { return approving(f, "Pay 12 EUR to שרה (friend)") },
		} {
			f := newFactor(t, withLink, in)
			s, err := step(f)
			if err != nil {
				t.Fatal(err)
			}
			m := s.Delivery.Message
			var b mfatest.Inbox
			if _, err := b.Send(bg, m); err != nil {
				t.Fatal(err)
			}
			code := b.Code(m.To)
			if name != "set-up" && !verifies(f, s, code) || len(code) != 6 || !strings.Contains(m.HTML, "<strong>"+code+"</strong>") || strings.Contains(m.Subject, code) {
				t.Errorf("%s, %s: the code is not found:\n%s", tag, name, m.Text)
			}
			if (name == "set-up") != (b.Link(m.To) == "") || strings.ContainsAny(m.Subject+m.Text, "{}#") || strings.Contains(m.Text, "codes.") {
				t.Errorf("%s, %s:\n%s", tag, name, m.Text)
			}
			if at := strings.Index(m.Text, "Pay 12 EUR"); name == "approval" && (at < strings.Index(m.Text, code) || !strings.Contains(m.HTML, "Pay 12 EUR")) {
				t.Errorf("%s: the action is not behind the code:\n%s", tag, m.Text)
			}
			if !strings.Contains(m.HTML, `<html lang="`+tag+`" dir="`+l.Dir()+`">`) || !strings.Contains(m.Text, "192.0.2.7") || !strings.Contains(m.Text, "Firefox, Windows") {
				t.Errorf("%s, %s:\n%s", tag, name, m.HTML)
			}
			subjects[m.Subject] = true
		}
		if len(subjects) != 3 {
			t.Errorf("%s: %v", tag, subjects)
		}
	}
}
