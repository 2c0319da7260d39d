package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// loadPolicy reads -policy, into a policy that can be replaced while the app runs.
// Without a file MFA is offered, and asked for when enrolled, and the app's own
// sessionLife holds.
func loadPolicy(file string, methods []string) (*policy.Live, error) {
	p := &policy.Policy{Rules: policy.Rules{Mode: policy.Offer}}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("-policy: %w", err)
		}
		if p, err = policy.ParseFor(text, methods); err != nil {
			return nil, fmt.Errorf("-policy %s: %w", file, err)
		}
	}
	live, err := policy.NewLive(p, methods)
	if err != nil {
		return nil, fmt.Errorf("-policy %s: %w", file, err)
	}
	return live, nil
}

// running is the policy that decides now; nil: it is not one that can be replaced.
func (c config) running() *policy.Live {
	live, _ := c.rules.(*policy.Live)
	return live
}

// lint tells whoever starts the app, or changes the policy, what it says and cannot mean.
func lint(ctx context.Context, log *slog.Logger, live *policy.Live, factors []mfa.Method) {
	for _, f := range policy.Lint(live.Current(), factors) {
		level := slog.LevelWarn
		if f.Severity == policy.SeverityNote {
			level = slog.LevelInfo
		}
		log.Log(ctx, level, "webapp: policy: "+f.String())
	}
}

// methodsOf are what factors say of themselves.
func methodsOf(factors []mfa.Factor) []mfa.Method {
	var out []mfa.Method
	for _, f := range factors {
		out = append(out, f.Method())
	}
	return out
}

// reload reads the file again. One that is wrong changes nothing.
func reload(ctx context.Context, c config, factors []mfa.Method, log *slog.Logger) {
	live := c.running()
	if err := live.ReplaceFile(c.policy); err != nil {
		log.ErrorContext(ctx, "webapp: the policy was not reloaded, and the one that runs stays", "file", c.policy, "error", err)
		return
	}
	log.InfoContext(ctx, "webapp: the policy was reloaded", "file", c.policy)
	lint(ctx, log, live, factors)
}

// reloadOnHangUp reads the policy again at each SIGHUP, until ctx ends. Without a
// file the signal means what it means to any program: the terminal is gone.
func reloadOnHangUp(ctx context.Context, c config, factors []mfa.Method, log *slog.Logger) (end func()) {
	if c.policy == "" || c.running() == nil {
		return func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP) // before the first line is printed: whoever has read it may send one
	stop := inBackground(ctx, func(ctx context.Context) {
		for {
			select {
			case <-signals:
				reload(ctx, c, factors, log)
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		signal.Stop(signals)
		stop()
	}
}

// writePolicy puts text in the file's place, whole or not at all: a start after a crash
// finds the old policy or the new one. Links are followed, and the rights stay.
func writePolicy(file, text string) (err error) {
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	was, err := os.Stat(file)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".policy-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(was.Mode().Perm()), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
