package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mfakit/mfa/ops"
)

// walkFlags say how a walk is done.
type walkFlags struct {
	after          string
	rate, parallel int
}

func (w *walkFlags) add(c *call, rated bool) {
	c.set.StringVar(&w.after, "after", "", "go on after this `key`, as a walk that was stopped has said")
	c.set.IntVar(&w.parallel, "parallel", 4, "how many are worked on at a time")
	if rated {
		c.set.IntVar(&w.rate, "rate", 500, "how many items are written in a second at most; -1: as many as the store takes")
	}
}

var rewrap = &command{
	name: "rewrap", about: "seal everything anew under the ring's newest key",
	more: `Not before every process has that key in front. People sign in meanwhile. A walk that was
stopped goes on by -after. A last one from the start, which writes nothing and in which
nothing fails, is the proof that the older keys can be retired.`,
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		c.walk.add(c, true)
		asJSON(c)
	},
	run: func(ctx context.Context, c *call) (err error) {
		s, err := c.site(ctx, writing, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		say := c.progress()
		stats, walked := ops.Rewrap(ctx, s.store, s.engine, ops.RewrapOptions{After: c.walk.after, Rate: c.walk.rate, Parallel: c.walk.parallel,
			Progress: func(n ops.RewrapStats) {
				say("looked at %d items, sealed %d anew, %d failed; last %s", n.Items, n.Written, n.Failed, n.Last)
			}})
		c.tellFailures(stats.Failures)
		told := c.print(map[string]any{"items": stats.Items, "written": stats.Written, "failed": stats.Failed, "last": stats.Last, "complete": walked == nil}, func(w *screen) {
			t := newTable(w)
			t.row("looked at", stats.Items)
			t.row("sealed anew", stats.Written)
			t.row("failed", stats.Failed)
			t.flush()
		})
		return errors.Join(c.walked(walked, stats.Last, stats.Failed, "%d items may still be under an older key: look why, and run it again from the start"), told)
	},
}

// walked says what a walk has left undone: it did not come to its end, or failed at some,
// which left tells, with their number.
func (c *call) walked(why error, last string, failed int, left string) error {
	switch {
	case why != nil:
		return c.stopped(why, last)
	case failed > 0:
		return fmt.Errorf(left, failed)
	}
	return nil
}

// stopped is how a walk that did not come to its end goes on.
func (c *call) stopped(why error, last string) error {
	again := "run it again"
	if last != "" {
		again += " with -after " + quoted(last)
	}
	if errors.Is(why, context.Canceled) {
		return fmt.Errorf("stopped; to go on, %s", again)
	}
	return fmt.Errorf("%w; to go on, %s", why, again)
}

// tellFailures names what went wrong, the first of many.
func (c *call) tellFailures(list []ops.KeyFailure) {
	for i, f := range list {
		if i == maxTold {
			c.warn("and more")
			return
		}
		c.warn("%s: %v", f.Key, f.Err)
	}
}

// maxTold is how many failures are named.
const maxTold = 10
