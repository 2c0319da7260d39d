package storetest

import (
	"context"
	"fmt"
	"math"
	"strings"

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
