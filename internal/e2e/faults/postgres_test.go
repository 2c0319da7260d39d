package faults_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// openSQL opens a store in a pool of its own, for the time of the test.
func openSQL(t testing.TB, driver, dsn string, o sqlstore.Options) mfa.Store {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(people)
	db.SetMaxIdleConns(people)
	db.SetConnMaxLifetime(time.Hour)
	s, err := sqlstore.Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = s.Close(), db.Close() // their connections may have been cut
	})
	return s
}

// opener opens such stores.
func opener(driver, dsn string, o sqlstore.Options) func(testing.TB) mfa.Store {
	return func(t testing.TB) mfa.Store { return openSQL(t, driver, dsn, o) }
}

var onPostgres = sqlstore.Options{Dialect: sqlstore.PostgreSQL}

// killed kills a server in two storms, and starts it again.
func killed(t *testing.T, site *site, kill, restart func()) {
	t.Helper()
	var before []*storm
	for _, acks := range []int{3, 50} {
		s := newStorm(site, fmt.Sprintf("killed after %d steps", acks))
		s.during(acks, func() {
			kill()
			s.awaitLost(people)
			restart()
		})
		s.check(t)
		s.checkLater(t, before)
		before = append(before, s)
	}
}

func TestPostgresKilled(t *testing.T) {
	t.Parallel()
	p := testserver.StartPostgres(t)
	site := newSite(t, opener("pgx", p.URL("postgres"), onPostgres))
	killed(t, site, p.Kill, p.Restart)
}

// The primary is lost for good, and its synchronous standby takes its place.
// Clients name both, and find out which of them takes writes.
func TestPostgresPrimaryLost(t *testing.T) {
	t.Parallel()
	p := testserver.StartPostgres(t, "synchronous_commit=on", "synchronous_standby_names=standby1")
	standby := p.Standby()
	s := newStorm(newSite(t, opener("pgx", twoServers(p, standby), onPostgres)), "standby promoted")
	s.during(60, func() {
		p.Kill()
		s.awaitLost(people)
		standby.Promote()
	})
	s.check(t)
}

// twoServers is a DSN for whichever of two takes writes.
func twoServers(a, b *testserver.Postgres) string {
	return fmt.Sprintf("postgres://postgres@%s,%s/postgres?sslmode=disable&target_session_attrs=read-write", a.Addr(), b.Addr())
}

// An operator sets the database to read only for a while.
func TestA94_PostgresReadOnly(t *testing.T) {
	t.Parallel()
	p := testserver.StartPostgres(t)
	s := newStorm(newSite(t, opener("pgx", p.URL("postgres"), onPostgres)), "read only")
	s.during(40, func() {
		p.SQL("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
		s.awaitLost(people)
		p.SQL("ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()")
	})
	s.check(t)
}
