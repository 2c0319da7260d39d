package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

const (
	// defaultGrace is how long what has expired is kept all the same. An instance
	// whose clock is behind still counts by it.
	defaultGrace = time.Hour
	// minGrace is what no clock in use should be off by.
	minGrace = 10 * time.Minute
)

// owned are the prefixes of what lies beside a user's value, in order: attachments, and
// the claims by which credentials lead to their users.
var owned = []string{"bulk/", "claim/"}

// expiring are the prefixes of what the engine lets expire: counts of limits, and
// marks of spent challenges.
var expiring = []string{"limit/", "spent/"}

// SweepOptions say how [Sweep] is done. The zero value is fine.
type SweepOptions struct {
	// ExpiredOnly leaves claims and attachments alone. They are rarely orphans, and each one costs a
	// Load to find out: once a day is often enough for them.
	ExpiredOnly bool

	// Grace is how long after its time an item is dropped, as the clocks of a site are
	// not all right; 0: an hour; at least ten minutes.
	Grace time.Duration

	// Parallel is how many items are worked on at a time, 1 to 256; 0: 4.
	Parallel int

	// After goes on with the claims and attachments after this key: SweepStats.Last of a sweep that
	// was stopped. What has expired is looked for again. Empty: from the start.
	After string

	// Rate is how many claims and attachments are looked at, or items deleted one by one, in a second,
	// at most and on the average; 0: 500; [Unlimited]: as many as the store takes.
	Rate int

	// Progress is called after each item, by one goroutine at a time; a slow one
	// slows the sweep. Nil: nobody is told.
	Progress func(SweepStats)

	// Clock tells what has expired: its Now should be the engine's (mfa.Config.Now).
	Clock Clock
}

// SweepStats are what [Sweep] has done.
type SweepStats struct {
	Expired int // items whose time was over, and which are gone
	Claims  int // claims and attachments that were looked at
	Orphans int // of these: nobody's, and gone

	Failed   int          // items that could not be told or deleted
	Failures []KeyFailure // the first 100

	// Last is the last of these keys up to which all are done, the After of a sweep that goes on.
	Last string
}

// Sweep drops what nothing needs any more: items whose time is over, by the store's
// own DropExpired(ctx, before) (int, error) where it has that method, and one by one
// where it does not; and claims of credentials, and attachments, that no user's value
// refers to, which a process leaves that dies in the middle of an enrolment, and a store
// that fails in it (mfa.Engine.Orphan). It
// never touches a user's value, and deletes by version: what somebody writes
// meanwhile stays.
//
// Nothing depends on it but the size of the store. Several processes may sweep at
// the same time. Errors as of [Rewrap].
func Sweep(ctx context.Context, store mfa.Store, engine *mfa.Engine, o SweepOptions) (SweepStats, error) {
	s := sweep{store: store, o: o, stats: SweepStats{Last: o.After}}
	switch {
	case engine == nil:
		return s.stats, errNoEngine
	case o.Grace == 0:
		s.o.Grace = defaultGrace
	case o.Grace < minGrace:
		return s.stats, fmt.Errorf("ops: Grace is %v, and must be at least %v", o.Grace, minGrace)
	}
	var err error
	if s.pace, err = newPace(o.Rate, o.Clock); err != nil {
		return s.stats, err
	}
	if err = s.expired(ctx); err == nil && !o.ExpiredOnly {
		err = s.orphans(ctx, engine.Orphan)
	}
	return s.stats, err
}

// A sweep is one in progress.
type sweep struct {
	store mfa.Store
	o     SweepOptions
	pace  *pace
	stats SweepStats
}

// A dropper is a store that can drop what has expired by itself.
type dropper interface {
	DropExpired(ctx context.Context, before time.Time) (int, error)
}

func (s *sweep) expired(ctx context.Context) error {
	before := s.o.Clock.now().Add(-s.o.Grace)
	if d, ok := s.store.(dropper); ok {
		n, err := d.DropExpired(ctx, before)
		s.stats.Expired = n
		if err != nil {
			return fmt.Errorf("ops: what has expired could not be dropped: %w", err)
		}
		return nil
	}
	for _, prefix := range expiring {
		err := s.run(ctx, prefix, "", func(ctx context.Context, key string, item mfa.Item) (bool, error) {
			if item.Expires.IsZero() || !item.Expires.Before(before) {
				return false, nil
			}
			defer s.pace.spend()
			return s.drop(ctx, key, item)
		}, func(dropped bool) {
			if dropped {
				s.stats.Expired++
			}
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sweep) orphans(ctx context.Context, orphan func(context.Context, string, mfa.Item) (bool, error)) error {
	for _, prefix := range owned {
		after := s.o.After
		if !strings.HasPrefix(after, prefix) {
			if after > prefix {
				continue // it is done
			}
			after = ""
		}
		err := s.run(ctx, prefix, after, func(ctx context.Context, key string, item mfa.Item) (bool, error) {
			defer s.pace.spend()
			if yes, err := orphan(ctx, key, item); err != nil || !yes {
				return false, err
			}
			return s.drop(ctx, key, item)
		}, func(dropped bool) {
			s.stats.Claims++
			if dropped {
				s.stats.Orphans++
			}
		}, func(key string) { s.stats.Last = key })
		if err != nil {
			return err
		}
	}
	return nil
}

// drop deletes an item that is still as it was seen.
func (s *sweep) drop(ctx context.Context, key string, item mfa.Item) (bool, error) {
	err := s.store.Delete(ctx, key, item.Version)
	if errors.Is(err, mfa.ErrConflict) {
		return false, nil // somebody has use for it
	}
	return err == nil, err
}

// run goes over the keys with a prefix. do says whether it dropped what is there.
func (s *sweep) run(ctx context.Context, prefix, after string, do func(context.Context, string, mfa.Item) (bool, error),
	count func(dropped bool), last func(key string)) error {
	source, err := scanned(s.store, prefix, after)
	if err != nil {
		return err
	}
	c := course[bool]{source: source, parallel: s.o.Parallel, pace: s.pace, do: do,
		enter: func(key string, dropped bool, err error) {
			count(dropped)
			if err != nil {
				s.stats.Failed++
				s.stats.Failures = appendFailure(s.stats.Failures, KeyFailure{key, err})
			}
		},
		settle: func(key string, _ bool, _ error) error {
			if last != nil {
				last(key)
			}
			return nil
		},
	}
	if s.o.Progress != nil {
		c.told = func() {
			told := s.stats
			told.Failures = slices.Clone(s.stats.Failures)
			s.o.Progress(told)
		}
	}
	return c.run(ctx)
}
