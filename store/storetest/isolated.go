package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// isolatedCases are the rules of two stores that share a database.
func isolatedCases() []testCase {
	const often = "the name and the key are joined without anything between them that neither can hold (\"a\" and \"bc\", \"ab\" and \"c\"), " +
		"or the name is compared as a pattern or without regard to case"
	return []testCase{
		{
			name: "neither sees the other's keys", check: seesItsOwn, read: "isolation", often: often,
			rule: "a store finds what was saved in it, and nothing that was saved in its neighbour, whatever the key",
		},
		{
			name: "neither changes the other's keys", check: changesItsOwn, read: "isolation", often: often,
			rule: "Save and Delete with a version of the neighbour's are refused or do nothing, and change nothing there",
		},
		{
			name: "neither is in the other's way", check: racesItsOwn, read: "isolation",
			rule:  "the same key in two stores is two keys: their writers are never refused for each other",
			often: "a unique index, a lock or a queue over the key alone, without the name",
		},
		{
			name: "neither scans the other's keys", check: scansItsOwn, read: "isolation", often: often, needs: scans,
			rule: "a walk goes through the keys of its own store, and shows them as they were saved, without the name",
		},
		{
			name: "neither drops what the other has", check: dropsItsOwn, read: "isolation", needs: drops,
			rule:  "DropExpired removes items of its own store alone",
			often: "a statement over the whole table, bucket or database",
		},
	}
}

// jointKeys are keys that are the same once a name is put in front of them
// carelessly: "a" and "bc" beside "ab" and "c". What a name's end may be taken
// for is tried in front of each key, and behind.
func jointKeys() []string {
	keys := make(map[string]bool)
	for _, key := range []string{"user/a", "/user/a", ":user/a", "a", "b", "/", ":", "user", "%", "*", "_", "{a}"} {
		for _, joint := range []string{"", "b", "a", "B", "/", ":", "_", ".", "-", "b/", "b:", "/b", ":b", "/b/", ":b:", "{b}", "\x00", "\x00b"} {
			keys[joint+key] = true
			keys[key+joint] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// seesItsOwn saves the keys in one store, finds none in the other, saves them
// there too, and finds in each what is its own.
func seesItsOwn(ctx context.Context, a, b mfa.Store) error {
	keys := jointKeys()
	mine, theirs := make([]mfa.Item, len(keys)), make([]mfa.Item, len(keys))
	err := shared(ctx, a, a, len(keys), func(i int, s mfa.Store) (err error) {
		mine[i], err = create(ctx, s, keys[i], "one's "+keys[i])
		return err
	})
	if err != nil {
		return err
	}
	err = shared(ctx, b, b, len(keys), func(i int, s mfa.Store) error { return wantAbsent(ctx, s, keys[i]) })
	if err != nil {
		return fmt.Errorf("in the other store: %w", err)
	}
	err = shared(ctx, b, b, len(keys), func(i int, s mfa.Store) (err error) {
		theirs[i], err = create(ctx, s, keys[i], "the other's "+keys[i])
		return err
	})
	if err != nil {
		return fmt.Errorf("in the other store: %w", err)
	}
	return shared(ctx, a, a, len(keys), func(i int, _ mfa.Store) error {
		if err := wantItem(ctx, a, keys[i], mine[i]); err != nil {
			return err
		}
		return wantItem(ctx, b, keys[i], theirs[i])
	})
}

// changesItsOwn writes to one store by what the other holds.
func changesItsOwn(ctx context.Context, a, b mfa.Store) error {
	keys := jointKeys()
	return shared(ctx, a, a, len(keys), func(i int, _ mfa.Store) error {
		key := keys[i]
		item, err := create(ctx, a, key, "one's")
		if err != nil {
			return err
		}
		if err := wantConflict("save over a version of the other store's", b.Save(ctx, key, item.Version, other())); err != nil {
			return err
		}
		if err := b.Delete(ctx, key, item.Version); err != nil {
			return fmt.Errorf("delete of a key that only the other store has: %w", err)
		}
		if err := wantItem(ctx, a, key, item); err != nil {
			return fmt.Errorf("after the other store was written to: %w", err)
		}
		theirs, err := create(ctx, b, key, "the other's")
		if err != nil {
			return err
		}
		if err := a.Delete(ctx, key, item.Version); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		if err := wantItem(ctx, b, key, theirs); err != nil {
			return fmt.Errorf("after the other store's was deleted: %w", err)
		}
		return nil
	})
}

// racesItsOwn counts under one key in both stores at once, one writer in each. It
// is never refused.
func racesItsOwn(ctx context.Context, a, b mfa.Store) error {
	const each = 50
	var turns atomic.Int64
	return together(ctx, a, b, 2, func(i int, s mfa.Store) error {
		item := mfa.Item{}
		for n := range each {
			next := newItem(strconv.Itoa(n))
			if err := s.Save(ctx, "limit/a", item.Version, next); err != nil {
				return fmt.Errorf("save by the only writer of store %d, while the other store is written to: %w", i+1, err)
			}
			item = next
			turns.Add(1)
		}
		return wantItem(ctx, s, "limit/a", item)
	})
}

func scansItsOwn(ctx context.Context, a, b mfa.Store) error {
	var mine, theirs []string
	for i, key := range jointKeys() {
		if i%2 == 0 {
			mine = append(mine, key)
		} else {
			theirs = append(theirs, key)
		}
	}
	if err := createAll(ctx, a, mine); err != nil {
		return err
	}
	if err := wantScan(ctx, b, "", "", nil); err != nil {
		return fmt.Errorf("in a store that is empty, beside one that is not: %w", err)
	}
	if err := createAll(ctx, b, theirs); err != nil {
		return err
	}
	for _, prefix := range []string{"", "b", "user/", "/", ":", "a"} {
		for i, keys := range [][]string{mine, theirs} {
			want := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasPrefix(key, prefix) })
			if err := wantScan(ctx, []mfa.Store{a, b}[i], prefix, "", want); err != nil {
				return fmt.Errorf("beside another store: %w", err)
			}
		}
	}
	return nil
}

func dropsItsOwn(ctx context.Context, a, b mfa.Store) error {
	before := time.Now().AddDate(60, 0, 0)
	keys := jointKeys()
	items := make([]mfa.Item, len(keys))
	err := shared(ctx, a, a, len(keys), func(i int, s mfa.Store) error {
		items[i] = withExpiry("x", before.AddDate(-1, 0, 0))
		return s.Save(ctx, keys[i], 0, items[i])
	})
	if err != nil {
		return fmt.Errorf("save: %w", err)
	}
	theirs := withExpiry("x", before.AddDate(-1, 0, 0))
	if err := b.Save(ctx, "spent/theirs", 0, theirs); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	if n, err := b.(dropper).DropExpired(ctx, before); err != nil || n != 1 {
		return fmt.Errorf("drop what has expired, of which there is one: %d items, error %v", n, err)
	}
	err = shared(ctx, a, a, len(keys), func(i int, s mfa.Store) error { return wantItem(ctx, s, keys[i], items[i]) })
	if err != nil {
		return fmt.Errorf("after the other store's DropExpired: %w", err)
	}
	return wantAbsent(ctx, b, "spent/theirs")
}
