package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
)

// WithTx returns a context with which Loads, Saves and Deletes happen in a transaction
// that the host has begun on the Store's own *sql.DB, so that a user, say, and what is
// imported for them come to be together or not at all:
//
//	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
//	defer tx.Rollback() // after Commit, it does nothing
//	_, err = tx.ExecContext(ctx, "INSERT INTO accounts …")
//	_, err = engine.Import(sqlstore.WithTx(ctx, tx), mfa.Import{User: user, Items: items})
//	err = tx.Commit()
//
// The engine takes what is saved for done. A host that passes it such a context
// therefore keeps to this:
//
//   - It does so for what it can take back: an import, a binding, a removal. Never for
//     a SignIn, a Challenge or a Verify: a rollback would forget that a guess was
//     counted, or that a code was spent.
//   - It tells nobody of the outcome before Commit. Observers hear of it before, and
//     notices of what is rolled back may have gone out.
//   - After an error it rolls back. The context is of no further use: each statement
//     with it fails, as MySQL, having undone a transaction, would commit them one by one.
//   - It calls the engine once for each user, last of all, and commits. The user's row is
//     locked from the Load on, and who waits for it keeps a second call from its turn.
//   - On MySQL the isolation is [sql.LevelReadCommitted]. With the default, two
//     transactions that each look for an absent user and then make it are a deadlock,
//     and one of them is refused.
//   - On SQLite the transaction writes from its begin, as modernc.org/sqlite has it with
//     _txlock=immediate in the DSN. All other writers wait for it.
//
// With a transaction of another *sql.DB, or one that has ended, each statement is an
// error. A walk ([Store.Scan], [Store.DropExpired]) refuses such a context, and what the
// engine does after its answer never sees it.
func WithTx(ctx context.Context, tx *sql.Tx) context.Context {
	return context.WithValue(ctx, hostTxKey{}, &hostTx{tx: tx})
}

type hostTxKey struct{}

// A hostTx is a transaction of the host that the Store takes part in.
type hostTx struct {
	tx     *sql.Tx
	failed atomic.Bool // a statement has returned an error
}

// txOf returns nil where there is none.
func txOf(ctx context.Context) *hostTx {
	h, _ := ctx.Value(hostTxKey{}).(*hostTx)
	return h
}

var (
	errTxNil    = errors.New("WithTx was given no transaction")
	errTxFailed = errors.New("an earlier statement in this transaction has failed: roll it back")
	errInTx     = errors.New("not in a host's transaction: pass a context without one")
)

// do runs a statement in the transaction.
func (h *hostTx) do(ctx context.Context, stmt *sql.Stmt, f func(*sql.Stmt) error) error {
	switch {
	case h.tx == nil:
		return errTxNil
	case h.failed.Load():
		return errTxFailed
	}
	err := f(h.tx.StmtContext(ctx, stmt))
	if err != nil {
		h.failed.Store(true)
	}
	return err
}
