package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// Schema returns the SQL that brings the table mfa_items from one version of its
// schema to the next, for hosts whose migration tool makes all tables: from nothing
// to version 1, from 1 to 2, and so on. The newest version is 1; one that does not
// exist is [ErrOptions]. See [Options.SchemaSQL].
func Schema(d Dialect, version int) (string, error) {
	return Options{Dialect: d}.SchemaSQL(version)
}

// SchemaSQL is [Schema] for the table that the options name. The statements are
// those that [EnsureSchema] runs, each ended by a semicolon and a line break, with no
// other semicolon in them. The last records the version, so that [Open] finds nothing
// to do and needs no right to create tables. On PostgreSQL and SQLite they belong into
// one transaction.
func (o Options) SchemaSQL(version int) (string, error) {
	p, err := o.resolve()
	if err != nil {
		return "", err
	}
	if version < 1 || version > p.newest() {
		return "", fmt.Errorf("%w: the schema has no version %d; the newest is %d", ErrOptions, version, p.newest())
	}
	return strings.Join(p.step(version), ";\n") + ";\n", nil
}

// ensureSchema brings the table up to the newest version that this package
// knows. It takes no lock when there is nothing to do, so that a program may
// start with a role that can only read and write.
func ensureSchema(ctx context.Context, db *sql.DB, p place) error {
	have, err := schemaVersion(ctx, db, p)
	if err != nil || have == p.newest() {
		return err
	}
	return p.exclusively(ctx, db, func(conn *sql.Conn) error {
		// Another process may have been first.
		have, err := schemaVersion(ctx, conn, p)
		if err != nil {
			return err
		}
		if have == 0 && p.foreign != "" {
			var columns int
			if err := conn.QueryRowContext(ctx, p.named(p.foreign)).Scan(&columns); err != nil {
				return fmt.Errorf("look for the table: %w", err)
			}
			if columns > 0 {
				return fmt.Errorf("table %s already exists, and is not of this package", p.table)
			}
		}
		for version := have + 1; version <= p.newest(); version++ {
			for _, statement := range p.step(version) {
				if _, err := conn.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("table %s is of version %d, and could not be brought to version %d: %w", p.table, version-1, version, err)
				}
			}
		}
		return nil
	})
}

// A querier is a database or one of its connections.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns the recorded version, 0 where there is no record, and
// ErrNewerSchema for one above what the package knows.
func schemaVersion(ctx context.Context, q querier, p place) (int, error) {
	var tables int
	if err := q.QueryRowContext(ctx, p.named(p.countTable)).Scan(&tables); err != nil {
		return 0, fmt.Errorf("look for the schema: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	var version int
	err := q.QueryRowContext(ctx, p.named(p.schemaVersion)).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows) && p.foreign != "":
		return 0, nil // whoever was making it has not come to the end
	case errors.Is(err, sql.ErrNoRows), err == nil && version < 1:
		return 0, fmt.Errorf("table %s_schema holds no version", p.table)
	case err != nil:
		return 0, fmt.Errorf("read the schema's version: %w", err)
	case version > p.newest():
		return 0, fmt.Errorf("%w: table %s is of version %d, and this program knows up to %d", ErrNewerSchema, p.table, version, p.newest())
	}
	return version, nil
}

// transaction returns a function that runs another on one connection after the
// statements that begin, the first of them a BEGIN, and before COMMIT.
func transaction(begin ...string) func(context.Context, *sql.DB, func(*sql.Conn) error) error {
	return func(ctx context.Context, db *sql.DB, f func(*sql.Conn) error) error {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // back to the pool
		for _, statement := range begin {
			if _, err = conn.ExecContext(ctx, statement); err != nil {
				err = fmt.Errorf("begin: %w", err)
				break
			}
		}
		if err == nil {
			err = f(conn)
		}
		if err == nil {
			if _, err = conn.ExecContext(ctx, "COMMIT"); err == nil {
				return nil
			}
			err = fmt.Errorf("commit: %w", err)
		}
		if _, failed := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); failed != nil {
			discard(conn)
		}
		return err
	}
}

// discard keeps a connection that may still hold a lock from being used again.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}
