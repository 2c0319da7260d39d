package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// wantSettings checks what Open says of the settings: names is in the refusal, and
// insecure in that with InsecureMayForget; empty: accepted.
func wantSettings(t *testing.T, url, names, insecure string) {
	t.Helper()
	for mayForget, want := range map[bool]string{false: names, true: insecure} {
		s, err := sqlstore.Open(t.Context(), openDB(t, url, 1), sqlstore.Options{Dialect: sqlstore.PostgreSQL, InsecureMayForget: mayForget})
		if err == nil {
			err = s.Close()
		}
		switch {
		case want == "" && err != nil:
			t.Errorf("insecure %v: %v", mayForget, err)
		case want != "" && (!errors.Is(err, sqlstore.ErrSettings) || !strings.Contains(err.Error(), want)):
			t.Errorf("insecure %v: %v, want ErrSettings with %q", mayForget, err, want)
		}
	}
}

// Settings with which an acknowledged change can be undone, so that a used code
// works again, are refused unless the program says that it knows. A server that shows
// the past is refused in any case.
func TestSettings(t *testing.T) {
	server := testserver.StartPostgres(t)
	url := server.URL("postgres")
	wantSettings(t, url, "", "")
	for _, tt := range []struct{ parameter, names, insecure string }{
		{"synchronous_commit=on", "", ""},
		{"synchronous_commit=remote_apply", "", ""},
		{"synchronous_commit=local", "", ""},
		{"synchronous_commit=off", "synchronous_commit is off", ""},
		{"default_transaction_read_only=on", "read-only", "read-only"},
		{"statement_timeout=3s&lock_timeout=3s", "", ""},
	} {
		t.Run(tt.parameter, func(t *testing.T) { wantSettings(t, url+"&"+tt.parameter, tt.names, tt.insecure) })
	}
	t.Run("standby", func(t *testing.T) {
		standby := server.Standby()
		wantSettings(t, standby.URL("postgres"), "standby", "standby")

		// The list of servers in the DSN leads to the one that takes writes.
		both := strings.Replace(url, server.Addr(), standby.Addr()+","+server.Addr(), 1)
		dsn, err := sqlstore.PostgreSQLDSN(both)
		if err != nil {
			t.Fatal(err)
		}
		wantSettings(t, dsn, "", "")
		var timeout string
		if err := openDB(t, dsn, 1).QueryRowContext(t.Context(), "SHOW statement_timeout").Scan(&timeout); err != nil || timeout != "3s" {
			t.Errorf("statement_timeout is %q, %v; want 3s", timeout, err)
		}
	})
	t.Run("a commit that does not wait for the standbys", func(t *testing.T) {
		server.SQL("ALTER SYSTEM SET synchronous_standby_names = 'elsewhere'")
		server.SQL("SELECT pg_reload_conf()")
		db := openDB(t, url, 1)
		testserver.Until(t, "the setting to hold", func() bool {
			return number(t, db, "SELECT count(*) FROM pg_settings WHERE name = 'synchronous_standby_names' AND setting <> ''") == 1
		})
		wantSettings(t, url, "", "")
		wantSettings(t, url+"&synchronous_commit=local", "synchronous_commit is local", "")
	})
	t.Run("fsync", func(t *testing.T) {
		server.SQL("ALTER SYSTEM SET fsync = off")
		server.SQL("SELECT pg_reload_conf()")
		db := openDB(t, url, 1)
		testserver.Until(t, "the setting to hold", func() bool {
			return number(t, db, "SELECT count(*) FROM pg_settings WHERE name = 'fsync' AND setting = 'off'") == 1
		})
		wantSettings(t, url, "fsync off", "")
	})
}
