package storetest

import (
	"bytes"
	"context"
	"time"

	"github.com/mfakit/mfa"
)

// itemMistakes are in what is kept, and whose it is.
var itemMistakes = []mistake{
	{"truncates values at 64 KiB", "values come back as saved", "cut off at 65536 bytes", altered(func(i mfa.Item) mfa.Item {
		i.Value = i.Value[:min(len(i.Value), 1<<16)]
		return i
	})},
	{"ends values at a NUL", "values come back as saved", "ends at its first NUL", altered(func(i mfa.Item) mfa.Item {
		i.Value, _, _ = bytes.Cut(i.Value, []byte{0})
		return i
	})},
	{"repairs UTF-8 in values", "values come back as saved", "not UTF-8 was replaced", altered(func(i mfa.Item) mfa.Item {
		i.Value = bytes.ToValidUTF8(i.Value, []byte("\ufffd"))
		return i
	})},
	{"trims values", "values come back as saved", "white space was trimmed", altered(func(i mfa.Item) mfa.Item {
		i.Value = bytes.TrimSpace(i.Value)
		return i
	})},
	{"takes an empty value for none", "values come back as saved", "want 0 bytes", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := b.correct.Load(ctx, key)
			if err == nil && len(item.Value) == 0 {
				err = mfa.ErrNotFound
			}
			return item, err
		}
	}},
	{"does not store the version", "versions come back as saved", "counted by the store", altered(func(i mfa.Item) mfa.Item {
		i.Version = 1
		return i
	})},
	{"stores versions of its own", "versions come back as saved", "counted by the store", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			there, _ := b.there(key)
			item.Version = there.Version + 1
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"stores versions as floating-point numbers", "versions come back as saved", "rounded", altered(func(i mfa.Item) mfa.Item {
		i.Version = int64(float64(i.Version))
		return i
	})},
	{"compares versions as floating-point numbers", "close versions are told apart", "save over version 9007199254740993 as if it were 9007199254740992: succeeded", counted(func(there, old int64) bool {
		return float64(there) == float64(old)
	})},
	{"compares 32 bits of versions", "close versions are told apart", "save over version 4294967303 as if it were 7: succeeded", counted(func(there, old int64) bool {
		return int32(there) == int32(old)
	})},
	{"drops the expiry", "expiry comes back as saved", "was not stored, or not read", altered(func(i mfa.Item) mfa.Item {
		i.Expires = time.Time{}
		return i
	})},
	{"keeps the expiry in seconds", "expiry comes back as saved", "kept in seconds", altered(func(i mfa.Item) mfa.Item {
		i.Expires = i.Expires.Truncate(time.Second)
		return i
	})},
	{"loses the time zone", "expiry comes back as saved", "time zone was lost", altered(func(i mfa.Item) mfa.Item {
		t := i.Expires
		i.Expires = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		return i
	})},
	{"takes no expiry for 1970", "expiry comes back as saved", "never has become 1970", altered(func(i mfa.Item) mfa.Item {
		if i.Expires.IsZero() {
			i.Expires = time.Unix(0, 0)
		}
		return i
	})},
	{"keeps the first expiry", "expiry comes back as saved", "expires is never, want 2100", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if there, ok := b.there(key); ok {
				item.Expires = there.Expires
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"hides the expired and keeps their keys taken", "expired items are whole or gone", "refused as if there were", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := b.correct.Load(ctx, key)
			if err == nil && !item.Expires.IsZero() && item.Expires.Year() < 2000 {
				err = mfa.ErrNotFound
			}
			return item, err
		}
	}},

	{"keeps the caller's bytes", "what was saved is a copy", "after the caller wrote to what it had created", func(b *broken) {
		b.save = func(_ context.Context, key string, _ int64, item mfa.Item) error {
			b.put(key, item)
			return nil
		}
	}},
	{"hands out its own bytes", "what was loaded is a copy", "after the caller wrote to what it had loaded", func(b *broken) {
		b.load = func(_ context.Context, key string) (mfa.Item, error) {
			item, _ := b.there(key)
			return item, nil
		}
	}},
}

// altered breaks a store by what it makes of items before it keeps them.
func altered(f func(mfa.Item) mfa.Item) func(*broken) {
	return func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			return b.correct.Save(ctx, key, old, f(copied(item)))
		}
	}
}

// counted breaks a store by what it makes of versions when it compares them.
func counted(same func(there, old int64) bool) func(*broken) {
	compare := func(b *broken, key string, old int64) int64 {
		if item, ok := b.there(key); ok && same(item.Version, old) {
			return item.Version
		}
		return old
	}
	return func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			return b.correct.Save(ctx, key, compare(b, key, old), item)
		}
		b.del = func(ctx context.Context, key string, old int64) error {
			return b.correct.Delete(ctx, key, compare(b, key, old))
		}
	}
}
