package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

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
		long, long + "k", long + "K", long + "l", long[:255], long[:256], long[:191], // length
	}
}

func exactKeys(ctx context.Context, a, b mfa.Store) error {
	items := make(map[string]mfa.Item)
	for _, key := range distinctKeys() {
		item, err := create(ctx, a, key, "value of "+key)
		if err != nil {
			return err
		}
		items[key] = item
	}
	for key, item := range items {
		if err := wantItem(ctx, b, key, item); err != nil {
			return err
		}
	}
	// Each is still there when its turn comes, however many others have gone.
	for key, item := range items {
		if err := wantItem(ctx, a, key, item); err != nil {
			return fmt.Errorf("after others were deleted: %w", err)
		}
		if err := b.Delete(ctx, key, item.Version); err != nil {
			return fmt.Errorf("delete of %.60q: %w", key, err)
		}
		if err := wantAbsent(ctx, a, key); err != nil {
			return fmt.Errorf("after Delete: %w", err)
		}
	}
	return nil
}

// manyKeys writes more than a page, a shard or a cache holds, from several
// goroutines, and then finds each.
func manyKeys(ctx context.Context, a, b mfa.Store) error {
	const workers, each = 8, 125
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			errs[w] = func() error {
				items := make([]mfa.Item, each)
				for i := range items {
					item, err := create(ctx, a, fmt.Sprintf("user/%d-%d", w, i), fmt.Sprintf("value %d-%d", w, i))
					if err != nil {
						return err
					}
					items[i] = item
				}
				for i, item := range items {
					if err := wantItem(ctx, b, fmt.Sprintf("user/%d-%d", w, i), item); err != nil {
						return err
					}
				}
				return nil
			}()
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
