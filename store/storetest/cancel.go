package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/mfakit/mfa"
)

// noLie checks the error of an operation whose context was cancelled: it may
// have been done, and it may have failed, but there was nothing to be refused.
func noLie(operation string, err error) error {
	if errors.Is(err, mfa.ErrNotFound) || errors.Is(err, mfa.ErrConflict) {
		return fmt.Errorf("%s with a cancelled context: error %q, which is not so", operation, err)
	}
	return nil
}

// cancelledBefore uses a context that is over. An operation that fails for it
// must not call the key absent or the version stale, and one that succeeds must
// have been done.
func cancelledBefore(ctx context.Context, a, b mfa.Store) error {
	over, cancel := context.WithCancel(ctx)
	cancel()
	first, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}

	got, err := a.Load(over, "user/a")
	if err == nil {
		err = sameItem(got, first)
	} else {
		err = noLie("load", err)
	}
	if err != nil {
		return err
	}

	second := newItem("second")
	err = a.Save(over, "user/a", first.Version, second)
	if err := noLie("save", err); err != nil {
		return err
	}
	there, err := eitherItem(ctx, b, "user/a", err == nil, first, second)
	if err != nil {
		return fmt.Errorf("after a Save with a cancelled context: %w", err)
	}

	err = a.Delete(over, "user/a", there.Version)
	if err := noLie("delete", err); err != nil {
		return err
	}
	if err == nil {
		return wantAbsent(ctx, b, "user/a")
	}
	if err := b.Delete(ctx, "user/a", there.Version); err != nil {
		return fmt.Errorf("delete after one with a cancelled context: %w", err)
	}
	return wantAbsent(ctx, a, "user/a")
}

// eitherItem loads what is under key after a write whose outcome may be
// unknown: the item of after it, or, if it was not acknowledged, that of before.
func eitherItem(ctx context.Context, s mfa.Store, key string, acknowledged bool, before, after mfa.Item) (mfa.Item, error) {
	got, err := s.Load(ctx, key)
	if err != nil {
		return got, fmt.Errorf("load: %w", err)
	}
	if !acknowledged && got.Version == before.Version {
		return got, sameItem(got, before)
	}
	return got, sameItem(got, after)
}

// cancelledMidway counts with saves whose contexts end while they run. The
// counter must then stand between those that were acknowledged and those that
// were not refused, and the store must still work.
func cancelledMidway(ctx context.Context, a, b mfa.Store) error {
	const counters, each = 8, 25
	if _, err := create(ctx, a, "limit/a", "0"); err != nil {
		return err
	}
	var acknowledged, unknown atomic.Int64
	err := together(a, b, counters, func(_ int, s mfa.Store) error {
		for range each {
			n, item, err := loadNumber(ctx, s, "limit/a")
			if err != nil {
				return err
			}
			ending, cancel := context.WithCancel(ctx)
			go cancel()
			err = s.Save(ending, "limit/a", item.Version, newItem(strconv.Itoa(n+1)))
			cancel()
			switch {
			case err == nil:
				acknowledged.Add(1)
			case !errors.Is(err, mfa.ErrConflict):
				unknown.Add(1)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	n, _, err := loadNumber(ctx, b, "limit/a")
	if err != nil {
		return err
	}
	least, most := acknowledged.Load(), acknowledged.Load()+unknown.Load()
	if int64(n) < least || int64(n) > most {
		return fmt.Errorf("the counter is at %d after %d increments that were acknowledged and %d that may have been done",
			n, least, unknown.Load())
	}
	return increment(ctx, b, "limit/a")
}
