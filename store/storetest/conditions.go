package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// other is an item that differs from every other in all its fields, for writes
// that must be refused: whatever of it is found in the store is seen.
func other() mfa.Item {
	item := newItem("what must not be written")
	item.Expires = time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC)
	return item
}

func createExisting(ctx context.Context, a, b mfa.Store) error {
	item, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	for _, s := range []mfa.Store{a, b} {
		if err := wantConflict("save of a new key that exists", s.Save(ctx, "user/a", 0, other())); err != nil {
			return err
		}
		if err := wantItem(ctx, b, "user/a", item); err != nil {
			return fmt.Errorf("after a Save that was refused: %w", err)
		}
	}
	return nil
}

func updateAbsent(ctx context.Context, a, b mfa.Store) error {
	if err := wantConflict("save over an absent key", a.Save(ctx, "user/a", newVersion(), other())); err != nil {
		return err
	}
	item := other()
	if err := wantConflict("save over an absent key with its own version", a.Save(ctx, "user/a", item.Version, item)); err != nil {
		return err
	}
	return wantAbsent(ctx, b, "user/a")
}

func updateStale(ctx context.Context, a, b mfa.Store) error {
	first, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	second := newItem("second")
	if err := b.Save(ctx, "user/a", first.Version, second); err != nil {
		return fmt.Errorf("save over the first version: %w", err)
	}
	for _, s := range []mfa.Store{a, b} {
		for _, tt := range []struct {
			what string
			old  int64
		}{
			{"a version that was replaced", first.Version},
			{"a version that was never there", newVersion()},
		} {
			if err := wantConflict("save over "+tt.what, s.Save(ctx, "user/a", tt.old, other())); err != nil {
				return err
			}
			if err := wantItem(ctx, b, "user/a", second); err != nil {
				return fmt.Errorf("after a Save over %s was refused: %w", tt.what, err)
			}
		}
	}
	third := newItem("third")
	if err := a.Save(ctx, "user/a", second.Version, third); err != nil {
		return fmt.Errorf("save over the version that is there: %w", err)
	}
	return wantItem(ctx, b, "user/a", third)
}

func updateDeleted(ctx context.Context, a, b mfa.Store) error {
	item, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	if err := a.Delete(ctx, "user/a", item.Version); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	for _, s := range []mfa.Store{a, b} {
		err := s.Save(ctx, "user/a", item.Version, other())
		if err := wantConflict("save over a version that was deleted", err); err != nil {
			return err
		}
		if err := wantAbsent(ctx, s, "user/a"); err != nil {
			return err
		}
	}
	return nil
}

func createDeleted(ctx context.Context, a, b mfa.Store) error {
	first, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	if err := a.Delete(ctx, "user/a", first.Version); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	second, err := create(ctx, b, "user/a", "second")
	if err != nil {
		return err
	}
	if err := wantConflict("save over a version of before the delete", a.Save(ctx, "user/a", first.Version, other())); err != nil {
		return err
	}
	if err := wantConflict("delete of a version of before the delete", a.Delete(ctx, "user/a", first.Version)); err != nil {
		return err
	}
	return wantItem(ctx, a, "user/a", second)
}

func deleteRemoves(ctx context.Context, a, b mfa.Store) error {
	item, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	neighbour, err := create(ctx, a, "user/ab", "neighbour")
	if err != nil {
		return err
	}
	if err := wantItem(ctx, b, "user/a", item); err != nil {
		return err
	}
	if err := a.Delete(ctx, "user/a", item.Version); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	for _, s := range []mfa.Store{a, b} {
		if err := wantAbsent(ctx, s, "user/a"); err != nil {
			return fmt.Errorf("after Delete: %w", err)
		}
	}
	return wantItem(ctx, b, "user/ab", neighbour)
}

func deleteAbsent(ctx context.Context, a, b mfa.Store) error {
	if err := a.Delete(ctx, "user/nobody", newVersion()); err != nil {
		return fmt.Errorf("delete of a key that was never there: %w", err)
	}
	if err := a.Delete(ctx, "user/nobody", 0); err != nil {
		return fmt.Errorf("delete of a key that was never there, version 0: %w", err)
	}
	item, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	for _, s := range []mfa.Store{a, b, a} {
		if err := s.Delete(ctx, "user/a", item.Version); err != nil {
			return fmt.Errorf("delete of what may be deleted already: %w", err)
		}
	}
	return wantAbsent(ctx, b, "user/a")
}

func deleteStale(ctx context.Context, a, b mfa.Store) error {
	first, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	second := newItem("second")
	if err := a.Save(ctx, "user/a", first.Version, second); err != nil {
		return fmt.Errorf("save over the first version: %w", err)
	}
	for _, s := range []mfa.Store{a, b} {
		for _, tt := range []struct {
			what string
			old  int64
		}{
			{"a version that was replaced", first.Version},
			{"a version that was never there", newVersion()},
			{"version 0", 0},
		} {
			if err := wantConflict("delete of "+tt.what, s.Delete(ctx, "user/a", tt.old)); err != nil {
				return err
			}
			if err := wantItem(ctx, b, "user/a", second); err != nil {
				return fmt.Errorf("after a Delete of %s was refused: %w", tt.what, err)
			}
		}
	}
	return nil
}
