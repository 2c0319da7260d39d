package mfa_test

import (
	"errors"
	"fmt"
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
