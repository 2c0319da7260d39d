// Package memory keeps items in the memory of this process: a [mfa.Store] for
// tests, demonstrations and single programs that may forget everything when
// they end. What must outlive the process belongs in a database; see sqlstore.
//
//	engine, err := mfa.New(mfa.Config{Store: memory.New(), …})
//
// Items are kept until they are deleted, or until [Store.DropExpired] is told
// of a time by which they have expired. The store reads no clock of its own, so
// that a program whose engine runs on a test's clock never loses an item that
// is still good there. A program that runs for long calls DropExpired now and
// then, say every minute with the engine's time: what remains is then bounded
// by what has not expired.
package memory

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

// shards is how many locks the keys are spread over, so that users do not wait
// for each other.
const shards = 64

var (
	_ mfa.Store   = (*Store)(nil)
	_ mfa.Scanner = (*Store)(nil)

	errNotFound = fmt.Errorf("memory: load: %w", mfa.ErrNotFound)
	errSave     = fmt.Errorf("memory: save: %w", mfa.ErrConflict)
	errDelete   = fmt.Errorf("memory: delete: %w", mfa.ErrConflict)
)

// A Store is an [mfa.Store] and [mfa.Scanner] in memory, for use by any number
// of goroutines. [New] makes one.
type Store struct {
	seed   maphash.Seed
	shards [shards]shard
}

// A shard holds the keys of one lock. A value in it is never written to again:
// Save puts a new one in its place. So readers may copy it after unlocking.
type shard struct {
	mu    sync.RWMutex
	items map[string]mfa.Item
}

// New makes an empty store.
func New() *Store {
	s := &Store{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].items = make(map[string]mfa.Item)
	}
	return s
}

func (s *Store) shard(key string) *shard {
	return &s.shards[maphash.String(s.seed, key)%shards]
}

// Load implements [mfa.Store].
func (s *Store) Load(ctx context.Context, key string) (mfa.Item, error) {
	if err := ctx.Err(); err != nil {
		return mfa.Item{}, fmt.Errorf("memory: load: %w", err)
	}
	item, ok := s.shard(key).get(key)
	if !ok {
		return mfa.Item{}, errNotFound
	}
	item.Value = clone(item.Value)
	return item, nil
}

// Save implements [mfa.Store].
func (s *Store) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: save: %w", err)
	}
	item.Value = clone(item.Value)
	if !s.shard(key).swap(key, old, item) {
		return errSave
	}
	return nil
}

// Delete implements [mfa.Store].
func (s *Store) Delete(ctx context.Context, key string, old int64) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: delete: %w", err)
	}
	if !s.shard(key).remove(key, old) {
		return errDelete
	}
	return nil
}

// Scan implements [mfa.Scanner]. It walks the keys that were there when it
// began, and holds no lock while it visits.
func (s *Store) Scan(ctx context.Context, prefix, after string, visit func(key string, item mfa.Item) error) error {
	for _, key := range s.keys(prefix, after) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("memory: scan: %w", err)
		}
		item, ok := s.shard(key).get(key)
		if !ok {
			continue
		}
		item.Value = clone(item.Value)
		if err := visit(key, item); err != nil {
			return err
		}
	}
	return nil
}

// DropExpired removes every item whose Expires is set and before the given
// time, and returns how many those were. The time should be the engine's; see
// the package comment.
func (s *Store) DropExpired(ctx context.Context, before time.Time) (int, error) {
	dropped := 0
	for i := range s.shards {
		if err := ctx.Err(); err != nil {
			return dropped, fmt.Errorf("memory: drop expired: %w", err)
		}
		dropped += s.shards[i].dropExpired(before)
	}
	return dropped, nil
}

// keys returns the keys with the prefix that come after the one given, in byte
// order.
func (s *Store) keys(prefix, after string) []string {
	var keys []string
	for i := range s.shards {
		keys = s.shards[i].appendKeys(keys, prefix, after)
	}
	slices.Sort(keys)
	return keys
}

func (h *shard) get(key string) (mfa.Item, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	item, ok := h.items[key]
	return item, ok
}

// swap puts item under key if the version there is old, 0 standing for absent.
func (h *shard) swap(key string, old int64, item mfa.Item) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	there, ok := h.items[key]
	if ok != (old != 0) || there.Version != old {
		return false
	}
	h.items[key] = item
	return true
}

// remove reports whether key is gone: it was absent, or its version was old.
func (h *shard) remove(key string, old int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	there, ok := h.items[key]
	if ok && there.Version != old {
		return false
	}
	delete(h.items, key)
	return true
}

func (h *shard) dropExpired(before time.Time) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	dropped := 0
	for key, item := range h.items {
		if !item.Expires.IsZero() && item.Expires.Before(before) {
			delete(h.items, key)
			dropped++
		}
	}
	return dropped
}

func (h *shard) appendKeys(keys []string, prefix, after string) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for key := range h.items {
		if strings.HasPrefix(key, prefix) && key > after {
			keys = append(keys, key)
		}
	}
	return keys
}

// clone copies into a slice of exactly the length, which bytes.Clone rounds up.
func clone(value []byte) []byte {
	c := make([]byte, len(value))
	copy(c, value)
	return c
}
