package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
)

// RewrapOptions say how [Rewrap] is done. The zero value is fine.
type RewrapOptions struct {
	// Parallel is how many items are worked on at a time, 1 to 256; 0: 4.
	Parallel int

	// After goes on after this key: RewrapStats.Last of a walk that was stopped.
	// Empty: from the start.
	After string

	// Rate is how many items are sealed anew in a second, at most and on the average;
	// 0: 500; [Unlimited]: as many as the store takes. What needs no writing is passed
	// over at full speed.
	Rate int

	// Others do what the engine cannot: values that another package has sealed, with
	// parts of its own ([mfa.KeyRing.Seal]), by the prefix of their keys. Each does as
	// mfa.Engine.Rewrap. Nil: all is the engine's, or sealed in the engine's way.
	Others map[string]func(ctx context.Context, key string, item mfa.Item) (done bool, err error)

	// Progress is called after each item, by one goroutine at a time; a slow one
	// slows the walk. Nil: nobody is told.
	Progress func(RewrapStats)

	Clock Clock // for Rate
}

// RewrapStats are what [Rewrap] has done.
type RewrapStats struct {
	Items   int // that were looked at
	Written int // of these: that were under an older key, and are not any more

	// Failed is how many may still be under an older key. As long as it is not 0, an
	// older key that is retired takes something along.
	Failed   int
	Failures []KeyFailure // the first 100

	// Last is the last key up to which all is done, the After of a walk that goes on.
	// One that goes on does not come back to what failed before.
	Last string
}

// Rewrap seals anew, under the newest key of the engine's ring, whatever in the
// store is under an older one, so that the older can be retired; the steps stand in
// the package's comment. People sign in meanwhile: what they change is kept. An item
// that fails is counted and does not stop the walk. The error says why a walk did
// not come to its end: the store failed, cannot be walked, or ctx is done.
// RewrapStats.Last is where to go on. It may run as often as one likes: a second
// walk writes nothing, if the first was complete and every process seals with the
// newest key.
func Rewrap(ctx context.Context, store mfa.Store, engine *mfa.Engine, o RewrapOptions) (RewrapStats, error) {
	stats := RewrapStats{Last: o.After}
	if engine == nil {
		return stats, errNoEngine
	}
	source, err := scanned(store, "", o.After)
	if err != nil {
		return stats, err
	}
	pace, err := newPace(o.Rate, o.Clock)
	if err != nil {
		return stats, err
	}
	prefixes, err := o.prefixes()
	if err != nil {
		return stats, err
	}
	c := course[bool]{source: source, parallel: o.Parallel, pace: pace,
		do: func(ctx context.Context, key string, item mfa.Item) (bool, error) {
			rewrap := engine.Rewrap
			if i := slices.IndexFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }); i >= 0 {
				rewrap = o.Others[prefixes[i]]
			}
			written, err := rewrap(ctx, key, item)
			if written || err != nil {
				pace.spend()
			}
			return written, err
		},
		enter: func(key string, written bool, err error) {
			stats.Items++
			switch {
			case err != nil:
				stats.Failed++
				stats.Failures = appendFailure(stats.Failures, KeyFailure{key, err})
			case written:
				stats.Written++
			}
		},
		settle: func(key string, _ bool, _ error) error {
			stats.Last = key
			return nil
		},
	}
	if o.Progress != nil {
		c.told = func() {
			told := stats
			told.Failures = slices.Clone(stats.Failures)
			o.Progress(told)
		}
	}
	err = c.run(ctx)
	return stats, err
}

var errNoEngine = errors.New("ops: there is no engine")

// prefixes are those of Others, so that the first that fits is the longest.
func (o RewrapOptions) prefixes() ([]string, error) {
	list := slices.Sorted(maps.Keys(o.Others))
	slices.Reverse(list)
	for _, p := range list {
		if p == "" || o.Others[p] == nil {
			return nil, fmt.Errorf("ops: Others[%q]: want a prefix and a function", p)
		}
	}
	return list, nil
}
