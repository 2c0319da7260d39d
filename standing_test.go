package mfa_test

import (
	"slices"
	"testing"

	"github.com/mfakit/mfa"
)

// ruling is a world whose policy can be changed between sign-ins.
func ruling(t *testing.T, options ...func(*mfa.Config)) (*world, *mfa.Decision) {
	t.Helper()
	d := &mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
	return newWorld(t, append([]func(*mfa.Config){silent, withPolicy(func(mfa.Subject) mfa.Decision { return *d })}, options...)...), d
}

// disableMail guesses at mailed codes until the address is disabled.
func (w *world) disableMail(u mfa.User, id string) {
	w.t.Helper()
	w.disable(u, id, func() string { return "000000" })
}

// TestAtLeast_WhoHasFewer looks at what else a policy says of those who have fewer.
func TestAtLeast_WhoHasFewer(t *testing.T) {
	w, d := ruling(t)
	u := person("ada")
	a := w.withApp(u)
	// More cannot be asked of those who may enrol nothing, whether they may put it off or not.
	for _, d.Grace.Skip = range []bool{false, true} {
		d.AtLeast, d.Closed = 2, true
		w.want(w.enter(u, a, mfa.Client{}), nil, mfa.StatusPassed)
	}
	d.Grace.Skip, d.Closed = false, false
	// A step-up leads to no enrolment.
	d.AtLeast = 0
	c := w.session(u, a)
	d.AtLeast = 2
	up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: 1}})
	w.want(up, err, mfa.StatusChallenge)
	up, err = w.verify(up, a.id, a.Code(), mfa.Client{})
	w.want(up, err, mfa.StatusPassed)
	w.next()
	// Nobody who is asked for nothing is asked for two.
	d.Require = mfa.Requirement{}
	w.want(w.signIn(u, mfa.Client{}), nil, mfa.StatusPassed)
	// One that is disabled is none.
	d.Require.SecondFactor, d.AtLeast = true, 0
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	d.AtLeast = 2
	w.want(w.enter(u, a, mfa.Client{}), nil, mfa.StatusPassed)
	w.disable(u, b.id, func() string { return w.wrong(b) })
	f := w.signIn(u, mfa.Client{})
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
}

// TestAtLeast_OneIsAsManyAsItTakes: an address that counts is enough where one is wanted.
func TestAtLeast_OneIsAsManyAsItTakes(t *testing.T) {
	w, d := ruling(t)
	d.Implicit = []string{"email"}
	for _, d.AtLeast = range []int{0, 1} {
		u := person(string(rune('a' + d.AtLeast)))
		f := w.signIn(u, mfa.Client{})
		id := option(t, f, "email")
		is(t, second(w.Challenge(bg, f.Token, id, mfa.Client{})), nil)
		f, err := w.verify(f, id, w.mail.last().code, mfa.Client{})
		w.want(f, err, mfa.StatusPassed)
	}
}

// TestFirstEnrollment_AsksForTheAddress that no other sign-in may use, and lets nobody put
// that off unless the policy does.
func TestFirstEnrollment_AsksForTheAddress(t *testing.T) {
	w, d := ruling(t)
	d.FirstEnrollment.Methods, d.Forbidden = []string{"email"}, []string{"email"}
	u := person("ada")
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	option(t, f, "email")
	is(t, second(w.Skip(bg, f.Token, mfa.Client{})), mfa.ErrEnrollmentRequired)
	o, err := w.Foresee(bg, u, mfa.Client{}, policyFunc(func(mfa.Subject) mfa.Decision { return *d }), w.clock.Now())
	if err != nil || o[0].Status != mfa.StatusChallenge || !o[0].Enroll || o[0].MaySkip {
		t.Errorf("%+v, %v", o, err)
	}
	// Without an address nothing can be enrolled, and a grace lets in all the same.
	v := person("bob")
	v.Email, v.EmailVerified = "", false
	w.want(w.signIn(v, mfa.Client{}), nil, mfa.StatusDenied)
	d.Grace.Skip = true
	f = w.signIn(v, mfa.Client{})
	w.want(f, nil, mfa.StatusEnroll)
	if len(f.Methods) != 0 {
		t.Errorf("may enrol %v", f.Methods)
	}
	is(t, second(w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "totp"})), mfa.ErrMethodNotAllowed)
	f, err = w.Skip(bg, f.Token, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

// TestFirstEnrollment_ByTheChannelOfTheFirstFactor: a mailed link is a code to the address,
// and a password is none, of no method at all.
func TestFirstEnrollment_ByTheChannelOfTheFirstFactor(t *testing.T) {
	w, d := ruling(t)
	mailFirst := w.twin(func(c *mfa.Config) {
		c.Policy, c.Observers = policyFunc(func(mfa.Subject) mfa.Decision { return *d }), nil
		c.Factors = []mfa.Factor{mailFactor{w.mail}, c.Factors[0], quickRecovery{}}
	})
	for _, tc := range []struct {
		methods []string
		first   mfa.First
		want    mfa.Status
	}{
		{[]string{"email"}, mfa.EmailLink, mfa.StatusEnroll},
		{[]string{"totp"}, mfa.Password, mfa.StatusDenied},
		{[]string{"gone"}, mfa.EmailLink, mfa.StatusDenied},
		{[]string{"gone", "email"}, mfa.EmailLink, mfa.StatusEnroll},
	} {
		d.FirstEnrollment.Methods = tc.methods
		f, err := mailFirst.SignIn(bg, mfa.SignIn{User: person("ada"), First: tc.first})
		mailFirst.want(f, err, tc.want)
	}
}

// TestA24_TheOwnerIsToldFromAStranger by something of their own or by recovery codes, before
// something better is enrolled; an address that only counts is not enough.
func TestA24_TheOwnerIsToldFromAStranger(t *testing.T) {
	w, d := ruling(t)
	d.Implicit = []string{"email"}
	u := person("ada")
	f := w.signIn(u, mfa.Client{})
	id := option(t, f, "email")
	is(t, second(w.Challenge(bg, f.Token, id, mfa.Client{})), nil)
	f, err := w.verify(f, id, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	a := w.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{})
	d.Require.PhishingResistant = true
	f = w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	if got := methods(f.Options); !slices.Equal(got, []string{"totp", "recovery"}) {
		t.Errorf("options are %v", got)
	}
	o, err := w.Foresee(bg, u, mfa.Client{}, policyFunc(func(mfa.Subject) mfa.Decision { return *d }), w.clock.Now())
	if err != nil || o[0].Status != mfa.StatusChallenge || !o[0].Enroll {
		t.Errorf("%+v, %v", o, err)
	}
	f, err = w.verify(f, "recovery", a.codes[0], mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
}

// TestC03_WhoseAddressIsDisabled cannot enrol instead, where it is all that they have and the
// policy still counts it; it stands in nobody's way who has something of their own.
func TestC03_WhoseAddressIsDisabled(t *testing.T) {
	w, d := ruling(t)
	d.Implicit = []string{"email"}
	u := person("ada")
	w.disableMail(u, option(t, w.signIn(u, mfa.Client{}), "email"))
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusDenied)
	if f.Reason != mfa.ReasonDisabled {
		t.Error(f.Reason)
	}
	d.Implicit = nil
	f = w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusEnroll)
	a := w.enroll(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	d.Implicit, d.Require.PhishingResistant = []string{"email"}, true
	f = w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
}

// TestA24_WhatIsEnrolledMeanwhileTellsTheOwner: a flow that a code to the address on file has
// brought to an enrolment asks for what the user has set up in the meantime.
func TestA24_WhatIsEnrolledMeanwhileTellsTheOwner(t *testing.T) {
	w, d := ruling(t)
	d.Require.PhishingResistant, d.FirstEnrollment.Methods = true, []string{"email"}
	u := person("ada")
	f := w.signIn(u, mfa.Client{})
	id := option(t, f, "email")
	is(t, second(w.Challenge(bg, f.Token, id, mfa.Client{})), nil)
	f, err := w.verify(f, id, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
	*d = mfa.Decision{}
	w.enroll(mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}, mfa.Enroll{})
	now, err := w.Flow(bg, f.Token)
	if err == nil && now.Status == mfa.StatusEnroll {
		t.Errorf("may still enrol: %+v", now)
	}
	if err := second(w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "key"})); err == nil {
		t.Error("has enrolled")
	}
}
