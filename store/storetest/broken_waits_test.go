package storetest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mfakit/mfa"
)

// waitingMistakes are in how a store waits.
var waitingMistakes = []mistake{
	{"a time-out is an absent key", "a deadline that has passed tells no lie", "load with a context that had ended", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return mfa.Item{}, mfa.ErrNotFound
			}
			return b.correct.Load(ctx, key)
		}
	}},
	{"a lock that was not got in time is a conflict", "a deadline that has passed tells no lie", "save with a context that had ended", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return mfa.ErrConflict
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"leaves its place taken", "who waits leaves with the context", "after others have left", func(b *broken) {
		places := make(chan struct{}, 1)
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			runtime.Gosched()
			if err := ctx.Err(); err != nil {
				return err // and the place?
			}
			defer func() { <-places }()
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"waits without its context", "who waits leaves with the context", "does not return although its context has ended", func(b *broken) {
		var mu sync.Mutex
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			mu.Lock()
			if err := ctx.Err(); err != nil {
				return err // and the lock?
			}
			defer mu.Unlock()
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"tells who left that another has won", "who waits leaves with the context", "a Save was refused, and its item is there", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := b.correct.Save(context.WithoutCancel(ctx), key, old, item)
			if old != 0 && err == nil {
				return mfa.ErrConflict
			}
			return err
		}
	}},
	{"a busy lock is a conflict", "a storm on one key ends", "the version that it named is still there", func(b *broken) {
		var n atomic.Int64
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if old != 0 && n.Add(1)%3 == 1 {
				return mfa.ErrConflict
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
}
