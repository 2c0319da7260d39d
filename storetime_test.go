package mfa_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
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
