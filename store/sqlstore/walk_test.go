package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// pageOf is an answer to a walk: n items, whose keys follow user/ in order.
func pageOf(first, n int) (rows [][]driver.Value) {
	for i := range n {
		rows = append(rows, []driver.Value{fmt.Appendf(nil, "user/%03d", first+i), []byte("value"), int64(i + 1), nil})
	}
	return rows
}

// A walk goes on behind the last key that it has seen, until a page is not full.
func TestAWalkGoesByPages(t *testing.T) {
	for d := range dialects {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		f.inFront(
			&reply{to: "ORDER BY", times: 1, rows: pageOf(0, scanPage)},
			&reply{to: "ORDER BY", times: 1, rows: pageOf(scanPage, 3)})
		var keys []string
		err := s.Scan(t.Context(), "user/", "", func(key string, item mfa.Item) error {
			if string(item.Value) != "value" || item.Version == 0 {
				t.Errorf("%s: %s is %v", d, key, item)
			}
			keys = append(keys, key)
			return nil
		})
		if err != nil || len(keys) != scanPage+3 || !slices.IsSorted(keys) {
			t.Errorf("%s: visited %q, %v", d, keys, err)
		}
		all := f.statements()
		if len(all) != 2 {
			t.Fatalf("%s: ran %q, want two pages", d, all)
		}
		for i, from := range []string{"user/", "user/063\x00"} {
			if got, to := all[i].args[0].([]byte), all[i].args[1].([]byte); string(got) != from || string(to) != "user0" {
				t.Errorf("%s, page %d: from %q to %q, want from %q", d, i, got, to, from)
			}
		}
	}
}

// The visitor's error is the walk's, as it is, and ends it; so does the context's end.
func TestAWalkEnds(t *testing.T) {
	f := newReady(t, 1)
	s := openFake(t, f, PostgreSQL)
	f.inFront(&reply{to: "ORDER BY", rows: pageOf(0, scanPage)})
	visited := 0
	enough := errors.New("enough")
	if err := s.Scan(t.Context(), "", "", func(string, mfa.Item) error { visited++; return enough }); err != enough || visited != 1 {
		t.Errorf("%v after %d items, want the visitor's error after one", err, visited)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	visited = 0
	if err := s.Scan(ctx, "", "", func(string, mfa.Item) error { visited++; cancel(); return nil }); !errors.Is(err, context.Canceled) || visited != 1 {
		t.Errorf("%v after %d items, want context.Canceled after one", err, visited)
	}
	f.inFront(&reply{to: "ORDER BY", rows: rowOf([]byte("user/a"), []byte("value"), "seven", nil)})
	if err := s.Scan(t.Context(), "", "", func(string, mfa.Item) error { visited++; return nil }); err == nil || visited != 1 {
		t.Errorf("%v: a row that cannot be read was passed over", err)
	}
}

// Expired items go by pages, until one is not full.
func TestDropExpiredGoesByPages(t *testing.T) {
	for _, d := range []Dialect{PostgreSQL, SQLite} {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		f.inFront(&reply{to: "DELETE", times: 2, affected: dropPage}, &reply{to: "DELETE", affected: 3})
		if n, err := s.DropExpired(t.Context(), time.Unix(7, 0)); err != nil || n != 2*dropPage+3 {
			t.Errorf("%s: %d, %v; want %d", d, n, err, 2*dropPage+3)
		}
		all := f.statements()
		if len(all) != 3 || all[0].args[0] != int64(7_000_000) {
			t.Errorf("%s: ran %q, the first with %v; want three, from second 7", d, all, all[0].args)
		}
		// What went before a fault went.
		f.inFront(&reply{to: "DELETE", times: 1, affected: dropPage}, &reply{to: "DELETE", err: errDisk})
		if n, err := s.DropExpired(t.Context(), time.Unix(7, 0)); n != dropPage || !errors.Is(err, errDisk) {
			t.Errorf("%s: %d, %v; want %d and the database's error", d, n, err, dropPage)
		}
	}
}

// On MySQL the keys are read first. A statement always names as many, for it is prepared.
func TestDropExpiredByKeys(t *testing.T) {
	var full [][]driver.Value
	for i := range dropKeys {
		full = append(full, []driver.Value{fmt.Appendf(nil, "flow/%d", i)})
	}
	f := newReady(t, 1)
	s := openFake(t, f, MySQL)
	f.inFront(
		&reply{to: "SELECT `key`", times: 1, rows: full}, &reply{to: "DELETE", times: 1, affected: dropKeys},
		&reply{to: "SELECT `key`", times: 1, rows: full[:2]}, &reply{to: "DELETE", times: 1, affected: 2})
	if n, err := s.DropExpired(t.Context(), time.Unix(7, 0)); err != nil || n != dropKeys+2 {
		t.Errorf("%d, %v; want %d", n, err, dropKeys+2)
	}
	all := f.statements()
	if len(all) != 4 || len(all[3].args) != 1+dropKeys {
		t.Fatalf("ran %q", all)
	}
	for i, a := range all[3].args[1:] {
		want := "flow/0"
		if i == 1 {
			want = "flow/1"
		}
		if string(a.([]byte)) != want {
			t.Errorf("argument %d is %q, want %q", i, a, want)
		}
	}

	// Where others are faster, it ends instead of looking at the same keys for ever.
	f.inFront(&reply{to: "SELECT `key`", rows: full}, &reply{to: "DELETE"})
	if n, err := s.DropExpired(t.Context(), time.Unix(7, 0)); err != nil || n != 0 {
		t.Errorf("none went: %d, %v", n, err)
	}
	f.wantRan(t, "SELECT `key`", "DELETE")

	f.inFront(&reply{to: "SELECT `key`"})
	if n, err := s.DropExpired(t.Context(), time.Unix(7, 0)); err != nil || n != 0 {
		t.Errorf("nothing has expired: %d, %v", n, err)
	}
	f.wantRan(t, "SELECT `key`")

	f.inFront(&reply{to: "SELECT `key`", err: errDisk})
	if _, err := s.DropExpired(t.Context(), time.Unix(7, 0)); !errors.Is(err, errDisk) {
		t.Errorf("%v, want the database's error", err)
	}
	f.wantRan(t, "SELECT `key`")
}
