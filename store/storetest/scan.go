package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// pastPages is more keys than an adapter reads in one go.
const pastPages = 300

// scan collects the keys that a walk visits. A walk that does not end fails
// instead of holding up the test.
func scan(ctx context.Context, s mfa.Store, prefix, after string) ([]string, error) {
	var keys []string
	err := s.(mfa.Scanner).Scan(ctx, prefix, after, func(key string, _ mfa.Item) error {
		keys = append(keys, key)
		if len(keys) > 10*pastPages {
			return errors.New("the walk does not end")
		}
		return nil
	})
	if err != nil {
		return keys, fmt.Errorf("scan of prefix %q after %q: %w", prefix, after, err)
	}
	return keys, nil
}

// wantScan checks the keys of a walk, and their order.
func wantScan(ctx context.Context, s mfa.Store, prefix, after string, want []string) error {
	got, err := scan(ctx, s, prefix, after)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("scan of prefix %.60q after %.60q", prefix, after)
	for i := range max(len(got), len(want)) {
		switch {
		case i == len(want):
			return fmt.Errorf("%s visits %.60q as number %d, where %d keys are all there is", what, got[i], i+1, len(want))
		case i == len(got):
			return fmt.Errorf("%s ends after %d of %d keys, before %.60q", what, len(got), len(want), want[i])
		case got[i] != want[i]:
			return fmt.Errorf("%s visits %.60q as number %d of %d, want %.60q", what, got[i], i+1, len(want), want[i])
		}
	}
	return nil
}

func createAll(ctx context.Context, s mfa.Store, keys []string) error {
	return shared(ctx, s, s, len(keys), func(i int, s mfa.Store) error {
		_, err := create(ctx, s, keys[i], valueOf(keys[i]))
		return err
	})
}

// scanOrder holds the order against the bytes of the keys: not against their
// letters, nor against UTF-16, in which U+FFFD comes after an emoji.
func scanOrder(ctx context.Context, a, b mfa.Store) error {
	keys := []string{
		"user/b", "user/B", "user/a", "user/Z", "user/ä", "user/a ", "user/a\x00", "user/10", "user/9",
		"user/\ufffd", "user/😀", "user/\u200d", "user/", "user/e\u0301", "user/é", "user/f",
	}
	if err := createAll(ctx, a, keys); err != nil {
		return err
	}
	slices.Sort(keys)
	return wantScan(ctx, b, "", "", keys)
}

func scanPrefix(ctx context.Context, a, b mfa.Store) error {
	keys := distinctKeys()
	if err := createAll(ctx, a, keys); err != nil {
		return err
	}
	slices.Sort(keys)
	for _, prefix := range []string{
		"", "user/", "user", "USER/", "user/a", "user/a ", "user/%", "user/_", "user/*", "user/[a]", "user/é", "user/e",
		"user/'", `user\`, "user/\x00", "user/a\x00", "user/\U0010ffff", "nobody/", "\x00", strings.Repeat("k", 256),
	} {
		want := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return !strings.HasPrefix(key, prefix) })
		if err := wantScan(ctx, b, prefix, "", want); err != nil {
			return err
		}
	}
	return nil
}

func scanAfter(ctx context.Context, a, b mfa.Store) error {
	keys := []string{"limit/z", "user/a", "user/a\x00", "user/b", "user/c", "user/d", "user0", "user1"}
	if err := createAll(ctx, a, keys); err != nil {
		return err
	}
	for _, tt := range []struct {
		prefix, after string
		want          []string
	}{
		{"user/", "user/a", keys[2:6]},      // the key itself is not visited again
		{"user/", "user/b", keys[4:6]},      //
		{"user/", "user/bb", keys[4:6]},     // a key that is not there
		{"user/", "user/d", nil},            // the last
		{"user/", "user1", nil},             // beyond the prefix
		{"user/", "limit/z", keys[1:6]},     // before the prefix
		{"user/", "user/", keys[1:6]},       // the prefix itself
		{"", "user/c", keys[5:]},            // no prefix
		{"", "user1", nil},                  //
		{"user/b", "user/a\x00", keys[3:4]}, //
		{"user/", "user/\U0010ffff", nil},   //
		{"user", "user/d", []string{"user0", "user1"}},
	} {
		if err := wantScan(ctx, b, tt.prefix, tt.after, tt.want); err != nil {
			return err
		}
	}
	return nil
}

// scanItems checks that items come as Load gives them, and as copies.
func scanItems(ctx context.Context, a, b mfa.Store) error {
	items := make(map[string]mfa.Item)
	for i, value := range []string{"", "\x00", "text", strings.Repeat("long\x00", 20_000)} {
		for j, expires := range []time.Time{{}, time.Date(2100, 1, 2, 3, 4, 5, 123456000, time.UTC)} {
			item := newItem(value)
			item.Expires = expires
			key := fmt.Sprintf("user/%d%d", i, j)
			if err := a.Save(ctx, key, 0, item); err != nil {
				return fmt.Errorf("save: %w", err)
			}
			items[key] = item
		}
	}
	seen := 0
	err := b.(mfa.Scanner).Scan(ctx, "user/", "", func(key string, got mfa.Item) error {
		seen++
		if err := sameItem(got, items[key]); err != nil {
			return fmt.Errorf("scan at %q: %w", key, err)
		}
		clear(got.Value)
		return nil
	})
	if err != nil {
		return err
	}
	if seen != len(items) {
		return fmt.Errorf("scan visits %d of %d items", seen, len(items))
	}
	for key, item := range items {
		if err := wantItem(ctx, b, key, item); err != nil {
			return fmt.Errorf("after the visitor wrote to what it was given: %w", err)
		}
	}
	return nil
}

func scanEvery(ctx context.Context, a, b mfa.Store) error {
	var keys []string
	for i := range pastPages {
		keys = append(keys, fmt.Sprintf("user/%04d", i))
	}
	if err := createAll(ctx, a, keys); err != nil {
		return err
	}
	if err := wantScan(ctx, b, "user/", "", keys); err != nil {
		return err
	}
	return wantScan(ctx, b, "user/", keys[99], keys[100:])
}

// scanError stops walks at their first and at a later key.
func scanError(ctx context.Context, a, b mfa.Store) error {
	if err := createAll(ctx, a, []string{"user/a", "user/b", "user/c"}); err != nil {
		return err
	}
	enough := errors.New("enough")
	for _, stop := range []int{1, 2, 3} {
		seen := 0
		err := b.(mfa.Scanner).Scan(ctx, "user/", "", func(string, mfa.Item) error {
			if seen++; seen == stop {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			return fmt.Errorf("scan: error %v, want the visitor's own", err)
		}
		if seen != stop {
			return fmt.Errorf("scan visits %d keys, and the visitor had stopped it at %d", seen, stop)
		}
	}
	return nil
}

// scanWrites re-seals and deletes from within the walk, as its users do. A
// store that holds a lock or its only connection meanwhile runs into the
// deadline.
func scanWrites(ctx context.Context, a, b mfa.Store) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var keys []string
	for i := range pastPages {
		keys = append(keys, fmt.Sprintf("user/%04d", i))
	}
	if err := createAll(ctx, a, keys); err != nil {
		return err
	}
	var visited []string
	err := b.(mfa.Scanner).Scan(ctx, "user/", "", func(key string, item mfa.Item) error {
		visited = append(visited, key)
		if len(visited)%2 == 0 {
			return b.Delete(ctx, key, item.Version)
		}
		return b.Save(ctx, key, item.Version, newItem("sealed again"))
	})
	if err != nil {
		return fmt.Errorf("scan with a visitor that writes: %w", err)
	}
	if !slices.Equal(visited, keys) {
		return fmt.Errorf("scan with a visitor that writes visits %d keys, want %d", len(visited), len(keys))
	}
	left, err := scan(ctx, a, "user/", "")
	if err == nil && len(left) != pastPages/2 {
		err = fmt.Errorf("%d keys are left of %d after half were deleted", len(left), pastPages)
	}
	return err
}

// scanCancelled ends the context before and during walks. A walk that was cut
// short must say so: its caller would take what it saw for all there is.
func scanCancelled(ctx context.Context, a, b mfa.Store) error {
	var keys []string
	for i := range pastPages {
		keys = append(keys, fmt.Sprintf("user/%04d", i))
	}
	if err := createAll(ctx, a, keys); err != nil {
		return err
	}
	for _, end := range []int{0, 1, 10} {
		ending, cancel := context.WithCancel(ctx)
		defer cancel()
		if end == 0 {
			cancel()
		}
		seen := 0
		err := b.(mfa.Scanner).Scan(ending, "user/", "", func(string, mfa.Item) error {
			if seen++; seen == end {
				cancel()
			}
			return nil
		})
		if err == nil && seen != pastPages {
			return fmt.Errorf("scan visits %d of %d keys before its context ends, and returns no error", seen, pastPages)
		}
	}
	return nil
}
