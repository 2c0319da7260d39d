// Package races_test puts engines under load that no unit test has: several
// over one store, hundreds of requests for one user, and long random lives
// held to a simple model.
package races_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/totp"

	_ "modernc.org/sqlite"
)

// A failure is printed with its seed; files that repeat it are not for this repository.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.nofailfile": "true", "rapid.checks": checks, "rapid.steps": "60"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	m.Run()
}

// A handle is a store as one process has it. handles opens two on the same data.
type handles func(t testing.TB) (a, b mfa.Store)

var stores = map[string]handles{
	"memory": func(testing.TB) (a, b mfa.Store) {
		s := memory.New()
		return s, s
	},
	"sqlite": func(t testing.TB) (a, b mfa.Store) {
		file := filepath.Join(t.TempDir(), "items.db")
		return openSQLite(t, file), openSQLite(t, file)
	},
}

func openSQLite(t testing.TB, file string) mfa.Store {
	t.Helper()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A site is two engines, as two processes have them, over the same data.
type site struct {
	t       testing.TB
	clock   *mfatest.Clock
	engines [2]*mfa.Engine
}

func newSite(t testing.TB, open handles) *site {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, clock: mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	a, b := open(t)
	for i, store := range []mfa.Store{a, b} {
		s.engines[i] = newEngine(t, store, keys, s.clock)
	}
	return s
}

func newEngine(t testing.TB, store mfa.Store, keys *mfa.KeyRing, clock *mfatest.Clock) *mfa.Engine {
	t.Helper()
	apps, err := totp.New(totp.Config{Issuer: "Races"})
	if err != nil {
		t.Fatal(err)
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{apps, codes}, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
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

// flows begins n sign-ins of a user, on both engines.
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
