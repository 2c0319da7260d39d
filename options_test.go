package mfa_test

import (
	"slices"
	"testing"

	"github.com/mfakit/mfa"
)

// TestC25_WhatNoSingleProofSatisfies is asked for by all that it takes, one after the other,
// and by nothing that does not help.
func TestC25_WhatNoSingleProofSatisfies(t *testing.T) {
	w, d := ruling(t)
	d.Implicit = []string{"email"}
	u := person("ada")
	a := w.enrolledBeside(u)
	w.enrollKey(w.session(u, a), "k")
	// By the app, and resisting phishing: the key does the one, the app the other.
	d.Require = mfa.Requirement{Methods: []string{"totp"}, PhishingResistant: true}
	for _, order := range [][]string{{"totp", "key"}, {"key", "totp"}} {
		f := w.signIn(u, mfa.Client{})
		w.want(f, nil, mfa.StatusChallenge)
		if got := methods(f.Options); len(got) != 2 || !slices.Contains(got, "totp") || !slices.Contains(got, "key") {
			t.Fatalf("options are %v", got)
		}
		var err error
		for i, method := range order {
			id := option(t, f, method)
			if method == "key" {
				is(t, second(w.Challenge(bg, f.Token, id, mfa.Client{})), nil)
				f, err = w.Verify(bg, f.Token, mfa.Answer{Option: id, Credential: []byte("k")}, mfa.Client{})
			} else {
				f, err = w.verify(f, id, a.Code(), mfa.Client{})
				w.next()
			}
			w.want(f, err, []mfa.Status{mfa.StatusChallenge, mfa.StatusPassed}[i])
			if i == 0 && (len(f.Options) != 1 || f.Options[0].Method != order[1]) {
				t.Fatalf("after %s: %v", method, methods(f.Options))
			}
		}
	}
	// Where even all together are too little, none is asked for but by whoever is to enrol.
	d.Require = mfa.Requirement{Methods: []string{"gone"}}
	w.want(w.signIn(u, mfa.Client{}), nil, mfa.StatusDenied)
}

// enrolledBeside is a user with an app beside an address that counts.
func (w *world) enrolledBeside(u mfa.User) *app {
	w.t.Helper()
	f := w.byMail(w.signIn(u, mfa.Client{}), w.mail, mfa.Client{})
	return w.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{})
}

// TestO06_TheTelephoneNetworkIsNamed in the evidence, for the methods that go over it and for
// no others.
func TestO06_TheTelephoneNetworkIsNamed(t *testing.T) {
	for _, restricted := range []bool{false, true} {
		box := &mailbox{}
		w := newWorld(t, silent, withPolicy(func(mfa.Subject) mfa.Decision {
			return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
		}), func(c *mfa.Config) {
			c.Factors, c.AcceptRestricted = []mfa.Factor{phoned{mailFactor{box}, restricted}, quickRecovery{}}, true
		})
		u := person("ada")
		f := w.byMail(w.signIn(u, mfa.Client{}), box, mfa.Client{})
		if f.Authentication.Restricted() != restricted {
			t.Errorf("restricted %v: %+v", restricted, f.Authentication.Proofs)
		}
	}
}

// phoned is a mailed code that may go over the telephone network.
type phoned struct {
	mailFactor
	restricted bool
}

func (n phoned) Method() mfa.Method {
	m := n.mailFactor.Method()
	m.Restricted = n.restricted
	return m
}

// TestC24_ProofsAreReplacedByTheirLike: a step-up by an app takes the place of what that app
// proved before, and of nothing that another one did.
func TestC24_ProofsAreReplacedByTheirLike(t *testing.T) {
	w, _ := ruling(t)
	u := person("ada")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	c := w.session(u, a)
	up := func(x *app, want int) {
		t.Helper()
		f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: 1}})
		w.want(f, err, mfa.StatusChallenge)
		f, err = w.verify(f, x.id, x.Code(), mfa.Client{})
		w.want(f, err, mfa.StatusPassed)
		c.Authentication = f.Authentication
		if got := c.Authentication.Proofs; len(got) != want || !got[len(got)-1].Time.Equal(w.clock.Now()) || got[len(got)-1].Enrollment != x.id || !got[0].First {
			t.Errorf("%+v", got)
		}
		w.next()
	}
	up(a, 2)
	up(b, 3)
	up(a, 3)
	up(b, 3)
	c.Authentication = w.Reauthenticated(c.Authentication, mfa.Password)
	if got := c.Authentication.Proofs; len(got) != 3 || !got[2].First {
		t.Errorf("%+v", got)
	}
}

// TestMethods_ABypassIsSupportsToGive, whatever the policy offers, forbids or suggests.
func TestMethods_ABypassIsSupportsToGive(t *testing.T) {
	w, d := ruling(t)
	u := person("ada")
	a := w.withApp(u)
	for _, set := range []func(){
		func() { *d = mfa.Decision{Require: mfa.Requirement{SecondFactor: true}} },
		func() { d.Methods = []string{"totp"} },
		func() { d.Methods, d.Suggested = nil, []string{"totp", "gone"} },
		func() { d.Suggested, d.Forbidden = nil, []string{"key"} },
	} {
		set()
		code, _, err := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol", Reason: "lost"})
		if err != nil {
			t.Fatal(err)
		}
		f := w.signIn(u, mfa.Client{})
		w.want(f, nil, mfa.StatusChallenge)
		f, err = w.verify(f, option(t, f, "bypass"), code, mfa.Client{})
		w.want(f, err, mfa.StatusPassed)
		// It lets in, and approves nothing.
		up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: f.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: 1}})
		w.want(up, err, mfa.StatusChallenge)
		if len(up.Options) != 1 || up.Options[0].ID != a.id {
			t.Errorf("options %v", methods(up.Options))
		}
	}
}
