package mariadb_test

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// Of those who wait to create a key while somebody deletes it, InnoDB gives all a
// shared lock and then refuses all but one. To the Store they have just come too late.
func TestCreatesBehindADelete(t *testing.T) {
	const creators = 4
	d := database(t, creators+1, "")
	db := d.New(t)
	watch := openDB(t, testserver.MySQLDatabase(t), 1)
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.MySQL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Save(t.Context(), "claim/a", 0, mfa.Item{Version: 1}); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "DELETE FROM mfa_items WHERE `key` = 'claim/a'"); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for i := range creators {
		go func() { errs <- s.Save(t.Context(), "claim/a", 0, mfa.Item{Version: int64(i + 2)}) }()
	}
	testserver.Until(t, "all to wait", func() bool {
		return status(t, watch, "Innodb_row_lock_current_waits") >= creators
	})
	deadlocks := status(t, watch, "Innodb_deadlocks")
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	created := 0
	for range creators {
		switch err := <-errs; {
		case err == nil:
			created++
		case !errors.Is(err, mfa.ErrConflict):
			t.Error(err)
		}
	}
	if created != 1 {
		t.Errorf("%d have created the key, want 1", created)
	}
	if status(t, watch, "Innodb_deadlocks") == deadlocks {
		t.Error("there was no deadlock: this test sees nothing")
	}
}

// status is a number that the server counts.
func status(t testing.TB, db *sql.DB, name string) (n int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE '"+name+"'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Under MySQL's own isolation, transactions that each look for an absent user and then
// make it deadlock. Those that are refused have left nothing, and succeed when they are run again.
func TestRegistrationsUnderRepeatableRead(t *testing.T) {
	const users = 12
	d := database(t, users, "")
	db := d.New(t)
	exec(t, db, "CREATE TABLE accounts (name VARCHAR(40) PRIMARY KEY)")
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.MySQL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	register := func(key string) error {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO accounts VALUES (?)", key); err != nil {
			return err
		}
		ctx := sqlstore.WithTx(t.Context(), tx)
		if _, err := s.Load(ctx, key); !errors.Is(err, mfa.ErrNotFound) {
			return fmt.Errorf("not as absent: %w", err)
		}
		if err := s.Save(ctx, key, 0, mfa.Item{Version: 1}); err != nil {
			if err := s.Save(ctx, key, 0, mfa.Item{Version: 2}); err == nil {
				t.Error("a Save after a failure succeeds, outside of the transaction")
			}
			return err
		}
		return tx.Commit()
	}
	var wg sync.WaitGroup
	for i := range users {
		wg.Go(func() {
			key := fmt.Sprintf("user/%02d", i)
			for try := 0; ; try++ {
				err := register(key)
				if err == nil {
					return
				}
				if errors.Is(err, mfa.ErrConflict) || errors.Is(err, sql.ErrTxDone) || try == 100 {
					t.Errorf("%s: %v", key, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, table := range []string{"accounts", "mfa_items"} {
		if n := number(t, db, "SELECT count(*) FROM "+table); n != users {
			t.Errorf("%s has %d rows, want %d", table, n, users)
		}
	}
	if n := number(t, db, "SELECT count(*) FROM mfa_items WHERE version <> 1"); n != 0 {
		t.Errorf("%d items were written outside of their transactions", n)
	}
}
