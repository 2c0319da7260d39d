// Package sqlstore keeps items in an SQL database: a [mfa.Store] and
// [mfa.Scanner] over database/sql. It imports no driver. The program does, and
// passes its *sql.DB, which may be the one that its own tables live in:
//
//	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("app.db")) // modernc.org/sqlite
//	db.SetMaxOpenConns(8)
//	db.SetMaxIdleConns(8)
//	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.SQLite})
//
// # Statements
//
// A Load is one statement and a Save is one, prepared once. The database
// compares the version and writes in the same statement, so processes that
// share a database need no lock between them. A Delete is one statement when
// the key goes, and two when it does not.
//
// # Schema
//
// One table, mfa_items unless [Options] names another, and beside it
// mfa_items_schema with the version of the schema. [Open] creates both, and
// brings an older schema up to date, in one transaction. A schema newer than
// the program is refused with [ErrNewerSchema] and left as it is. A program
// whose database role may not create tables runs [EnsureSchema] beforehand with
// a role that may; Open then only reads.
//
// # SQLite
//
// Version 3.37 or later. A code that was spent has to stay spent when the power
// fails, so Open asks for journal_mode WAL and synchronous FULL (or EXTRA), and
// for a busy_timeout above 0; with anything weaker it returns [ErrSettings],
// unless [Options] says otherwise. SQLite keeps synchronous and busy_timeout per
// connection, and database/sql opens connections as it likes: they belong in
// the DSN, where [SQLiteDSN] puts them, and not in a PRAGMA run once.
//
// SQLite writes one at a time. The Saves of one Store queue up here, where a
// waiting one costs nothing and heeds its context, rather than polling for
// SQLite's lock; busy_timeout is for other processes and the program's own
// writes. So a few connections are enough, but let as many stay idle as may be
// open: by default database/sql closes all but two, and opening one costs more
// than a Load. WAL needs a file system that is local to all processes.
//
// # Errors
//
// Absent and conflict are told from what the statements return, never from an
// error. Whatever the driver reports (locked, read-only, full, corrupt) comes
// back wrapped, and says that the outcome is not known.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
)

var (
	_ mfa.Store   = (*Store)(nil)
	_ mfa.Scanner = (*Store)(nil)
)

// What [Open] and [EnsureSchema] return beside the database's own errors.
var (
	// ErrNewerSchema says that a newer version of this package has made or
	// changed the tables. Nothing was changed.
	ErrNewerSchema = errors.New("sqlstore: the schema is newer than this program")
	// ErrSettings says that the database's settings do not keep what was
	// acknowledged, or cannot serve several writers. The message names them.
	ErrSettings = errors.New("sqlstore: unsuitable database settings")
	// ErrOptions says which of the [Options] is missing or wrong.
	ErrOptions = errors.New("sqlstore: bad options")
)

// Options say where the items are and how the database is spoken to. The
// Dialect is required; every other zero field is the safe choice.
type Options struct {
	Dialect Dialect // required: SQLite

	// Table is the name of the table; empty: mfa_items. It begins with an ASCII
	// letter or underscore, goes on with letters, digits and underscores, and
	// has at most 40 of them.
	Table string

	// InsecureMayForget accepts settings with which a power cut or a crash of
	// the machine can undo the last changes that were acknowledged. A code that
	// was used may then be used again, and a lockout may be forgotten. It is
	// for tests and demonstrations.
	InsecureMayForget bool
}

// A Store is an [mfa.Store] and [mfa.Scanner] in one table, for use by any
// number of goroutines. [Open] makes one. Any number of them, in any number of
// processes, may share the table.
type Store struct {
	load, create, update  *sql.Stmt
	remove, version       *sql.Stmt
	page, dropExpiredPage *sql.Stmt

	writing queue
}

// Open checks the database's settings, creates or updates the schema, and
// prepares the statements. The db stays the caller's: it is closed by the
// caller, after the Store.
func Open(ctx context.Context, db *sql.DB, o Options) (*Store, error) {
	d, table, err := o.resolve()
	if err != nil {
		return nil, err
	}
	if err := d.check(ctx, db, o.InsecureMayForget); err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	if err := ensureSchema(ctx, db, d, table); err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	s := &Store{}
	if d.oneWriter {
		s.writing = newQueue()
	}
	if err := s.prepare(ctx, db, d, table); err != nil {
		_ = s.Close() // what it could say, the first error has said
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	return s, nil
}

// EnsureSchema creates the tables or brings them up to date, as [Open] does.
// Of the options it needs the Dialect and the Table.
func EnsureSchema(ctx context.Context, db *sql.DB, o Options) error {
	d, table, err := o.resolve()
	if err != nil {
		return err
	}
	if err := ensureSchema(ctx, db, d, table); err != nil {
		return fmt.Errorf("sqlstore: ensure schema: %w", err)
	}
	return nil
}

// Close frees the prepared statements. It is called once nothing uses the
// Store any more, and before the database is closed.
func (s *Store) Close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{s.load, s.create, s.update, s.remove, s.version, s.page, s.dropExpiredPage} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sqlstore: close: %w", err)
	}
	return nil
}

func (s *Store) prepare(ctx context.Context, db *sql.DB, d *dialect, table string) error {
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.load, d.load},
		{&s.create, d.create},
		{&s.update, d.update},
		{&s.remove, d.remove},
		{&s.version, d.version},
		{&s.page, d.page},
		{&s.dropExpiredPage, d.dropExpiredPage},
	} {
		var err error
		if *p.stmt, err = db.PrepareContext(ctx, named(p.text, table)); err != nil {
			return err
		}
	}
	return nil
}
