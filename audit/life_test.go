package audit_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

// A policy that grants what the default does not: remembered browsers, and a
// delayed reset.
type lenient struct{}

func (lenient) Decide(s mfa.Subject) mfa.Decision {
	d := mfa.AskEnrolled(s)
	d.Remember.For, d.DelayedReset = 5*24*time.Hour, 72*time.Hour
	return d
}

func generous(c *mfa.Config) { c.Policy = lenient{} }

// C19: one account from its first sign-in to its end, as the trail tells it.
func TestC19_AWholeLife(t *testing.T) {
	var trail file
	l := newLife(t, []mfa.Observer{audit.Once(audit.JSON(&trail))}, generous) // as the clock runs ahead of acknowledgements
	ctx := t.Context()
	ada := mfa.User{ID: "u7", Name: "ada", Email: "ada@example.org", EmailVerified: true}
	desk := mfa.Client{App: "web", IP: netip.MustParseAddr("192.0.2.7"), Place: "Oslo", UserAgent: "Browser/1"}
	away := mfa.Client{App: "mobile", IP: netip.MustParseAddr("2001:db8::9"), Place: "Lima", UserAgent: "Phone/1"}
	staff := mfa.Client{App: "admin", IP: netip.MustParseAddr("198.51.100.1"), UserAgent: "Staff/1"}

	var want []string
	// then says what a step has told: each type with its method, now, from there.
	then := func(c mfa.Client, told ...[2]string) {
		t.Helper()
		for _, e := range told {
			l.saw(mfa.EventType(e[0]))
			want = append(want, fmt.Sprint(e[0], " ", e[1], " ", l.Clock.Now().Format("15:04:05"), " ", c.IP))
		}
		l.Clock.Advance(time.Minute)
	}

	keep := func(f mfa.Flow) { // as a browser keeps its cookie
		if f.DeviceToken != "" {
			desk.DeviceToken = f.DeviceToken
		}
	}

	f := l.signIn(ada, desk)
	then(desk, [2]string{"flow.started"}, [2]string{"flow.passed", "password"})
	session := mfa.Caller{User: ada, Authentication: f.Authentication, Client: desk}
	begun, err := l.Enroll(ctx, session, mfa.Enroll{Method: "totp"})
	l.must(err)
	phone, err := mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, l.Clock.Now)
	l.must(err)
	stale := func() string { return phone.CodeAt(l.Clock.Now().Add(-time.Hour)) }
	if _, err := l.Activate(ctx, session, begun.ID, mfa.Answer{Code: stale()}); err == nil {
		t.Fatal("a wrong code confirmed it")
	}
	then(desk, [2]string{"factor.failed", "totp"})
	done, err := l.Activate(ctx, session, begun.ID, mfa.Answer{Code: phone.Code()})
	l.must(err)
	then(desk, [2]string{"enrollment.added", "totp"}, [2]string{"recovery.generated", "recovery"})

	f = l.signIn(ada, desk)
	keep(f)
	then(desk, [2]string{"flow.started"})
	f, err = l.Verify(ctx, f.Token, phone.Answer(f), desk)
	l.must(err)
	then(desk, [2]string{"factor.verified", "totp"}, [2]string{"flow.passed", "totp"})
	keep(f)

	// Somebody has the password, far away, and guesses until answers are not taken.
	g := l.signIn(ada, away)
	then(away, [2]string{"flow.started"})
	for i := range 5 {
		_, err := l.Verify(ctx, g.Token, mfa.Answer{Option: option(t, g, "totp"), Code: stale()}, away)
		if err == nil {
			t.Fatal("a wrong code passed")
		}
		then(away, [][2]string{{"factor.failed", "totp"}, {"factor.locked", "totp"}}[:1+i/4]...)
	}
	// They have a recovery code, too: a success after failures, in a new place.
	g, err = l.Verify(ctx, g.Token, mfa.Answer{Option: option(t, g, "recovery"), Code: done.RecoveryCodes[0]}, away)
	l.must(err)
	if g.Status != mfa.StatusPassed {
		t.Fatal(g.Status)
	}
	then(away, [2]string{"recovery.used", "recovery"}, [2]string{"device.new"}, [2]string{"flow.passed", "recovery"})

	// A delayed reset, which the owner cancels by the mail's link.
	g = l.signIn(ada, away)
	then(away, [2]string{"flow.started"})
	_, err = l.RequestReset(ctx, g.Token, away)
	l.must(err)
	then(away, [2]string{"reset.requested"})
	link, err := l.LinkToken(l.Events.ByType(mfa.EventResetRequested)[0])
	l.must(err)
	_, err = l.Repudiate(ctx, link, desk)
	l.must(err)
	then(desk, [2]string{"reset.canceled"})

	// Support gives out a code, with which the owner gets in.
	code, _, err := l.IssueBypass(ctx, mfa.Bypass{User: ada, Actor: "carol", Reason: "ticket 8812345", Client: staff})
	l.must(err)
	then(staff, [2]string{"bypass.issued", "bypass"})
	f = l.signIn(ada, desk)
	keep(f)
	then(desk, [2]string{"flow.started"})
	f, err = l.Verify(ctx, f.Token, mfa.Answer{Option: option(t, f, "bypass"), Code: code}, desk)
	l.must(err)
	keep(f)
	then(desk, [2]string{"bypass.used", "bypass"}, [2]string{"flow.passed", "bypass"})

	// With the app again, the browser is remembered, and not asked the next time.
	l.Clock.Advance(time.Hour)
	f = l.signIn(ada, desk)
	keep(f)
	then(desk, [2]string{"flow.started"})
	answer := phone.Answer(f)
	answer.Remember = true
	f, err = l.Verify(ctx, f.Token, answer, desk)
	l.must(err)
	then(desk, [2]string{"factor.verified", "totp"}, [2]string{"device.remembered"}, [2]string{"flow.passed", "totp"})
	keep(f)
	session.Authentication = f.Authentication
	keep(l.signIn(ada, desk))
	then(desk, [2]string{"flow.started"}, [2]string{"flow.passed", "password"})

	// The owner changes the password, removes the app, and has support end the rest.
	session.Client = desk
	session.Authentication, err = l.PasswordChanged(ctx, session)
	l.must(err)
	then(desk, [2]string{"account.password"})
	list, err := l.Activity(ctx, ada.ID)
	l.must(err)
	i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventFlowPassed })
	l.must(l.Feedback(ctx, session, list[i].ID, mfa.WasMe))
	then(desk, [2]string{"signin.verdict"})
	_, err = l.Remove(ctx, session, begun.ID)
	l.must(err)
	then(desk, [2]string{"enrollment.removed", "totp"})

	l.must(l.Reset(ctx, mfa.Reset{User: ada, Actor: "carol", Reason: "ticket 8812345", Client: staff}))
	then(staff, [2]string{"account.reset"})
	f, err = l.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password, Client: desk, MinGeneration: 1000})
	l.must(err)
	then(desk, [2]string{"flow.started"}, [2]string{"account.rollback"}, [2]string{"flow.denied"})
	l.must(l.Erase(ctx, ada.ID))
	then(mfa.Client{}, [2]string{"account.erased"})

	var got []string
	ids := map[any]bool{}
	for _, e := range parse(t, trail.String()) {
		at, err := time.Parse(time.RFC3339, text(e["time"]))
		l.must(err)
		ip := text(e["ip"])
		if ip == "" {
			ip = "invalid IP"
		}
		got = append(got, fmt.Sprint(text(e["type"]), " ", text(e["method"]), " ", at.Format("15:04:05"), " ", ip))
		if e["user"] != ada.ID || e["id"] == nil || ids[e["id"]] || at.Format(time.DateOnly) != "2026-01-01" {
			t.Errorf("%v", e)
		}
		ids[e["id"]] = true
		byStaff := e["type"] == "account.reset" || e["type"] == "bypass.issued"
		if byStaff != (e["actor"] == "carol") || byStaff != (e["reason"] == "ticket 8812345") {
			t.Errorf("who and why: %v", e)
		}
		if e["ip"] != nil && (e["app"] == nil || e["user_agent"] == nil) {
			t.Errorf("from where: %v", e)
		}
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d: got\n%q, want\n%q", i+1, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
}
