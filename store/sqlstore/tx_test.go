package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A context that a program has put no transaction into must not lead outside of one.
func TestNoTransaction(t *testing.T) {
	s := over(t, &scripted{result: driver.RowsAffected(1)})
	ctx := WithTx(t.Context(), nil)
	_, loadErr := s.Load(ctx, "user/a")
	for name, err := range map[string]error{
		"Load":   loadErr,
		"Save":   s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}),
		"Delete": s.Delete(ctx, "user/a", 1),
	} {
		if !errors.Is(err, errTxNil) || !strings.HasPrefix(err.Error(), "sqlstore: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hosted begins a transaction as a host does.
func hosted(t *testing.T, f *fakeDB) (context.Context, *sql.Tx) {
	t.Helper()
	tx, err := f.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return WithTx(t.Context(), tx), tx
}

// All that is done with the context is done on the transaction's connection, and reads
// hold the row until its end.
func TestInAHostsTransaction(t *testing.T) {
	for d, lock := range map[Dialect]string{PostgreSQL: " FOR UPDATE", MySQL: " FOR UPDATE", SQLite: ""} {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		f.inFront(&reply{to: "SET value", affected: 1}, &reply{to: "SELECT value", rows: rowOf([]byte("value"), int64(1), nil)},
			&reply{to: "SELECT version", rows: one(int64(1))})
		ctx, tx := hosted(t, f)
		if item, err := s.Load(ctx, "user/a"); err != nil || item.Version != 1 {
			t.Errorf("%s: Load: %v, %v", d, item, err)
		}
		if err := s.Save(ctx, "user/a", 1, mfa.Item{Version: 2}); err != nil {
			t.Errorf("%s: Save: %v", d, err)
		}
		// A conflict is an answer, after which the transaction goes on.
		if err := s.Delete(ctx, "user/a", 7); !errors.Is(err, mfa.ErrConflict) {
			t.Errorf("%s: Delete: %v, want ErrConflict", d, err)
		}
		if err := tx.Commit(); err != nil {
			t.Errorf("%s: Commit: %v", d, err)
		}
		all := f.statements()
		for _, i := range []int{1, 4} {
			if len(all) != 6 || strings.HasSuffix(all[i].text, " FOR UPDATE") != (lock != "") {
				t.Fatalf("%s: ran %q", d, all)
			}
		}
		for i, part := range []string{"HOST BEGIN", "SELECT value", "SET value", "DELETE", "SELECT version", "HOST COMMIT"} {
			if !strings.Contains(all[i].text, part) || all[i].conn != all[0].conn {
				t.Errorf("%s: %q came as number %d, want %s on connection %d", d, all[i], i, part, all[0].conn)
			}
		}
		if err := s.Save(ctx, "user/a", 2, mfa.Item{Version: 3}); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("%s: after the end: %v, want ErrTxDone", d, err)
		}
		f.wantRan(t)
	}
}

// MySQL has undone the whole transaction with a deadlock, and would commit what follows
// one by one. So nothing is repeated, and nothing follows.
func TestAfterAFaultAHostsTransactionIsOfNoUse(t *testing.T) {
	f := newReady(t, 1)
	s := openFake(t, f, MySQL)
	f.inFront(&reply{to: "INSERT", times: 1, err: &withField{1213, [5]byte([]byte("40001"))}}, &reply{to: "INSERT", affected: 1})
	ctx, _ := hosted(t, f)
	if err := s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}); sqlState(err) != "40001" || errors.Is(err, mfa.ErrConflict) {
		t.Errorf("Save: %v, want the deadlock", err)
	}
	_, loadErr := s.Load(ctx, "user/b")
	for name, err := range map[string]error{
		"Load": loadErr, "Save": s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}), "Delete": s.Delete(ctx, "user/a", 1),
	} {
		if !errors.Is(err, errTxFailed) {
			t.Errorf("%s: %v, want errTxFailed", name, err)
		}
	}
	f.wantRan(t, "HOST BEGIN", "INSERT")
}

// A transaction does not wait for those who wait for it.
func TestAHostsTransactionDoesNotQueueUp(t *testing.T) {
	f := newReady(t, 1)
	s := openFake(t, f, SQLite)
	f.inFront(&reply{to: "INSERT", affected: 1})
	if err := s.writing.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.writing.leave()
	ctx, _ := hosted(t, f)
	if err := s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}); err != nil {
		t.Error(err)
	}
}

// A walk would hold the transaction open for as long as it takes; and what is
// done in the transaction of another database is done nowhere.
func TestTransactionsThatAreRefused(t *testing.T) {
	for d := range dialects {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		ctx, _ := hosted(t, f)
		f.statements()
		if err := s.Scan(ctx, "", "", nil); !errors.Is(err, errInTx) {
			t.Errorf("%s: Scan: %v", d, err)
		}
		if n, err := s.DropExpired(ctx, time.Unix(1, 0)); n != 0 || !errors.Is(err, errInTx) {
			t.Errorf("%s: DropExpired: %d, %v", d, n, err)
		}
		other := newFakeDB(t)
		ctx, _ = hosted(t, other)
		other.statements()
		if _, err := s.Load(ctx, "user/a"); err == nil || errors.Is(err, mfa.ErrNotFound) {
			t.Errorf("%s: Load in another database's transaction: %v", d, err)
		}
		if err := s.Save(ctx, "user/a", 1, mfa.Item{Version: 2}); err == nil || errors.Is(err, mfa.ErrConflict) {
			t.Errorf("%s: Save in another database's transaction: %v", d, err)
		}
		f.wantRan(t)
		other.wantRan(t)
	}
}
