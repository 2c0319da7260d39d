package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// moody is a store that conflicts, fails, dawdles and loses answers, for what is
// sent and for users, in turns.
type moody struct {
	mfa.Store
	n atomic.Int64
}

func (m *moody) Load(ctx context.Context, key string) (mfa.Item, error) {
	n := m.n.Add(1)
	for range n % 7 {
		runtime.Gosched()
	}
	if n%53 == 0 && strings.HasPrefix(key, "limit/") {
		return mfa.Item{}, errWire
	}
	return m.Store.Load(ctx, key)
}

func (m *moody) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	n := m.n.Add(1)
	for range n % 5 {
		runtime.Gosched()
	}
	switch {
	case n%11 == 0:
		return mfa.ErrConflict
	case n%29 == 0:
		return errWire
	}
	err := m.Store.Save(ctx, key, old, item)
	switch {
	case err != nil:
		return err
	case n%13 == 0:
		return errWire // it was saved all the same
	case n%17 == 0:
		return mfa.ErrConflict
	case n%37 == 0:
		return mfa.ErrNotDurable
	}
	return nil
}

// crowd is n requests at once over processes, each as its number says; it
// returns how many ended in which way.
func crowd(n int, processes []*textWorld, request func(w *textWorld, i int) error) (sent, limit, other int) {
	errs := parallel(n, func(i int) error { return request(processes[i%len(processes)], i) })
	for _, err := range errs {
		switch {
		case err == nil, errors.Is(err, mfa.ErrDelivery):
			sent++
		case errors.Is(err, mfa.ErrSendLimit):
			limit++
		default:
			other++
		}
	}
	return sent, limit, other
}

func twoProcesses(w *textWorld) []*textWorld { return []*textWorld{w, w.process()} }

// 200 requests at once over two processes never exceed what is exact; where
// nothing fails, they use it up.
func TestO05_A87_A88_ExactLimitsUnderLoad(t *testing.T) {
	const to = "+447700900000"
	for name, c := range map[string]struct {
		budget  mfa.Budget
		request func(w *textWorld, i int) error
	}{
		"destination": {mfa.Budget{Name: mfa.BudgetDestination, Key: to, Hour: 7, Day: 7}, func(w *textWorld, _ int) error { return w.ring(to, mfa.Client{}) }},
		"network":     {mfa.Budget{Name: mfa.BudgetNetwork, Hour: 40, Day: 40}, func(w *textWorld, _ int) error { return w.ring(fresh(), from(1)) }},
	} {
		for kind, store := range map[string]mfa.Store{"sound": memory.New(), "moody": &moody{Store: memory.New()}} {
			t.Run(name+", "+kind, func(t *testing.T) {
				w := newTextWorld(t, func(string) []mfa.Budget { return []mfa.Budget{c.budget} }, silent, withStore(store))
				w.tower.fails(errCarrier) // so that there are no pauses
				two := twoProcesses(w)
				for range 3 {
					crowd(200, two, c.request)
				}
				for range 2 * c.budget.Hour { // one by one, for what conflicts have left
					_ = c.request(two[0], 0)
				}
				sent := w.tower.count()
				if sent > c.budget.Hour || sent == 0 {
					t.Errorf("%d sent of %d", sent, c.budget.Hour)
				}
				if kind == "sound" && sent < c.budget.Hour*3/4 {
					t.Errorf("%d sent of %d on a sound store", sent, c.budget.Hour)
				}
			})
		}
	}
}

// one number that takes messages has a pause of 30 s, so that of a crowd
// at one moment each process lets at most one through.
func TestA87_A88_OneNumberAtOneMoment(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	two := twoProcesses(w)
	to := fresh()
	crowd(200, two, func(w *textWorld, _ int) error { return w.ring(to, mfa.Client{}) })
	if n := w.tower.count(); n < 1 || n > len(two) {
		t.Errorf("%d sent", n)
	}
}

// A number that is changed while a request for the old one is tried again does not
// get a message that its own budgets know nothing of.
func TestA88_ANumberThatChangesBetweenTries(t *testing.T) {
	s := &tap{Store: memory.New()}
	w := newTextWorld(t, func(to string) []mfa.Budget { return []mfa.Budget{{Name: mfa.BudgetDestination, Key: to, Hour: 1}} }, silent, withStore(s))
	u, before, after := person("u"), fresh(), fresh()
	w.withNumber(u, before)
	f := w.signIn(u, mfa.Client{})
	s.onSaves(func(n int, save func() error) error {
		if n == 1 {
			w.texts.divert = after
			return mfa.ErrConflict
		}
		return save()
	})
	is(t, second(w.ask(f)), nil)
	if m := w.tower.all(); len(m) != 1 || m[0].To != after {
		t.Fatalf("%d sent", len(m))
	}
	w.clock.Advance(10 * time.Minute)
	is(t, w.ring(after, mfa.Client{}), mfa.ErrSendLimit)
	is(t, w.ring(before, mfa.Client{}), mfa.ErrSendLimit) // it stays charged
}

// drained uses up a budget by 50 at once over processes, and returns how many went out.
func drained(processes []*textWorld, request func(w *textWorld) error) int {
	before := processes[0].tower.count()
	parallel(50, func(i int) error {
		for busy := 0; busy < 20; {
			switch err := request(processes[i%len(processes)]); {
			case err == nil:
			case errors.Is(err, mfa.ErrSendLimit):
				return nil
			default:
				busy++
			}
		}
		return nil
	})
	return processes[0].tower.count() - before
}

func stranger(w *textWorld) error { return w.ring(fresh(), mfa.Client{}) }

// Leased budgets are never exceeded, and used to at least 95 percent: by two
// processes, by ones that come and go, with a share kept back, and with hours between.
func TestO05_A87_A88_LeasedBudgets(t *testing.T) {
	for _, limit := range []int{100, 1000, 5000} {
		for name, c := range map[string]struct {
			budget mfa.Budget
			share  int // of the limit that the strangers have, in percent
		}{
			"hour":    {mfa.Budget{Hour: limit, Leased: true}, 100},
			"day":     {mfa.Budget{Day: limit, Leased: true}, 100},
			"reserve": {mfa.Budget{Hour: limit, Day: limit, Reserve: 30, Leased: true}, 70},
		} {
			if limit == 5000 && name != "hour" {
				continue // it takes long, and adds nothing
			}
			t.Run(fmt.Sprint(limit, " ", name), func(t *testing.T) {
				w := newTextWorld(t, all(c.budget), silent)
				most := limit * c.share / 100
				if n := drained(twoProcesses(w), stranger); n > most || n*100 < most*95 {
					t.Errorf("%d sent of %d", n, most)
				}
				is(t, stranger(w.process()), mfa.ErrSendLimit)
			})
		}
	}
}

func TestO05_A88_LeasedBudgetsOnAMoodyStore(t *testing.T) {
	w := newTextWorld(t, all(mfa.Budget{Hour: 500, Leased: true}), silent, withStore(&moody{Store: memory.New()}))
	if n := drained(twoProcesses(w), stranger); n > 500 || n < 250 {
		t.Errorf("%d sent of 500", n)
	}
}

// Processes that start, send a little and die leave little unused, and what they
// sent counts.
func TestO05_A88_LeasedBudgetsOverRestarts(t *testing.T) {
	for _, limit := range []int{100, 1000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			w := newTextWorld(t, all(mfa.Budget{Hour: limit, Leased: true}), silent)
			for range 5 { // half of it, by processes that end
				p := w.process()
				for range limit / 10 {
					is(t, stranger(p), nil)
				}
			}
			drained(twoProcesses(w), stranger)
			if n := w.tower.count(); n > limit || n*100 < limit*95 {
				t.Errorf("%d sent of %d", n, limit)
			}
		})
	}
}

// Few messages, far apart, use up no more than they are.
func TestO05_A88_LeasedBudgetsOfAQuietSystem(t *testing.T) {
	for name, b := range map[string]mfa.Budget{"hour": {Hour: 200, Leased: true, Reserve: 30}, "day": {Day: 1000, Leased: true}} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, all(b), silent)
			processes := append(twoProcesses(w), twoProcesses(w)...)
			for i := range 480 { // at most 40 in an hour, and 960 in a day
				if err := stranger(processes[i%4]); err != nil {
					t.Fatalf("message %d of a day: %v", i+1, err)
				}
				w.clock.Advance(90 * time.Second)
			}
		})
	}
}

// What was set aside and not used in time is little.
func TestO05_A88_LeasedBudgetsAfterLeasesExpired(t *testing.T) {
	for _, limit := range []int{100, 1000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			w := newTextWorld(t, all(mfa.Budget{Day: limit, Leased: true}), silent)
			two := twoProcesses(w)
			sent := 0
			for range 4 {
				for _, p := range two {
					is(t, stranger(p), nil)
					sent++
				}
				w.clock.Advance(5 * time.Minute)
			}
			sent += drained(two, stranger)
			if sent > limit || sent*100 < limit*95 {
				t.Errorf("%d sent of %d", sent, limit)
			}
		})
	}
}

// What is sent late from a block counts as late: no hour has more than the limit.
func TestO05_A87_NoHourHasMoreThanTheLimit(t *testing.T) {
	const limit = 600
	for name, b := range map[string]mfa.Budget{"exact": {Hour: limit}, "leased": {Hour: limit, Leased: true}} {
		for _, early := range []int{2, 100, 300} {
			t.Run(fmt.Sprint(name, " ", early), func(t *testing.T) {
				w := newTextWorld(t, all(b), silent)
				two := twoProcesses(w)
				var sent []time.Time
				w.tower.does(func(context.Context, mfa.Message) error { sent = append(sent, w.clock.Now()); return nil })
				send := func(at string, most int) {
					when, err := time.Parse(time.RFC3339, "2026-03-02T"+at+"Z")
					is(t, err, nil)
					w.clock.Set(when)
					for i, full := 0, 0; i < most && full < 2; i++ {
						if full++; stranger(two[i%2]) == nil {
							full = 0
						}
					}
				}
				send("12:04:50", early) // at the end of a bucket
				send("12:09:40", 64)
				send("12:20:00", 2*limit)
				for _, at := range []string{"13:00:00", "13:04:50", "13:05:00", "13:09:30", "13:10:00", "13:20:00"} {
					send(at, 2*limit)
				}
				if n := densest(sent, time.Hour); n > limit {
					t.Errorf("%d in an hour", n)
				}
			})
		}
	}
}

// A thousand of each at once, from 50 clients over two processes.
func TestA87_A88_AThousandStarts(t *testing.T) {
	budgets := func(to string) []mfa.Budget {
		return []mfa.Budget{{Name: mfa.BudgetDestination, Key: to, Hour: 5, Day: 10}, {Name: mfa.BudgetNetwork, Hour: 300, Day: 300},
			{Name: "prefix", Key: to[:5], Label: to[:5], Hour: 200, Day: 1000, Leased: true}, {Name: "system", Key: "all", Hour: 1000, Day: 5000, Leased: true}}
	}
	const starts, clients = 1000, 50
	for name, c := range map[string]struct {
		least, most int
		start       func(w *textWorld, u mfa.User, number string, i int) error
	}{
		"of one user": {1, 10, func(w *textWorld, u mfa.User, number string, i int) error {
			c := mfa.Caller{User: u, Authentication: w.password(u).Authentication}
			return second(w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}}))
		}},
		"of one user's flows": {1, 10, func(w *textWorld, u mfa.User, number string, i int) error {
			f, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password, Client: from(i)})
			if err != nil || len(f.Options) == 0 {
				return err
			}
			return second(w.Challenge(bg, f.Token, f.Options[0].ID, from(i)))
		}},
		"to one number":  {1, 5, func(w *textWorld, _ mfa.User, number string, i int) error { return w.ring(number, from(i)) }},
		"to one prefix":  {190, 200, func(w *textWorld, _ mfa.User, _ string, i int) error { return w.ring(fresh(), from(i)) }},
		"of one network": {1, 300, func(w *textWorld, _ mfa.User, _ string, _ int) error { return w.ring("+1"+fresh()[8:]+"00", from(1)) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, budgets, silent)
			u, to := person("u"), fresh()
			if strings.Contains(name, "flows") {
				w.withNumber(u, to)
			}
			two := twoProcesses(w)
			if err := c.start(two[0], u, to, 0); err != nil { // a crowd's flows push out each other's
				t.Fatal(err)
			}
			parallel(clients, func(n int) error {
				for i := n; i < starts; i += clients {
					_ = c.start(two[i%2], u, to, i)
				}
				return nil
			})
			if n := w.tower.count(); n < c.least || n > c.most {
				t.Errorf("%d sent, want %d to %d", n, c.least, c.most)
			}
		})
	}
}
