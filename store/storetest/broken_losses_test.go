package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mfakit/mfa"
)

// lossMistakes are of stores that do not keep what they acknowledge.
var lossMistakes = []mistake{
	{"cannot hold more than a page", "values of every size", "save of 8193 bytes: row is too big", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if len(item.Value) > 8<<10 {
				return errors.New("row is too big")
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"writes over the beginning alone", "values of every size", "there is more behind it", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			item = copied(item)
			if there, ok := b.there(key); ok && len(there.Value) > len(item.Value) && len(item.Value) > 0 {
				item.Value = append(item.Value, there.Value[len(item.Value):]...)
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"finds the first of many rows", "a thousand updates of one key", "after update 300", func(b *broken) {
		var rows []mfa.Item
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := b.correct.Save(ctx, key, old, item)
			if err == nil {
				rows = append(rows, copied(item))
			}
			return err
		}
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			if len(rows) > 256 {
				return copied(rows[len(rows)-256]), nil
			}
			return b.correct.Load(ctx, key)
		}
	}},
	{"uncovers a former row by a delete", "a thousand updates of one key", "with 1000 former versions", func(b *broken) {
		var former mfa.Item
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			there, _ := b.there(key)
			err := b.correct.Save(ctx, key, old, item)
			if err == nil {
				former = there
			}
			return err
		}
		b.del = func(ctx context.Context, key string, old int64) error {
			err := b.correct.Delete(ctx, key, old)
			if err == nil {
				b.put(key, former)
			}
			return err
		}
	}},
	{"loses what a failover has not copied", "an answer that is lost is found again", "a Save that was acknowledged is not there", losesEvery(7)},
	{"loses what a failover has not copied", "sign-ins outlive a store that fails", "a Save that was acknowledged is not there", losesEvery(6)},
	{"calls a user absent now and then", "sign-ins outlive a store that fails", "a Save that was acknowledged is not there", func(b *broken) {
		var mu sync.Mutex
		loads := make(map[string]int)
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			mu.Lock()
			defer mu.Unlock()
			if loads[key]++; loads[key]%7 == 0 {
				return mfa.Item{}, fmt.Errorf("nil answer: %w", mfa.ErrNotFound)
			}
			return b.correct.Load(ctx, key)
		}
	}},
	{"accepts twice", "a code is accepted once", "one code was accepted", updatesAfterLook(new(window))},
	{"forgets guesses", "every guess is counted", "some were not counted", updatesAfterLook(new(window))},
}

// losesEvery makes a store that drops every so many updates of a key, and says
// that they are done.
func losesEvery(n int) func(*broken) {
	return func(b *broken) {
		var mu sync.Mutex
		saves := make(map[string]int)
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			mu.Lock()
			defer mu.Unlock()
			there, ok := b.there(key)
			if saves[key]++; saves[key]%n == 0 && ok && there.Version == old {
				return nil
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}
}
