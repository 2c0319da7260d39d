package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

// noLie checks the error of an operation whose context had ended: it may have
// been done, and it may have failed, but there was nothing to be refused.
func noLie(operation string, err error) error {
	if errors.Is(err, mfa.ErrNotFound) || errors.Is(err, mfa.ErrConflict) {
		return fmt.Errorf("%s with a context that had ended: error %q, which is not so", operation, err)
	}
	return nil
}

func cancelledBefore(ctx context.Context, a, b mfa.Store) error {
	over, cancel := context.WithCancel(ctx)
	cancel()
	return endedBefore(ctx, over, a, b)
}

func deadlinePassed(ctx context.Context, a, b mfa.Store) error {
	over, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	return endedBefore(ctx, over, a, b)
}

// endedBefore uses a context that is over. An operation that fails for it must
// not call the key absent or the version stale, and one that succeeds must have
// been done.
func endedBefore(ctx, over context.Context, a, b mfa.Store) error {
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
		return fmt.Errorf("after a Save with a context that had ended: %w", err)
	}

	created := newItem("created")
	err = a.Save(over, "user/b", 0, created)
	if err := noLie("save of a new key", err); err != nil {
		return err
	}
	if err == nil {
		if err := wantItem(ctx, b, "user/b", created); err != nil {
			return fmt.Errorf("after a Save with a context that had ended: %w", err)
		}
	}

	err = a.Delete(over, "user/a", there.Version)
	if err := noLie("delete", err); err != nil {
		return err
	}
	if err == nil {
		return wantAbsent(ctx, b, "user/a")
	}
	if err := b.Delete(ctx, "user/a", there.Version); err != nil {
		return fmt.Errorf("delete after one with a context that had ended: %w", err)
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

// cancelledMidway appends to a journal with Saves whose contexts end while they
// run, half of them by a deadline. What was acknowledged must be there, what was
// refused must not, and the store must still work.
func cancelledMidway(ctx context.Context, a, b mfa.Store) error {
	const writers, each = 8, 25
	j := &journal{key: "user/a"}
	if _, err := create(ctx, a, j.key, ""); err != nil {
		return err
	}
	err := together(ctx, a, b, writers, func(i int, s mfa.Store) error {
		for r := range each {
			var ending context.Context
			var cancel context.CancelFunc
			if i/2%2 == 0 {
				ending, cancel = context.WithCancel(ctx)
				go cancel()
			} else {
				ending, cancel = context.WithTimeout(ctx, time.Duration(r)*40*time.Microsecond)
			}
			err := j.add(ctx, ending, s)
			cancel()
			if errors.Is(err, mfa.ErrNotFound) {
				return fmt.Errorf("of a key that is there: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	there, _, err := j.entries(ctx, b)
	if err == nil {
		err = j.audit(there, false)
	}
	if err != nil {
		return fmt.Errorf("after Saves that were cut off: %w", err)
	}
	if _, err := create(ctx, b, "limit/a", "0"); err != nil {
		return fmt.Errorf("after Saves that were cut off: %w", err)
	}
	return nil
}

// leavesWaiting has many Saves wait for one key, and ends the contexts of all but
// one as soon as the first has returned. Whoever leaves must not have been told
// anything that is not so, and must not stay in the way of those who come next.
func leavesWaiting(ctx context.Context, a, b mfa.Store) error {
	value := make([]byte, 64<<10) // long enough to wait for
	item, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	for range rounds / 2 { // each costs most databases their connections
		if item, err = leaveOnce(ctx, a, b, item, value); err != nil {
			return err
		}
		err = together(ctx, a, b, rivals, func(i int, s mfa.Store) error {
			_, err := create(ctx, s, "user/next"+strconv.FormatInt(newVersion(), 16), "next")
			if err != nil {
				return fmt.Errorf("after others have left: %w", err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveOnce returns the item that is there in the end.
func leaveOnce(ctx context.Context, a, b mfa.Store, before mfa.Item, value []byte) (mfa.Item, error) {
	ending, leave := context.WithCancel(ctx)
	defer leave()
	items, results := make([]mfa.Item, rivals), make([]error, rivals)
	var once sync.Once
	err := together(ctx, a, b, rivals, func(i int, s mfa.Store) error {
		items[i] = mfa.Item{Value: value, Version: newVersion()}
		c := ending
		if i == 0 {
			c = ctx
		}
		results[i] = s.Save(c, "user/a", before.Version, items[i])
		once.Do(leave)
		return nil
	})
	if err != nil {
		return before, err
	}
	if stayed := results[0]; stayed != nil && !errors.Is(stayed, mfa.ErrConflict) {
		return before, fmt.Errorf("save by one who stayed, after others have left: %w", stayed)
	}
	got, err := b.Load(ctx, "user/a")
	if err != nil {
		return got, fmt.Errorf("load after others have left: %w", err)
	}
	refused := false
	for i, result := range results {
		switch {
		case result == nil && got.Version != items[i].Version:
			return got, errors.New("a Save was acknowledged, and another item is there")
		case errors.Is(result, mfa.ErrNotFound):
			return got, fmt.Errorf("save over an item that is there: error %q", result)
		case errors.Is(result, mfa.ErrConflict):
			refused = true
			if got.Version == items[i].Version {
				return got, errors.New("a Save was refused, and its item is there")
			}
		}
	}
	if refused && got.Version == before.Version {
		return got, errors.New("a Save was refused, and the version that it named is still there")
	}
	for _, item := range append(items, before) {
		if got.Version == item.Version {
			return got, sameItem(got, item)
		}
	}
	return got, fmt.Errorf("load: version %d, which nobody saved", got.Version)
}
