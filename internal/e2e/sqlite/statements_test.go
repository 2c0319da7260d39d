package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"

	"modernc.org/sqlite"
)

// counting is the driver of a pool, and counts what goes through.
type counting struct {
	dsn                 string
	prepared, statement atomic.Int64
}

func (c *counting) Driver() driver.Driver { return &sqlite.Driver{} }

func (c *counting) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return countedConn{conn, c}, nil
}

// countedConn shows only what every connection has, so that all statements are
// prepared ones.
type countedConn struct {
	driver.Conn
	count *counting
}

func (c countedConn) Prepare(query string) (driver.Stmt, error) {
	c.count.prepared.Add(1)
	stmt, err := c.Conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	return countedStmt{stmt, c.count}, nil
}

type countedStmt struct {
	driver.Stmt
	count *counting
}

func (s countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.count.statement.Add(1)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.count.statement.Add(1)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

func TestOneStatementEach(t *testing.T) {
	count := &counting{dsn: sqlstore.SQLiteDSN(newFile(t))}
	db := sql.OpenDB(count)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	s := openStore(t, db)
	ctx := t.Context()
	noVisit := func(string, mfa.Item) error { return nil }
	load := func(key string) error {
		_, err := s.Load(ctx, key)
		return err
	}
	for _, tt := range []struct {
		name       string
		run        func() error
		want       error
		statements int64
	}{
		{"Load of an absent key", func() error { return load("user/a") }, mfa.ErrNotFound, 1},
		{"Save of a new key", func() error { return s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}) }, nil, 1},
		{"Save of a key that exists", func() error { return s.Save(ctx, "user/a", 0, mfa.Item{Version: 2}) }, mfa.ErrConflict, 1},
		{"Load", func() error { return load("user/a") }, nil, 1},
		{"Save", func() error { return s.Save(ctx, "user/a", 1, mfa.Item{Version: 3}) }, nil, 1},
		{"Save over a stale version", func() error { return s.Save(ctx, "user/a", 1, mfa.Item{Version: 4}) }, mfa.ErrConflict, 1},
		{"Scan of a page", func() error { return s.Scan(ctx, "", "", noVisit) }, nil, 1},
		{"Delete of a stale version", func() error { return s.Delete(ctx, "user/a", 1) }, mfa.ErrConflict, 2},
		{"Delete", func() error { return s.Delete(ctx, "user/a", 3) }, nil, 1},
		{"Delete of an absent key", func() error { return s.Delete(ctx, "user/a", 3) }, nil, 2},
	} {
		prepared, statements := count.prepared.Load(), count.statement.Load()
		if err := tt.run(); !errors.Is(err, tt.want) || (tt.want == nil && err != nil) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if n := count.statement.Load() - statements; n != tt.statements {
			t.Errorf("%s takes %d statements, want %d", tt.name, n, tt.statements)
		}
		if n := count.prepared.Load() - prepared; n != 0 {
			t.Errorf("%s prepares %d statements again", tt.name, n)
		}
	}
}
