package mfa_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// signedIn is the user's newest sign-in that passed.
func (w *world) signedIn(u mfa.User) mfa.Activity {
	w.t.Helper()
	list, err := w.Activity(bg, u.ID)
	i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventFlowPassed })
	if err != nil || i < 0 {
		w.t.Fatalf("no sign-in in %v, %v", list, err)
	}
	return list[i]
}

// "This was not me": what was learned is unlearned, the browser is forgotten, and
// everybody is asked again, in the remembered browsers too.
func TestDisputedSignIn(t *testing.T) {
	s := telling(mfa.RiskLow)
	var known string
	s.say = func(_ mfa.Attempt, history string) (mfa.Assessment, error) {
		known = history
		return mfa.Assessment{Level: mfa.RiskLow}, nil
	}
	w := newWorld(t, withRisk(s), remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	home, thief := w.browser(u, 1), w.browser(u, 66)
	home.enter(a, true)
	w.clock.Advance(day)
	thief.enter(a, true) // with a code that was read out on the telephone
	stolen := w.signedIn(u)
	if stolen.IP != thief.IP {
		t.Fatalf("it came from %s", stolen.IP)
	}
	w.clock.Advance(day)
	mine := home.signIn()
	w.want(mine, nil, mfa.StatusPassed)
	waiting := thief.signIn()
	w.want(waiting, nil, mfa.StatusPassed)
	pending := w.signIn(u, from(66))
	w.want(pending, nil, mfa.StatusChallenge)
	if !strings.Contains(known, thief.IP.String()) {
		t.Fatalf("learned is %q", known)
	}
	c := home.session(mine)
	is(t, w.Feedback(bg, c, stolen.ID, mfa.NotMe), nil)

	for who, session := range map[string]mfa.Caller{"the thief's": thief.session(waiting), "the owner's": c} {
		misses(t, w.Satisfies(bg, session, mfa.Requirement{}), mfa.MissingSignIn)
		_ = who
	}
	_, err := w.verify(pending, a.id, a.Code(), from(66))
	is(t, err, mfa.ErrFlowExpired)
	w.want(thief.signIn(), nil, mfa.StatusChallenge)
	w.want(home.signIn(), nil, mfa.StatusChallenge)
	if strings.Contains(known, thief.IP.String()) || !strings.Contains(known, home.IP.String()) {
		t.Errorf("learned is %q", known)
	}
	taken := slices.DeleteFunc(slices.Clone(s.counted), func(d string) bool { return d != "-"+thief.IP.String() })
	if len(taken) != 2 { // the sign-in itself, and the one that its browser was let in for
		t.Errorf("counted %q", s.counted)
	}
	f := home.enter(a, false)
	devices, err := w.Devices(bg, home.session(f))
	is(t, err, nil)
	if slices.ContainsFunc(devices, func(d mfa.Device) bool { return d.IP == thief.IP }) {
		t.Errorf("its browser is still among %+v", devices)
	}
	list, err := w.Activity(bg, u.ID)
	is(t, err, nil)
	if i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.ID == stolen.ID }); i < 0 || list[i].Verdict != mfa.NotMe {
		t.Error("the activity does not say so")
	}

	// Once more is as good as once: nobody is signed out again.
	is(t, w.Feedback(bg, home.session(f), stolen.ID, mfa.NotMe), nil)
	is(t, w.Satisfies(bg, home.session(f), mfa.Requirement{}), nil)

	w.drain()
	told := w.events.ByType(mfa.EventVerdict)
	if len(told) != 1 || !told[0].Notice || told[0].Email != u.Email || told[0].Reason != "not_me" || told[0].Label != stolen.ID {
		t.Errorf("told %+v", told)
	}
	if passed := w.events.ByType(mfa.EventFlowPassed); !slices.ContainsFunc(passed, func(e mfa.Event) bool { return e.Activity == stolen.ID && e.Device != "" }) {
		t.Error("no event names the activity and the browser")
	}
}

// The notice of a new browser is disputed as well as the sign-in that it tells of.
func TestDisputedNewDevice(t *testing.T) {
	s := telling(mfa.RiskLow)
	w := newWorld(t, withRisk(s))
	u := person("ada")
	a := w.withApp(u)
	home, thief := w.browser(u, 1), w.browser(u, 66)
	thief.UserAgent = "Browser/66"
	home.enter(a, false)
	thief.enter(a, false)
	list, err := w.Activity(bg, u.ID)
	is(t, err, nil)
	i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventNewDevice })
	f := home.enter(a, false)
	is(t, w.Feedback(bg, home.session(f), list[i].ID, mfa.NotMe), nil)
	if got := s.counted[len(s.counted)-1]; got != "-"+thief.IP.String() {
		t.Errorf("unlearned is %q", got)
	}
	f = home.enter(a, false)
	devices, err := w.Devices(bg, home.session(f))
	is(t, err, nil)
	if slices.ContainsFunc(devices, func(d mfa.Device) bool { return d.IP == thief.IP }) {
		t.Errorf("its browser is still among %+v", devices)
	}
}

// Sign-ins that are counted together are judged together.
func TestVerdictOnSeveral(t *testing.T) {
	s := telling(mfa.RiskLow)
	w := newWorld(t, withRisk(s))
	u := person("ada")
	w.signIn(u, from(1))
	first := w.signedIn(u)
	f := w.signIn(u, from(1))
	both := w.signedIn(u)
	if both.ID != first.ID || both.Count != 2 {
		t.Fatalf("%+v after %+v", both, first)
	}
	is(t, w.Feedback(bg, mfa.Caller{User: u, Authentication: f.Authentication, Client: from(1)}, both.ID, mfa.NotMe), nil)
	if got := s.counted[len(s.counted)-1]; got != "-10.0.1.710.0.1.7" {
		t.Errorf("unlearned is %q", got)
	}
}

// A browser that is known, and not remembered, is named as well.
func TestKnownBrowserIsNamed(t *testing.T) {
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: s.Enrolled() && !s.Known}}
	}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.enter(a, false)
	w.want(b.signIn(), nil, mfa.StatusPassed)
	w.drain()
	named := map[string]int{}
	for _, e := range w.events.ByType(mfa.EventFlowPassed) { // in no order
		named[e.Device]++
	}
	if len(named) != 2 || named[""] != 1 { // that of the first sign-in, before anything was proved
		t.Errorf("sign-ins by browser: %v", named)
	}
}

// "It was me" is for the record: nothing is lowered by it, and nobody is signed out.
func TestVerdictWasMe(t *testing.T) {
	w := newWorld(t, withRisk(telling(mfa.RiskLow)))
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	id := w.signedIn(u).ID
	is(t, w.Feedback(bg, c, id, mfa.WasMe), nil)
	is(t, w.Satisfies(bg, c, mfa.Requirement{}), nil)
	w.drain()
	if told := w.events.ByType(mfa.EventVerdict); len(told) != 1 || told[0].Notice {
		t.Errorf("told %+v", told)
	}
}

// Support's verdict needs Config.Support, and says who gave it.
func TestVerdictBySupport(t *testing.T) {
	var asked []mfa.SupportRequest
	refuse := errors.New("too low a rank")
	w := newWorld(t, withRisk(telling(mfa.RiskLow)), func(c *mfa.Config) {
		c.Support = func(_ context.Context, r mfa.SupportRequest) error {
			asked = append(asked, r)
			if r.Actor == "trainee" {
				return refuse
			}
			return nil
		}
	})
	u := person("ada")
	w.withApp(u)
	id := w.signedIn(u).ID
	by := func(actor string) mfa.Caller { return mfa.Caller{User: u, Actor: actor, Reason: "called in"} }
	is(t, w.Feedback(bg, by("trainee"), id, mfa.NotMe), mfa.ErrSupport)
	is(t, w.Feedback(bg, by("trainee"), id, mfa.NotMe), refuse)
	is(t, w.Feedback(bg, by("sam"), id, mfa.NotMe), nil)
	if r := asked[len(asked)-1]; r.Act != mfa.SupportVerdict || r.User.ID != u.ID || r.Reason != "called in" {
		t.Errorf("asked was %+v", r)
	}
	w.drain()
	if told := w.events.ByType(mfa.EventVerdict); len(told) != 1 || told[0].Actor != "sam" || !told[0].Notice {
		t.Errorf("told %+v", told)
	}
	is(t, newWorld(t, func(c *mfa.Config) { c.Support = nil }).Feedback(bg, by("sam"), id, mfa.NotMe), mfa.ErrSupport)
}

// What is not theirs, or no sign-in, or from a session that is void, is refused and
// changes nothing.
func TestVerdictRefused(t *testing.T) {
	w := newWorld(t, withRisk(telling(mfa.RiskLow)), silent)
	u, other := person("ada"), person("bob")
	a := w.withApp(u)
	b := w.withApp(other)
	c := w.session(u, a)
	theirs := w.session(other, b)
	id := w.signedIn(u).ID
	list, err := w.Activity(bg, u.ID)
	is(t, err, nil)
	i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventEnrolled })
	before := value(t, w.store, u.ID).Version
	for name, row := range map[string]struct {
		c    mfa.Caller
		id   string
		v    mfa.Verdict
		want error
	}{
		"another's":    {theirs, id, mfa.NotMe, mfa.ErrNoActivity},
		"as another":   {mfa.Caller{User: u, Authentication: theirs.Authentication}, id, mfa.NotMe, mfa.ErrCaller},
		"no sign-in":   {c, list[i].ID, mfa.NotMe, mfa.ErrNoActivity},
		"made up":      {c, "aaaaaaaaaaaa", mfa.NotMe, mfa.ErrNoActivity},
		"empty":        {c, "", mfa.NotMe, mfa.ErrNoActivity},
		"no verdict":   {c, id, "", mfa.ErrBadInput},
		"another word": {c, id, "perhaps", mfa.ErrBadInput},
		"no session":   {mfa.Caller{User: u}, id, mfa.NotMe, mfa.ErrCaller},
	} {
		if err := w.Feedback(bg, row.c, row.id, row.v); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	if value(t, w.store, u.ID).Version != before {
		t.Error("something was written")
	}
	is(t, w.SignOutEverywhere(bg, u, mfa.Client{}), nil)
	misses(t, w.Feedback(bg, c, id, mfa.NotMe), mfa.MissingSignIn)
}
