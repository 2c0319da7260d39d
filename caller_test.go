package mfa_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestC18_CallersAreBounded where nobody has asked the host about support before.
func TestC18_CallersAreBounded(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	w.withApp(u)
	most := strings.Repeat("x", 256)
	is(t, second(w.ChangeRequirement(bg, mfa.Caller{User: u, Actor: most, Reason: most})), nil)
	is(t, second(w.ChangeRequirement(bg, mfa.Caller{User: u, Actor: most + "x"})), mfa.ErrBadInput)
	is(t, second(w.ChangeRequirement(bg, mfa.Caller{User: u, Actor: "carol", Reason: most + "x"})), mfa.ErrBadInput)
}

// TestC10_AFlowThatEnrolsChangesNothingElse: what it has proved lets the user enrol, and
// change nothing of what there is. A session beside a flow that does not enrol stands by
// itself; a flow that is over says so.
func TestC10_AFlowThatEnrolsChangesNothingElse(t *testing.T) {
	demands := false
	w := newWorld(t, silent, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true, PhishingResistant: demands}}
	}))
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	pending := w.signIn(u, mfa.Client{})
	w.want(pending, nil, mfa.StatusChallenge)
	c.FlowToken = pending.Token
	is(t, second(w.Rename(bg, c, a.id, "mine")), nil)
	_, err := w.verify(pending, a.id, w.wrong(a), mfa.Client{})
	is(t, err, mfa.ErrNotValid) // the flow has lost nothing by it

	demands = true
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge) // the owner, before something better
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
	alone := mfa.Caller{FlowToken: f.Token}
	for name, do := range map[string]func() error{
		"rename":         func() error { return second(w.Rename(bg, alone, a.id, "x")) },
		"remove":         func() error { return second(w.Remove(bg, alone, a.id)) },
		"remove all":     func() error { return second(w.RemoveAll(bg, alone)) },
		"recovery codes": func() error { return second(w.RecoveryCodes(bg, alone)) },
		"forget":         func() error { return w.ForgetDevices(bg, alone) },
	} {
		err := do()
		re := new(*mfa.RequirementError)
		if !asError(err, re) || !reflect.DeepEqual((*re).Missing, []string{mfa.MissingSignIn}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	is(t, second(w.Enroll(bg, alone, mfa.Enroll{Method: "key"})), nil)
	w.clock.Advance(time.Hour)
	is(t, second(w.Enroll(bg, alone, mfa.Enroll{Method: "key"})), mfa.ErrFlowExpired)
}

// TestA50_WhatIsDisabledChangesNothing: a session that was opened by what has been disabled
// since rests on its password alone.
func TestA50_WhatIsDisabledChangesNothing(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	w.disable(u, a.id, func() string { return w.wrong(a) })
	f := w.signIn(u, mfa.Client{})
	f, err := w.verify(f, b.id, b.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	good := mfa.Caller{User: u, Authentication: f.Authentication}
	is(t, second(w.Rename(bg, good, b.id, "mine")), nil)
	// The same evidence by the other app, as a session from before would have it.
	stale := good
	stale.Authentication.Proofs = append([]mfa.Proof(nil), f.Authentication.Proofs...)
	for i := range stale.Authentication.Proofs {
		if stale.Authentication.Proofs[i].Enrollment == b.id {
			stale.Authentication.Proofs[i].Enrollment = a.id
		}
	}
	err = second(w.Rename(bg, stale, b.id, "theirs"))
	misses(t, err, mfa.MissingSecondFactor)
	re := new(*mfa.RequirementError)
	if asError(err, re); !(*re).Require.SecondFactor || (*re).Require.MaxAge != 10*time.Minute {
		t.Errorf("asks for %+v", (*re).Require)
	}
	misses(t, w.Satisfies(bg, stale, mfa.Requirement{SecondFactor: true}), mfa.MissingSecondFactor)
}

// TestC11_FirstEnrollmentIsForTheFirst: what the first enrollment asks for is asked of no
// other change, and of nobody who has one.
func TestC11_FirstEnrollmentIsForTheFirst(t *testing.T) {
	first := mfa.Requirement{}
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: s.Enrolled()}, FirstEnrollment: first}
	}))
	u, v := person("ada"), person("bob")
	a := w.withApp(u)
	first.Methods = []string{"email"}
	is(t, second(w.Enroll(bg, w.session(u, a), mfa.Enroll{Method: "key"})), nil)
	c := mfa.Caller{User: v, Authentication: w.signIn(v, mfa.Client{}).Authentication}
	is(t, w.ForgetDevices(bg, c), nil)
	misses(t, second(w.Enroll(bg, c, mfa.Enroll{Method: "key"})), mfa.MissingMethod)
}

// TestC11_AConfirmationMayTakeItsTime: evidence that was fresh when an enrolment began is
// enough for as long as it could wait to be confirmed.
func TestC11_AConfirmationMayTakeItsTime(t *testing.T) {
	for wait, want := range map[time.Duration]bool{9*time.Minute + 59*time.Second: true, 11 * time.Minute: false} {
		w := newWorld(t)
		u := person("ada")
		a := w.withApp(u)
		c := w.session(u, a) // 30 seconds ago
		w.clock.Advance(9 * time.Minute)
		b := w.scan(c, mfa.Enroll{})
		w.clock.Advance(wait)
		if _, err := w.Activate(bg, c, b.id, mfa.Answer{Code: b.Code()}); (err == nil) != want {
			t.Errorf("after %v: %v", wait, err)
		}
	}
}
