package mfa_test

import (
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// keyAt enrols a key that is good on one site only.
func (k *keyWorld) keyAt(c mfa.Caller, site string) *fob {
	k.t.Helper()
	b := newFob()
	b.Site = site
	k.register(c, b, mfa.Enroll{})
	return b
}

// A key is asked for on the site that it was registered on, and nowhere else.
func TestScope(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := k.keyAt(k.caller(u), "one.example")
	f := k.signIn(u, at("one.example"))
	k.want(f, nil, mfa.StatusChallenge)
	asked, err := k.Challenge(bg, f.Token, "pass", at("one.example"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := k.Verify(bg, f.Token, b.sign(asked.Challenge), at("one.example"))
	k.want(out, err, mfa.StatusPassed)
	session := mfa.Caller{User: u, Authentication: out.Authentication}
	for _, site := range []string{"two.example", "", "ONE.example"} {
		g := k.signIn(u, at(site))
		k.want(g, nil, mfa.StatusChallenge) // by recovery codes
		if got := methods(g.Options); !slices.Equal(got, []string{"recovery"}) {
			t.Errorf("%q: options %v", site, got)
		}
		is(t, second(k.Challenge(bg, g.Token, "pass", at("one.example"))), mfa.ErrNoOption) // where the flow began counts
		is(t, second(k.Verify(bg, g.Token, b.sign(asked.Challenge), at("one.example"))), mfa.ErrNoOption)
		is(t, second(k.passkey(b, at(site))), mfa.ErrNotValid)
	}
	k.clock.Advance(time.Minute)
	for site, want := range map[string]mfa.Status{"one.example": mfa.StatusChallenge, "two.example": mfa.StatusDenied} {
		f, err := k.StepUp(bg, mfa.StepUp{User: u, Authentication: session.Authentication, Client: at(site),
			Require: mfa.Requirement{PhishingResistant: true, MaxAge: time.Second}})
		k.want(f, err, want)
	}
	g, err := k.passkey(b, at("one.example"))
	k.want(g, err, mfa.StatusPassed)
	// Several sites, and one key that is good everywhere.
	two := k.keyAt(session, "two.example")
	for site, right := range map[string]*fob{"one.example": b, "two.example": two} {
		f := k.signIn(u, at(site))
		asked, err := k.Challenge(bg, f.Token, "pass", at(site))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(k.pass.lastChallenge().Enrollments); n != 1 {
			t.Errorf("%d keys are asked for", n)
		}
		f, err = k.Verify(bg, f.Token, right.sign(asked.Challenge), at(site))
		k.want(f, err, mfa.StatusPassed)
	}
	everywhere := k.keyAt(session, "")
	for _, site := range []string{"one.example", "two.example", "three.example", ""} {
		g, err := k.passkey(everywhere, at(site))
		k.want(g, err, mfa.StatusPassed)
	}
}

// Somebody whose keys are all good elsewhere cannot be walked past: nothing is
// enrolled in their place.
func TestA24_ScopeOpensNoEnrollDoor(t *testing.T) {
	k := newKeyWorld(t, silent, withPolicy(required), func(c *mfa.Config) {
		c.Factors = slices.DeleteFunc(c.Factors, func(f mfa.Factor) bool { return f.Method().Recovery })
	})
	u := person("u")
	b := k.keyAt(k.caller(u), "one.example")
	f := k.signIn(u, at("two.example"))
	if k.want(f, nil, mfa.StatusDenied); f.Reason != mfa.ReasonNoMethod {
		t.Errorf("%s", f.Reason)
	}
	g, err := k.passkey(b, at("one.example"))
	k.want(g, err, mfa.StatusPassed)
	// What would be left is good on another site only: it does not go here.
	c := mfa.Caller{User: u, Authentication: g.Authentication, Client: at("one.example")}
	app := k.enroll(c, mfa.Enroll{})
	is(t, second(k.Remove(bg, mfa.Caller{User: u, Authentication: c.Authentication, Client: at("two.example")}, app.id)), mfa.ErrEnrollmentRequired)
	is(t, second(k.Remove(bg, c, app.id)), nil)
}

// "A security key only after another method."
func TestNotFirst(t *testing.T) {
	notFirst := []string{"pass"}
	k := newKeyWorld(t, silent, withPolicy(func(s mfa.Subject) mfa.Decision {
		d := mfa.AskEnrolled(s)
		d.NotFirst = notFirst
		return d
	}))
	u := k.users.add(person("u"))
	f := k.signIn(u, mfa.Client{})
	k.want(f, nil, mfa.StatusPassed)
	if !slices.Equal(f.Methods, []string{"totp", "email", "key"}) {
		t.Errorf("offered: %v", f.Methods)
	}
	c := mfa.Caller{User: u, Authentication: f.Authentication}
	is(t, second(k.Enroll(bg, c, mfa.Enroll{Method: "pass"})), mfa.ErrMethodNotAllowed)
	a := k.enroll(c, mfa.Enroll{})
	f = k.enter(u, a, mfa.Client{})
	if !slices.Contains(f.Methods, "pass") {
		t.Errorf("offered beside an app: %v", f.Methods)
	}
	c.Authentication = f.Authentication
	b := k.keyAt(c, "")
	// The app cannot go while the key is there, whatever policy asks.
	is(t, second(k.Remove(bg, c, a.id)), mfa.ErrEnrollmentRequired)
	p := k.pending(c, mfa.Enroll{Replaces: a.id})
	_, err := k.confirm(c, p, newFob())
	is(t, err, mfa.ErrEnrollmentRequired)
	k.enter(u, a, mfa.Client{}) // it is there still
	beside := k.enroll(k.session(u, a), mfa.Enroll{})
	is(t, second(k.Remove(bg, k.session(u, a), a.id)), nil) // another one is left
	list, _ := k.Enrollments(bg, "u")
	i := slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.Method == "pass" })
	is(t, second(k.Remove(bg, k.entered(u, b), list[i].ID)), nil)
	is(t, second(k.Remove(bg, k.session(u, beside), beside.id)), nil) // the key went first
	f = k.signIn(u, mfa.Client{})
	if k.want(f, nil, mfa.StatusPassed); slices.Contains(f.Methods, "pass") {
		t.Errorf("offered: %v", f.Methods)
	}
	// The control: where the policy does not say so, it may be the first.
	notFirst = nil
	k.withKey(u)
}

func TestNotFirstInAFlow(t *testing.T) {
	k, d := deciding(t)
	u := person("u")
	d.Require, d.NotFirst = mfa.Requirement{SecondFactor: true}, []string{"pass", "key"}
	f := k.signIn(u, mfa.Client{})
	k.want(f, nil, mfa.StatusEnroll)
	if !slices.Equal(f.Methods, []string{"totp", "email"}) {
		t.Errorf("%v", f.Methods)
	}
	c := mfa.Caller{FlowToken: f.Token}
	is(t, second(k.Enroll(bg, c, mfa.Enroll{Method: "pass"})), mfa.ErrMethodNotAllowed)
	a := k.enroll(c, mfa.Enroll{})
	k.want(*a.flow, nil, mfa.StatusPassed)
	if !slices.Contains(a.flow.Methods, "pass") {
		t.Errorf("offered: %v", a.flow.Methods)
	}
	// Addresses that count as enrolled, and recovery codes, are no method to come first.
	d.Implicit = []string{"email"}
	v := person("v")
	f = k.signIn(v, mfa.Client{})
	k.want(f, nil, mfa.StatusChallenge)
	o := option(t, f, "email")
	if _, err := k.Challenge(bg, f.Token, o, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	f, err := k.verify(f, o, k.mail.last().code, mfa.Client{})
	if k.want(f, err, mfa.StatusPassed); slices.Contains(f.Methods, "pass") {
		t.Errorf("beside an implicit address: %v", f.Methods)
	}
}

// A policy that lets nothing come first lets nobody enrol, and says so.
func TestNothingMayComeFirst(t *testing.T) {
	k, d := deciding(t)
	u := person("u")
	d.NotFirst = []string{"totp", "email", "key", "pass"}
	f := k.signIn(u, mfa.Client{})
	if k.want(f, nil, mfa.StatusPassed); len(f.Methods) != 0 {
		t.Errorf("offered: %v", f.Methods)
	}
	is(t, second(k.Enroll(bg, mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{Method: "totp"})), mfa.ErrMethodNotAllowed)
	d.Require.SecondFactor = true
	f = k.signIn(u, mfa.Client{})
	if k.want(f, nil, mfa.StatusDenied); f.Reason != mfa.ReasonNoMethod || len(f.Methods) != 0 {
		t.Errorf("%s, %v", f.Reason, f.Methods)
	}
	// Who had enrolled before is asked as ever.
	d.NotFirst = nil
	a := k.withApp(u)
	d.NotFirst = []string{"totp", "email", "key", "pass"}
	k.enter(u, a, mfa.Client{})
}

// Replacing is no way around it, where what is replaced did not suffice anyway.
func TestNotFirstAndReplacingWhatDoesNotSuffice(t *testing.T) {
	k, d := deciding(t)
	u := person("u")
	a := k.withApp(u)
	d.Require, d.NotFirst = mfa.Requirement{PhishingResistant: true}, []string{"pass"}
	d.Methods = []string{"totp", "pass"}
	f := k.signIn(u, mfa.Client{})
	k.want(f, nil, mfa.StatusChallenge) // the app is proved before a key is enrolled
	f, err := k.verify(f, a.id, a.Code(), mfa.Client{})
	k.want(f, err, mfa.StatusEnroll)
	c := mfa.Caller{FlowToken: f.Token}
	p := k.pending(c, mfa.Enroll{Replaces: a.id})
	_, err = k.confirm(c, p, newFob())
	is(t, err, mfa.ErrEnrollmentRequired)
	b := newFob()
	done := k.register(c, b, mfa.Enroll{}) // beside it
	k.want(*done.Flow, nil, mfa.StatusPassed)
}

// The factor is told to refuse an answer without user verification exactly
// where the flow gets no further by one.
func TestW08_UserVerificationIsAskedWhereItIsNeeded(t *testing.T) {
	second := mfa.Requirement{SecondFactor: true}
	for name, tc := range map[string]struct {
		first   mfa.First // empty: the same key, unverified
		require mfa.Requirement
		bound   bool
		want    bool
	}{
		"password, second factor":        {first: mfa.Password, require: second},
		"password, AAL2":                 {first: mfa.Password, require: mfa.Requirement{AAL: 2}},
		"password, phishing resistant":   {first: mfa.Password, require: mfa.Requirement{PhishingResistant: true}},
		"password, AAL3":                 {first: mfa.Password, require: mfa.Requirement{AAL: 3}, bound: true},
		"password, fresh AAL2":           {first: mfa.Password, require: mfa.Requirement{AAL: 2, MaxAge: time.Minute}},
		"mailed link, second factor":     {first: mfa.EmailLink, require: second},
		"mailed link, AAL2":              {first: mfa.EmailLink, require: mfa.Requirement{AAL: 2}, want: true},
		"mailed link, AAL3":              {first: mfa.EmailLink, require: mfa.Requirement{AAL: 3}, bound: true, want: true},
		"key, AAL2":                      {require: mfa.Requirement{AAL: 2}, want: true},
		"key, AAL3":                      {require: mfa.Requirement{AAL: 3}, bound: true, want: true},
		"key, second factor":             {require: second, want: true}, // the same key is no other one
		"key, second factor, this fresh": {require: mfa.Requirement{SecondFactor: true, MaxAge: time.Minute}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			k, d := deciding(t)
			u := person("u")
			b := newFob()
			b.Bound = tc.bound
			k.register(k.caller(u), b, mfa.Enroll{})
			d.Require, d.Methods = tc.require, []string{"pass"}
			var f mfa.Flow
			var err error
			if tc.first == "" {
				f, err = k.passkey(b, mfa.Client{}, unverified)
			} else {
				f, err = k.SignIn(bg, mfa.SignIn{User: u, First: tc.first})
			}
			k.want(f, err, mfa.StatusChallenge)
			if asked := k.ask(f).(passAsked); asked.UV != tc.want {
				t.Errorf("user verification is asked for: %t, want %t", asked.UV, tc.want)
			}
			// Without it, the flow gets no further where it was asked for, and passes where not.
			out, err := k.answer(f, b, unverified)
			if !tc.want {
				k.want(out, err, mfa.StatusPassed)
				return
			}
			is(t, err, mfa.ErrNotValid)
			out, err = k.answer(f, b)
			k.want(out, err, mfa.StatusPassed)
		})
	}
}

// A sign-in by passkey has nobody to ask it for: whatever comes is weighed. An
// enrolment beside a password needs none.
func TestW08_DiscoveryAndEnrolmentAskForNoVerification(t *testing.T) {
	k, d := deciding(t)
	u := person("u")
	d.Require.AAL = mfa.AAL2
	f := k.signIn(u, mfa.Client{})
	k.want(f, nil, mfa.StatusEnroll)
	c := mfa.Caller{FlowToken: f.Token}
	p := k.pending(c, mfa.Enroll{})
	if p.Challenge.(passAsked).UV || k.begin(mfa.Client{}).Challenge.(passAsked).UV {
		t.Error("it is asked for")
	}
	if _, err := k.Resend(bg, c, p.ID); err != nil || k.pass.lastChallenge().UserVerification || k.pass.lastChallenge().Purpose != mfa.ForEnrollment {
		t.Errorf("%v", err)
	}
}

// Where nothing but the key vouches for the user, one that does not verify them is
// not enrolled: its owner could never get in again.
func TestW08_EnrolmentAsksForVerificationWhereNothingElseDoes(t *testing.T) {
	k, d := deciding(t)
	d.Require.AAL = mfa.AAL2
	f, err := k.SignIn(bg, mfa.SignIn{User: person("u"), First: mfa.DirectorySync})
	k.want(f, err, mfa.StatusEnroll)
	c := mfa.Caller{FlowToken: f.Token}
	p := k.pending(c, mfa.Enroll{})
	if r := k.pass.lastEnroll(); !r.UserVerification {
		t.Error("the factor is not told")
	}
	if _, err := k.Resend(bg, c, p.ID); err != nil || !k.pass.lastChallenge().UserVerification {
		t.Errorf("nor when it asks again: %v", err)
	}
}
