package mfa_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// replaceApp puts another app in the place of the one that there is.
func (w *world) replaceApp(c mfa.Caller) {
	w.t.Helper()
	list, err := w.Enrollments(bg, c.User.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	w.enroll(c, mfa.Enroll{Replaces: list[0].ID})
}

// patient requires a second factor, and grants a delayed reset after three days.
func patient(mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, DelayedReset: 72 * time.Hour, Remember: mfa.Remember{For: 30 * day}}
}

// told waits for the nth event of a kind.
func (w *world) told(kind mfa.EventType, n int) mfa.Event {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(bg, time.Minute) // of a test that fails
	defer cancel()
	list, err := w.events.Await(ctx, kind, n)
	if err != nil {
		w.t.Fatalf("%d of %s: %v", n, kind, err)
	}
	return list[n-1]
}

// linkOf is the link in the mail about the nth event of a kind.
func (w *world) linkOf(kind mfa.EventType, n int) string {
	w.t.Helper()
	token, err := w.LinkToken(w.told(kind, n))
	if err != nil || token == "" {
		w.t.Fatalf("link of %s: %q, %v", kind, token, err)
	}
	return token
}

// robbed is a user who has an app, and somebody at their password.
func robbed(t *testing.T) (*world, mfa.User, *app, *browser, mfa.ResetRequest) {
	t.Helper()
	w := newWorld(t, withPolicy(patient))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	f := b.signIn()
	if f.Reset == nil || f.Reset.Wait != 72*time.Hour || !f.Reset.Ready.IsZero() {
		t.Fatalf("offer %+v", f.Reset)
	}
	r, err := w.RequestReset(bg, f.Token, b.Client)
	if err != nil || r.Ticket == "" || !r.Ready.Equal(w.clock.Now().Add(72*time.Hour).Truncate(time.Second)) {
		t.Fatalf("request %+v, %v", r, err)
	}
	return w, u, a, b, r
}

func TestReset_AfterItsTimeWithEverythingThatItTakes(t *testing.T) {
	w, u, a, b, r := robbed(t)
	ev := w.told(mfa.EventResetRequested, 1)
	if !ev.Notice || ev.Email != u.Email || !ev.Until.Equal(r.Ready) {
		t.Errorf("notice %+v", ev.Until)
	}
	// Before its time there is no mail that leads on, however often it is asked for.
	f := b.signIn()
	if f.Reset == nil || !f.Reset.Ready.Equal(r.Ready) {
		t.Errorf("offer %+v", f.Reset)
	}
	if again, err := w.RequestReset(bg, f.Token, b.Client); err != nil || again.Ticket != "" || !again.Ready.Equal(r.Ready) {
		t.Errorf("asked for again: %+v, %v", again, err)
	}
	is(t, w.ResetDue(bg, u), nil)

	w.clock.Advance(72*time.Hour + time.Second)
	is(t, w.ResetDue(bg, u), nil)
	is(t, w.ResetDue(bg, u), nil) // told once
	link := w.linkOf(mfa.EventResetReady, 1)
	f = b.signIn()
	out, err := w.ClaimReset(bg, f.Token, link, r.Ticket, b.Client)
	w.want(out, err, mfa.StatusEnroll)
	if out.Token == f.Token || slices.Contains(out.Methods, "email") {
		t.Errorf("methods %v", out.Methods)
	}
	is(t, second(w.Flow(bg, f.Token)), mfa.ErrFlowExpired)
	n := w.enroll(mfa.Caller{FlowToken: out.Token}, mfa.Enroll{})
	w.want(*n.flow, nil, mfa.StatusPassed)
	// What was lost is worth nothing, and it cannot be claimed again.
	f = b.signIn()
	is(t, second(w.verify(f, a.id, a.Code(), b.Client)), mfa.ErrNoOption)
	is(t, second(w.ClaimReset(bg, f.Token, link, r.Ticket, b.Client)), mfa.ErrNotValid)
	if ev := w.told(mfa.EventReset, 1); ev.Reason != "delayed_reset" || ev.Count != 1 {
		t.Errorf("%+v", ev.Reason)
	}
	if len(w.events.ByType(mfa.EventResetReady)) != 1 {
		t.Error("was told more than once")
	}
}

// A27, C30: each part is needed, and of this user, this request and this browser.
func TestC30_ResetIsClaimedWithAllOfItsParts(t *testing.T) {
	w, u, _, b, r := robbed(t)
	requested := w.linkOf(mfa.EventResetRequested, 1)
	w.clock.Advance(72 * time.Hour)
	is(t, w.ResetDue(bg, u), nil)
	link := w.linkOf(mfa.EventResetReady, 1)
	eve := person("eve")
	w.withApp(eve)
	theirs := w.signIn(eve, from(3))
	reset, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.EmailReset, Client: b.Client})
	is(t, err, nil)
	mine := b.signIn()
	for name, c := range map[string]struct {
		token, link, ticket string
		want                error
	}{
		"no link":               {mine.Token, "", r.Ticket, mfa.ErrNotValid},
		"another mail's link":   {mine.Token, requested, r.Ticket, mfa.ErrNotValid},
		"half a link":           {mine.Token, link[:len(link)/2], r.Ticket, mfa.ErrNotValid},
		"no ticket":             {mine.Token, link, "", mfa.ErrNotValid},
		"another ticket":        {mine.Token, link, r.Ticket[1:] + "A", mfa.ErrNotValid},
		"a very long ticket":    {mine.Token, link, strings.Repeat("A", 5000), mfa.ErrNotValid},
		"another user's flow":   {theirs.Token, link, r.Ticket, mfa.ErrNotValid},
		"no flow":               {"", link, r.Ticket, mfa.ErrNoFlow},
		"first by mail as well": {reset.Token, link, r.Ticket, mfa.ErrMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			is(t, second(w.ClaimReset(bg, c.token, c.link, c.ticket, b.Client)), c.want)
		})
	}
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 2 {
		t.Fatalf("%d enrollments left", len(list))
	}
	// It is still good, for a while.
	w.clock.Advance(25 * time.Hour)
	is(t, second(w.ClaimReset(bg, b.signIn().Token, link, r.Ticket, b.Client)), mfa.ErrNotValid)
	_, err = w.RequestReset(bg, b.signIn().Token, b.Client) // the link has expired: another mail
	is(t, err, nil)
	link = w.linkOf(mfa.EventResetReady, 2)
	out, err := w.ClaimReset(bg, b.signIn().Token, link, r.Ticket, b.Client)
	w.want(out, err, mfa.StatusEnroll)
}

func TestReset_ParallelClaimsGiveOne(t *testing.T) {
	w, u, _, b, r := robbed(t)
	w.clock.Advance(72 * time.Hour)
	is(t, w.ResetDue(bg, u), nil)
	link := w.linkOf(mfa.EventResetReady, 1)
	var flows []mfa.Flow
	for range 8 {
		flows = append(flows, b.signIn())
	}
	got := tallyOf(parallel(8, func(i int) error { return second(w.ClaimReset(bg, flows[i].Token, link, r.Ticket, b.Client)) }), nil, mfa.ErrFlowExpired)
	if got[0] != 1 || got[2] != 0 {
		t.Errorf("claimed, expired, else: %v", got)
	}
}

func TestReset_TheOwnerCancels(t *testing.T) {
	for name, cancel := range map[string]func(t *testing.T, w *world, u mfa.User, a *app){
		"by the mail's link": func(t *testing.T, w *world, u mfa.User, _ *app) {
			link := w.linkOf(mfa.EventResetRequested, 1)
			if kind, err := w.LinkEvent(link); kind != mfa.EventResetRequested || err != nil {
				t.Errorf("%s, %v", kind, err)
			}
			if user, err := w.Repudiate(bg, link, from(2)); user != u.ID || err != nil {
				t.Errorf("%q, %v", user, err)
			}
			is(t, second(w.Repudiate(bg, link, from(2))), mfa.ErrNotValid)
		},
		"by signing in": func(_ *testing.T, w *world, u mfa.User, a *app) { w.enter(u, a, from(2)) },
		"by a recovery code": func(t *testing.T, w *world, u mfa.User, a *app) {
			f := w.signIn(u, from(2))
			out, err := w.verify(f, option(t, f, "recovery"), a.codes[0], from(2))
			w.want(out, err, mfa.StatusPassed)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, u, a, b, r := robbed(t)
			cancel(t, w, u, a)
			w.told(mfa.EventResetCanceled, 1)
			w.clock.Advance(time.Hour)
			_, err := w.RequestReset(bg, b.signIn().Token, b.Client)
			is(t, err, mfa.ErrSendLimit)
			w.clock.Advance(80 * time.Hour)
			is(t, w.ResetDue(bg, u), nil)
			if n := len(w.events.ByType(mfa.EventResetReady)); n != 0 {
				t.Errorf("%d mails that lead on", n)
			}
			if again, err := w.RequestReset(bg, b.signIn().Token, b.Client); err != nil || again.Ticket == "" || again.Ticket == r.Ticket {
				t.Errorf("another: %v", err)
			}
		})
	}
	t.Run("in a remembered browser, which is asked", func(t *testing.T) {
		w := newWorld(t, withPolicy(patient))
		u := person("ada")
		a := w.withApp(u)
		home := w.browser(u, 2)
		home.enter(a, true)
		w.want(home.signIn(), nil, mfa.StatusPassed)
		_, err := w.RequestReset(bg, w.signIn(u, from(1)).Token, from(1))
		is(t, err, nil)
		home.enter(a, false)
		w.told(mfa.EventResetCanceled, 1)
		w.want(home.signIn(), nil, mfa.StatusPassed)
	})
	t.Run("by another address on file", func(t *testing.T) {
		w, u, _, b, r := robbed(t)
		w.clock.Advance(72 * time.Hour)
		is(t, w.ResetDue(bg, u), nil)
		link := w.linkOf(mfa.EventResetReady, 1)
		moved := u
		moved.Email = "eve@example.com"
		w.signIn(moved, from(2))
		w.told(mfa.EventResetCanceled, 1)
		is(t, second(w.ClaimReset(bg, b.signIn().Token, link, r.Ticket, b.Client)), mfa.ErrNotValid)
	})
	for name, change := range map[string]func(w *world, u mfa.User, c mfa.Caller){
		"by a changed password": func(w *world, u mfa.User, _ mfa.Caller) {
			is(t, second(w.PasswordChanged(bg, mfa.Caller{User: u})), nil)
		},
		"by signing out everywhere": func(w *world, u mfa.User, _ mfa.Caller) { is(t, w.SignOutEverywhere(bg, u, mfa.Client{}), nil) },
		"by support, who gives out a code": func(w *world, u mfa.User, _ mfa.Caller) {
			is(t, third(w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol"})), nil)
		},
		"by a new factor":   func(w *world, _ mfa.User, c mfa.Caller) { w.enrollKey(c, "k") },
		"by new codes":      func(w *world, _ mfa.User, c mfa.Caller) { is(t, second(w.RecoveryCodes(bg, c)), nil) },
		"by a replaced app": func(w *world, u mfa.User, c mfa.Caller) { w.replaceApp(c) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withPolicy(patient))
			u := person("ada")
			c := w.session(u, w.withApp(u))
			_, err := w.RequestReset(bg, w.signIn(u, from(1)).Token, from(1))
			is(t, err, nil)
			change(w, u, c)
			w.told(mfa.EventResetCanceled, 1)
		})
	}
	t.Run("by a session from before", func(t *testing.T) {
		w := newWorld(t, withPolicy(patient))
		u := person("ada")
		a := w.withApp(u)
		c := w.session(u, a)
		_, err := w.RequestReset(bg, w.signIn(u, from(1)).Token, from(1))
		is(t, err, nil)
		weak := c
		weak.Authentication.Proofs = c.Authentication.Proofs[:1]
		misses(t, w.CancelReset(bg, weak), mfa.MissingSecondFactor)
		is(t, w.CancelReset(bg, c), nil)
		w.told(mfa.EventResetCanceled, 1)
		is(t, w.CancelReset(bg, c), nil) // there is none any more
	})
}

func TestReset_OnlyWhereItIsGranted(t *testing.T) {
	granted := patient(mfa.Subject{})
	for name, c := range map[string]struct {
		d     mfa.Decision
		u     mfa.User
		first mfa.First
		app   bool
	}{
		"not granted":       {mfa.Decision{Require: granted.Require}, person("a"), mfa.Password, true},
		"not verified":      {granted, mfa.User{ID: "h", Email: "h@example.com"}, mfa.Password, true},
		"nothing enrolled":  {granted, person("b"), mfa.Password, false},
		"no address":        {granted, mfa.User{ID: "c"}, mfa.Password, true},
		"first by mail":     {granted, person("d"), mfa.EmailLink, true},
		"password by mail":  {granted, person("e"), mfa.EmailReset, true},
		"an invitation":     {granted, person("f"), mfa.DirectorySync, true},
		"password by phone": {granted, person("g"), mfa.SMSReset, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision { return c.d }))
			if c.app {
				w.withApp(c.u)
			}
			f, err := w.SignIn(bg, mfa.SignIn{User: c.u, First: c.first, Client: from(1)})
			is(t, err, nil)
			if f.Reset != nil {
				t.Error("is offered")
			}
			is(t, second(w.RequestReset(bg, f.Token, from(1))), mfa.ErrMethodNotAllowed)
		})
	}
	t.Run("a wait of a minute is a day", func(t *testing.T) {
		d := granted
		d.DelayedReset = time.Minute
		w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision { return d }))
		w.withApp(person("ada"))
		r, err := w.RequestReset(bg, w.signIn(person("ada"), from(1)).Token, from(1))
		if err != nil || r.Ready.Sub(w.clock.Now()) < 23*time.Hour {
			t.Errorf("%v, %v", r.Ready, err)
		}
	})
	t.Run("a flow that is denied is where it is needed", func(t *testing.T) {
		w := newWorld(t, withPolicy(patient))
		u := person("ada")
		a := w.withApp(u)
		w.disable(u, a.id, func() string { return w.wrong(a) })
		f := w.signIn(u, from(1))
		if f.Reset == nil {
			t.Fatalf("%s: no offer", f.Status)
		}
		is(t, second(w.RequestReset(bg, f.Token, from(1))), nil)
	})
}

// A first enrolment by somebody who has the password alone is undone by the mail.
func TestUndo_TheFirstEnrolment(t *testing.T) {
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision { return mfa.AskEnrolled(s) }))
	u := person("ada")
	a := w.withApp(u)
	link := w.linkOf(mfa.EventEnrolled, 1)
	thief := w.browser(u, 1)
	c := thief.session(thief.enter(a, false))
	w.enrollKey(c, "k") // and more, while they are at it
	if token, err := w.LinkToken(w.told(mfa.EventEnrolled, 2)); token != "" || err != nil {
		t.Error("the second enrolment can be undone by whoever reads the mail")
	}
	owner := from(2)
	if user, err := w.Repudiate(bg, link, owner); user != u.ID || err != nil {
		t.Fatalf("%q, %v", user, err)
	}
	misses(t, w.Satisfies(bg, c, mfa.Requirement{}), mfa.MissingSignIn)
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
	ev := w.told(mfa.EventUndone, 1)
	if !ev.Notice || ev.Email != u.Email || ev.Count != 2 || ev.IP != owner.IP {
		t.Errorf("%+v", ev)
	}
	is(t, second(w.Repudiate(bg, link, owner)), mfa.ErrNotValid)
	t.Run("whatever became of it", func(t *testing.T) {
		w := newWorld(t)
		thief := w.withApp(u)
		link := w.linkOf(mfa.EventEnrolled, 1)
		w.enroll(w.session(u, thief), mfa.Enroll{Replaces: thief.id})
		if user, err := w.Repudiate(bg, link, owner); user != u.ID || err != nil {
			t.Fatalf("%q, %v", user, err)
		}
		if list, _ := w.Enrollments(bg, u.ID); len(list) != 0 {
			t.Errorf("left: %v", list)
		}
	})
	t.Run("in time", func(t *testing.T) {
		w := newWorld(t)
		w.withApp(u)
		link := w.linkOf(mfa.EventEnrolled, 1)
		w.clock.Advance(72 * time.Hour)
		is(t, second(w.Repudiate(bg, link, owner)), mfa.ErrNotValid)
		is(t, second(w.LinkEvent(link)), mfa.ErrNotValid)
	})
	t.Run("made up", func(t *testing.T) {
		for _, s := range []string{"", "AAAA", strings.Repeat("A", 200), link + "A", strings.Repeat("A", 5000)} {
			is(t, second(w.Repudiate(bg, s, owner)), mfa.ErrNotValid)
		}
	})
}

// L08: a code from support is short-lived, good once, for its owner alone.
func TestL08_CodeFromSupport(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	w.withApp(u)
	ask := mfa.Bypass{User: u, Actor: "carol", Reason: "lost phone", Lifetime: time.Hour}
	code, until, err := w.IssueBypass(bg, ask)
	if err != nil || len(code) != 14 || !until.Equal(w.clock.Now().Add(time.Hour).Truncate(time.Second)) {
		t.Fatalf("%d characters until %v, %v", len(code), until, err)
	}
	if ev := w.told(mfa.EventBypassIssued, 1); !ev.Notice || ev.Actor != "carol" || ev.Reason != "lost phone" || !ev.Until.Equal(until) || strings.Contains(fmt.Sprintf("%#v", ev), code) {
		t.Errorf("%+v", ev)
	}
	// It is nobody else's.
	eve := person("eve")
	o := w.withApp(eve)
	f := w.signIn(eve, from(3))
	if slices.Contains(methods(f.Options), "bypass") {
		t.Error("is offered to another user")
	}
	is(t, second(w.verify(f, o.id, code, from(3))), mfa.ErrBadInput)

	f = w.signIn(u, from(1))
	id := option(t, f, "bypass")
	for _, wrong := range []string{"0000-0000-0000", "", "123456", strings.Repeat("9", 12)} {
		if _, err := w.verify(f, id, wrong, from(1)); err == nil {
			t.Fatalf("%q is accepted", wrong)
		}
	}
	got := tallyOf(parallel(20, func(int) error {
		out, err := w.verify(f, id, strings.ToLower(strings.ReplaceAll(code, "-", " ")), from(1))
		if err == nil {
			if out.Status != mfa.StatusPassed || out.Authentication.AAL() != mfa.AAL2 {
				t.Errorf("%s at %d", out.Status, out.Authentication.AAL())
			}
		}
		return err
	}), nil, mfa.ErrFlowExpired)
	if got[0] != 1 || got[2] != 0 {
		t.Fatalf("passed, expired, else: %v", got)
	}
	w.told(mfa.EventBypassUsed, 1)
	if f := w.signIn(u, from(1)); slices.Contains(methods(f.Options), "bypass") {
		t.Error("is offered again")
	}
	if list, _ := w.Enrollments(bg, u.ID); slices.ContainsFunc(list, func(r mfa.Enrollment) bool { return r.Method == "bypass" }) {
		t.Error("is listed")
	}
}

func TestL08_CodeFromSupportAndTime(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	a := w.withApp(u)
	for d, want := range map[time.Duration]error{0: nil, time.Minute: nil, 24 * time.Hour: nil, 24*time.Hour + 1: mfa.ErrBadInput, time.Second: mfa.ErrBadInput, -1: mfa.ErrBadInput} {
		_, _, err := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol", Lifetime: d})
		if err != want && want == nil {
			t.Errorf("%v: %v", d, err)
		}
		is(t, err, want)
	}
	old, _, _ := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol"})
	is(t, third(w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol"})), nil)
	f := w.signIn(u, from(1))
	is(t, second(w.verify(f, option(t, f, "bypass"), old, from(1))), mfa.ErrNotValid) // replaced
	w.clock.Advance(time.Hour)
	f = w.signIn(u, from(1))
	if slices.Contains(methods(f.Options), "bypass") {
		t.Error("is offered after its time")
	}
	// Who has come in by one enrols something new, and nothing more than that is skipped.
	code, _, err := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "carol"})
	is(t, err, nil)
	f = w.signIn(u, from(1))
	out, err := w.verify(f, option(t, f, "bypass"), code, from(1))
	w.want(out, err, mfa.StatusPassed)
	c := mfa.Caller{User: u, Authentication: out.Authentication, Client: from(1)}
	n := w.enroll(c, mfa.Enroll{Replaces: a.id})
	w.enter(u, n, from(1))
	// Not where there is nothing that it could stand in for.
	_, _, err = w.IssueBypass(bg, mfa.Bypass{User: person("new"), Actor: "carol"})
	is(t, err, mfa.ErrEnrollmentRequired)
}

// A80: what support may do is the host's to say, and nothing by itself.
func TestA80_SupportAsksTheHost(t *testing.T) {
	var asked []mfa.SupportRequest
	refuse := fmt.Errorf("an admin may not touch the owner")
	var answer error
	w := newWorld(t, func(c *mfa.Config) {
		c.Support = func(_ context.Context, r mfa.SupportRequest) error {
			asked = append(asked, r)
			return answer
		}
	})
	u := person("boss")
	a := w.withApp(u)
	f := w.signIn(u, from(1))
	out, err := w.verify(f, a.id, a.Code(), from(1))
	w.want(out, err, mfa.StatusPassed)
	acts := map[mfa.SupportAct]func(*world) error{
		mfa.SupportReset: func(w *world) error {
			return w.Reset(bg, mfa.Reset{User: u, Actor: "dave", Reason: "r", Client: from(5)})
		},
		mfa.SupportBypass: func(w *world) error {
			_, _, err := w.IssueBypass(bg, mfa.Bypass{User: u, Actor: "dave", Reason: "r", Client: from(5)})
			return err
		},
		mfa.SupportReplace: func(w *world) error {
			return second(w.Enroll(bg, mfa.Caller{User: u, Actor: "dave", Reason: "r", Client: from(5)}, mfa.Enroll{Method: "totp", Replaces: a.id}))
		},
	}
	none := w.twin(func(c *mfa.Config) { c.Support = nil })
	for act, do := range acts {
		answer = refuse
		err := do(w)
		is(t, err, mfa.ErrSupport)
		is(t, err, refuse)
		last := asked[len(asked)-1]
		if last.Act != act || last.Actor != "dave" || last.Reason != "r" || last.User.ID != u.ID || last.Client.IP != from(5).IP {
			t.Errorf("%s: asked %+v", act, last)
		}
		is(t, do(none), mfa.ErrSupport)
	}
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 2 {
		t.Errorf("%d enrollments are left", len(list))
	}
	// A user's own request is none of support's business.
	n := len(asked)
	w.next()
	w.enroll(mfa.Caller{User: u, Authentication: out.Authentication, Client: from(1)}, mfa.Enroll{Replaces: a.id})
	if len(asked) != n {
		t.Error("was asked about the user themselves")
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

// A loud factor tells by a sender that panics.
type loud struct{ mailFactor }

func (f loud) Tell(r mfa.TellRequest) (out []mfa.Delivery) {
	for _, e := range r.Enrollments {
		d := f.step(string(e.State), "warning").Delivery
		d.Known, d.Sender = true, loudSender{}
		out = append(out, *d)
	}
	return out
}

type loudSender struct{}

func (loudSender) Send(context.Context, mfa.Message) (string, error) { panic("ada@example.com") }

// What a host brings may panic in work that goes on after the answer, where none of
// the host's own handlers catches it: the process lives, and the log says where it was.
func TestAPanicAfterTheAnswerEndsNothing(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, withPolicy(patient), func(c *mfa.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
		for i, f := range c.Factors {
			if m, ok := f.(mailFactor); ok {
				c.Factors[i] = loud{m}
			}
		}
	})
	u := person("ada")
	f := w.signIn(u, from(1))
	c := mfa.Caller{FlowToken: f.Token}
	e, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	is(t, err, nil)
	_, err = w.Activate(bg, c, e.ID, mfa.Answer{Code: w.mail.last().code})
	is(t, err, nil)
	w.clock.Advance(time.Hour)
	f = w.signIn(u, from(2))
	is(t, second(w.RequestReset(bg, f.Token, from(2))), nil)
	w.drain()
	if text := log.String(); !strings.Contains(text, "panicked") || !strings.Contains(text, "tellByFactors") || strings.Contains(text, "ada@") {
		t.Errorf("logged: %q", text)
	}
}
