package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

var errCarrier = &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true, Elsewhere: true}

// While a message is at its carrier, it counts already.
func TestO05_A88_ChargedBeforeItGoesOut(t *testing.T) {
	for name, leased := range map[string]bool{"exact": false, "leased": true} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, all(mfa.Budget{Hour: 1, Leased: leased}))
			other := w.process()
			asked := 0
			w.tower.does(func(context.Context, mfa.Message) error {
				asked++
				is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
				is(t, other.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
				return nil
			})
			if err := w.ring(fresh(), mfa.Client{}); err != nil || asked != 1 {
				t.Errorf("%v, %d sent", err, asked)
			}
		})
	}
}

// What was charged stays charged, once per request, however it ended.
func TestO05_A87_StaysCharged(t *testing.T) {
	for name, bad := range map[string]func(w *textWorld, s *tap) error{
		"sender fails": func(w *textWorld, _ *tap) error {
			w.tower.fails(errCarrier)
			return w.ring(fresh(), mfa.Client{})
		},
		"sender panics": func(w *textWorld, _ *tap) (err error) {
			defer func() { err = fmt.Errorf("%v", recover()) }()
			w.tower.does(func(context.Context, mfa.Message) error { panic("boom") })
			return w.ring(fresh(), mfa.Client{})
		},
		"save fails": func(w *textWorld, s *tap) error {
			s.onSaves(func(int, func() error) error { return errWire })
			return w.ring(fresh(), mfa.Client{})
		},
		"save conflicts": func(w *textWorld, s *tap) error {
			s.onSaves(func(int, func() error) error { return mfa.ErrConflict })
			return w.ring(fresh(), mfa.Client{})
		},
		"not durable": func(w *textWorld, s *tap) error {
			s.onSaves(func(int, func() error) error { return mfa.ErrNotDurable })
			return w.ring(fresh(), mfa.Client{})
		},
		"client is gone": func(w *textWorld, s *tap) error {
			ctx, cancel := context.WithCancel(bg)
			s.onSaves(func(int, func() error) error { cancel(); return context.Canceled })
			return second(w.Enroll(ctx, w.password(person("gone"+fresh())), mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}}))
		},
	} {
		for kind, b := range map[string]mfa.Budget{"exact": {Hour: 3}, "leased": {Hour: 3, Leased: true}} {
			t.Run(name+", "+kind, func(t *testing.T) {
				s := &tap{Store: memory.New()}
				w := newTextWorld(t, all(b), silent, withStore(s))
				for range 2 {
					if err := bad(w, s); err == nil {
						t.Fatal("no error")
					}
				}
				s.reset()
				w.tower.fails(nil)
				is(t, w.ring(fresh(), mfa.Client{}), nil)
				is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
				is(t, w.process().ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
			})
		}
	}
}

// a client that goes away while the message goes out does not lose it.
func TestA88_CancelledWhileItGoesOut(t *testing.T) {
	w := newTextWorld(t, all(mfa.Budget{Hour: 1}))
	u := person("u")
	id := w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	ctx, cancel := context.WithCancel(bg)
	w.tower.does(func(sending context.Context, _ mfa.Message) error {
		cancel()
		return sending.Err()
	})
	asked, err := w.Challenge(ctx, f.Token, id, mfa.Client{})
	if err != nil || asked.ResendAt.IsZero() {
		t.Errorf("%v, %v", asked.ResendAt, err)
	}
	is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
	out, err := w.verify(f, id, w.tower.code(), mfa.Client{})
	w.want(out, err, mfa.StatusPassed)
}

// Ten an hour and thirty a day for one user, over flows, numbers, purposes,
// outcomes and processes.
func TestO05_A87_LimitsOfAUser(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	w.withNumber(u, fresh())
	var sent []time.Time
	w.tower.does(func(context.Context, mfa.Message) error {
		sent = append(sent, w.clock.Now())
		if len(sent)%3 == 0 {
			return nil
		}
		return errCarrier
	})
	refused := 0
	for i := range 1000 {
		p := w
		if i%7 == 0 {
			p = w.process() // counted by those that ended, too
		}
		var err error
		if i%2 == 0 {
			_, err = p.ask(p.signIn(u, from(i)))
		} else {
			c := w.password(u)
			c.Authentication = p.entered(u)
			_, err = p.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
		}
		var wait *mfa.WaitError
		switch {
		case err == nil, errors.Is(err, mfa.ErrDelivery), errors.Is(err, mfa.ErrTooSoon):
		case asError(err, &wait) && wait.Limit:
			if refused++; !wait.Until.After(w.clock.Now()) || wait.Until.After(w.clock.Now().Add(27*time.Hour)) {
				t.Fatalf("until %v at %v", wait.Until, w.clock.Now())
			}
		default:
			t.Fatal(err)
		}
		w.clock.Advance(3 * time.Minute)
	}
	hour, day := densest(sent, time.Hour), densest(sent, 24*time.Hour)
	if hour != 10 || day != 30 || refused == 0 {
		t.Errorf("%d in an hour, %d in a day, %d refused", hour, day, refused)
	}
}

// entered is the evidence of a user who has an app, made up.
func (w *textWorld) entered(u mfa.User) mfa.Authentication {
	w.t.Helper()
	list, err := w.Enrollments(bg, u.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.password(u).Authentication
	i := slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.Method == "sms" })
	a.Proofs = append(a.Proofs, mfa.Proof{Method: "sms", Enrollment: list[i].ID, Kind: mfa.Have, Restricted: true, Time: w.clock.Now()})
	a.Generation = w.signIn(u, mfa.Client{}).Generation
	return a
}

// densest is the most moments of any window.
func densest(list []time.Time, window time.Duration) (most int) {
	for _, from := range list {
		n := 0
		for _, at := range list {
			if !at.Before(from) && at.Before(from.Add(window)) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// Two processes that serve one user at one moment let no more through than one.
func TestO05_A88_LimitOfAUserOverTwoProcesses(t *testing.T) {
	s := &tap{Store: memory.New()}
	w := newTextWorld(t, func(string) []mfa.Budget { return []mfa.Budget{{Name: mfa.BudgetDestination, Key: fresh()}} }, silent, withStore(s))
	other := w.process(withStore(s.Store))
	u := person("u")
	w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	for range 9 {
		is(t, second(w.ask(f)), nil)
	}
	before := w.tower.count()
	s.onSaves(func(n int, save func() error) error {
		if n == 1 { // the other is served between this one's load and its save
			is(t, second(other.ask(f)), nil)
		}
		return save()
	})
	_, err := w.ask(f)
	if sent := w.tower.count() - before; sent != 1 || !errors.Is(err, mfa.ErrSendLimit) {
		t.Errorf("%d sent where one was left, the second answered with %v", sent, err)
	}
}

// The pause begins with what went out, grows, and is kept over flows, resends,
// purposes, users and processes.
func TestC05_A62_PauseBetweenMessages(t *testing.T) {
	w := newTextWorld(t, nil)
	u, to := person("u"), fresh()
	w.withNumber(u, to)
	for n, pause := range []time.Duration{30, 60, 120, 240, 480, 480, 480} {
		f := w.process().signIn(u, from(n))
		asked, err := w.ask(f)
		next := w.clock.Now().Add(pause * time.Second)
		if err != nil || !asked.ResendAt.Equal(next) {
			t.Fatalf("message %d: %v, again at %v; want %v", n+1, err, asked.ResendAt, next)
		}
		for i, p := range []*textWorld{w, w.process()} {
			w.clock.Set(next.Add(-time.Duration(1+i) * time.Second))
			for _, err := range []error{second(p.ask(f)), second(p.ask(p.signIn(u, from(n+9)))), p.ring(to, from(n))} {
				if wait := waits(t, err); wait.Limit || !wait.Until.Equal(next) {
					t.Fatalf("message %d again: %+v, want %v", n+1, wait, next)
				}
			}
		}
		w.clock.Set(next)
	}
}

// What did not go out has no pause, so that the person can ask again at once.
func TestA88_NoPauseForWhatDidNotGoOut(t *testing.T) {
	u, to := person("u"), fresh()
	for name, lose := range map[string]func(w *textWorld, f mfa.Flow){
		"failed": func(w *textWorld, f mfa.Flow) {
			w.tower.fails(errCarrier)
			is(t, second(w.ask(f)), mfa.ErrDelivery)
			w.tower.fails(nil)
		},
		"died between save and send": func(w *textWorld, f mfa.Flow) {
			defer func() { _ = recover() }()
			_, _ = w.elsewhere(carrier(func(mfa.Message) error { panic("killed") })).ask(f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, nil)
			id := w.withNumber(u, to)
			f := w.signIn(u, mfa.Client{})
			lose(w, f)
			asked, err := w.ask(f)
			if err != nil || !asked.ResendAt.After(w.clock.Now()) {
				t.Fatalf("again: %v, %v", asked.ResendAt, err)
			}
			out, err := w.verify(f, id, w.tower.code(), mfa.Client{})
			w.want(out, err, mfa.StatusPassed)
		})
	}
}

// A process that hangs in a send, and is then killed, keeps nobody out elsewhere.
func TestA88_AHungProcessKeepsNobodyOut(t *testing.T) {
	w := newTextWorld(t, nil)
	u := person("u")
	w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	at, killed, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	hung := w.elsewhere(carrier(func(mfa.Message) error { close(at); <-killed; return errCarrier }))
	go func() { defer close(ended); _, _ = hung.ask(f) }()
	<-at
	is(t, second(hung.ask(f)), mfa.ErrTooSoon) // in the same process one is on its way
	is(t, second(w.process().ask(f)), nil)
	close(killed)
	<-ended
}

// Strangers cannot use up what is kept for numbers that were verified.
func TestO05_A87_ReserveForKnownNumbers(t *testing.T) {
	for name, leased := range map[string]bool{"exact": false, "leased": true} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, all(mfa.Budget{Hour: 20, Reserve: 30, Leased: leased}))
			strangers := 0
			for w.ring(fresh(), mfa.Client{}) == nil {
				strangers++
			}
			var users []mfa.User
			for i := range 7 {
				users = append(users, person(fmt.Sprint("known-", i)))
				w.withNumber(users[i], fresh())
			}
			for i, u := range users {
				if err := second(w.ask(w.signIn(u, mfa.Client{}))); (err == nil) != (i < 6) {
					t.Errorf("known number %d: %v", i+1, err)
				}
			}
			if strangers != 14 || w.tower.count() != 20 {
				t.Errorf("%d to strangers, %d in all", strangers, w.tower.count())
			}
		})
	}
}

// The network is the client's; where none is known, none is counted.
func TestO05_A87_LimitOfANetwork(t *testing.T) {
	w := newTextWorld(t, func(string) []mfa.Budget { return []mfa.Budget{{Name: mfa.BudgetNetwork, Hour: 4, Day: 6}} })
	for i := range 6 {
		if err := w.ring(fresh(), from(1)); (err == nil) != (i < 4) {
			t.Errorf("message %d: %v", i+1, err)
		}
		is(t, w.ring(fresh(), mfa.Client{}), nil)
	}
	is(t, w.ring(fresh(), from(2)), nil)
	w.clock.Advance(70 * time.Minute)
	for i := range 3 {
		if err := w.ring(fresh(), from(1)); (err == nil) != (i < 2) {
			t.Errorf("an hour later, message %d: %v", i+1, err)
		}
	}
	w.drain()
	for _, ev := range w.events.ByType(mfa.EventSendLimit) {
		if ev.Reason != mfa.BudgetNetwork {
			t.Errorf("%+v", ev)
		}
	}
}

// One event a day says that a budget is nearly used up.
func TestO05_WarnsAtEightyPercentOnceADay(t *testing.T) {
	for name, leased := range map[string]bool{"exact": false, "leased": true} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, all(mfa.Budget{Hour: 10, Day: 100, Warn: 80, Leased: leased}))
			for day := range 2 {
				for i, want := range []int{0, 1, 0} {
					p := w.process()
					for range []int{7, 1, 2}[i] {
						is(t, p.ring(fresh(), mfa.Client{}), nil)
					}
					is(t, p.Close(bg), nil)
					list := p.events.ByType(mfa.EventSendBudget)
					if len(list) != want || want == 1 && (list[0].Reason != "system" || list[0].User != "" || list[0].ID == "" || list[0].Notice) {
						t.Errorf("day %d, part %d: %v", day, i, list)
					}
				}
				is(t, w.process().ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
				w.clock.Advance(24 * time.Hour)
			}
		})
	}
}

// A budget whose neighbour failed once is not charged twice for one message.
func TestO05_A88_NothingIsCountedTwice(t *testing.T) {
	for kind, leased := range map[string]bool{"exact": false, "leased": true} {
		t.Run(kind, func(t *testing.T) {
			g := &guard{Store: memory.New()}
			w := newTextWorld(t, func(string) []mfa.Budget {
				return []mfa.Budget{{Name: "a", Key: "a", Hour: 2, Leased: leased}, {Name: "b", Key: "b", Hour: 2, Leased: leased}}
			}, silent, withStore(g))
			n := 0
			g.save = func(save func() error) error {
				if n++; n == 2 {
					return errWire
				}
				return save()
			}
			is(t, w.ring(fresh(), mfa.Client{}), nil)
			is(t, w.ring(fresh(), mfa.Client{}), nil)
			is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
		})
	}
}
