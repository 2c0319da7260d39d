package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// distinctKeys are all different keys. Each line holds such as some database,
// file system or client takes for the same, or takes apart.
func distinctKeys() []string {
	long := strings.Repeat("k", 1023)
	return []string{
		"user/a", "user/A", "USER/a", "uSeR/a", "user/ä", "user/Ä", "user/ß", "user/ss", "user/SS", "user/i", "user/ı", "user/I", "user/İ", // case
		"user/a ", "user/a  ", " user/a", "user/ a", "user /a", "user/a\t", "user/a\n", "user/a\r\n", "user/a\u00a0", "user/a\u2003", // space
		"user//a", "user/a/", "/user/a", "user/./a", "user/x/../a", "../user/a", "user", "user/", "/", ".", "..", `user\a`, // slash
		"user/%", "user/_", "user/*", "user/?", "user/[a]", "user/a%", "user/a_", "user/ab", "user/a*", "user/a?", "user/.*", // wildcard
		"user/é", "user/e\u0301", "user/e", "user/\u212b", "user/\u00c5", "user/A\u030a", "user/ﬁ", "user/fi", "user/\uff41", // Unicode form
		"user/a\u200d", "user/a\u200b", "user/a\ufeff", "\ufeffuser/a", "user/a\u00ad", // invisible
		"user/a\x00", "user/a\x00b", "\x00", "\x01", "user/a\x7f", // control
		"user/😀", "user/😁", "user/\U0001f600\U0001f3fb", "user/\ufffd", "user/\U0010ffff", // beyond the basic plane
		"user/1", "user/01", "user/1.0", "user/1e0", "user/+1", "user/-1", "1", "01", "1.0", "0", // number
		"user/'", "user/''", `user/"`, "user/`", "user/a';--", "user/a'--", "user/$1", "user/?1", "user/:a", "user/@a", "user/{a}", "user/{a}b", "user/{b}b", // query
		"user/%61", "user/%2561", "user/+", "user/&", "user/#", "user/;", "user/\\", "user/\\\\", "user/\\x61", "user/\\n", "x'61'", // escapes
		"null", "NULL", "nil", "true", "undefined", "NaN", // words
		"con", "CON", "con.", "aux.txt", "nul", "user:a", "user.a", "user|a", "user~a", ".user", "-user", "--", "user>a", "user.*", "user.>", // file and subject
		"user/a\nb", "user/a\rb", "user/a\r\nb", "*1\r\n$4\r\nPING\r\n", "$-1\r\n", "get user/a", "user/a\u0085", "user/a\u2028", // protocol
		"{user}/a", "{user/a", "user}/a", "{}", "{}user/a", "user/{}a", "{{user}}/a", "user/{a}{b}", // hash tag
		"%", "%%", "%s", "%n", "%d", "user/%00", "user/%2F", "user/%2f", "user/\\%", "user/\\_", "user/[", "user/]", "user/[^a]", "user/[!a]", "user/{a,b}", // pattern and format
		"user/👩‍👩‍👧", "user/👩👩👧", "user/👍", "user/👍🏽", "user/🇳🇴", "user/🇴🇳", "user/❤", "user/❤\ufe0f", // emoji of several characters
		"user/\u1112\u1161\u11ab", "user/\ud55c", "user/\u0915\u093c", "user/\u0958", "user/q\u0307\u0323", "user/q\u0323\u0307", // combining
		"user/\u202ea", "user/a\u202c", "user/\u212a", "user/K", "user/k", "user/\u017f", "user/s", "user/Œ", "user/oe", "user/ª", // look-alikes
		"user/\uffff", "user/\ufffe", "user/\ufdd0", // no characters
		strings.Repeat("'", 1024), strings.Repeat(`\`, 1024), strings.Repeat("%", 1024), strings.Repeat("\x00", 1024), strings.Repeat("😀", 256), strings.Repeat("ÿ", 512), // long when escaped
		long, long + "k", long + "K", long + "l", long[:255], long[:256], long[:191], long[:767], long[:768], // length
	}
}

// exactKeys saves all keys, and once all are there finds them and deletes them one
// by one.
func exactKeys(ctx context.Context, a, b mfa.Store) error {
	keys := distinctKeys()
	items := make([]mfa.Item, len(keys))
	err := shared(ctx, a, b, len(keys), func(i int, s mfa.Store) (err error) {
		items[i], err = create(ctx, s, keys[i], valueOf(keys[i]))
		if errors.Is(err, mfa.ErrConflict) {
			err = mistaken(ctx, s, keys[i], err)
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, key := range keys {
		if err := wantItem(ctx, b, key, items[i]); err != nil {
			return mistaken(ctx, b, key, err)
		}
	}
	// Each is still there when its turn comes, however many others have gone.
	return shared(ctx, b, a, len(keys), func(i int, s mfa.Store) error {
		if err := wantItem(ctx, s, keys[i], items[i]); err != nil {
			return fmt.Errorf("after others were deleted: %w", err)
		}
		if err := s.Delete(ctx, keys[i], items[i].Version); err != nil {
			return fmt.Errorf("delete of %.60q: %w", keys[i], err)
		}
		if err := wantAbsent(ctx, s, keys[i]); err != nil {
			return fmt.Errorf("after Delete: %w", err)
		}
		return nil
	})
}

func valueOf(key string) string { return "value of " + key }

// mistaken adds to an error which other key the store has taken this one for.
func mistaken(ctx context.Context, s mfa.Store, key string, err error) error {
	got, failed := s.Load(ctx, key)
	other, ok := strings.CutPrefix(string(got.Value), valueOf(""))
	if failed != nil || !ok || other == key {
		return err
	}
	return fmt.Errorf("%w: the store takes it for %.60q (%s)", err, other, aboutKeys(key, other))
}

// howMany keys a large store has in this test; few must be there, however long
// they take. A store that is slow gets no more than it can take in fillTime, so
// that its tests stay short.
const (
	howMany  = 10_000
	few      = 2_000
	fillTime = 3 * time.Second
)

// manyKeys writes more than a page, a shard or a cache holds, from several
// goroutines. All keys are then walked in order, and some are looked up.
func manyKeys(ctx context.Context, a, b mfa.Store) error {
	most := howMany
	if testing.Short() {
		most = few
	}
	items, err := fill(ctx, a, b, most)
	if err != nil {
		return err
	}
	if s, ok := b.(mfa.Scanner); ok {
		if err := walkAll(ctx, s, items); err != nil {
			return err
		}
	}
	n := 0
	for key, item := range items { // in no order
		if n++; n > 200 {
			break
		}
		if err := wantItem(ctx, a, key, item); err != nil {
			return fmt.Errorf("among %d keys: %w", len(items), err)
		}
	}
	if len(items) < most {
		return note(fmt.Sprintf("%d keys in %v: a fast store gets %d", len(items), fillTime, most))
	}
	return nil
}

// fill creates keys from several goroutines, on the two handles by turns.
func fill(ctx context.Context, a, b mfa.Store, most int) (map[string]mfa.Item, error) {
	const workers = 16
	began := time.Now()
	parts := make([]map[string]mfa.Item, workers)
	err := together(ctx, a, b, workers, func(w int, s mfa.Store) error {
		parts[w] = make(map[string]mfa.Item)
		for i := w; i < most && (i < few || time.Since(began) < fillTime); i += workers {
			// Neighbours in the order of creation are far apart in that of keys.
			key := fmt.Sprintf("user/%05d", i*7919%howMany)
			item, err := create(ctx, s, key, "value of "+key)
			if err != nil {
				return err
			}
			parts[w][key] = item
		}
		return nil
	})
	items := make(map[string]mfa.Item)
	for _, part := range parts {
		maps.Copy(items, part)
	}
	return items, err
}

// walkAll checks that a walk visits all items in order, and one from the middle
// the rest.
func walkAll(ctx context.Context, s mfa.Scanner, items map[string]mfa.Item) error {
	keys := slices.Sorted(maps.Keys(items))
	for _, from := range []int{0, len(keys) / 2} {
		after := ""
		if from > 0 {
			after = keys[from-1]
		}
		seen := from
		err := s.Scan(ctx, "user/", after, func(key string, got mfa.Item) error {
			switch {
			case seen == len(keys):
				return fmt.Errorf("scan goes on after the last of %d keys, with %q", len(keys), key)
			case key != keys[seen]:
				return fmt.Errorf("scan visits %q as number %d of %d, want %q", key, seen+1, len(keys), keys[seen])
			}
			seen++
			return sameItem(got, items[key])
		})
		if err != nil {
			return err
		}
		if seen != len(keys) {
			return fmt.Errorf("scan ends after %d of %d keys", seen, len(keys))
		}
	}
	return nil
}
