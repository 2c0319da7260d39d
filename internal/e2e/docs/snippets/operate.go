package snippets

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/ops"
)

// What a program has for its jobs.
var (
	store  mfa.Store
	engine *mfa.Engine
	now    func() time.Time
	log    = slog.Default()
)

func hourly(ctx context.Context) {
	clock := ops.Clock{Now: now} // what mfa.Config.Now is; leave it out if that is nil
	swept, err := ops.Sweep(ctx, store, engine, ops.SweepOptions{ExpiredOnly: true, Clock: clock})
	told, err2 := ops.Redeliver(ctx, store, engine, ops.Options{})
	if err := errors.Join(err, err2); err != nil {
		log.Error("hourly job", "error", err)
	}
	log.Info("hourly job", "expired", swept.Expired, "users", told.Users, "not told", told.Failed)
}

func rewrap(ctx context.Context) (ops.RewrapStats, error) {
	stats, err := ops.Rewrap(ctx, store, engine, ops.RewrapOptions{Rate: 500, Progress: func(s ops.RewrapStats) {
		if s.Items%10_000 == 0 {
			log.Info("rewrap", "items", s.Items, "written", s.Written, "failed", s.Failed, "last", s.Last)
		}
	}})
	return stats, err
}

func monthly(ctx context.Context, factors []mfa.Factor, file io.Writer) (ops.Totals, error) {
	totals, err := ops.Report(ctx, store, engine, ops.ReportOptions{Factors: factors, CSV: file})
	return totals, err
}
