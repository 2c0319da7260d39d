package faults_test

import (
	"testing"

	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

var onMariaDB = sqlstore.Options{Dialect: sqlstore.MySQL}

// startMariaDB starts a server with the database "app".
func startMariaDB(t testing.TB, settings ...string) *testserver.MariaDB {
	t.Helper()
	m := testserver.StartMariaDB(t, settings...)
	m.SQL("CREATE DATABASE app")
	return m
}

func TestMariaDBKilled(t *testing.T) {
	t.Parallel()
	m := startMariaDB(t, "innodb-flush-log-at-trx-commit=1")
	site := newSite(t, opener("mysql", m.DSN("app"), onMariaDB))
	killed(t, site, m.Kill, m.Restart)
}
