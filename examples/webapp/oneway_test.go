package main

import (
	"database/sql"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// What lets people in stands in one place each: not in the routes, of which one would
// be forgotten.
func TestA52_SessionsAreMadeInOnePlace(t *testing.T) {
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for code, place := range map[string]string{
		".SignIn(":                     "signin.go", // the engine's
		"grant{f":                      "mint.go",   // from a flow
		"grant{s":                      "mint.go",   // from a session
		"sessions.create(":             "mint.go",
		"INSERT INTO webapp_sessions ": "sessions.go",
		"a.handOver(":                  "mint.go",
		"UPDATE webapp_sessions":       "",
	} {
		found := map[string]bool{}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(name, "_test.go") && strings.Contains(string(text), code) {
				found[name] = true
			}
		}
		if in := strings.Join(slices.Sorted(maps.Keys(found)), " "); in != place {
			t.Errorf("%s is in %q, and not in %q alone", code, in, place)
		}
	}
}

// Data of the first version is there after the upgrade, which comes once.
func TestTablesOfTheFirstVersionAreUpgraded(t *testing.T) {
	t.Parallel()
	db := openFile(t, filepath.Join(t.TempDir(), "webapp.db"))
	own := &database{db, &sqliteDialect}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(sqliteDialect.metaTable)
	exec(sqliteDialect.schemas[0])
	exec(`INSERT INTO webapp_meta VALUES ('schema', '1')`)
	exec(`INSERT INTO webapp_accounts VALUES ('1', 'ada@example.org', '+4740612345', 'hash', 1000)`)
	exec(`INSERT INTO webapp_sessions VALUES (?, '1', '{"user":"1","app":"web"}', ?)`, tokenKey("id"), time.Now().Add(time.Hour).UnixMilli())
	for range 2 {
		if err := own.migrate(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	in, err := sessions{own, time.Now}.find(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	acc := in.Account
	if acc.ID != "1" || acc.Email != ada || acc.Phone != "+4740612345" || acc.Password != "hash" || acc.Created.Unix() != 1 ||
		acc.EmailVerified || acc.Kind != "" || acc.Rank != ordinary || len(acc.Attributes) != 0 {
		t.Errorf("account %+v", acc)
	}
	if err := db.QueryRow(`SELECT id FROM webapp_links`).Scan(new(string)); err != sql.ErrNoRows {
		t.Error(err)
	}
	exec(`UPDATE webapp_meta SET value = 'one' WHERE name = 'schema'`)
	if err := own.migrate(t.Context(), time.Now()); err == nil {
		t.Error("a version that is none was taken")
	}
}

func TestExpiredLinksAreSwept(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.send("POST", "/magic", object{"email": ada})
	b.send("POST", "/dev/invite", object{"email": ada})
	count := func() (n int) {
		if err := s.app.db.QueryRowContext(s.t.Context(), `SELECT count(*) FROM webapp_links`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		wait time.Duration
		left int
	}{{0, 2}, {15 * time.Minute, 1}, {7 * 24 * time.Hour, 0}} {
		s.advance(step.wait)
		if err := s.app.db.sweep(t.Context(), s.app.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != step.left {
			t.Errorf("after %v: %d links", step.wait, n)
		}
	}
}
