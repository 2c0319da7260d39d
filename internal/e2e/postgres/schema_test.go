package postgres_test

import (
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A program whose role may only read and write works on tables that a migration tool
// has made, and says what is missing where they are not there.
func TestRoleThatMayMakeNoTables(t *testing.T) {
	url := testserver.PostgresDatabase(t)
	owner := openDB(t, url, 1)
	d := sqlsuite.Database{Dialect: sqlstore.PostgreSQL, New: func(t testing.TB) *sql.DB { return openDB(t, url, 1) }}
	o := sqlstore.Options{Dialect: sqlstore.PostgreSQL}
	sqlsuite.ByHand(t, d, o)
	role := "app_" + strings.ToLower(rand.Text())
	exec(t, owner, "CREATE ROLE "+role, "GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_items TO "+role, "GRANT SELECT ON mfa_items_schema TO "+role)
	defer exec(t, owner, "DROP OWNED BY "+role, "DROP ROLE "+role)

	db := openDB(t, url+"&role="+role, 4)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE x (a int)"); err == nil {
		t.Fatal("the role may make tables")
	}
	s, err := sqlstore.Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sqlsuite.Everything(t, db, s)

	o.Table = "others"
	_, err = sqlstore.Open(t.Context(), db, o)
	if err == nil || !strings.Contains(err.Error(), "version 0") || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("Open without the tables: %v", err)
	}
}

// A value of up to 8,000 bytes is in the row, byte for byte, however well it could be
// compressed. A larger one is not, and works.
func TestValuesAreInTheRow(t *testing.T) {
	d := database(t, 1, "")
	db := d.New(t)
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const toasted = `SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'mfa_items'::regclass`
	key := "user/" + strings.Repeat("a", 64)
	version := int64(0)
	for _, size := range []int{100, 2000, 4096, 6000, 8000} {
		for _, value := range [][]byte{make([]byte, size), random(size)} {
			if err := s.Save(t.Context(), key, version, mfa.Item{Value: value, Version: version + 1, Expires: time.Unix(1, 0)}); err != nil {
				t.Fatal(err)
			}
			version++
			// A short datum has one byte of its own, and others four.
			if n := number(t, db, "SELECT pg_column_size(value) FROM mfa_items"); n != int64(size)+4 && n != int64(size)+1 {
				t.Errorf("a value of %d bytes takes %d", size, n)
			}
			if n := number(t, db, toasted); n != 0 {
				t.Fatalf("after a value of %d bytes the TOAST table has %d", size, n)
			}
		}
	}
	if err := s.Save(t.Context(), key, version, mfa.Item{Value: random(8200), Version: version + 1}); err != nil {
		t.Fatal(err)
	}
	if n := number(t, db, toasted); n == 0 {
		t.Error("a value that fits no page is not in the TOAST table: this test sees nothing")
	}
}

func random(size int) []byte {
	value := make([]byte, size)
	rand.Read(value)
	return value
}
