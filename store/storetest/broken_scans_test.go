package storetest

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/mfakit/mfa"
)

// scanMistakes are of walks.
var scanMistakes = []mistake{
	{"walks in no order", "scan visits in byte order", "as number 1 of 16", reordered(func(keys []string) { slices.Reverse(keys) })},
	{"walks in the order of letters", "scan visits in byte order", "visits \"user/a\" as number 4", reordered(func(keys []string) {
		slices.SortFunc(keys, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	})},
	{"walks in the order of UTF-16", "scan visits in byte order", "visits \"user/😀\" as number 15", reordered(func(keys []string) {
		slices.SortFunc(keys, func(a, b string) int {
			return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		})
	})},
	{"takes the prefix for a pattern", "scan visits the prefix alone", "scan of prefix \"user/*\"", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			return b.correct.Scan(ctx, "", after, func(key string, item mfa.Item) error {
				if ok, _ := path.Match(prefix+"*", key); ok || strings.HasPrefix(key, prefix) {
					return visit(key, item)
				}
				return nil
			})
		}
	}},
	{"visits the key itself again", "scan starts after a key", "visits \"user/a\" as number 1", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			if item, err := b.correct.Load(ctx, after); err == nil && strings.HasPrefix(after, prefix) {
				if err := visit(after, item); err != nil {
					return err
				}
			}
			return b.correct.Scan(ctx, prefix, after, visit)
		}
	}},
	{"walks without versions", "scan visits whole items", "version 0: a column that was not read", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			return b.correct.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
				return visit(key, mfa.Item{Value: item.Value, Expires: item.Expires})
			})
		}
	}},
	{"walks over its own bytes", "scan visits whole items", "after the visitor wrote to what it was given", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			return b.correct.Scan(ctx, prefix, after, func(key string, _ mfa.Item) error {
				item, _ := b.there(key)
				return visit(key, item)
			})
		}
	}},
	{"walks one page", "scan visits every key once", "ends after 100 of 300 keys", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			n, full := 0, errors.New("page is full")
			err := b.correct.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
				if n++; n > 100 {
					return full
				}
				return visit(key, item)
			})
			if errors.Is(err, full) {
				err = nil
			}
			return err
		}
	}},
	{"begins each page with the last key again", "scan visits every key once", "visits \"user/0099\" as number 101", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			n := 0
			return b.correct.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
				if n++; n%100 == 0 {
					if err := visit(key, item); err != nil {
						return err
					}
				}
				return visit(key, item)
			})
		}
	}},
	{"swallows the visitor's error", "scan returns the visitor's error", "want the visitor's own", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			_ = b.correct.Scan(ctx, prefix, after, visit)
			return nil
		}
	}},
	{"goes on after the visitor's error", "scan returns the visitor's error", "visits 3 keys, and the visitor had stopped it at 1", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			var errs []error
			_ = b.correct.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
				errs = append(errs, visit(key, item))
				return nil
			})
			return errors.Join(errs...)
		}
	}},
	{"counts on its place in the list", "scan lets the visitor write", "visits 200 keys, want 300", func(b *broken) {
		b.scan = func(_ context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			for place := 0; ; place++ {
				keys := slices.DeleteFunc(b.keys(), func(key string) bool { return !strings.HasPrefix(key, prefix) || key <= after })
				if place >= len(keys) {
					return nil
				}
				item, _ := b.there(keys[place])
				if err := visit(keys[place], item); err != nil {
					return err
				}
			}
		}
	}},
	{"takes the end of its context for the end of the walk", "scan ends with its context", "and returns no error", func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			err := b.correct.Scan(ctx, prefix, after, visit)
			if errors.Is(err, context.Canceled) {
				err = nil
			}
			return err
		}
	}},
}

// reordered breaks a walk by the order of its keys.
func reordered(sort func([]string)) func(*broken) {
	return func(b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			keys := b.keys()
			sort(keys)
			for _, key := range keys {
				item, err := b.correct.Load(ctx, key)
				if err == nil && strings.HasPrefix(key, prefix) && key > after {
					err = visit(key, item)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
	}
}
