package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

// clockMistakes are in what is made of Expires.
var clockMistakes = []mistake{
	{"counts time to live in 32 bits of milliseconds", "items stay until they expire", "nothing is there", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := b.correct.Load(ctx, key)
			if ttl := time.Until(item.Expires).Milliseconds(); err == nil && !item.Expires.IsZero() && int32(ttl) < 0 {
				b.remove(key)
				return mfa.Item{}, mfa.ErrNotFound
			}
			return item, err
		}
	}},
	{"refuses what has expired", "expired items are whole or gone", "save of an item that expired at 1970", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if !item.Expires.IsZero() && item.Expires.Before(time.Now()) {
				return errors.New("invalid expire time")
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"shows half of what has expired", "expired items are whole or gone", "want 1 bytes", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := b.correct.Load(ctx, key)
			if err == nil && !item.Expires.IsZero() && item.Expires.Before(time.Now()) {
				item.Value = nil
			}
			return item, err
		}
	}},
	{"lets creates through over what has expired", "one save wins over an expired item", "have saved over one expired item", func(b *broken) {
		var w window
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			there, ok := b.there(key)
			if ok && old == 0 && !there.Expires.IsZero() && there.Expires.Before(time.Now()) {
				w.meet() // between the statement that finds it expired and the one that writes
				b.put(key, copied(item))
				return nil
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"keeps the time to live of before", "what no longer expires stays", "after the time at which the former item expired", func(b *broken) {
		var mu sync.Mutex
		dies := make(map[string]time.Time)
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			mu.Lock()
			defer mu.Unlock()
			if !item.Expires.IsZero() {
				dies[key] = item.Expires
			}
			return b.correct.Save(ctx, key, old, item)
		}
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			mu.Lock()
			defer mu.Unlock()
			if at, ok := dies[key]; ok && at.Before(time.Now()) {
				b.remove(key)
			}
			return b.correct.Load(ctx, key)
		}
	}},
	{"drops what never expires", "dropping the expired drops nothing else", "drop what has expired: 4 items, want 3", func(b *broken) {
		b.drop = func(ctx context.Context, before time.Time) (int, error) {
			n := 0
			for _, key := range b.keys() {
				if item, _ := b.there(key); item.Expires.Before(before) {
					b.remove(key)
					n++
				}
			}
			return n, nil
		}
	}},
	{"drops by its own clock", "dropping the expired drops nothing else", "drop what has expired: 0 items, want 3", func(b *broken) {
		b.drop = func(ctx context.Context, _ time.Time) (int, error) { return b.correct.DropExpired(ctx, time.Now()) }
	}},
	{"drops and counts everything of a kind", "dropping the expired drops nothing else", "after DropExpired of what expires before", func(b *broken) {
		b.drop = func(ctx context.Context, before time.Time) (int, error) {
			n, err := b.correct.DropExpired(ctx, before)
			for _, key := range b.keys() {
				if strings.HasPrefix(key, "spent/") {
					b.remove(key)
				}
			}
			return n, err
		}
	}},
}
