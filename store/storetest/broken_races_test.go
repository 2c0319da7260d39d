package storetest

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mfakit/mfa"
)

// raceMistakes are in what happens at once.
var raceMistakes = []mistake{
	{"creates after it has looked", "one of many creates wins", "goroutines have saved over the same version", func(b *broken) {
		var w window
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			_, ok := b.there(key)
			if old != 0 {
				return b.correct.Save(ctx, key, old, item)
			}
			if ok {
				return mfa.ErrConflict
			}
			w.meet()
			b.put(key, copied(item))
			return nil
		}
	}},
	{"updates after it has looked", "one of many updates wins", "goroutines have saved over the same version", updatesAfterLook(new(window))},
	{"loses updates", "no increment is lost", "after 160 increments", updatesAfterLook(new(window))},
	{"spends twice", "one thing is spent once", "one thing was spent", updatesAfterLook(new(window))},
	{"deletes after it has looked", "update or delete wins, not both", "both updated and deleted", func(b *broken) {
		var w window
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			defer w.pass()
			return b.correct.Save(ctx, key, old, item)
		}
		b.del = func(_ context.Context, key string, old int64) error {
			if there, ok := b.there(key); ok && there.Version != old {
				return mfa.ErrConflict
			}
			w.meet()
			b.remove(key)
			return nil
		}
	}},
	{"stale reads", "loads see what was acknowledged", "after Save: load of \"user/a\": version is", func(b *broken) {
		former := make(map[string]mfa.Item)
		var mu sync.Mutex
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			mu.Lock()
			defer mu.Unlock()
			if there, ok := b.there(key); ok {
				former[key] = there
			}
			return b.correct.Save(ctx, key, old, item)
		}
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			mu.Lock()
			defer mu.Unlock()
			if item, ok := former[key]; ok {
				return copied(item), nil
			}
			return b.correct.Load(ctx, key)
		}
	}},
	{"delayed visibility", "loads see what was acknowledged", "after Save: load of \"user/a\": version is", func(b *broken) {
		visible := newCorrect()
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := b.correct.Save(ctx, key, old, item)
			if old == 0 && err == nil {
				visible.put(key, copied(item))
			}
			return err
		}
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := visible.Load(ctx, key)
			if there, ok := b.there(key); ok {
				visible.put(key, there) // for the next one who looks
			}
			return item, err
		}
	}},
	{"writes in two steps", "loads see what was acknowledged", "half of an item", func(b *broken) {
		var w window
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			defer w.pass()
			return b.correct.Load(ctx, key)
		}
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if there, ok := b.there(key); ok && there.Version == old {
				b.put(key, mfa.Item{Value: copied(item).Value, Version: old})
				w.meet()
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
}

// A window is the time between two steps of a broken store, in which another
// goroutine may come. It stays open until one does, or until it seems that none
// will: a store that is used by one goroutine goes on, too.
type window struct{ came atomic.Int64 }

// meet opens the window, for this goroutine and for who is in it already.
func (w *window) meet() {
	n := w.came.Add(1)
	for range 5000 {
		if w.came.Load() != n {
			return
		}
		runtime.Gosched()
	}
}

// pass tells those in the window that somebody came.
func (w *window) pass() { w.came.Add(1) }

// updatesAfterLook compares under one lock and writes under the next.
func updatesAfterLook(w *window) func(*broken) {
	return func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if old == 0 {
				return b.correct.Save(ctx, key, old, item)
			}
			if there, ok := b.there(key); !ok || there.Version != old {
				return mfa.ErrConflict
			}
			w.meet()
			b.put(key, copied(item))
			return nil
		}
	}
}
