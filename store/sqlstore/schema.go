package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// ensureSchema brings the table up to the newest version that this package
// knows. It takes no lock when there is nothing to do, so that a program may
// start on a database that it can only read.
func ensureSchema(ctx context.Context, db *sql.DB, d *dialect, table string) error {
	have, err := schemaVersion(ctx, db, d, table)
	if err != nil || have == len(d.schema) {
		return err
	}
	return inTransaction(ctx, db, d, func(conn *sql.Conn) error {
		// Another process may have been first.
		have, err := schemaVersion(ctx, conn, d, table)
		if err != nil || have == len(d.schema) {
			return err
		}
		return upgrade(ctx, conn, d, table, have)
	})
}

// A querier is a database or one of its connections.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns the recorded version, 0 where there is no record, and
// ErrNewerSchema for one above what the package knows.
func schemaVersion(ctx context.Context, q querier, d *dialect, table string) (int, error) {
	var tables int
	if err := q.QueryRowContext(ctx, d.countTable, table+"_schema").Scan(&tables); err != nil {
		return 0, fmt.Errorf("look for the schema: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	var version int
	err := q.QueryRowContext(ctx, named(d.schemaVersion, table)).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && version < 1:
		return 0, fmt.Errorf("table %s_schema holds no version", table)
	case err != nil:
		return 0, fmt.Errorf("read the schema's version: %w", err)
	case version > len(d.schema):
		return 0, fmt.Errorf("%w: table %s is of version %d, and this program knows up to %d", ErrNewerSchema, table, version, len(d.schema))
	}
	return version, nil
}

// upgrade runs the steps above version have, and records the last.
func upgrade(ctx context.Context, conn *sql.Conn, d *dialect, table string, have int) error {
	for _, step := range d.schema[have:] {
		for _, statement := range step {
			if _, err := conn.ExecContext(ctx, named(statement, table)); err != nil {
				return fmt.Errorf("create or update table %s: %w", table, err)
			}
		}
	}
	if _, err := conn.ExecContext(ctx, named(d.recordSchema, table), len(d.schema)); err != nil {
		return fmt.Errorf("record the schema's version: %w", err)
	}
	return nil
}

// inTransaction runs f on one connection between the dialect's own BEGIN, which
// keeps other processes from doing the same, and COMMIT.
func inTransaction(ctx context.Context, db *sql.DB, d *dialect, f func(*sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, d.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err = f(conn); err == nil {
		if _, err = conn.ExecContext(ctx, "COMMIT"); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	if _, failed := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); failed != nil {
		// A connection that may still be in the transaction must not be reused.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}
