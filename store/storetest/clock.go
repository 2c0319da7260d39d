package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// The clocks of those who write, of the database and of this machine need not
// agree. Expires is a permission to drop the item after that time, by whatever
// clock, and nothing else follows from it.

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

// withExpiry returns an item of a new version.
func withExpiry(value string, expires time.Time) mfa.Item {
	item := newItem(value)
	item.Expires = expires
	return item
}

// expired saves items that had expired before they came: their writer's clock
// is behind. A store may have dropped them, and it may not, but no half of them:
// neither another item, nor one that can be loaded and not replaced.
func expired(ctx context.Context, a, b mfa.Store) error {
	now := time.Now()
	behind := 5 * time.Minute
	droppedSoon := false
	for i, expires := range []time.Time{
		time.Unix(0, 0),
		time.Unix(0, 0).Add(10 * time.Minute), // a machine that has lost its clock
		time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC),
		now.AddDate(0, -10, 0),
		now.Add(-behind),
		now.Add(-time.Microsecond),
	} {
		what := "an item that expired at " + shown(expires.UTC())
		key := "spent/" + strconv.Itoa(i)
		item := withExpiry("x", expires)
		if err := a.Save(ctx, key, 0, item); err != nil {
			return fmt.Errorf("save of %s: %w", what, err)
		}
		there, err := wholeOrGone(ctx, b, key, item)
		if err != nil {
			return fmt.Errorf("after a Save of %s: %w", what, err)
		}
		if expires.Equal(now.Add(-behind)) && !there {
			droppedSoon = true
		}
		if err := replaceExpired(ctx, a, b, key, item); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	if droppedSoon {
		return note("this store drops an item as soon as it has expired by its own clock. That is allowed, and leaves no room for a writer " +
			"whose clock is behind: adding some hours to what the database is told costs little. See docs/adapters.md#expires")
	}
	return nil
}

// wholeOrGone says whether an expired item is still there, and then whole.
func wholeOrGone(ctx context.Context, s mfa.Store, key string, item mfa.Item) (there bool, err error) {
	got, err := s.Load(ctx, key)
	switch {
	case errors.Is(err, mfa.ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("load: %w", err)
	}
	return true, sameItem(got, item)
}

// replaceExpired saves over an item that is whole or gone, and then once more:
// the first such Save may find that the item has just gone, but what it has
// written does not expire.
func replaceExpired(ctx context.Context, a, b mfa.Store, key string, item mfa.Item) error {
	there, err := wholeOrGone(ctx, b, key, item)
	if err != nil {
		return err
	}
	next, old := newItem("y"), int64(0)
	if there {
		old = item.Version
	}
	err = a.Save(ctx, key, old, next)
	if errors.Is(err, mfa.ErrConflict) && there {
		err = a.Save(ctx, key, 0, next) // it may have gone since the Load
	}
	switch {
	case errors.Is(err, mfa.ErrConflict) && !there:
		return fmt.Errorf("load finds nothing under the key, and a Save of a new item is refused as if there were: %w", err)
	case err != nil:
		return fmt.Errorf("save over it: %w", err)
	}
	if err := wantItem(ctx, b, key, next); err != nil {
		return err
	}
	return wantConflict("save of a new key, where one was saved over an expired item", b.Save(ctx, key, 0, other()))
}

// untilExpiry saves items that expire in the future, as far off as the clock of
// a writer may be ahead.
func untilExpiry(ctx context.Context, a, b mfa.Store) error {
	now := time.Now()
	items := make(map[string]mfa.Item)
	for i, expires := range []time.Time{
		now.Add(time.Hour),
		now.AddDate(0, 0, 31), // beyond a month, memcached takes a duration for a date
		now.AddDate(0, 10, 0),
		now.AddDate(80, 0, 0),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), // beyond 32 bits of seconds
		time.Date(9999, 12, 30, 23, 59, 59, 0, time.UTC),
		{},
	} {
		key := "spent/" + strconv.Itoa(i)
		items[key] = withExpiry("x", expires)
		if err := a.Save(ctx, key, 0, items[key]); err != nil {
			return fmt.Errorf("save of an item that expires at %s: %w", shown(expires), err)
		}
	}
	for key, item := range items {
		if err := wantItem(ctx, b, key, item); err != nil {
			return fmt.Errorf("of an item that expires at %s: %w", shown(item.Expires), err)
		}
		if err := wantConflict("save of a new key over it", a.Save(ctx, key, 0, other())); err != nil {
			return fmt.Errorf("of an item that expires at %s: %w", shown(item.Expires), err)
		}
	}
	return nil
}

// overExpired lets creates and updates meet over an item that has expired. If
// the store still has it an update wins, and else a create; what wins does not
// expire, so that no other can. None may win, where the item goes in between.
func overExpired(ctx context.Context, a, b mfa.Store) error {
	for r, began := 0, time.Now(); again(r, began); r++ {
		key := "spent/" + strconv.Itoa(r)
		gone := withExpiry("expired", time.Now().Add(-time.Hour))
		if err := a.Save(ctx, key, 0, gone); err != nil {
			return fmt.Errorf("save of an item that has expired: %w", err)
		}
		items := make([]mfa.Item, rivals)
		var winners atomic.Int64
		var won atomic.Int64
		err := together(ctx, a, b, rivals, func(i int, s mfa.Store) error {
			items[i] = newItem("rival " + strconv.Itoa(i))
			old := int64(0)
			if (i/2+r)%2 == 1 { // both kinds on both handles, and either one first
				old = gone.Version
			}
			err := s.Save(ctx, key, old, items[i])
			if err == nil {
				winners.Add(1)
				won.Store(int64(i))
				return nil
			}
			return wantConflict("save by one that lost", err)
		})
		if err != nil {
			return err
		}
		switch n := winners.Load(); {
		case n > 1:
			return fmt.Errorf("%d of %d goroutines have saved over one expired item, want 1", n, rivals)
		case n == 1:
			if err := wantItem(ctx, b, key, items[won.Load()]); err != nil {
				return fmt.Errorf("of the one that won: %w", err)
			}
		}
	}
	return nil
}

// expiryLifted watches items over the time at which they would have expired,
// had no later Save said otherwise. A quarter of a second is enough for a
// database on this machine, whose clock it shares.
func expiryLifted(ctx context.Context, a, b mfa.Store) error {
	soon := time.Now().Add(250 * time.Millisecond)
	kept := map[string]mfa.Item{
		"user/now never": newItem("kept"),
		"user/now later": withExpiry("kept", soon.Add(time.Hour)),
		"user/made anew": newItem("kept"),
	}
	for key, item := range kept {
		first := withExpiry("first", soon)
		if err := a.Save(ctx, key, 0, first); err != nil {
			return fmt.Errorf("save of an item that expires soon: %w", err)
		}
		old := first.Version
		if key == "user/made anew" {
			if err := a.Delete(ctx, key, old); err != nil {
				return fmt.Errorf("delete of an item that expires soon: %w", err)
			}
			old = 0
		}
		err := b.Save(ctx, key, old, item)
		if errors.Is(err, mfa.ErrConflict) && old != 0 {
			// It took so long that the first has gone, or the database's clock is ahead.
			err = b.Save(ctx, key, 0, item)
		}
		if err != nil {
			return fmt.Errorf("save over an item that expires soon: %w", err)
		}
	}
	left := withExpiry("left alone", soon)
	if err := a.Save(ctx, "spent/a", 0, left); err != nil {
		return fmt.Errorf("save of an item that expires soon: %w", err)
	}
	if err := until(ctx, soon.Add(50*time.Millisecond)); err != nil {
		return err
	}
	for key, item := range kept {
		for _, s := range []mfa.Store{a, b} {
			if err := wantItem(ctx, s, key, item); err != nil {
				return fmt.Errorf("after the time at which the former item expired: %w", err)
			}
		}
	}
	return replaceExpired(ctx, a, b, "spent/a", left)
}

// until waits for a time to come by this machine's clock.
func until(ctx context.Context, when time.Time) error {
	timer := time.NewTimer(time.Until(when))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A dropper removes what has an Expires before a time that it is told.
type dropper interface {
	DropExpired(ctx context.Context, before time.Time) (int, error)
}

// dropsExpired uses times that are far ahead of every clock, so that nothing goes
// by itself.
func dropsExpired(ctx context.Context, a, b mfa.Store) error {
	before := time.Now().AddDate(60, 0, 0)
	kept := map[string]mfa.Item{
		"user/never":       newItem("kept"),
		"spent/after":      withExpiry("kept", before.Add(time.Second)),
		"spent/long after": withExpiry("kept", before.AddDate(10, 0, 0)),
	}
	gone := map[string]mfa.Item{
		"spent/before":      withExpiry("gone", before.Add(-time.Second)),
		"spent/long before": withExpiry("gone", before.AddDate(-10, 0, 0)),
		"user/before":       withExpiry("gone", before.AddDate(0, 0, -1)),
	}
	for _, items := range []map[string]mfa.Item{kept, gone} {
		for key, item := range items {
			if err := a.Save(ctx, key, 0, item); err != nil {
				return fmt.Errorf("save: %w", err)
			}
		}
	}
	for _, want := range []int{len(gone), 0} {
		n, err := b.(dropper).DropExpired(ctx, before)
		if err != nil {
			return fmt.Errorf("drop what has expired: %w", err)
		}
		if n != want {
			return fmt.Errorf("drop what has expired: %d items, want %d", n, want)
		}
	}
	for key, item := range kept {
		if err := wantItem(ctx, a, key, item); err != nil {
			return fmt.Errorf("after DropExpired of what expires before %s: %w", shown(before.UTC()), err)
		}
	}
	for key := range gone {
		if err := wantAbsent(ctx, a, key); err != nil {
			return fmt.Errorf("after DropExpired of what expires before %s: %w", shown(before.UTC()), err)
		}
	}
	return nil
}
