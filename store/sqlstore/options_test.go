package sqlstore

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	tests := []struct {
		name  string
		o     Options
		table string // empty: refused
	}{
		{"table left out", Options{Dialect: SQLite}, "mfa_items"},
		{"table named", Options{Dialect: SQLite, Table: "Second_factors2"}, "Second_factors2"},
		{"40 characters", Options{Dialect: SQLite, Table: strings.Repeat("a", 40)}, strings.Repeat("a", 40)},
		{"no dialect", Options{}, ""},
		{"unknown dialect", Options{Dialect: "dbase"}, ""},
		{"41 characters", Options{Dialect: SQLite, Table: strings.Repeat("a", 41)}, ""},
		{"digit first", Options{Dialect: SQLite, Table: "2fa"}, ""},
		{"quote", Options{Dialect: SQLite, Table: `a"b`}, ""},
		{"another statement", Options{Dialect: SQLite, Table: `a"; DROP TABLE accounts; --`}, ""},
		{"line break at the end", Options{Dialect: SQLite, Table: "a\n"}, ""},
		{"NUL", Options{Dialect: SQLite, Table: "a\x00"}, ""},
		{"space", Options{Dialect: SQLite, Table: "mfa items"}, ""},
		{"schema in the table", Options{Dialect: SQLite, Table: "main.items"}, ""},
		{"schema of PostgreSQL", Options{Dialect: PostgreSQL, Schema: "auth"}, "mfa_items"},
		{"schema of MySQL", Options{Dialect: MySQL, Schema: "2nd-app"}, "mfa_items"},
		{"schema of SQLite", Options{Dialect: SQLite, Schema: "main"}, ""},
		{"schema with a quote", Options{Dialect: PostgreSQL, Schema: `a"b`}, ""},
		{"schema with a string's end", Options{Dialect: MySQL, Schema: "a'b"}, ""},
		{"schema with another statement", Options{Dialect: MySQL, Schema: "a`; DROP TABLE accounts; --"}, ""},
		{"schema of 64 characters", Options{Dialect: PostgreSQL, Schema: strings.Repeat("a", 64)}, ""},
		{"placeholder for a schema", Options{Dialect: PostgreSQL, Schema: "{table}"}, ""},
		{"placeholder", Options{Dialect: SQLite, Table: "{table}"}, ""},
		{"other letters", Options{Dialect: SQLite, Table: "täble"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := tt.o.resolve()
			if tt.table == "" {
				if !errors.Is(err, ErrOptions) {
					t.Errorf("table %q, %v; want ErrOptions", p.table, err)
				}
			} else if err != nil || p.table != tt.table {
				t.Errorf("table %q, %v; want %q", p.table, err, tt.table)
			}
			if tt.table != "" {
				return
			}
			// Neither entrance may touch a database that it was not named one for.
			if _, err := Open(t.Context(), nil, tt.o); !errors.Is(err, ErrOptions) {
				t.Errorf("Open: %v, want ErrOptions", err)
			}
			if err := EnsureSchema(t.Context(), nil, tt.o); !errors.Is(err, ErrOptions) {
				t.Errorf("EnsureSchema: %v, want ErrOptions", err)
			}
		})
	}
}

// Every key, prefix and place to start among these is held against the rule
// itself: has the prefix, comes after.
func TestKeyRange(t *testing.T) {
	keys := []string{
		"\x00", "/", "user", "user/", "user/\x00", "user/a", "user/a\x00", "user/a\x01", "user/aa", "user/b", "user0", "uses",
		"user/\u007f", "user/é", "user/\uffff", "user/\U0010ffff", "user/\U0010ffff\U0010ffff", "\U0010ffff", "v",
	}
	bounds := append([]string{"", "z", "user/\xff", "\xff", "\xff\xff"}, keys...)
	for _, prefix := range bounds {
		for _, after := range bounds {
			from, to := keyRange(prefix, after)
			for _, key := range keys {
				got := key >= string(from) && key < string(to)
				want := strings.HasPrefix(key, prefix) && key > after
				if got != want {
					t.Errorf("prefix %q, after %q: %q ≤ %q < %q is %v, want %v", prefix, after, from, key, to, got, want)
				}
			}
		}
	}
}

func TestTimesAreKeptToTheMicrosecond(t *testing.T) {
	for _, tt := range []struct{ given, kept time.Time }{
		{time.Time{}, time.Time{}},
		{time.Unix(0, 0), time.Unix(0, 0)},
		{time.Unix(1, 999_999_999), time.Unix(1, 999_999_000)},
		{time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)},
		{time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)},
	} {
		if got := fromMicros(toMicros(tt.given)); !got.Equal(tt.kept) || got.IsZero() != tt.given.IsZero() {
			t.Errorf("%v is kept as %v, want %v", tt.given, got, tt.kept)
		}
	}
}

// A name of the table that was forgotten would be a statement that fails only
// when it is first needed.
func TestStatementsNameTheTable(t *testing.T) {
	for name, d := range dialects {
		p := place{d, "own", "items"}
		if d.quote == "" {
			p.schema = ""
		}
		statements := []string{p.countTable, p.schemaVersion, p.load, p.create, p.update, p.remove, p.version, p.page, p.expired, p.dropExpired, p.foreign}
		for i, s := range statements {
			statements[i] = p.named(s)
		}
		for version := range p.newest() {
			statements = append(statements, p.step(version+1)...)
		}
		for _, s := range statements {
			if s == "" && d != &mysql { // the others need neither expired nor foreign
				continue
			}
			if !strings.Contains(s, "items") || strings.ContainsAny(s, "{}") || p.schema != "" && !strings.Contains(s, p.schema) {
				t.Errorf("%s: a name is missing or not filled in: %q", name, s)
			}
		}
	}
}
