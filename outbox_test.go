package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// C-19: what happens is told, with who, what, when and from where.
func TestC19_Events(t *testing.T) {
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.AskEnrolled(s).Require, Implicit: []string{"email"}}
	}))
	u := person("u")
	c := mfa.Client{App: "web", IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "B", Place: "Oslo"}
	seen := 0
	expect := func(what string, want ...mfa.EventType) {
		t.Helper()
		all := w.events.Events()
		for deadline := t.Context(); len(all) < seen+len(want); {
			if deadline.Err() != nil {
				break
			}
			for _, k := range want { // each type is awaited as often as it was seen and is due
				n := 0
				for _, e := range all[:seen] {
					if e.Type == k {
						n++
					}
				}
				for _, o := range want {
					if o == k {
						n++
					}
				}
				if _, err := w.events.Await(deadline, k, n); err != nil {
					t.Fatal(err)
				}
			}
			all = w.events.Events()
		}
		var got []mfa.EventType
		for _, e := range all[seen:] {
			got = append(got, e.Type)
			if e.ID == "" || e.User != u.ID || e.Time != w.clock.Now() {
				t.Errorf("%s: %s %s of %q at %v", what, e.Type, e.ID, e.User, e.Time)
			}
			if e.Type != mfa.EventErased && e.Type != mfa.EventChallengeSent && (e.App != "web" || e.IP != c.IP || e.Place != "Oslo" || e.UserAgent != "B") {
				t.Errorf("%s: %s comes from %q %v %q %q", what, e.Type, e.App, e.IP, e.Place, e.UserAgent)
			}
			if e.Notice != (e.Email != "") || e.Notice != (e.Name != "") {
				t.Errorf("%s: %s: notices, and nothing else, say whom to tell", what, e.Type)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		seen = len(all)
	}
	f := w.signIn(u, c)
	expect("password alone", mfa.EventFlowStarted, mfa.EventFlowPassed)
	who := mfa.Caller{User: u, Authentication: f.Authentication, Client: c}
	a := w.scan(who, mfa.Enroll{})
	if _, err := w.Activate(bg, who, a.id, mfa.Answer{Code: w.wrong(a)}); err == nil {
		t.Fatal("passed")
	}
	expect("wrong confirmation", mfa.EventFailed)
	done, err := w.Activate(bg, who, a.id, mfa.Answer{Code: a.Code()})
	if err != nil {
		t.Fatal(err)
	}
	expect("enrolled", mfa.EventEnrolled, mfa.EventRecoveryCodes)
	w.next()
	f = w.signIn(u, c)
	expect("asked", mfa.EventFlowStarted)
	if _, err := w.Challenge(bg, f.Token, option(t, f, "email"), c); err != nil {
		t.Fatal(err)
	}
	expect("mailed", mfa.EventChallengeSent)
	_, _ = w.verify(f, a.id, w.wrong(a), c)
	expect("wrong", mfa.EventFailed)
	f, err = w.verify(f, a.id, a.Code(), c)
	w.want(f, err, mfa.StatusPassed)
	expect("right", mfa.EventVerified, mfa.EventFlowPassed)
	g := w.signIn(u, c)
	expect("again", mfa.EventFlowStarted)
	g, err = w.verify(g, "recovery", done.RecoveryCodes[0], c)
	w.want(g, err, mfa.StatusPassed)
	expect("recovery", mfa.EventRecoveryUsed, mfa.EventFlowPassed)
	for i := range 5 {
		if i == 0 {
			g = w.signIn(u, c)
			expect("again", mfa.EventFlowStarted)
		}
		_, _ = w.verify(g, a.id, w.wrong(a), c)
		if i < 4 {
			expect("wrong", mfa.EventFailed)
		} else {
			expect("wrong", mfa.EventFailed, mfa.EventLocked)
		}
	}
	who.Authentication = f.Authentication
	if _, err := w.Rename(bg, who, a.id, "Phone"); err != nil {
		t.Fatal(err)
	}
	expect("renamed", mfa.EventRenamed)
	if _, err := w.RecoveryCodes(bg, who); err != nil {
		t.Fatal(err)
	}
	expect("codes", mfa.EventRecoveryCodes)
	if who.Authentication, err = w.PasswordChanged(bg, who); err != nil {
		t.Fatal(err)
	}
	expect("password", mfa.EventPasswordChanged)
	b := w.scan(who, mfa.Enroll{Replaces: a.id})
	if _, err = w.Activate(bg, who, b.id, mfa.Answer{Code: b.Code()}); err != nil {
		t.Fatal(err)
	}
	expect("replaced", mfa.EventReplaced)
	w.next()
	f = w.signIn(u, c)
	f, err = w.verify(f, b.id, b.Code(), c)
	w.want(f, err, mfa.StatusPassed)
	expect("in", mfa.EventFlowStarted, mfa.EventFlowPassed, mfa.EventVerified)
	who.Authentication = f.Authentication
	if who.Authentication, err = w.Remove(bg, who, b.id); err != nil {
		t.Fatal(err)
	}
	expect("removed", mfa.EventRemoved)
	if err := w.Reset(bg, mfa.Reset{User: u, Actor: "s", Client: c}); err != nil {
		t.Fatal(err)
	}
	expect("reset", mfa.EventReset)
	ask := mfa.SignIn{User: u, First: mfa.Password, Client: c, MinGeneration: 1000}
	f, err = w.SignIn(bg, ask)
	w.want(f, err, mfa.StatusDenied)
	expect("rollback", mfa.EventFlowStarted, mfa.EventRollbackSuspected, mfa.EventFlowDenied)
	if err := w.Erase(bg, u.ID); err != nil {
		t.Fatal(err)
	}
	expect("erased", mfa.EventErased)
}

// A picky observer takes notices only when it is told to, and remembers what it was offered.
type picky struct {
	mu      sync.Mutex
	open    bool
	offered map[string]int // by ID
	types   map[string]mfa.EventType
}

func (p *picky) Observe(_ context.Context, e mfa.Event) error {
	if !e.Notice {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.offered == nil {
		p.offered, p.types = map[string]int{}, map[string]mfa.EventType{}
	}
	p.offered[e.ID]++
	p.types[e.ID] = e.Type
	if !p.open {
		return errors.New("the mail server is down")
	}
	return nil
}

func (p *picky) ids() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.offered {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func observedBy(o ...mfa.Observer) func(*mfa.Config) {
	return func(c *mfa.Config) { c.Observers = o }
}

func TestC21_NoticesThatWereNotTakenComeAgain(t *testing.T) {
	for name, again := range map[string]func(t *testing.T, w *world, u mfa.User){
		"with the user's next operation": func(t *testing.T, w *world, u mfa.User) {
			w.clock.Advance(2 * time.Minute)
			w.signIn(u, mfa.Client{})
			w.drain()
		},
		"by Redeliver": func(t *testing.T, w *world, u mfa.User) {
			if err := w.Redeliver(bg, u.ID); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			down, up := &picky{}, &picky{open: true}
			logger, _ := captured()
			w := newWorld(t, observedBy(up, down), func(c *mfa.Config) { c.Logger = logger })
			u := person("u")
			w.withApp(u)
			w.drain() // the process ends
			ids := down.ids()
			if len(ids) != 2 {
				t.Fatalf("offered: %v", down.types)
			}
			for _, id := range ids {
				if down.offered[id] != 3 || up.offered[id] != 1 {
					t.Errorf("%s was offered %d and %d times", down.types[id], down.offered[id], up.offered[id])
				}
			}
			if p := w.pauses.all(); !slices.Equal(p, []time.Duration{time.Second, 5 * time.Second}) {
				t.Errorf("pauses %v", p)
			}
			x := w.twin(observedBy(down), func(c *mfa.Config) { c.Logger = logger })
			if err := x.Redeliver(bg, u.ID); err == nil {
				t.Error("it says that all were taken")
			}
			fixed := &picky{open: true}
			y := w.twin(observedBy(fixed))
			again(t, y, u)
			if got := fixed.ids(); !slices.Equal(got, ids) {
				t.Errorf("told again: %v, want the IDs %v", fixed.types, ids)
			}
			// Now they are acknowledged, and come no more.
			z := w.twin(observedBy(fixed))
			w.clock.Advance(2 * time.Minute)
			z.signIn(u, mfa.Client{})
			z.drain()
			if err := z.Redeliver(bg, u.ID); err != nil {
				t.Error(err)
			}
			for id, n := range fixed.offered {
				if n != 1 {
					t.Errorf("%s was told %d times", fixed.types[id], n)
				}
			}
		})
	}
}

// A process dies between the save and the telling.
func TestC21_NoticesOutliveTheProcess(t *testing.T) {
	stuck := make(chan struct{})
	w := newWorld(t, observedBy(observer(func(context.Context, mfa.Event) error { <-stuck; return errors.New("dead") })))
	defer close(stuck)
	u := person("u")
	w.withApp(u)
	told := &picky{open: true}
	x := w.twin(observedBy(told))
	if err := x.Redeliver(bg, u.ID); err != nil {
		t.Error(err)
	}
	if len(told.ids()) != 2 {
		t.Errorf("%v", told.types)
	}
}

func TestC21_TheOutboxIsBounded(t *testing.T) {
	down := &picky{}
	logger, _ := captured()
	w := newWorld(t, observedBy(down), func(c *mfa.Config) { c.Logger = logger })
	u := person("u")
	for range 100 {
		if err := w.Reset(bg, mfa.Reset{User: u, Actor: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	w.drain()
	told := &picky{open: true}
	x := w.twin(observedBy(told))
	if err := x.Redeliver(bg, u.ID); err != nil || len(told.ids()) != 32 {
		t.Errorf("%d notices, %v", len(told.ids()), err)
	}
}

// C-20: nothing that is printed, logged, told or returned as an error holds a
// secret, a code or a token.
func TestC20_NothingIsGivenAway(t *testing.T) {
	logger, logs := captured()
	s := &tap{}
	var mu sync.Mutex
	var told []mfa.Event
	w := newWorld(t, func(c *mfa.Config) {
		s.Store, c.Store, c.Logger = c.Store, s, logger
		c.Observers = []mfa.Observer{observer(func(_ context.Context, e mfa.Event) error {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e)
			return errors.New("refused")
		})}
	})
	var canaries []string
	secret := func(list ...string) {
		for _, c := range list {
			if len(c) >= 6 {
				canaries = append(canaries, c)
			}
		}
	}
	u := person("u")
	u.Phone, u.Attributes = "+4799887766", map[string]string{"k": "canary-attribute"}
	secret(u.Phone, "canary-attribute")
	var printed []any
	show := func(v ...any) { printed = append(printed, v...) }

	client := from(1)
	in := mfa.SignIn{User: u, First: mfa.Password, Client: client}
	f, err := w.SignIn(bg, in)
	show(in, f, err, u, client)
	secret(f.Token)
	c := mfa.Caller{User: u, Authentication: f.Authentication, Client: client, FlowToken: f.Token}
	show(c)
	c.FlowToken = ""
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp"})
	if err != nil {
		t.Fatal(err)
	}
	a := w.scan(c, mfa.Enroll{})
	show(p, a)
	if ch, ok := p.Challenge.(interface{ Method() string }); ok {
		show(ch)
	}
	secret(secretOf(t, p))
	wrong := mfa.Answer{Code: w.wrong(a), Credential: []byte("canary-credential")}
	secret("canary-credential", a.Code())
	_, err = w.Activate(bg, c, a.id, wrong)
	show(wrong, err)
	done, err := w.Activate(bg, c, a.id, mfa.Answer{Code: a.Code()})
	if err != nil {
		t.Fatal(err)
	}
	show(done, &done)
	secret(done.RecoveryCodes...)
	w.next()
	f, err = w.SignIn(bg, in)
	secret(f.Token)
	show(f, err, &f, []mfa.Flow{f}, struct{ F mfa.Flow }{f})
	for _, code := range []string{a.wrong(w.clock.Now()), "x" + a.Code(), a.Code() + "7"} {
		_, err = w.verify(f, a.id, code, client)
		show(err)
	}
	s.onSaves(func(int, func() error) error { return errWire })
	_, err = w.verify(f, a.id, a.Code(), client)
	show(err)
	s.reset()
	secret(a.Code())
	f, err = w.verify(f, a.id, a.Code(), client)
	show(f, err)
	secret(f.DeviceToken)
	client.DeviceToken = f.DeviceToken
	show(client, mfa.StepUp{User: u, Authentication: f.Authentication, Client: client})
	c.Authentication = f.Authentication
	_, err = w.Enroll(bg, c, mfa.Enroll{Method: "totp", Params: mfa.EnrollParams{Import: []byte(`{"secret":"canary-import"}`), Phone: u.Phone}})
	show(err, mfa.Enroll{Params: mfa.EnrollParams{Import: []byte("canary-import"), Phone: u.Phone}})
	secret("canary-import")
	w.mail.fail = true
	q, err := w.Enroll(bg, c, mfa.Enroll{Method: "email"})
	show(q, err)
	state := []byte("canary-state")
	show(mfa.Enrolled{ID: "1", State: state}, mfa.Step{Pending: state, Codes: []string{"canary-code"}}, mfa.Verified{State: state},
		mfa.VerifyRequest{User: u, Pending: state, UserState: state, Enrollments: []mfa.Enrolled{{State: state}}, Answer: mfa.Answer{Code: "canary-code"}},
		mfa.EnrollRequest{User: u, UserState: state, Params: mfa.EnrollParams{Import: state}}, mfa.ChallengeRequest{User: u, UserState: state, Previous: state})
	secret("canary-state", "canary-code", fmt.Sprint(state), fmt.Sprintf("%x", state), fmt.Sprintf("%#v", state))
	show(w.keys, []*mfa.KeyRing{w.keys}, struct{ K *mfa.KeyRing }{w.keys})
	text, err := w.keys.Export()
	if err != nil {
		t.Fatal(err)
	}
	secret(string(text))
	if err := w.Reset(bg, mfa.Reset{User: u, Actor: "x"}); err != nil {
		t.Fatal(err)
	}
	w.drain()
	if len(told) < 8 || logs.Len() == 0 {
		t.Fatalf("%d events, %d bytes of log: too little to prove anything", len(told), logs.Len())
	}
	for _, e := range told {
		show(e)
		// Whole, too, as a host might keep it: it holds addresses, and nothing secret.
		type whole mfa.Event
		show(whole(e))
	}
	for _, v := range printed {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(logs, verb+"\n", v)
		}
		logger.Info("canary", "value", v)
	}
	out := logs.Bytes()
	for _, c := range canaries {
		for _, form := range []string{c, fmt.Sprintf("%x", c)} {
			if i := indexOf(out, form); i >= 0 {
				t.Errorf("%q is shown: …%s…", c, out[max(0, i-120):min(len(out), i+60)])
			}
		}
	}
	t.Logf("%d canaries in %d bytes of output", len(canaries), len(out))
}

// hanging is an observer that never comes back by itself.
type hanging struct{ out chan struct{} }

func (h hanging) Observe(context.Context, mfa.Event) error {
	<-h.out
	return nil
}

// TestC21_HangingObserverHoldsNothingElseUp: counts still reach the store, and
// Close ends with its context.
func TestC21_HangingObserverHoldsNothingElseUp(t *testing.T) {
	h := hanging{make(chan struct{})}
	w := newWorld(t, observedBy(h))
	for i := range 20 {
		u := person(fmt.Sprint("u", i))
		a := w.withApp(u)
		_, err := w.verify(w.signIn(u, from(9)), a.id, w.wrong(a), from(9))
		is(t, err, mfa.ErrNotValid)
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	is(t, w.Close(ctx), context.Canceled)
	counted := false
	_ = w.store.(mfa.Scanner).Scan(bg, "limit/", "", func(string, mfa.Item) error {
		counted = true
		return nil
	})
	if !counted {
		t.Error("no count reached the store")
	}
	close(h.out)
}
