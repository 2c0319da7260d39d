package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// stormFile in the environment makes this test binary the child of
// TestKilledAmidSaves: it saves into that file until it is killed.
const stormFile = "MFA_E2E_SQLITE_STORM"

func TestMain(m *testing.M) {
	if file := os.Getenv(stormFile); file != "" {
		fmt.Fprintln(os.Stderr, storm(file))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const stormUsers = 16

// storm has each user save the next version, and spend one thing, again and
// again. It prints a line for each save once it was acknowledged.
func storm(file string) error {
	ctx := context.Background()
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN(file))
	if err != nil {
		return err
	}
	s, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.SQLite})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for u := range stormUsers {
		go func() { failed <- stormUser(ctx, s, u) }()
	}
	return <-failed
}

func stormUser(ctx context.Context, s mfa.Store, user int) error {
	key := fmt.Sprintf("user/%d", user)
	item, err := s.Load(ctx, key)
	if err != nil && !errors.Is(err, mfa.ErrNotFound) {
		return err
	}
	for n := item.Version; ; n++ {
		spent := fmt.Sprintf("spent/%d-%d", user, n+1)
		switch err := s.Save(ctx, spent, 0, numbered(n+1)); {
		case err == nil:
			fmt.Println(spent, n+1)
		case !errors.Is(err, mfa.ErrConflict): // or a former storm has spent it, and not said so
			return err
		}
		if err := s.Save(ctx, key, n, numbered(n+1)); err != nil {
			return err
		}
		fmt.Println(key, n+1)
	}
}

// numbered is an item of some KiB of which every line tells the version.
func numbered(n int64) mfa.Item {
	return mfa.Item{Value: bytes.Repeat([]byte(fmt.Sprintln(n)), 700), Version: n}
}

// A process that is killed amid its saves has lost none that it was told of.
func TestKilledAmidSaves(t *testing.T) {
	file := newFile(t)
	acknowledged := make(map[string]int64)
	for round := range 4 {
		killAmidSaves(t, file, 200+100*round, acknowledged)

		db := openDB(t, sqlstore.SQLiteDSN(file))
		var integrity string
		if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
			t.Fatalf("round %d: integrity_check: %q, %v", round, integrity, err)
		}
		s := openStore(t, db)
		for key, version := range acknowledged {
			wantAtLeast(t, s, key, version)
		}
	}
}

// killAmidSaves starts a storm, kills it after so many lines, and notes the
// last version that each line told.
func killAmidSaves(t *testing.T, file string, lines int, acknowledged map[string]int64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), stormFile+"="+file)
	var said strings.Builder
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		var key string
		var version int64
		if _, err := fmt.Sscan(scanner.Text(), &key, &version); err != nil {
			t.Errorf("the child printed %q", scanner.Text())
		}
		acknowledged[key] = max(acknowledged[key], version)
		if seen++; seen == lines {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if seen < lines {
		t.Fatalf("the child ended after %d of %d saves: %s", seen, lines, said.String())
	}
}

func wantAtLeast(t *testing.T, s mfa.Store, key string, version int64) {
	t.Helper()
	item, err := s.Load(t.Context(), key)
	switch {
	case err != nil:
		t.Errorf("%s: version %d was acknowledged: %v", key, version, err)
	case item.Version < version:
		t.Errorf("%s: version %d, and %d was acknowledged", key, item.Version, version)
	case !bytes.Equal(item.Value, numbered(item.Version).Value):
		t.Errorf("%s: the value is not that of version %d", key, item.Version)
	}
	if strings.HasPrefix(key, "spent/") {
		if err := s.Save(t.Context(), key, 0, mfa.Item{Version: version}); !errors.Is(err, mfa.ErrConflict) {
			t.Errorf("%s can be spent again: %v", key, err)
		}
	}
}
