package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/sqlstore"
)

// data is all that the app keeps: its own tables and the library's values, in
// one SQLite file or in memory.
type data struct {
	db    *sql.DB // accounts, sessions, failures
	store store
	keys  *mfa.KeyRing
	close func() error // of the store
	trail *os.File     // of what the engine did; nil: that is in the program's log
}

// A store is an mfa.Store that can be told of what has expired.
type store interface {
	mfa.Store
	DropExpired(ctx context.Context, before time.Time) (int, error)
}

// openData opens what the app keeps, or makes it on the first start: the key
// ring first, so that a start that is cut short never leaves data without one.
func openData(ctx context.Context, c config, now func() time.Time) (*data, error) {
	keys, err := openKeys(c.keys, c.file)
	if err != nil {
		return nil, err
	}
	db, err := openDB(c.file)
	if err != nil {
		return nil, err
	}
	d := &data{db: db, keys: keys, close: func() error { return nil }}
	err = migrate(ctx, db, now())
	if err == nil {
		err = d.openStore(ctx, c.file)
	}
	if err != nil {
		return nil, errors.Join(explain(c.file, err), db.Close())
	}
	if d.trail, err = openTrail(c.audit); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// openStore opens the library's values, which stand in the app's own database.
func (d *data) openStore(ctx context.Context, file string) error {
	if file == "" {
		d.store = memory.New()
		return nil
	}
	s, err := sqlstore.Open(ctx, d.db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		return err
	}
	d.store, d.close = s, s.Close
	return nil
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

// sweep drops what has expired. Nothing depends on it but the space that is
// used.
func (d *data) sweep(ctx context.Context, now time.Time) error {
	_, err := d.store.DropExpired(ctx, now)
	return errors.Join(err, sweep(ctx, d.db, now))
}

// Close closes the store, the database and the trail, when nothing uses them any more.
func (d *data) Close() error {
	err := errors.Join(d.close(), d.db.Close())
	if d.trail != nil {
		err = errors.Join(err, d.trail.Close())
	}
	return err
}
