package ops_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// The walks over b.N users, each with an app, a browser and some history, in a store
// that costs nothing: what is measured is what a walk costs besides its database. A
// million users are
//
//	go test -run '^$' -bench . -benchtime 1000000x ./ops
func BenchmarkWalks(b *testing.B) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		b.Fatal(err)
	}
	clock := mfatest.NewClock(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	start := func(b *testing.B, store mfa.Store) *mfa.Engine {
		return mfatest.NewEngine(b, func(c *mfa.Config) {
			c.Store, c.Keys, c.Now, c.Observers, c.Logger = store, keys, clock.Now, nil, slog.New(slog.DiscardHandler)
		}).Engine
	}
	store, have := memory.New(), 0
	for _, walk := range []struct {
		name string
		do   func(context.Context, *mfa.Engine) error
	}{
		{"report", func(ctx context.Context, m *mfa.Engine) error {
			_, err := ops.Report(ctx, store, m, ops.ReportOptions{Factors: factors(b, true), CSV: io.Discard, JSON: io.Discard, Now: clock.Now})
			return err
		}},
		{"redeliver", func(ctx context.Context, m *mfa.Engine) error {
			_, err := ops.Redeliver(ctx, store, m, ops.Options{})
			return err
		}},
		{"sweep", func(ctx context.Context, m *mfa.Engine) error {
			_, err := ops.Sweep(ctx, store, m, ops.SweepOptions{Rate: ops.Unlimited, Clock: ops.Clock{Now: clock.Now}})
			return err
		}},
		{"rewrap again", func(ctx context.Context, m *mfa.Engine) error { return rewrapped(ctx, store, m, 0) }},
		{"rewrap", func(ctx context.Context, m *mfa.Engine) error { return rewrapped(ctx, store, m, have) }},
	} {
		b.Run(walk.name, func(b *testing.B) {
			if b.N > have {
				fill(b, start(b, store), clock, have, b.N)
				have = b.N
			}
			if walk.name == "rewrap" {
				if keys, err = keys.Rotate(); err != nil {
					b.Fatal(err)
				}
			}
			m := start(b, store)
			b.ResetTimer()
			if err := walk.do(b.Context(), m); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(have), "ns/user")
		})
	}
}

func rewrapped(ctx context.Context, store mfa.Store, m *mfa.Engine, want int) error {
	stats, err := ops.Rewrap(ctx, store, m, ops.RewrapOptions{Rate: ops.Unlimited})
	if err == nil && (stats.Written != want || stats.Failed != 0) {
		err = fmt.Errorf("%d written, want %d; %d failed", stats.Written, want, stats.Failed)
	}
	return err
}

// fill makes the users from to to.
func fill(b *testing.B, m *mfa.Engine, clock *mfatest.Clock, from, to int) {
	b.Helper()
	state := []byte(`{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}`)
	phone, err := mfatest.NewAuthenticator("otpauth://totp/Test:u?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", clock.Now)
	if err != nil {
		b.Fatal(err)
	}
	client := mfa.Client{IP: netip.MustParseAddr("192.0.2.1"), App: "web", Place: "Oslo, Norway",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"}
	one := func(i int) error {
		u := user(fmt.Sprintf("user-%08d", i))
		_, err := m.Import(b.Context(), mfa.Import{User: u, Source: "test", Items: []mfa.ImportItem{{ID: "1", Method: totp.Name, State: state, Created: clock.Now().Add(-time.Duration(i%700) * 24 * time.Hour)}}})
		if err != nil {
			return err
		}
		f, err := m.SignIn(b.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: client})
		if err == nil {
			_, err = m.Verify(b.Context(), f.Token, phone.Answer(f), client)
		}
		return err
	}
	var workers sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for w := range 2 {
		workers.Go(func() {
			for i := from + w; i < to; i += 2 {
				if err := one(i); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	workers.Wait()
	if failed != nil {
		b.Fatal(failed)
	}
}
