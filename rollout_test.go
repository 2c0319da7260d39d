package mfa_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// granting is a policy that a test changes as it goes.
func granting(d *mfa.Decision) func(*mfa.Config) {
	return withPolicy(func(s mfa.Subject) mfa.Decision {
		out := *d
		if out.Grace.Left > 0 {
			out.Grace.Left = max(0, d.Grace.Left-s.Skips)
			out.Grace.Skip = out.Grace.Left > 0
		}
		return out
	})
}

func TestSkip_AsOftenAsThePolicyLetsAndNoMore(t *testing.T) {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Grace: mfa.Grace{Skip: true, Left: 2}, Support: "Call 1234"}
	w := newWorld(t, granting(&d))
	u := person("ada")
	for n := range 2 {
		f := w.signIn(u, from(1))
		if f.Status != mfa.StatusEnroll || !f.Grace.Skip || f.Grace.Left != 2-n || f.Support != "Call 1234" {
			t.Fatalf("sign-in %d: %s, %+v", n, f.Status, f.Grace)
		}
		// Signing in again gives nothing back, and neither does a look.
		if again := w.signIn(u, from(2)); again.Grace.Left != 2-n {
			t.Fatalf("%d left after another sign-in", again.Grace.Left)
		}
		out, err := w.Skip(bg, f.Token, from(1))
		w.want(out, err, mfa.StatusPassed)
		if out.Authentication.AAL() != mfa.AAL1 || out.DeviceToken != "" {
			t.Errorf("evidence %v, device %q", out.Authentication.AAL(), out.DeviceToken)
		}
		is(t, second(w.Skip(bg, f.Token, from(1))), mfa.ErrFlowExpired)
	}
	f := w.signIn(u, from(1))
	if f.Status != mfa.StatusEnroll || f.Grace.Skip {
		t.Fatalf("after the last: %s, %+v", f.Status, f.Grace)
	}
	is(t, second(w.Skip(bg, f.Token, from(1))), mfa.ErrEnrollmentRequired)
	w.enroll(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	w.drain()
	if got := w.events.ByType(mfa.EventSkipped); len(got) != 2 || got[0].Count+got[1].Count != 1+2 { // in no order
		t.Errorf("events %v", got)
	}
}

// Of two browsers that put off at one moment with one time left, one does.
func TestSkip_ParallelOnesAreCounted(t *testing.T) {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Grace: mfa.Grace{Skip: true, Left: 3}}
	w := newWorld(t, granting(&d))
	u := person("ada")
	var flows []mfa.Flow
	for i := range 8 {
		flows = append(flows, w.signIn(u, from(i)))
	}
	got := tallyOf(parallel(len(flows), func(i int) error { return second(w.Skip(bg, flows[i].Token, from(i))) }), nil, mfa.ErrEnrollmentRequired)
	if !slices.Equal(got, []int{3, 5, 0}) {
		t.Errorf("passed, refused, else: %v", got)
	}
}

func TestSkip_NeverPastWhatIsEnrolled(t *testing.T) {
	d := mfa.Decision{}
	w := newWorld(t, granting(&d))
	u := person("ada")
	a := w.withApp(u)
	// Something better is required, and may be put off: but not by a stranger.
	d = mfa.Decision{Require: mfa.Requirement{SecondFactor: true, PhishingResistant: true}, Grace: mfa.Grace{Skip: true}}
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusChallenge)
	if f.Grace.Skip {
		t.Error("is offered before anything is proved")
	}
	is(t, second(w.Skip(bg, f.Token, from(1))), mfa.ErrEnrollmentRequired)
	f, err := w.verify(f, a.id, a.Code(), from(1))
	w.want(f, err, mfa.StatusEnroll)
	f, err = w.Skip(bg, f.Token, from(1))
	w.want(f, err, mfa.StatusPassed)
	if f.Authentication.AAL() != mfa.AAL2 {
		t.Error("what was proved is lost")
	}
}

// Nobody in grace is locked out: not without an address, not without a method.
func TestSkip_GraceLetsInWhoeverCannotEnrol(t *testing.T) {
	for name, d := range map[string]mfa.Decision{
		"no address on file":  {FirstEnrollment: mfa.Requirement{Methods: []string{"email"}}},
		"nothing to enrol":    {Closed: true},
		"all forbidden":       {Forbidden: []string{"totp", "key", "email"}},
		"nothing good enough": {Require: mfa.Requirement{AAL: mfa.AAL3}},
	} {
		t.Run(name, func(t *testing.T) {
			d.Require.SecondFactor = true
			w := newWorld(t, granting(&d))
			u := mfa.User{ID: "ada"}
			w.want(w.signIn(u, from(1)), nil, mfa.StatusDenied)
			d.Grace.Skip = true
			f := w.signIn(u, from(1))
			w.want(f, nil, mfa.StatusEnroll)
			out, err := w.Skip(bg, f.Token, from(1))
			w.want(out, err, mfa.StatusPassed)
		})
	}
	t.Run("before a code to the address", func(t *testing.T) {
		d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, FirstEnrollment: mfa.Requirement{Methods: []string{"email"}}, Grace: mfa.Grace{Skip: true}}
		w := newWorld(t, granting(&d))
		f := w.signIn(person("ada"), from(1))
		if w.want(f, nil, mfa.StatusChallenge); !f.Grace.Skip {
			t.Fatal("cannot be put off")
		}
		out, err := w.Skip(bg, f.Token, from(1))
		w.want(out, err, mfa.StatusPassed)
	})
	t.Run("ended meanwhile", func(t *testing.T) {
		d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Grace: mfa.Grace{Skip: true}}
		w := newWorld(t, granting(&d))
		f := w.signIn(person("ada"), from(1))
		d.Grace.Skip = false
		is(t, second(w.Skip(bg, f.Token, from(1))), mfa.ErrEnrollmentRequired)
	})
}

func TestSubject_SaysWhenTheUserWasFirstAsked(t *testing.T) {
	var seen mfa.Subject
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		seen = s
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Grace: mfa.Grace{Skip: true}}
	}))
	u := person("ada")
	first := w.clock.Now()
	f := w.signIn(u, from(1))
	if !seen.FirstAsked.IsZero() || seen.Skips != 0 {
		t.Errorf("at first: %v, %d", seen.FirstAsked, seen.Skips)
	}
	_, _ = w.Skip(bg, f.Token, from(1))
	w.clock.Advance(40 * day)
	w.signIn(u, from(1))
	is(t, w.Reset(bg, mfa.Reset{User: u, Actor: "carol"}), nil)
	w.signIn(u, from(1))
	if !seen.FirstAsked.Equal(first.Truncate(time.Second)) || seen.Skips != 1 {
		t.Errorf("later: %v, %d; want %v, 1", seen.FirstAsked, seen.Skips, first)
	}
}

func TestAtLeast_TwoAreDemandedOnce(t *testing.T) {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, AtLeast: 2, Nudge: 3}
	w := newWorld(t, granting(&d))
	u := person("ada")
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusEnroll)
	a := w.enroll(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	if a.flow == nil || a.flow.Status != mfa.StatusEnroll {
		t.Fatalf("after the first: %+v", a.flow)
	}
	// One that signs in with the first is asked for the second, after having proved it.
	f = w.signIn(u, from(2))
	w.want(f, nil, mfa.StatusChallenge)
	f, err := w.verify(f, a.id, a.Code(), from(2))
	w.want(f, err, mfa.StatusEnroll)
	done := w.enrollKey(mfa.Caller{FlowToken: f.Token}, "k")
	if done.Flow.Status != mfa.StatusPassed || !done.Flow.Nudge {
		t.Fatalf("after the second: %+v", done.Flow)
	}
	w.next()
	if f := w.enter(u, a, from(1)); !f.Nudge {
		t.Error("no nudge for two of three")
	}
	d.Nudge = 2
	if f := w.enter(u, a, from(1)); f.Nudge {
		t.Error("a nudge for two of two")
	}
	// Where nothing more can be enrolled, more cannot be asked.
	d.AtLeast, d.Closed = 5, true
	w.enter(u, a, from(1))
	// It may be put off where the policy says so.
	d.Closed, d.Grace.Skip = false, true
	f = w.signIn(u, from(1))
	f, err = w.verify(f, a.id, a.Code(), from(1))
	if w.want(f, err, mfa.StatusEnroll); !f.Grace.Skip {
		t.Error("cannot be put off")
	}
}

func TestPrerequisites_OneBesideAnother(t *testing.T) {
	d := mfa.Decision{Prerequisites: map[string][]string{"key": {"totp"}}}
	w := newWorld(t, granting(&d))
	u := person("ada")
	c := mfa.Caller{User: u, Authentication: w.signIn(u, from(1)).Authentication}
	is(t, second(w.Enroll(bg, c, mfa.Enroll{Method: "key"})), mfa.ErrMethodNotAllowed)
	a := w.withApp(u)
	d.Require.SecondFactor = true
	k := w.enrollKey(w.session(u, a), "k")
	// The app cannot go while the key stays.
	is(t, second(w.Remove(bg, w.session(u, a), a.id)), mfa.ErrEnrollmentRequired)
	is(t, second(w.Remove(bg, w.session(u, a), k.Enrollment.ID)), nil)
	s := w.session(u, a)
	d.Require.SecondFactor = false
	is(t, second(w.Remove(bg, s, a.id)), nil)
}

func TestMethods_SuggestedFirstAndForbiddenNever(t *testing.T) {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Suggested: []string{"key"}, Forbidden: []string{"email"}}
	w := newWorld(t, granting(&d))
	u := person("ada")
	if f := w.signIn(u, from(1)); !slices.Equal(f.Methods, []string{"key", "totp"}) {
		t.Errorf("methods %v", f.Methods)
	}
	a := w.withApp(u)
	w.enrollKey(w.session(u, a), "k")
	if f := w.signIn(u, from(1)); !slices.Equal(methods(f.Options), []string{"key", "totp", "recovery"}) {
		t.Errorf("options %v", methods(f.Options))
	}
	d.Forbidden = []string{"key"}
	if f := w.signIn(u, from(1)); slices.Contains(methods(f.Options), "key") {
		t.Errorf("options %v", methods(f.Options))
	}
	// Who has only what is forbidden now proves it, and enrols something else.
	d.Forbidden = []string{"totp"}
	v := person("bob")
	d.Forbidden = nil
	o := w.withApp(v)
	d.Forbidden = []string{"totp", "recovery"}
	f := w.signIn(v, from(1))
	w.want(f, nil, mfa.StatusChallenge)
	f, err := w.verify(f, o.id, o.Code(), from(1))
	if w.want(f, err, mfa.StatusEnroll); slices.Contains(f.Methods, "totp") {
		t.Errorf("methods %v", f.Methods)
	}
}

func TestService_KeptOut(t *testing.T) {
	d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
	w := newWorld(t, granting(&d))
	robot := mfa.User{ID: "robot", Kind: mfa.Service}
	first := func(f mfa.First) (mfa.Flow, error) {
		return w.SignIn(bg, mfa.SignIn{User: robot, First: f, Client: from(1)})
	}
	f, err := first(mfa.ClientCredentials)
	if w.want(f, err, mfa.StatusDenied); f.Reason != mfa.ReasonService {
		t.Errorf("reason %q", f.Reason)
	}
	d.Exempt = true
	f, err = first(mfa.ClientCredentials)
	w.want(f, err, mfa.StatusPassed)
	c := mfa.Caller{User: robot, Authentication: f.Authentication, Client: from(1)}
	is(t, second(w.Enroll(bg, c, mfa.Enroll{Method: "totp"})), mfa.ErrMethodNotAllowed)
	w.want(second2(first(mfa.Password)), nil, mfa.StatusPassed)
	// Being exempt is for programs alone.
	w.want(w.signIn(person("ada"), from(1)), nil, mfa.StatusEnroll)
	w.drain()
	if got := w.events.ByType(mfa.EventServiceInteractive); len(got) != 1 || got[0].User != "robot" || !got[0].Notice || got[0].IP != netip.MustParseAddr("10.0.1.7") {
		t.Errorf("events %v", got)
	}
	// Also where there is no policy.
	x := newWorld(t)
	f, err = x.SignIn(bg, mfa.SignIn{User: robot, First: mfa.ClientCredentials})
	x.want(f, err, mfa.StatusDenied)
}

func second2(f mfa.Flow, err error) mfa.Flow {
	if err != nil {
		panic(err)
	}
	return f
}

func TestForesee_SaysWhatASignInMeets(t *testing.T) {
	var at time.Time
	p := policyFunc(func(s mfa.Subject) mfa.Decision {
		d := mfa.Decision{Phase: "off"}
		if !s.Now.Before(at) {
			d = mfa.Decision{Phase: "on", Require: mfa.Requirement{SecondFactor: true}, Methods: []string{"email", "totp", "recovery"}}
		}
		if s.User.Attributes["mail only"] != "" {
			d.Methods = []string{"email"}
		}
		if s.User.Attributes["grace"] != "" {
			d.Grace.Skip = true
		}
		return d
	})
	w := newWorld(t, silent)
	at = w.clock.Now().Add(day)
	has := person("has")
	w.withApp(has)
	before := value(t, w.store, "has")
	for _, c := range []struct {
		user             mfa.User
		status           mfa.Status
		enroll, out, may bool
	}{
		{has, mfa.StatusChallenge, false, false, false},
		{person("new"), mfa.StatusEnroll, true, false, false},
		{mfa.User{ID: "nomail", Attributes: map[string]string{"mail only": "1"}}, mfa.StatusEnroll, true, true, false},
		{mfa.User{ID: "mail", Email: "a@example.com", Attributes: map[string]string{"mail only": "1"}}, mfa.StatusEnroll, true, false, false},
		{mfa.User{ID: "grace", Attributes: map[string]string{"mail only": "1", "grace": "1"}}, mfa.StatusEnroll, true, false, true},
		{mfa.User{ID: "robot", Kind: mfa.Service}, mfa.StatusDenied, false, true, false},
	} {
		got, err := w.Foresee(bg, c.user, from(1), p, at.Add(-time.Hour), at, at.Add(time.Hour))
		if err != nil || len(got) != 3 {
			t.Fatalf("%s: %v, %v", c.user.ID, got, err)
		}
		if c.user.Kind == mfa.Person && (got[0].Status != mfa.StatusPassed || got[0].Decision.Phase != "off") {
			t.Errorf("%s before: %+v", c.user.ID, got[0])
		}
		for _, o := range got[1:] {
			if o.Status != c.status || o.Enroll != c.enroll || o.LockedOut() != c.out || o.MaySkip != c.may || o.Decision.Phase != "on" && c.user.Kind == mfa.Person {
				t.Errorf("%s: %+v, locked out %t", c.user.ID, o, o.LockedOut())
			}
		}
	}
	if after := value(t, w.store, "has"); after.Version != before.Version {
		t.Error("something was written")
	}
	if w.mail.count() != 0 {
		t.Error("something was sent")
	}
}

// Whoever was mailed a link has shown to read the mail: a first enrolment asks for
// no code to the same mailbox, which that channel could not give.
func TestFirstEnrollment_TheMailboxThatWasTheFirstFactorCounts(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, FirstEnrollment: mfa.Requirement{Methods: []string{"email"}}}
	}))
	for first, want := range map[mfa.First]mfa.Status{
		mfa.EmailLink: mfa.StatusEnroll, mfa.EmailReset: mfa.StatusEnroll, mfa.Password: mfa.StatusChallenge, mfa.SMSReset: mfa.StatusChallenge,
	} {
		f, err := w.SignIn(bg, mfa.SignIn{User: person("ada"), First: first, Client: from(1)})
		if err != nil || f.Status != want {
			t.Errorf("%s: %s, %v", first, f.Status, err)
		}
	}
}

// An address on file that counts as enrolled is a way in: when it changes, the old and
// the new one are told, and remembered browsers are asked.
func TestC21_AnAddressThatCountsIsNotChangedInSilence(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}, Remember: mfa.Remember{For: 30 * day}}
	}))
	u := person("ada")
	b := w.browser(u, 1)
	f := b.signIn()
	id := option(t, f, "email")
	is(t, second(w.Challenge(bg, f.Token, id, b.Client)), nil)
	out, err := w.Verify(bg, f.Token, mfa.Answer{Option: id, Code: w.mail.last().code, Remember: true}, b.Client)
	w.want(out, err, mfa.StatusPassed)
	b.keep(out)
	w.want(b.signIn(), nil, mfa.StatusPassed)
	b.u.Email = "new@example.com"
	w.want(b.signIn(), nil, mfa.StatusChallenge)
	ev := w.told(mfa.EventReplaced, 1)
	if !ev.Notice || ev.Email != "new@example.com" || len(ev.Also) != 1 || ev.Also[0] != "ada@example.com" || ev.OldHint == ev.Hint {
		t.Errorf("%+v", ev)
	}
	b.signIn()
	w.drain()
	if n := len(w.events.ByType(mfa.EventReplaced)); n != 1 {
		t.Errorf("told %d times", n)
	}
}
