package mfa_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// asks is what changes ask of a user now.
func (w *world) asks(u mfa.User) mfa.Requirement {
	w.t.Helper()
	r, err := w.ChangeRequirement(bg, mfa.Caller{User: u, Authentication: mfa.Authentication{User: u.ID}})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// TestC11_WhatChangesAsk goes over what a user may have: nothing, a thing that they have, an
// address alone, and both, when the address is not enough.
func TestC11_WhatChangesAsk(t *testing.T) {
	decision := mfa.Decision{}
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		d := decision
		d.Require.SecondFactor = s.Enrolled()
		return d
	}))
	const age = 10 * time.Minute
	want := func(what string, u mfa.User, r mfa.Requirement) {
		t.Helper()
		if got := w.asks(u); !reflect.DeepEqual(got, r) {
			t.Errorf("%s: %+v, want %+v", what, got, r)
		}
	}
	u, v := person("ada"), person("bob")
	want("nothing", u, mfa.Requirement{Password: true, MaxAge: age})
	decision.FirstEnrollment.Methods = []string{"email"}
	want("nothing, and a code to the address", u, mfa.Requirement{Password: true, Methods: []string{"email"}, MaxAge: age})
	decision.FirstEnrollment.Methods = nil

	a := w.withApp(u)
	decision.FirstEnrollment.Methods = []string{"email"}
	want("an app", u, mfa.Requirement{SecondFactor: true, MaxAge: age})
	decision.InsecurePasswordChanges = true
	want("an app, and a password that is enough", u, mfa.Requirement{Password: true, MaxAge: age})
	decision = mfa.Decision{}
	// The app, which is the first of the factors, makes the address too little.
	p, err := w.Enroll(bg, w.session(u, a), mfa.Enroll{Method: "email"})
	is(t, err, nil)
	is(t, second(w.Activate(bg, w.session(u, a), p.ID, mfa.Answer{Code: w.mail.last().code})), nil)
	have := []string{"totp", "key", "recovery", "bypass"}
	want("an app and an address", u, mfa.Requirement{SecondFactor: true, Methods: have, MaxAge: age})

	// An address alone is enough, until there are codes for when it is lost.
	f := w.signIn(v, mfa.Client{})
	c := mfa.Caller{User: v, Authentication: f.Authentication}
	p, err = w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	is(t, err, nil)
	done, err := w.Activate(bg, c, p.ID, mfa.Answer{Code: w.mail.last().code})
	is(t, err, nil)
	if len(done.RecoveryCodes) == 0 {
		want("an address", v, mfa.Requirement{SecondFactor: true, MaxAge: age})
	} else {
		want("an address and codes", v, mfa.Requirement{SecondFactor: true, Methods: have, MaxAge: age})
	}

	is(t, second(w.ChangeRequirement(bg, mfa.Caller{})), mfa.ErrCaller)
	// A store that does not answer has not said that nothing is asked.
	gone := w.twin(withStore(mute{w.store}))
	is(t, second(gone.ChangeRequirement(bg, mfa.Caller{User: u, Authentication: mfa.Authentication{User: u.ID}})), errMute)
	is(t, gone.Satisfies(bg, mfa.Caller{User: u}, mfa.Requirement{}), errMute)
	is(t, w.Satisfies(bg, mfa.Caller{}, mfa.Requirement{}), mfa.ErrBadInput)
	// A factor that is not configured any more is nothing that anybody has.
	fewer := w.twin(func(c *mfa.Config) { c.Factors = []mfa.Factor{mailFactor{w.mail}, keyFactor{}, quickRecovery{}} })
	if got := fewer.asks(v); len(got.Methods) == 0 == (len(done.RecoveryCodes) > 0) {
		t.Errorf("%+v", got)
	}
	is(t, second(fewer.ChangeRequirement(bg, mfa.Caller{User: u, Authentication: mfa.Authentication{User: u.ID}})), nil)
}

// mute is a store that does not answer.
type mute struct{ mfa.Store }

var errMute = errors.New("no answer")

func (mute) Load(context.Context, string) (mfa.Item, error) { return mfa.Item{}, errMute }

// TestC24_OddEvidence holds sets of proofs that no factor here gives against requirements.
func TestC24_OddEvidence(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	a := w.withApp(u)
	good := w.session(u, a)
	now := w.clock.Now()
	first := func(method string, k mfa.Kind) mfa.Proof {
		return mfa.Proof{Method: method, First: true, Kind: k, Time: now}
	}
	app := mfa.Proof{Method: "totp", Enrollment: a.id, Kind: mfa.Have, Time: now}
	vouched := first("voucher", mfa.Neither) // somebody verified that it is the user, and not by a thing of theirs
	vouched.UserVerified = true
	bound := app
	bound.PhishingResistant, bound.DeviceBound = true, true
	old := func(p mfa.Proof, d time.Duration) mfa.Proof { p.Time = now.Add(-d); return p }
	passkey := first("key", mfa.Have)
	passkey.UserVerified = true
	pin := mfa.Proof{Method: "pin", Enrollment: a.id, Kind: mfa.Know, Time: now}
	loose, remote := bound, bound
	loose.DeviceBound, remote.PhishingResistant = false, false
	known := bound
	known.Kind = mfa.Know
	for name, tc := range map[string]struct {
		require mfa.Requirement
		proofs  []mfa.Proof
		want    []string
	}{
		"a voucher makes no level":            {mfa.Requirement{AAL: 2}, []mfa.Proof{vouched, app}, []string{mfa.MissingAAL}},
		"what is known makes no second":       {mfa.Requirement{AAL: 2}, []mfa.Proof{first("password", mfa.Know), pin}, []string{mfa.MissingAAL}},
		"a bypass is no method":               {mfa.Requirement{Methods: []string{"totp"}}, []mfa.Proof{first("bypass", mfa.Know)}, []string{mfa.MissingMethod}},
		"a bypass where recovery codes go":    {mfa.Requirement{Methods: []string{"recovery"}}, []mfa.Proof{first("bypass", mfa.Know)}, nil},
		"a password where recovery codes go":  {mfa.Requirement{Methods: []string{"recovery"}}, []mfa.Proof{first("password", mfa.Know)}, []string{mfa.MissingMethod}},
		"a passkey is a second factor":        {mfa.Requirement{SecondFactor: true}, []mfa.Proof{passkey}, nil},
		"a passkey is a first factor":         {mfa.Requirement{Password: true}, []mfa.Proof{passkey}, nil},
		"a key that cannot leave":             {mfa.Requirement{AAL: 3}, []mfa.Proof{first("password", mfa.Know), bound}, nil},
		"a key that can":                      {mfa.Requirement{AAL: 3}, []mfa.Proof{first("password", mfa.Know), loose}, []string{mfa.MissingAAL}},
		"a bound thing that is no key":        {mfa.Requirement{AAL: 3}, []mfa.Proof{first("password", mfa.Know), remote, app}, []string{mfa.MissingAAL}},
		"a bound key alone":                   {mfa.Requirement{AAL: 3}, []mfa.Proof{bound}, []string{mfa.MissingAAL}},
		"a bound key that is only known":      {mfa.Requirement{AAL: 3}, []mfa.Proof{first("password", mfa.Know), known, app}, []string{mfa.MissingAAL}},
		"level 3 by a key of an hour ago":     {mfa.Requirement{AAL: 3, MaxAge: time.Minute}, []mfa.Proof{first("password", mfa.Know), app, old(bound, time.Hour)}, []string{mfa.MissingAAL}},
		"level 2 of any age":                  {mfa.Requirement{AAL: 2}, []mfa.Proof{old(first("password", mfa.Know), 9*time.Hour), old(app, 9*time.Hour)}, nil},
		"level 1 of now":                      {mfa.Requirement{AAL: 1, MaxAge: time.Minute}, []mfa.Proof{first("password", mfa.Know)}, nil},
		"level 1 of now, by a password alone": {mfa.Requirement{AAL: 1, MaxAge: time.Minute}, []mfa.Proof{old(first("password", mfa.Know), time.Hour), app}, nil},
		"as old as it may be":                 {mfa.Requirement{MaxAge: 1}, []mfa.Proof{old(first("password", mfa.Know), 1)}, nil},
		"older by a nanosecond":               {mfa.Requirement{MaxAge: 1}, []mfa.Proof{old(first("password", mfa.Know), 2)}, []string{mfa.MissingPassword}},
		"any age, and old":                    {mfa.Requirement{}, []mfa.Proof{old(first("password", mfa.Know), 9*time.Hour)}, nil},
		"a method that is old":                {mfa.Requirement{Methods: []string{"totp"}, MaxAge: time.Minute}, []mfa.Proof{old(first("password", mfa.Know), time.Hour), app}, nil},
		"of a clock that is ahead":            {mfa.Requirement{MaxAge: time.Minute}, []mfa.Proof{old(first("password", mfa.Know), -2*time.Minute)}, nil},
		"of a clock that is too far ahead":    {mfa.Requirement{MaxAge: time.Minute}, []mfa.Proof{old(first("password", mfa.Know), -2*time.Minute-1)}, []string{mfa.MissingPassword}},
		"a second factor that is old":         {mfa.Requirement{SecondFactor: true}, []mfa.Proof{old(app, time.Hour)}, nil},
	} {
		c := good
		c.Authentication.Proofs = tc.proofs
		err := w.Satisfies(bg, c, tc.require)
		re := new(*mfa.RequirementError)
		switch {
		case tc.want == nil && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.want != nil && (!asError(err, re) || !slices.Equal((*re).Missing, tc.want)):
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		case tc.want != nil && !reflect.DeepEqual((*re).Require, tc.require):
			t.Errorf("%s: asks for %+v", name, (*re).Require)
		}
	}
}

// TestC18_EvidenceIsBounded: sixteen proofs are many, and seventeen are none.
func TestC18_EvidenceIsBounded(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	c := w.session(u, w.withApp(u))
	p := c.Authentication.Proofs
	for len(p) < 16 {
		p = append(p, p[0])
	}
	c.Authentication.Proofs = p
	is(t, w.Satisfies(bg, c, mfa.Requirement{AAL: 2}), nil)
	c.Authentication.Proofs = append(p, p[0])
	misses(t, w.Satisfies(bg, c, mfa.Requirement{}), mfa.MissingSignIn)
}

// TestRequirementAnd_KeepsWhatEitherAsks, on both sides.
func TestRequirementAnd_KeepsWhatEitherAsks(t *testing.T) {
	var none mfa.Requirement
	for _, r := range []mfa.Requirement{
		{Password: true}, {SecondFactor: true}, {PhishingResistant: true}, {AAL: 1}, {AAL: 3},
		{MaxAge: time.Minute}, {Methods: []string{"totp"}},
	} {
		if got := r.And(none); !reflect.DeepEqual(got, r) {
			t.Errorf("%+v and nothing: %+v", r, got)
		}
		if got := none.And(r); !reflect.DeepEqual(got, r) {
			t.Errorf("nothing and %+v: %+v", r, got)
		}
	}
	two := mfa.Requirement{Methods: []string{"totp", "key"}}
	if got := two.And(mfa.Requirement{Methods: []string{"key"}}); !slices.Equal(got.Methods, []string{"key"}) {
		t.Errorf("%v", got.Methods)
	}
	if got := two.And(mfa.Requirement{Methods: []string{"sms"}}); len(got.Methods) != 1 || slices.Contains(two.Methods, got.Methods[0]) || got.Methods[0] == "sms" {
		t.Errorf("what none can satisfy: %q", got.Methods)
	}
	for _, ages := range [][2]time.Duration{{time.Minute, time.Hour}, {time.Hour, time.Minute}} {
		if got := (mfa.Requirement{MaxAge: ages[0]}).And(mfa.Requirement{MaxAge: ages[1]}); got.MaxAge != time.Minute {
			t.Errorf("%v: %v", ages, got.MaxAge)
		}
	}
}

// TestReauthenticated_IsBySomethingKnown: an unknown first factor changes nothing of the
// evidence, and a known one says what it is.
func TestReauthenticated_IsBySomethingKnown(t *testing.T) {
	w := newWorld(t)
	u := person("ada")
	c := w.session(u, w.withApp(u))
	w.clock.Advance(time.Hour)
	if got := w.Reauthenticated(c.Authentication, "psychic"); !reflect.DeepEqual(got, c.Authentication) {
		t.Errorf("%+v", got)
	}
	got := w.Reauthenticated(c.Authentication, mfa.EmailLink)
	i := slices.IndexFunc(got.Proofs, func(p mfa.Proof) bool { return p.First })
	if want := (mfa.Proof{Method: "email_link", First: true, Kind: mfa.Neither, AMR: []string{"email"}, Time: w.clock.Now().UTC()}); !reflect.DeepEqual(got.Proofs[i], want) || len(got.Proofs) != 2 {
		t.Errorf("%+v", got.Proofs)
	}
	if !got.Time.Equal(w.clock.Now()) {
		t.Errorf("of %v", got.Time)
	}
}

// TestC24_ClassesAndTimesOfOddEvidence: a key alone, without its user's verification, is one
// factor; a session counts from the first of its proofs, wherever that stands.
func TestC24_ClassesAndTimesOfOddEvidence(t *testing.T) {
	a := mfa.Authentication{Proofs: []mfa.Proof{key}}
	if got := a.ACR(); got != "aal1" {
		t.Error(got)
	}
	a.Proofs = []mfa.Proof{otp, ago(pwd, time.Hour)}
	if got := a.Until(time.Time{}); a.ACR() != "aal2" || !got.Equal(noon.Add(23*time.Hour)) {
		t.Error(a.ACR(), got)
	}
	w := newWorld(t)
	a.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	if got, err := w.SealEvidence(a); err == nil {
		t.Errorf("what cannot be written is %q", got)
	}
}

// TestC11_WhatStandsInForTheRest: a code from support is nothing that a change could ask for;
// recovery codes are, beside an address, as long as there are some.
func TestC11_WhatStandsInForTheRest(t *testing.T) {
	w, d := ruling(t)
	d.Require = mfa.Requirement{}
	u := person("ada")
	c := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	is(t, err, nil)
	done, err := w.Activate(bg, c, p.ID, mfa.Answer{Code: w.mail.last().code})
	is(t, err, nil)
	plain := mfa.Requirement{SecondFactor: true, MaxAge: 10 * time.Minute}
	_, _, err = w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol", Reason: "lost"})
	is(t, err, nil)
	if got := w.asks(u); len(done.RecoveryCodes) == 0 && !reflect.DeepEqual(got, plain) {
		t.Errorf("with a code from support: %+v", got)
	}
	c.Authentication = done.Authentication
	if _, err := w.RecoveryCodes(bg, c); err != nil {
		c.Authentication = w.mailed(u)
		is(t, second(w.RecoveryCodes(bg, c)), nil)
	}
	if got := w.asks(u); !slices.Contains(got.Methods, "recovery") || slices.Contains(got.Methods, "email") {
		t.Errorf("with recovery codes: %+v", got)
	}
}

// mailed is the evidence of a step-up by a mailed code.
func (w *world) mailed(u mfa.User) mfa.Authentication {
	w.t.Helper()
	first := w.signIn(u, mfa.Client{}).Authentication
	w.clock.Advance(time.Minute)
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: first, Require: mfa.Requirement{SecondFactor: true}})
	w.want(f, err, mfa.StatusChallenge)
	return w.byMail(f, w.mail, mfa.Client{}).Authentication
}
