package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/codec"
	"github.com/mfakit/mfa/internal/quota"
	"github.com/mfakit/mfa/store/memory"
)

// prefix is a budget with a breaker, of all numbers.
func prefix(b mfa.Budget) func(string) []mfa.Budget {
	b.Name, b.Key, b.Label = "prefix", "+44 7", "+44 7"
	return func(string) []mfa.Budget { return []mfa.Budget{b} }
}

// breakers are breakers whose budget is counted one by one, in small blocks and
// in large ones, which may not matter to what they see.
var breakers = map[string]mfa.Budget{
	"exact":        {Hour: 5000, MinSent: 20, MinVerified: 25},
	"small blocks": {Hour: 200, MinSent: 20, MinVerified: 25, Leased: true, Reserve: 30},
	"blocks":       {Hour: 1000, MinSent: 20, MinVerified: 25, Leased: true, Reserve: 30},
	"large blocks": {Hour: 5000, MinSent: 40, MinVerified: 25, Leased: true},
}

// typed is a number that its owner confirms by the code that comes.
func (w *textWorld) typed() error {
	c := w.password(person(fmt.Sprint("owner-", numbers.Add(1))))
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
	if err != nil {
		return err
	}
	return second(w.Activate(bg, c, p.ID, mfa.Answer{Code: w.tower.code()}))
}

// A prefix of which nothing comes back stops by itself, soon after MinSent
// messages and not before, in all processes, and says so once. Those who were
// verified go on, and after an hour it is tried again.
func TestO05_A87_BreakerStopsAPumpedPrefix(t *testing.T) {
	for name, b := range breakers {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, prefix(b))
			two := []*textWorld{w, w.process()}
			u := person("customer")
			w.withNumber(u, fresh())
			for round := range 2 {
				before, refused := w.tower.count(), 0
				var err error
				for i := 0; refused < 200; i++ { // the pump does not give up
					if err = two[i%2].ring(fresh(), mfa.Client{}); err != nil {
						refused++
						if wait := waits(t, err); !wait.Limit || wait.Until.After(w.clock.Now().Add(time.Hour)) || !wait.Until.After(w.clock.Now()) {
							t.Fatalf("%+v at %v", wait, w.clock.Now())
						}
					}
				}
				sent := w.tower.count() - before
				if sent < b.MinSent || sent > b.MinSent*3/2 {
					t.Errorf("round %d: stopped after %d messages, want about %d", round, sent, b.MinSent)
				}
				is(t, w.process().ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
				is(t, second(w.ask(w.signIn(u, mfa.Client{}))), nil)
				w.clock.Advance(time.Hour)
			}
			stopped := 0
			for _, p := range two {
				p.drain()
				for _, ev := range p.events.ByType(mfa.EventSendStopped) {
					if stopped++; ev.Reason != "prefix" || ev.Label != "+44 7" || ev.User != "" || ev.Notice {
						t.Errorf("%+v", ev)
					}
				}
			}
			if stopped != 2 {
				t.Errorf("%d events, want one for each time that it stopped", stopped)
			}
		})
	}
}

// Once it has stopped, no more go out: not even what a process has set aside.
func TestA87_NothingGoesOutAfterTheBreakerOpened(t *testing.T) {
	ring, err := mfa.NewKeyRingFrom(glass{}, make([]byte, 32)) // the values lie open
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range breakers {
		t.Run(name, func(t *testing.T) {
			s := memory.New()
			w := newTextWorld(t, prefix(b), silent, withStore(s), func(c *mfa.Config) { c.Keys = ring })
			for !opened(t, s, w.clock.Now()) {
				if w.tower.count() > 500 {
					t.Fatal("it never stops")
				}
				_ = w.ring(fresh(), mfa.Client{})
			}
			before := w.tower.count()
			for range 100 {
				_ = w.ring(fresh(), mfa.Client{})
			}
			if n := w.tower.count() - before; n != 0 {
				t.Errorf("%d more to strangers after it stopped", n)
			}
		})
	}
}

// opened says whether the store holds a budget whose breaker is open.
func opened(t *testing.T, s *memory.Store, now time.Time) (open bool) {
	t.Helper()
	err := s.Scan(bg, "limit/", "", func(_ string, item mfa.Item) error {
		var v quota.Value
		err := codec.Unmarshal(item.Value[33:], &v) // after a byte of form and what glass adds
		open = open || v.Tripped > now.Unix()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// A prefix of which enough comes back goes on, whatever process takes the
// answers, and however slowly it all goes.
func TestO05_A87_BreakerLetsPeopleBe(t *testing.T) {
	for name, b := range breakers {
		for pace, pause := range map[string]time.Duration{"at once": 0, "slowly": 3 * time.Minute} {
			t.Run(name+", "+pace, func(t *testing.T) {
				w := newTextWorld(t, prefix(b))
				two := []*textWorld{w, w.process()}
				for i := range 120 {
					p := two[i/3%2]
					call := func() error { return p.ring(fresh(), mfa.Client{}) }
					if i%2 == 0 { // twice what is asked for
						call = p.typed
					}
					if err := call(); err != nil {
						t.Fatalf("message %d, of which half came back: %v", i+1, err)
					}
					w.clock.Advance(pause)
				}
				for _, p := range two {
					p.drain()
					if n := len(p.events.ByType(mfa.EventSendStopped)); n != 0 {
						t.Errorf("stopped %d times", n)
					}
				}
			})
		}
	}
}

// Before is asked first: where it refuses, nothing is charged, sent or saved.
func TestO07_BeforeRefuses(t *testing.T) {
	for name, refusal := range map[string]error{"refused": &mfa.RefusedError{Reason: "sim_swapped"}, "failed": errors.New("carrier's look-up is down")} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, all(mfa.Budget{Hour: 2}), silent)
			u := person("u")
			id := w.withNumber(u, fresh())
			f := w.signIn(u, mfa.Client{})
			is(t, second(w.ask(f)), nil)
			code, was := w.tower.code(), value(t, w.store, "u").Version
			w.clock.Advance(time.Minute)
			w.texts.before = func(context.Context) error { return refusal }
			for _, err := range []error{second(w.ask(f)), w.ring(fresh(), mfa.Client{})} {
				if err == nil || err.Error() != refusal.Error() || errors.Is(err, mfa.ErrRefused) != errors.Is(refusal, mfa.ErrRefused) {
					t.Errorf("%v", err)
				}
			}
			if value(t, w.store, "u").Version != was || w.tower.count() != 1 {
				t.Error("something was saved or sent")
			}
			out, err := w.verify(f, id, code, mfa.Client{})
			w.want(out, err, mfa.StatusPassed)
			w.texts.before = nil
			is(t, w.ring(fresh(), mfa.Client{}), nil)
			is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
		})
	}
}

// O-07: who is refused when enrolling is told what is open instead.
func TestO07_BeforeRefusesAndMethodsAreOpen(t *testing.T) {
	w := newTextWorld(t, nil)
	for name, refuse := range map[string]func() string{
		"by the factor": func() string { w.texts.before = nil; return "1" },
		"by the hook": func() string {
			w.texts.before = func(context.Context) error { return &mfa.RefusedError{Reason: "ported"} }
			return fresh()
		},
	} {
		var refused *mfa.RefusedError
		if err := w.ring(refuse(), mfa.Client{}); !asError(err, &refused) || fmt.Sprint(refused.Methods) != "[totp email key]" {
			t.Errorf("%s: %v, open are %v", name, err, refused)
		}
	}
}

// Before is asked once for a request, however often that is tried.
func TestO07_BeforeIsAskedOnce(t *testing.T) {
	for name, tamper := range map[string]func(users *tap, budgets *guard){
		"users conflict": func(s *tap, _ *guard) {
			s.onSaves(func(n int, save func() error) error {
				if n < 5 {
					return mfa.ErrConflict
				}
				return save()
			})
		},
		"users fail": func(s *tap, _ *guard) {
			s.onSaves(func(n int, save func() error) error {
				if n < 3 {
					return errWire
				}
				return save()
			})
		},
		"budgets conflict": func(_ *tap, g *guard) {
			n := 0
			g.save = func(save func() error) error {
				if n++; n < 5 {
					return mfa.ErrConflict
				}
				return save()
			}
		},
		"budgets fail": func(_ *tap, g *guard) {
			n := 0
			g.save = func(save func() error) error {
				if n++; n < 3 {
					return errWire
				}
				return save()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := &guard{Store: memory.New()}
			s := &tap{Store: g}
			w := newTextWorld(t, nil, silent, withStore(s))
			asked := 0
			w.texts.before = func(context.Context) error { asked++; return nil }
			tamper(s, g)
			is(t, w.ring(fresh(), mfa.Client{}), nil)
			if asked != 1 || w.tower.count() != 1 {
				t.Errorf("asked %d times, %d sent", asked, w.tower.count())
			}
		})
	}
}

// A look-up at a carrier costs money, too: it is not made for what is refused anyway.
func TestO07_A87_BeforeIsNotAskedWithoutNeed(t *testing.T) {
	w := newTextWorld(t, all(mfa.Budget{Hour: 2}))
	asked, to := 0, fresh()
	w.texts.before = func(context.Context) error { asked++; return nil }
	is(t, w.ring(to, mfa.Client{}), nil)
	is(t, w.ring(to, mfa.Client{}), mfa.ErrTooSoon)
	is(t, w.ring(fresh(), mfa.Client{}), nil)
	is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
	if asked != 2 {
		t.Errorf("asked %d times for 2 messages", asked)
	}
}

// An unwell store takes no counts while it is ill. It tells of each that it was given.
type unwell struct {
	mfa.Store
	ill   atomic.Bool
	given chan struct{}
}

func (s *unwell) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if !strings.HasPrefix(key, "limit/") {
		return s.Store.Save(ctx, key, old, item)
	}
	err := errWire
	if !s.ill.Load() {
		err = s.Store.Save(ctx, key, old, item)
	}
	s.given <- struct{}{}
	return err
}

// A process that could not tell a breaker of a right answer tells of it with the
// next: a moment's fault does not make owners who all type their code look like a pump.
func TestO05_BreakerHearsOfRightAnswersAfterAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where it is known when nobody goes on telling
		sends := newTextWorld(t, prefix(mfa.Budget{Hour: 5000, MinSent: 20, MinVerified: 25}))
		s := &unwell{Store: sends.store, given: make(chan struct{}, 1000)}
		checks := sends.process(withStore(s))
		for i := range 60 {
			c := sends.password(person(fmt.Sprint("owner-", numbers.Add(1))))
			p, err := sends.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
			if err != nil {
				t.Fatalf("after %d owners who typed their code: %v", i, err)
			}
			s.ill.Store(i == 0)
			is(t, second(checks.Activate(bg, c, p.ID, mfa.Answer{Code: sends.tower.code()})), nil)
			tries := 1
			if i == 0 {
				tries = 16 // until it is given up
			}
			for range tries {
				<-s.given
			}
			synctest.Wait()
		}
	})
}
