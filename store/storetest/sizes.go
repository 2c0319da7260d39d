package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/mfakit/mfa"
)

// maxValue is the longest value that a store has to take.
const maxValue = 1 << 20

// sizes saves values of the lengths at which pages, packets and columns end,
// and one byte to either side. They are random, so that no compression hides a
// bound, and go up and down, so that each replaces a longer and a shorter one.
func sizes(ctx context.Context, a, b mfa.Store) error {
	var lengths []int
	for _, n := range []int{4 << 10, 8 << 10, 64 << 10, maxValue} {
		lengths = append(lengths, n-1, n)
		if n < maxValue {
			lengths = append(lengths, n+1)
		}
	}
	down := slices.Clone(lengths)
	slices.Reverse(down)
	old := int64(0)
	for _, n := range slices.Concat(lengths, down, []int{maxValue, 0, 4 << 10}) {
		item := mfa.Item{Value: make([]byte, n), Version: newVersion()}
		rand.Read(item.Value)
		if err := a.Save(ctx, "user/a", old, item); err != nil {
			return fmt.Errorf("save of %d bytes: %w", n, err)
		}
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return fmt.Errorf("after a Save of %d bytes: %w", n, err)
		}
		old = item.Version
	}
	return nil
}

// thousandUpdates replaces one item again and again. The versions of before
// must stay dead, and no more of them than one may ever be there.
func thousandUpdates(ctx context.Context, a, b mfa.Store) error {
	const updates = 1000
	item, err := create(ctx, a, "user/a", "update 0")
	if err != nil {
		return err
	}
	first, former := item, item
	for n := 1; n <= updates; n++ {
		next := newItem(fmt.Sprintf("update %d %s", n, bytes.Repeat([]byte("."), n%100)))
		if err := a.Save(ctx, "user/a", item.Version, next); err != nil {
			return fmt.Errorf("update %d: %w", n, err)
		}
		former, item = item, next
		if n%100 != 0 {
			continue
		}
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return fmt.Errorf("after update %d: %w", n, err)
		}
		for _, gone := range []mfa.Item{first, former} {
			err := b.Save(ctx, "user/a", gone.Version, other())
			if err := wantConflict(fmt.Sprintf("save over a version of before update %d", n), err); err != nil {
				return err
			}
		}
	}
	if err := b.Delete(ctx, "user/a", item.Version); err != nil {
		return fmt.Errorf("delete after %d updates: %w", updates, err)
	}
	if err := wantAbsent(ctx, a, "user/a"); err != nil {
		return fmt.Errorf("after Delete, with %d former versions: %w", updates, err)
	}
	return nil
}
