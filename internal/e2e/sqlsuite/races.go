package sqlsuite

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
)

// Races lets many save the same at once, and checks that one wins each time and that
// the others are told nothing but that they came too late. It is the part of storetest
// that an isolation can break.
func Races(t *testing.T, d Database) {
	const rivals, rounds = 16, 12
	a, b := d.Stores(t)
	handle := func(i int) mfa.Store {
		if i%2 == 0 {
			return a
		}
		return b
	}
	for round := range rounds {
		created, updated, deleted := fmt.Sprint("claim/", round), fmt.Sprint("user/", round), fmt.Sprint("bulk/", round)
		save(t, a, updated, 0, 1)
		save(t, a, deleted, 0, 1)
		var creates, updates, ends atomic.Int64
		count := func(n *atomic.Int64, err error) error {
			if err == nil {
				n.Add(1)
			} else if !errors.Is(err, mfa.ErrConflict) {
				return err
			}
			return nil
		}
		err := together(rivals, func(i int) error {
			s, next := handle(i/2), mfa.Item{Value: make([]byte, 3000), Version: int64(i + 2)}
			errs := []error{
				count(&creates, s.Save(t.Context(), created, 0, next)),
				count(&updates, s.Save(t.Context(), updated, 1, next)),
			}
			if i%2 == 0 {
				errs = append(errs, count(&ends, s.Save(t.Context(), deleted, 1, next)))
			} else if err := s.Delete(t.Context(), deleted, 1); err != nil {
				errs = append(errs, count(&ends, err))
			}
			return errors.Join(errs...)
		})
		if err != nil {
			t.Fatal(err)
		}
		if creates.Load() != 1 || updates.Load() != 1 || ends.Load() > 1 {
			t.Errorf("round %d: %d have created, %d updated, and %d saved over what was deleted; want 1, 1 and at most 1", round, creates.Load(), updates.Load(), ends.Load())
		}
	}
	const counters, each = 8, 15
	save(t, a, "limit/a", 0, 1)
	err := together(counters, func(i int) error {
		for n := 0; n < each; {
			item, err := handle(i).Load(t.Context(), "limit/a")
			if err != nil {
				return err
			}
			err = handle(i).Save(t.Context(), "limit/a", item.Version, mfa.Item{Version: item.Version + 1})
			switch {
			case err == nil:
				n++
			case !errors.Is(err, mfa.ErrConflict):
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantVersion(t, b, "limit/a", 1+counters*each)
}
