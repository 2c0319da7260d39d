package storetest

import (
	"context"
	"path"
	"strings"

	"github.com/mfakit/mfa"
)

// keyMistakes are in which keys are the same.
var keyMistakes = []mistake{
	{"folds the case of keys", "keys are exact", "case is ignored", renamed(strings.ToLower)},
	{"trims keys", "keys are exact", "white space is trimmed", renamed(strings.TrimSpace)},
	{"trims spaces at the end of keys", "keys are exact", "white space is trimmed", renamed(func(key string) string { return strings.TrimRight(key, " ") })},
	{"cleans keys as paths", "keys are exact", "cleaned, as paths are", renamed(path.Clean)},
	{"ends keys at a NUL", "keys are exact", "keys end at a NUL", renamed(func(key string) string {
		before, _, _ := strings.Cut(key, "\x00")
		return before
	})},
	{"normalises keys", "keys are exact", "takes it for \"user/", renamed(func(key string) string {
		return strings.NewReplacer("e\u0301", "é", "A\u030a", "Å", "\u212b", "Å").Replace(key)
	})},
	{"ignores what is invisible in keys", "keys are exact", "what is invisible is ignored", renamed(func(key string) string {
		return strings.NewReplacer("\u200d", "", "\u200b", "", "\u00ad", "").Replace(key)
	})},
	{"keeps 255 bytes of keys", "keys are exact", "long keys are cut off", renamed(func(key string) string { return key[:min(len(key), 255)] })},
	{"keeps three bytes of a character", "keys are exact", "characters of four bytes", renamed(func(key string) string {
		return strings.Map(func(r rune) rune {
			if r > 0xffff {
				return '?'
			}
			return r
		}, key)
	})},
	{"unescapes keys", "keys are exact", "an escape is undone", renamed(func(key string) string { return strings.ReplaceAll(key, "%61", "a") })},
	{"takes keys for numbers", "keys are exact", "keys are taken for numbers", renamed(func(key string) string { return strings.TrimLeft(key, "0") })},
	{"takes keys for patterns", "keys are exact", "a collation, an escape or a pattern?", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			for _, other := range b.keys() {
				if ok, _ := path.Match(key, other); ok {
					return b.correct.Load(ctx, other)
				}
			}
			return b.correct.Load(ctx, key)
		}
	}},
	{"forgets beyond 500 keys", "many keys", "scan visits \"user/", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if b.size() >= 500 && old == 0 {
				return nil
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
}

// renamed breaks a store by what it makes of keys.
func renamed(f func(string) string) func(*broken) {
	return func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) { return b.correct.Load(ctx, f(key)) }
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			return b.correct.Save(ctx, f(key), old, item)
		}
		b.del = func(ctx context.Context, key string, old int64) error { return b.correct.Delete(ctx, f(key), old) }
	}
}
