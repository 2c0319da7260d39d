package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

func absentKey(ctx context.Context, a, b mfa.Store) error {
	if err := wantAbsent(ctx, a, "user/nobody"); err != nil {
		return err
	}
	if _, err := create(ctx, a, "user/somebody", "x"); err != nil {
		return err
	}
	return wantAbsent(ctx, b, "user/nobody")
}

// values overwrites one key with values of all kinds and lengths, long before
// short, so that neither padding nor a rest of the former one goes unseen.
func values(ctx context.Context, a, b mfa.Store) error {
	var all strings.Builder
	for i := range 256 {
		all.WriteByte(byte(i))
	}
	item := mfa.Item{}
	for _, tt := range []struct{ name, value string }{
		{"text", "a value"},
		{"1 MiB", strings.Repeat("0123456789abcde\x00", 1<<16)},
		{"64 KiB", strings.Repeat("fedcba987654321\xff", 1<<12)},
		{"64 KiB and a byte", strings.Repeat("x", 1<<16+1)},
		{"empty", ""},
		{"one NUL", "\x00"},
		{"NULs", "\x00\x00a\x00b\x00\x00"},
		{"every byte", all.String()},
		{"invalid UTF-8", "\xff\xfe\xc0\x80\xed\xa0\x80"},
		{"white space", " \t a \r\n\n "},
		{"what looks like a number", "0012.50"},
		{"what looks like text of a database", `\x00 '; "`},
		{"256 bytes", strings.Repeat("y", 256)},
		{"empty again", ""},
	} {
		old := item.Version
		item = newItem(tt.value)
		if err := a.Save(ctx, "user/a", old, item); err != nil {
			return fmt.Errorf("%s: Save: %w", tt.name, err)
		}
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return fmt.Errorf("%s: %w", tt.name, err)
		}
	}
	if err := a.Save(ctx, "user/nil", 0, mfa.Item{Version: newVersion()}); err != nil {
		return fmt.Errorf("save of a nil value: %w", err)
	}
	got, err := b.Load(ctx, "user/nil")
	if err != nil || len(got.Value) != 0 {
		return fmt.Errorf("load of a nil value: %s, %v; want an empty one", describe(got.Value), err)
	}
	return nil
}

func versions(ctx context.Context, a, b mfa.Store) error {
	old := int64(0)
	for _, v := range []int64{
		1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1,
		1 << 31, 1 << 32, 1<<53 + 1, -(1<<53 + 1), 1<<62 + 1,
	} {
		item := mfa.Item{Value: []byte("x"), Version: v}
		if err := a.Save(ctx, "user/a", old, item); err != nil {
			return fmt.Errorf("save of version %d over %d: %w", v, old, err)
		}
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return err
		}
		old = v
	}
	return nil
}

// closeVersions finds versions that went through 32 bits or a floating-point
// number on their way to the comparison.
func closeVersions(ctx context.Context, a, b mfa.Store) error {
	for i, tt := range []struct{ there, old int64 }{
		{1<<53 + 1, 1 << 53},
		{math.MaxInt64, math.MaxInt64 - 1},
		{math.MinInt64, math.MinInt64 + 1},
		{1<<32 + 7, 7},
		{7, 1<<32 + 7},
		{5, -5},
		{1 << 32, 0},
	} {
		key := fmt.Sprintf("user/%d", i)
		item := mfa.Item{Value: []byte("x"), Version: tt.there}
		if err := a.Save(ctx, key, 0, item); err != nil {
			return fmt.Errorf("save of version %d: %w", tt.there, err)
		}
		err := b.Save(ctx, key, tt.old, newItem("y"))
		if err := wantConflict(fmt.Sprintf("save over version %d as if it were %d", tt.there, tt.old), err); err != nil {
			return err
		}
		err = b.Delete(ctx, key, tt.old)
		if err := wantConflict(fmt.Sprintf("delete of version %d as if it were %d", tt.there, tt.old), err); err != nil {
			return err
		}
		if err := wantItem(ctx, a, key, item); err != nil {
			return err
		}
	}
	return nil
}

func expiry(ctx context.Context, a, b mfa.Store) error {
	old := int64(0)
	for _, expires := range []time.Time{
		{}, // never
		time.Date(2100, 1, 2, 3, 4, 5, 123456000, time.UTC),
		time.Date(2100, 1, 2, 3, 4, 5, 1000, time.UTC),
		time.Date(2100, 1, 2, 3, 4, 5, 999999999, time.UTC),
		{}, // never again
		time.Date(2100, 7, 2, 3, 4, 5, 0, time.FixedZone("far east", 13*60*60+45*60)),
		time.Date(2100, 7, 2, 3, 4, 5, 0, time.FixedZone("far west", -11*60*60-30*60)),
		time.Date(9999, 12, 30, 23, 59, 59, 999999000, time.UTC),
		{},
	} {
		item := newItem("x")
		item.Expires = expires
		if err := a.Save(ctx, "user/a", old, item); err != nil {
			return fmt.Errorf("save with expiry %v: %w", expires, err)
		}
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return err
		}
		old = item.Version
	}
	return nil
}

// expired accepts that a store has dropped an item, and that it has not, but no
// half of it: neither another item, nor one that can be loaded yet not replaced.
func expired(ctx context.Context, a, b mfa.Store) error {
	for i, expires := range []time.Time{
		time.Unix(0, 0),
		time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		key := fmt.Sprintf("spent/%d", i)
		item := newItem("x")
		item.Expires = expires
		if err := a.Save(ctx, key, 0, item); err != nil {
			return fmt.Errorf("save of an item that expired in %d: %w", expires.Year(), err)
		}
		got, err := b.Load(ctx, key)
		if err != nil && !errors.Is(err, mfa.ErrNotFound) {
			return fmt.Errorf("load of an item that expired in %d: %w", expires.Year(), err)
		}
		old := int64(0)
		if err == nil {
			if err := sameItem(got, item); err != nil {
				return err
			}
			old = got.Version
		}
		next := newItem("y")
		err = a.Save(ctx, key, old, next)
		if errors.Is(err, mfa.ErrConflict) && old != 0 {
			err = a.Save(ctx, key, 0, next) // it may have gone since the Load
		}
		if err != nil {
			return fmt.Errorf("save over an item that expired in %d: %w", expires.Year(), err)
		}
		if err := wantItem(ctx, b, key, next); err != nil {
			return err
		}
	}
	return nil
}

func copiesIn(ctx context.Context, a, b mfa.Store) error {
	old := int64(0)
	for _, what := range []string{"created", "updated"} {
		item := newItem("the value that was " + what)
		given := mfa.Item{Value: append([]byte(nil), item.Value...), Version: item.Version}
		if err := a.Save(ctx, "user/a", old, given); err != nil {
			return fmt.Errorf("save: %w", err)
		}
		clear(given.Value)
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return fmt.Errorf("after the caller wrote to what it had %s: %w", what, err)
		}
		old = item.Version
	}
	return nil
}

func copiesOut(ctx context.Context, a, b mfa.Store) error {
	item, err := create(ctx, a, "user/a", "the value")
	if err != nil {
		return err
	}
	for range 2 {
		got, err := b.Load(ctx, "user/a")
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		if err := sameItem(got, item); err != nil {
			return fmt.Errorf("after the caller wrote to what it had loaded: %w", err)
		}
		clear(got.Value[:cap(got.Value)])
	}
	return wantItem(ctx, a, "user/a", item)
}
