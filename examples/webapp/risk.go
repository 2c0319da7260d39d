package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mfakit/mfa/risk"
)

// deployment is what the engine and the scorer know this app by in their store.
const deployment = "webapp"

// What -risk may say.
const (
	riskOn     = "on"     // it decides from the first sign-in on
	riskShadow = "shadow" // it never decides
	riskOff    = "off"    // nothing is scored
)

const riskHelp = "`how` sign-ins are scored: on (it decides at once), shadow (it watches and decides nothing) or off. " +
	"Default: with -dev on, else the library's own, which watches for 14 days first"

// forever is longer than the clock can be moved.
const forever = maxAhead + 366*24*time.Hour

// shadow is for how long sign-ins are scored without effect, as package risk wants it.
// Without the flag a developer sees at once what it does, and nobody's users are asked
// by something that has not seen any sign-in yet.
func (c config) shadow() time.Duration {
	switch {
	case c.risk == riskShadow:
		return forever
	case c.risk == riskOn, c.risk == "" && c.dev:
		return -1
	}
	return 0
}

func (c config) checkRisk() error {
	switch c.risk {
	case "", riskOn, riskShadow, riskOff:
		return nil
	}
	return fmt.Errorf("-risk %q is none of on, shadow and off", c.risk)
}

// newScorer makes what scores sign-ins, over the engine's own store and keys. Nil
// with -risk off.
func newScorer(ctx context.Context, c config, d *data, clock *clock, known *places, log *slog.Logger) (*risk.Scorer, error) {
	if c.risk == riskOff {
		return nil, nil
	}
	s, err := risk.New(risk.Config{
		Keys: d.keys, Intel: known.intel, Store: d.store, Deployment: deployment, Shadow: c.shadow(), Now: clock.Now, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	// So that the first sign-in after a start is scored by what was learned before it.
	if err := s.Sync(ctx); err != nil {
		log.WarnContext(ctx, "webapp: what was learned of all users together was not read", "error", err)
	}
	return s, nil
}

// learning exchanges with other processes what is learned of all users together, until
// what it returns is called. That comes after the last sign-in, and waits until the last row is
// written: ctx, which ends when the app is told to stop, would be too early.
func learning(ctx context.Context, s *risk.Scorer, log *slog.Logger) (end func()) {
	if s == nil {
		return func() {}
	}
	return inBackground(context.WithoutCancel(ctx), func(ctx context.Context) {
		if err := s.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			log.ErrorContext(ctx, "webapp: what was learned of all users together was not saved", "error", err)
		}
	})
}
