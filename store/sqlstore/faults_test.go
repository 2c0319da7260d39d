package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// errDisk is what the scripted database reports.
var errDisk = errors.New("disk I/O error")

// scripted is a driver whose database answers every statement alike.
type scripted struct {
	rows   [][]driver.Value
	after  error // follows the rows; nil: their end
	exec   error // of a statement that writes
	result driver.Result
}

func (s *scripted) Connect(context.Context) (driver.Conn, error) { return s, nil }
func (s *scripted) Driver() driver.Driver                        { return nil }
func (s *scripted) Prepare(string) (driver.Stmt, error)          { return s, nil }
func (s *scripted) Begin() (driver.Tx, error)                    { return nil, errDisk }
func (s *scripted) Close() error                                 { return nil }
func (s *scripted) NumInput() int                                { return -1 }
func (s *scripted) Exec([]driver.Value) (driver.Result, error)   { return s.result, s.exec }
func (s *scripted) Query([]driver.Value) (driver.Rows, error) {
	return &scriptedRows{script: s}, nil
}

type scriptedRows struct {
	script *scripted
	next   int
}

func (r *scriptedRows) Columns() []string {
	if len(r.script.rows) == 0 {
		return []string{"none"}
	}
	return make([]string, len(r.script.rows[0]))
}
func (r *scriptedRows) Close() error { return nil }
func (r *scriptedRows) Next(dest []driver.Value) error {
	if r.next == len(r.script.rows) {
		if r.script.after != nil {
			return r.script.after
		}
		return io.EOF
	}
	copy(dest, r.script.rows[r.next])
	r.next++
	return nil
}

// noCount is the result of a driver that cannot tell how many rows changed.
type noCount struct{}

func (noCount) LastInsertId() (int64, error) { return 0, errDisk }
func (noCount) RowsAffected() (int64, error) { return 0, errDisk }

// over returns a store over the scripted database.
func over(t *testing.T, script *scripted) *Store {
	t.Helper()
	return overAs(t, &sqlite, script)
}

// overAs is over, by the statements of a dialect.
func overAs(t *testing.T, d *dialect, script *scripted) *Store {
	t.Helper()
	db := sql.OpenDB(script)
	t.Cleanup(func() { db.Close() })
	s := &Store{writing: newQueue()}
	if err := s.prepare(t.Context(), db, place{dialect: d, table: "items"}); err != nil {
		t.Fatal(err)
	}
	return s
}

// A fault is never an answer: neither "absent", which lets an enrolled user in
// unasked, nor "conflict", which has the caller try again as if nothing had
// been written.
func TestFaultsAreNoAnswers(t *testing.T) {
	item := mfa.Item{Version: 2}
	visit := func(string, mfa.Item) error { return nil }
	row := []driver.Value{[]byte("user/a"), []byte("value"), int64(1), nil}
	tests := []struct {
		name   string
		script scripted
		run    func(ctx context.Context, s *Store) error
	}{
		{"Load, read fails", scripted{after: errDisk}, func(ctx context.Context, s *Store) error {
			_, err := s.Load(ctx, "user/a")
			return err
		}},
		{"Save of a new key, write fails", scripted{exec: errDisk}, func(ctx context.Context, s *Store) error { return s.Save(ctx, "user/a", 0, item) }},
		{"Save, write fails", scripted{exec: errDisk}, func(ctx context.Context, s *Store) error { return s.Save(ctx, "user/a", 1, item) }},
		{"Save, rows are not counted", scripted{result: noCount{}}, func(ctx context.Context, s *Store) error { return s.Save(ctx, "user/a", 1, item) }},
		{"Delete, write fails", scripted{exec: errDisk}, func(ctx context.Context, s *Store) error { return s.Delete(ctx, "user/a", 1) }},
		{"Delete, look afterwards fails", scripted{result: driver.RowsAffected(0), after: errDisk}, func(ctx context.Context, s *Store) error { return s.Delete(ctx, "user/a", 1) }},
		{"Scan, read fails amid a page", scripted{rows: [][]driver.Value{row}, after: errDisk}, func(ctx context.Context, s *Store) error { return s.Scan(ctx, "", "", visit) }},
		{"DropExpired, write fails", scripted{rows: [][]driver.Value{{[]byte("flow/a")}}, exec: errDisk}, func(ctx context.Context, s *Store) error {
			_, err := s.DropExpired(ctx, time.Unix(1, 0))
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, d := range dialects {
				err := tt.run(t.Context(), overAs(t, d, &tt.script))
				if !errors.Is(err, errDisk) || !strings.HasPrefix(err.Error(), "sqlstore: ") {
					t.Errorf("%s: %v, want the database's error wrapped", name, err)
				}
				if errors.Is(err, mfa.ErrNotFound) || errors.Is(err, mfa.ErrConflict) {
					t.Errorf("%s: %v is told as an answer", name, err)
				}
			}
		})
	}
}

// The keys of what expired are read apart on MySQL.
func TestExpiredKeysThatCannotBeRead(t *testing.T) {
	s := overAs(t, &mysql, &scripted{rows: [][]driver.Value{{[]byte("flow/a")}}, after: errDisk, result: driver.RowsAffected(1)})
	if n, err := s.DropExpired(t.Context(), time.Unix(1, 0)); n != 0 || !errors.Is(err, errDisk) {
		t.Errorf("DropExpired = %d, %v; want nothing dropped by half of the keys", n, err)
	}
}

// Who waits behind a slow write leaves when the request ends, and has written
// nothing.
func TestWaitingHeedsItsContext(t *testing.T) {
	s := over(t, &scripted{exec: errDisk})
	if err := s.writing.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { left <- s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}) }()
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) || errors.Is(err, errDisk) {
		t.Errorf("Save: %v, want context.Canceled and no statement", err)
	}
	s.writing.leave()
	if err := s.Save(t.Context(), "user/a", 0, mfa.Item{Version: 1}); !errors.Is(err, errDisk) {
		t.Errorf("the next Save: %v, want it to reach the database", err)
	}
}
