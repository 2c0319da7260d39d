package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
)

// A fakeDB is a database that knows no SQL: it answers as it is told, and tells what
// it was asked. It is for what this package makes of answers that real databases give
// rarely. That they understand the statements is for package internal/e2e to show.
type fakeDB struct {
	*sql.DB

	mu      sync.Mutex
	replies []*reply
	dials   []error // of the next connections; nil and none: one is made
	ran     []ran
	conns   int // that were made, by which they are numbered

	open, prepared int // connections and statements that are not closed
}

// A reply is what a statement is answered. The first one that fits counts.
type reply struct {
	to    string // is in the statement; in a preparation, "PREPARE " stands before it
	times int    // how often; 0: always
	used  int

	rows     [][]driver.Value
	affected int64
	err      error  // instead of an answer
	after    error  // follows the rows; nil: their end
	do       func() // called before the answer
}

// ran is a statement that came.
type ran struct {
	conn int
	text string
	args []any
}

func (r ran) String() string { return fmt.Sprintf("%d: %s", r.conn, r.text) }

func newFakeDB(t *testing.T, replies ...*reply) *fakeDB {
	t.Helper()
	f := &fakeDB{replies: replies}
	f.DB = sql.OpenDB(f)
	t.Cleanup(func() { _ = f.DB.Close() })
	return f
}

// inFront has replies looked at before all others.
func (f *fakeDB) inFront(replies ...*reply) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replies = append(replies, f.replies...)
}

// statements returns what has come since it was last asked.
func (f *fakeDB) statements() []ran {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.ran
	f.ran = nil
	return all
}

// wantRan holds what has come against a part of each statement, in order, on one
// connection.
func (f *fakeDB) wantRan(t *testing.T, parts ...string) {
	t.Helper()
	all := f.statements()
	fits := len(all) == len(parts)
	for i := 0; fits && i < len(all); i++ {
		fits = strings.Contains(all[i].text, parts[i]) && all[i].conn == all[0].conn
	}
	if !fits {
		t.Errorf("ran %q, want those with %q, on one connection", all, parts)
	}
}

// wantOpen holds how many connections are open against a number.
func (f *fakeDB) wantOpen(t *testing.T, want int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open != want {
		t.Errorf("%d connections are open, want %d", f.open, want)
	}
}

func (f *fakeDB) answer(conn int, text string, args []any) (reply, error) {
	f.mu.Lock()
	if !strings.HasPrefix(text, "PREPARE ") {
		f.ran = append(f.ran, ran{conn, text, args})
	}
	var r reply
	for _, candidate := range f.replies {
		if strings.Contains(text, candidate.to) && (candidate.times == 0 || candidate.used < candidate.times) {
			candidate.used++
			r = *candidate
			break
		}
	}
	f.mu.Unlock()
	if r.do != nil {
		r.do()
	}
	return r, r.err
}

func (f *fakeDB) Connect(context.Context) (driver.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.dials) > 0 {
		err := f.dials[0]
		f.dials = f.dials[1:]
		if err != nil {
			return nil, err
		}
	}
	f.conns++
	f.open++
	return &fakeConn{f, f.conns}, nil
}

func (f *fakeDB) count(n *int, by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*n += by
}

func (f *fakeDB) Driver() driver.Driver { return nil }

type fakeConn struct {
	db     *fakeDB
	number int
}

func (c *fakeConn) Prepare(text string) (driver.Stmt, error) {
	if _, err := c.db.answer(c.number, "PREPARE "+text, nil); err != nil {
		return nil, err
	}
	c.db.count(&c.db.prepared, 1)
	return &fakeStmt{c, text}, nil
}

func (c *fakeConn) Close() error {
	c.db.count(&c.db.open, -1)
	return nil
}

func (c *fakeConn) Begin() (driver.Tx, error) {
	_, err := c.db.answer(c.number, "HOST BEGIN", nil)
	return c, err
}

func (c *fakeConn) Commit() error {
	_, err := c.db.answer(c.number, "HOST COMMIT", nil)
	return err
}

func (c *fakeConn) Rollback() error {
	_, err := c.db.answer(c.number, "HOST ROLLBACK", nil)
	return err
}

func (c *fakeConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if err := ctx.Err(); err != nil { // which database/sql leaves to drivers
		return nil, err
	}
	r, err := c.db.answer(c.number, text, plain(args))
	return driver.RowsAffected(r.affected), err
}

func (c *fakeConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := c.db.answer(c.number, text, plain(args))
	return &fakeRows{r, 0}, err
}

func plain(args []driver.NamedValue) (values []any) {
	for _, a := range args {
		values = append(values, a.Value)
	}
	return values
}

type fakeStmt struct {
	conn *fakeConn
	text string
}

func (s *fakeStmt) NumInput() int { return -1 }

func (s *fakeStmt) Close() error {
	s.conn.db.count(&s.conn.db.prepared, -1)
	return nil
}

func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, driver.ErrSkip }

func (s *fakeStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.text, args)
}

func (s *fakeStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.text, args)
}

type fakeRows struct {
	reply reply
	next  int
}

func (r *fakeRows) Columns() []string {
	if len(r.reply.rows) == 0 {
		return []string{"none"}
	}
	return make([]string, len(r.reply.rows[0]))
}

func (r *fakeRows) Close() error { return nil }

func (r *fakeRows) Next(dest []driver.Value) error {
	if r.next == len(r.reply.rows) {
		if r.reply.after != nil {
			return r.reply.after
		}
		return io.EOF
	}
	copy(dest, r.reply.rows[r.next])
	r.next++
	return nil
}

// one is an answer of one row with one column.
func one(value any) [][]driver.Value { return [][]driver.Value{{value}} }

// goodSettings answers what Open asks of each dialect's settings.
func goodSettings() []*reply {
	return []*reply{
		{to: "pg_is_in_recovery", rows: [][]driver.Value{{false, "off", "on", "on", ""}}},
		{to: "SHOW SESSION VARIABLES", rows: [][]driver.Value{{"autocommit", "ON"}}},
		{to: "PRAGMA journal_mode", rows: one("wal")},
		{to: "PRAGMA synchronous", rows: one(int64(2))},
		{to: "PRAGMA busy_timeout", rows: one(int64(3000))},
		{to: "GET_LOCK", rows: one(int64(1))},
	}
}

// newEmpty is a database in which the table is not yet.
func newEmpty(t *testing.T) *fakeDB {
	return newFakeDB(t, append(goodSettings(), &reply{to: "SELECT count(*)", rows: one(int64(0))})...)
}

// newReady is one in which it is, of the version.
func newReady(t *testing.T, version int64) *fakeDB {
	return newFakeDB(t, append(goodSettings(),
		&reply{to: "SELECT count(*)", rows: one(int64(1))},
		&reply{to: "SELECT version FROM", rows: one(version)})...)
}

// openFake opens a store over a database, and forgets what that took.
func openFake(t *testing.T, f *fakeDB, d Dialect) *Store {
	t.Helper()
	s, err := Open(t.Context(), f.DB, Options{Dialect: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	f.statements()
	return s
}
