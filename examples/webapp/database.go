package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// schemas bring the app's tables from one version to the next; how many have been
// run is the version. One that has been released is never changed. The tables of
// the MFA values stand in the same file and have a version of their own.
//
// Sessions, failures, links and keys hold only digests of what a client sends, so
// that who reads the file cannot use what stands in it.
var schemas = []string{`
CREATE TABLE webapp_accounts (
	id         TEXT PRIMARY KEY,
	email      TEXT NOT NULL UNIQUE,
	phone      TEXT NOT NULL,
	password   TEXT NOT NULL,
	created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE webapp_sessions (
	id         BLOB PRIMARY KEY,
	account    TEXT NOT NULL REFERENCES webapp_accounts (id),
	evidence   TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX webapp_sessions_account ON webapp_sessions (account);
CREATE TABLE webapp_failures (
	key   BLOB PRIMARY KEY,
	count INTEGER NOT NULL,
	last  INTEGER NOT NULL
) WITHOUT ROWID;
`, `
ALTER TABLE webapp_accounts ADD COLUMN email_verified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webapp_accounts ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE webapp_accounts ADD COLUMN rank TEXT NOT NULL DEFAULT '';
ALTER TABLE webapp_accounts ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}';
CREATE TABLE webapp_links (
	id         BLOB PRIMARY KEY,
	purpose    TEXT NOT NULL,
	browser    BLOB NOT NULL,
	account    TEXT NOT NULL,
	data       TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX webapp_links_account ON webapp_links (account);
CREATE TABLE webapp_identities (
	provider TEXT NOT NULL,
	subject  TEXT NOT NULL,
	account  TEXT NOT NULL REFERENCES webapp_accounts (id) ON DELETE CASCADE,
	PRIMARY KEY (provider, subject)
) WITHOUT ROWID;
CREATE TABLE webapp_api_keys (
	id         TEXT PRIMARY KEY,
	hash       BLOB NOT NULL UNIQUE,
	account    TEXT NOT NULL REFERENCES webapp_accounts (id) ON DELETE CASCADE,
	label      TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at INTEGER NOT NULL
) WITHOUT ROWID;
`, transfersTable, secondsTable}

const metaTable = `
CREATE TABLE IF NOT EXISTS webapp_meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
`

// migrate brings the app's tables to the version of this build. It always writes,
// so that a database that cannot be written is found at start and not by the first
// user.
func migrate(ctx context.Context, db *sql.DB, now time.Time) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, metaTable); err != nil {
			return err
		}
		var found string
		err := tx.QueryRowContext(ctx, `SELECT value FROM webapp_meta WHERE name = 'schema'`).Scan(&found)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		version, err := strconv.Atoi(cmp.Or(found, "0"))
		if err != nil || version < 0 {
			return errors.New("what its tables say of their version is not a version: bring back a backup")
		}
		if version > len(schemas) {
			return fmt.Errorf("its tables have version %d and this build knows %d: use the newer build", version, len(schemas))
		}
		for _, next := range schemas[version:] {
			if _, err := tx.ExecContext(ctx, next); err != nil {
				return err
			}
		}
		for name, value := range map[string]string{"schema": strconv.Itoa(len(schemas)), "opened_at": now.UTC().Format(time.RFC3339)} {
			if _, err := tx.ExecContext(ctx, `INSERT INTO webapp_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// inTx runs f in a transaction, which commits only if f returns nil.
func inTx(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// sweep drops what has expired. Nothing depends on it but the file's size.
func sweep(ctx context.Context, db *sql.DB, now time.Time) error {
	_, err1 := db.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE expires_at <= ?`, now.UnixMilli())
	_, err2 := db.ExecContext(ctx, `DELETE FROM webapp_failures WHERE last < ?`, now.Add(-forgetAfter).UnixMilli())
	_, err3 := db.ExecContext(ctx, `DELETE FROM webapp_links WHERE expires_at <= ?`, now.UnixMilli())
	return errors.Join(err1, err2, err3)
}

// isBusy says whether the database was locked, by another program as a rule, for
// as long as a request can wait.
func isBusy(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff { // the low byte is the primary result code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// explain adds to a database error what to do about it.
func explain(file string, err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("database %s: %w", file, err)
	}
	advice := map[int]string{
		sqlite3.SQLITE_BUSY:     "another program holds its lock: stop that program, or wait for it",
		sqlite3.SQLITE_LOCKED:   "another program holds its lock: stop that program, or wait for it",
		sqlite3.SQLITE_READONLY: "it cannot be written: check the rights of the file and of its folder",
		sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check that its folder exists, and its rights",
		sqlite3.SQLITE_FULL:     "there is no room left on the disk",
		sqlite3.SQLITE_IOERR:    "the disk cannot be read or written",
		sqlite3.SQLITE_NOTADB:   "the file is not an SQLite database: name another",
		sqlite3.SQLITE_CORRUPT:  "the file is damaged: bring back a backup of it",
	}[e.Code()&0xff] // the low byte is the primary result code
	if advice == "" {
		advice = "it cannot be used"
	}
	return fmt.Errorf("database %s: %s (%w)", file, advice, err)
}
