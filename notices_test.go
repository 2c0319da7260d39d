package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfakit/mfa"
)

// heard counts the entries of a type in a user's history, which is saved with
// the answer.
func (w *world) heard(user string, kind mfa.EventType) (n int) {
	w.t.Helper()
	list, err := w.Activity(bg, user)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range list {
		if a.Type == kind {
			n += a.Count
		}
	}
	return n
}

// The owner hears once of a browser that has not been seen, where others have.
// By the name that it gives itself it counts as seen without its cookie, too:
// who deletes cookies would else be told at every sign-in.
func TestC21_ANewBrowserIsToldOnce(t *testing.T) {
	w := newWorld(t)
	u, v := person("u"), person("v")
	a, b := w.withApp(u), w.withApp(v)
	tokens := map[string]string{} // of u, by browser
	client := func(browser, agent string) mfa.Client {
		c := from(len(tokens) + 1)
		c.App, c.Place, c.UserAgent, c.DeviceToken = "web", "Oslo", agent, tokens[browser]
		return c
	}
	told := 0
	for _, step := range []struct {
		what, browser, agent string
		tell                 bool
	}{
		{"the first", "laptop", "Laptop/1", false},
		{"the same", "laptop", "Laptop/1", false},
		{"another", "phone", "Phone/1", true},
		{"the other again", "phone", "Phone/1", false},
		{"the first, brought up to date", "laptop", "Laptop/2", false},
		{"without its cookie", "laptop in private", "Laptop/2", false},
		{"another of the same name", "friend's phone", "Phone/1", false},
		{"by a name that the first no longer has", "old laptop", "Laptop/1", true},
		{"one that gives no name", "shy", "", true},
		{"another that gives no name", "as shy", "", false},
	} {
		c := client(step.browser, step.agent)
		f := w.signIn(u, c)
		if f.DeviceToken != "" { // of a browser that is known, it changes
			c.DeviceToken, tokens[step.browser] = f.DeviceToken, f.DeviceToken
		}
		_, err := w.verify(f, a.id, w.wrong(a), c)
		is(t, err, mfa.ErrNotValid)
		if n := w.heard("u", mfa.EventNewDevice); n != told {
			t.Fatalf("%s: told of a sign-in that has not passed", step.what)
		}
		f, err = w.verify(f, a.id, a.Code(), c)
		w.want(f, err, mfa.StatusPassed)
		w.next()
		if f.DeviceToken != "" {
			tokens[step.browser] = f.DeviceToken
		}
		if step.tell {
			told++
		}
		if n := w.heard("u", mfa.EventNewDevice); n != told {
			t.Errorf("%s: told %d times by now, want %d", step.what, n, told)
		}
	}

	// A browser that is known for somebody else is not known for this user.
	c := client("", "Tablet/1")
	c.DeviceToken = w.enter(v, b, c).DeviceToken
	if n := w.heard("v", mfa.EventNewDevice); n != 0 {
		t.Errorf("another user's first: told %d times", n)
	}
	f := w.enter(u, a, c)
	if n := w.heard("u", mfa.EventNewDevice); n != told+1 {
		t.Errorf("another user's: told %d times by now, want %d", n, told+1)
	}
	c.DeviceToken = f.DeviceToken
	w.enter(u, a, c)
	w.enter(v, b, c)
	if n, m := w.heard("u", mfa.EventNewDevice), w.heard("v", mfa.EventNewDevice); n != told+1 || m != 0 {
		t.Errorf("shared, and known to both: told %d and %d times", n, m)
	}
	// After a reset there are none that have been seen.
	is(t, w.Reset(bg, mfa.Reset{User: u, Actor: "support"}), nil)
	w.enter(u, w.withApp(u), client("new", "New/1"))
	w.drain()
	list := w.events.ByType(mfa.EventNewDevice)
	if len(list) != told+1 {
		t.Errorf("%d notices, want %d", len(list), told+1)
	}
	for _, e := range list {
		if !e.Notice || e.User != "u" || e.Email != u.Email || e.App != "web" || e.Place != "Oslo" || !e.IP.IsValid() || strings.HasPrefix(e.UserAgent, "New") {
			t.Errorf("%+v", e)
		}
	}
}

// A browser becomes known by a second factor, not by a password.
func TestC21_APasswordMakesNoBrowserKnown(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	thief, owner := from(1), from(2)
	thief.UserAgent = "Thief/1"
	w.want(w.signIn(u, thief), nil, mfa.StatusPassed)
	w.want(w.signIn(u, owner), nil, mfa.StatusPassed)
	a := w.withApp(u)
	w.enter(u, a, owner)
	if n := w.heard("u", mfa.EventNewDevice); n != 0 {
		t.Errorf("told %d times of the first browser", n)
	}
	w.enter(u, a, thief)
	if n := w.heard("u", mfa.EventNewDevice); n != 1 {
		t.Errorf("told %d times of a browser in which only the password was right before", n)
	}
}

// Locks come as often as somebody guesses on. The owner is told of the first of
// a day, whatever they themselves do meanwhile; all are told as events.
func TestC21_LocksAreNoticesOnceADay(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	locks := 0
	guess := func(n int) {
		t.Helper()
		f := w.signIn(u, mfa.Client{})
		for range n {
			var nv *mfa.NotValidError
			if _, err := w.verify(f, a.id, w.wrong(a), mfa.Client{}); !asError(err, &nv) {
				t.Fatal(err)
			}
			if nv.AttemptsLeft == 0 {
				locks++
			}
		}
	}
	began := w.clock.Now()
	guess(5)
	w.clock.Advance(time.Minute)
	guess(1)
	w.clock.Advance(2 * time.Minute)
	w.enter(u, a, mfa.Client{})
	guess(5)
	w.clock.Set(began.Add(12 * time.Hour))
	w.enter(u, a, mfa.Client{})
	guess(5)
	w.clock.Set(began.Add(24*time.Hour - time.Second))
	guess(1)
	w.clock.Set(began.Add(24*time.Hour + 10*time.Minute))
	guess(1)
	w.clock.Advance(20 * time.Minute)
	guess(1)
	w.drain()
	var told []time.Duration
	list := w.events.ByType(mfa.EventLocked)
	for _, e := range list {
		if e.Notice != (e.Email == u.Email) || e.Method != "totp" || e.Enrollment != a.id || e.Count < 5 {
			t.Errorf("%+v", e)
		}
		if e.Notice {
			told = append(told, e.Time.Sub(began))
		}
	}
	slices.Sort(told)
	if !slices.Equal(told, []time.Duration{0, 24*time.Hour + 10*time.Minute}) || len(list) != locks || locks != 7 {
		t.Errorf("told after %v; %d locks, %d events", told, locks, len(list))
	}
}

// At the tenth failure the owner is told that somebody may have the password:
// over all that they have enrolled, whatever was right in between, and once a day.
func TestC21_TenFailuresAreToldOnceADay(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	failures := 0
	fail := func(want int) {
		t.Helper()
		f := w.signIn(u, mfa.Client{})
		option, code := a.id, w.wrong(a)
		if failures%3 == 1 {
			option, code = b.id, w.wrong(b)
		} else if failures%3 == 2 {
			option, code = "recovery", "no such code"
		}
		_, err := w.verify(f, option, code, mfa.Client{})
		is(t, err, mfa.ErrNotValid)
		failures++
		if n := w.heard("u", mfa.EventManyFailures); n != want {
			t.Fatalf("after %d failures: told %d times, want %d", failures, n, want)
		}
		w.enter(u, a, mfa.Client{})
		w.clock.Advance(10 * time.Minute)
	}
	for range 9 {
		fail(0)
	}
	first := w.clock.Now()
	fail(1)
	for range 12 {
		fail(1)
	}
	w.clock.Set(first.Add(24*time.Hour - time.Second))
	fail(1)
	w.clock.Set(first.Add(24 * time.Hour))
	fail(2) // there have been ten by now
	w.clock.Set(first.Add(72 * time.Hour))
	for range 9 {
		fail(2)
	}
	fail(3)
	w.drain()
	list := w.events.ByType(mfa.EventManyFailures)
	if len(list) != 3 || !list[0].Notice || list[0].Email != u.Email || list[0].Count != 10 {
		t.Errorf("%+v", list)
	}
}

// A full outbox keeps what was done once, and of what is done again and again
// the newest.
func TestC21_RepetitionsGoFirst(t *testing.T) {
	w := newWorld(t, observedBy(&picky{}))
	u := person("u")
	w.withApp(u)
	const resets = 100
	for n := range resets {
		is(t, w.Reset(bg, mfa.Reset{User: u, Actor: "x", Reason: fmt.Sprint(n)}), nil)
		if n == resets/2 {
			is(t, second(w.PasswordChanged(bg, mfa.Caller{User: u})), nil)
		}
	}
	w.drain()
	x := w.twin()
	is(t, x.Redeliver(bg, "u"), nil)
	for _, kind := range []mfa.EventType{mfa.EventEnrolled, mfa.EventRecoveryCodes, mfa.EventPasswordChanged} {
		if n := len(x.events.ByType(kind)); n != 1 {
			t.Errorf("%s is told %d times", kind, n)
		}
	}
	var kept, want []string
	for _, e := range x.events.ByType(mfa.EventReset) {
		kept = append(kept, e.Reason)
	}
	for n := resets - 29; n < resets; n++ {
		want = append(want, fmt.Sprint(n))
	}
	if slices.Sort(kept); !slices.Equal(kept, want) {
		t.Errorf("resets %v, want %v", kept, want)
	}
}

// readyFactor is a method of any name, active without a confirmation.
type readyFactor struct {
	keyFactor
	name string
}

func (f readyFactor) Method() mfa.Method { return mfa.Method{Name: f.name, Kind: mfa.Have} }

func (readyFactor) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{Done: &mfa.Verified{}}, nil
}

// Where nothing repeats itself, the oldest goes: one method more is no repetition.
func TestC21_OfDifferentNoticesTheOldestGoes(t *testing.T) {
	const n = 16
	w := newWorld(t, observedBy(&picky{}), func(c *mfa.Config) {
		c.Factors = nil
		for i := range n {
			c.Factors = append(c.Factors, readyFactor{name: fmt.Sprint("m", i)})
		}
	})
	u := person("u")
	is(t, second(w.PasswordChanged(bg, mfa.Caller{User: u})), nil)
	c := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	var want, ids []string
	for i := range n {
		p, err := w.Enroll(bg, c, mfa.Enroll{Method: fmt.Sprint("m", i)})
		is(t, err, nil)
		if c.Authentication = p.Activated.Authentication; i == 0 { // as if it had been used
			c.Authentication.Proofs = append(c.Authentication.Proofs, mfa.Proof{Method: "m0", Enrollment: p.ID, Kind: mfa.Have, Time: w.clock.Now()})
		}
		ids, want = append(ids, p.ID), append(want, fmt.Sprint(mfa.EventEnrolled, " m", i))
	}
	for i := n - 1; i >= 0; i-- {
		var err error
		c.Authentication, err = w.Remove(bg, c, ids[i])
		is(t, err, nil)
		want = append(want, fmt.Sprint(mfa.EventRemoved, " m", i))
	}
	w.drain()
	x := w.twin()
	is(t, x.Redeliver(bg, "u"), nil)
	var kept []string
	for _, e := range x.events.Events() {
		kept = append(kept, fmt.Sprint(e.Type, " ", e.Method))
	}
	if len(want) != 32 || !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}

// An observer that breaks in whatever way holds no answer up, keeps no other from
// hearing, is offered the notice again, and ends with the engine.
func TestC21_BrokenObserversHoldNothingUp(t *testing.T) {
	for how, fail := range map[string]func(ctx context.Context, never chan struct{}) error{
		"refuses":            func(context.Context, chan struct{}) error { return errors.New("refused") },
		"panics":             func(context.Context, chan struct{}) error { panic("boom") },
		"ends its goroutine": func(context.Context, chan struct{}) error { runtime.Goexit(); return nil },
		"hangs until its time is up": func(ctx context.Context, _ chan struct{}) error {
			<-ctx.Done()
			return ctx.Err()
		},
		"hangs for good": func(_ context.Context, never chan struct{}) error { <-never; return nil },
	} {
		for when, times := range map[string]int{"twice": 2, "always": 1000} {
			t.Run(how+" "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					never := make(chan struct{})
					defer close(never)
					var mu sync.Mutex
					var answered atomic.Bool
					offers, sound := map[string]int{}, map[string]int{} // of notices
					count := func(m map[string]int, e mfa.Event) int {
						mu.Lock()
						defer mu.Unlock()
						if !e.Notice {
							return 1
						}
						m[e.ID]++
						return m[e.ID]
					}
					w := newWorld(t, observedBy(observer(func(ctx context.Context, e mfa.Event) error {
						if count(offers, e) > times {
							return nil
						}
						context.AfterFunc(ctx, func() {
							if errors.Is(ctx.Err(), context.DeadlineExceeded) && !answered.Load() {
								t.Error("an answer waited until an observer's time was up")
							}
						})
						return fail(ctx, never)
					}), observer(func(_ context.Context, e mfa.Event) error { count(sound, e); return nil })))
					u := person("u")
					w.enter(u, w.withApp(u), mfa.Client{})
					answered.Store(true)
					w.drain()
					if len(offers) != 2 || len(sound) != 2 {
						t.Errorf("%d and %d notices, want 2", len(offers), len(sound))
					}
					for id, n := range offers {
						if n != 3 || sound[id] != 1 {
							t.Errorf("a notice was offered %d times, and %d times to the other", n, sound[id])
						}
					}
					left := 0
					if times > 2 {
						left = 2
					}
					x := w.twin()
					is(t, x.Redeliver(bg, "u"), nil)
					for _, e := range x.events.Events() {
						if offers[e.ID] == 0 {
							t.Errorf("%s has another ID now", e.Type)
						}
					}
					if n := len(x.events.Events()); n != left {
						t.Errorf("%d are left, want %d", n, left)
					}
				})
			})
		}
	}
}
