// Package races_test puts engines under load that no unit test has: several
// over one store, hundreds of requests for one user, answers that are lost, and
// long random lives held to a simple model; on every store that there is.
package races_test

import (
	"context"
	"crypto/rand"
	"flag"
	"log/slog"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/totp"
)

// A failure is printed with its seed; files that repeat it are not for this repository.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.checks": checks, "rapid.steps": "60"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	testserver.Main(m)
}

// A site is some engines, as so many processes have them, over the same data.
type site struct {
	t       testing.TB
	clock   *mfatest.Clock
	keys    *mfa.KeyRing
	engines []*mfa.Engine
}

// newSite makes an engine of these factors over each handle.
func newSite(t testing.TB, handles []mfa.Store, options ...func(*mfa.Config)) *site {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, keys: keys, clock: mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	for _, store := range handles {
		s.engines = append(s.engines, s.newEngine(store, options...))
	}
	return s
}

func (s *site) newEngine(store mfa.Store, options ...func(*mfa.Config)) *mfa.Engine {
	s.t.Helper()
	apps, err := totp.New(totp.Config{Issuer: "Races"})
	if err != nil {
		s.t.Fatal(err)
	}
	c := mfa.Config{Store: store, Keys: s.keys, Factors: []mfa.Factor{apps}, Now: s.clock.Now, Logger: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(&c)
	}
	e, err := mfa.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
	return e
}

// withCodes adds recovery codes, whose slow digests most tests do without.
func withCodes(t testing.TB) func(*mfa.Config) {
	t.Helper()
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *mfa.Config) { c.Factors = append(c.Factors, codes) }
}

// onEveryStore runs a test over two engines on each store.
func onEveryStore(t *testing.T, f func(t *testing.T, s *site), options ...func(*mfa.Config)) {
	onEveryHandle(t, func(t *testing.T, handles []mfa.Store) { f(t, newSite(t, handles, options...)) })
}

// onEveryHandle is for tests that make their engines themselves.
func onEveryHandle(t *testing.T, f func(t *testing.T, handles []mfa.Store)) {
	for name, open := range stores.All {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := open(t)
			f(t, []mfa.Store{a, b})
		})
	}
}

// engine is the engine that request n meets.
func (s *site) engine(n int) *mfa.Engine { return s.engines[n%len(s.engines)] }

// member is a user with an authenticator app, whose current code is unspent.
func (s *site) member() (mfa.User, *mfatest.Authenticator, []string) {
	s.t.Helper()
	m := &mfatest.Engine{Engine: s.engines[0], Clock: s.clock}
	u := mfa.User{ID: rand.Text(), Name: "ada@example.com"}
	phone, codes := m.EnrollTOTP(s.t, u)
	return u, phone, codes
}

// flows begins n sign-ins of a user, on all engines.
func (s *site) flows(u mfa.User, n int) []mfa.Flow {
	s.t.Helper()
	var out []mfa.Flow
	for i := range n {
		f, err := s.engine(i).SignIn(s.t.Context(), mfa.SignIn{User: u, First: mfa.Password})
		if err != nil || f.Status != mfa.StatusChallenge {
			s.t.Fatalf("sign in: %s, %v", f.Status, err)
		}
		out = append(out, f)
	}
	return out
}

// option is the flow's option of a method.
func option(t testing.TB, f mfa.Flow, method string) string {
	t.Helper()
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	t.Fatalf("no option %s in %+v", method, f.Options)
	return ""
}

// answer gives a code to one of a flow's methods, and says how it was met.
func (s *site) answer(engine int, f mfa.Flow, method, code string) string {
	s.t.Helper()
	return outcome(s.engine(engine).Verify(s.t.Context(), f.Token, mfa.Answer{Option: option(s.t, f, method), Code: code}, mfa.Client{}))
}
