package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/sqlstore"
)

// data is all that the app keeps: its own tables, in an SQL database or in memory, and
// the library's values, in the same database or in Redis.
type data struct {
	db    *database // accounts, sessions, failures
	store store
	keys  *mfa.KeyRing
	close func() error // of the store
	trail *os.File     // of what the engine did; nil: that is in the program's log
}

// A store is an mfa.Store whose keys can be walked.
type store interface {
	mfa.Store
	mfa.Scanner
}

// openData opens what the app keeps, or makes it on the first start.
func openData(ctx context.Context, c config, now func() time.Time, log *slog.Logger) (*data, error) {
	d := &data{close: func() error { return nil }}
	if err := d.open(ctx, c, now, log); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// open has the key ring first, so that a start that is cut short never leaves data
// without one.
func (d *data) open(ctx context.Context, c config, now func() time.Time, log *slog.Logger) error {
	used, err := d.reach(ctx, c, log)
	if err != nil {
		return err
	}
	if d.keys, err = openKeys(c, used); err != nil {
		return err
	}
	if d.db == nil {
		if err := d.connect(c.tables); err != nil {
			return err
		}
	}
	if err := d.db.migrate(ctx, now()); err != nil {
		return explain(c.tables.name, err)
	}
	if err := d.openStore(ctx, c); err != nil {
		return explain(c.values.name, err)
	}
	d.trail, err = openTrail(c.audit)
	return err
}

// reach connects to what is on servers, and says whether there is data already. A file
// is not opened yet, as that would make it.
func (d *data) reach(ctx context.Context, c config, log *slog.Logger) (used bool, err error) {
	if c.tables.file != "" {
		_, err := os.Stat(c.tables.file)
		used = !errors.Is(err, fs.ErrNotExist)
	}
	if c.tables.server() {
		if err := d.connect(c.tables); err != nil {
			return false, err
		}
		if used, err = d.db.hasData(ctx, d.db.pool); err != nil {
			return false, explain(c.tables.name, err)
		}
	}
	if c.values.redis != nil {
		s, end, err := openRedis(ctx, c.values, log)
		if err != nil {
			return false, explain(c.values.name, err)
		}
		d.store, d.close = s, end
		some, err := hasValues(ctx, d.store)
		if err != nil {
			return false, explain(c.values.name, err)
		}
		used = used || some
	}
	return used, nil
}

func (d *data) connect(p *place) error {
	pool, err := p.connect()
	if err == nil {
		d.db = &database{pool, p.dialect}
	}
	return err
}

// openStore opens the library's values, unless Redis has them.
func (d *data) openStore(ctx context.Context, c config) error {
	switch {
	case d.store != nil:
		return nil
	case c.tables.file == "" && !c.tables.server():
		d.store = memory.New()
		return nil
	}
	s, err := sqlstore.Open(ctx, d.db.pool, sqlstore.Options{Dialect: d.db.values})
	if err != nil {
		return err
	}
	d.store, d.close = s, s.Close
	return nil
}

// Close closes the store, the database and the trail, when nothing uses them any more.
func (d *data) Close() error {
	err := d.close()
	if d.db != nil {
		err = errors.Join(err, d.db.pool.Close())
	}
	if d.trail != nil {
		err = errors.Join(err, d.trail.Close())
	}
	return err
}
