// Package postgres_test holds sqlstore against a real PostgreSQL, by the driver
// github.com/jackc/pgx.
package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/store/storetest"

	_ "github.com/jackc/pgx/v5/stdlib"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// connections are those of a pool. The cases of storetest run at the same time, each
// with pools of its own.
const connections = 4

// openDB opens a pool by a URL, for the time of the test.
func openDB(t testing.TB, url string, conns int) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// exec runs statements.
func exec(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func number(t testing.TB, db *sql.DB, query string, args ...any) (n int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// database makes an empty one.
func database(t testing.TB, conns int, parameters string) sqlsuite.Database {
	t.Helper()
	url := testserver.PostgresDatabase(t)
	if parameters != "" {
		url += "&" + parameters
	}
	return sqlsuite.Database{
		Dialect: sqlstore.PostgreSQL,
		New:     func(t testing.TB) *sql.DB { return openDB(t, url, conns) },
	}
}

func TestA14_TwoHandles(t *testing.T) {
	d := database(t, connections, "")
	storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) { return d.Stores(t) })
}

// A program may have a stricter isolation, for all that it does. What the database
// then refuses for others' sake is tried again.
func TestA14_OtherIsolations(t *testing.T) {
	for _, isolation := range []string{"serializable", "repeatable%20read"} {
		t.Run(isolation, func(t *testing.T) {
			sqlsuite.Races(t, database(t, connections, "default_transaction_isolation="+isolation))
		})
	}
}

func TestSchema(t *testing.T) {
	d := database(t, connections, "")
	d.Schema = "user-data"
	exec(t, d.New(t), `CREATE SCHEMA "user-data"`)
	sqlsuite.Schema(t, d)
}

func TestTransactions(t *testing.T) { sqlsuite.Transactions(t, database(t, 32, "")) }
func TestExpiry(t *testing.T)       { sqlsuite.Expiry(t, database(t, connections, "")) }
func TestLimits(t *testing.T)       { sqlsuite.Limits(t, database(t, connections, "")) }

// TestStatements has pg_stat_statements count: each call at the top level.
func TestStatements(t *testing.T) {
	d := database(t, 1, "")
	db := d.New(t)
	exec(t, db, "CREATE EXTENSION pg_stat_statements")
	watch := openDB(t, testserver.PostgresDatabase(t), 1)
	exec(t, watch, "CREATE EXTENSION pg_stat_statements")
	var name string
	if err := db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	d.Counted = func(t testing.TB) (*sql.DB, func() int64) {
		return d.New(t), func() int64 {
			t.Helper()
			return number(t, watch, `SELECT sum(calls)::bigint FROM pg_stat_statements
				WHERE toplevel AND dbid = (SELECT oid FROM pg_database WHERE datname = $1)`, name)
		}
	}
	sqlsuite.Statements(t, d)
}
