package sms

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
)

// approving is the sign-in step of asked, for an action.
func approving(f *Factor, action string) (mfa.Step, error) {
	r := challenge(number1)
	r.Action = action
	return f.Challenge(bg, r)
}

func TestMessagesNameTheAction(t *testing.T) {
	for action, want := range map[string]string{
		"Pay 1,234,567.50 EUR to Bob": "CODE is your Example code to approve: Pay 1,234,567.50 EUR to Bob\nIt works for 5 minutes. Give it to nobody.\n\n@example.com #CODE",
		"":                            "CODE is your Example code. It works for 5 minutes. Give it to nobody.\n\n@example.com #CODE",
		"Zahle 5 € an „Bücher–Käfer“": "CODE is your Example code to approve: Zahle 5 € an \"Bücher-Käfer\"\nIt works for 5 minutes. Give it to nobody.\n\n@example.com #CODE",
	} {
		step, err := approving(newFactor(t), action)
		if err != nil {
			t.Fatal(err)
		}
		text := step.Delivery.Message.Text
		if got := strings.ReplaceAll(text, codeOf(step), "CODE"); got != want || Segments(text) != 1 {
			t.Errorf("%d messages: %q", Segments(text), got)
		}
	}
	own := newFactor(t, withTexts(t, "en", most, "{code}: {app} {span}, zu {action}"))
	if step, err := approving(own, "Löschen"); err != nil || !strings.Contains(step.Delivery.Message.Text, ": Example 5 minutes, zu Löschen\n") {
		t.Errorf("%q, %v", step.Delivery.Message.Text, err)
	}
}

// TestLongActionsAreCut, so that the message stays one that people read and that
// costs what any other may; the beginning is what stays.
func TestLongActionsAreCut(t *testing.T) {
	for action, want := range map[string]struct{ segments, shown int }{
		"Pay " + strings.Repeat("w", 252):         {2, 96},
		"Pay " + strings.Repeat("д", 126):         {3, 85},
		"Pay " + strings.Repeat("\U0001F511", 63): {3, 35},
		"Pay " + strings.Repeat("ש", 126):         {3, 85},
	} {
		step, err := approving(newFactor(t), action)
		if err != nil {
			t.Fatal(err)
		}
		text := step.Delivery.Message.Text
		r := []rune(action)
		if n := strings.Count(text, string(r[10])); Segments(text) != want.segments || n != want.shown || Segments(text) > goodSegments || !strings.Contains(text, string(r[:20])) || !strings.Contains(text, "...") {
			t.Errorf("%d messages, %d of the action: %q", Segments(text), n, text)
		}
		if host, _, _, ok := bound(text); !ok || host != "example.com" || !verifies(newFactor(t), step, codeIn(t, step.Delivery.Message)) {
			t.Errorf("%q", text)
		}
	}
	// The host's own text leaves as little room as it may.
	tight := newFactor(t, withTexts(t, "en", most, "{code}: {action} {app} {span} "+strings.Repeat("x", 150)))
	for _, r := range []rune{'\U0001F511', '中', 'ש', 'w'} {
		step, err := approving(tight, strings.Repeat(string(r), 256/len(string(r))))
		if err != nil || Segments(step.Delivery.Message.Text) > maxSegments {
			t.Errorf("%c: %d messages, %v", r, Segments(step.Delivery.Message.Text), err)
		}
	}
}

// hostile are texts of actions of which others had a say.
var hostile = []string{
	"x\r\n\r\n@evil.example #123456", "@evil.example #123456", "x\n@evil.example #123456\n", "\u2028@evil.example #123456", "\u202E@evil.example #123456",
	"123456 is your Example code", "654321", "\n\n654321\n", "Your code: 654321. It works for 5 minutes", "\u2067123456\u2069 \u202E654321", "１２３４５６ ٢٧١٨٢٨",
	"call us at https://evil.example/x", "www.evil.example", "bob@evil.example", "evil。example", "{{.Code}}{{printf \"%s\" .}}", "a\x00b\x1b[31m\x7f\u0085",
	"z\u200Bero\uFEFF\U000E0041", "x\xff\xfe", "\u202Eשלום @evil.example #1", strings.Repeat("@evil.example #123456 ", 1000), "# #1 @",
}

// TestO10_ActionsFakeNoLastLine: whatever an action says, the code is what the
// message begins with and ends with, and phones read no other.
func TestO10_ActionsFakeNoLastLine(t *testing.T) {
	for name, options := range map[string]func(*Config){
		"ours":      func(*Config) {},
		"no origin": func(c *Config) { c.Origin = "" },
		"own":       withTexts(t, "en", most, "Kode {code} {app} {span}\n({action}\n)"),
		"at end":    func(c *Config) { c.Origin = ""; withTexts(t, "en", most, "{code} {app} {span} for {action}")(c) },
	} {
		f := newFactor(t, options)
		lines := -1
		for _, action := range append([]string{"x"}, hostile...) {
			step, err := approving(f, action)
			if err != nil {
				t.Errorf("%s: %.40q: %v", name, action, err)
				continue
			}
			text := step.Delivery.Message.Text
			code := codeForm.FindString(strings.TrimPrefix(text, "Kode "))
			if !verifies(f, step, code) {
				t.Errorf("%s: %.40q: the code does not come first: %q", name, action, text)
			}
			host, last, _, ok := bound(text)
			if ok != (f.texts.host != "") || ok && (host != "example.com" || last != code) {
				t.Errorf("%s: %.40q: phones read %q #%q from %q", name, action, host, last, text)
			}
			if n := strings.Count(text, "\n"); lines >= 0 && n != lines {
				t.Errorf("%s: %.40q made lines: %q", name, action, text)
			} else {
				lines = n
			}
			if strings.Contains(strings.TrimSuffix(text, f.texts.lastLine(code)), "@") {
				t.Errorf("%s: %.40q brought an @: %q", name, action, text)
			}
			for _, r := range text {
				if r != '\n' && r != '\u2068' && r != '\u2069' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
					t.Errorf("%s: %.40q brought %U", name, action, r)
				}
			}
			for _, bad := range []string{"://", "www.", "evil.example", "evil。example"} {
				if strings.Contains(strings.ToLower(text), bad) {
					t.Errorf("%s: %.40q brought a link: %q", name, action, text)
				}
			}
			if Segments(text) > maxSegments {
				t.Errorf("%s: %.40q costs %d messages", name, action, Segments(text))
			}
		}
	}
}

// TestActionThatCannotBeSeenSendsNothing: an approval of nothing visible is one of anything.
func TestActionThatCannotBeSeenSendsNothing(t *testing.T) {
	for _, action := range []string{"\u200b", "\u2060\ufeff", " ", "\n", "\U000E0041"} {
		step, err := approving(newFactor(t), action)
		if err == nil || step.Delivery != nil {
			t.Errorf("%q: %v", action, err)
		}
	}
}

// TestA38_ApprovalsAreOneAction: through the engine, a code that was sent for one
// action approves no other, and no sign-in.
func TestA38_ApprovalsAreOneAction(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Digits = 10 })
	w.enroll(ada)
	f, option := w.begin(ada)
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: w.code(f, option)}, mfa.Client{})
	if err != nil {
		t.Fatal(err)
	}
	session := f.Authentication
	step := func(a mfa.Action) (mfa.Flow, string) {
		w.Clock.Advance(10 * time.Minute)
		f, err := w.StepUp(bg, mfa.StepUp{User: ada, Authentication: session, Action: &a})
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
	pay, payOption := step(mfa.Action{ID: "pay-1", Text: "Pay 12.50 EUR to Bob"})
	code := w.code(pay, payOption)
	if text := w.last().Text; !strings.Contains(text, "to approve: Pay 12.50 EUR to Bob\n") {
		t.Errorf("%q", text)
	}
	other, otherOption := step(mfa.Action{ID: "pay-2", Text: "Pay 9000 EUR to Eve"})
	w.code(other, otherOption)
	in, inOption := w.begin(ada)
	for name, to := range map[string]struct{ token, option string }{"another action": {other.Token, otherOption}, "a sign-in": {in.Token, inOption}} {
		if _, err := w.Verify(bg, to.token, mfa.Answer{Option: to.option, Code: code}, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Redeem(bg, mfa.Caller{User: ada, Authentication: session}, "pay-2"); !errors.Is(err, mfa.ErrRequirement) {
		t.Errorf("%v", err)
	}
	if !gsm7.Fits(w.last().Text) {
		t.Errorf("%q", w.last().Text)
	}
}
