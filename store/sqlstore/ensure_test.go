package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// made are parts of the statements that make the schema, by dialect.
var made = map[Dialect][]string{
	PostgreSQL: {`CREATE TABLE "mfa_items"`, "ALTER TABLE", "CREATE INDEX", `CREATE TABLE "mfa_items_schema"`, `INSERT INTO "mfa_items_schema"`},
	MySQL:      {"CREATE TABLE IF NOT EXISTS `mfa_items`", "CREATE TABLE IF NOT EXISTS `mfa_items_schema`", "INSERT INTO `mfa_items_schema`"},
	SQLite:     {`CREATE TABLE "mfa_items"`, "CREATE INDEX", `CREATE TABLE "mfa_items_schema"`, `INSERT INTO "mfa_items_schema"`},
}

// lockedBy are those that keep others out, and let them in again.
var lockedBy = map[Dialect]struct{ take, drop, release []string }{
	PostgreSQL: {[]string{"BEGIN", "SET LOCAL", "pg_advisory_xact_lock"}, []string{"ROLLBACK"}, []string{"COMMIT"}},
	MySQL:      {[]string{"GET_LOCK"}, []string{"RELEASE_LOCK"}, []string{"RELEASE_LOCK"}},
	SQLite:     {[]string{"BEGIN IMMEDIATE"}, []string{"ROLLBACK"}, []string{"COMMIT"}},
}

func ensure(ctx context.Context, f *fakeDB, d Dialect) error {
	return EnsureSchema(ctx, f.DB, Options{Dialect: d})
}

func TestTheSchemaIsMadeUnderALock(t *testing.T) {
	for d, lock := range lockedBy {
		f := newEmpty(t)
		if err := ensure(t.Context(), f, d); err != nil {
			t.Errorf("%s: %v", d, err)
		}
		look := []string{"SELECT count(*)"}
		if d == MySQL {
			look = append(look, "information_schema.columns")
		}
		f.wantRan(t, slices.Concat(look[:1], lock.take, look, made[d], lock.release)...)
		f.wantOpen(t, 1)
	}
}

// A program whose role may not create tables, or take locks, starts where they are.
func TestASchemaThatIsThereIsOnlyRead(t *testing.T) {
	for d := range lockedBy {
		f := newReady(t, 1)
		if err := ensure(t.Context(), f, d); err != nil {
			t.Errorf("%s: %v", d, err)
		}
		f.wantRan(t, "SELECT count(*)", "SELECT version")
	}
}

// Of two that find no schema, the second finds the first one's under the lock.
func TestAnotherProcessWasFirst(t *testing.T) {
	for d, lock := range lockedBy {
		f := newReady(t, 1)
		f.inFront(&reply{to: "SELECT count(*)", times: 1, rows: one(int64(0))})
		if err := ensure(t.Context(), f, d); err != nil {
			t.Errorf("%s: %v", d, err)
		}
		f.wantRan(t, slices.Concat([]string{"SELECT count(*)"}, lock.take, []string{"SELECT count(*)", "SELECT version"}, lock.release)...)
	}
}

// A program of yesterday that is started once more leaves today's tables as they are,
// also if they came while it waited for the lock.
func TestANewerSchemaIsLeftAlone(t *testing.T) {
	for d, lock := range lockedBy {
		f := newReady(t, 2)
		if err := ensure(t.Context(), f, d); !errors.Is(err, ErrNewerSchema) {
			t.Errorf("%s: %v, want ErrNewerSchema", d, err)
		}
		f.wantRan(t, "SELECT count(*)", "SELECT version")
		f.inFront(&reply{to: "SELECT count(*)", times: 1, rows: one(int64(0))})
		if err := ensure(t.Context(), f, d); !errors.Is(err, ErrNewerSchema) {
			t.Errorf("%s, meanwhile: %v, want ErrNewerSchema", d, err)
		}
		f.wantRan(t, slices.Concat([]string{"SELECT count(*)"}, lock.take, []string{"SELECT count(*)", "SELECT version"}, lock.drop)...)
	}
}

// MySQL's steps take a table that is there for one of an earlier, interrupted run.
func TestAnothersTableIsLeftAlone(t *testing.T) {
	f := newEmpty(t)
	f.inFront(&reply{to: "information_schema.columns", rows: one(int64(1))})
	if err := ensure(t.Context(), f, MySQL); err == nil || !strings.Contains(err.Error(), "table mfa_items already exists, and is not of this package") {
		t.Errorf("%v", err)
	}
	f.wantRan(t, "SELECT count(*)", "GET_LOCK", "information_schema.tables", "information_schema.columns", "RELEASE_LOCK")
}

// Where the steps are one transaction, a table for the version that holds none is not
// of this package. On MySQL somebody has begun and not come to the end.
func TestARecordWithoutAVersion(t *testing.T) {
	for d, lock := range lockedBy {
		f := newReady(t, 0)
		if err := ensure(t.Context(), f, d); err == nil || !strings.Contains(err.Error(), "table mfa_items_schema holds no version") {
			t.Errorf("%s, version 0: %v", d, err)
		}
		f.wantRan(t, "SELECT count(*)", "SELECT version")

		f.inFront(&reply{to: "SELECT version FROM"}, &reply{to: "information_schema.columns", rows: one(int64(0))})
		err := ensure(t.Context(), f, d)
		if d != MySQL {
			if err == nil || !strings.Contains(err.Error(), "table mfa_items_schema holds no version") {
				t.Errorf("%s: %v", d, err)
			}
			f.wantRan(t, "SELECT count(*)", "SELECT version")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v, want it made", d, err)
		}
		f.wantRan(t, slices.Concat([]string{"SELECT count(*)", "SELECT version"}, lock.take,
			[]string{"SELECT count(*)", "SELECT version", "information_schema.columns"}, made[d], lock.release)...)
	}
}

// Wherever it stops, nothing is committed, nobody is kept out any more, and the error
// is the database's.
func TestASchemaThatCannotBeMade(t *testing.T) {
	for d, lock := range lockedBy {
		for _, part := range slices.Concat(lock.take, made[d], []string{"COMMIT", "SELECT version", "information_schema.columns"}) {
			if d == MySQL && (part == "COMMIT" || part == "GET_LOCK") || d != MySQL && part == "information_schema.columns" {
				continue
			}
			t.Run(fmt.Sprintf("%s, %s", d, part), func(t *testing.T) {
				f := newEmpty(t)
				first := one(int64(0))
				f.inFront(&reply{to: part, err: errDisk}, &reply{to: "SELECT count(*)", times: 1, rows: first})
				if part == "SELECT version" {
					f.inFront(&reply{to: "SELECT count(*)", times: 1, rows: first}, &reply{to: "SELECT count(*)", rows: one(int64(1))})
				}
				err := ensure(t.Context(), f, d)
				if !errors.Is(err, errDisk) || !strings.HasPrefix(err.Error(), "sqlstore: ensure schema: ") {
					t.Errorf("%v, want the database's error", err)
				}
				all := f.statements()
				if last := all[len(all)-1].text; !strings.Contains(last, lock.drop[0]) {
					t.Errorf("it ends with %q, want %q", last, lock.drop[0])
				}
				if failed := all[len(all)-2].text; !strings.Contains(failed, part) {
					t.Errorf("%q came after what failed", failed)
				}
				f.wantOpen(t, 1)
			})
		}
	}
}

func TestASchemaThatCannotBeLookedFor(t *testing.T) {
	for d := range lockedBy {
		for _, part := range []string{"SELECT count(*)", "SELECT version"} {
			f := newReady(t, 1)
			f.inFront(&reply{to: part, after: errDisk})
			if err := ensure(t.Context(), f, d); !errors.Is(err, errDisk) {
				t.Errorf("%s, %s: %v, want the database's error", d, part, err)
			}
			if all := f.statements(); !strings.Contains(all[len(all)-1].text, part) {
				t.Errorf("%s: %q came after what failed", d, all[len(all)-1].text)
			}
		}
		f := newEmpty(t)
		f.dials = []error{nil}
		f.inFront(&reply{to: "SELECT count(*)", times: 1, rows: one(int64(0)), do: func() {
			f.SetMaxIdleConns(-1) // so that the lock needs a connection of its own
			f.mu.Lock()
			f.dials = []error{errDisk}
			f.mu.Unlock()
		}})
		if err := ensure(t.Context(), f, d); !errors.Is(err, errDisk) {
			t.Errorf("%s, no connection: %v, want the driver's error", d, err)
		}
		f.wantRan(t, "SELECT count(*)")
	}
}

// A connection that may hold the lock still, as nobody could tell it to let go, is
// closed: with it the lock goes, and the next Open, of whichever process, does not wait for ever.
func TestALockIsNotLeftInThePool(t *testing.T) {
	for d, lock := range lockedBy {
		f := newEmpty(t)
		f.inFront(&reply{to: lock.drop[0], err: errDisk}, &reply{to: made[d][0], err: &withMethod{"42501"}})
		err := ensure(t.Context(), f, d)
		if got := sqlState(err); got != "42501" || errors.Is(err, errDisk) {
			t.Errorf("%s: %v, want what went wrong first", d, err)
		}
		f.wantOpen(t, 0)
	}
	// The server may have granted what its answer got lost of.
	f := newEmpty(t)
	f.inFront(&reply{to: "GET_LOCK", after: errDisk})
	if err := ensure(t.Context(), f, MySQL); !errors.Is(err, errDisk) {
		t.Errorf("%v, want the database's error", err)
	}
	f.wantRan(t, "SELECT count(*)", "GET_LOCK")
	f.wantOpen(t, 0)
}

// A start that is broken off lets the next one in, although its context has ended.
func TestAContextThatEndsLetsOthersIn(t *testing.T) {
	for d, lock := range lockedBy {
		ctx, cancel := context.WithCancel(t.Context())
		f := newEmpty(t)
		f.inFront(&reply{to: made[d][0], do: cancel})
		if err := ensure(ctx, f, d); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", d, err)
		}
		all := f.statements()
		if last := all[len(all)-1].text; !strings.Contains(last, lock.drop[0]) {
			t.Errorf("%s: it ends with %q, want %q", d, last, lock.drop[0])
		}
		cancel()
	}
}

// MySQL answers 0 after two seconds without the lock, and NULL where it gives none.
func TestMySQLsLock(t *testing.T) {
	f := newEmpty(t)
	f.inFront(&reply{to: "GET_LOCK", times: 2, rows: one(int64(0))})
	if err := ensure(t.Context(), f, MySQL); err != nil {
		t.Error(err)
	}
	f.wantRan(t, slices.Concat([]string{"SELECT count(*)", "GET_LOCK", "GET_LOCK", "GET_LOCK", "information_schema.tables", "information_schema.columns"},
		made[MySQL], []string{"RELEASE_LOCK"})...)

	f = newEmpty(t)
	f.inFront(&reply{to: "GET_LOCK", rows: one(nil)})
	if err := ensure(t.Context(), f, MySQL); err == nil || !strings.Contains(err.Error(), "the server has refused") {
		t.Errorf("%v, want a refusal", err)
	}
	f.wantRan(t, "SELECT count(*)", "GET_LOCK")
}

// What a migration tool is given are the statements that EnsureSchema runs.
func TestSchemaSQL(t *testing.T) {
	for d := range lockedBy {
		text, err := Schema(d, 1)
		if err != nil {
			t.Fatal(err)
		}
		statements := strings.SplitAfter(text, ";\n")
		if n := len(made[d]); len(statements) != n+1 || statements[n] != "" {
			t.Fatalf("%s: %d statements, want %d, each ended", d, len(statements)-1, n)
		}
		for i, part := range made[d] {
			if !strings.Contains(statements[i], part) || strings.Count(statements[i], ";") != 1 {
				t.Errorf("%s: %q, want one statement with %q", d, statements[i], part)
			}
		}
		for _, version := range []int{-1, 0, 2} {
			if _, err := Schema(d, version); !errors.Is(err, ErrOptions) {
				t.Errorf("%s, version %d: %v, want ErrOptions", d, version, err)
			}
		}
	}
	if _, err := Schema("dbase", 1); !errors.Is(err, ErrOptions) {
		t.Errorf("%v, want ErrOptions", err)
	}
}
