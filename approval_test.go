package mfa_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestC18_ActionsAreBounded: an identifier and a text may be as long as they may, and no
// longer.
func TestC18_ActionsAreBounded(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	most := strings.Repeat("x", 256)
	w.approve(c, a, most, most)
	is(t, second(w.Redeem(bg, c, most)), nil)
	for _, bad := range []mfa.Action{{ID: most + "x", Text: "x"}, {ID: "x", Text: most + "x"}} {
		_, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Action: &bad})
		is(t, err, mfa.ErrBadInput)
	}
}

// TestA38_TheSessionIsWhatItWas: an approval leaves the session's evidence as it was, proof
// by proof, and what it yields is of that approval, however old the session.
func TestA38_TheSessionIsWhatItWas(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	w.clock.Advance(3 * time.Hour)
	f := w.approve(c, a, "pay-1", "Pay")
	if !reflect.DeepEqual(f.Authentication.Proofs, c.Authentication.Proofs) {
		t.Errorf("%+v, before %+v", f.Authentication.Proofs, c.Authentication.Proofs)
	}
	got, err := w.Redeem(bg, c, "pay-1")
	if err != nil || !got.Time.After(c.Authentication.Time) || got.Action.ID != "pay-1" {
		t.Errorf("%+v, %v", got, err)
	}
	w.drain()
	for _, e := range w.events.Events() {
		if e.Type == mfa.EventApproved && (e.Label != "Pay" || e.Reason != "pay-1") {
			t.Errorf("the record says %q, %q", e.Label, e.Reason)
		}
	}
}

// TestA38_RedeemedByTheSessionAlone: neither support nor a sign-in that is to enrol can say
// that something was approved.
func TestA38_RedeemedByTheSessionAlone(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	w.approve(c, a, "pay-1", "Pay")
	_, err := w.Redeem(bg, mfa.Caller{User: u, Actor: "carol", Reason: "asked"}, "pay-1")
	is(t, err, mfa.ErrCaller)
	n := person("new")
	f := w.signIn(n, mfa.Client{})
	w.want(f, nil, mfa.StatusEnroll)
	_, err = w.Redeem(bg, mfa.Caller{FlowToken: f.Token}, "pay-1")
	is(t, err, mfa.ErrCaller)
}

// TestA38_WhatWaitsIsNotApproved: an action that was shown and not answered is no approval,
// of a user too about whom nothing has ever changed.
func TestA38_WhatWaitsIsNotApproved(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{Implicit: []string{"email"}} }))
	u := person("ada")
	c := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Action: &mfa.Action{ID: "pay-1", Text: "Pay"}})
	w.want(f, err, mfa.StatusChallenge)
	_, err = w.Redeem(bg, c, "pay-1")
	misses(t, err, mfa.MissingApproval)
	re := new(*mfa.RequirementError)
	if !asError(err, re) || !(*re).Require.SecondFactor {
		t.Errorf("%+v", *re)
	}
	w.byMail(f, w.mail, mfa.Client{})
	is(t, second(w.Redeem(bg, c, "pay-1")), nil)
	misses(t, second(w.Redeem(bg, c, "pay-1")), mfa.MissingApproval)
}

// TestA38_AnApprovalHoldsTenMinutes from the beginning of its step-up, to the second.
func TestA38_AnApprovalHoldsTenMinutes(t *testing.T) {
	for wait, want := range map[time.Duration]bool{10*time.Minute - 31*time.Second: true, 10*time.Minute - 30*time.Second: false} {
		w := newWorld(t)
		u := person("ada")
		a := w.withApp(u)
		c := w.session(u, a)
		w.approve(c, a, "pay-1", "Pay") // which takes 30 seconds
		w.clock.Advance(wait)
		if _, err := w.Redeem(bg, c, "pay-1"); (err == nil) != want {
			t.Errorf("after %v: %v", wait, err)
		}
	}
}

// saying keeps what a factor is told of the action that it asks for.
type saying struct {
	mailFactor
	actions *[]string
}

func (s saying) Challenge(ctx context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	*s.actions = append(*s.actions, r.Action)
	return s.mailFactor.Challenge(ctx, r)
}

// TestA38_TheMessageSaysWhatIsApproved: a code that arrives by itself says what for; one for a
// sign-in says nothing.
func TestA38_TheMessageSaysWhatIsApproved(t *testing.T) {
	var told []string
	box := &mailbox{}
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}), func(c *mfa.Config) { c.Factors = []mfa.Factor{saying{mailFactor{box}, &told}, quickRecovery{}} })
	u := person("ada")
	f := w.byMail(w.signIn(u, mfa.Client{}), box, mfa.Client{})
	w.clock.Advance(time.Minute)
	up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: f.Authentication, Action: &mfa.Action{ID: "1", Text: "Pay 5 EUR"}})
	w.want(up, err, mfa.StatusChallenge)
	is(t, second(w.Challenge(bg, up.Token, option(t, up, "email"), mfa.Client{})), nil)
	if !reflect.DeepEqual(told, []string{"", "Pay 5 EUR"}) {
		t.Errorf("%q", told)
	}
}
