package mfa_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// An ended store notes calls that could wait for ever.
type ended struct {
	mfa.Store
	calls, endless atomic.Int64
	longest        atomic.Int64
}

func (s *ended) note(ctx context.Context) {
	s.calls.Add(1)
	end, ok := ctx.Deadline()
	if !ok {
		s.endless.Add(1)
		return
	}
	s.longest.Store(max(s.longest.Load(), int64(time.Until(end))))
}

func (s *ended) Load(ctx context.Context, key string) (mfa.Item, error) {
	s.note(ctx)
	return s.Store.Load(ctx, key)
}

func (s *ended) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	s.note(ctx)
	return s.Store.Save(ctx, key, old, item)
}

func (s *ended) Delete(ctx context.Context, key string, old int64) error {
	s.note(ctx)
	return s.Store.Delete(ctx, key, old)
}

// C-18: a server whose machine vanished without a word holds nobody up for ever,
// whatever context a host brings, and neither does what happens after an answer.
func TestC18_EveryCallOfTheStoreHasAnEnd(t *testing.T) {
	s := &ended{}
	w := newWorld(t, func(c *mfa.Config) { s.Store, c.Store = c.Store, s })
	u := person("ada")
	a := w.withApp(u) // a notice goes out, and is acknowledged
	f := w.signIn(u, from(1))
	_, err := w.verify(f, a.id, w.wrong(a), from(1)) // counted for its network
	is(t, err, mfa.ErrNotValid)
	w.enter(u, a, from(1))
	if err := w.Erase(context.WithoutCancel(bg), u.ID); err != nil {
		t.Fatal(err)
	}
	w.drain()
	if s.calls.Load() < 10 || s.endless.Load() != 0 || time.Duration(s.longest.Load()) > 10*time.Second {
		t.Errorf("%d calls, %d of them without an end, the longest may take %v", s.calls.Load(), s.endless.Load(), time.Duration(s.longest.Load()))
	}

	// An end that the host has set stays.
	short, cancel := context.WithTimeout(bg, time.Second)
	defer cancel()
	s.longest.Store(0)
	if _, err := w.Enrollments(short, u.ID); err != nil {
		t.Fatal(err)
	}
	if got := time.Duration(s.longest.Load()); got > time.Second {
		t.Errorf("a second became %v", got)
	}
}

// A stuck store takes no count: it answers when the caller has given up.
type stuck struct{ mfa.Store }

func (s stuck) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if !strings.HasPrefix(key, "limit/") {
		return s.Store.Save(ctx, key, old, item)
	}
	<-ctx.Done()
	return ctx.Err()
}

// C-18: where a shared budget cannot be written, those who want a message do not
// queue up behind each other, with the store's whole time for each.
func TestC18_AStuckBudgetLinesNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its time is not the machine's
		w := newTextWorld(t, all(mfa.Budget{Hour: 1000}), silent, withStore(stuck{memory.New()}))
		began := time.Now()
		for i, err := range parallel(30, func(i int) error { return w.ring(fresh(), from(i)) }) {
			if err == nil {
				t.Errorf("request %d was sent what nobody counted", i)
			}
		}
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("the last of 30 heard after %v", took)
		}
	})
}

// A saved store says when a user's value was saved.
type saved struct {
	mfa.Store
	done atomic.Bool
}

func (s *saved) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := s.Store.Save(ctx, key, old, item)
	s.done.Store(s.done.Load() || strings.HasPrefix(key, "user/"))
	return err
}

// Whoever closes an engine, and then its store, does not have a sign-in come after it.
func TestCloseWaitsForTheEndOfASignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &saved{Store: memory.New()}
		var w *world
		var begun, closed, late atomic.Bool
		w = newWorld(t, silent, withStore(s), func(c *mfa.Config) {
			now := c.Now
			c.Now = func() time.Time {
				if s.done.Load() && !begun.Swap(true) {
					go func() {
						if err := w.Close(bg); err != nil {
							t.Error(err)
						}
						closed.Store(true)
					}()
					synctest.Wait() // Close has gone as far as it goes
					late.Store(closed.Load())
				}
				return now()
			}
		})
		_, err := w.SignIn(bg, mfa.SignIn{User: person("ada"), First: mfa.Password, Client: from(1)})
		is(t, err, nil)
		synctest.Wait()
		if late.Load() || !begun.Load() || !closed.Load() {
			t.Errorf("Close has returned before the sign-in: %v; at all: %v", late.Load(), closed.Load())
		}
	})
}
