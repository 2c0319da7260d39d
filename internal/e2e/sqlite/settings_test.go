package sqlite_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa/store/sqlstore"
)

// Settings with which an acknowledged change can be undone, so that a used code
// works again, are refused unless the program says that it knows.
func TestSettings(t *testing.T) {
	tests := []struct {
		name     string
		pragmas  []string
		names    string // what the refusal names; empty: accepted
		insecure string // the same with InsecureMayForget
	}{
		{"recommended", []string{"busy_timeout(3000)", "journal_mode(WAL)", "synchronous(FULL)"}, "", ""},
		{"more than recommended", []string{"busy_timeout(1)", "journal_mode(WAL)", "synchronous(EXTRA)"}, "", ""},
		{"synchronous NORMAL", []string{"busy_timeout(1)", "journal_mode(WAL)", "synchronous(NORMAL)"}, "synchronous 1", ""},
		{"synchronous OFF", []string{"busy_timeout(1)", "journal_mode(WAL)", "synchronous(OFF)"}, "synchronous 0", ""},
		{"rollback journal", []string{"busy_timeout(1)", "synchronous(FULL)"}, "journal_mode delete", ""},
		{"journal in memory", []string{"busy_timeout(1)", "journal_mode(MEMORY)"}, "journal_mode memory", ""},
		{"no journal", []string{"busy_timeout(1)", "journal_mode(OFF)"}, "journal_mode off", ""},
		{"no busy timeout", []string{"busy_timeout(0)", "journal_mode(WAL)", "synchronous(FULL)"}, "busy_timeout 0", "busy_timeout 0"},
		{"the driver's own", []string{"user_version"}, "busy_timeout 0", "busy_timeout 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dsn := "file:" + newFile(t) + "?_pragma=" + strings.Join(tt.pragmas, "&_pragma=")
			check(t, dsn, sqlstore.Options{Dialect: sqlstore.SQLite}, tt.names)
			check(t, dsn, sqlstore.Options{Dialect: sqlstore.SQLite, InsecureMayForget: true}, tt.insecure)
		})
	}
}

func check(t *testing.T, dsn string, o sqlstore.Options, names string) {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), openDB(t, dsn), o)
	if err == nil {
		err = s.Close()
	}
	switch {
	case names == "" && err != nil:
		t.Errorf("insecure %v: %v", o.InsecureMayForget, err)
	case names != "" && (!errors.Is(err, sqlstore.ErrSettings) || !strings.Contains(err.Error(), names)):
		t.Errorf("insecure %v: %v, want ErrSettings naming %s", o.InsecureMayForget, err, names)
	}
}

// A PRAGMA that a program runs once holds on one connection of the pool.
func TestSettingsOfOneConnectionAreNotEnough(t *testing.T) {
	db := openDB(t, strings.Replace(sqlstore.SQLiteDSN(newFile(t)), "synchronous(FULL)", "synchronous(NORMAL)", 1))
	if _, err := db.ExecContext(t.Context(), "PRAGMA synchronous = FULL"); err != nil {
		t.Fatal(err)
	}
	_, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if !errors.Is(err, sqlstore.ErrSettings) {
		t.Errorf("Open: %v, want ErrSettings", err)
	}
}
