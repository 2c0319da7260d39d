package sqlstore

import (
	"context"
	"database/sql/driver"
	"fmt"
	"testing"
)

// withMethod is an error as drivers of PostgreSQL have it.
type withMethod struct{ code string }

func (e *withMethod) Error() string    { return "refused" }
func (e *withMethod) SQLState() string { return e.code }

// withField is an error as go-sql-driver/mysql has it.
type withField struct {
	Number   uint16
	SQLState [5]byte
}

func (e *withField) Error() string { return "refused" }

// withOther has a field of that name that means something else.
type withOther struct{ SQLState string }

func (e withOther) Error() string { return "refused" }

// withHidden has one that cannot be read.
type withHidden struct{ sqlState [5]byte }

func (e *withHidden) Error() string { return string(e.sqlState[:]) }

func TestSQLState(t *testing.T) {
	deadlock := &withField{1213, [5]byte([]byte("40001"))}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errDisk, ""},
		{&withMethod{"40P01"}, "40P01"},
		{fmt.Errorf("save: %w", &withMethod{"40001"}), "40001"},
		{deadlock, "40001"},
		{fmt.Errorf("save: %w", deadlock), "40001"},
		{(*withField)(nil), ""},
		{withOther{"40001"}, ""},
		{&withHidden{[5]byte([]byte("40001"))}, ""},
		{context.Canceled, ""},
	} {
		if got := sqlState(tt.err); got != tt.want {
			t.Errorf("%T: %q, want %q", tt.err, got, tt.want)
		}
	}
}

// counted returns an error a few times.
type counted struct {
	err   error
	times int
	tries int
}

func (c *counted) run() error {
	if c.tries++; c.tries <= c.times {
		return c.err
	}
	return nil
}

// Only what was certainly undone is run again by itself. Whoever repeats a write that
// may have happened tells its own version as somebody else's.
func TestRetries(t *testing.T) {
	live, cancel := context.WithCancel(t.Context())
	ended, end := context.WithCancel(t.Context())
	defer cancel()
	end()
	for _, tt := range []struct {
		name  string
		ctx   context.Context
		f     counted
		tries int
		fails bool
	}{
		{"success", live, counted{nil, 0, 0}, 1, false},
		{"deadlock of PostgreSQL", live, counted{&withMethod{"40P01"}, 2, 0}, 3, false},
		{"deadlock of MySQL", live, counted{&withField{1213, [5]byte([]byte("40001"))}, 1, 0}, 2, false},
		{"serialization failures without end", live, counted{&withMethod{"40001"}, 1000, 0}, statementTries, true},
		{"not known whether it was done", live, counted{&withMethod{"40003"}, 1, 0}, 1, true},
		{"connection lost", live, counted{&withMethod{"08006"}, 1, 0}, 1, true},
		{"bad connection", live, counted{driver.ErrBadConn, 1, 0}, 1, true},
		{"lock wait", live, counted{&withField{1205, [5]byte([]byte("HY000"))}, 1, 0}, 1, true},
		{"no code", live, counted{errDisk, 1, 0}, 1, true},
		{"nobody waits any more", ended, counted{&withMethod{"40001"}, 1, 0}, 1, true},
	} {
		err := retried(tt.ctx, tt.f.run)
		if tt.f.tries != tt.tries || (err != nil) != tt.fails {
			t.Errorf("%s: %d tries, %v; want %d, failing %v", tt.name, tt.f.tries, err, tt.tries, tt.fails)
		}
	}
}
