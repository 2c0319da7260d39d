package mfa_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A session that has proved the first factor alone, however recently, changes
// nothing of an account that has a second one.
func TestA25_A26_APasswordAloneChangesNothing(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.enter(a, true)
	remembered := b.session(b.signIn())
	password := remembered
	password.Authentication = w.Reauthenticated(remembered.Authentication, mfa.Password)
	w.drain()
	x := w.twin(remembering(mfa.Remember{For: 30 * day}), silent)
	before := value(t, w.store, u.ID)
	for session, c := range map[string]mfa.Caller{"remembered": remembered, "password just checked": password} {
		for name, do := range map[string]func() error{
			"add a key":      func() error { return second(x.Enroll(bg, c, mfa.Enroll{Method: "key"})) },
			"add an app":     func() error { return second(x.Enroll(bg, c, mfa.Enroll{Method: "totp"})) },
			"replace":        func() error { return second(x.Enroll(bg, c, mfa.Enroll{Method: "totp", Replaces: a.id})) },
			"remove":         func() error { return second(x.Remove(bg, c, a.id)) },
			"remove all":     func() error { return second(x.RemoveAll(bg, c)) },
			"rename":         func() error { return second(x.Rename(bg, c, a.id, "mine")) },
			"recovery codes": func() error { return second(x.RecoveryCodes(bg, c)) },
			"forget":         func() error { return x.ForgetDevices(bg, c) },
			"approve": func() error {
				return second(x.Redeem(bg, c, "pay-1"))
			},
		} {
			if err := do(); !errors.Is(err, mfa.ErrRequirement) {
				t.Errorf("%s, %s: %v", session, name, err)
			}
		}
	}
	if after := value(t, w.store, u.ID); after.Version != before.Version {
		t.Error("something was written")
	}
}

// An address that nobody has verified neither counts as enrolled nor locks anybody
// out of an account that was registered with it.
func TestA30_AnUnverifiedAddressCountsForNothing(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}))
	u := person("ada")
	u.EmailVerified = false
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusEnroll)
	u.EmailVerified = true
	w.want(w.signIn(u, from(1)), nil, mfa.StatusChallenge)
}

// There is no evidence before a flow has passed, so that nothing which is made of
// it, a sealed cookie for one, can be taken for a session.
func TestA40_NoEvidenceBeforeTheFlowHasPassed(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	w.withApp(u)
	f := w.signIn(u, from(1))
	for _, flow := range []mfa.Flow{f, second3(w.Flow(bg, f.Token))} {
		if flow.Authentication.User != "" || flow.Authentication.AAL() != 0 || len(flow.Authentication.Proofs) > 0 {
			t.Fatalf("evidence of a flow that waits: %+v", flow.Authentication)
		}
		sealed, err := w.SealEvidence(flow.Authentication)
		is(t, err, nil)
		opened, err := w.OpenEvidence(sealed)
		is(t, err, nil)
		misses(t, w.Satisfies(bg, mfa.Caller{User: u, Authentication: opened}, mfa.Requirement{}), mfa.MissingSignIn)
	}
	if _, err := w.OpenEvidence(f.Token); err == nil {
		t.Error("a flow's token opens as evidence")
	}
}

func second3(f mfa.Flow, _ error) mfa.Flow { return f }

// The control that must fail: no code but the right one is taken, on any path.
func TestA49_NoOtherCodeIsTaken(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	for n := range 40 {
		f := w.signIn(u, from(n))
		code := fmt.Sprintf("%06d", (n*7919)%1_000_000)
		if code == a.Code() || code == a.CodeAt(w.clock.Now().Add(30*time.Second)) || code == a.CodeAt(w.clock.Now().Add(-30*time.Second)) {
			continue
		}
		if out, err := w.verify(f, a.id, code, from(n)); err == nil {
			t.Fatalf("%s passes: %s", code, out.Status)
		}
		w.clock.Advance(2 * time.Hour)
	}
	w.clock.Advance(31 * day)
	w.enter(u, a, from(1))
}

// What was remembered before a change does not come back with the next whole flow,
// in which nobody asked for it, and a copy of the cookie from before is worth nothing.
func TestA82_NothingRememberedComesBack(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.enter(a, true)
	thief := *b
	is(t, second(w.PasswordChanged(bg, mfa.Caller{User: u})), nil)
	b.enter(a, false)
	w.want(b.signIn(), nil, mfa.StatusChallenge)
	w.want(thief.signIn(), nil, mfa.StatusChallenge)
	w.want(thief.signIn(), nil, mfa.StatusChallenge)
}

// An adaptive policy goes by a browser for 30 days after it has passed, and a copy of
// its cookie that keeps step is noticed.
func TestD05_KnownBrowsersEndAndCopiesCannotKeepStep(t *testing.T) {
	var known bool
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		known = s.Known
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: s.Enrolled() && !s.Known}}
	}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.enter(a, false)
	for range 29 {
		w.clock.Advance(day)
		w.want(b.signIn(), nil, mfa.StatusPassed)
	}
	w.clock.Advance(day)
	if w.want(b.signIn(), nil, mfa.StatusChallenge); known {
		t.Error("known for longer than 30 days")
	}
	b.enter(a, false)
	thief := *b
	for n := range 3 { // one of them is asked before the other has come twice
		w.clock.Advance(time.Hour)
		f := thief.signIn()
		w.clock.Advance(time.Hour)
		g := b.signIn()
		if f.Status == mfa.StatusChallenge || g.Status == mfa.StatusChallenge {
			w.told(mfa.EventDeviceReused, 1)
			return
		}
		if n == 2 {
			t.Fatal("a copy keeps step")
		}
	}
}

// A code from support lets in, and nothing more: it approves nothing, cannot be made
// useless by wrong guesses from elsewhere, and leaves no trace that shuts its user out.
func TestL08_CodeFromSupportIsForSigningIn(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	code, _, err := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol"})
	is(t, err, nil)
	up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Action: &mfa.Action{ID: "1", Text: "Pay"}})
	if w.want(up, err, mfa.StatusChallenge); len(up.Options) != 2 {
		t.Errorf("options %v", methods(up.Options)) // the app and recovery codes
	}
	for range 20 {
		f := w.signIn(u, from(9))
		is(t, second(w.verify(f, option(t, f, "bypass"), "0000-0000-0000", from(9))), mfa.ErrNotValid)
	}
	f := w.signIn(u, from(1))
	out, err := w.verify(f, option(t, f, "bypass"), code, from(1))
	w.want(out, err, mfa.StatusPassed)
	for range 60 {
		if f = w.signIn(u, from(9)); len(f.Options) == 0 {
			t.Fatal("no options")
		}
	}
	t.Run("and ends with fifty failures", func(t *testing.T) {
		code, _, err := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol"})
		is(t, err, nil)
		for range 50 {
			f := w.signIn(u, from(9))
			is(t, second(w.verify(f, option(t, f, "bypass"), "0000-0000-0000", from(9))), mfa.ErrNotValid)
		}
		f := w.signIn(u, from(1))
		for _, o := range f.Options {
			if o.Method == "bypass" {
				t.Error("is offered")
			}
		}
		_ = code
	})
	t.Run("mail alone", func(t *testing.T) {
		w := newWorld(t)
		v := person("bob")
		c := mfa.Caller{User: v, Authentication: w.signIn(v, from(1)).Authentication}
		e, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
		is(t, err, nil)
		is(t, second(w.Activate(bg, c, e.ID, mfa.Answer{Code: w.mail.last().code})), nil)
		code, _, err := w.IssueBypass(bg, mfa.Bypass{User: v, Actor: "carol"})
		is(t, err, nil)
		f := w.signIn(v, from(1))
		out, err := w.verify(f, option(t, f, "bypass"), code, from(1))
		w.want(out, err, mfa.StatusPassed)
		w.clock.Advance(48 * time.Hour)
		out = w.byMail(w.signIn(v, from(1)), w.mail, from(1))
		w.enroll(mfa.Caller{User: v, Authentication: out.Authentication}, mfa.Enroll{})
	})
}

// Two tabs that approve one payment are one payment, and a change ends what waits.
func TestAction_TwoApprovalsAreOne(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	w.approve(c, a, "pay-1", "Pay")
	w.approve(c, a, "pay-1", "Pay")
	is(t, second(w.Redeem(bg, c, "pay-1")), nil)
	misses(t, second(w.Redeem(bg, c, "pay-1")), mfa.MissingApproval)
	w.approve(c, a, "pay-2", "Pay")
	w.enrollKey(c, "k")
	misses(t, second(w.Redeem(bg, c, "pay-2")), mfa.MissingApproval)
}

// herald is a mail factor that can also warn.
type herald struct{ mailFactor }

func (h herald) Tell(r mfa.TellRequest) (out []mfa.Delivery) {
	for _, e := range r.Enrollments {
		d := h.step(string(e.State), "warning").Delivery
		d.Known = true
		out = append(out, *d)
	}
	return out
}

// A warning of a delayed reset goes out whatever was sent right before, and keeps
// no code from its owner afterwards.
func TestReset_WarningsAreNotSuppressedAndSuppressNothing(t *testing.T) {
	w := newWorld(t)
	w = w.twin(withPolicy(patient), func(c *mfa.Config) {
		for i, f := range c.Factors {
			if m, ok := f.(mailFactor); ok {
				c.Factors[i] = herald{m}
			}
		}
	})
	u := person("ada")
	f := w.signIn(u, from(1))
	c := mfa.Caller{FlowToken: f.Token}
	e, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	is(t, err, nil)
	done, err := w.Activate(bg, c, e.ID, mfa.Answer{Code: w.mail.last().code})
	is(t, err, nil)
	w.want(*done.Flow, nil, mfa.StatusPassed)
	w.clock.Advance(time.Hour)
	f = w.signIn(u, from(2))
	id := option(t, f, "email")
	is(t, second(w.Challenge(bg, f.Token, id, from(2))), nil) // to begin the pause
	before := w.mail.count()
	is(t, second(w.RequestReset(bg, f.Token, from(2))), nil)
	for w.mail.count() == before {
		runtime.Gosched() // it is told after the answer
	}
	w.clock.Advance(10 * time.Minute)
	f = w.signIn(u, from(1))
	err = mfa.ErrTooSoon // until the warning is all done, and the pause after it
	for n := 0; errors.Is(err, mfa.ErrTooSoon) && n < 500; n++ {
		runtime.Gosched()
		w.clock.Advance(time.Second)
		_, err = w.Challenge(bg, f.Token, option(t, f, "email"), from(1))
	}
	is(t, err, nil)
	if n := w.mail.count(); n != before+2 {
		t.Errorf("%d messages", n-before)
	}
}
