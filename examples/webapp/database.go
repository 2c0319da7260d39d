package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A database has the app's own tables. Its methods, and those of [transaction], take
// statements as every dialect rewrites them; see dialect.
type database struct {
	pool *sql.DB
	*dialect
}

func (d *database) ExecContext(ctx context.Context, statement string, args ...any) (r sql.Result, err error) {
	err = d.again(ctx, func() error {
		r, err = d.pool.ExecContext(ctx, d.rewrite(statement), args...)
		return err
	})
	return r, err
}

func (d *database) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return d.pool.QueryContext(ctx, d.rewrite(statement), args...)
}

func (d *database) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	return d.pool.QueryRowContext(ctx, d.rewrite(statement), args...)
}

// A transaction is one of a [database].
type transaction struct {
	tx *sql.Tx
	*dialect
}

func (t transaction) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	return t.tx.ExecContext(ctx, t.rewrite(statement), args...)
}

func (t transaction) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, t.rewrite(statement), args...)
}

// inTx runs f in a transaction, which commits only if f returns nil. It may run f
// again, after a deadlock that has undone everything.
//
// Transactions see what others have committed between their statements, but on
// SQLite, where they run one at a time. What is read and then written has to be
// locked by a write before it is read.
func (d *database) inTx(ctx context.Context, f func(transaction) error) error {
	return d.again(ctx, func() error {
		tx, err := d.pool.BeginTx(ctx, d.isolation)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := f(transaction{tx, d.dialect}); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// maxTries is how often a statement or transaction is run that others are in the way of.
const maxTries = 5

// again runs f until others are not in its way. A server that undoes one of two
// transactions that wait for each other lets the other one through, so that somebody
// always comes further.
func (d *database) again(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if err == nil || faultOf(err) != undone || try == maxTries || ctx.Err() != nil {
			return err
		}
	}
}

// change runs a statement that changes a row, and returns none where there was no such
// row. Of several requests that spend the same one, one gets nil: that holds on all
// databases, while not all return the rows that they delete.
func change(ctx context.Context, c executor, none error, statement string, args ...any) error {
	r, err := c.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = none
	}
	return err
}

// migrate brings the app's tables to the version of this build: under a lock, as
// several instances may start at once. It always writes, so that a database that
// cannot be written is found at start and not by the first user.
func (d *database) migrate(ctx context.Context, now time.Time) error {
	return d.alone(ctx, d.pool, func(c executor) error {
		if err := d.runStep(ctx, c, d.metaTable); err != nil {
			return err
		}
		var found string
		err := c.QueryRowContext(ctx, `SELECT value FROM webapp_meta WHERE name = 'schema'`).Scan(&found)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		version, err := strconv.Atoi(cmp.Or(found, "0"))
		if err != nil || version < 0 {
			return errors.New("what its tables say of their version is not a version: bring back a backup")
		}
		if version > len(d.schemas) {
			return fmt.Errorf("its tables have version %d and this build knows %d: use the newer build", version, len(d.schemas))
		}
		for _, next := range d.schemas[version:] {
			if err := d.runStep(ctx, c, next); err != nil {
				return err
			}
		}
		for name, value := range map[string]string{"schema": strconv.Itoa(len(d.schemas)), "opened_at": now.UTC().Format(time.RFC3339)} {
			if _, err := c.ExecContext(ctx, d.rewrite(setMeta), name, value, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// setMeta takes a name and its value, twice.
const setMeta = `INSERT INTO webapp_meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?`

// An executor is a database, a connection or a transaction.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// sweep drops what has expired. Nothing depends on it but the space that is used.
func (d *database) sweep(ctx context.Context, now time.Time) error {
	_, err1 := d.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE expires_at <= ?`, now.UnixMilli())
	_, err2 := d.ExecContext(ctx, `DELETE FROM webapp_failures WHERE last < ?`, now.Add(-forgetAfter).UnixMilli())
	_, err3 := d.ExecContext(ctx, `DELETE FROM webapp_links WHERE expires_at <= ?`, now.UnixMilli())
	return errors.Join(err1, err2, err3)
}
