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
	"time"

	"github.com/mfakit/mfa"
)

// broken is a correct store of which one method is replaced.
type broken struct {
	*correct
	load func(ctx context.Context, key string) (mfa.Item, error)
	save func(ctx context.Context, key string, old int64, item mfa.Item) error
	del  func(ctx context.Context, key string, old int64) error
	scan func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error
	drop func(ctx context.Context, before time.Time) (int, error)
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

func (b *broken) DropExpired(ctx context.Context, before time.Time) (int, error) {
	if b.drop != nil {
		return b.drop(ctx, before)
	}
	return b.correct.DropExpired(ctx, before)
}

// there returns what is under key, unlike Load without a copy.
func (c *correct) there(key string) (mfa.Item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	item, ok := c.items[key]
	return item, ok
}

func (c *correct) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.items)
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

// A mistake is one that adapters make, the case that must see it, and a phrase
// of what it says: the reason, in words that no other reason gives there.
type mistake struct {
	name  string
	fails string
	says  string
	wreck func(*broken)
}

func mistakes() []mistake {
	return slices.Concat(itemMistakes, clockMistakes, conditionMistakes, errorMistakes, waitingMistakes,
		keyMistakes, raceMistakes, lossMistakes, scanMistakes)
}

func allCases() map[string]testCase {
	all := make(map[string]testCase)
	for _, c := range slices.Concat(cases(), scanCases(), isolatedCases(), faultyCases(nil)) {
		all[c.name] = c
	}
	return all
}

// hanging are the tests of mistakes that let a case wait for the end of its
// context.
var hanging = []string{
	"TestBrokenStoresFail/leaves_its_place_taken",
	"TestBrokenStoresFail/waits_without_its_context",
	"TestBrokenWiresFail/never_connects_again",
}

// mustFail checks that the case fails, for the reason that the phrase names.
func mustFail(t *testing.T, c testCase, says string, a, b mfa.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if slices.Contains(hanging, t.Name()) {
		var soon context.CancelFunc
		ctx, soon = context.WithTimeout(ctx, time.Second)
		defer soon()
	}
	err := c.bounded(ctx, 100*time.Millisecond, a, b)
	var n note
	switch {
	case err == nil, errors.As(err, &n):
		t.Errorf("passes %q", c.name)
	case !strings.Contains(err.Error(), says):
		t.Errorf("fails %q for another reason than %q: %v", c.name, says, err)
	default:
		t.Log(err)
	}
}

func TestBrokenStoresFail(t *testing.T) {
	all := allCases()
	for _, tt := range mistakes() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ok := all[tt.fails]
			if !ok {
				t.Fatalf("there is no case %q", tt.fails)
			}
			b := &broken{correct: newCorrect()}
			tt.wreck(b)
			mustFail(t, c, tt.says, b, b)
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
	mustFail(t, c, "want", caching(shared), caching(shared))
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
	mustFail(t, c, "goroutines have saved over the same version", locking(shared), locking(shared))
}

// A case that no broken store fails has not been shown to check anything.
func TestEveryCaseCanFail(t *testing.T) {
	unproven := allCases()
	for _, tt := range mistakes() {
		delete(unproven, tt.fails)
	}
	for _, tt := range pairMistakes {
		delete(unproven, tt.fails)
	}
	for _, tt := range wireMistakes {
		delete(unproven, tt.fails)
	}
	if len(unproven) > 0 {
		t.Error("no broken store fails: " + fmt.Sprint(slices.Sorted(maps.Keys(unproven))))
	}
}
