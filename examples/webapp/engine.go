package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// closeTimeout is for the messages that are still to be handed over.
const closeTimeout = 10 * time.Second

// newEngine makes the engine over the app's data, and finds a wrong key ring
// before the first user does. The origin has to be known by now.
func newEngine(ctx context.Context, c config, d *data, clock *clock, out senders, scorer *risk.Scorer, log *slog.Logger) (*mfa.Engine, error) {
	factors, err := newFactors(c, out)
	if err != nil {
		return nil, err
	}
	if live := c.running(); live != nil && c.policy != "" {
		lint(ctx, log, live, methodsOf(factors))
	}
	config := mfa.Config{
		Store:      d.store,
		Keys:       d.keys,
		Factors:    factors,
		Policy:     c.rules,
		Users:      accounts{d.db}.lookUp,
		Support:    newDesk(c, d.db, clock.Now).permit,
		Deployment: deployment,
		Now:        clock.Now,
		Logger:     log,
	}
	var engine *mfa.Engine // which makes the links of its own notices
	config.Observers = []mfa.Observer{d.observer(log)}
	if scorer != nil { // nil would be a Scorer that is not there
		config.Risk, config.Observers = scorer, append(config.Observers, scorer)
	}
	if out.mail != nil {
		notices, err := newNotices(out.mail, c.origin, accounts{d.db}, func(e mfa.Event) (string, error) { return noticeLink(engine, c.origin, e) })
		if err != nil {
			return nil, err
		}
		config.Observers = append(config.Observers, notices)
	}
	engine, err = mfa.New(config)
	if err != nil {
		return nil, err
	}
	err = engine.Check(ctx)
	if errors.Is(err, mfa.ErrWrongKeys) {
		err = fmt.Errorf("the key ring %s is not the one that %s was written with: "+
			"bring the right file back, or name it with -keys%s", c.keys, c.values.name, c.oneRing())
	} else if err != nil {
		err = explain(c.values.name, err)
	}
	if err != nil {
		return nil, errors.Join(err, closeEngine(ctx, engine))
	}
	return engine, nil
}

// newFactors are the methods that the app knows. The origin has to be known by now.
func newFactors(c config, out senders) ([]mfa.Factor, error) {
	apps, err := totp.New(totp.Config{Issuer: appName})
	if err != nil {
		return nil, err
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		return nil, err
	}
	factors := []mfa.Factor{apps, codes}
	if rp, ok := relyingParty(c.origin); ok {
		keys, err := webauthn.New(webauthn.Config{RP: rp})
		if err != nil {
			return nil, err
		}
		factors = append(factors, keys)
	}
	sent, err := out.factors(c.origin)
	if err != nil {
		return nil, err
	}
	return append(factors, sent...), nil // last, as the others are the safer ones
}

// closeEngine waits for what is still to be handed over, also when ctx has
// ended already: that is how the app is told to stop.
func closeEngine(ctx context.Context, e *mfa.Engine) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return e.Close(ctx)
}
