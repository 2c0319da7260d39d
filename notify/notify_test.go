package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/notify"
)

const wholeText = `A way to confirm that it is you was removed from your Example account: Authenticator app “Ada's phone”.

Account: ada@example.org
When: 1 March 2026, 12:00 UTC
Internet address: 192.0.2.7
Place: Oslo, Norway
Device: Firefox, Windows

If it was you, there is nothing to do. If it was not you, somebody else can get into your account: change your password, remove what you do not know, and sign out everywhere else.

Your settings: https://example.com/settings?tab=security&x=1

If you cannot sign in, write to support@example.com.

Example tells you of every change like this one. We never ask for a code or a password by mail.
`

func TestObserve(t *testing.T) {
	m := one(t, event(mfa.EventRemoved))
	if m.ID != "k3j5h6" || m.Channel != mfa.ChannelEmail || m.To != "ada@example.org" || m.Report != "" {
		t.Errorf("the message is %s %s to %s", m.Channel, m.ID, m.To)
	}
	if m.Subject != "Your Example account: a way to sign in was removed" {
		t.Errorf("the subject is %q", m.Subject)
	}
	if m.Text != wholeText {
		t.Errorf("the text is\n%s", m.Text)
	}
	for _, want := range []string{
		`<html lang="en" dir="ltr">`, `Authenticator app “Ada&#39;s phone”`, `1 March 2026, 12:00 UTC`, `192.0.2.7`, `Oslo, Norway`, `Firefox, Windows`,
		`href="https://example.com/settings?tab=security&amp;x=1"`, `write to support@example.com.`,
	} {
		if !strings.Contains(m.HTML, want) {
			t.Errorf("%s is not in\n%s", want, m.HTML)
		}
	}
}

// What is not known is not there, not even as a heading.
func TestObserve_LittleIsKnown(t *testing.T) {
	e := mfa.Event{ID: "x", Type: mfa.EventPasswordChanged, Notice: true, Time: event("").Time, Email: "ada@example.org"}
	m := one(t, e, func(c *notify.Config) { c.SettingsURL = "" })
	for _, heading := range []string{"Account:", "address", "Place", "Device", "settings", "<no value>", "invalid"} {
		if strings.Contains(m.Text, heading) || strings.Contains(m.HTML, heading) {
			t.Errorf("%s is in\n%s", heading, m.Text)
		}
	}
	m = one(t, e, func(c *notify.Config) { c.SupportText = "" })
	if !strings.Contains(m.Text, "Your settings: https://example.com/settings") {
		t.Error(m.Text)
	}
}

// C21: every notice of the root package has words of its own, with a way to repudiate.
func TestC21_EveryNoticeHasItsWords(t *testing.T) {
	b := &mailbox{}
	n := notifier(t, b)
	general := one(t, event("some.other"))
	subjects := map[string]mfa.EventType{general.Subject: "some.other"}
	for kind, notice := range eventTypes(t) {
		e := event(kind)
		e.Notice = notice
		before := len(b.all())
		if err := n.Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		mails := b.all()[before:]
		if !notice || kind == mfa.EventImported { // that one is for the record
			if len(mails) != 0 {
				t.Errorf("%s is no notice, or not for the user, and was mailed", kind)
			}
			continue
		}
		if len(mails) != 1 {
			t.Errorf("%s: %d mails", kind, len(mails))
			continue
		}
		m := mails[0]
		if other, known := subjects[m.Subject]; known {
			t.Errorf("%s has the subject of %s: %q", kind, other, m.Subject)
		}
		subjects[m.Subject] = kind
		for _, want := range []string{"Example account", "ada@example.org", "12:00 UTC", "192.0.2.7", "Oslo", "Firefox", "https://example.com/settings", "support@example.com"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("%s does not say %s", kind, want)
			}
		}
		if len(m.Subject) > 78 || !strings.Contains(m.Subject, "Example") {
			t.Errorf("%s: the subject is %q", kind, m.Subject)
		}
	}
}

// What is brought from elsewhere is nobody's news, also where there is no address.
func TestObserve_Imported(t *testing.T) {
	e := event(mfa.EventImported)
	e.Email, e.ID = "", ""
	n := notifier(t, &mailbox{}, func(c *notify.Config) {
		c.Missing = func(context.Context, mfa.Event, error) error { return errors.New("asked") }
	})
	if err := n.Observe(t.Context(), e); err != nil {
		t.Error(err)
	}
}

// What the general words are for: kinds that a factor or a later version brings.
func TestObserve_AnyKind(t *testing.T) {
	if m := one(t, event("key.lost")); !strings.Contains(m.Text, "Something about the security of your Example account was changed.") {
		t.Error(m.Text)
	}
}

func TestObserve_Wordings(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*mfa.Event)
		want   string
		not    string
	}{
		{"first", func(e *mfa.Event) { e.Type, e.First = mfa.EventEnrolled, true }, "From now on you are asked for it", ""},
		{"not the first", func(e *mfa.Event) { e.Type = mfa.EventEnrolled }, "was added", "From now on"},
		{"no label", func(e *mfa.Event) { e.Type, e.Label = mfa.EventEnrolled, "" }, "account: Authenticator app.", "“"},
		{"the engine's label", func(e *mfa.Event) { e.Type, e.Label = mfa.EventEnrolled, "Authenticator app 2" }, "account: Authenticator app 2.", "“"},
		{"a hint", func(e *mfa.Event) { e.Type, e.Method, e.Label, e.Hint = mfa.EventReplaced, "sms", "", "•• 34" }, "Text message (•• 34)", ""},
		{"a key", func(e *mfa.Event) { e.Type, e.Method, e.Label = mfa.EventCloneSuspected, "webauthn", "Blue key" }, "used before: Security key or passkey “Blue key”.", ""},
		{"a method without words", func(e *mfa.Event) { e.Type, e.Method, e.Label = mfa.EventRemoved, "carrier_pigeon", "" }, "account: carrier_pigeon.", ""},
		{"no method", func(e *mfa.Event) { e.Type, e.Method, e.Label = mfa.EventRemoved, "", "" }, "account: Second step.", ""},
		{"codes are left", func(e *mfa.Event) { e.Type, e.Count = mfa.EventRecoveryUsed, 7 }, "7 codes are left", ""},
		{"one code is left", func(e *mfa.Event) { e.Type, e.Count = mfa.EventRecoveryUsed, 1 }, "One code is left", ""},
		{"the last code", func(e *mfa.Event) { e.Type, e.Count = mfa.EventRecoveryUsed, 0 }, "the last one", "left"},
		{"a device for days", func(e *mfa.Event) { e.Type, e.Count = mfa.EventDeviceRemembered, 30 }, "account, for 30 days. ", ""},
		{"a device for a day", func(e *mfa.Event) { e.Type, e.Count = mfa.EventDeviceRemembered, 1 }, "account, for a day. ", ""},
		{"a device", func(e *mfa.Event) { e.Type, e.Count = mfa.EventDeviceRemembered, 0 }, "for your Example account. ", "day"},
		{"a device's identifier", func(e *mfa.Event) { e.Type, e.Label = mfa.EventDeviceReused, "q8wd7h" }, "no longer remembered", "q8wd7h"},
		{"a reset that waits", func(e *mfa.Event) { e.Type = mfa.EventResetRequested }, "Nothing is removed before 4 March 2026, 12:00 UTC.", "link"},
		{"one without a time", func(e *mfa.Event) { e.Type, e.Until = mfa.EventResetRequested, time.Time{} }, "no longer have them.\n", "before"},
		{"a reset that is ready", func(e *mfa.Event) { e.Type = mfa.EventResetReady }, "It can be done until 4 March 2026, 12:00 UTC.", "link"},
		{"a reset that was waited for", func(e *mfa.Event) { e.Type, e.Reason = mfa.EventReset, "delayed_reset" }, "The reset that was asked for, and that nobody cancelled, has removed every", "You, or"},
		{"a code from support", func(e *mfa.Event) {
			e.Type, e.Actor, e.Reason = mfa.EventBypassIssued, "carol@staff.example", "caller sounded tired"
		}, "It works until 4 March 2026, 12:00 UTC.", "carol"},
		{"an enrolment undone", func(e *mfa.Event) { e.Type, e.Count = mfa.EventUndone, 1 }, "undone: Authenticator app “Ada's phone”. The", "came after"},
		{"several undone", func(e *mfa.Event) { e.Type, e.Count = mfa.EventUndone, 2 }, "All that came after it was undone too. The", ""},
		{"another key", func(e *mfa.Event) { e.Type, e.Method, e.Label = mfa.EventRemoved, "webauthn", "Passkey 2" }, "account: Passkey 2.", "“"},
		{"failures", func(e *mfa.Event) { e.Type, e.Count = mfa.EventManyFailures, 10 }, "10 wrong answers", ""},
		{"the user's own reset", func(e *mfa.Event) { e.Type = mfa.EventReset }, "You, or somebody who was signed in as you, removed", "support has"},
		{"reset by support", func(e *mfa.Event) {
			e.Type, e.Actor, e.Reason = mfa.EventReset, "carol@staff.example", "caller sounded tired"
		}, "Our support has removed", "carol"},
		{"support's own whereabouts", func(e *mfa.Event) { e.Type, e.Actor = mfa.EventReset, "carol" }, "Our support", "192.0.2.7"},
		{"support's own place", func(e *mfa.Event) { e.Type, e.Actor = mfa.EventReset, "carol" }, "Our support", "Oslo"},
		{"support's own reasons", func(e *mfa.Event) { e.Type, e.Actor, e.Reason = mfa.EventReset, "carol", "caller sounded tired" }, "Our support", "tired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := event("")
			c.change(&e)
			m := one(t, e)
			if !strings.Contains(m.Text, c.want) || c.not != "" && strings.Contains(m.Text+m.HTML, c.not) {
				t.Errorf("want %q, and not %q, in\n%s", c.want, c.not, m.Text)
			}
		})
	}
}

func TestObserve_TimeZone(t *testing.T) {
	oslo := time.FixedZone("CET", 3600)
	if m := one(t, event(mfa.EventReset), func(c *notify.Config) { c.Location = oslo }); !strings.Contains(m.Text, "When: 1 March 2026, 13:00 CET\n") {
		t.Error(m.Text)
	}
}

// C21: a sender that fails is heard of, and a repetition is known as one.
func TestC21_FailuresSurface(t *testing.T) {
	down := &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
	b := &mailbox{fail: func(mfa.Message) error { return down }}
	n := notifier(t, b)
	for range 2 {
		if err := n.Observe(t.Context(), event(mfa.EventReset)); !errors.Is(err, down) {
			t.Fatalf("got %v", err)
		}
	}
	b.failing(nil)
	for range 2 { // an acknowledgement that was lost
		if err := n.Observe(t.Context(), event(mfa.EventReset)); err != nil {
			t.Fatal(err)
		}
	}
	if m := b.all(); len(m) != 2 || m[0] != m[1] || m[0].ID != "k3j5h6" {
		t.Errorf("got %v", m)
	}
	e := event(mfa.EventReset)
	e.ID = ""
	if err := n.Observe(t.Context(), e); err == nil {
		t.Error("a notice without an ID was mailed")
	}
}

func TestObserve_Missing(t *testing.T) {
	nobody := event(mfa.EventReset)
	nobody.Email = ""
	gone := &mfa.SendError{Reason: mfa.SendBadDestination}
	b := &mailbox{}
	if err := notifier(t, b).Observe(t.Context(), nobody); err != nil {
		t.Error(err)
	}
	b.failing(func(mfa.Message) error { return gone })
	if err := notifier(t, b).Observe(t.Context(), event(mfa.EventReset)); !errors.Is(err, gone) {
		t.Errorf("a mailbox that is gone: %v", err)
	}
	var told []error
	answer := errors.New("later")
	n := notifier(t, b, func(c *notify.Config) {
		c.Missing = func(_ context.Context, e mfa.Event, cause error) error {
			if e.User != "u7" {
				t.Error("told of another event")
			}
			told = append(told, cause)
			return answer
		}
	})
	for _, e := range []mfa.Event{nobody, event(mfa.EventReset)} {
		if err := n.Observe(t.Context(), e); !errors.Is(err, answer) {
			t.Errorf("got %v", err)
		}
	}
	if len(told) != 2 || !errors.Is(told[0], notify.ErrNoAddress) || !errors.Is(told[1], gone) {
		t.Errorf("told %v", told)
	}
	for _, other := range []*mfa.SendError{
		{Reason: mfa.SendBadDestination, Retry: true}, {Reason: mfa.SendBadDestination, Elsewhere: true}, {Reason: mfa.SendRefused}, {Reason: mfa.SendTimeout, Retry: true},
	} {
		b.failing(func(mfa.Message) error { return other })
		if err := n.Observe(t.Context(), event(mfa.EventReset)); !errors.Is(err, other) {
			t.Errorf("%v: got %v", other, err)
		}
	}
	if len(told) != 2 {
		t.Error("a notice was given up that could still be told")
	}
}

// C21: the old address and the new one are both told, each once.
func TestC21_SeveralAddresses(t *testing.T) {
	b := &mailbox{}
	n := notifier(t, b, func(c *notify.Config) {
		c.Addresses = func(context.Context, mfa.Event) []string {
			return []string{"old@example.org", "", "ADA@example.org", "old@example.org", "3@x", "4@x", "5@x", "6@x"}
		}
	})
	var tried []string
	fault := &mfa.SendError{Reason: mfa.SendThrottled, Retry: true}
	b.failing(func(m mfa.Message) error {
		tried = append(tried, m.To)
		if m.To == "old@example.org" {
			return fault
		}
		return nil
	})
	if err := n.Observe(t.Context(), event(mfa.EventReplaced)); !errors.Is(err, fault) {
		t.Fatalf("got %v", err)
	}
	if want := []string{"ada@example.org", "old@example.org", "3@x", "4@x", "5@x"}; !slices.Equal(tried, want) {
		t.Errorf("tried %v", tried)
	}
	tried = nil
	b.failing(func(m mfa.Message) error { tried = append(tried, m.To); return nil })
	if err := n.Observe(t.Context(), event(mfa.EventReplaced)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tried, []string{"old@example.org"}) {
		t.Errorf("the next try went to %v", tried)
	}
	ids := map[string]bool{}
	for _, m := range b.all() {
		ids[m.ID] = true
	}
	if len(ids) != 5 || !ids["k3j5h6"] {
		t.Errorf("the identifiers are %v", ids)
	}
	// An old mailbox that is gone does not keep the notice in the outbox.
	b.failing(func(m mfa.Message) error {
		if m.To == "old@example.org" {
			return &mfa.SendError{Reason: mfa.SendBadDestination}
		}
		return nil
	})
	e := event(mfa.EventReplaced)
	e.ID = "another"
	if err := n.Observe(t.Context(), e); err != nil {
		t.Error(err)
	}
}

// A sender that breaks its promise does not bring the address into logs.
func TestObserve_CarelessSender(t *testing.T) {
	b := &mailbox{fail: func(m mfa.Message) error { return fmt.Errorf("550 %s: no such user", m.To) }}
	err := notifier(t, b).Observe(t.Context(), event(mfa.EventReset))
	if err == nil || strings.Contains(err.Error(), "ada@") {
		t.Errorf("got %v", err)
	}
}

// C21: through the engine, whatever fails in between.
func TestC21_ThroughTheEngine(t *testing.T) {
	b := &mailbox{}
	failures := 2
	b.failing(func(mfa.Message) error {
		if failures--; failures >= 0 {
			return &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
		}
		return nil
	})
	n := notifier(t, b)
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Observers = append(c.Observers, n) })
	user := mfa.User{ID: "7", Name: "ada", Email: "ada@example.org"}
	m.EnrollTOTP(t, user)
	if err := m.Reset(t.Context(), mfa.Reset{User: user, Actor: "carol", Reason: "lost phone"}); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, mail := range b.all() {
		subjects = append(subjects, strings.TrimPrefix(mail.Subject, "Your Example account: "))
	}
	slices.Sort(subjects)
	want := []string{"a way to sign in was added", "new recovery codes", "two-step sign-in was reset"}
	if !slices.Equal(subjects, want) {
		t.Errorf("got %q, want %q", subjects, want)
	}
}
