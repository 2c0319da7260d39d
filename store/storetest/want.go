package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// newVersion returns a version that was never used: random over all of int64
// and never 0, as the engine's are.
func newVersion() int64 {
	for {
		var b [8]byte
		rand.Read(b[:])
		if v := int64(binary.BigEndian.Uint64(b[:])); v != 0 {
			return v
		}
	}
}

// newItem returns an item of a new version.
func newItem(value string) mfa.Item {
	return mfa.Item{Value: []byte(value), Version: newVersion()}
}

// create saves an item of a new version under a key that is absent.
func create(ctx context.Context, s mfa.Store, key, value string) (mfa.Item, error) {
	item := newItem(value)
	if err := s.Save(ctx, key, 0, item); err != nil {
		return item, fmt.Errorf("save of the new key %.60q: %w", key, err)
	}
	return item, nil
}

// wantItem checks that key holds the item.
func wantItem(ctx context.Context, s mfa.Store, key string, want mfa.Item) error {
	got, err := s.Load(ctx, key)
	if err != nil {
		return fmt.Errorf("load of %.60q: %w", key, err)
	}
	if err := sameItem(got, want); err != nil {
		return fmt.Errorf("load of %.60q: %w", key, err)
	}
	return nil
}

// sameItem compares two items. Times are the same within a microsecond, which
// is as fine as databases keep them.
func sameItem(got, want mfa.Item) error {
	if got.Version != want.Version {
		return fmt.Errorf("version is %d, want %d", got.Version, want.Version)
	}
	if !bytes.Equal(got.Value, want.Value) {
		return fmt.Errorf("value is %s, want %s", describe(got.Value), describe(want.Value))
	}
	if got.Expires.IsZero() != want.Expires.IsZero() {
		return fmt.Errorf("expires is %v, want %v", got.Expires, want.Expires)
	}
	if d := got.Expires.Sub(want.Expires).Abs(); d >= time.Microsecond {
		return fmt.Errorf("expires is %v, want %v: off by %v", got.Expires, want.Expires, d)
	}
	return nil
}

// describe shows the length of a value and how it begins and ends.
func describe(value []byte) string {
	if len(value) <= 40 {
		return fmt.Sprintf("%d bytes %q", len(value), value)
	}
	return fmt.Sprintf("%d bytes %q…%q", len(value), value[:16], value[len(value)-16:])
}

// wantAbsent checks that there is nothing under key.
func wantAbsent(ctx context.Context, s mfa.Store, key string) error {
	item, err := s.Load(ctx, key)
	switch {
	case err == nil:
		return fmt.Errorf("load of %.60q: %s, want ErrNotFound", key, describe(item.Value))
	case !errors.Is(err, mfa.ErrNotFound) || errors.Is(err, mfa.ErrConflict):
		return fmt.Errorf("load of %.60q: error %q, want ErrNotFound", key, err)
	}
	return nil
}

// wantConflict checks that an operation was refused for its version.
func wantConflict(operation string, err error) error {
	if err == nil {
		return fmt.Errorf("%s: succeeded, want ErrConflict", operation)
	}
	if !errors.Is(err, mfa.ErrConflict) || errors.Is(err, mfa.ErrNotFound) {
		return fmt.Errorf("%s: error %q, want ErrConflict", operation, err)
	}
	return nil
}
