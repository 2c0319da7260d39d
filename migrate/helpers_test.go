package migrate_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/migrate"
)

var noon = time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// noonStep is the step of noon, of 30 seconds.
const noonStep = 58908960

// Secrets of 160 and of 80 bits.
const (
	secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	short  = "GEZDGNBVGY3TQOJQ"
)

// parse reads one row.
func parse[R any](t testing.TB, row string) R {
	t.Helper()
	var r R
	if err := json.Unmarshal([]byte(row), &r); err != nil {
		t.Fatalf("%v in %s", err, row)
	}
	return r
}

// collect is all that comes out of a sequence of records.
func collect(t testing.TB, c func(func(migrate.Record, error) bool)) []migrate.Record {
	t.Helper()
	var out []migrate.Record
	for r, err := range c {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// describe is what comes of a record, in one line for each thing: items with their
// states, what is left with the reason, and notes.
func describe(r migrate.Record) []string {
	var out []string
	for _, i := range r.Items {
		line := i.ID + " " + i.Method + " " + string(i.State)
		if i.Label != "" {
			line += " " + i.Label
		}
		if !i.Created.IsZero() {
			line += " created " + i.Created.Format(time.RFC3339)
		}
		if !i.Used.IsZero() {
			line += " used " + i.Used.Format(time.RFC3339)
		}
		out = append(out, line)
	}
	for _, l := range r.Left {
		out = append(out, strings.TrimSpace("left "+l.ID+" "+l.Method+" "+string(l.Reason)))
	}
	for _, n := range r.Notes {
		out = append(out, "note "+n.ID+" "+string(n.Reason))
	}
	return out
}

func want(t testing.TB, r migrate.Record, user, source string, lines ...string) {
	t.Helper()
	if r.User != user || r.Source != source {
		t.Errorf("user %q of %q, want %q of %q", r.User, r.Source, user, source)
	}
	if got := describe(r); !slices.Equal(got, lines) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// sequence makes rows or records of what a program has in memory.
func sequence[R any](list ...R) func(func(R, error) bool) {
	return func(yield func(R, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// item is an item of a record that is made by hand.
func item(id, method, state string) mfa.ImportItem {
	return mfa.ImportItem{ID: id, Method: method, State: []byte(state)}
}
