package emailcode

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// approving is the sign-in step of asked, for an action.
func approving(f *Factor, action string) (mfa.Step, error) {
	r := challenge(address1)
	r.Action = action
	return f.Challenge(bg, r)
}

// TestMailsNameTheWholeAction, however long it is, also where a link approves it.
func TestMailsNameTheWholeAction(t *testing.T) {
	action := "Pay 1,234,567.50 EUR to Bob " + strings.Repeat("é", 110) + " END"
	for _, f := range []*Factor{newFactor(t), newFactor(t, withLink), newFactor(t, withLink, anywhere)} {
		step, err := approving(f, action)
		if err != nil {
			t.Fatal(err)
		}
		m := step.Delivery.Message
		if !strings.Contains(m.Text, "\nIt approves this, and nothing else: "+action+"\n") || !strings.Contains(m.HTML, action) || strings.Contains(m.Subject, "Pay") {
			t.Errorf("%q\n%s", m.Subject, m.Text)
		}
		if (f.link != nil) != linkForm.MatchString(m.Text) || !verifies(f, step, codeIn(t, m)) {
			t.Errorf("%s", m.Text)
		}
	}
	step, err := enroll(newFactor(t), address2)
	if err != nil || strings.Contains(step.Delivery.Message.Text, "approve") {
		t.Errorf("%v", err)
	}
}

// TestO12_ActionsAreNoCode: what others had a say in stands behind the code, makes
// no line, and no link.
func TestO12_ActionsAreNoCode(t *testing.T) {
	for kind, f := range map[string]*Factor{"our": newFactor(t), "the host's": newFactor(t, ownTemplates)} {
		step, err := approving(f, "x")
		if err != nil {
			t.Fatal(err)
		}
		plain := step.Delivery.Message
		for _, action := range append([]string{"Your code is: 123456", "\nYour code is: 123456\n", "\u2028Your code is: 654321", "654321", "@example.com #123456", "x\n\n@example.com #123456"}, hostile...) {
			at := kind + fmt.Sprintf(" templates, %.40q", action)
			if step, err = approving(f, "Pay "+action); err != nil {
				t.Errorf("%s: %v", at, err)
				continue
			}
			m := step.Delivery.Message
			if strings.Count(m.Text, "\n") != strings.Count(plain.Text, "\n") || m.Subject != plain.Subject {
				t.Errorf("%s made lines:\n%s", at, m.Text)
			}
			if found := codeForm.FindAllString(m.Text, -1); len(found) != 1 || !verifies(f, step, codeIn(t, m)) || strings.Index(m.Text, "Pay") < strings.Index(m.Text, found[0]) {
				t.Errorf("%s brought a code:\n%s", at, m.Text)
			}
			for _, r := range m.Text + m.HTML {
				if r != '\n' && r != '\u2068' && r != '\u2069' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar) {
					t.Errorf("%s brought %U", at, r)
				}
			}
			for _, bad := range []string{"<script>alert", "<img", "</td></table><a", "evil.example", "WWW.", "evil。example", `href="javascript`, "mailto:", "@example.com #"} {
				if strings.Contains(m.HTML, bad) {
					t.Errorf("%s brought %s:\n%s", at, bad, m.HTML)
				}
			}
			var b mfatest.Inbox
			if _, err := b.Send(bg, m); err != nil || b.Code(address1) != codeIn(t, m) || b.Link(address1) != "" {
				t.Errorf("%s: a program reads %q, %q", at, b.Code(address1), b.Link(address1))
			}
		}
	}
}

func TestActionThatCannotBeSeenSendsNothing(t *testing.T) {
	for _, action := range []string{"\u200b", "\u2060\ufeff", " ", "\n", "\U000E0041", "\xff"} {
		step, err := approving(newFactor(t), action)
		if err == nil || step.Delivery != nil {
			t.Errorf("%q: %v", action, err)
		}
	}
}

// TestA38_ApprovalsAreOneAction: through the engine, neither the code nor the link
// that was mailed for one action approves another, or signs in.
func TestA38_ApprovalsAreOneAction(t *testing.T) {
	w := newWorld(t, withLink, func(c *Config) { c.Digits = 10 })
	in, option := w.begin(ada, mfa.Password)
	m := w.mail(in, option)
	in, err := w.Verify(bg, in.Token, mfa.Answer{Option: option, Code: codeIn(t, m)}, desk)
	if err != nil {
		t.Fatal(err)
	}
	step := func(a mfa.Action) (mfa.Flow, string) {
		f, err := w.StepUp(bg, mfa.StepUp{User: ada, Authentication: in.Authentication, Client: desk, Action: &a})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range f.Options {
			if o.Method == Name {
				return f, o.ID
			}
		}
		t.Fatalf("no option: %v", f)
		return f, ""
	}
	later := func() { w.Clock.Advance(5 * time.Minute) } // or it would be too soon for a mail
	later()
	pay, payOption := step(mfa.Action{ID: "pay-1", Text: "Pay 12.50 EUR to Bob"})
	m = w.mail(pay, payOption)
	if !strings.Contains(m.Text, "nothing else: Pay 12.50 EUR to Bob\n") {
		t.Errorf("%s", m.Text)
	}
	code := codeIn(t, m)
	_, query := linkIn(t, m)
	later()
	other, otherOption := step(mfa.Action{ID: "pay-2", Text: "Pay 9000 EUR to Eve"})
	w.mail(other, otherOption)
	fresh, freshOption := w.begin(ada, mfa.Password)
	for name, to := range map[string]struct{ token, option string }{"another action": {other.Token, otherOption}, "a sign-in": {fresh.Token, freshOption}} {
		for _, answer := range []string{code, query.Get("token")} {
			if _, err := w.Verify(bg, to.token, mfa.Answer{Option: to.option, Code: answer}, desk); !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := w.Redeem(bg, mfa.Caller{User: ada, Client: desk, Authentication: in.Authentication}, "pay-2"); !errors.Is(err, mfa.ErrRequirement) {
		t.Errorf("%v", err)
	}
	if got := fmt.Sprint(Data{Code: code, Action: "Pay"}); strings.Contains(got, code) {
		t.Error(got)
	}
}
