package sqlsuite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfakit/mfa/store/sqlstore"
)

// Schema checks how tables come to be, and whose they are.
func Schema(t *testing.T, d Database) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Database)
	}{
		{"instances start at once", startAtOnce},
		{"names apart", namesApart},
		{"schemas apart", schemasApart},
		{"newer schema", newerSchema},
		{"no version", noVersion},
		{"table of another", tableOfAnother},
		{"cancelled", cancelledOpen},
		{"by hand", byHand},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, d) })
	}
}

// Instances that start together find no table, and each wants to make it.
func startAtOnce(t *testing.T, d Database) {
	o := d.options()
	err := together(8, func(int) error {
		s, err := sqlstore.Open(t.Context(), d.New(t), o)
		if err == nil {
			err = s.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Two deployments may share a database by tables of their own, with names that mean
// something else without quotes.
func namesApart(t *testing.T, d Database) {
	db := d.New(t)
	for i, table := range []string{"", "mfa_items2", "order", "_Select_9", "_select_10"} {
		o := d.options()
		o.Table = table
		s := open(t, db, o)
		save(t, s, "user/a", 0, int64(i+1))
		wantVersion(t, s, "user/a", int64(i+1))
	}
}

func schemasApart(t *testing.T, d Database) {
	if d.Schema == "" {
		return
	}
	db := d.New(t)
	here, there := d.options(), d.options()
	there.Table, there.Schema = here.Table, d.Schema
	a, b := open(t, db, here), open(t, db, there)
	save(t, a, "user/a", 0, 1)
	save(t, b, "user/a", 0, 2)
	wantVersion(t, a, "user/a", 1)
	wantVersion(t, b, "user/a", 2)
	in := d.quoted(d.Schema) + "." + d.quoted(there.Table)
	if n := number(t, db, "SELECT version FROM "+in); n != 2 {
		t.Errorf("%s holds version %d, want 2", in, n)
	}

	there.Schema = "not_there"
	_, err := sqlstore.Open(t.Context(), db, there)
	wantFault(t, "Open in a schema that is not there", err, "not_there")
}

// A program that was left behind must not touch what a newer one has made.
func newerSchema(t *testing.T, d Database) {
	db, o := d.New(t), d.options()
	save(t, open(t, db, o), "user/a", 0, 1)
	execute(t, db, "UPDATE "+d.quoted(o.Table+"_schema")+" SET version = 2")
	_, openErr := sqlstore.Open(t.Context(), db, o)
	for name, err := range map[string]error{"Open": openErr, "EnsureSchema": sqlstore.EnsureSchema(t.Context(), db, o)} {
		if !errors.Is(err, sqlstore.ErrNewerSchema) || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("%s: %v, want ErrNewerSchema with the version", name, err)
		}
	}
	if n := number(t, db, "SELECT sum(version) FROM "+d.quoted(o.Table+"_schema")); n != 2 {
		t.Errorf("the recorded version is %d now, want 2", n)
	}
	if n := number(t, db, "SELECT count(*) FROM "+d.quoted(o.Table)); n != 1 {
		t.Errorf("the table has %d rows now, want 1", n)
	}
}

func noVersion(t *testing.T, d Database) {
	db, o := d.New(t), d.options()
	save(t, open(t, db, o), "user/a", 0, 1)
	record := d.quoted(o.Table + "_schema")
	for _, statement := range []string{"UPDATE " + record + " SET version = 0", "UPDATE " + record + " SET version = -1", "DELETE FROM " + record} {
		execute(t, db, statement)
		s, err := sqlstore.Open(t.Context(), db, o)
		if d.Dialect == sqlstore.MySQL && strings.HasPrefix(statement, "DELETE") {
			// Every change of a schema is committed by itself there, so that this is
			// what a process leaves that ends before it has recorded the version.
			if err != nil {
				t.Errorf("after %s: %v", statement, err)
				continue
			}
			wantVersion(t, s, "user/a", 1)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		wantFault(t, "Open after "+statement, err, "holds no version")
	}
}

// A table of that name may be the program's own. It must not be touched.
func tableOfAnother(t *testing.T, d Database) {
	db, o := d.New(t), d.options()
	execute(t, db, "CREATE TABLE "+d.quoted(o.Table)+" (id INTEGER PRIMARY KEY, name VARCHAR(9))")
	for range 2 {
		_, err := sqlstore.Open(t.Context(), db, o)
		wantFault(t, "Open", err, "already exists")
	}
	if n := number(t, db, "SELECT count(*) FROM "+d.quoted(o.Table)+" WHERE id = 1 OR name = 'a'"); n != 0 {
		t.Errorf("%d rows were added", n)
	}
	if _, err := db.ExecContext(t.Context(), "SELECT * FROM "+d.quoted(o.Table+"_schema")); err == nil {
		t.Error("a version was recorded beside the table of another program")
	}
}

func cancelledOpen(t *testing.T, d Database) {
	db, o := d.New(t), d.options()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlstore.Open(ctx, db, o); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v, want context.Canceled", err)
	}
	if _, err := db.ExecContext(t.Context(), "SELECT * FROM "+d.quoted(o.Table)); err == nil {
		t.Error("a table was left behind")
	}
}

// byHand does what a migration tool does with the text.
func byHand(t *testing.T, d Database) {
	db, o := d.New(t), d.options()
	if d.Schema != "" {
		o.Schema = d.Schema
	}
	ByHand(t, d, o)
	save(t, open(t, db, o), "user/a", 0, 1)
	for _, version := range []int{-1, 0, 2} {
		if text, err := o.SchemaSQL(version); !errors.Is(err, sqlstore.ErrOptions) || text != "" {
			t.Errorf("SchemaSQL(%d) = %q, %v; want ErrOptions", version, text, err)
		}
	}
}

// ByHand makes the tables from the text of the schema.
func ByHand(t testing.TB, d Database, o sqlstore.Options) {
	t.Helper()
	text, err := o.SchemaSQL(1)
	if err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(text, ";")
	if last := statements[len(statements)-1]; last != "\n" {
		t.Fatalf("the text ends with %q, not with a statement's end", last)
	}
	execute(t, d.New(t), statements[:len(statements)-1]...)
}

// Table names a new table, as the suite does.
func Table() string { return fmt.Sprint("items", tables.Add(1)) }
