package main

import (
	"context"
	"errors"
	"strings"

	"github.com/mfakit/mfa/ops"
)

type sweepFlags struct{ expiredOnly bool }

var sweepStore = &command{
	name: "sweep", about: "drop what has expired, and claims that are nobody's",
	more: "Nothing depends on it but the size of the store. -after goes on with the claims.",
	flags: func(c *call) {
		c.store.add(c)
		c.engine.add(c)
		c.walk.add(c, true)
		asJSON(c)
		c.set.BoolVar(&c.sweep.expiredOnly, "expired-only", false, "leave claims of credentials alone, each of which costs a look at its user")
	},
	run: func(ctx context.Context, c *call) (err error) {
		s, err := c.site(ctx, writing, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		say := c.progress()
		stats, walked := ops.Sweep(ctx, s.store, s.engine, ops.SweepOptions{ExpiredOnly: c.sweep.expiredOnly, After: c.walk.after, Rate: c.walk.rate,
			Parallel: c.walk.parallel, Clock: ops.Clock{Now: c.now}, Progress: func(n ops.SweepStats) {
				say("dropped %d that had expired, looked at %d claims, dropped %d", n.Expired, n.Claims, n.Orphans)
			}})
		c.tellFailures(stats.Failures)
		told := c.print(map[string]any{"expired": stats.Expired, "claims": stats.Claims, "orphans": stats.Orphans, "failed": stats.Failed, "last": stats.Last, "complete": walked == nil}, func(w *screen) {
			t := newTable(w)
			t.row("expired, and dropped", stats.Expired)
			t.row("claims looked at", stats.Claims)
			t.row("nobody's, and dropped", stats.Orphans)
			t.row("failed", stats.Failed)
			t.flush()
		})
		return errors.Join(c.walked(walked, stats.Last, stats.Failed, "%d items could not be told or dropped"), told)
	},
}

// quoted is text as a shell takes it for one word.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
