package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// closeTimeout is for the messages that are still to be handed over.
const closeTimeout = 10 * time.Second

// newEngine makes the engine over the app's data, and finds a wrong key ring
// before the first user does. The origin has to be known by now.
func newEngine(ctx context.Context, c config, d *data, clock *clock, out senders, log *slog.Logger) (*mfa.Engine, error) {
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
	factors = append(factors, sent...) // last, as the others are the safer ones
	config := mfa.Config{
		Store:      d.store,
		Keys:       d.keys,
		Factors:    factors,
		Policy:     c.rules,
		Users:      accounts{d.db}.lookUp,
		Deployment: "webapp",
		Now:        clock.Now,
		Logger:     log,
	}
	if out.mail != nil {
		notices, err := newNotices(out.mail, c.origin)
		if err != nil {
			return nil, err
		}
		config.Observers = []mfa.Observer{notices}
	}
	engine, err := mfa.New(config)
	if err != nil {
		return nil, err
	}
	err = engine.Check(ctx)
	if errors.Is(err, mfa.ErrWrongKeys) {
		err = fmt.Errorf("the key ring %s is not the one that %s was written with: "+
			"bring the right file back, or name it with -keys", c.keys, c.file)
	} else if err != nil {
		err = explain(c.file, err)
	}
	if err != nil {
		return nil, errors.Join(err, closeEngine(ctx, engine))
	}
	return engine, nil
}

// loadPolicy reads -policy. Without one MFA is offered, and asked for when
// enrolled, and the app's own sessionLife holds.
func loadPolicy(file string, methods []string) (mfa.Policy, error) {
	if file == "" {
		return &policy.Policy{Mode: policy.Offer}, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("-policy: %w", err)
	}
	p, err := policy.Parse(text)
	if err == nil {
		err = p.Validate(methods)
	}
	if err != nil {
		return nil, fmt.Errorf("-policy %s: %w", file, err)
	}
	return p, nil
}

// closeEngine waits for what is still to be handed over, also when ctx has
// ended already: that is how the app is told to stop.
func closeEngine(ctx context.Context, e *mfa.Engine) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return e.Close(ctx)
}
