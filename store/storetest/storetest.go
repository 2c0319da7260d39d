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
//	func TestNamespaces(t *testing.T) {
//		storetest.RunIsolated(t, func(t *testing.T) (a, b mfa.Store) {
//			database := emptyDatabase(t)
//			return openIn(t, database, "a"), openIn(t, database, "ab")
//		})
//	}
//
//	func TestLostConnections(t *testing.T) {
//		storetest.RunFaulty(t, func(t *testing.T) (s mfa.Store, cut func()) {
//			wire := relay(t, emptyDatabase(t))
//			return open(t, wire.Addr()), wire.Cut
//		})
//	}
//
// [Run] finds what is wrong within one process. [RunShared] gives each case two
// handles on one database, as two processes have: only there does a cache or a
// lock within the process show. [RunIsolated] is for stores that can share a
// database with others of their kind, and [RunFaulty] for those that reach
// theirs over a network. Whoever writes an adapter runs all that apply, with
// -race; docs/adapters.md goes through it from an empty file on.
//
// An error other than [mfa.ErrNotFound] and [mfa.ErrConflict] fails a case,
// also under contention: an adapter waits for a busy database, or tries again,
// by itself. Only [RunFaulty] expects other errors. Where the contract leaves a
// choice, such as when an expired item goes, both ways pass. A case that fails
// says by which rule, what that usually comes from, and where to read on.
//
// Every case has a minute, and its context ends then. The whole takes seconds;
// with go test -short, less.
package storetest

import (
	"testing"

	"github.com/mfakit/mfa"
)

// Run checks the stores that newStore makes: one for each case, over a database
// that is empty. The cases run in parallel. The rules of [mfa.Scanner] are
// checked where the store has its method, and likewise those of a method
//
//	DropExpired(ctx context.Context, before time.Time) (int, error)
//
// that removes what has an Expires before that time, and returns how many items
// those were.
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
	for _, c := range append(cases(), scanCases()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := newStores(t)
			c.run(t, a, b)
		})
	}
}

// RunIsolated checks that two stores which share one database do not see each
// other: other tables, prefixes, buckets, collections. Each case gets a pair
// over a database that is empty.
//
// Names that are apart in people's eyes are not always apart in a database's.
// Run it for pairs of names of which one begins with the other, and for what
// the adapter puts between a name and a key: "a" beside "ab", "a" beside "a/"
// or "a:b", "a" beside "A".
func RunIsolated(t *testing.T, newStores func(*testing.T) (a, b mfa.Store)) {
	t.Helper()
	for _, c := range isolatedCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := newStores(t)
			c.run(t, a, b)
		})
	}
}

// RunFaulty checks a store whose connections are lost. Each case gets a store
// over a database that is empty, and calls cut again and again, while other
// goroutines use the store. A cut breaks what the store has open, under way or
// not: the author closes the connections at a relay, has the server end the
// sessions (pg_terminate_backend, CLIENT KILL), or lets the relay pass the next
// write on and lose its answer; best is to run it once with each. It must not
// stop the store from connecting again, which it does by itself.
//
// Operations may fail, with whatever error but [mfa.ErrNotFound], and
// [mfa.ErrConflict] only where another version is there. What may have been
// written is there whole, or not at all. How many outcomes were unknown is
// logged: none means that the cut did nothing, or that the client library
// hides it by repeating.
func RunFaulty(t *testing.T, newStore func(*testing.T) (s mfa.Store, cut func())) {
	t.Helper()
	for i, c := range faultyCases(nil) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, cut := newStore(t)
			faultyCases(cut)[i].run(t, s, s)
		})
	}
}
