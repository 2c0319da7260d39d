package mfa_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// supporter is support, who acts for a user.
func supporter(u mfa.User) mfa.Caller {
	c := mfa.Caller{User: u, Actor: "agent 7", Reason: "lost phone", Client: from(99)}
	c.Client.App = "desk"
	return c
}

// Support puts another number, or another address, in the place of one, which
// works until the new one is confirmed. What is told names who did it, and why.
func TestC11_C19_O08_SupportChangesADestination(t *testing.T) {
	for method, way := range map[string]struct {
		old, new mfa.EnrollParams
		code     func(w *textWorld) string
	}{
		"sms":   {mfa.EnrollParams{Phone: fresh()}, mfa.EnrollParams{Phone: fresh()}, func(w *textWorld) string { return w.tower.code() }},
		"email": {mfa.EnrollParams{Email: "old@example.com"}, mfa.EnrollParams{Email: "new@example.com"}, func(w *textWorld) string { return w.mail.last().code }},
	} {
		t.Run(method, func(t *testing.T) {
			w := newTextWorld(t, nil)
			u := person("u")
			c := w.password(u)
			p, err := w.Enroll(bg, c, mfa.Enroll{Method: method, Label: "Mine", Params: way.old})
			is(t, err, nil)
			first, err := w.Activate(bg, c, p.ID, mfa.Answer{Code: way.code(w)})
			is(t, err, nil)
			w.clock.Advance(time.Hour)
			signIn := func(id string) mfa.Authentication {
				t.Helper()
				f := w.signIn(u, mfa.Client{})
				is(t, second(w.Challenge(bg, f.Token, option(t, f, method), mfa.Client{})), nil)
				f, err := w.verify(f, id, way.code(w), mfa.Client{})
				w.want(f, err, mfa.StatusPassed)
				return f.Authentication
			}

			support := supporter(u)
			p, err = w.Enroll(bg, support, mfa.Enroll{Method: method, Replaces: first.Enrollment.ID, Params: way.new})
			is(t, err, nil)
			wrong := strings.Repeat("0", len(way.code(w)))
			is(t, second(w.Activate(bg, support, p.ID, mfa.Answer{Code: wrong})), mfa.ErrNotValid)
			w.clock.Advance(time.Minute)
			auth := signIn(first.Enrollment.ID)
			open := w.signIn(u, mfa.Client{})
			w.clock.Advance(time.Minute)
			is(t, second(w.Resend(bg, support, p.ID)), nil)
			done, err := w.Activate(bg, support, p.ID, mfa.Answer{Code: way.code(w)})
			is(t, err, nil)
			if done.Enrollment.ID != p.ID || done.Enrollment.Method != method || done.Enrollment.Label != "Mine" ||
				done.RecoveryCodes != nil || done.Flow != nil || done.Authentication.User != "" || done.Authentication.Generation != 0 {
				t.Errorf("%+v", done)
			}
			misses(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: "u"}, Authentication: auth}, mfa.Requirement{}), mfa.MissingSignIn)
			is(t, second(w.Flow(bg, open.Token)), mfa.ErrFlowExpired)
			w.clock.Advance(10 * time.Minute)
			signIn(p.ID)

			w.drain()
			for kind, id := range map[mfa.EventType]string{mfa.EventFailed: p.ID, mfa.EventReplaced: p.ID} {
				list := w.events.ByType(kind)
				if len(list) != 1 {
					t.Fatalf("%d of %s", len(list), kind)
				}
				e := list[0]
				if e.Actor != support.Actor || e.Reason != support.Reason || e.User != "u" || e.Enrollment != id || e.IP != support.Client.IP || e.App != "desk" {
					t.Errorf("%s: %+v", kind, e)
				}
				if notice := kind == mfa.EventReplaced; e.Notice != notice || (e.Email == u.Email) != notice || (e.OldHint != "") != notice {
					t.Errorf("%s: %+v", kind, e)
				}
			}
			for _, e := range w.events.Events() {
				if e.Actor != "" && e.Type != mfa.EventFailed && e.Type != mfa.EventReplaced {
					t.Errorf("%s is said to be by %q", e.Type, e.Actor)
				}
			}
			list, err := w.Activity(bg, "u")
			is(t, err, nil)
			if i := slices.IndexFunc(list, func(a mfa.Activity) bool { return a.Type == mfa.EventReplaced }); i < 0 || list[i].Actor != support.Actor {
				t.Errorf("the history has %+v", list)
			}
		})
	}
}

// Support does nothing else, and what is refused changes and sends nothing.
func TestC11_SupportDoesNothingElse(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u, v := person("u"), person("v")
	id, others := w.withNumber(u, fresh()), w.withNumber(v, fresh())
	token := w.signIn(u, mfa.Client{}).Token
	list, err := w.Enrollments(bg, "u")
	is(t, err, nil)
	codes := list[slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.Method == "recovery" })].ID
	long := strings.Repeat("x", 257)
	enroll := func(method, replaces string, edits ...func(*mfa.Caller)) func() error {
		return func() error {
			c := supporter(u)
			for _, edit := range edits {
				edit(&c)
			}
			return second(w.Enroll(bg, c, mfa.Enroll{Method: method, Replaces: replaces, Params: mfa.EnrollParams{Phone: fresh()}}))
		}
	}
	for what, try := range map[string]struct {
		do   func() error
		want error
	}{
		"a further number":         {enroll("sms", ""), mfa.ErrCaller},
		"a further app":            {enroll("totp", ""), mfa.ErrCaller},
		"an app for a number":      {enroll("totp", id), mfa.ErrMethodNotAllowed},
		"an address for a number":  {enroll("email", id), mfa.ErrMethodNotAllowed},
		"recovery codes":           {enroll("recovery", codes), mfa.ErrMethodNotAllowed},
		"a number for codes":       {enroll("sms", codes), mfa.ErrNoEnrollment},
		"another user's":           {enroll("sms", others), mfa.ErrNoEnrollment},
		"none":                     {enroll("sms", "x"), mfa.ErrNoEnrollment},
		"nobody's":                 {enroll("sms", id, func(c *mfa.Caller) { c.User = mfa.User{} }), mfa.ErrBadInput},
		"with a session":           {enroll("sms", id, func(c *mfa.Caller) { c.Authentication = w.password(u).Authentication }), mfa.ErrCaller},
		"with another's session":   {enroll("sms", id, func(c *mfa.Caller) { c.Authentication = w.password(v).Authentication }), mfa.ErrCaller},
		"with a flow":              {enroll("sms", id, func(c *mfa.Caller) { c.FlowToken = token }), mfa.ErrCaller},
		"by a long name":           {enroll("sms", id, func(c *mfa.Caller) { c.Actor = long }), mfa.ErrBadInput},
		"for a long reason":        {enroll("sms", id, func(c *mfa.Caller) { c.Reason = long }), mfa.ErrBadInput},
		"by nobody":                {enroll("sms", id, func(c *mfa.Caller) { c.Actor = "" }), mfa.ErrCaller},
		"a label":                  {func() error { return second(w.Rename(bg, supporter(u), id, "x")) }, mfa.ErrCaller},
		"a removal":                {func() error { return second(w.Remove(bg, supporter(u), id)) }, mfa.ErrCaller},
		"removal of all":           {func() error { return second(w.RemoveAll(bg, supporter(u))) }, mfa.ErrCaller},
		"new recovery codes":       {func() error { return second(w.RecoveryCodes(bg, supporter(u))) }, mfa.ErrCaller},
		"evidence":                 {func() error { return w.Satisfies(bg, supporter(u), mfa.Requirement{}) }, mfa.ErrRequirement},
		"signals to a user's keys": {func() error { return second(w.Signals(bg, supporter(u))) }, mfa.ErrRequirement},

		"a confirmation by a long name": {func() error {
			c := supporter(u)
			c.Actor = long
			return second(w.Activate(bg, c, id, mfa.Answer{Code: mistaken}))
		}, mfa.ErrBadInput},
		"a resend for a long reason": {func() error {
			c := supporter(u)
			c.Reason = long
			return second(w.Resend(bg, c, id))
		}, mfa.ErrBadInput},
	} {
		t.Run(what, func(t *testing.T) {
			was := value(t, w.store, "u").Version
			is(t, try.do(), try.want)
			if value(t, w.store, "u").Version != was || w.tower.count() != 0 || w.mail.count() != 0 {
				t.Error("something was saved or sent")
			}
		})
	}
	is(t, enroll("sms", id)(), nil) // what all of the above are a step away from
}

// The policy's methods bind support, too.
func TestC11_SupportIsBoundByThePolicy(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	id := w.withNumber(u, fresh())
	strict := w.process(withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{Methods: []string{"totp", "key"}} }))
	err := second(strict.Enroll(bg, supporter(u), mfa.Enroll{Method: "sms", Replaces: id, Params: mfa.EnrollParams{Phone: fresh()}}))
	is(t, err, mfa.ErrMethodNotAllowed)
}

// Where a user would get recovery codes with a change, support sees none, and none
// are made.
func TestC11_SupportSeesNoRecoveryCodes(t *testing.T) {
	for who, c := range map[string]struct {
		caller func(*textWorld, mfa.User) mfa.Caller
		codes  int
	}{
		"the user": {func(w *textWorld, u mfa.User) mfa.Caller {
			return mfa.Caller{User: u, Authentication: w.entered(u)}
		}, 10},
		"support": {func(_ *textWorld, u mfa.User) mfa.Caller { return supporter(u) }, 0},
	} {
		t.Run(who, func(t *testing.T) {
			w := newTextWorld(t, nil)
			u := person("u")
			before := w.process(func(c *mfa.Config) { // recovery codes are of a later day
				c.Factors = slices.DeleteFunc(c.Factors, func(f mfa.Factor) bool { return f.Method().Recovery })
			})
			id := before.withNumber(u, fresh())
			caller := c.caller(w, u)
			p, err := w.Enroll(bg, caller, mfa.Enroll{Method: "sms", Replaces: id, Params: mfa.EnrollParams{Phone: fresh()}})
			is(t, err, nil)
			done, err := w.Activate(bg, caller, p.ID, mfa.Answer{Code: w.tower.code()})
			is(t, err, nil)
			list, err := w.Enrollments(bg, "u")
			is(t, err, nil)
			made := slices.ContainsFunc(list, func(e mfa.Enrollment) bool { return e.Method == "recovery" })
			if len(done.RecoveryCodes) != c.codes || made != (c.codes > 0) {
				t.Errorf("%d codes; enrolled: %v", len(done.RecoveryCodes), list)
			}
			w.drain()
			if n := len(w.events.ByType(mfa.EventRecoveryCodes)); n > 0 != made {
				t.Errorf("%d notices of codes", n)
			}
		})
	}
}

// Support's wrong codes count like all others, and end the enrolment.
func TestC06_SupportHasNoMoreGuesses(t *testing.T) {
	w := newTextWorld(t, nil)
	u := person("u")
	support := supporter(u)
	id := w.withNumber(u, fresh())
	p, err := w.Enroll(bg, support, mfa.Enroll{Method: "sms", Replaces: id, Params: mfa.EnrollParams{Phone: fresh()}})
	is(t, err, nil)
	for n := range 10 {
		var nv *mfa.NotValidError
		if err := second(w.Activate(bg, support, p.ID, mfa.Answer{Code: mistaken})); !asError(err, &nv) || nv.AttemptsLeft != 9-n {
			t.Fatalf("%d: %v", n+1, err)
		}
	}
	is(t, second(w.Activate(bg, support, p.ID, mfa.Answer{Code: w.tower.code()})), mfa.ErrEnrollmentExpired)
	w.drain()
	list := w.events.ByType(mfa.EventManyFailures)
	if len(list) != 1 || list[0].Actor != support.Actor || list[0].Reason != support.Reason || list[0].Email != u.Email {
		t.Errorf("%+v", list)
	}
}

// What a user has begun, in a session or in a sign-in, is not for support to
// finish, nor the other way round: it would be a way around what support may do.
func TestA27_SupportFinishesOnlyWhatSupportBegan(t *testing.T) {
	w := newTextWorld(t, nil, silent, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{PhishingResistant: true}}
	}))
	u := person("u")
	id := w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{}) // the number has to be proved, and a key enrolled
	is(t, second(w.ask(f)), nil)
	f, err := w.verify(f, id, w.tower.code(), mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
	flow, session, support := mfa.Caller{FlowToken: f.Token}, mfa.Caller{User: u, Authentication: w.entered(u)}, supporter(u)
	begin := func(c mfa.Caller, r mfa.Enroll) mfa.Enrolling {
		t.Helper()
		p, err := w.Enroll(bg, c, r)
		is(t, err, nil)
		return p
	}
	key := begin(flow, mfa.Enroll{Method: "key"})
	app := w.phone(begin(session, mfa.Enroll{Method: "totp"}))
	address := begin(session, mfa.Enroll{Method: "email", Replaces: id})
	theirs := begin(session, mfa.Enroll{Method: "sms", Replaces: id, Params: mfa.EnrollParams{Phone: fresh()}})
	theirCode := w.tower.code()
	number := begin(support, mfa.Enroll{Method: "sms", Replaces: id, Params: mfa.EnrollParams{Phone: fresh()}})
	w.clock.Advance(time.Minute)
	is(t, second(w.Resend(bg, support, number.ID)), nil)
	code, sent := w.tower.code(), w.tower.count()
	w.clock.Advance(2 * time.Minute)
	for what, try := range map[string]struct {
		c    mfa.Caller
		id   string
		with mfa.Answer
	}{
		"support, a sign-in's key":         {support, key.ID, mfa.Answer{Credential: []byte("k")}},
		"support, a session's app":         {support, app.id, mfa.Answer{Code: app.Code()}},
		"support, an address for a number": {support, address.ID, mfa.Answer{Code: w.mail.last().code}},
		"support, the user's own number":   {support, theirs.ID, mfa.Answer{Code: theirCode}},
		"a sign-in, support's number":      {flow, number.ID, mfa.Answer{Code: code}},
		"a session, support's number":      {session, number.ID, mfa.Answer{Code: code}},
		"a session, a sign-in's key":       {session, key.ID, mfa.Answer{Credential: []byte("k")}},
		"a sign-in, a session's app":       {flow, app.id, mfa.Answer{Code: app.Code()}},
		"support, of another user":         {supporter(person("v")), number.ID, mfa.Answer{Code: code}},
	} {
		if err := second(w.Activate(bg, try.c, try.id, try.with)); !errors.Is(err, mfa.ErrNoEnrollment) {
			t.Errorf("%s: %v", what, err)
		}
		if err := second(w.Resend(bg, try.c, try.id)); !errors.Is(err, mfa.ErrNoEnrollment) {
			t.Errorf("%s again: %v", what, err)
		}
	}
	if w.tower.count() != sent {
		t.Error("something was sent")
	}
	is(t, second(w.Activate(bg, support, number.ID, mfa.Answer{Code: code})), nil)
}

// The host is asked before anything is read or sent. Where it does not say that
// support may, support may not.
func TestC11_TheHostLetsSupport(t *testing.T) {
	refusal := errors.New("of a higher rank")
	for name, support := range map[string]func(context.Context, mfa.SupportRequest) error{
		"nobody is there to ask": nil,
		"it refuses":             func(context.Context, mfa.SupportRequest) error { return refusal },
	} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, nil, silent)
			u := person("u")
			id := w.withNumber(u, fresh())
			s := &tap{Store: w.store}
			var asked []mfa.SupportRequest
			x := w.process(withStore(s), func(c *mfa.Config) {
				if c.Support = nil; support != nil {
					c.Support = func(ctx context.Context, r mfa.SupportRequest) error {
						asked = append(asked, r)
						return support(ctx, r)
					}
				}
			})
			c := supporter(u)
			err := second(x.Enroll(bg, c, mfa.Enroll{Method: "sms", Replaces: id, Params: mfa.EnrollParams{Phone: fresh()}}))
			is(t, err, mfa.ErrSupport)
			if support != nil {
				is(t, err, refusal)
				if len(asked) != 1 || asked[0].Act != mfa.SupportReplace || asked[0].Actor != c.Actor || asked[0].Reason != c.Reason ||
					asked[0].User.ID != "u" || asked[0].Client.IP != c.Client.IP {
					t.Errorf("asked %+v", asked)
				}
			}
			if loads, saves := s.counts(); loads+saves+w.tower.count() != 0 {
				t.Errorf("%d loads, %d saves, %d sent", loads, saves, w.tower.count())
			}
			own := x.password(person("v")) // users need nobody's leave
			is(t, second(x.Enroll(bg, own, mfa.Enroll{Method: "totp"})), nil)
		})
	}
}
