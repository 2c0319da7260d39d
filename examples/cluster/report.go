package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// A report is what this program prints.
type report struct {
	began              time.Time
	instances, masters int // that were killed

	mu  sync.Mutex
	out io.Writer
	now tally
}

func newReport(out io.Writer) *report { return &report{began: time.Now(), out: out} }

// line prints one, with the seconds since the start.
func (r *report) line(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.out, "%4ds  %s\n", int(time.Since(r.began).Seconds()), fmt.Sprintf(format, args...))
}

// count adds what somebody was told since before.
func (r *report) count(before, after tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now.add(after)
	r.now.add(before.negative())
}

func (t tally) negative() tally {
	return tally{-t.accounts, -t.apps, -t.removed, -t.signIns, -t.recoveries, -t.wrong, -t.spent, -t.newCodes, -t.sessions, -t.unknown}
}

// atLeast says whether so many sign-ins were acknowledged: before, there is little to lose.
func (r *report) atLeast(signIns int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.now.signIns + r.now.recoveries; n < signIns {
		return fmt.Errorf("there were %d sign-ins, and are to be %d", n, signIns)
	}
	return nil
}

// changes counts what was acknowledged that somebody would miss.
func (r *report) changes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now.accounts + r.now.apps + r.now.removed + r.now.recoveries + r.now.newCodes
}

// everyTwoSeconds prints how far it is.
func (r *report) everyTwoSeconds(ctx context.Context) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		r.mu.Lock()
		t := r.now
		r.mu.Unlock()
		r.line("%d signed in (%d by recovery code), %d apps set up, %d removed, %d codes refused, %d without an answer",
			t.signIns+t.recoveries, t.recoveries, t.apps, t.removed, t.wrong, t.unknown)
	}
}

const maxShown = 20 // of what was lost

// result prints what it all comes to.
func (r *report) result(all []*person, lost []string) error {
	var t tally
	for _, p := range all {
		t.add(p.tally)
	}
	r.line("killed: %d instances, %d masters", r.instances, r.masters)
	r.line("acknowledged: %d accounts, %d apps set up, %d removed, %d sign-ins by app, %d by recovery code, %d codes spent, %d sets of recovery codes renewed, %d wrong or spent codes refused, %d looks at a session",
		t.accounts, t.apps, t.removed, t.signIns, t.recoveries, t.spent, t.newCodes, t.wrong, t.sessions)
	r.line("without an answer, or told to try again: %d requests, which are done or not", t.unknown)
	if len(lost) == 0 {
		r.line("lost: nothing")
		return nil
	}
	for i, what := range lost {
		if i == maxShown {
			r.line("and %d more", len(lost)-maxShown)
			break
		}
		r.line("lost: %s", what)
	}
	return fmt.Errorf("%w: %d of what people were told does not hold", errLost, len(lost))
}
