// Package mariadb_test holds sqlstore against a real MariaDB, by the driver
// github.com/go-sql-driver/mysql.
package mariadb_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/store/storetest"

	_ "github.com/go-sql-driver/mysql"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// connections are those of a pool. The cases of storetest run at the same time, each
// with pools of its own.
const connections = 4

// openDB opens a pool by a DSN, for the time of the test.
func openDB(t testing.TB, dsn string, conns int) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
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

// with appends parameters to a DSN.
func with(dsn, parameters string) string {
	if parameters == "" {
		return dsn
	}
	if strings.Contains(dsn, "?") {
		return dsn + "&" + parameters
	}
	return dsn + "?" + parameters
}

func exec(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func number(t testing.TB, db *sql.DB, query string) (n int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// database makes an empty one.
func database(t testing.TB, conns int, parameters string) sqlsuite.Database {
	t.Helper()
	dsn := with(testserver.MySQLDatabase(t), parameters)
	return sqlsuite.Database{
		Dialect: sqlstore.MySQL,
		New:     func(t testing.TB) *sql.DB { return openDB(t, dsn, conns) },
	}
}

func TestA14_TwoHandles(t *testing.T) {
	d := database(t, connections, "")
	storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) { return d.Stores(t) })
}

// What the driver counts as a changed row, how it passes arguments, and what the
// server makes of values that do not fit, are the program's choice.
func TestA14_OtherParameters(t *testing.T) {
	d := database(t, connections, "clientFoundRows=true&parseTime=true&charset=latin1&sql_mode=%27%27&tx_isolation=%27SERIALIZABLE%27")
	storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) { return d.Stores(t) })
	t.Run("limits", func(t *testing.T) { sqlsuite.Limits(t, d) })
	t.Run("arguments in the text", func(t *testing.T) {
		d := database(t, connections, "interpolateParams=true")
		sqlsuite.Limits(t, d)
		sqlsuite.Races(t, d)
	})
}

func TestSchema(t *testing.T) {
	d := database(t, connections, "")
	other := d.New(t)
	if err := other.QueryRowContext(t.Context(), "SELECT CONCAT(DATABASE(), '-data')").Scan(&d.Schema); err != nil {
		t.Fatal(err)
	}
	exec(t, other, "CREATE DATABASE `"+d.Schema+"`")
	defer exec(t, other, "DROP DATABASE `"+d.Schema+"`")
	sqlsuite.Schema(t, d)
}

func TestTransactions(t *testing.T) { sqlsuite.Transactions(t, database(t, 32, "")) }
func TestExpiry(t *testing.T)       { sqlsuite.Expiry(t, database(t, connections, "")) }
func TestLimits(t *testing.T)       { sqlsuite.Limits(t, database(t, connections, "")) }

// TestStatements has the server count what it has executed for the one connection.
func TestStatements(t *testing.T) {
	d := database(t, 1, "")
	d.Counted = func(t testing.TB) (*sql.DB, func() int64) {
		db := d.New(t)
		looks := int64(0)
		return db, func() int64 {
			t.Helper()
			var name string
			var n int64
			if err := db.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(&name, &n); err != nil {
				t.Fatal(err)
			}
			looks++
			return n - looks
		}
	}
	sqlsuite.Statements(t, d)
}
