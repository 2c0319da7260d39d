package policy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

func TestPreviewStops(t *testing.T) {
	endless := func(yield func(mfa.User, error) bool) {
		for i := 0; yield(mfa.User{ID: fmt.Sprint(i)}, nil); i++ {
		}
	}
	reason := errors.New("the admin went away")
	for name, c := range map[string]struct {
		config func(cancel func()) policy.PreviewConfig
		want   error
	}{
		"context ends": {func(cancel func()) policy.PreviewConfig {
			return policy.PreviewConfig{Users: endless, Progress: func(int) { cancel() }}
		}, reason},
		"context ends while the engine waits": {func(cancel func()) policy.PreviewConfig {
			return policy.PreviewConfig{Users: endless, Parallel: 3, Engine: waiting(cancel)}
		}, reason},
		"context ends and the sequence tells errors": {func(cancel func()) policy.PreviewConfig {
			return policy.PreviewConfig{Users: func(yield func(mfa.User, error) bool) {
				cancel()
				for yield(mfa.User{}, errors.New("no more rows")) {
				}
			}}
		}, reason},
		"engine closed": {func(func()) policy.PreviewConfig {
			return policy.PreviewConfig{Users: endless, Engine: failing(mfa.ErrClosed)}
		}, mfa.ErrClosed},
		"wrong keys": {func(func()) policy.PreviewConfig {
			return policy.PreviewConfig{Users: endless, Engine: failing(mfa.ErrWrongKeys)}
		}, mfa.ErrWrongKeys},
		"the sequence's engine closed": {func(func()) policy.PreviewConfig {
			return policy.PreviewConfig{Users: func(yield func(mfa.User, error) bool) {
				for yield(mfa.User{}, mfa.ErrClosed) {
				}
			}}
		}, mfa.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			config := withDefaults(c.config(func() { cancel(reason) }))
			engine := &counted{Foreseer: config.Engine}
			config.Engine = engine
			r, err := policy.Preview(ctx, config)
			if r != nil || !errors.Is(err, c.want) || !strings.HasPrefix(err.Error(), "policy: ") {
				t.Errorf("got %v, %v", r, err)
			}
			if n := engine.inside.Load(); n != 0 {
				t.Errorf("%d users are still being looked at", n)
			}
		})
	}
}

// counted knows how many are inside it.
type counted struct {
	policy.Foreseer
	inside atomic.Int64
}

func (c *counted) Foresee(ctx context.Context, u mfa.User, from mfa.Client, p mfa.Policy, at ...time.Time) ([]mfa.Outlook, error) {
	c.inside.Add(1)
	defer c.inside.Add(-1)
	return c.Foreseer.Foresee(ctx, u, from, p, at...)
}

func failing(err error) policy.Foreseer {
	return foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { return mfa.Outlook{}, fmt.Errorf("foresee: %w", err) })
}

// waiting is an engine whose store does not answer.
type waiting func()

func (w waiting) Foresee(ctx context.Context, _ mfa.User, _ mfa.Client, _ mfa.Policy, _ ...time.Time) ([]mfa.Outlook, error) {
	w()
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestPanicsReachTheCaller has a host's code panic, which would otherwise end
// the process from a goroutine that the host cannot guard.
func TestPanicsReachTheCaller(t *testing.T) {
	boom := func() { panic("boom") }
	for name, c := range map[string]policy.PreviewConfig{
		"engine":   {Users: people(5000), Engine: foresight(func(mfa.User, time.Time) (mfa.Outlook, error) { boom(); return mfa.Outlook{}, nil })},
		"groups":   {Users: people(5000), Groups: func(mfa.User) []string { boom(); return nil }},
		"progress": {Users: people(5000), Progress: func(int) { boom() }},
		"sequence": {Users: func(func(mfa.User, error) bool) { boom() }},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "boom") {
					t.Errorf("recovered %s", got)
				}
			}()
			_, err := policy.Preview(t.Context(), withDefaults(c))
			t.Error("came back with", err)
		})
	}
}

func TestProgress(t *testing.T) {
	for n, want := range map[int][]int{0: {0}, 1: {1}, 1000: {1000}, 2500: {1000, 2000, 2500}} {
		var got []int
		preview(t, policy.PreviewConfig{Users: people(n), Parallel: 16, Progress: func(done int) { got = append(got, done) }})
		if !slices.Equal(got, want) {
			t.Errorf("%d users: %v, want %v", n, got, want)
		}
	}
}

func TestParallelIsBounded(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	all := make(chan struct{})
	preview(t, policy.PreviewConfig{Users: people(200), Parallel: 5, Engine: foresight(func(u mfa.User, at time.Time) (mfa.Outlook, error) {
		mu.Lock()
		now++
		if most = max(most, now); now == 5 && most == 5 {
			select {
			case <-all:
			default:
				close(all)
			}
		}
		mu.Unlock()
		<-all // until five are in here
		mu.Lock()
		now--
		mu.Unlock()
		return letIn(u, at)
	})})
	if most != 5 {
		t.Errorf("%d at a time", most)
	}
}
