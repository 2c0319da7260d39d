package risk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRun: an exchange at once and every half minute, more or less; one more in the end on
// a context of its own, and the row is free for the next process then. A
// store that is down for a while loses nothing.
func TestRun(t *testing.T) {
	f := newFleet(t)
	store := &failing{Store: f.store}
	f.store = store
	s := f.scorer()
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	var waits []time.Duration
	s.pop.wait = func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		f.clock.Advance(d)
		f.learn(s.pop, 1, 1)
		switch len(waits) {
		case 2:
			f.holds(s.pop, 1, 2)
			store.load, store.save = errDown, errDown
		case 4:
			if !strings.Contains(f.log.String(), "the store is down") {
				t.Error("nobody was told")
			}
			store.load, store.save = nil, nil
		case 10:
			cancel()
			return ctx.Err()
		}
		return nil
	}
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
	for _, d := range waits {
		if d < syncEvery*4/5 || d > syncEvery*6/5 {
			t.Errorf("it waited %s", d)
		}
	}
	if fmt.Sprint(waits[:3]) == fmt.Sprint([]time.Duration{waits[0], waits[0], waits[0]}) {
		t.Error("there is no jitter")
	}
	f.holds(f.stored(), 1, 10)
	next := f.process()
	f.learn(next, 2, 1)
	f.sync(next)
	if next.rows.slot != 0 {
		t.Errorf("the next process has taken row %d", next.rows.slot)
	}
	f.learn(s.pop, 1, 1) // a request that was still being served
	if err := s.Sync(bg); err != nil {
		t.Error(err)
	}
	f.holds(f.stored(), 1, 11)
	f.holds(s.pop, 2, 1)
}

func TestRunTellsOfItsLastError(t *testing.T) {
	f := newFleet(t)
	f.store = &failing{f.store, errDown, errDown}
	s := f.scorer()
	f.learn(s.pop, 1, 1)
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if err := s.Run(ctx); !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
	f.holds(s.pop, 1, 1)
}
