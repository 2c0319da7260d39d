package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// rivals is how many goroutines want the same thing at once, and rounds how
// often they meet: enough for an unlocked check-then-write to show, on a machine
// that is busy with other things too, where it may take ten. Where a round is over
// so soon that two hardly ever meet, there are more of them.
const (
	rivals    = 32
	rounds    = 32
	roundTime = 300 * time.Millisecond
)

// again says whether there is to be another round.
func again(r int, began time.Time) bool {
	return r < rounds || r < 25*rounds && time.Since(began) < roundTime
}

// together runs f for each rival, on the two handles by turns. All start when
// the last is ready.
func together(ctx context.Context, a, b mfa.Store, n int, f func(i int, s mfa.Store) error) error {
	errs := make([]error, n)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for i := range n {
		s := a
		if i%2 == 1 {
			s = b
		}
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			if errs[i] = ctx.Err(); errs[i] == nil {
				errs[i] = f(i, s)
			}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return first(errs)
}

// shared has eight goroutines, on the two handles by turns, take a share each of
// n things to do.
func shared(ctx context.Context, a, b mfa.Store, n int, f func(i int, s mfa.Store) error) error {
	const workers = 8
	return together(ctx, a, b, workers, func(w int, s mfa.Store) error {
		for i := w; i < n; i += workers {
			if err := f(i, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// first is what went wrong first among equals: the rest mostly follows from it.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// race lets the rivals save over the same version, and checks that one has won,
// that all others were refused, and that the winner's item is there.
func race(ctx context.Context, a, b mfa.Store, key string, old int64) (mfa.Item, error) {
	var winners atomic.Int64
	var won atomic.Int64
	items := make([]mfa.Item, rivals)
	err := together(ctx, a, b, rivals, func(i int, s mfa.Store) error {
		items[i] = newItem("rival " + strconv.Itoa(i))
		err := s.Save(ctx, key, old, items[i])
		if err == nil {
			winners.Add(1)
			won.Store(int64(i))
			return nil
		}
		return wantConflict("save by one that lost", err)
	})
	if err != nil {
		return mfa.Item{}, err
	}
	if n := winners.Load(); n != 1 {
		return mfa.Item{}, fmt.Errorf("%d of %d goroutines have saved over the same version, want 1", n, rivals)
	}
	winner := items[won.Load()]
	return winner, wantItem(ctx, b, key, winner)
}

func oneCreateWins(ctx context.Context, a, b mfa.Store) error {
	for r, began := 0, time.Now(); again(r, began); r++ {
		if _, err := race(ctx, a, b, "claim/"+strconv.Itoa(r), 0); err != nil {
			return err
		}
	}
	return nil
}

func oneUpdateWins(ctx context.Context, a, b mfa.Store) error {
	item, err := create(ctx, a, "user/a", "first")
	if err != nil {
		return err
	}
	for r, began := 0, time.Now(); again(r, began); r++ {
		if item, err = race(ctx, a, b, "user/a", item.Version); err != nil {
			return err
		}
	}
	return nil
}

// updateOrDelete lets one update and one delete of the same version meet. The
// update's refusal or the delete's must follow, whichever comes first.
func updateOrDelete(ctx context.Context, a, b mfa.Store) error {
	for r, began := 0, time.Now(); r < 2*rounds || again(r, began); r++ {
		key := "user/" + strconv.Itoa(r)
		first, err := create(ctx, a, key, "first")
		if err != nil {
			return err
		}
		second := newItem("second")
		errs := make([]error, 2)
		err = together(ctx, a, b, 2, func(i int, s mfa.Store) error {
			if i == r%2 {
				errs[0] = s.Save(ctx, key, first.Version, second)
			} else {
				errs[1] = s.Delete(ctx, key, first.Version)
			}
			return nil
		})
		switch {
		case err != nil:
		case errs[0] == nil && errs[1] == nil:
			err = errors.New("one version was both updated and deleted")
		case errs[0] == nil:
			err = errors.Join(wantConflict("delete after the update", errs[1]), wantItem(ctx, a, key, second))
		case errs[1] == nil:
			err = errors.Join(wantConflict("save after the delete", errs[0]), wantAbsent(ctx, a, key))
		default:
			err = fmt.Errorf("both were refused: Save: %w; Delete: %w", errs[0], errs[1])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// spentOnce is what the engine does with a code: load, see that it is unspent,
// save it as spent. Whoever saves has spent it; that is one.
func spentOnce(ctx context.Context, a, b mfa.Store) error {
	for r, began := 0, time.Now(); again(r, began); r++ {
		key := "user/" + strconv.Itoa(r)
		if _, err := create(ctx, a, key, "unspent"); err != nil {
			return err
		}
		var spenders atomic.Int64
		err := together(ctx, a, b, 2*rivals, func(i int, s mfa.Store) error {
			item, err := s.Load(ctx, key)
			if err != nil {
				return fmt.Errorf("load: %w", err)
			}
			if string(item.Value) != "unspent" {
				return nil
			}
			err = s.Save(ctx, key, item.Version, newItem("spent by "+strconv.Itoa(i)))
			if err == nil {
				spenders.Add(1)
				return nil
			}
			return wantConflict("save by one that lost", err)
		})
		if err != nil {
			return err
		}
		if n := spenders.Load(); n != 1 {
			return fmt.Errorf("one thing was spent %d times", n)
		}
	}
	return nil
}

// increment adds 1 to the number under key, trying again after a conflict.
func increment(ctx context.Context, s mfa.Store, key string) error {
	for ctx.Err() == nil {
		n, item, err := loadNumber(ctx, s, key)
		if err != nil {
			return err
		}
		err = s.Save(ctx, key, item.Version, newItem(strconv.Itoa(n+1)))
		if err == nil {
			return nil
		}
		if err := wantConflict("save by one that lost", err); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func loadNumber(ctx context.Context, s mfa.Store, key string) (int, mfa.Item, error) {
	item, err := s.Load(ctx, key)
	if err != nil {
		return 0, item, fmt.Errorf("load: %w", err)
	}
	n, err := strconv.Atoi(string(item.Value))
	if err != nil {
		return 0, item, fmt.Errorf("load: %s, want a number", describe(item.Value))
	}
	return n, item, nil
}

func noLostIncrement(ctx context.Context, a, b mfa.Store) error {
	const counters, each = 16, 10
	if _, err := create(ctx, a, "limit/a", "0"); err != nil {
		return err
	}
	err := together(ctx, a, b, counters, func(_ int, s mfa.Store) error {
		for range each {
			if err := increment(ctx, s, "limit/a"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	n, _, err := loadNumber(ctx, b, "limit/a")
	if err == nil && n != counters*each {
		err = fmt.Errorf("the counter is at %d after %d increments", n, counters*each)
	}
	return err
}

// storm has 64 goroutines add to one number at once. Whoever is refused must find
// another version there: then every refusal is somebody's success, and nobody is
// refused more often than there are others.
func storm(ctx context.Context, a, b mfa.Store) error {
	const writers = 64
	if _, err := create(ctx, a, "limit/a", "0"); err != nil {
		return err
	}
	err := together(ctx, a, b, writers, func(_ int, s mfa.Store) error {
		refused := int64(0)
		for range writers {
			n, item, err := loadNumber(ctx, s, "limit/a")
			if err != nil {
				return err
			}
			if refused != 0 && item.Version == refused {
				return errors.New("a Save was refused, and the version that it named is still there")
			}
			err = s.Save(ctx, "limit/a", item.Version, newItem(strconv.Itoa(n+1)))
			if err == nil {
				return nil
			}
			if err := wantConflict("save by one that lost", err); err != nil {
				return err
			}
			refused = item.Version
		}
		return fmt.Errorf("refused %d times, though only %d others write once each", writers, writers-1)
	})
	if err != nil {
		return err
	}
	n, _, err := loadNumber(ctx, b, "limit/a")
	if err == nil && n != writers {
		err = fmt.Errorf("the counter is at %d after %d increments", n, writers)
	}
	return err
}

// loadsAreCurrent has the writer look for each item that it saved, and readers
// hold each item that they load against what the writer had been told before:
// nothing older may come, and no item may be half of one write and half of
// another.
func loadsAreCurrent(ctx context.Context, a, b mfa.Store) error {
	const writes = 100
	var acknowledged atomic.Int64
	numbered := func(n int64) mfa.Item {
		block := []byte(strconv.FormatInt(n, 10) + "\n")
		return mfa.Item{Value: bytes.Repeat(block, 512), Version: n}
	}
	if err := a.Save(ctx, "user/a", 0, numbered(1)); err != nil {
		return fmt.Errorf("save: %w", err)
	}
	acknowledged.Store(1)
	return together(ctx, a, b, 1+4, func(i int, s mfa.Store) error {
		if i == 0 {
			defer acknowledged.Store(writes)
			for n := int64(2); n <= writes; n++ {
				if err := s.Save(ctx, "user/a", n-1, numbered(n)); err != nil {
					return fmt.Errorf("save: %w", err)
				}
				acknowledged.Store(n)
				if err := wantItem(ctx, b, "user/a", numbered(n)); err != nil {
					return fmt.Errorf("after Save: %w", err)
				}
			}
			return nil
		}
		for ctx.Err() == nil {
			known := acknowledged.Load()
			item, err := s.Load(ctx, "user/a")
			if err != nil {
				return fmt.Errorf("load: %w", err)
			}
			if item.Version < known {
				return fmt.Errorf("load: version %d, which is older than %d, acknowledged before", item.Version, known)
			}
			if err := sameItem(item, numbered(item.Version)); err != nil {
				return fmt.Errorf("load: half of an item: %w", err)
			}
			if known == writes {
				return nil
			}
		}
		return ctx.Err()
	})
}
