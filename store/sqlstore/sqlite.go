package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// sqlite keeps keys as BLOBs, which compare byte for byte, and in a STRICT
// table, so that no driver can turn them into text. The values are in the table
// itself, not in the index of the keys (WITHOUT ROWID): an update of a value of
// some KiB then writes one leaf.
var sqlite = dialect{
	schema: [][]string{{
		`CREATE TABLE "{table}" (
	id      INTEGER PRIMARY KEY,
	key     BLOB    NOT NULL UNIQUE,
	value   BLOB    NOT NULL,
	version INTEGER NOT NULL CHECK (version <> 0),
	expires INTEGER -- microseconds since 1970, NULL for never
) STRICT`,
		`CREATE INDEX "{table}_expires" ON "{table}" (expires) WHERE expires IS NOT NULL`,
		`CREATE TABLE "{table}_schema" (
	only    INTEGER PRIMARY KEY CHECK (only = 1),
	version INTEGER NOT NULL
) STRICT`,
	}},

	exclusively:   transaction(`BEGIN IMMEDIATE`),
	countTable:    `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '{table}_schema' COLLATE NOCASE`,
	schemaVersion: `SELECT version FROM "{table}_schema"`,
	recordSchema:  `INSERT INTO "{table}_schema" (only, version) VALUES (1, {version}) ON CONFLICT (only) DO UPDATE SET version = excluded.version`,

	load:        `SELECT value, version, expires FROM "{table}" WHERE key = ?`,
	create:      `INSERT INTO "{table}" (key, value, version, expires) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
	update:      `UPDATE "{table}" SET value = ?, version = ?, expires = ? WHERE key = ? AND version = ?`,
	remove:      `DELETE FROM "{table}" WHERE key = ? AND version = ?`,
	version:     `SELECT version FROM "{table}" WHERE key = ?`,
	page:        `SELECT key, value, version, expires FROM "{table}" WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`,
	dropExpired: `DELETE FROM "{table}" WHERE id IN (SELECT id FROM "{table}" WHERE expires < ? ORDER BY expires LIMIT ?)`,

	oneWriter: true,
	check:     checkSQLite,
}

// checkSQLite looks at two connections at once where the pool allows it: a
// PRAGMA that was run once holds on one of them only.
func checkSQLite(ctx context.Context, db *sql.DB, mayForget bool) error {
	look := 2
	if stats := db.Stats(); stats.MaxOpenConnections > 0 && stats.MaxOpenConnections-stats.InUse < 2 {
		look = 1
	}
	for range look {
		conn, err := connectSQLite(ctx, db)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // back to the pool
		if err := checkSQLiteConn(ctx, conn, mayForget); err != nil {
			return err
		}
	}
	return nil
}

// connectSQLite tries again for a quarter of a second. Of several connections that
// turn the same new file to WAL, SQLite refuses all but one at once, whatever the
// busy_timeout, as each waits for the others to let go.
func connectSQLite(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	for pause := time.Millisecond; ; pause *= 2 {
		conn, err := db.Conn(ctx)
		if err == nil || pause > 128*time.Millisecond {
			return conn, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// synchronousFull is the value of PRAGMA synchronous from which on a commit is on the disk before it
// is acknowledged: FULL, and EXTRA above it.
const synchronousFull = 2

func checkSQLiteConn(ctx context.Context, conn *sql.Conn, mayForget bool) error {
	var journal string
	var synchronous, timeout int
	err := errors.Join(
		conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal),
		conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous),
		conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout),
	)
	switch {
	case err != nil:
		return fmt.Errorf("read the settings: %w", err)
	case timeout <= 0:
		return fmt.Errorf("%w: a connection has busy_timeout 0, with which a write fails while another process writes; put busy_timeout(3000) into the DSN", ErrSettings)
	case mayForget:
		return nil
	case !strings.EqualFold(journal, "wal"):
		return fmt.Errorf("%w: a connection has journal_mode %s, not WAL; put journal_mode(WAL) into the DSN", ErrSettings, journal)
	case synchronous < synchronousFull:
		return fmt.Errorf("%w: a connection has synchronous %d, with which a power cut undoes changes that were acknowledged; put synchronous(FULL) into the DSN", ErrSettings, synchronous)
	}
	return nil
}
