// Package sqlsuite is what store/sqlstore has to do on every database that it
// knows. The packages beside it, one for each, run it on real servers.
package sqlsuite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A Database is an empty one on a real server.
type Database struct {
	Dialect sqlstore.Dialect
	// New opens a new pool on it, for the time of a test.
	New func(t testing.TB) *sql.DB
	// Schema is that of another schema than the connection's own; empty: there are none.
	Schema string
	// Counted opens a pool of one connection, and a function that says how many
	// statements the database has run for it.
	Counted func(t testing.TB) (db *sql.DB, statements func() int64)
}

// tables gives each case a table of its own.
var tables atomic.Int64

// options are those of a new table.
func (d Database) options() sqlstore.Options {
	return sqlstore.Options{Dialect: d.Dialect, Table: fmt.Sprint("items", tables.Add(1))}
}

// Store opens a store in a new table, for the time of a test.
func (d Database) Store(t testing.TB) *sqlstore.Store {
	t.Helper()
	return open(t, d.New(t), d.options())
}

// Stores opens two handles on one new table. The first has one connection, which is
// all that some programs give: nothing may wait for a second.
func (d Database) Stores(t testing.TB) (a, b *sqlstore.Store) {
	t.Helper()
	o := d.options()
	one := d.New(t)
	one.SetMaxOpenConns(1)
	return open(t, one, o), open(t, d.New(t), o)
}

func open(t testing.TB, db *sql.DB, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Everything uses each statement of a store once, outside and in a transaction of db.
func Everything(t testing.TB, db *sql.DB, s *sqlstore.Store) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	step(t, err)
	defer tx.Rollback() // an error once it was committed
	for i, ctx := range []context.Context{t.Context(), sqlstore.WithTx(t.Context(), tx)} {
		key := fmt.Sprint("user/", i)
		step(t, s.Save(ctx, key, 0, mfa.Item{Version: 1}), s.Save(ctx, key, 1, mfa.Item{Version: 2}))
		if item, err := s.Load(ctx, key); err != nil || item.Version != 2 {
			t.Errorf("version %d, %v; want 2", item.Version, err)
		}
		if err := s.Delete(ctx, key, 1); !errors.Is(err, mfa.ErrConflict) {
			t.Errorf("Delete of a stale version: %v", err)
		}
		step(t, s.Delete(ctx, key, 2), s.Delete(ctx, key, 2))
	}
	step(t, tx.Commit(), s.Save(t.Context(), "flow/a", 0, mfa.Item{Version: 1, Expires: noon.Add(-time.Hour)}))
	step(t, s.Scan(t.Context(), "", "", func(string, mfa.Item) error { return nil }))
	if n, err := s.DropExpired(t.Context(), noon); n != 1 || err != nil {
		t.Errorf("DropExpired: %d, %v; want 1", n, err)
	}
}

// quoted is a name as the database takes it in a statement.
func (d Database) quoted(name string) string {
	if d.Dialect == sqlstore.MySQL {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

func execute(t testing.TB, db *sql.DB, statements ...string) {
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

func save(t testing.TB, s mfa.Store, key string, old, version int64) {
	t.Helper()
	if err := s.Save(t.Context(), key, old, mfa.Item{Value: fmt.Append(nil, key, version), Version: version}); err != nil {
		t.Fatal(err)
	}
}

// wantVersion checks what is under a key; 0: nothing.
func wantVersion(t testing.TB, s mfa.Store, key string, want int64) {
	t.Helper()
	item, err := s.Load(t.Context(), key)
	if absent := errors.Is(err, mfa.ErrNotFound); err != nil && !absent || absent != (want == 0) || item.Version != want {
		t.Errorf("%s: version %d, %v; want %d", key, item.Version, err, want)
	}
}

// wantFault checks that an operation failed with an error that is no answer about the
// key, and that says so much.
func wantFault(t testing.TB, operation string, err error, says string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s: succeeded", operation)
	case errors.Is(err, mfa.ErrNotFound), errors.Is(err, mfa.ErrConflict):
		t.Errorf("%s: a fault is told as an answer: %v", operation, err)
	case !strings.HasPrefix(err.Error(), "sqlstore: ") || !strings.Contains(err.Error(), says):
		t.Errorf("%s: %q does not say %q", operation, err, says)
	}
}

// together runs f n times at once.
func together(n int, f func(i int) error) error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}
