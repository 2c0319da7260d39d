// Package storetest proves that a [mfa.Store] keeps its contract. An adapter's
// own tests are these lines:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) mfa.Store { return open(t, emptyDatabase(t)) })
//	}
//
//	func TestTwoProcesses(t *testing.T) {
//		storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) {
//			database := emptyDatabase(t)
//			return open(t, database), open(t, database)
//		})
//	}
//
// The first finds what is wrong within one process. The second gives each case
// two handles on one database, as two processes have: only there does a cache
// or a lock within the process show. A store that others can reach needs both.
// Run with -race.
//
// An error other than [mfa.ErrNotFound] and [mfa.ErrConflict] fails a case,
// also under contention: an adapter waits for a busy database, or tries again,
// by itself. Where the contract leaves a choice, such as when an expired item
// goes, both ways pass.
package storetest

import (
	"context"
	"testing"

	"github.com/mfakit/mfa"
)

// A testCase is one rule of the contract. It returns an error instead of
// failing a test, so that broken stores can be shown to break it. Its stores
// are handles on one empty database; they may be the same handle.
type testCase struct {
	name  string
	check func(ctx context.Context, a, b mfa.Store) error
}

// cases are the rules that every store keeps.
func cases() []testCase {
	return []testCase{
		{"absent key is ErrNotFound", absentKey},
		{"values come back as saved", values},
		{"versions come back as saved", versions},
		{"close versions are told apart", closeVersions},
		{"expiry comes back as saved", expiry},
		{"expired items are whole or gone", expired},
		{"what was saved is a copy", copiesIn},
		{"what was loaded is a copy", copiesOut},
		{"create refuses a key that exists", createExisting},
		{"update refuses a key that is absent", updateAbsent},
		{"update refuses a stale version", updateStale},
		{"update refuses a version of before a delete", updateDeleted},
		{"create works after a delete", createDeleted},
		{"delete removes", deleteRemoves},
		{"delete of an absent key is no error", deleteAbsent},
		{"delete refuses a stale version", deleteStale},
		{"keys are exact", exactKeys},
		{"many keys", manyKeys},
		{"one of many creates wins", oneCreateWins},
		{"one of many updates wins", oneUpdateWins},
		{"update or delete wins, not both", updateOrDelete},
		{"one thing is spent once", spentOnce},
		{"no increment is lost", noLostIncrement},
		{"loads see what was acknowledged", loadsAreCurrent},
		{"a cancelled context tells no lie", cancelledBefore},
		{"a context cancelled midway loses nothing", cancelledMidway},
	}
}

// scanCases are the rules of a store that is a [mfa.Scanner] too.
func scanCases() []testCase {
	return []testCase{
		{"scan visits in byte order", scanOrder},
		{"scan visits the prefix alone", scanPrefix},
		{"scan starts after a key", scanAfter},
		{"scan visits whole items", scanItems},
		{"scan visits every key once", scanEvery},
		{"scan returns the visitor's error", scanError},
		{"scan lets the visitor write", scanWrites},
		{"scan ends with its context", scanCancelled},
	}
}

// Run checks the stores that newStore makes: one for each case, over a database
// that is empty. The cases run in parallel. The rules of [mfa.Scanner] are
// checked where the store has its method.
func Run(t *testing.T, newStore func(*testing.T) mfa.Store) {
	t.Helper()
	RunShared(t, func(t *testing.T) (a, b mfa.Store) {
		s := newStore(t)
		return s, s
	})
}

// RunShared is [Run] with two handles on one empty database. Nothing within
// this process may tie them together that would not tie two processes.
func RunShared(t *testing.T, newStores func(*testing.T) (a, b mfa.Store)) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := newStores(t)
			if err := c.check(t.Context(), a, b); err != nil {
				t.Error(err)
			}
		})
	}
	for _, c := range scanCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := newStores(t)
			if _, ok := a.(mfa.Scanner); !ok {
				t.Log("the store has no Scan method, which is optional")
				return
			}
			if err := c.check(t.Context(), a, b); err != nil {
				t.Error(err)
			}
		})
	}
}
