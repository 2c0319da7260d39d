package sqlsuite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// Transactions checks what sqlstore.WithTx promises.
func Transactions(t *testing.T, d Database) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, host)
	}{
		{"commit", commits},
		{"rollback", rollsBack},
		{"a conflict is no failure", conflictInside},
		{"what is loaded stays", loadedStays},
		{"a failure is the end", failureEnds},
		{"a deadlock is the end", deadlockEnds},
		{"others may wait", othersWait},
		{"registrations at once", registrations},
		{"another database", anotherDatabase},
		{"an ended one", ended},
		{"walks refuse", walksRefuse},
		{"the engine takes part", engineTakesPart},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := host{d, d.New(t), d.options()}
			execute(t, h.db, "CREATE TABLE "+h.accounts()+" (name VARCHAR(40) PRIMARY KEY)")
			c.run(t, h)
		})
	}
}

// A host has accounts in the database that the store is in.
type host struct {
	Database
	db *sql.DB
	o  sqlstore.Options
}

func (h host) accounts() string { return h.quoted(h.o.Table + "_accounts") }

// begin starts a transaction, of which the test rolls back what it leaves.
func (h host) begin(t testing.TB) (context.Context, *sql.Tx) {
	t.Helper()
	var o sql.TxOptions
	if h.Dialect != sqlstore.SQLite {
		o.Isolation = sql.LevelReadCommitted
	}
	tx, err := h.db.BeginTx(t.Context(), &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() }) // an error where the test has ended it
	return sqlstore.WithTx(t.Context(), tx), tx
}

func (h host) register(t testing.TB, tx *sql.Tx, name string) {
	t.Helper()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO "+h.accounts()+" VALUES ('"+name+"')"); err != nil {
		t.Fatal(err)
	}
}

func (h host) wantAccounts(t testing.TB, want int64) {
	t.Helper()
	if n := number(t, h.db, "SELECT count(*) FROM "+h.accounts()); n != want {
		t.Errorf("%d accounts, want %d", n, want)
	}
}

func item(version int64) mfa.Item { return mfa.Item{Value: []byte("value"), Version: version} }

// step fails a test whose preparation has failed.
func step(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func commits(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	save(t, s, "user/gone", 0, 1)
	ctx, tx := h.begin(t)
	h.register(t, tx, "a")
	step(t, s.Save(ctx, "user/a", 0, item(2)), s.Delete(ctx, "user/gone", 1), s.Delete(ctx, "user/never", 1))
	if got, err := s.Load(ctx, "user/a"); err != nil || got.Version != 2 {
		t.Errorf("inside: version %d, %v; want 2", got.Version, err)
	}
	if _, err := s.Load(ctx, "user/gone"); !errors.Is(err, mfa.ErrNotFound) {
		t.Errorf("inside: what was deleted: %v", err)
	}
	wantVersion(t, s, "user/a", 0) // nobody outside sees it before the end
	wantVersion(t, s, "user/gone", 1)
	step(t, tx.Commit())
	wantVersion(t, s, "user/a", 2)
	wantVersion(t, s, "user/gone", 0)
	h.wantAccounts(t, 1)
}

func rollsBack(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	save(t, s, "user/a", 0, 1)
	ctx, tx := h.begin(t)
	h.register(t, tx, "a")
	step(t, s.Save(ctx, "user/a", 1, item(2)), s.Save(ctx, "user/b", 0, item(2)), tx.Rollback())
	wantVersion(t, s, "user/a", 1)
	wantVersion(t, s, "user/b", 0)
	h.wantAccounts(t, 0)
}

// A conflict must not end the transaction, as an error would on PostgreSQL.
func conflictInside(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	save(t, s, "user/a", 0, 1)
	ctx, tx := h.begin(t)
	h.register(t, tx, "a")
	for what, err := range map[string]error{
		"create":       s.Save(ctx, "user/a", 0, item(2)),
		"stale save":   s.Save(ctx, "user/a", 9, item(2)),
		"stale delete": s.Delete(ctx, "user/a", 9),
	} {
		if !errors.Is(err, mfa.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", what, err)
		}
	}
	step(t, s.Save(ctx, "user/a", 1, item(2)), tx.Commit())
	wantVersion(t, s, "user/a", 2)
	h.wantAccounts(t, 1)
}

// Nobody saves over what the transaction has loaded, and nothing that it loads is
// older than what was acknowledged, whatever it has seen before.
func loadedStays(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	save(t, s, "user/a", 0, 1)
	ctx, tx := h.begin(t)
	got, err := s.Load(ctx, "user/a")
	step(t, err)
	briefly, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.Save(briefly, "user/a", 1, item(3)); err == nil || errors.Is(err, mfa.ErrConflict) {
		t.Errorf("a save from outside: %v, want it to wait", err)
	}
	step(t, s.Save(ctx, "user/a", got.Version, item(2)), tx.Commit())
	wantVersion(t, s, "user/a", 2)
	if h.Dialect == sqlstore.SQLite {
		return // it has one isolation
	}

	tx, err = h.db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	step(t, err)
	defer tx.Rollback()
	var n int
	step(t, tx.QueryRowContext(t.Context(), "SELECT count(*) FROM "+h.quoted(h.o.Table)).Scan(&n)) // it has seen version 2
	save(t, s, "user/a", 2, 3)
	if got, err := s.Load(sqlstore.WithTx(t.Context(), tx), "user/a"); err == nil && got.Version != 3 {
		t.Errorf("a repeatable read has version %d, and 3 was acknowledged", got.Version)
	} else if err != nil {
		wantFault(t, "repeatable read", err, "")
	}
}

// Once a statement has failed, MySQL may have undone the transaction, and would commit
// what comes.
func failureEnds(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	ctx, tx := h.begin(t)
	h.register(t, tx, "a")
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Save(cancelled, "user/a", 0, item(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_, err := s.Load(ctx, "user/a")
	wantFault(t, "Load", err, "roll it back")
	wantFault(t, "Save", s.Save(ctx, "user/a", 0, item(2)), "roll it back")
	wantFault(t, "Delete", s.Delete(ctx, "user/a", 2), "roll it back")
	_ = tx.Rollback() // some drivers have done so
	wantVersion(t, s, "user/a", 0)
	h.wantAccounts(t, 0)
}

func deadlockEnds(t *testing.T, h host) {
	if h.Dialect == sqlstore.SQLite {
		return // there is one writer
	}
	s := open(t, h.db, h.o)
	save(t, s, "user/a", 0, 1)
	save(t, s, "user/b", 0, 1)
	keys := []string{"user/a", "user/b"}
	var contexts []context.Context
	var txs []*sql.Tx
	for i := range keys {
		ctx, tx := h.begin(t)
		contexts, txs = append(contexts, ctx), append(txs, tx)
		h.register(t, tx, keys[i])
		_, err := s.Load(ctx, keys[i])
		step(t, err)
	}
	refused := make([]bool, len(keys))
	step(t, together(len(keys), func(i int) error {
		_, err := s.Load(contexts[i], keys[1-i])
		if refused[i] = err != nil; !refused[i] {
			return errors.Join(s.Save(contexts[i], keys[1-i], 1, item(2)), txs[i].Commit())
		}
		wantFault(t, "the deadlock", err, "eadlock")
		wantFault(t, "what comes after", s.Save(contexts[i], keys[i], 1, item(3)), "roll it back")
		return txs[i].Rollback()
	}))
	if refused[0] == refused[1] {
		t.Fatalf("refused: %v, want one of them", refused)
	}
	for i, key := range keys {
		want := int64(1)
		if refused[i] {
			want = 2 // by the other
		}
		wantVersion(t, s, key, want)
	}
	h.wantAccounts(t, 1)
}

// Who waits for the transaction, in whatever queue, must not keep it from its own end.
func othersWait(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	save(t, s, "user/a", 0, 1)
	ctx, tx := h.begin(t)
	h.register(t, tx, "a")
	step(t, s.Save(ctx, "user/a", 1, item(2)))
	waiting := make(chan error)
	const others = 4
	coming := make(chan struct{}, others)
	for i := range others {
		go func() {
			coming <- struct{}{}
			if i%2 == 0 {
				waiting <- s.Save(t.Context(), "user/a", 2, item(int64(10+i)))
			} else {
				waiting <- s.Save(t.Context(), fmt.Sprint("user/", i), 0, item(1))
			}
		}()
	}
	for range others {
		<-coming
	}
	for range 200 { // time for them to come to where they wait
		_, err := s.Load(ctx, "user/a")
		step(t, err)
	}
	step(t, s.Save(ctx, "user/c", 0, item(2)), tx.Commit())
	for range others {
		// Of two that save over the same version one is refused; so are both where they
		// came before the commit.
		if err := <-waiting; err != nil && !errors.Is(err, mfa.ErrConflict) {
			t.Error(err)
		}
	}
	wantVersion(t, s, "user/c", 2)
	h.wantAccounts(t, 1)
}

// Users who register at the same moment look for keys that are not there, next to each
// other.
func registrations(t *testing.T, h host) {
	const users = 24
	s := open(t, h.db, h.o)
	err := together(users, func(i int) error {
		key := fmt.Sprintf("user/%02d", i)
		ctx, tx := h.begin(t)
		if _, err := s.Load(ctx, key); !errors.Is(err, mfa.ErrNotFound) {
			return fmt.Errorf("%s: %w", key, err)
		}
		if err := s.Save(ctx, key, 0, item(1)); err != nil {
			return err
		}
		h.register(t, tx, key)
		return tx.Commit()
	})
	if err != nil {
		t.Fatal(err)
	}
	h.wantAccounts(t, users)
	if n := number(t, h.db, "SELECT count(*) FROM "+h.quoted(h.o.Table)); n != users {
		t.Errorf("%d items, want %d", n, users)
	}
}

func anotherDatabase(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	ctx, tx := host{h.Database, h.New(t), h.o}.begin(t)
	_, err := s.Load(ctx, "user/a")
	wantFault(t, "Load", err, "different database")
	ctx = sqlstore.WithTx(t.Context(), tx)
	wantFault(t, "Save", s.Save(ctx, "user/a", 0, item(1)), "different database")
	step(t, tx.Commit())
	ctx = sqlstore.WithTx(t.Context(), nil)
	wantFault(t, "Save without one", s.Save(ctx, "user/a", 0, item(1)), "no transaction")
	wantVersion(t, s, "user/a", 0)
}

func ended(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	ctx, tx := h.begin(t)
	step(t, s.Save(ctx, "user/a", 0, item(1)), tx.Commit())
	if err := s.Save(ctx, "user/a", 1, item(2)); !errors.Is(err, sql.ErrTxDone) {
		t.Errorf("Save: %v, want ErrTxDone", err)
	}
	wantVersion(t, s, "user/a", 1)
}

func walksRefuse(t *testing.T, h host) {
	s := open(t, h.db, h.o)
	save(t, s, "user/a", 0, 1)
	ctx, _ := h.begin(t)
	visited := 0
	err := s.Scan(ctx, "", "", func(string, mfa.Item) error { visited++; return nil })
	wantFault(t, "Scan", err, "transaction")
	n, err := s.DropExpired(ctx, noon)
	wantFault(t, "DropExpired", err, "transaction")
	if visited != 0 || n != 0 {
		t.Errorf("%d visited, %d dropped", visited, n)
	}
}
