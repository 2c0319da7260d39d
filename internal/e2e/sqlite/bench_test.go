package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

const (
	benchUsers = 64      // goroutines, each with a key of its own
	benchValue = 2 << 10 // bytes
)

// BenchmarkReadAndSave compares a Load and a Save with the bare transaction
// that reads and conditionally writes the same row. The time is that of one
// pair, with 64 of them at once. The interesting figure is the ratio within one
// run; run it with -count to see how steady that is.
func BenchmarkReadAndSave(b *testing.B) {
	for _, synchronous := range []string{"FULL", "NORMAL"} {
		for _, tt := range []struct {
			name string
			open func(testing.TB, *sql.DB) pair
			conn int // connections, open and idle; 0: as database/sql has it
		}{
			{"transaction", openTransaction, 1},
			{"store", openPair, 1},
			{"transaction", openTransaction, connections},
			{"store", openPair, connections},
			{"transaction", openTransaction, benchUsers},
			{"store", openPair, benchUsers},
			{"store", openPair, 0},
		} {
			b.Run(fmt.Sprintf("synchronous=%s/connections=%d/%s", synchronous, tt.conn, tt.name), func(b *testing.B) {
				dsn := strings.Replace(sqlstore.SQLiteDSN(newFile(b)), "synchronous(FULL)", "synchronous("+synchronous+")", 1)
				db := openDB(b, dsn+"&_txlock=immediate")
				db.SetMaxOpenConns(tt.conn)
				if tt.conn == 0 {
					db.SetMaxIdleConns(2)
				} else {
					db.SetMaxIdleConns(tt.conn)
				}
				run(b, tt.open(b, db))
			})
		}
	}
}

// A pair reads the item under key and saves a new version over it.
type pair func(ctx context.Context, key string, next mfa.Item) error

func openBench(b testing.TB, db *sql.DB) *sqlstore.Store {
	b.Helper()
	s, err := sqlstore.Open(b.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite, InsecureMayForget: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	for u := range benchUsers {
		if err := s.Save(b.Context(), benchKey(u), 0, mfa.Item{Value: make([]byte, benchValue), Version: 1}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func benchKey(user int) string { return fmt.Sprintf("user/%d", user) }

func openPair(b testing.TB, db *sql.DB) pair {
	s := openBench(b, db)
	return func(ctx context.Context, key string, next mfa.Item) error {
		item, err := s.Load(ctx, key)
		if err != nil {
			return err
		}
		return s.Save(ctx, key, item.Version, next)
	}
}

// openTransaction is the floor: what a program without a store would write, with
// prepared statements and SQLite's own lock.
func openTransaction(b testing.TB, db *sql.DB) pair {
	openBench(b, db)
	read := prepare(b, db, "SELECT value, version, expires FROM mfa_items WHERE key = ?")
	write := prepare(b, db, "UPDATE mfa_items SET value = ?, version = ?, expires = ? WHERE key = ? AND version = ?")
	return func(ctx context.Context, key string, next mfa.Item) (err error) {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, tx.Rollback())
			}
		}()
		var value []byte
		var version int64
		var expires sql.NullInt64
		if err := tx.StmtContext(ctx, read).QueryRowContext(ctx, []byte(key)).Scan(&value, &version, &expires); err != nil { //nolint:sqlclosecheck // the transaction's end does
			return err
		}
		result, err := tx.StmtContext(ctx, write).ExecContext(ctx, next.Value, next.Version, nil, []byte(key), version) //nolint:sqlclosecheck // the transaction's end does
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, mfa.ErrConflict)
		}
		return tx.Commit()
	}
}

func prepare(b testing.TB, db *sql.DB, text string) *sql.Stmt {
	b.Helper()
	stmt, err := db.PrepareContext(b.Context(), text)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stmt.Close() })
	return stmt
}

// run shares b.N pairs among the users.
func run(b *testing.B, p pair) {
	var done atomic.Int64
	errs := make([]error, benchUsers)
	var wg sync.WaitGroup
	b.ResetTimer()
	for u := range benchUsers {
		wg.Go(func() {
			value := make([]byte, benchValue)
			for done.Add(1) <= int64(b.N) {
				next := mfa.Item{Value: value, Version: rand.Int64() | 1}
				if err := p(b.Context(), benchKey(u), next); err != nil {
					errs[u] = err
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
}
