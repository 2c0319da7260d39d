// Package faults_test has databases killed, cut off, filled up and set to read
// only while people sign in, and then looks at what was acknowledged: all of it is
// there, and nothing else has let anybody in.
package faults_test

import (
	"context"
	"io"
	"log"
	"log/slog"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9/logging"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

func TestMain(m *testing.M) {
	// Both drivers tell of each connection that breaks.
	logging.Disable()
	if err := mysql.SetLogger(log.New(io.Discard, "", 0)); err != nil {
		panic(err)
	}
	testserver.Main(m)
}

// A site is two engines, as two processes have them, with connections of their own
// to the same data, and whatever other engines a test asks it for.
type site struct {
	t       *testing.T
	open    func(t testing.TB) mfa.Store
	keys    *mfa.KeyRing
	clock   *mfatest.Clock
	engines [2]*mfa.Engine
}

func newSite(t *testing.T, open func(t testing.TB) mfa.Store) *site {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	return siteWith(t, open, keys, time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
}

func siteWith(t *testing.T, open func(t testing.TB) mfa.Store, keys *mfa.KeyRing, now time.Time) *site {
	t.Helper()
	s := &site{t: t, open: open, keys: keys, clock: mfatest.NewClock(now)}
	for i := range s.engines {
		s.engines[i] = s.engine(open(t), s.clock.Now)
	}
	return s
}

// engine makes one more engine of the site.
func (s *site) engine(store mfa.Store, now func() time.Time) *mfa.Engine {
	s.t.Helper()
	apps, err := totp.New(totp.Config{Issuer: "Faults"})
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := mfa.New(mfa.Config{
		Store: store, Keys: s.keys, Factors: []mfa.Factor{apps, quickRecovery{}}, Now: now,
		Support: func(context.Context, mfa.SupportRequest) error { return nil },
		Logger:  slog.New(slog.NewTextHandler(io.Discard, nil)), // faults are what is made here
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = e.Close(context.Background()) }) // what it keeps counts in may be gone
	return e
}
