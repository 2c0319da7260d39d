// Package sqlite_test holds sqlstore against real SQLite, by the driver
// modernc.org/sqlite.
package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/store/storetest"

	_ "modernc.org/sqlite"
)

// connections is what the package's documentation recommends.
const connections = 8

// newFile returns the path of a database that does not exist yet.
func newFile(t testing.TB) string {
	return filepath.Join(t.TempDir(), "items.db")
}

// openDB opens a pool by a DSN, for the time of the test.
func openDB(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// openStore opens the store in a pool, for the time of the test.
func openStore(t testing.TB, db *sql.DB) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
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

// open opens the store in a file as the documentation says.
func open(t testing.TB, file string) *sqlstore.Store {
	t.Helper()
	return openStore(t, openDB(t, sqlstore.SQLiteDSN(file)))
}

func TestA14_OneHandle(t *testing.T) {
	storetest.Run(t, func(t *testing.T) mfa.Store { return open(t, newFile(t)) })
}

func TestA14_TwoHandlesOnOneFile(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) {
		file := newFile(t)
		return open(t, file), open(t, file)
	})
}

// One connection is all that some programs give. Nothing may wait for a second.
func TestA14_OneConnection(t *testing.T) {
	storetest.Run(t, func(t *testing.T) mfa.Store {
		db := openDB(t, sqlstore.SQLiteDSN(newFile(t)))
		db.SetMaxOpenConns(1)
		return openStore(t, db)
	})
}

// Two programs that each write without pause must not see SQLite's lock.
func TestManyWritersOnTwoHandlesAreNotBusy(t *testing.T) {
	const writers, each = 64, 10
	file := newFile(t)
	handles := []*sqlstore.Store{open(t, file), open(t, file)}
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			s, key := handles[w%2], fmt.Sprintf("user/%d", w)
			for n := range int64(each) {
				item := mfa.Item{Value: make([]byte, 2048), Version: n + 1}
				if err := s.Save(t.Context(), key, n, item); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for w := range writers {
		item, err := handles[0].Load(t.Context(), fmt.Sprintf("user/%d", w))
		if err != nil || item.Version != each {
			t.Errorf("writer %d: version %d, %v; want %d", w, item.Version, err, each)
		}
	}
}

// Instances that start together find no table, and each wants to make it.
func TestOpenAtOnce(t *testing.T) {
	file := newFile(t)
	errs := make([]error, 8)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range errs {
		db := openDB(t, sqlstore.SQLiteDSN(file))
		wg.Go(func() {
			<-start
			s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// database is a new one, for what all dialects have in common. Transactions write from
// their begin, as a host's must that the store takes part in.
func database(t testing.TB) sqlsuite.Database {
	dsn := sqlstore.SQLiteDSN(newFile(t)) + "&_txlock=immediate"
	return sqlsuite.Database{
		Dialect: sqlstore.SQLite,
		New:     func(t testing.TB) *sql.DB { return openDB(t, dsn) },
	}
}

func TestSchema(t *testing.T)       { sqlsuite.Schema(t, database(t)) }
func TestTransactions(t *testing.T) { sqlsuite.Transactions(t, database(t)) }
func TestExpiry(t *testing.T)       { sqlsuite.Expiry(t, database(t)) }
func TestLimits(t *testing.T)       { sqlsuite.Limits(t, database(t)) }

// A DSN must name the very file, whatever is in its path.
func TestSQLiteDSNNamesTheFile(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "100%.db", "a?b=c&d.db", "#1.db", "ä;'\".db", "%41.db", "a+b.db"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			db := openDB(t, sqlstore.SQLiteDSN(filepath.Join(folder, name)))
			openStore(t, db)
			found, err := filepath.Glob(filepath.Join(folder, "*"))
			if err != nil {
				t.Fatal(err)
			}
			for i := range found {
				found[i] = filepath.Base(found[i])
			}
			if !strings.HasPrefix(strings.Join(found, "\n"), name) {
				t.Errorf("the folder holds %q, want %q", found, name)
			}
		})
	}
}
