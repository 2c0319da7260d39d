package mfa_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// approve goes through the step-up for an action.
func (w *world) approve(c mfa.Caller, a *app, id, text string) mfa.Flow {
	w.t.Helper()
	f, err := w.StepUp(bg, mfa.StepUp{User: c.User, Authentication: c.Authentication, Client: c.Client, Action: &mfa.Action{ID: id, Text: text}})
	w.want(f, err, mfa.StatusChallenge)
	if f.Action == nil || f.Action.Text != text {
		w.t.Fatalf("the page shows %+v", f.Action)
	}
	f, err = w.verify(f, a.id, a.Code(), c.Client)
	w.want(f, err, mfa.StatusPassed)
	w.next()
	return f
}

func TestAction_IsApprovedByItselfAndRedeemedOnce(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a) // fresh, and of no use for it
	misses(t, second(w.Redeem(bg, c, "pay-1")), mfa.MissingApproval)
	f := w.approve(c, a, "pay-1", "Pay 100 EUR to Bob")
	// The session's evidence is what it was.
	if len(f.Authentication.Proofs) != len(c.Authentication.Proofs) || !f.Authentication.Time.Equal(c.Authentication.Time) || f.Authentication.Action != nil {
		t.Errorf("%+v, before %+v", f.Authentication, c.Authentication)
	}
	// A38: it serves no other action, no other user and no other app.
	misses(t, second(w.Redeem(bg, c, "pay-2")), mfa.MissingApproval)
	eve := person("eve")
	e := w.withApp(eve)
	misses(t, second(w.Redeem(bg, w.session(eve, e), "pay-1")), mfa.MissingApproval)
	other := c
	other.Client.App = "mobile"
	misses(t, second(w.Redeem(bg, other, "pay-1")), mfa.MissingApproval)

	var got mfa.Authentication
	n := tallyOf(parallel(20, func(int) error {
		out, err := w.Redeem(bg, c, "pay-1")
		if err == nil {
			got = out
		}
		return err
	}), nil, mfa.ErrRequirement)
	if n[0] != 1 || n[2] != 0 {
		t.Fatalf("redeemed, refused, else: %v", n)
	}
	if got.Action == nil || got.Action.Text != "Pay 100 EUR to Bob" || got.AAL() != mfa.AAL2 || got.User != u.ID {
		t.Errorf("evidence %+v", got)
	}
	// As evidence of a session it is worth nothing.
	misses(t, w.Satisfies(bg, mfa.Caller{User: u, Authentication: got}, mfa.Requirement{}), mfa.MissingSignIn)
	w.told(mfa.EventApproved, 1)
}

func TestAction_EndsWithTimeAndWithSecurityChanges(t *testing.T) {
	for name, do := range map[string]func(*world, mfa.Caller){
		"time":             func(w *world, _ mfa.Caller) { w.clock.Advance(10 * time.Minute) },
		"password changed": func(w *world, c mfa.Caller) { is(w.t, second(w.PasswordChanged(bg, c)), nil) },
		"reset":            func(w *world, c mfa.Caller) { is(w.t, w.Reset(bg, mfa.Reset{User: c.User, Actor: "carol"}), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := person("ada")
			a := w.withApp(u)
			c := w.session(u, a)
			w.approve(c, a, "pay-1", "Pay")
			do(w, c)
			if _, err := w.Redeem(bg, c, "pay-1"); err == nil {
				t.Error("is still good")
			}
		})
	}
}

// What a flood of flows pushes out are others, not an approval that waits.
func TestAction_IsNotPushedOut(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	c.Client = from(1)
	w.approve(c, a, "pay-1", "Pay")
	for range 30 {
		w.signIn(u, from(2))
	}
	is(t, second(w.Redeem(bg, c, "pay-1")), nil)
}

// A47: an old proof, a password and another method's freshness do not approve.
func TestA47_StepUpForAnActionNeedsItsOwnProof(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	w.enrollKey(w.session(u, a), "k")
	c := w.session(u, a)
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{PhishingResistant: true}, Action: &mfa.Action{ID: "1", Text: "x"}})
	w.want(f, err, mfa.StatusChallenge)
	if len(f.Options) != 1 || f.Options[0].Method != "key" {
		t.Errorf("options %v", methods(f.Options))
	}
	is(t, second(w.verify(f, a.id, a.Code(), mfa.Client{})), mfa.ErrNoOption)
	none := person("none")
	flow := w.signIn(none, from(1))
	f, err = w.StepUp(bg, mfa.StepUp{User: none, Authentication: flow.Authentication, Action: &mfa.Action{ID: "1", Text: "x"}})
	w.want(f, err, mfa.StatusDenied)
	for _, bad := range []mfa.Action{{}, {ID: "1"}, {Text: "x"}, {ID: "1", Text: strings.Repeat("x", 257)}, {ID: "1", Text: "a\nb"}, {ID: "1\x00", Text: "x"}, {ID: "1", Text: "a\u202eb"}} {
		_, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Action: &bad})
		is(t, err, mfa.ErrBadInput)
	}
}

func TestEvidence_SealedAndOpened(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	sealed, err := w.SealEvidence(c.Authentication)
	is(t, err, nil)
	if strings.Contains(sealed, "ada") || len(sealed) > 1500 {
		t.Errorf("%d bytes", len(sealed))
	}
	got, err := w.OpenEvidence(sealed)
	is(t, err, nil)
	is(t, w.Satisfies(bg, mfa.Caller{User: u, Authentication: got}, mfa.Requirement{AAL: mfa.AAL2, MaxAge: time.Hour}), nil)
	if !got.Time.Equal(c.Authentication.Time) || got.Generation != c.Authentication.Generation {
		t.Errorf("%+v", got)
	}
	x := newWorld(t)
	for name, s := range map[string]string{"empty": "", "cut": sealed[:len(sealed)-2], "changed": "A" + sealed[1:], "long": strings.Repeat("A", 20<<10), "a flow's token": w.signIn(u, from(1)).Token} {
		if _, err := w.OpenEvidence(s); err == nil {
			t.Errorf("%s: opens", name)
		}
	}
	is(t, second(x.OpenEvidence(sealed)), mfa.ErrSealed)
}

// C24: how long a session's evidence is good for, and what it is called.
func TestC24_UntilAndACR(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	password := mfa.Proof{Method: "password", First: true, Kind: mfa.Know, Time: at}
	code := mfa.Proof{Method: "totp", Enrollment: "1", Kind: mfa.Have, Time: at.Add(time.Minute)}
	key := mfa.Proof{Method: "webauthn", Enrollment: "2", Kind: mfa.Have, PhishingResistant: true, UserVerified: true, Time: at}
	bound := key
	bound.DeviceBound = true
	for _, c := range []struct {
		proofs []mfa.Proof
		acr    string
		active time.Time
		until  time.Time
	}{
		{nil, "", at, time.Time{}},
		{[]mfa.Proof{password}, "aal1", at, at.Add(30 * day)},
		{[]mfa.Proof{password, code}, "aal2", time.Time{}, at.Add(24 * time.Hour)},
		{[]mfa.Proof{password, code}, "aal2", at.Add(time.Hour), at.Add(2 * time.Hour)},
		{[]mfa.Proof{password, code}, "aal2", at.Add(23*time.Hour + 30*time.Minute), at.Add(24 * time.Hour)},
		{[]mfa.Proof{key}, "phr", at.Add(time.Minute), at.Add(time.Hour + time.Minute)},
		{[]mfa.Proof{bound}, "phrh", time.Time{}, at.Add(12 * time.Hour)},
		{[]mfa.Proof{bound}, "phrh", at.Add(time.Hour), at.Add(time.Hour + 15*time.Minute)},
	} {
		a := mfa.Authentication{Proofs: c.proofs}
		if a.ACR() != c.acr || !a.Until(c.active).Equal(c.until) {
			t.Errorf("%d proofs: %q until %v; want %q until %v", len(c.proofs), a.ACR(), a.Until(c.active), c.acr, c.until)
		}
	}
}

// Changes by password alone are there for products that promise them, and are
// called what they are (C11 says what they give up).
func TestC11_ChangesByPasswordAreInsecureByName(t *testing.T) {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, InsecurePasswordChanges: true}
	w := newWorld(t, granting(&d))
	u := person("ada")
	a := w.withApp(u)
	old := w.session(u, a)
	w.clock.Advance(time.Hour)
	misses(t, second(w.Remove(bg, old, a.id)), mfa.MissingPassword)
	old.Authentication = w.Reauthenticated(old.Authentication, mfa.Password)
	d.InsecurePasswordChanges = false
	misses(t, second(w.Remove(bg, old, a.id)), mfa.MissingSecondFactor)
	d.InsecurePasswordChanges, d.Require.SecondFactor = true, false
	is(t, second(w.Remove(bg, old, a.id)), nil)
}
