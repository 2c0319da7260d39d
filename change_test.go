package mfa_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestReplaces(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	if _, err := w.Rename(bg, c, a.id, "Phone"); err != nil {
		t.Fatal(err)
	}
	other := w.enter(u, a, mfa.Client{}).Authentication

	b := w.scan(c, mfa.Enroll{Replaces: a.id})
	w.enter(u, a, mfa.Client{}) // the old one works until the new one is confirmed
	before := value(t, w.store, u.ID).Version
	x := w.twin(silent)
	done, err := x.Activate(bg, c, b.id, mfa.Answer{Code: b.Code()})
	if err != nil {
		t.Fatal(err)
	}
	if value(t, w.store, u.ID).Version == before {
		t.Error("nothing was saved")
	}
	if done.Enrollment.Label != "Phone" || done.RecoveryCodes != nil {
		t.Errorf("%+v", done)
	}
	list, _ := w.Enrollments(bg, u.ID)
	if len(list) != 2 || list[0].ID != b.id {
		t.Errorf("%+v", list)
	}
	w.next()
	f := w.signIn(u, mfa.Client{})
	_, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNoOption)
	_, err = w.verify(f, b.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)

	// what other sessions have is void; this one's is renewed, without the old proof.
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: other}, mfa.Requirement{}), mfa.MissingSignIn)
	if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: done.Authentication}, mfa.Requirement{}); err != nil {
		t.Error(err)
	}
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: done.Authentication}, mfa.Requirement{SecondFactor: true}), mfa.MissingSecondFactor)

	_, err = w.Enroll(bg, w.session(u, b), mfa.Enroll{Method: "totp", Replaces: a.id})
	is(t, err, mfa.ErrNoEnrollment)
}

func TestReplacingIsOneSave(t *testing.T) {
	s := &tap{}
	w := newWorld(t, func(c *mfa.Config) { s.Store, c.Store, c.Observers = c.Store, s, nil })
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	b := w.scan(c, mfa.Enroll{Replaces: a.id})
	s.reset()
	if _, err := w.Activate(bg, c, b.id, mfa.Answer{Code: b.Code()}); err != nil {
		t.Fatal(err)
	}
	if loads, saves := s.counts(); loads != 1 || saves != 1 {
		t.Errorf("%d loads, %d saves", loads, saves)
	}
}

func TestRename(t *testing.T) {
	w := newWorld(t)
	u, v := person("u"), person("v")
	a, b := w.withApp(u), w.withApp(v)
	c := w.session(u, a)
	for _, tc := range []struct {
		id, label string
		want      error
	}{
		{a.id, "", mfa.ErrBadInput},
		{a.id, strings.Repeat("x", 65), mfa.ErrBadInput},
		{a.id, "\xff", mfa.ErrBadInput},
		{a.id, " \t ", mfa.ErrBadInput},
		{b.id, "mine", mfa.ErrNoEnrollment},
		{"recovery", "x", mfa.ErrNoEnrollment},
		{"", "x", mfa.ErrNoEnrollment},
	} {
		_, err := w.Rename(bg, c, tc.id, tc.label)
		is(t, err, tc.want)
	}
	r, err := w.Rename(bg, c, a.id, strings.Repeat("ø", 64))
	if err != nil || r.Label != strings.Repeat("ø", 64) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRemoveTheLastWherePolicyNeedsIt(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("u")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	c := w.session(u, a)
	var err error
	if c.Authentication, err = w.Remove(bg, c, b.id); err != nil {
		t.Fatal(err)
	}
	_, err = w.Remove(bg, c, a.id)
	is(t, err, mfa.ErrEnrollmentRequired)
	w.enter(u, a, mfa.Client{})
}

func TestA37_A50_RemovingTheLastEndsAll(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	password := w.signIn(u, mfa.Client{}).Authentication
	_, err := w.RecoveryCodes(bg, mfa.Caller{User: u, Authentication: password})
	is(t, err, mfa.ErrEnrollmentRequired) // no codes before there is anything to recover
	a := w.withApp(u)
	other := w.enter(u, a, mfa.Client{}).Authentication
	c := w.session(u, a)
	auth, err := w.Remove(bg, c, a.id)
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 0 {
		t.Errorf("left: %+v", list)
	}
	if auth.AAL() != mfa.AAL1 {
		t.Errorf("the session's evidence is AAL%d", auth.AAL())
	}
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: other}, mfa.Requirement{}), mfa.MissingSignIn)
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: c.Authentication}, mfa.Requirement{}), mfa.MissingSignIn)
	if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: auth}, mfa.Requirement{}); err != nil {
		t.Error(err)
	}
	w.want(w.signIn(u, mfa.Client{}), nil, mfa.StatusPassed)
	if b := w.withApp(u); len(b.codes) != 10 {
		t.Errorf("a new start comes with %d codes", len(b.codes))
	}
}

func TestA50_EvidenceOfWhatWasRemovedIsVoid(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	c := w.session(u, b)
	auth, err := w.Remove(bg, c, b.id)
	if err != nil {
		t.Fatal(err)
	}
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: auth}, mfa.Requirement{AAL: mfa.AAL2}), mfa.MissingAAL)
}

func TestRemoveAll(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	f, err := w.RemoveAll(bg, c)
	w.want(f, err, mfa.StatusPassed)
	if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: f.Authentication}, mfa.Requirement{}); err != nil {
		t.Error(err)
	}
	_, err = w.RemoveAll(bg, mfa.Caller{User: u, Authentication: f.Authentication})
	if err == nil {
		t.Error("removed nothing")
	}

	// Where the policy requires it, the way out leads through enrolling.
	v := person("v")
	x := w.twin(withPolicy(required))
	b := x.withApp(v)
	f, err = x.RemoveAll(bg, x.session(v, b))
	x.want(f, err, mfa.StatusEnroll)
	n := x.enroll(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	x.want(*n.flow, nil, mfa.StatusPassed)
	if len(n.codes) != 10 {
		t.Errorf("%d codes", len(n.codes))
	}
	x.enter(v, n, mfa.Client{})
}

func TestReset(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	in := w.enter(u, a, mfa.Client{})
	open := w.signIn(u, mfa.Client{})
	is(t, w.Reset(bg, mfa.Reset{User: u}), mfa.ErrBadInput)
	if err := w.Reset(bg, mfa.Reset{User: u, Actor: "agent 7", Reason: "lost phone"}); err != nil {
		t.Fatal(err)
	}
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: in.Authentication}, mfa.Requirement{}), mfa.MissingSignIn)
	_, err := w.verify(open, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrFlowExpired)
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusPassed)
	if f.Generation <= in.Generation {
		t.Errorf("generation %d after %d", f.Generation, in.Generation)
	}
	w.drain()
	if evs := w.events.ByType(mfa.EventReset); len(evs) != 1 || evs[0].Actor != "agent 7" || evs[0].Reason != "lost phone" || evs[0].Email != u.Email {
		t.Errorf("%v", evs)
	}
}

func TestEraseLeavesATombstone(t *testing.T) {
	w := newWorld(t, silent)
	w.keys, _ = mfa.NewKeyRingFrom(glass{}, make([]byte, 32))
	x := w.twin(silent, func(c *mfa.Config) { c.Observers = []mfa.Observer{refusing{}} })
	u := person("canary-7f3a")
	a := x.withApp(u)
	in := x.enter(u, a, mfa.Client{UserAgent: "canary-agent", Place: "canary-place"})
	gone := func(when string) {
		t.Helper()
		if err := x.Erase(bg, u.ID); err != nil {
			t.Fatal(err)
		}
		v := string(value(t, w.store, u.ID).Value)
		if strings.Contains(v, "canary") || strings.Contains(v, a.id) {
			t.Errorf("%s: something is left: %q", when, v)
		}
	}
	gone("first")
	misses(t, x.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: in.Authentication}, mfa.Requirement{}), mfa.MissingSignIn)
	ask := mfa.SignIn{User: u, First: mfa.Password, MinGeneration: in.Generation}
	f, err := x.SignIn(bg, ask)
	x.want(f, err, mfa.StatusPassed) // the tombstone is no rollback
	gone("after a sign-in")
	if err := x.Reset(bg, mfa.Reset{User: u, Actor: "support"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(value(t, w.store, u.ID).Value), "canary") {
		t.Fatal("the notice should hold the address, or this test proves nothing")
	}
	gone("after a reset")
	if _, err := x.PasswordChanged(bg, mfa.Caller{User: u}); err != nil {
		t.Fatal(err)
	}
	gone("after a new password")
	before := value(t, w.store, u.ID).Version
	gone("again")
	if value(t, w.store, u.ID).Version != before {
		t.Error("erasing a tombstone writes")
	}
	if err := x.Erase(bg, "never seen"); err != nil {
		t.Error(err)
	}
}

func TestA82_PasswordChanged(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	apps := []*app{a}
	for range 3 {
		apps = append(apps, w.enroll(w.session(u, a), mfa.Enroll{}))
	}
	c, other := w.session(u, a), w.session(u, a)
	open, f := w.signIn(u, mfa.Client{}), w.signIn(u, mfa.Client{})
	// Somebody with the old password uses the hour's budget up.
	for i := range 15 {
		_, err := w.verify(f, apps[i%4].id, w.wrong(apps[i%4]), mfa.Client{})
		is(t, err, mfa.ErrNotValid)
	}
	_, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrLocked)
	auth, err := w.PasswordChanged(bg, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []mfa.Flow{open, f} {
		_, err = w.Flow(bg, f.Token)
		is(t, err, mfa.ErrFlowExpired)
	}
	misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: other.Authentication}, mfa.Requirement{}), mfa.MissingSignIn)
	if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: auth}, mfa.Requirement{SecondFactor: true}); err != nil {
		t.Error(err)
	}
	w.enter(u, a, mfa.Client{})
	if auth, err = w.PasswordChanged(bg, mfa.Caller{User: u}); err != nil || auth.User != "" {
		t.Errorf("without a session: %+v, %v", auth, err)
	}
	_, err = w.PasswordChanged(bg, mfa.Caller{User: u, Authentication: mfa.Authentication{User: "v"}})
	is(t, err, mfa.ErrCaller)
}

// TestC23: begin, revoke, finish.
func TestC23_WhatWasBegunDiesWithIt(t *testing.T) {
	for name, revoke := range map[string]func(w *world, c mfa.Caller, id string) error{
		"remove":     func(w *world, c mfa.Caller, id string) error { _, err := w.Remove(bg, c, id); return err },
		"remove all": func(w *world, c mfa.Caller, _ string) error { _, err := w.RemoveAll(bg, c); return err },
		"reset":      func(w *world, c mfa.Caller, _ string) error { return w.Reset(bg, mfa.Reset{User: c.User, Actor: "x"}) },
		"erase":      func(w *world, c mfa.Caller, _ string) error { return w.Erase(bg, c.User.ID) },
		"replace": func(w *world, c mfa.Caller, id string) error {
			b := w.scan(c, mfa.Enroll{Replaces: id})
			_, err := w.Activate(bg, c, b.id, mfa.Answer{Code: b.Code()})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := person("u")
			a := w.withApp(u)
			b := w.enroll(w.session(u, a), mfa.Enroll{})
			c := w.session(u, a)
			f := w.signIn(u, mfa.Client{})
			up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: time.Nanosecond}})
			w.want(up, err, mfa.StatusChallenge)
			p := w.scan(c, mfa.Enroll{Replaces: a.id})
			if err := revoke(w, c, a.id); err != nil {
				t.Fatal(err)
			}
			w.next()
			_, err = w.verify(f, a.id, a.Code(), mfa.Client{})
			is(t, err, mfa.ErrFlowExpired)
			_, err = w.verify(up, b.id, b.Code(), mfa.Client{})
			is(t, err, mfa.ErrFlowExpired)
			_, err = w.Activate(bg, c, p.id, mfa.Answer{Code: p.Code()})
			if err == nil {
				t.Error("an enrolment from before was activated")
			}
		})
	}
}

// What was proved in a flow and replaced since opens no door in it.
func TestC23_ProofOfWhatWasReplacedOpensNoDoor(t *testing.T) {
	strict := false
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: s.Enrolled(), PhishingResistant: strict}}
	}))
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	strict = true
	thief := w.signIn(u, mfa.Client{})
	thief, err := w.verify(thief, a.id, a.Code(), mfa.Client{})
	w.want(thief, err, mfa.StatusEnroll)
	w.enroll(c, mfa.Enroll{Replaces: a.id})
	if _, err = w.Enroll(bg, mfa.Caller{FlowToken: thief.Token}, mfa.Enroll{Method: "key"}); err == nil {
		t.Error("a key was begun on the strength of what was replaced")
	}
}

func TestC22_HistoryStays(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	client := from(3)
	client.Place, client.App = "Oslo", "web"
	c := w.session(u, a)
	c.Client = client
	if _, err := w.Remove(bg, c, a.id); err != nil {
		t.Fatal(err)
	}
	for range 300 { // attempts, from many places, push no change out
		w.signIn(u, from(w.clock.Now().Minute()))
		w.clock.Advance(time.Minute)
	}
	list, err := w.Activity(bg, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []mfa.EventType
	for _, x := range list {
		kinds = append(kinds, x.Type)
		if x.Type == mfa.EventRemoved && (x.Enrollment != a.id || x.IP != client.IP || x.Place != "Oslo" || x.App != "web" || x.UserAgent != client.UserAgent) {
			t.Errorf("%+v", x)
		}
	}
	for _, want := range []mfa.EventType{mfa.EventEnrolled, mfa.EventRecoveryCodes, mfa.EventRemoved} {
		if !slices.Contains(kinds, want) {
			t.Errorf("%s is missing from %d entries", want, len(kinds))
		}
	}
	if kinds[0] != mfa.EventFlowPassed {
		t.Errorf("newest first: %v", kinds)
	}
}

// Replacing is no way around what Remove refuses: an app that the policy needs
// cannot become an address that it does not count.
func TestReplacingKeepsWhatThePolicyNeeds(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{Require: mfa.Requirement{AAL: mfa.AAL2}} }))
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "email", Replaces: a.id})
	if err != nil {
		t.Fatal(err)
	}
	is(t, second(w.Activate(bg, c, p.ID, mfa.Answer{Code: w.mail.last().code})), mfa.ErrEnrollmentRequired)
	w.session(u, a) // and the app still works
}

// Wrong confirmations count for the network, as wrong codes at sign-in do.
func TestC06_SetupConfirmationsCountForTheNetwork(t *testing.T) {
	w := newWorld(t)
	const accounts = 60
	answered := 0
	for i := range accounts {
		u := person(fmt.Sprint("u", i))
		f := w.signIn(u, from(9))
		c := mfa.Caller{User: u, Authentication: f.Authentication, Client: from(9)}
		p := w.scan(c, mfa.Enroll{})
		_, err := w.Activate(bg, c, p.id, mfa.Answer{Code: w.wrong(p)})
		is(t, err, mfa.ErrNotValid)
		answered++
	}
	evs, err := w.events.Await(t.Context(), mfa.EventNetworkFailures, 1)
	if err != nil || evs[0].Count < 50 {
		t.Errorf("%d answered: %v, %v", answered, evs, err)
	}
}

func TestC11_ThePolicyOnlyShortensTheAgeOfEvidence(t *testing.T) {
	for name, tc := range map[string]struct {
		policy, age time.Duration
		ok          bool
	}{
		"default, 9 min": {0, 9 * time.Minute, true}, "default, 11 min": {0, 11 * time.Minute, false},
		"a day, 11 min": {24 * time.Hour, 11 * time.Minute, false}, "a minute, 2 min": {time.Minute, 2 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
				d := mfa.AskEnrolled(s)
				d.Change.MaxAge = tc.policy
				return d
			}))
			u := person("u")
			a := w.withApp(u)
			c := w.session(u, a)
			w.clock.Advance(tc.age)
			if _, err := w.RecoveryCodes(bg, c); (err == nil) != tc.ok {
				t.Error(err)
			}
		})
	}
}

func TestC24_TimeIsThatOfTheProofsThatAreLeft(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	began := w.clock.Now()
	w.clock.Advance(5 * time.Minute)
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	left, err := w.Remove(bg, mfa.Caller{User: u, Authentication: f.Authentication}, a.id)
	if err != nil || !left.Time.Equal(began) || left.AAL() != mfa.AAL1 {
		t.Errorf("%v, AAL%d, %v", left.Time, left.AAL(), err)
	}
}

func TestC18_EnrollmentsAreBoundedAtTheirConfirmationToo(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	for range 17 { // with the recovery codes, 19
		w.enroll(w.session(u, a), mfa.Enroll{})
	}
	c := w.session(u, a)
	one, two := w.scan(c, mfa.Enroll{}), w.scan(c, mfa.Enroll{})
	if _, err := w.Activate(bg, c, one.id, mfa.Answer{Code: one.Code()}); err != nil {
		t.Fatal(err)
	}
	is(t, second(w.Activate(bg, c, two.id, mfa.Answer{Code: two.Code()})), mfa.ErrTooMany)
}

func TestC22_RenamesDoNotWashTheHistory(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	for i := range 100 {
		if _, err := w.Rename(bg, c, a.id, fmt.Sprintf("%060d", i)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := w.Activity(bg, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(list, func(x mfa.Activity) bool { return x.Type == mfa.EventEnrolled }) {
		t.Errorf("%d entries, and the enrolment is gone", len(list))
	}
}

func TestC22_FailuresInARowAreOneEntry(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	for range 8 {
		_, err := w.verify(w.signIn(u, from(1)), a.id, w.wrong(a), from(1))
		is(t, err, mfa.ErrNotValid)
		w.clock.Advance(20 * time.Minute)
	}
	list, err := w.Activity(bg, u.ID)
	if err != nil || list[0].Type != mfa.EventFailed || list[0].Count != 8 {
		t.Errorf("%+v, %v", list[0], err)
	}
}
