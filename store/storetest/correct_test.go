package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// correct is a store that keeps the contract in the plainest way. The broken
// ones are made of it.
type correct struct {
	mu    sync.Mutex
	items map[string]mfa.Item
}

func newCorrect() *correct { return &correct{items: make(map[string]mfa.Item)} }

func (c *correct) Load(ctx context.Context, key string) (mfa.Item, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	item, ok := c.items[key]
	if !ok {
		return mfa.Item{}, mfa.ErrNotFound
	}
	return copied(item), ctx.Err()
}

func (c *correct) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	there, ok := c.items[key]
	if ok != (old != 0) || there.Version != old {
		return mfa.ErrConflict
	}
	c.items[key] = copied(item)
	return nil
}

func (c *correct) Delete(ctx context.Context, key string, old int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if there, ok := c.items[key]; ok && there.Version != old {
		return mfa.ErrConflict
	}
	delete(c.items, key)
	return nil
}

func (c *correct) Scan(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
	for _, key := range c.keys() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		item, err := c.Load(ctx, key)
		if err != nil {
			continue
		}
		if err := visit(key, item); err != nil {
			return err
		}
	}
	return nil
}

func (c *correct) DropExpired(_ context.Context, before time.Time) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.items)
	maps.DeleteFunc(c.items, func(_ string, item mfa.Item) bool {
		return !item.Expires.IsZero() && item.Expires.Before(before)
	})
	return n - len(c.items), nil
}

func (c *correct) keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.items))
}

func copied(item mfa.Item) mfa.Item {
	item.Value = slices.Clone(item.Value)
	return item
}

// wrapping is a correct store whose errors say more than the sentinel.
type wrapping struct{ *correct }

func (w wrapping) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := w.correct.Load(ctx, key)
	if err != nil {
		err = fmt.Errorf("table items: %w", errors.Join(errors.New("no row"), err))
	}
	return item, err
}

func (w wrapping) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if err := w.correct.Save(ctx, key, old, item); err != nil {
		return fmt.Errorf("table items: %w", err)
	}
	return nil
}

func (w wrapping) Delete(ctx context.Context, key string, old int64) error {
	if err := w.correct.Delete(ctx, key, old); err != nil {
		return fmt.Errorf("table items: %w", err)
	}
	return nil
}

// expiring is a correct store that uses its permission to drop at once what
// has expired.
type expiring struct{ *correct }

func (e expiring) expire(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at := e.items[key].Expires; !at.IsZero() && at.Before(time.Now()) {
		delete(e.items, key)
	}
}

func (e expiring) Load(ctx context.Context, key string) (mfa.Item, error) {
	e.expire(key)
	return e.correct.Load(ctx, key)
}

func (e expiring) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	e.expire(key)
	return e.correct.Save(ctx, key, old, item)
}

// namespaced is a correct store in a part of another.
type namespaced struct {
	*correct
	name string // ends where no key goes on
}

func (n namespaced) Load(ctx context.Context, key string) (mfa.Item, error) {
	return n.correct.Load(ctx, n.name+key)
}

func (n namespaced) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return n.correct.Save(ctx, n.name+key, old, item)
}

func (n namespaced) Delete(ctx context.Context, key string, old int64) error {
	return n.correct.Delete(ctx, n.name+key, old)
}

func (n namespaced) Scan(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
	return n.correct.Scan(ctx, n.name+prefix, n.name+after, func(key string, item mfa.Item) error {
		return visit(strings.TrimPrefix(key, n.name), item)
	})
}

func (n namespaced) DropExpired(ctx context.Context, before time.Time) (dropped int, err error) {
	err = n.correct.Scan(ctx, n.name, "", func(key string, item mfa.Item) error {
		if item.Expires.IsZero() || !item.Expires.Before(before) {
			return nil
		}
		dropped++
		return n.correct.Delete(ctx, key, item.Version)
	})
	return dropped, err
}

// wired is a correct store behind connections that can be cut: the reads and
// the writes that are next then fail, writes by turns before and after they were
// done.
type wired struct {
	*correct
	reads, writes, cuts atomic.Int64
}

var errCut = errors.New("connection reset by peer")

func (w *wired) cut() {
	w.reads.Store(2)
	w.writes.Store(2 + w.cuts.Add(1)%2)
}

// lose says what is lost of an operation.
func lose(left *atomic.Int64) fault {
	for {
		n := left.Load()
		switch {
		case n <= 0:
			return none
		case !left.CompareAndSwap(n, n-1):
		case n%2 == 0:
			return lostAnswer
		default:
			return unsent
		}
	}
}

func (w *wired) Load(ctx context.Context, key string) (mfa.Item, error) {
	if lose(&w.reads) != none {
		return mfa.Item{}, errCut
	}
	return w.correct.Load(ctx, key)
}

func (w *wired) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return w.through(func() error { return w.correct.Save(ctx, key, old, item) })
}

func (w *wired) Delete(ctx context.Context, key string, old int64) error {
	return w.through(func() error { return w.correct.Delete(ctx, key, old) })
}

func (w *wired) through(do func() error) error {
	f := lose(&w.writes)
	if f == unsent {
		return errCut
	}
	if err := do(); err != nil || f == none {
		return err
	}
	return errCut
}

func (w *wired) Scan(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
	if lose(&w.reads) != none {
		return errCut
	}
	return w.correct.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
		if lose(&w.reads) != none {
			return errCut
		}
		return visit(key, item)
	})
}

// repeating is a correct store whose client library repeats by itself what has
// lost its connection.
type repeating struct{ *wired }

func (r repeating) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := r.wired.Save(ctx, key, old, item)
	for errors.Is(err, errCut) {
		err = r.wired.Save(ctx, key, old, item)
	}
	return err
}

// bare is a correct store without Scan and DropExpired.
type bare struct{ mfa.Store }

func TestCorrectStoresPass(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		Run(t, func(*testing.T) mfa.Store { return newCorrect() })
	})
	t.Run("two handles", func(t *testing.T) {
		RunShared(t, func(*testing.T) (a, b mfa.Store) {
			c := newCorrect()
			return wrapping{c}, wrapping{c}
		})
	})
	t.Run("wrapped errors", func(t *testing.T) {
		Run(t, func(*testing.T) mfa.Store { return wrapping{newCorrect()} })
	})
	t.Run("drops the expired", func(t *testing.T) {
		Run(t, func(*testing.T) mfa.Store { return expiring{newCorrect()} })
	})
	t.Run("no method beyond the three", func(t *testing.T) {
		Run(t, func(*testing.T) mfa.Store { return bare{newCorrect()} })
	})
	t.Run("namespaces", func(t *testing.T) {
		RunIsolated(t, func(*testing.T) (a, b mfa.Store) {
			c := newCorrect()
			return namespaced{c, "a\xff"}, namespaced{c, "ab\xff"}
		})
	})
	t.Run("cut off", func(t *testing.T) {
		RunFaulty(t, func(*testing.T) (mfa.Store, func()) {
			w := &wired{correct: newCorrect()}
			return w, w.cut
		})
	})
	t.Run("cut off, and repeated by the client", func(t *testing.T) {
		RunFaulty(t, func(*testing.T) (mfa.Store, func()) {
			w := &wired{correct: newCorrect()}
			return repeating{w}, w.cut
		})
	})
}

func TestDistinctKeysAreDistinctAndLegal(t *testing.T) {
	seen := make(map[string]bool)
	for _, key := range distinctKeys() {
		if seen[key] {
			t.Errorf("%q is there twice", key)
		}
		seen[key] = true
		if len(key) < 1 || len(key) > 1024 || strings.ToValidUTF8(key, "") != key {
			t.Errorf("%.60q is no legal key", key)
		}
	}
}
