package redisstore

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore/internal/record"
)

const (
	// scanKeys is how many bytes of keys a pass keeps: some 600,000 users' of 32
	// bytes. A walk over more takes more passes, each of which goes through all keys.
	scanKeys = 32 << 20
	// keyCost is what a key takes beside its bytes.
	keyCost = 24
	// scanCount is how many keys the server goes through at one go, while others wait.
	scanCount = 1000
	// scanPage is how many items are in memory at once. Values are a few KiB, and never
	// above 1 MiB.
	scanPage = 64
)

// Scan implements [mfa.Scanner]. Redis knows no order, so each pass goes through
// all keys of all masters, keeps the first of those that are left, and then reads them.
// It holds up nobody for longer than it takes to look at a thousand keys. A server that is
// replaced or started again during a pass is an error: go on after the last key visited.
// While slots of a cluster move from one master to another, keys may be missed.
func (s *Store) Scan(ctx context.Context, prefix, after string, visit func(key string, item mfa.Item) error) error {
	return s.scan(ctx, prefix, after, scanKeys, visit)
}

func (s *Store) scan(ctx context.Context, prefix, after string, budget int, visit func(key string, item mfa.Item) error) error {
	for {
		first := smallest{budget: budget}
		if err := s.collect(ctx, prefix, after, &first); err != nil {
			return fmt.Errorf("redisstore: scan: %w", quiet(err))
		}
		keys := first.sorted()
		for page := range slices.Chunk(keys, scanPage) {
			if err := s.visitPage(ctx, page, visit); err != nil {
				return err
			}
		}
		if !first.cut {
			return nil
		}
		after = keys[len(keys)-1]
	}
}

// collect goes through the keys of all masters.
func (s *Store) collect(ctx context.Context, prefix, after string, first *smallest) error {
	var mu sync.Mutex
	open := s.options.Prefix + "{"
	match := globEscape(open+prefix) + "*"
	return s.servers.masters(ctx, func(ctx context.Context, node *redis.Client) error {
		before, err := identity(ctx, node)
		if err != nil {
			return err
		}
		for cursor := uint64(0); ; {
			var names []string
			if names, cursor, err = node.Scan(ctx, cursor, match, scanCount).Result(); err != nil {
				return err
			}
			mu.Lock()
			for _, name := range names {
				key, ok := strings.CutSuffix(strings.TrimPrefix(name, open), "}")
				if ok && strings.HasPrefix(key, prefix) && key > after {
					first.add(key)
				}
			}
			mu.Unlock()
			if cursor == 0 {
				break
			}
		}
		if now, err := identity(ctx, node); err != nil || now != before {
			return errors.Join(errors.New("a server was replaced or started again meanwhile, so that keys may have been missed"), err)
		}
		return nil
	})
}

// identity tells a server's life as a master from others. A cursor means nothing in
// another.
func identity(ctx context.Context, node *redis.Client) (string, error) {
	text, err := node.Info(ctx).Result()
	var parts []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "run_id:") || strings.HasPrefix(line, "master_replid:") {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, ""), err
}

// visitPage reads and visits items; keys that are gone by now are left out.
func (s *Store) visitPage(ctx context.Context, keys []string, visit func(key string, item mfa.Item) error) error {
	pipe := s.client.Pipeline()
	replies := make([]*redis.StringCmd, len(keys))
	for i, key := range keys {
		replies[i] = pipe.Get(ctx, s.name(key))
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for i, key := range keys {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("redisstore: scan: %w", err)
		}
		text, err := replies[i].Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		var item mfa.Item
		if err == nil {
			item, err = record.Decode(text)
		}
		if err != nil {
			return fmt.Errorf("redisstore: scan: %w", quiet(err))
		}
		if err := visit(key, item); err != nil {
			return err
		}
	}
	return nil
}

var globEscape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace

// smallest keeps the first keys, in byte order, of those that are added: as many as
// the budget allows, and at least one. It is a heap with the last of them on top.
type smallest struct {
	budget, size int
	keys         []string
	cut          bool   // some were left out: limit and what comes after it
	limit        string //
}

func (s *smallest) add(key string) {
	if s.cut && key >= s.limit {
		return
	}
	heap.Push(s, key)
	for s.size > s.budget && len(s.keys) > 1 {
		s.limit, s.cut = heap.Pop(s).(string), true
	}
}

// sorted returns each key once, in order; a server may name one several times.
func (s *smallest) sorted() []string {
	slices.Sort(s.keys)
	return slices.Compact(s.keys)
}

// Len, Less, Swap, Push and Pop are for the heap.
func (s *smallest) Len() int           { return len(s.keys) }
func (s *smallest) Less(i, j int) bool { return s.keys[i] > s.keys[j] }
func (s *smallest) Swap(i, j int)      { s.keys[i], s.keys[j] = s.keys[j], s.keys[i] }

func (s *smallest) Push(x any) {
	key := x.(string)
	s.keys = append(s.keys, key)
	s.size += len(key) + keyCost
}

func (s *smallest) Pop() any {
	last := len(s.keys) - 1
	key := s.keys[last]
	s.keys = s.keys[:last]
	s.size -= len(key) + keyCost
	return key
}
