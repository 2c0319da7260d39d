package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/storetest"
	"go.etcd.io/bbolt"
)

// openDB opens a new file for the time of the test. It is not synced to the
// disk: the kit proves what a store does, not that the disk keeps it.
func openDB(t *testing.T) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "mfa.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openStore(t *testing.T, db *bbolt.DB, bucket string) store {
	t.Helper()
	s, err := newStore(db, bucket)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestA14_Store(t *testing.T) {
	storetest.Run(t, func(t *testing.T) mfa.Store { return openStore(t, openDB(t), "mfa") })
}

// A file of bbolt has one process, and within it one *bbolt.DB: a second would
// wait for the lock of the first. So the two handles have that in common, and
// nothing else.
func TestA14_TwoHandlesOnOneDB(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) {
		db := openDB(t)
		return openStore(t, db, "mfa"), openStore(t, db, "mfa")
	})
}

func TestA14_BucketsAreApart(t *testing.T) {
	for _, names := range [][2]string{{"a", "ab"}, {"a", "a/"}, {"a", "A"}} {
		t.Run(names[0]+" "+names[1], func(t *testing.T) {
			storetest.RunIsolated(t, func(t *testing.T) (a, b mfa.Store) {
				db := openDB(t)
				return openStore(t, db, names[0]), openStore(t, db, names[1])
			})
		})
	}
}

func TestProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.db")
	for range 2 { // the second time over what the first has left
		got, err := run(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"ada has an authenticator app",
			"its code: passed",
			"the same code: mfa: code not valid",
			"the same code, after a restart: mfa: code not valid",
		}
		if !slices.Equal(got, want) {
			t.Errorf("prints %q, want %q", got, want)
		}
	}
}
