package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/mfakit/mfa/store/sqlstore"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var sqliteDialect = dialect{
	name: "sqlite",
	schemas: []string{`
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
`, `
CREATE TABLE webapp_transfers (
	id         TEXT PRIMARY KEY,
	account    TEXT NOT NULL REFERENCES webapp_accounts (id),
	payee      TEXT NOT NULL,
	cents      INTEGER NOT NULL,
	created_at INTEGER NOT NULL,
	done_at    INTEGER,
	approval   TEXT
) WITHOUT ROWID;
`, `
CREATE TABLE webapp_seconds (
	id         TEXT PRIMARY KEY,
	account    TEXT NOT NULL REFERENCES webapp_accounts (id) ON DELETE CASCADE,
	asked_by   TEXT NOT NULL,
	reason     TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	agreed_by  TEXT NOT NULL DEFAULT '',
	used       INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
`},
	metaTable: `
CREATE TABLE IF NOT EXISTS webapp_meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
`,
	values:      sqlstore.SQLite,
	rewrite:     func(statement string) string { return statement },
	alone:       aloneOnSQLite,
	isDuplicate: func(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE },
	fault:       sqliteFault,
	advice:      sqliteAdvice,
}

// aloneOnSQLite relies on transactions that take the write lock when they begin.
func aloneOnSQLite(ctx context.Context, db *sql.DB, f func(executor) error) error {
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

// maxConns is for readers; SQLite has one writer at a time.
const maxConns = 8

// openDB opens the SQLite file, or a database in memory for the empty name.
// Transactions take the write lock when they begin: of two that begin as readers
// and then want to write, one would fail.
func openDB(file string) (*sql.DB, error) {
	name, conns := "file::memory:?", 1 // each connection would have a database of its own
	if file != "" {
		if err := makeOwn(file); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		name, conns = sqlstore.SQLiteDSN(file)+"&", maxConns
	}
	db, err := sql.Open("sqlite", name+"_txlock=immediate&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", file, err)
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// makeOwn makes the file, if there is none, so that only its owner can read it:
// SQLite would let everybody.
func makeOwn(file string) error {
	f, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteCode is the extended result code; 0: the error is not SQLite's.
func sqliteCode(err error) int {
	if e := (*sqlite.Error)(nil); errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// sqliteFault: another program held the lock for as long as a request can wait.
func sqliteFault(err error) fault {
	switch sqliteCode(err) & 0xff { // the low byte is the primary result code
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
		return busy
	}
	return broken
}

func sqliteAdvice(err error) string {
	code := sqliteCode(err)
	if code == 0 {
		return ""
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
	}[code&0xff]
	if advice == "" {
		advice = "it cannot be used"
	}
	return advice
}
