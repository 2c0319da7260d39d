package mfa_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// W-01: a challenge is spent by the first answer, right or wrong.
func TestW01_WrongAnswerSpendsTheChallenge(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	f := k.signIn(u, mfa.Client{})
	// The control: a wrong answer alone is what spends it.
	old := k.ask(f)
	is(t, second(k.Verify(bg, f.Token, mfa.Answer{Option: "pass", Credential: []byte("{")}, mfa.Client{})), mfa.ErrBadInput)
	out, err := k.Verify(bg, f.Token, b.sign(old), mfa.Client{})
	k.want(out, err, mfa.StatusPassed)
	for _, edit := range []func(*assertion){wrongKey, func(a *assertion) { a.ID = "unknown" }, func(a *assertion) { a.Challenge = "" }} {
		f = k.signIn(u, mfa.Client{})
		asked := k.ask(f)
		answer := b.sign(asked)
		is(t, second(k.Verify(bg, f.Token, b.sign(asked, edit), mfa.Client{})), mfa.ErrNotValid)
		is(t, second(k.Verify(bg, f.Token, answer, mfa.Client{})), mfa.ErrNotValid)
		again := k.ask(f)
		if again.(passAsked).Challenge == asked.(passAsked).Challenge {
			t.Error("the same challenge again")
		}
		if r := k.pass.lastChallenge(); r.Previous != nil {
			t.Error("what is spent comes back")
		}
		answer.Option = "pass"
		is(t, second(k.Verify(bg, f.Token, answer, mfa.Client{})), mfa.ErrNotValid) // of the old one, and it spends the new one
		is(t, second(k.Verify(bg, f.Token, b.sign(again), mfa.Client{})), mfa.ErrNotValid)
		f, err = k.answer(f, b)
		k.want(f, err, mfa.StatusPassed)
	}
	// A challenge that replaces another leaves nothing of it.
	f = k.signIn(u, mfa.Client{})
	old = k.ask(f)
	fresh := k.ask(f)
	if r := k.pass.lastChallenge(); r.Previous == nil {
		t.Error("the factor is not shown what it replaces")
	}
	is(t, second(k.Verify(bg, f.Token, b.sign(old), mfa.Client{})), mfa.ErrNotValid)
	is(t, second(k.Verify(bg, f.Token, b.sign(fresh), mfa.Client{})), mfa.ErrNotValid)
}

// A code that is typed may be mistyped; what a machine signs may not.
func TestOneShotIsTheMethodsOwn(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	c := k.entered(u, b)
	p, err := k.Enroll(bg, c, mfa.Enroll{Method: "email"})
	if err != nil {
		t.Fatal(err)
	}
	wrong := func() string {
		if k.mail.last().code == "000000" {
			return "000001"
		}
		return "000000"
	}
	is(t, second(k.Activate(bg, c, p.ID, mfa.Answer{Code: wrong()})), mfa.ErrNotValid)
	is(t, second(k.Activate(bg, c, p.ID, mfa.Answer{Code: k.mail.last().code})), nil)
	k.clock.Advance(time.Hour)
	f := k.signIn(u, mfa.Client{})
	o := option(t, f, "email")
	if _, err := k.Challenge(bg, f.Token, o, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	is(t, second(k.verify(f, o, wrong(), mfa.Client{})), mfa.ErrNotValid)
	f, err = k.verify(f, o, k.mail.last().code, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
}

// W-01: a key that is refused has answered, too.
func TestW01_RefusedAnswerSpendsTheChallenge(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	f := k.signIn(u, mfa.Client{})
	asked := k.ask(f)
	is(t, second(k.Verify(bg, f.Token, b.sign(asked, isRefused), mfa.Client{})), mfa.ErrRefused)
	is(t, second(k.Verify(bg, f.Token, b.sign(asked), mfa.Client{})), mfa.ErrNotValid)
}

// what confirms an enrolment answers its challenge, and no other.
func TestA28_W01_EnrolmentsAreOneShot(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	c := k.caller(u)
	b := newFob()
	activate := func(p mfa.Enrolling, a mfa.Answer) error { return second(k.Activate(bg, c, p.ID, a)) }
	resend := func(p mfa.Enrolling) mfa.Challenge {
		t.Helper()
		asked, err := k.Resend(bg, c, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		b.Handle = asked.Challenge.(passAsked).Handle
		return asked.Challenge
	}
	other := k.pending(c, mfa.Enroll{})
	for what, edit := range map[string]func(*assertion){
		"no challenge":      func(a *assertion) { a.Challenge = "" },
		"another challenge": func(a *assertion) { a.Challenge = other.Challenge.(passAsked).Challenge },
	} {
		p := k.pending(c, mfa.Enroll{})
		right := b.sign(p.Challenge)
		is(t, activate(p, b.sign(p.Challenge, edit)), mfa.ErrNotValid)
		is(t, activate(p, right), mfa.ErrNotValid) // spent
		resend(p)
		is(t, activate(p, right), mfa.ErrNotValid)
		again := resend(p)
		is(t, activate(p, mfa.Answer{Credential: []byte("{")}), mfa.ErrBadInput)
		if err := activate(p, b.sign(again)); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		is(t, activate(p, b.sign(again)), mfa.ErrNoEnrollment)
		if err := k.Reset(bg, mfa.Reset{User: u, Actor: "x"}); err != nil {
			t.Fatal(err)
		}
		c = k.caller(u)
		other = k.pending(c, mfa.Enroll{})
	}
	// Refused by the factor: spent, and nobody's guess.
	p := k.pending(c, mfa.Enroll{})
	is(t, activate(p, b.sign(p.Challenge, isRefused)), mfa.ErrRefused)
	is(t, activate(p, b.sign(p.Challenge)), mfa.ErrNotValid)
	is(t, activate(p, b.sign(resend(p))), nil)
	// An answer for one purpose serves no other.
	f := k.signIn(u, mfa.Client{})
	asked := k.ask(f)
	q := k.pending(k.entered(u, b), mfa.Enroll{})
	is(t, second(k.Activate(bg, k.entered(u, b), q.ID, b.sign(asked))), mfa.ErrNotValid)
	out, err := k.Verify(bg, f.Token, b.sign(asked), mfa.Client{})
	k.want(out, err, mfa.StatusPassed)
	k.drain()
	if n := k.events.ByType(mfa.EventFailed); len(n) != 8 {
		t.Errorf("%d failures", len(n))
	}
}

// W-01: a credential that is somebody else's has answered, too.
func TestW01_ATakenCredentialSpendsTheChallenge(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	c := k.caller(person("v"))
	p := k.pending(c, mfa.Enroll{})
	_, err := k.confirm(c, p, b2(b))
	taken(t, err)
	_, err = k.confirm(c, p, newFob())
	is(t, err, mfa.ErrNotValid)
	k.keysIn("v", 0)
}

// C-02: of many answers to one challenge, one at most is looked at.
func TestC02_W01_ManyAnswersToOneChallenge(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	b.counts = true
	engines := []*keyWorld{k.past(), k.past()}
	for round := range 5 {
		f := k.signIn(u, mfa.Client{})
		asked := k.ask(f)
		right, wrong := b.sign(asked), b.sign(asked, wrongKey)
		errs := parallel(40, func(i int) error {
			a := right
			if i%2 == round%2 {
				a = wrong
			}
			return second(engines[i/2%2].Verify(bg, f.Token, a, mfa.Client{}))
		})
		if n := tallyOf(errs, nil, mfa.ErrNotValid, mfa.ErrFlowExpired); n[0] > 1 || n[3] > 0 || n[0] == 0 && n[2] > 0 {
			t.Errorf("%v: %v", n, errs)
		}
	}
	list, _ := k.Enrollments(bg, u.ID)
	if i := slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.ID == id }); list[i].Disabled {
		t.Error("disabled")
	}
}

// A wrong answer whose save's answer was lost is counted once, and spends.
func TestOneShotOverLostAnswers(t *testing.T) {
	for name, tamper := range map[string]func(func() error) error{"lost": lost, "not done": notDone, "repeated": repeated} {
		t.Run(name, func(t *testing.T) {
			k := newKeyWorld(t)
			u := person("u")
			b, _, _ := k.past().withKey(u)
			f := k.signIn(u, mfa.Client{})
			asked := k.ask(f)
			k.spy.once("save user", tamper)
			is(t, second(k.Verify(bg, f.Token, b.sign(asked, wrongKey), mfa.Client{})), mfa.ErrNotValid)
			k.spy.reset()
			is(t, second(k.Verify(bg, f.Token, b.sign(asked), mfa.Client{})), mfa.ErrNotValid)
			f, err := k.answer(f, b)
			k.want(f, err, mfa.StatusPassed)
			list, _ := k.Activity(bg, "u")
			i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventFailed })
			if i < 0 || list[i].Count != 2 || list[i].Method != "pass" {
				t.Errorf("%+v", list)
			}
			k.drain()
			if n := k.events.ByType(mfa.EventFailed); len(n) != 2 {
				t.Errorf("%d failures", len(n))
			}
		})
	}
}

// C-08, C-21: whoever has the password and a wrong key is reported, and locks nobody out.
func TestC08_C21_FailuresOfKeysAreToldAndLockNothing(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	b, id, _ := k.withKey(u)
	f := k.signIn(u, from(1))
	for i := range 200 {
		if i%20 == 0 {
			f = k.signIn(u, from(1))
		}
		_, err := k.answer(f, b, wrongKey)
		nv := new(*mfa.NotValidError)
		if !asError(err, nv) || (*nv).AttemptsLeft != 5 {
			t.Fatalf("failure %d: %v", i, err)
		}
		if i == 8 || i == 9 { // told at the tenth
			list, _ := k.Activity(bg, "u")
			if slices.ContainsFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventManyFailures }) != (i == 9) {
				t.Fatalf("after %d: %+v", i+1, list)
			}
		}
	}
	g := k.signIn(u, mfa.Client{})
	if o := g.Options[0]; o.Method != "pass" || !o.LockedUntil.IsZero() {
		t.Errorf("%+v", g.Options)
	}
	g, err := k.answer(g, b)
	k.want(g, err, mfa.StatusPassed)
	list, _ := k.Enrollments(bg, "u")
	if i := slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.ID == id }); list[i].Disabled {
		t.Error("disabled")
	}
	// Failures of keys do not use up what guesses have.
	a := k.enroll(mfa.Caller{User: u, Authentication: g.Authentication}, mfa.Enroll{})
	h := k.signIn(u, from(1))
	nv := new(*mfa.NotValidError)
	if _, err = k.verify(h, a.id, k.wrong(a), from(1)); !asError(err, nv) || (*nv).AttemptsLeft != 4 {
		t.Errorf("%v", err)
	}
	k.drain()
	if n := k.notices(mfa.EventManyFailures); len(n) != 1 || n[0].Email != u.Email || n[0].Count != 10 {
		t.Errorf("told in a day: %+v", n)
	}
	for _, kind := range []mfa.EventType{mfa.EventLocked, mfa.EventDisabled, mfa.EventNetworkFailures} {
		if n := k.events.ByType(kind); len(n) != 0 {
			t.Errorf("%v", n)
		}
	}
}

// Confirmations count like other failures, and end with the enrolment.
func TestC21_FailedConfirmationsOfKeysAreTold(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	c := k.caller(u)
	b := newFob()
	for range 2 {
		p := k.pending(c, mfa.Enroll{})
		for i := range 10 {
			nv := new(*mfa.NotValidError)
			if _, err := k.Activate(bg, c, p.ID, b.sign(p.Challenge, func(a *assertion) { a.Challenge = "x" })); !asError(err, nv) || (*nv).AttemptsLeft != 9-i {
				t.Fatalf("%d: %v", i, err)
			}
		}
		is(t, second(k.Activate(bg, c, p.ID, b.sign(p.Challenge))), mfa.ErrEnrollmentExpired)
		is(t, second(k.Resend(bg, c, p.ID)), mfa.ErrEnrollmentExpired)
	}
	k.register(c, b, mfa.Enroll{})
	list, _ := k.Activity(bg, "u")
	failed := slices.DeleteFunc(list, func(a mfa.Activity) bool { return a.Type != mfa.EventFailed })
	if len(failed) == 0 || len(failed) > 4 {
		t.Errorf("%+v", fmt.Sprint(failed))
	}
	k.drain()
	if n := k.notices(mfa.EventManyFailures); len(n) != 1 {
		t.Errorf("%v", n)
	}
}
