package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/ops"
)

// tidyEvery is how often what has expired is dropped, owners are mailed whose reset is
// ready, and notices that a dead process has left are sent.
const tidyEvery = time.Hour

// tidyNowAndThen does so at once and then every hour, and returns when ctx ends.
func tidyNowAndThen(ctx context.Context, d *data, engine *mfa.Engine, now func() time.Time, log *slog.Logger) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		tidy(ctx, d, engine, now(), log)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func tidy(ctx context.Context, d *data, engine *mfa.Engine, now time.Time, log *slog.Logger) {
	_, err := ops.Sweep(ctx, d.store, engine, ops.SweepOptions{Clock: ops.Clock{Now: func() time.Time { return now }}})
	if err = errors.Join(err, d.db.sweep(ctx, now)); err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "webapp: what has expired was not dropped", "error", err)
	}
	find := func(ctx context.Context, id string) (mfa.User, error) {
		u, _, err := accounts{d.db}.lookUp(ctx, id)
		return u, err
	}
	if _, err := ops.Resets(ctx, d.store, engine, find, ops.Options{}); err != nil && ctx.Err() == nil {
		log.ErrorContext(ctx, "webapp: resets that are ready could not be looked for", "error", err)
	}
	stats, err := ops.Redeliver(ctx, d.store, engine, ops.Options{})
	switch {
	case ctx.Err() != nil: // the next start goes on
	case err != nil:
		log.ErrorContext(ctx, "webapp: notices that were left could not be looked for", "error", err)
	case stats.Failed > 0:
		log.WarnContext(ctx, "webapp: some notices were not taken, and will come again", "users", stats.Failed)
	}
}
