package sqlstore

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What Open finds wrong it finds before it changes anything.
func TestOpenChangesNothingUnderWeakSettings(t *testing.T) {
	for d, weak := range map[Dialect]*reply{
		PostgreSQL: {to: "pg_is_in_recovery", rows: rowOf(false, "off", "off", "on", "")},
		MySQL:      {to: "SHOW SESSION VARIABLES", rows: rowOf("innodb_flush_log_at_trx_commit", "2")},
		SQLite:     {to: "PRAGMA synchronous", rows: one(int64(1))},
	} {
		f := newEmpty(t)
		f.inFront(weak)
		if _, err := Open(t.Context(), f.DB, Options{Dialect: d}); !errors.Is(err, ErrSettings) || !strings.HasPrefix(err.Error(), "sqlstore: open: ") {
			t.Errorf("%s: %v, want ErrSettings", d, err)
		}
		for _, r := range f.statements() {
			if strings.Contains(r.text, "mfa_items") {
				t.Errorf("%s: %q ran all the same", d, r)
			}
		}
		s, err := Open(t.Context(), f.DB, Options{Dialect: d, InsecureMayForget: true})
		if err != nil {
			t.Errorf("%s, accepted: %v", d, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: Close: %v", d, err)
		}
	}
}

// A Store that could not be made leaves no statements behind, and Close frees all.
func TestStatementsAreFreed(t *testing.T) {
	for d := range dialects {
		for _, part := range []string{"PREPARE SELECT value", "PREPARE INSERT", "PREPARE DELETE"} {
			f := newReady(t, 1)
			f.inFront(&reply{to: part, err: errDisk})
			if s, err := Open(t.Context(), f.DB, Options{Dialect: d}); !errors.Is(err, errDisk) || s != nil {
				t.Errorf("%s, %s: %v, want the database's error", d, part, err)
			}
			if f.prepared != 0 {
				t.Errorf("%s, %s: %d statements are left", d, part, f.prepared)
			}
		}
		f := newReady(t, 1)
		s := openFake(t, f, d)
		if f.prepared < 9 {
			t.Errorf("%s: %d statements are prepared", d, f.prepared)
		}
		if err := s.Close(); err != nil || f.prepared != 0 {
			t.Errorf("%s: Close: %v, and %d statements are left", d, err, f.prepared)
		}
	}
}

// What cannot be read or made is no store that works without.
func TestOpenOfADatabaseThatFails(t *testing.T) {
	for d := range dialects {
		f := newEmpty(t)
		f.inFront(&reply{to: "CREATE TABLE", err: errDisk})
		if s, err := Open(t.Context(), f.DB, Options{Dialect: d}); !errors.Is(err, errDisk) || s != nil {
			t.Errorf("%s: %v, want the database's error", d, err)
		}
	}
}

// SQLite's settings belong to each connection.
func TestSQLiteSettings(t *testing.T) {
	for _, tt := range []struct {
		name, pragma         string
		value                any
		weakAlways, weakMuch string
	}{
		{"as they should be", "none", nil, "", ""},
		{"a rollback journal", "journal_mode", "delete", "", "journal_mode delete"},
		{"WAL in capitals", "journal_mode", "WAL", "", ""},
		{"synchronous NORMAL", "synchronous", int64(1), "", "synchronous 1"},
		{"synchronous EXTRA", "synchronous", int64(3), "", ""},
		{"no busy_timeout", "busy_timeout", int64(0), "busy_timeout 0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, only := range []int{1, 2} { // which of the two connections has the setting
				f := newFakeDB(t, goodSettings()...)
				f.inFront(&reply{to: tt.pragma, times: 1, rows: one(tt.value)})
				if only == 2 {
					var good []*reply
					for _, r := range goodSettings() {
						r.times = 1
						good = append(good, r)
					}
					f.inFront(good...)
				}
				err := sqlite.check(t.Context(), f.DB, false)
				wantSettings(t, err, tt.weakAlways+tt.weakMuch)
			}
			f := newFakeDB(t, goodSettings()...)
			f.inFront(&reply{to: tt.pragma, rows: one(tt.value)})
			wantSettings(t, sqlite.check(t.Context(), f.DB, true), tt.weakAlways)
		})
	}
	// Of a pool of one, there is no second to look at, nor where the program holds the other.
	for _, held := range []bool{false, true} {
		f := newFakeDB(t, goodSettings()...)
		f.SetMaxOpenConns(1)
		if held {
			f.SetMaxOpenConns(2)
			c, err := f.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		if err := sqlite.check(t.Context(), f.DB, false); err != nil {
			t.Errorf("held %v: %v", held, err)
		}
		f.wantRan(t, "journal_mode", "synchronous", "busy_timeout")
	}
}

func wantSettings(t *testing.T, err error, says string) {
	t.Helper()
	if says == "" && err != nil || says != "" && (!errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), says)) {
		t.Errorf("%v, want %q", err, says)
	}
}

// Several processes that start over a new file are all let in, if each asks again.
func TestSQLiteIsAskedAgainForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeDB(t, goodSettings()...)
		defer f.Close()
		f.dials = []error{errDisk, errDisk, errDisk}
		if err := sqlite.check(t.Context(), f.DB, false); err != nil {
			t.Errorf("three refusals: %v", err)
		}

		f = newFakeDB(t)
		defer f.Close()
		f.dials = make([]error, 100)
		for i := range f.dials {
			f.dials[i] = errDisk
		}
		all := len(f.dials)
		if err := sqlite.check(t.Context(), f.DB, false); !errors.Is(err, errDisk) || errors.Is(err, ErrSettings) {
			t.Errorf("refused for good: %v, want the driver's error", err)
		}
		if asked := all - len(f.dials); asked != 9 {
			t.Errorf("asked %d times, want 9", asked)
		}

		left := len(f.dials)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Millisecond)
		defer cancel()
		if err := sqlite.check(ctx, f.DB, false); !errors.Is(err, errDisk) {
			t.Errorf("%v, want the driver's error", err)
		}
		if asked := left - len(f.dials); asked != 2 {
			t.Errorf("asked %d times within 2 ms, want 2", asked)
		}
	})
}
