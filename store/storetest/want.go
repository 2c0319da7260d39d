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
	err := s.Save(ctx, key, 0, item)
	switch {
	case errors.Is(err, mfa.ErrConflict):
		err = fmt.Errorf("save of the new key %.60q: refused, though nothing is under it: %w", key, err)
	case err != nil:
		err = fmt.Errorf("save of the new key %.60q: %w", key, err)
	}
	return item, err
}

// wantItem checks that key holds the item.
func wantItem(ctx context.Context, s mfa.Store, key string, want mfa.Item) error {
	got, err := s.Load(ctx, key)
	if errors.Is(err, mfa.ErrNotFound) {
		return fmt.Errorf("load of %.60q: nothing is there (%w), want %s", key, err, describe(want.Value))
	}
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
		return fmt.Errorf("version is %d, want %d%s", got.Version, want.Version, because(aboutVersion(got.Version, want.Version)))
	}
	if !bytes.Equal(got.Value, want.Value) {
		return fmt.Errorf("value is %s, want %s%s", describe(got.Value), describe(want.Value), because(aboutValue(got.Value, want.Value)))
	}
	if got.Expires.IsZero() != want.Expires.IsZero() || got.Expires.Sub(want.Expires).Abs() >= time.Microsecond {
		return fmt.Errorf("expires is %v, want %v%s", shown(got.Expires), shown(want.Expires), because(aboutExpires(got.Expires, want.Expires)))
	}
	return nil
}

func shown(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.RFC3339Nano)
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
	case errors.Is(err, mfa.ErrConflict):
		return fmt.Errorf("load of %.60q: error %q, which is an ErrConflict, want ErrNotFound alone", key, err)
	case !errors.Is(err, mfa.ErrNotFound):
		return fmt.Errorf("load of %.60q: error %q, which does not wrap mfa.ErrNotFound", key, err)
	}
	return nil
}

// wantConflict checks that an operation was refused for its version.
func wantConflict(operation string, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s: succeeded, want ErrConflict", operation)
	case errors.Is(err, mfa.ErrNotFound):
		return fmt.Errorf("%s: error %q, which is an ErrNotFound, want ErrConflict alone", operation, err)
	case !errors.Is(err, mfa.ErrConflict):
		return fmt.Errorf("%s: error %q, which does not wrap mfa.ErrConflict", operation, err)
	}
	return nil
}
