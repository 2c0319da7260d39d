package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
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
			expires INTEGER -- microseconds since 1970; NULL: never
		) STRICT`,
		`CREATE INDEX "{table}_expires" ON "{table}" (expires) WHERE expires IS NOT NULL`,
		`CREATE TABLE "{table}_schema" (
			only    INTEGER PRIMARY KEY CHECK (only = 1),
			version INTEGER NOT NULL
		) STRICT`,
	}},

	begin:         `BEGIN IMMEDIATE`,
	countTable:    `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE`,
	schemaVersion: `SELECT version FROM "{table}_schema"`,
	recordSchema:  `INSERT INTO "{table}_schema" (only, version) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET version = excluded.version`,

	load:            `SELECT value, version, expires FROM "{table}" WHERE key = ?`,
	create:          `INSERT INTO "{table}" (key, value, version, expires) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
	update:          `UPDATE "{table}" SET value = ?, version = ?, expires = ? WHERE key = ? AND version = ?`,
	remove:          `DELETE FROM "{table}" WHERE key = ? AND version = ?`,
	version:         `SELECT version FROM "{table}" WHERE key = ?`,
	page:            `SELECT key, value, version, expires FROM "{table}" WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`,
	dropExpiredPage: `DELETE FROM "{table}" WHERE id IN (SELECT id FROM "{table}" WHERE expires < ? ORDER BY expires LIMIT ?)`,

	oneWriter: true,
	check:     checkSQLite,
}

// SQLiteDSN is a data source name for the file at path with the settings that
// [Open] asks for, on every connection: journal_mode WAL, synchronous FULL, and
// a busy_timeout of 3 seconds for writes of other processes, so that an engine,
// which tries a few times, has answered before a server's write timeout. It is in the
// form of modernc.org/sqlite, which ncruces/go-sqlite3 reads too; other drivers
// spell settings in their own way, and Open finds out whether they hold.
// Further parameters may be appended with "&".
func SQLiteDSN(path string) string {
	escaped := (&url.URL{Path: filepath.ToSlash(filepath.Clean(path))}).EscapedPath()
	return "file:" + escaped + "?_pragma=busy_timeout(3000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
}

// checkSQLite looks at two connections at once where the pool allows it: a
// PRAGMA that was run once holds on one of them only.
func checkSQLite(ctx context.Context, db *sql.DB, mayForget bool) error {
	look := 2
	if stats := db.Stats(); stats.MaxOpenConnections > 0 && stats.MaxOpenConnections-stats.InUse < 2 {
		look = 1
	}
	for range look {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		if err := checkSQLiteConn(ctx, conn, mayForget); err != nil {
			return err
		}
	}
	return nil
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
