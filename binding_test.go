package mfa_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// C-01: a code is good for its user, its flow and its purpose, and for nothing else.
func TestC01_A31_CodesAreOneUsersOwn(t *testing.T) {
	w := newWorld(t)
	u, v := person("u"), person("v")
	a, b := w.withApp(u), w.withApp(v)
	f, g := w.signIn(u, mfa.Client{}), w.signIn(v, mfa.Client{})
	_, err := w.verify(g, b.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	_, err = w.verify(g, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNoOption)
	_, err = w.verify(g, "recovery", a.codes[0], mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	f, err = w.verify(f, "recovery", a.codes[0], mfa.Client{}) // it is good still
	w.want(f, err, mfa.StatusPassed)
}

func TestC01_AMailedCodeIsOneFlowsOwn(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}))
	u := person("u")
	f, g := w.signIn(u, mfa.Client{}), w.signIn(u, mfa.Client{})
	id := option(t, f, "email")
	if _, err := w.Challenge(bg, f.Token, id, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	code := w.mail.last().code
	_, err := w.verify(g, id, code, mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	done, err := w.verify(f, id, code, mfa.Client{})
	w.want(done, err, mfa.StatusPassed)
	// Nor does it confirm an enrolment.
	c := mfa.Caller{User: u, Authentication: done.Authentication}
	w.clock.Advance(time.Minute)
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	if err != nil {
		t.Fatal(err)
	}
	if code != w.mail.last().code {
		_, err = w.Activate(bg, c, p.ID, mfa.Answer{Code: code})
		is(t, err, mfa.ErrNotValid)
	}
	_, err = w.Activate(bg, c, p.ID, mfa.Answer{Code: w.mail.last().code})
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 1 {
		t.Errorf("the user's own takes the place of what merely counted: %+v", list)
	}
}

// replay, with what a new engine comes with.
func TestA01_A07_A09_A10_ReplayIsRefused(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	code := a.Code()
	older := a.CodeAt(w.clock.Now().Add(-30 * time.Second))
	f, g := w.signIn(u, mfa.Client{}), w.signIn(u, mfa.Client{})
	f, err := w.verify(f, a.id, code, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	for _, c := range []string{code, older, a.wrong(w.clock.Now()), code} {
		_, err := w.verify(g, a.id, c, mfa.Client{})
		is(t, err, mfa.ErrNotValid)
	}
	w.next()
	g, err = w.verify(g, a.id, a.Code(), mfa.Client{})
	w.want(g, err, mfa.StatusPassed)
	w.next()
	_, err = w.verify(g, a.id, a.Code(), mfa.Client{}) // a flow that has passed takes no more, be it right
	is(t, err, mfa.ErrFlowExpired)
	w.clock.Advance(-30 * time.Second)
	// nor is it good on another path, a step-up or a confirmation.
	up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: f.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: time.Second}})
	w.want(up, err, mfa.StatusChallenge)
	_, err = w.verify(up, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
}

// spelled otherwise it is the same code, and each try is a try.
func TestA04_A05_SpellingsAreOneCode(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	code := a.Code()
	f := w.signIn(u, mfa.Client{})
	spaced := " " + code[:3] + " " + code[3:] + " "
	f, err := w.verify(f, a.id, spaced, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	g := w.signIn(u, mfa.Client{})
	for i, s := range []string{code, " " + code, code + " ", code[:3] + " " + code[3:], spaced} {
		_, err := w.verify(g, a.id, s, mfa.Client{})
		nv := new(*mfa.NotValidError)
		if !asError(err, nv) || (*nv).AttemptsLeft != 4-i {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestA08_EnrolmentCodeDoesNotSignIn(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	w.clock.Advance(-30 * time.Second)
	f := w.signIn(u, mfa.Client{})
	_, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
}

// C-17, A-46, A-66: what is no answer is refused, and not counted.
func TestC17_A46_A66_WhatIsNoAnswer(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	w.enrollKey(w.session(u, a), "k")
	f := w.signIn(u, mfa.Client{})
	if _, err := w.Challenge(bg, f.Token, "key", mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	before := value(t, w.store, u.ID).Version
	for _, option := range []string{a.id, "key", "recovery"} {
		_, err := w.verify(f, option, "", mfa.Client{})
		is(t, err, mfa.ErrBadInput)
	}
	for _, code := range []string{"12345", "1234567", "123456789", "１２３４５６", "12345x", "+12345", "-12345", "0x1234", "1e5000", "12.456",
		"123456\n", "12345\x00", "\t123456", "١٢٣٤٥٦", "null", "true", "[]", "   ", "123456\u00a0", "1-2345"} {
		_, err := w.verify(f, a.id, code, mfa.Client{})
		if !errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%q: %v", code, err)
		}
	}
	_, err := w.Verify(bg, f.Token, mfa.Answer{Option: a.id, Credential: []byte("{}")}, mfa.Client{})
	is(t, err, mfa.ErrBadInput)
	if value(t, w.store, u.ID).Version != before {
		t.Error("something was counted")
	}
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

// C-09, C-10, A-20, A-23, A-24, A-26: a flow that is not through manages nothing.
func TestC09_C10_A23_A24_PendingSignInManagesNothing(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	password := mfa.Authentication{User: u.ID, Proofs: []mfa.Proof{{Method: "password", First: true, Kind: mfa.Know, Time: w.clock.Now()}}, Generation: f.Generation}
	if f.Authentication.User != "" || f.Authentication.AAL() != 0 || f.Methods != nil {
		t.Errorf("a flow that has not passed gives %+v, %v", f.Authentication, f.Methods)
	}
	before := value(t, w.store, u.ID).Version
	for who, c := range map[string]mfa.Caller{
		"flow":                   {FlowToken: f.Token},
		"password alone":         {User: u, Authentication: password},
		"flow and password":      {User: u, Authentication: password, FlowToken: f.Token},
		"evidence of nothing":    {User: u, Authentication: mfa.Authentication{User: u.ID}},
		"evidence of the flow's": {User: u, Authentication: mfa.Authentication{User: u.ID, Generation: f.Generation}},
	} {
		for what, call := range map[string]func() error{
			"enrol":      func() error { return second(w.Enroll(bg, c, mfa.Enroll{Method: "totp"})) },
			"replace":    func() error { return second(w.Enroll(bg, c, mfa.Enroll{Method: "totp", Replaces: a.id})) },
			"remove":     func() error { return second(w.Remove(bg, c, a.id)) },
			"remove all": func() error { return second(w.RemoveAll(bg, c)) },
			"codes":      func() error { return second(w.RecoveryCodes(bg, c)) },
		} {
			if err := call(); !errors.Is(err, mfa.ErrRequirement) {
				t.Errorf("%s, %s: %v", who, what, err)
			}
		}
		if !strings.Contains(who, "password") {
			is(t, second(w.Rename(bg, c, a.id, "x")), mfa.ErrRequirement)
			is(t, second(w.Activate(bg, c, a.id, mfa.Answer{Code: "123456"})), mfa.ErrRequirement)
			is(t, second(w.Resend(bg, c, a.id)), mfa.ErrRequirement)
		}
	}
	for _, c := range []mfa.Caller{{}, {User: u}, {User: u, Authentication: mfa.Authentication{User: "v"}}} { // nobody; no evidence; another's
		is(t, second(w.Remove(bg, c, a.id)), mfa.ErrCaller)
		is(t, second(w.Enroll(bg, c, mfa.Enroll{Method: "totp"})), mfa.ErrCaller)
	}
	if value(t, w.store, u.ID).Version != before {
		t.Error("something was written")
	}
}

// to enrol is not to be proved.
func TestA24_EnrollingRaisesNoSession(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: a.auth}, mfa.Requirement{SecondFactor: true}), mfa.MissingSecondFactor)
	if a.auth.AAL() != mfa.AAL1 {
		t.Errorf("AAL%d", a.auth.AAL())
	}
}

// C-11, A-25: changes ask for recent evidence of what is enrolled.
func TestC11_ChangesAskForFreshEvidence(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	stale := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	w.clock.Advance(11 * time.Minute)
	misses(t, second(w.Enroll(bg, stale, mfa.Enroll{Method: "totp"})), mfa.MissingPassword)
	fresh := stale
	fresh.Authentication = w.Reauthenticated(stale.Authentication, mfa.Password)
	a := w.enroll(fresh, mfa.Enroll{})

	c := w.session(u, a)
	w.clock.Advance(9 * time.Minute)
	b := w.enroll(c, mfa.Enroll{})
	w.clock.Advance(time.Minute)
	only := c
	only.Authentication = w.Reauthenticated(c.Authentication, mfa.Password) // a recent password is not enough any more
	for who, c := range map[string]mfa.Caller{"old evidence": c, "old, with a recent password": only} {
		for _, err := range []error{second(w.Enroll(bg, c, mfa.Enroll{Method: "totp"})), second(w.Remove(bg, c, b.id)), second(w.RemoveAll(bg, c)), second(w.RecoveryCodes(bg, c))} {
			if r := new(*mfa.RequirementError); !asError(err, r) || (*r).Missing[0] != mfa.MissingSecondFactor {
				t.Errorf("%s: %v", who, err)
			}
		}
	}
	r, err := w.ChangeRequirement(bg, c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: r})
	w.want(f, err, mfa.StatusChallenge)
	f, err = w.verify(f, b.id, b.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	c.Authentication = f.Authentication
	if _, err := w.Remove(bg, c, a.id); err != nil {
		t.Error(err)
	}
}

// C-11: what proves neither knowing nor having changes no key.
func TestC11_MailDoesNotChangeAnApp(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Activate(bg, c, p.ID, mfa.Answer{Code: w.mail.last().code}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	f := w.signIn(u, mfa.Client{})
	if _, err := w.Challenge(bg, f.Token, p.ID, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	f, err = w.verify(f, p.ID, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	mailed := mfa.Caller{User: u, Authentication: f.Authentication}
	misses(t, second(w.Remove(bg, mailed, a.id)), mfa.MissingMethod)
	misses(t, second(w.Enroll(bg, mailed, mfa.Enroll{Method: "totp"})), mfa.MissingMethod)
}

func TestC13_A95_OtherSessionsAreVoid(t *testing.T) {
	for name, change := range map[string]func(w *world, c mfa.Caller, a *app) error{
		"remove":   func(w *world, c mfa.Caller, a *app) error { return second(w.Remove(bg, c, a.id)) },
		"password": func(w *world, c mfa.Caller, a *app) error { return second(w.PasswordChanged(bg, c)) },
		"reset":    func(w *world, c mfa.Caller, a *app) error { return w.Reset(bg, mfa.Reset{User: c.User, Actor: "x"}) },
		"all":      func(w *world, c mfa.Caller, a *app) error { return second(w.RemoveAll(bg, c)) },
	} {
		w := newWorld(t)
		u := person("u")
		a := w.withApp(u)
		b := w.enroll(w.session(u, a), mfa.Enroll{})
		other, mine := w.session(u, b), w.session(u, a)
		if err := change(w, mine, a); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: other.Authentication}, mfa.Requirement{})
		if r := new(*mfa.RequirementError); !asError(err, r) || (*r).Missing[0] != mfa.MissingSignIn {
			t.Errorf("%s: %v", name, err)
		}
		misses(t, second(w.StepUp(bg, mfa.StepUp{User: u, Authentication: other.Authentication})), mfa.MissingSignIn)
		misses(t, second(w.Enroll(bg, other, mfa.Enroll{Method: "totp"})), mfa.MissingSignIn)
	}
}

// a set-up that is abandoned changes nothing.
func TestA29_AbandonedSetUp(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	p := w.scan(c, mfa.Enroll{Replaces: a.id})
	w.enter(u, a, mfa.Client{})
	w.clock.Advance(10 * time.Minute)
	_, err := w.Activate(bg, c, p.id, mfa.Answer{Code: p.Code()})
	is(t, err, mfa.ErrEnrollmentExpired)
	w.enter(u, a, mfa.Client{})
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 2 || list[0].ID != a.id {
		t.Errorf("%+v", list)
	}
	// A confirmation is good once.
	p = w.scan(w.session(u, a), mfa.Enroll{})
	c = w.session(u, a)
	code := p.Code()
	if _, err := w.Activate(bg, c, p.id, mfa.Answer{Code: code}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Activate(bg, c, p.id, mfa.Answer{Code: code})
	is(t, err, mfa.ErrNoEnrollment)
}

// what a flow began only that flow finishes, and a session's only a session.
func TestA27_SetUpsAreTheirBeginners(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("u")
	f, g := w.signIn(u, mfa.Client{}), w.signIn(u, mfa.Client{})
	p := w.scan(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	_, err := w.Activate(bg, mfa.Caller{FlowToken: g.Token}, p.id, mfa.Answer{Code: p.Code()})
	is(t, err, mfa.ErrNoEnrollment)
	v := person("v")
	h := w.signIn(v, mfa.Client{})
	_, err = w.Activate(bg, mfa.Caller{FlowToken: h.Token}, p.id, mfa.Answer{Code: p.Code()})
	is(t, err, mfa.ErrNoEnrollment)
	if _, err = w.Activate(bg, mfa.Caller{FlowToken: f.Token}, p.id, mfa.Answer{Code: p.Code()}); err != nil {
		t.Error(err)
	}
}

func TestA32_FlowOfOneAndSessionOfAnother(t *testing.T) {
	w := newWorld(t)
	u, v := person("u"), person("v")
	a, b := w.withApp(u), w.withApp(v)
	c := w.session(u, a)
	c.FlowToken = w.signIn(v, mfa.Client{}).Token
	for _, err := range []error{second(w.Remove(bg, c, b.id)), second(w.Remove(bg, c, a.id)), second(w.RemoveAll(bg, c)), second(w.Enroll(bg, c, mfa.Enroll{Method: "totp"}))} {
		is(t, err, mfa.ErrCaller)
	}
	c.FlowToken = ""
	is(t, second(w.Remove(bg, c, b.id)), mfa.ErrNoEnrollment)
	is(t, second(w.Enroll(bg, c, mfa.Enroll{Method: "totp", Replaces: b.id})), mfa.ErrNoEnrollment)
}

// one user's session, or browser, excuses nobody else.
func TestA33_AnotherUsersBrowserExcusesNobody(t *testing.T) {
	w := newWorld(t)
	u, v := person("u"), person("v")
	a := w.withApp(u)
	w.withApp(v)
	c := from(1)
	c.DeviceToken = w.enter(u, a, c).DeviceToken
	w.want(w.signIn(v, c), nil, mfa.StatusChallenge)
	// Nor does a known browser excuse its own user here.
	w.want(w.signIn(u, c), nil, mfa.StatusChallenge)
}

// what is stored is no code.
func TestA36_StoredHashIsNoCode(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	_, err := w.verify(f, "recovery", quickHash(a.codes[0]), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
}

func TestFlowTokens(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	other := newWorld(t)
	for name, token := range map[string]string{
		"empty": "", "cut": f.Token[:len(f.Token)-1], "longer": f.Token + "A", "padded": f.Token + "=", "edited": "A" + f.Token[1:],
		"edited end": f.Token[:len(f.Token)-2] + "AA", "random": strings.Repeat("A", 120), "of another deployment": other.signIn(u, mfa.Client{}).Token,
	} {
		if token == f.Token {
			continue
		}
		_, err := w.Verify(bg, token, mfa.Answer{Option: a.id, Code: a.Code()}, mfa.Client{})
		if !errors.Is(err, mfa.ErrNoFlow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.clock.Advance(10 * time.Minute)
	_, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrFlowExpired)
	_, err = w.Flow(bg, f.Token)
	is(t, err, mfa.ErrFlowExpired)

	// Of deployments that share keys and a database, too, neither opens what is the other's.
	s := memory.New()
	x := newWorld(t, withStore(s), func(c *mfa.Config) { c.Deployment = "one" })
	y := x.twin(withStore(s), func(c *mfa.Config) { c.Deployment = "two" })
	g := x.signIn(u, mfa.Client{})
	_, err = y.Flow(bg, g.Token)
	is(t, err, mfa.ErrNoFlow)
	_, err = y.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	is(t, err, mfa.ErrSealed)
}

func TestDeviceTokens(t *testing.T) {
	w := newWorld(t)
	u, v := person("u"), person("v")
	a, b := w.withApp(u), w.withApp(v)
	c := from(1)
	if f := w.signIn(person("plain"), c); f.DeviceToken != "" {
		t.Error("a password alone makes a browser known")
	}
	c.DeviceToken = w.enter(u, a, c).DeviceToken
	shared := w.enter(v, b, c).DeviceToken
	if !strings.HasSuffix(shared, "."+c.DeviceToken) {
		t.Errorf("a browser of two people keeps both tokens")
	}
	c.DeviceToken = shared
	if w.enter(u, a, c).DeviceToken != "" || w.enter(v, b, c).DeviceToken != "" {
		t.Error("the browser is not known to both")
	}
	planted := from(2)
	planted.DeviceToken = strings.Repeat("A", 43)
	if got := w.enter(u, a, planted).DeviceToken; got == "" || strings.HasPrefix(got, planted.DeviceToken) {
		t.Error("a token from outside was made known")
	}
	for _, junk := range []string{strings.Repeat("x.", 2000), "....", "\x00", strings.Repeat("A", 5000)} {
		planted.DeviceToken = junk
		w.signIn(u, planted)
	}
}

// What was begun on a password alone is not finished on it once the owner has
// enrolled: else whoever has the password could plant an app of their own.
func TestC11_NothingIsPlantedBesideTheOwner(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	thief := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	planted := w.scan(thief, mfa.Enroll{})
	a := w.withApp(u)
	misses(t, second(w.Activate(bg, thief, planted.id, mfa.Answer{Code: planted.Code()})), mfa.MissingSecondFactor)
	misses(t, second(w.Resend(bg, thief, planted.id)), mfa.MissingSecondFactor)
	if _, err := w.Activate(bg, w.session(u, a), planted.id, mfa.Answer{Code: planted.Code()}); err != nil {
		t.Errorf("with the owner's evidence: %v", err)
	}
}

// Evidence of one app is worth nothing in another.
func TestC01_EvidenceIsOneAppsOwn(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	c := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{App: "web"}).Authentication, Client: mfa.Client{App: "web"}}
	if err := w.Satisfies(bg, c, mfa.Requirement{}); err != nil {
		t.Error(err)
	}
	c.Client.App = "admin"
	misses(t, w.Satisfies(bg, c, mfa.Requirement{}), mfa.MissingSignIn)
}
