// Package sqlstore keeps items in an SQL database: a [mfa.Store] and
// [mfa.Scanner] over database/sql, for PostgreSQL, MySQL, MariaDB and SQLite. It
// imports no driver. The program does, and passes its *sql.DB, which may be the one
// that its own tables live in:
//
//	dsn, err := sqlstore.PostgreSQLDSN("postgres://app@db.example/app")
//	db, err := sql.Open("pgx", dsn) // github.com/jackc/pgx/v5/stdlib
//	db.SetMaxOpenConns(32)
//	db.SetMaxIdleConns(32)
//	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
//
// docs/stores.md says which database to choose, what each promises with which
// settings, and what was measured.
//
// # Statements
//
// A Load is one statement and a Save is one, prepared once. The database
// compares the version and writes in the same statement, so processes that
// share a database need no lock between them, and no isolation above READ COMMITTED.
// A Delete is one statement when the key goes, and two when it does not.
//
// Let as many connections stay idle as may be open: by default database/sql closes
// all but two, and opening one, with its prepared statements, costs more than a Load and a Save.
//
// # Transactions
//
// Each operation is a transaction by itself. [WithTx] lets one take part in a
// transaction of the host, for a user and an enrolment that have to come together.
//
// # Schema
//
// One table, mfa_items unless [Options] names another, and beside it
// mfa_items_schema with the version of the schema. [Open] creates both, and
// brings an older schema up to date, one process at a time. A schema newer than
// the program is refused with [ErrNewerSchema] and left as it is. A program
// whose database role may not create tables runs [EnsureSchema] beforehand with
// a role that may, or gives the text of [Schema] to its migration tool; Open then only reads.
//
// # Settings
//
// A code that was spent has to stay spent when the power fails, and a Load has to see
// what was acknowledged. So Open looks at the settings, and with weaker ones it
// returns [ErrSettings] with words on what to do. It looks once, at one connection or two: settings
// belong in the DSN or on the server, where they hold for all.
//
//   - PostgreSQL: a primary (no standby), not read-only; synchronous_commit not off, and not
//     local where there are synchronous standbys; fsync.
//   - MySQL: a server that is not read_only, autocommit, no READ-UNCOMMITTED, on Galera
//     wsrep_sync_wait; innodb_flush_log_at_trx_commit=1, and sync_binlog=1 where there is a binary log.
//   - SQLite: journal_mode WAL, synchronous FULL or EXTRA, a busy_timeout above 0.
//
// [PostgreSQLDSN], [MySQLDSN] and [SQLiteDSN] put time-outs, TLS and such settings
// where they belong.
//
// # SQLite
//
// It writes one at a time. The Saves of one Store queue up here, where a
// waiting one costs nothing and heeds its context, rather than polling for
// SQLite's lock; busy_timeout is for other processes and the program's own
// writes. So a few connections are enough. WAL needs a file system that is local to all processes.
//
// # Errors
//
// Absent and conflict are told from what the statements return, never from an
// error. Whatever the driver reports (locked, read-only, full, corrupt) comes
// back wrapped, and says that the outcome is not known. The one exception are
// deadlocks and serialization failures, with which the database says that it has
// done nothing: such a statement is run again, a few times, outside of a host's transaction.
//
// database/sql, too, runs a statement again where a driver says driver.ErrBadConn. If
// the first run did happen, the second conflicts with it; an engine takes a conflict
// for an unknown outcome, and finds its own version there.
package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
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
	Dialect Dialect // required

	// Schema is where the table is: a schema of PostgreSQL, a database of MySQL.
	// Empty: where the connection finds and makes tables by itself. It has at most
	// 63 ASCII letters, digits, underscores and hyphens, and exists; SQLite has none.
	Schema string

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
	load, loadLocked       *sql.Stmt
	create, update, remove *sql.Stmt
	version, versionLocked *sql.Stmt
	page                   *sql.Stmt
	expired, dropExpired   *sql.Stmt // expired: nil where dropExpired needs no keys

	writing queue
}

// Open checks the database's settings, creates or updates the schema, and
// prepares the statements. The db stays the caller's: it is closed by the
// caller, after the Store.
func Open(ctx context.Context, db *sql.DB, o Options) (*Store, error) {
	p, err := o.resolve()
	if err != nil {
		return nil, err
	}
	if err := p.check(ctx, db, o.InsecureMayForget); err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	if err := ensureSchema(ctx, db, p); err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	s := &Store{}
	if p.oneWriter {
		s.writing = newQueue()
	}
	if err := s.prepare(ctx, db, p); err != nil {
		_ = s.Close() // what it could say, the first error has said
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	return s, nil
}

// EnsureSchema creates the tables or brings them up to date, as [Open] does.
// Of the options it needs those that name the table.
func EnsureSchema(ctx context.Context, db *sql.DB, o Options) error {
	p, err := o.resolve()
	if err != nil {
		return err
	}
	if err := ensureSchema(ctx, db, p); err != nil {
		return fmt.Errorf("sqlstore: ensure schema: %w", err)
	}
	return nil
}

// Close frees the prepared statements. It is called once nothing uses the
// Store any more, and before the database is closed. Those on connections that the
// server has ended are gone already.
func (s *Store) Close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{
		s.load, s.loadLocked, s.create, s.update, s.remove, s.version, s.versionLocked,
		s.page, s.expired, s.dropExpired,
	} {
		if stmt == nil {
			continue
		}
		if err := stmt.Close(); !errors.Is(err, driver.ErrBadConn) {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("sqlstore: close: %w", err)
	}
	return nil
}

func (s *Store) prepare(ctx context.Context, db *sql.DB, p place) error {
	for _, statement := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.load, p.load},
		{&s.loadLocked, p.load + p.lock},
		{&s.create, p.create},
		{&s.update, p.update},
		{&s.remove, p.remove},
		{&s.version, p.version},
		{&s.versionLocked, p.version + p.lock},
		{&s.page, p.page},
		{&s.expired, p.expired},
		{&s.dropExpired, p.dropExpired},
	} {
		if statement.text == "" {
			continue
		}
		stmt, err := db.PrepareContext(ctx, p.named(statement.text)) //nolint:sqlclosecheck // Close does
		if err != nil {
			return err
		}
		*statement.stmt = stmt
	}
	return nil
}
