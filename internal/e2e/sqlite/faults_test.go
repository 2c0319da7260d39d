package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// briefly is a DSN whose connections give up waiting for a lock soon.
func briefly(file string) string {
	return strings.Replace(sqlstore.SQLiteDSN(file), "busy_timeout(3000)", "busy_timeout(20)", 1)
}

// wantFault checks that an operation failed, with an error that says what was
// tried and holds the database's own, and that is no answer about the key.
func wantFault(t *testing.T, operation string, err error, says string) {
	t.Helper()
	switch {
	case err == nil:
		t.Errorf("%s: succeeded", operation)
	case errors.Is(err, mfa.ErrNotFound), errors.Is(err, mfa.ErrConflict):
		t.Errorf("%s: a fault is told as an answer: %v", operation, err)
	case !strings.HasPrefix(err.Error(), "sqlstore: "), !strings.Contains(strings.ToLower(err.Error()), says), errors.Unwrap(err) == nil:
		t.Errorf("%s: error %q does not wrap the database's %q", operation, err, says)
	}
}

// wantVersion checks what is under a key.
func wantVersion(t *testing.T, s mfa.Store, key string, want int64) {
	t.Helper()
	item, err := s.Load(t.Context(), key)
	if err != nil || item.Version != want {
		t.Errorf("%s: version %d, %v; want %d", key, item.Version, err, want)
	}
}

// seeded returns the file of a store that holds user/a of version 1.
func seeded(t *testing.T) string {
	t.Helper()
	file := newFile(t)
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		t.Fatal(err)
	}
	item := mfa.Item{Value: []byte("the value"), Version: 1}
	if err := errors.Join(s.Save(t.Context(), "user/a", 0, item), s.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	return file
}

// writes runs every operation that writes.
func writes(t *testing.T, s mfa.Store, says string) {
	t.Helper()
	wantFault(t, "Save of a new key", s.Save(t.Context(), "user/b", 0, mfa.Item{Version: 2}), says)
	wantFault(t, "Save", s.Save(t.Context(), "user/a", 1, mfa.Item{Version: 2}), says)
	wantFault(t, "Delete", s.Delete(t.Context(), "user/a", 1), says)
}

func TestA94_LockedDatabase(t *testing.T) {
	file := seeded(t)
	s := openStore(t, openDB(t, briefly(file)))
	other, err := openDB(t, sqlstore.SQLiteDSN(file)).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	writes(t, s, "locked")
	wantVersion(t, s, "user/a", 1) // readers are not kept out

	if _, err := other.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), "user/a", 1, mfa.Item{Version: 2}); err != nil {
		t.Errorf("after the lock was released: %v", err)
	}
	wantVersion(t, s, "user/a", 2)
}

// A backup tool or a shell may take the file for itself, readers excluded.
func TestA94_DatabaseLockedForReadersToo(t *testing.T) {
	file := seeded(t)
	owner := openDB(t, sqlstore.SQLiteDSN(file)+"&_pragma=locking_mode(EXCLUSIVE)")
	if _, err := owner.ExecContext(t.Context(), "CREATE TABLE mine (x)"); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, "file:"+file+"?_pragma=busy_timeout(20)")
	_, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
	wantFault(t, "Open", err, "locked")
}

func TestA94_ReadOnlyDatabase(t *testing.T) {
	file := seeded(t)
	s := openStore(t, openDB(t, sqlstore.SQLiteDSN(file)+"&mode=ro"))
	wantVersion(t, s, "user/a", 1)
	writes(t, s, "readonly")
	wantVersion(t, s, "user/a", 1)
	if _, err := s.Load(t.Context(), "user/b"); !errors.Is(err, mfa.ErrNotFound) {
		t.Errorf("a key that could not be created: %v", err)
	}

	empty := newFile(t)
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, "file:"+empty+"?mode=ro&_pragma=busy_timeout(20)")
	_, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite, InsecureMayForget: true})
	wantFault(t, "Open of an empty database", err, "readonly")
}

func TestA94_FullDatabase(t *testing.T) {
	file := newFile(t)
	s := openStore(t, openDB(t, sqlstore.SQLiteDSN(file)+"&_pragma=max_page_count(60)"))
	saved := 0
	var full error
	for full == nil && saved < 1000 {
		item := mfa.Item{Value: make([]byte, 4096), Version: 1}
		if full = s.Save(t.Context(), fmt.Sprintf("user/%d", saved), 0, item); full == nil {
			saved++
		}
	}
	wantFault(t, "Save of a new key", full, "full")
	wantFault(t, "Save of a longer value", s.Save(t.Context(), "user/0", 1, mfa.Item{Value: make([]byte, 1<<16), Version: 2}), "full")
	for i := range saved {
		wantVersion(t, s, fmt.Sprintf("user/%d", i), 1)
	}
	if _, err := s.Load(t.Context(), fmt.Sprintf("user/%d", saved)); !errors.Is(err, mfa.ErrNotFound) {
		t.Errorf("the key that did not fit: %v", err)
	}

	roomy := open(t, file)
	if err := roomy.Save(t.Context(), "user/0", 1, mfa.Item{Value: make([]byte, 1<<16), Version: 2}); err != nil {
		t.Errorf("with room again: %v", err)
	}
	wantVersion(t, s, "user/0", 2)
}

// A damaged index must not make a user look as if they had never enrolled.
func TestA94_CorruptDatabase(t *testing.T) {
	file := seeded(t)
	db := openDB(t, "file:"+file)
	var page, size int64
	err := errors.Join(
		db.QueryRowContext(t.Context(), "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_mfa_items_1'").Scan(&page),
		db.QueryRowContext(t.Context(), "PRAGMA page_size").Scan(&size),
	)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, size), (page-1)*size)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}

	s := open(t, file)
	_, err = s.Load(t.Context(), "user/a")
	wantFault(t, "Load", err, "malformed")
	writes(t, s, "malformed")
}

func TestA94_NotADatabase(t *testing.T) {
	file := newFile(t)
	text := []byte(strings.Repeat("this is a text file\n", 100))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	db := openDB(t, "file:"+file+"?_pragma=busy_timeout(20)")
	_, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
	wantFault(t, "Open", err, "not a database")
	if after, err := os.ReadFile(file); err != nil || string(after) != string(text) {
		t.Errorf("the file was changed (%v)", err)
	}
}

func TestA94_NewerSchema(t *testing.T) {
	file := seeded(t)
	db := openDB(t, sqlstore.SQLiteDSN(file))
	if _, err := db.ExecContext(t.Context(), "UPDATE mfa_items_schema SET version = 2"); err != nil {
		t.Fatal(err)
	}
	before := dump(t, db)
	o := sqlstore.Options{Dialect: sqlstore.SQLite}
	_, openErr := sqlstore.Open(t.Context(), db, o)
	for name, err := range map[string]error{"Open": openErr, "EnsureSchema": sqlstore.EnsureSchema(t.Context(), db, o)} {
		if !errors.Is(err, sqlstore.ErrNewerSchema) || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("%s: %v, want ErrNewerSchema with the version", name, err)
		}
	}
	if after := dump(t, db); after != before {
		t.Errorf("the database was changed from\n%s\nto\n%s", before, after)
	}
}

func TestA94_SchemaWithoutVersion(t *testing.T) {
	for _, statement := range []string{"DELETE FROM mfa_items_schema", "UPDATE mfa_items_schema SET version = 0", "UPDATE mfa_items_schema SET version = -1"} {
		db := openDB(t, sqlstore.SQLiteDSN(seeded(t)))
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		_, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite})
		if err == nil || !strings.Contains(err.Error(), "holds no version") {
			t.Errorf("after %s: %v", statement, err)
		}
	}
}

// A table of that name may be the program's own. It must not be touched.
func TestA94_TableOfAnother(t *testing.T) {
	for _, table := range []string{"accounts", "ACCOUNTS"} {
		db := openDB(t, sqlstore.SQLiteDSN(newFile(t)))
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT)"); err != nil {
			t.Fatal(err)
		}
		before := dump(t, db)
		_, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.SQLite, Table: table})
		wantFault(t, "Open", err, "already exists")
		if after := dump(t, db); after != before {
			t.Errorf("the database was changed from\n%s\nto\n%s", before, after)
		}
	}
}

func TestA94_CancelledOpenLeavesNothing(t *testing.T) {
	db := openDB(t, sqlstore.SQLiteDSN(newFile(t)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.SQLite}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v, want context.Canceled", err)
	}
	if left := dump(t, db); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// dump shows the schema and the recorded versions.
func dump(t *testing.T, db *sql.DB) string {
	t.Helper()
	var b strings.Builder
	for _, query := range []string{
		"SELECT coalesce(group_concat(name || ' ' || coalesce(sql, ''), char(10)), '') FROM sqlite_schema",
		"SELECT count(*) || ' rows of version ' || max(version) FROM mfa_items_schema",
		"SELECT count(*) || ' items' FROM mfa_items",
	} {
		var text string
		if err := db.QueryRowContext(t.Context(), query).Scan(&text); err == nil {
			b.WriteString(text)
		} else if !strings.Contains(err.Error(), "no such table") {
			t.Fatal(err)
		}
	}
	return b.String()
}
