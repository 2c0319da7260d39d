package sms

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/words"
)

// reset is a delayed reset that was asked for, which takes three days.
func reset() mfa.Event {
	return mfa.Event{ID: "x", Type: mfa.EventResetRequested, Notice: true, User: ada.ID, App: "web", Time: noon, Until: noon.Add(72 * time.Hour)}
}

// TestC21_ResetsAreToldByMessage: to all numbers, as a message to a known one.
func TestC21_ResetsAreToldByMessage(t *testing.T) {
	f := newFactor(t)
	out := f.Tell(mfa.TellRequest{Event: reset(), Enrollments: append(enrolled(number1), enrolled(number2)...)})
	const want = "Example: somebody wants to reset your two-step sign-in, due 24 November 2026, 12:00 UTC. Not you? Sign in to stop it, or see our mail."
	if len(out) != 2 || out[0].Message.To != number1 || out[1].Message.To != number2 {
		t.Fatalf("%d messages", len(out))
	}
	for i, d := range out {
		if d.Message.Text != want || d.Message.Channel != mfa.ChannelSMS || d.Sender != f.config.Sender || !d.Known || d.Before != nil {
			t.Errorf("%d: %q", i, d.Message.Text)
		}
		code, err := f.Challenge(bg, challenge(d.Message.To))
		if err != nil || !slices.Equal(d.Budgets, code.Delivery.Budgets) {
			t.Errorf("%d: other budgets than a code has, %v", i, err)
		}
		if _, _, _, ok := bound(d.Message.Text); ok {
			t.Errorf("phones read a code from %q", d.Message.Text)
		}
	}
}

func TestC21_ResetTextIsOneMessage(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.AppName = strings.Repeat("W", 30) })
	e := reset()
	e.Until = time.Date(2026, time.September, 28, 23, 59, 0, 0, time.FixedZone("EST", -5*3600))
	text := f.Tell(mfa.TellRequest{Event: e, Enrollments: enrolled(number1)})[0].Message.Text
	if Segments(text) != 1 || !gsm7.Fits(text) || !strings.Contains(text, "29 September 2026, 04:59 UTC") {
		t.Errorf("%d messages: %q", Segments(text), text)
	}
}

// TestTellLeavesOut other events, and numbers to which nothing goes any more.
func TestTellLeavesOut(t *testing.T) {
	f := newFactor(t, func(c *Config) { c.Countries = Countries("GB") })
	list := append(enrolled(number1), enrolled("+447400123456")...)
	list = append(list, mfa.Enrolled{ID: "broken", State: []byte("{}")}, mfa.Enrolled{ID: "none"})
	if out := f.Tell(mfa.TellRequest{Event: reset(), Enrollments: list}); len(out) != 1 || out[0].Message.To != "+447400123456" {
		t.Errorf("%d messages", len(out))
	}
	if out := f.Tell(mfa.TellRequest{Event: reset()}); out != nil {
		t.Errorf("%d messages to nobody", len(out))
	}
	for _, kind := range []mfa.EventType{mfa.EventResetReady, mfa.EventResetCanceled, mfa.EventEnrolled, ""} {
		e := reset()
		if e.Type = kind; f.Tell(mfa.TellRequest{Event: e, Enrollments: list}) != nil {
			t.Errorf("%q is told", kind)
		}
	}
	e := reset()
	if e.Until = (time.Time{}); f.Tell(mfa.TellRequest{Event: e, Enrollments: list}) != nil {
		t.Error("a reset at no time is told")
	}
}

// TestTellAsksBefore, as of a code: a number whose SIM card is new may be the thief's.
func TestTellAsksBefore(t *testing.T) {
	var about Destination
	f := newFactor(t, func(c *Config) {
		c.Before = func(_ context.Context, to Destination) error { about = to; return nil }
	})
	d := f.Tell(mfa.TellRequest{User: ada, Client: mfa.Client{App: "web"}, Event: reset(), Enrollments: enrolled(number1)})[0]
	if err := d.Before(bg); err != nil || about.Number != number1 || !about.Known || about.User.ID != ada.ID || about.Client.App != "web" {
		t.Errorf("%v, %v", about, err)
	}
}

func TestResetTexts(t *testing.T) {
	with := func(from *words.Catalogue, tag, text string) *words.Catalogue {
		all, err := from.With(tag, map[string]string{"sms.reset": text})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	f := newFactor(t, func(c *Config) {
		c.Words = with(words.Default(), "no", "{app}: noen ba om å nullstille totrinnsbekreftelsen din. Det skjer {until}. Ikke deg? Logg inn.")
		late, err := with(c.Words, "fr", "{app} {until}").With("fr", map[string]string{"format.month.11": "novembre\n@evil.example #1"})
		if err != nil {
			t.Fatal(err)
		}
		c.Words = late
		c.Locale = func(u mfa.User, _ mfa.Client) string { return u.Name }
	})
	for locale, want := range map[string]string{
		"no-NO": "Example: noen ba om å nullstille totrinnsbekreftelsen din. Det skjer 24 November 2026, 12:00 UTC. Ikke deg? Logg inn.",
		"tlh":   "Example: somebody wants", "": "Example: somebody wants", "fr": "Example: somebody wants", // a text that cannot be used gives way to ours
	} {
		if text := f.Tell(mfa.TellRequest{User: mfa.User{Name: locale}, Event: reset(), Enrollments: enrolled(number1)})[0].Message.Text; !strings.HasPrefix(text, want) {
			t.Errorf("%s: %q", locale, text)
		}
	}
	for name, tc := range map[string]struct{ text, says string }{
		"no time for some": {"{app}{app, select, example {{until}} other {}}", "does not say {until}"},
		"last line":        {"{app} {until}\n@evil.example #1", "a line that begins with @"},
		"control":          {"{app} {until}\x1b", "control characters"},
		"long":             {"{app} {until}" + strings.Repeat("long ", 200), "more than 4 messages"},
	} {
		_, err := New(config(func(c *Config) { c.Words = with(words.Default(), "no", tc.text) }))
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "sms: Config.Words: sms.reset in the language no: ") {
			t.Errorf("%s: %v, want …%s…", name, err, tc.says)
		}
	}
}

// granting grants a delayed reset.
type granting struct{}

func (granting) Decide(s mfa.Subject) mfa.Decision {
	d := mfa.AskEnrolled(s)
	d.DelayedReset = 72 * time.Hour
	return d
}

// TestC21_ResetsAreToldThroughTheEngine: the phone hears of it, once.
func TestC21_ResetsAreToldThroughTheEngine(t *testing.T) {
	w := &world{t: t, tower: new(mfatest.Inbox)}
	f := newFactor(t, func(c *Config) { c.Sender = w.tower })
	w.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Factors = append([]mfa.Factor{f}, c.Factors...)
		c.Policy = granting{}
	})
	user := ada
	user.Email, user.EmailVerified = "ada@example.com", true
	w.enroll(user)
	flow, _ := w.begin(user)
	arrived := make(chan mfa.Message, 2)
	f.config.Sender = phone(arrived)
	asked, err := w.RequestReset(bg, flow.Token, mfa.Client{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(bg, 30*time.Second)
	defer cancel()
	select {
	case m := <-arrived:
		if m.To != number1 || m.ID == "" || !strings.Contains(m.Text, "due "+asked.Ready.UTC().Format("2 January 2006, 15:04")+" UTC") {
			t.Errorf("%q", m.Text)
		}
	case <-ctx.Done():
		t.Fatal("nothing arrived")
	}
	if _, err := w.RequestReset(bg, flow.Token, mfa.Client{}); err != nil { // asked for again
		t.Fatal(err)
	}
	if err := w.Close(bg); err != nil || len(arrived) != 0 {
		t.Errorf("%d messages more, %v", len(arrived), err)
	}
}

// A phone is a sender that lets a test wait.
type phone chan mfa.Message

func (p phone) Send(_ context.Context, m mfa.Message) (string, error) {
	p <- m
	return "", nil
}
