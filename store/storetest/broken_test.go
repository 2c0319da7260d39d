package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
)

// broken is a correct store of which one method is replaced.
type broken struct {
	*correct
	load func(ctx context.Context, key string) (mfa.Item, error)
	save func(ctx context.Context, key string, old int64, item mfa.Item) error
	del  func(ctx context.Context, key string, old int64) error
	scan func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error
}

func (b *broken) Load(ctx context.Context, key string) (mfa.Item, error) {
	if b.load != nil {
		return b.load(ctx, key)
	}
	return b.correct.Load(ctx, key)
}

func (b *broken) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if b.save != nil {
		return b.save(ctx, key, old, item)
	}
	return b.correct.Save(ctx, key, old, item)
}

func (b *broken) Delete(ctx context.Context, key string, old int64) error {
	if b.del != nil {
		return b.del(ctx, key, old)
	}
	return b.correct.Delete(ctx, key, old)
}

func (b *broken) Scan(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
	if b.scan != nil {
		return b.scan(ctx, prefix, after, visit)
	}
	return b.correct.Scan(ctx, prefix, after, visit)
}

// there returns what is under key, unlike Load without a copy.
func (c *correct) there(key string) (mfa.Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	item, ok := c.items[key]
	return item, ok
}

// put writes without looking.
func (c *correct) put(key string, item mfa.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items[key] = item
}

// remove deletes without looking.
func (c *correct) remove(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.items, key)
}

// A mistake is one that adapters make, and the case that must see it.
type mistake struct {
	name  string
	fails string
	wreck func(*broken)
}

func mistakes() []mistake {
	return slices.Concat(itemMistakes, conditionMistakes, errorMistakes, keyMistakes, raceMistakes, scanMistakes)
}

func allCases() map[string]testCase {
	all := make(map[string]testCase)
	for _, c := range append(cases(), scanCases()...) {
		all[c.name] = c
	}
	return all
}

func TestBrokenStoresFail(t *testing.T) {
	all := allCases()
	for _, tt := range mistakes() {
		t.Run(tt.name, func(t *testing.T) {
			c, ok := all[tt.fails]
			if !ok {
				t.Fatalf("there is no case %q", tt.fails)
			}
			b := &broken{correct: newCorrect()}
			tt.wreck(b)
			err := c.check(t.Context(), b, b)
			if err == nil {
				t.Fatalf("passes %q", tt.fails)
			}
			t.Log(err)
		})
	}
}

// A cache in each of two processes is only seen with two handles.
func TestCachesFailOnTwoHandles(t *testing.T) {
	caching := func(shared *correct) *broken {
		b := &broken{correct: shared}
		cache := newCorrect()
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			if item, err := cache.Load(ctx, key); err == nil {
				return item, nil
			}
			item, err := shared.Load(ctx, key)
			if err == nil {
				cache.put(key, copied(item))
			}
			return item, err
		}
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			cache.remove(key)
			return shared.Save(ctx, key, old, item)
		}
		b.del = func(ctx context.Context, key string, old int64) error {
			cache.remove(key)
			return shared.Delete(ctx, key, old)
		}
		return b
	}
	c := allCases()["update refuses a stale version"]
	one := caching(newCorrect())
	if err := c.check(t.Context(), one, one); err != nil {
		t.Errorf("one handle: %v", err)
	}
	c = allCases()["values come back as saved"]
	shared := newCorrect()
	if err := c.check(t.Context(), caching(shared), caching(shared)); err == nil {
		t.Error("two handles: passes")
	} else {
		t.Log(err)
	}
}

// A lock within the process is only seen to be missing elsewhere with two handles.
func TestLocksOfOneProcessFailOnTwoHandles(t *testing.T) {
	var w window
	locking := func(shared *correct) *broken {
		b := &broken{correct: shared}
		updatesAfterLook(&w)(b)
		save := b.save
		var mu sync.Mutex
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			mu.Lock()
			defer mu.Unlock()
			return save(ctx, key, old, item)
		}
		return b
	}
	c := allCases()["one of many updates wins"]
	one := locking(newCorrect())
	if err := c.check(t.Context(), one, one); err != nil {
		t.Errorf("one handle: %v", err)
	}
	shared := newCorrect()
	if err := c.check(t.Context(), locking(shared), locking(shared)); err == nil {
		t.Error("two handles: passes")
	} else {
		t.Log(err)
	}
}

// A case that no broken store fails has not been shown to check anything.
func TestEveryCaseCanFail(t *testing.T) {
	unproven := allCases()
	for _, tt := range mistakes() {
		delete(unproven, tt.fails)
	}
	if len(unproven) > 0 {
		t.Error("no broken store fails: " + fmt.Sprint(slices.Sorted(maps.Keys(unproven))))
	}
}
