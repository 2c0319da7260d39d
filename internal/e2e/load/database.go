package load

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/sqlstore"

	_ "modernc.org/sqlite" // its driver
)

// A database is a store that a URL named, with a name of its own in there: a
// table, or a prefix of keys. So a run disturbs nobody and leaves nothing.
type database struct {
	store   mfa.Store
	counter *counter
	close   func(context.Context) error
}

func scheme(url string) string {
	name, _, _ := strings.Cut(url, ":")
	return name
}

func open(ctx context.Context, o Options) (*database, error) {
	name := "mfa_load_" + strings.ToLower(rand.Text()[:10])
	switch scheme(o.Store) {
	case "memory":
		s := &counted{Store: memory.New()}
		return &database{store: s, counter: s.counter(), close: func(context.Context) error { return nil }}, nil
	case "sqlite":
		return openSQLite(ctx, o, name)
	case "postgres", "postgresql":
		return openPostgres(ctx, o, name)
	case "mysql":
		return openMySQL(ctx, o, name)
	case "redis", "redis+cluster":
		return openRedis(ctx, o, name)
	}
	return nil, fmt.Errorf("load: no store is known for %q URLs", scheme(o.Store))
}

func openSQLite(ctx context.Context, o Options, name string) (*database, error) {
	dsn := sqlstore.SQLiteDSN(strings.TrimPrefix(o.Store, "sqlite:"))
	return openSQL(ctx, o, "sqlite", dsn, sqlstore.Options{Dialect: sqlstore.SQLite, Table: name}, nil)
}

// openSQL opens a table of its own. Without a counter the store's calls are counted.
func openSQL(ctx context.Context, o Options, driver, dsn string, table sqlstore.Options, count func(context.Context, *sql.DB, string) (*counter, error)) (*database, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, errors.New("load: the store's URL does not parse") // it may hold a password, which the error may repeat
	}
	db.SetMaxOpenConns(o.Connections)
	db.SetMaxIdleConns(o.Connections)
	s, err := sqlstore.Open(ctx, db, table)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load: %w", err), db.Close())
	}
	out := &database{store: s, close: func(ctx context.Context) error {
		err := s.Close()
		for _, t := range []string{table.Table, table.Table + "_schema"} {
			_, dropped := db.ExecContext(ctx, "DROP TABLE "+t)
			err = errors.Join(err, dropped)
		}
		return errors.Join(err, db.Close())
	}}
	if count == nil {
		c := &counted{Store: s}
		out.store, out.counter = c, c.counter()
		return out, nil
	}
	if out.counter, err = count(ctx, db, table.Table); err != nil {
		return nil, errors.Join(err, out.close(context.WithoutCancel(ctx)))
	}
	return out, nil
}
