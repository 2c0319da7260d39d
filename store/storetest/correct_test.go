package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

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

func (e expiring) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if err := e.correct.Save(ctx, key, old, item); err != nil {
		return err
	}
	if !item.Expires.IsZero() && item.Expires.Year() < 2000 {
		return e.correct.Delete(ctx, key, item.Version)
	}
	return nil
}

// unwalkable is a correct store without Scan.
type unwalkable struct{ mfa.Store }

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
	t.Run("no scan", func(t *testing.T) {
		for _, c := range cases() {
			s := unwalkable{newCorrect()}
			if err := c.check(t.Context(), s, s); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
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
