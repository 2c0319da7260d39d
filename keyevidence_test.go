package mfa_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// AAL3 (NIST SP 800-63B-4, section 2.3): two kinds, one of them a key that
// resists phishing and cannot leave its device, in one and the same proof.
func TestC24_C25_AAL3(t *testing.T) {
	edit := func(p mfa.Proof, f func(*mfa.Proof)) mfa.Proof { f(&p); return p }
	bound := func(p *mfa.Proof) { p.DeviceBound = true }
	hard, hardUV := edit(key, bound), edit(pass, bound)
	for name, tc := range map[string]struct {
		proofs []mfa.Proof
		want   mfa.AAL
	}{
		"password and a bound key":                {[]mfa.Proof{pwd, hard}, 3},
		"a bound key that verified its user":      {[]mfa.Proof{hardUV}, 3},
		"the order does not matter":               {[]mfa.Proof{hard, pwd}, 3},
		"a link and one that verified its user":   {[]mfa.Proof{link, hardUV}, 3},
		"a bound key alone":                       {[]mfa.Proof{hard}, 1},
		"a link and a bound key":                  {[]mfa.Proof{link, hard}, 1},
		"a synced one":                            {[]mfa.Proof{pwd, pass}, 2},
		"an app that says that it is bound":       {[]mfa.Proof{pwd, edit(otp, bound)}, 2},
		"mail that says so":                       {[]mfa.Proof{pwd, edit(mail, bound)}, 1},
		"a password that says so":                 {[]mfa.Proof{edit(pwd, func(p *mfa.Proof) { p.DeviceBound, p.PhishingResistant = true, true }), otp}, 2},
		"one is bound, the other resists":         {[]mfa.Proof{pwd, edit(otp, bound), key}, 2},
		"what resists but is nothing that I have": {[]mfa.Proof{pwd, edit(hard, func(p *mfa.Proof) { p.Kind = mfa.Neither }), otp}, 2},
	} {
		a := mfa.Authentication{User: "u", Proofs: tc.proofs}
		if a.AAL() != tc.want || slices.Contains(a.AMR(), "mfa") != (tc.want >= 2) {
			t.Errorf("%s: AAL%d %v, want AAL%d", name, a.AAL(), a.AMR(), tc.want)
		}
	}
}

// What AAL3 asks for has to be fresh, and not only what stands beside it.
func TestC24_AAL3IsFresh(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := newFob()
	b.Bound, b.UV = true, false
	k.register(k.caller(u), b, mfa.Enroll{})
	f, err := k.answer(k.signIn(u, mfa.Client{}), b)
	k.want(f, err, mfa.StatusPassed)
	if f.Authentication.AAL() != mfa.AAL3 {
		t.Fatalf("AAL%d", f.Authentication.AAL())
	}
	fresh := mfa.Requirement{AAL: mfa.AAL3, MaxAge: 10 * time.Minute}
	c := mfa.Caller{User: u, Authentication: f.Authentication}
	is(t, k.Satisfies(bg, c, fresh), nil)
	k.clock.Advance(time.Hour)
	is(t, k.Satisfies(bg, c, mfa.Requirement{AAL: mfa.AAL3}), nil)
	misses(t, k.Satisfies(bg, c, fresh), mfa.MissingAAL, mfa.MissingSecondFactor)
	c.Authentication = k.Reauthenticated(c.Authentication, mfa.Password)
	misses(t, k.Satisfies(bg, c, fresh), mfa.MissingAAL)
	a := k.enroll(k.freshen(c, b), mfa.Enroll{})
	k.clock.Advance(time.Hour)
	f, err = k.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{SecondFactor: true, MaxAge: time.Minute}})
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.verify(f, a.id, a.Code(), mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	c.Authentication = f.Authentication
	misses(t, k.Satisfies(bg, c, fresh), mfa.MissingAAL) // an app beside an old key
	f, err = k.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: fresh})
	k.want(f, err, mfa.StatusChallenge)
	if got := methods(f.Options); !slices.Equal(got, []string{"pass"}) {
		t.Errorf("options %v", got)
	}
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
	c.Authentication = f.Authentication
	is(t, k.Satisfies(bg, c, fresh), nil)
}

// freshen is a session after another proof by a key.
func (k *keyWorld) freshen(c mfa.Caller, b *fob) mfa.Caller {
	k.t.Helper()
	f, err := k.StepUp(bg, mfa.StepUp{User: c.User, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"pass"}, MaxAge: time.Second}})
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
	c.Authentication = f.Authentication
	return c
}

// deciding is a world whose policy is what the variable says.
func deciding(t *testing.T) (*keyWorld, *mfa.Decision) {
	d := &mfa.Decision{}
	return newKeyWorld(t, silent, withPolicy(func(mfa.Subject) mfa.Decision { return *d })), d
}

// C-25: keys that are not shown to be bound are no option where AAL3 is asked.
func TestC25_AAL3NeedsABoundKey(t *testing.T) {
	k, d := deciding(t)
	u := person("u")
	b, _, _ := k.withKey(u)
	d.Require.AAL = mfa.AAL3
	for _, f := range []mfa.Flow{k.signIn(u, mfa.Client{}), begun(k.passkey(b, mfa.Client{}))} {
		if k.want(f, nil, mfa.StatusDenied); f.Reason != mfa.ReasonNoMethod {
			t.Errorf("%s", f.Reason)
		}
	}
	k.pass.bound = true // the host trusts some maker's attestation from now on
	k = k.twin(silent, withPolicy(func(mfa.Subject) mfa.Decision { return *d }))
	f := k.signIn(u, mfa.Client{})
	k.want(f, nil, mfa.StatusChallenge) // what they have is proved first, although it does not suffice
	f, err := k.answer(f, b)
	k.want(f, err, mfa.StatusEnroll)
	if !slices.Equal(f.Methods, []string{"pass"}) {
		t.Errorf("methods %v", f.Methods)
	}
	c := mfa.Caller{FlowToken: f.Token}
	if done := k.register(c, newFob(), mfa.Enroll{}); done.Flow.Status != mfa.StatusEnroll {
		t.Errorf("a key that is not bound: %v", done.Flow)
	}
	bound := newFob()
	bound.Bound = true
	done := k.register(c, bound, mfa.Enroll{})
	if done.Flow.Status != mfa.StatusPassed || done.Flow.Authentication.AAL() != mfa.AAL3 {
		t.Errorf("%v", done.Flow)
	}
	f = k.signIn(u, mfa.Client{})
	k.want(f, nil, mfa.StatusChallenge)
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.answer(f, bound, unverified)
	k.want(f, err, mfa.StatusPassed)
	f, err = k.passkey(bound, mfa.Client{})
	if k.want(f, err, mfa.StatusPassed); f.Authentication.AAL() != mfa.AAL3 || !f.Authentication.Proofs[0].DeviceBound {
		t.Errorf("%+v", f.Authentication.Proofs)
	}
	f, err = k.passkey(bound, mfa.Client{}, unverified)
	k.want(f, err, mfa.StatusChallenge) // one kind alone
}

func begun(f mfa.Flow, err error) mfa.Flow {
	if err != nil {
		panic(err)
	}
	return f
}

// C-11: a passkey that has just verified its user is evidence for changes; one
// of a while ago is not, whatever password stands beside it.
func TestC11_ChangesInAPasskeysSession(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	rename := func(c mfa.Caller, label string) error { return second(k.Rename(bg, c, id, label)) }
	c := k.entered(u, b)
	is(t, rename(c, "one"), nil)
	k.clock.Advance(10 * time.Minute)
	is(t, rename(c, "two"), nil)
	k.clock.Advance(time.Second)
	misses(t, rename(c, "three"), mfa.MissingSecondFactor)
	c.Authentication = k.Reauthenticated(c.Authentication, mfa.Password)
	misses(t, rename(c, "three"), mfa.MissingSecondFactor)
	if p := c.Authentication.Proofs; len(p) != 2 || p[0].Method != "pass" || !p[0].First || p[1].Method != "password" {
		t.Errorf("%+v", p)
	}
	r, err := k.ChangeRequirement(bg, c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := k.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: r})
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
	c.Authentication = f.Authentication
	is(t, rename(c, "three"), nil)
	if p := c.Authentication.Proofs; len(p) != 2 || p[1].Method != "pass" || !p[1].First || !p[1].Time.Equal(k.clock.Now()) {
		t.Errorf("%+v", p) // it is the first factor still, and once
	}
	list, _ := k.Enrollments(bg, "u")
	if list[0].Label != "three" {
		t.Errorf("%q", list[0].Label)
	}
	// Without user verification it is one factor, and the first one.
	k2, _ := deciding(t)
	b, id, _ = k2.withKey(u)
	f, err = k2.passkey(b, mfa.Client{}, unverified)
	k2.want(f, err, mfa.StatusPassed)
	misses(t, second(k2.Rename(bg, mfa.Caller{User: u, Authentication: f.Authentication}, id, "x")), mfa.MissingSecondFactor)
}

func TestReauthenticatedKeepsThePasskey(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	a := k.entered(u, b).Authentication
	proof := a.Proofs[0]
	for range 3 {
		k.clock.Advance(time.Minute)
		a = k.Reauthenticated(a, mfa.Federated)
		k.clock.Advance(time.Minute)
		a = k.Reauthenticated(a, mfa.Password)
	}
	if len(a.Proofs) != 2 || !reflect.DeepEqual(a.Proofs[0], proof) || a.Proofs[1].Method != "password" || !a.Time.Equal(k.clock.Now()) {
		t.Errorf("%+v", a.Proofs)
	}
	c := mfa.Caller{User: u, Authentication: a}
	is(t, k.Satisfies(bg, c, mfa.Requirement{AAL: mfa.AAL2, PhishingResistant: true}), nil)
	misses(t, k.Satisfies(bg, c, mfa.Requirement{AAL: mfa.AAL2, MaxAge: 5 * time.Minute}), mfa.MissingSecondFactor)
	is(t, k.Satisfies(bg, c, mfa.Requirement{Password: true, MaxAge: time.Minute}), nil)
}

// a session that rests on a key alone ends with it.
func TestA50_RemovingThePasskeyVoidsItsSession(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	beside := newFob()
	last := k.register(k.entered(u, b), beside, mfa.Enroll{}).Enrollment.ID
	c, other := k.entered(u, b), k.entered(u, beside)
	renewed, err := k.Remove(bg, c, id)
	if err != nil || len(renewed.Proofs) != 0 || renewed.AAL() != 0 || !renewed.Time.IsZero() {
		t.Fatalf("%+v, %v", renewed, err)
	}
	for _, a := range []mfa.Authentication{c.Authentication, renewed, other.Authentication} {
		c := mfa.Caller{User: u, Authentication: a}
		misses(t, k.Satisfies(bg, c, mfa.Requirement{}), mfa.MissingSignIn)
		misses(t, second(k.Signals(bg, c)), mfa.MissingSignIn)
		misses(t, second(k.StepUp(bg, mfa.StepUp{User: u, Authentication: a, Require: mfa.Requirement{SecondFactor: true}})), mfa.MissingSignIn)
	}
	// A session in which a password was checked besides stands on that.
	c = k.entered(u, beside)
	c.Authentication = k.Reauthenticated(c.Authentication, mfa.Password)
	renewed, err = k.Remove(bg, c, last)
	if err != nil || len(renewed.Proofs) != 1 || renewed.AAL() != mfa.AAL1 {
		t.Fatalf("%+v, %v", renewed, err)
	}
	is(t, k.Satisfies(bg, mfa.Caller{User: u, Authentication: renewed}, mfa.Requirement{}), nil)
}

// Who began with a passkey begins the next time as they like: what is left has
// to do beside a password.
func TestRemovingInAPasskeysSessionWherePolicyRequires(t *testing.T) {
	k := newKeyWorld(t, silent, withPolicy(required))
	u := person("u")
	b, id, c := k.withKey(u)
	is(t, second(k.Remove(bg, k.entered(u, b), id)), mfa.ErrEnrollmentRequired)
	a := k.enroll(c, mfa.Enroll{})
	is(t, second(k.Remove(bg, k.entered(u, b), a.id)), nil) // the key is left
	a = k.enroll(k.entered(u, b), mfa.Enroll{})
	is(t, second(k.Remove(bg, k.entered(u, b), id)), nil) // the app is left
	k.enter(u, a, mfa.Client{})
	is(t, second(k.Remove(bg, k.session(u, a), a.id)), mfa.ErrEnrollmentRequired)
	f, err := k.RemoveAll(bg, k.session(u, a))
	k.want(f, err, mfa.StatusEnroll)
}

// The host's first factor says by which channel the next sign-in comes, and not
// the passkey before it.
func TestA50_RemovingCountsTheChannelOfTheHostsFactor(t *testing.T) {
	k := newKeyWorld(t, silent, withPolicy(required))
	u := person("u")
	b, id, c := k.withKey(u)
	p, err := k.Enroll(bg, c, mfa.Enroll{Method: "email"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Activate(bg, c, p.ID, mfa.Answer{Code: k.mail.last().code}); err != nil {
		t.Fatal(err)
	}
	// The control: without the passkey's proof it is refused.
	f, err := k.SignIn(bg, mfa.SignIn{User: u, First: mfa.EmailLink})
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
	is(t, second(k.Remove(bg, mfa.Caller{User: u, Authentication: f.Authentication}, id)), mfa.ErrEnrollmentRequired)
	c = k.entered(u, b)
	c.Authentication = k.Reauthenticated(c.Authentication, mfa.EmailLink)
	is(t, second(k.Remove(bg, c, id)), mfa.ErrEnrollmentRequired)
	// Nor is mail asked for beside a mailed link in a step-up.
	r := mfa.Requirement{Methods: []string{"email"}}
	f, err = k.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: r})
	k.want(f, err, mfa.StatusDenied)
}

// a step-up asks for what it says, however fresh something else is.
func TestA47_StepUpInAPasskeysSession(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	c := k.entered(u, b)
	a := k.enroll(c, mfa.Enroll{})
	step := func(r mfa.Requirement) mfa.Flow {
		t.Helper()
		f, err := k.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: r})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	resists := mfa.Requirement{PhishingResistant: true, MaxAge: 5 * time.Minute}
	k.want(step(resists), nil, mfa.StatusPassed)
	k.clock.Advance(time.Hour)
	f := step(mfa.Requirement{Methods: []string{"totp"}})
	k.want(f, nil, mfa.StatusChallenge)
	f, err := k.verify(f, a.id, a.Code(), mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	c.Authentication = k.Reauthenticated(f.Authentication, mfa.Password)
	for _, r := range []mfa.Requirement{resists, {Methods: []string{"pass"}, MaxAge: time.Minute}} {
		f = step(r)
		k.want(f, nil, mfa.StatusChallenge)
		if got := methods(f.Options); !slices.Equal(got, []string{"pass"}) {
			t.Errorf("options %v", got)
		}
	}
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
	if f.Purpose != mfa.SteppingUp || len(f.Authentication.Proofs) != 3 {
		t.Errorf("%+v", f.Authentication.Proofs)
	}
}

// a sign-in that is pending manages no keys, and enrolling one raises no session.
func TestA24_C10_PendingSignInManagesNoKeys(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, c := k.withKey(u)
	if c.Authentication.AAL() != mfa.AAL1 || len(c.Authentication.Proofs) != 1 {
		t.Errorf("enrolling made it %+v", c.Authentication.Proofs)
	}
	misses(t, k.Satisfies(bg, c, mfa.Requirement{SecondFactor: true}), mfa.MissingSecondFactor)
	misses(t, second(k.Enroll(bg, c, mfa.Enroll{Method: "pass"})), mfa.MissingSecondFactor)
	f, err := k.passkey(b, mfa.Client{}, unverified)
	k.want(f, err, mfa.StatusChallenge)
	for _, f := range []mfa.Flow{f, k.signIn(u, mfa.Client{})} {
		c := mfa.Caller{FlowToken: f.Token}
		misses(t, second(k.Enroll(bg, c, mfa.Enroll{Method: "pass"})), mfa.MissingSignIn)
		misses(t, second(k.Remove(bg, c, id)), mfa.MissingSignIn)
		misses(t, second(k.RecoveryCodes(bg, c)), mfa.MissingSignIn)
		is(t, second(k.Signals(bg, c)), mfa.ErrBadInput)
		misses(t, second(k.Signals(bg, mfa.Caller{User: u, Authentication: f.Authentication})), mfa.MissingSignIn)
	}
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
}

func TestSignals(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	theirs, _, of := k.withKey(person("v"))
	beside := newFob()
	k.register(k.entered(u, b), beside, mfa.Enroll{})
	c := k.entered(u, b)
	signals := func() any {
		t.Helper()
		k.spy.reset()
		out, err := k.Signals(bg, c)
		if err != nil || len(out) != 1 || k.spy.calls() != "load user 1" {
			t.Fatalf("%v, %v, %s", out, err, k.spy.calls())
		}
		return out["pass"]
	}
	if got, want := signals(), any(map[string]any{"handle": b.Handle, "ids": []string{b.ID, beside.ID}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	k.clock.Advance(24 * time.Hour)
	signals() // it changes nothing, so its evidence may be old
	is(t, second(k.Signals(bg, mfa.Caller{})), mfa.ErrBadInput)
	misses(t, second(k.Signals(bg, mfa.Caller{User: u})), mfa.MissingSignIn)
	misses(t, second(k.Signals(bg, mfa.Caller{User: u, Authentication: of.Authentication})), mfa.MissingSignIn)
	c = k.entered(u, beside)
	if _, err := k.Remove(bg, c, id); err != nil {
		t.Fatal(err)
	}
	c = k.entered(u, beside)
	if got, want := signals(), any(map[string]any{"handle": b.Handle, "ids": []string{beside.ID}}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	plain := k.caller(person("plain"))
	if out, err := k.Signals(bg, plain); err != nil || len(out) != 0 {
		t.Errorf("%v, %v", out, err)
	}
	for _, r := range k.pass.signalled {
		if r.User.ID == "u" && slices.ContainsFunc(r.Enrollments, func(e mfa.Enrolled) bool { return indexOf(e.State, theirs.ID) >= 0 }) {
			t.Error("another user's key")
		}
	}
}

// C-23: what was begun before the key was removed dies with it.
func TestC23_PasskeyBegunBeforeItsRemoval(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	beside := newFob()
	k.register(k.entered(u, b), beside, mfa.Enroll{})
	p, q := k.begin(mfa.Client{}), k.begin(mfa.Client{})
	answer, other := b.sign(p.Challenge), beside.sign(q.Challenge)
	f := k.signIn(u, mfa.Client{})
	asked := k.ask(f)
	is(t, second(k.Remove(bg, k.entered(u, beside), id)), nil)
	is(t, second(k.FinishPasskey(bg, p.Token, answer, mfa.Client{})), mfa.ErrNotValid)
	is(t, second(k.Verify(bg, f.Token, b.sign(asked), mfa.Client{})), mfa.ErrFlowExpired)
	out, err := k.FinishPasskey(bg, q.Token, other, mfa.Client{})
	k.want(out, err, mfa.StatusPassed)
}

// C-24, A-47: what a session that began with a passkey satisfies.
func TestC24_A47_WhatAPasskeySatisfies(t *testing.T) {
	k := newKeyWorld(t, silent, withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{} }))
	u := person("u")
	b, _, _ := k.withKey(u)
	old := k.entered(u, b)
	k.clock.Advance(time.Hour)
	oldAndPassword := old
	oldAndPassword.Authentication = k.Reauthenticated(old.Authentication, mfa.Password)
	fresh, weak := k.entered(u, b), k.entered(u, b, unverified)
	const minute = time.Minute
	p, s, l, m, r := mfa.MissingPassword, mfa.MissingSecondFactor, mfa.MissingAAL, mfa.MissingMethod, mfa.MissingPhishingResistant
	for i, tc := range []struct {
		require                          mfa.Requirement
		fresh, weak, old, oldAndPassword []string
	}{
		{mfa.Requirement{}, nil, nil, nil, nil},
		{mfa.Requirement{MaxAge: minute}, nil, nil, []string{p}, nil},
		{mfa.Requirement{Password: true}, nil, nil, nil, nil},
		{mfa.Requirement{Password: true, MaxAge: minute}, nil, nil, []string{p}, nil},
		{mfa.Requirement{SecondFactor: true}, nil, []string{s}, nil, nil},
		{mfa.Requirement{SecondFactor: true, MaxAge: minute}, nil, []string{s}, []string{s}, []string{s}},
		{mfa.Requirement{AAL: 2}, nil, []string{l}, nil, nil},
		{mfa.Requirement{AAL: 2, MaxAge: minute}, nil, []string{s, l}, []string{s}, []string{s}},
		{mfa.Requirement{AAL: 3}, []string{l}, []string{l}, []string{l}, []string{l}},
		{mfa.Requirement{PhishingResistant: true}, nil, nil, nil, nil},
		{mfa.Requirement{PhishingResistant: true, MaxAge: minute}, nil, nil, []string{r}, []string{r}},
		{mfa.Requirement{Methods: []string{"pass"}, MaxAge: minute}, nil, nil, []string{m}, []string{m}},
		{mfa.Requirement{Methods: []string{"totp"}}, []string{m}, []string{m}, []string{m}, []string{m}},
	} {
		for name, c := range map[string]struct {
			caller mfa.Caller
			want   []string
		}{"fresh": {fresh, tc.fresh}, "weak": {weak, tc.weak}, "old": {old, tc.old}, "old and password": {oldAndPassword, tc.oldAndPassword}} {
			err := k.Satisfies(bg, c.caller, tc.require)
			var got []string
			if miss := new(*mfa.RequirementError); asError(err, miss) {
				got = (*miss).Missing
			} else if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%d, %s: missing %q, want %q", i, name, got, c.want)
			}
		}
	}
}
