package mariadb_test

import (
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A program whose user may only read and write works on tables that a migration tool
// has made, and says what is missing where they are not there.
func TestUserThatMayMakeNoTables(t *testing.T) {
	dsn := testserver.MySQLDatabase(t)
	owner := openDB(t, dsn, 1)
	d := sqlsuite.Database{Dialect: sqlstore.MySQL, New: func(t testing.TB) *sql.DB { return openDB(t, dsn, 1) }}
	o := sqlstore.Options{Dialect: sqlstore.MySQL}
	sqlsuite.ByHand(t, d, o)
	user := "app_" + strings.ToLower(rand.Text()[:12])
	account := "'" + user + "'@'%'"
	exec(t, owner, "CREATE USER "+account+" IDENTIFIED BY 'secret'", "GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_items TO "+account, "GRANT SELECT ON mfa_items_schema TO "+account)
	defer exec(t, owner, "DROP USER "+account)

	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Passwd = user, "secret"
	db := openDB(t, config.FormatDSN(), 4)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE x (a int)"); err == nil {
		t.Fatal("the user may make tables")
	}
	s, err := sqlstore.Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sqlsuite.Everything(t, db, s)

	o.Table = "others"
	_, err = sqlstore.Open(t.Context(), db, o)
	if err == nil || !strings.Contains(err.Error(), "version 0") || !strings.Contains(err.Error(), "denied") {
		t.Errorf("Open without the tables: %v", err)
	}
}

// A value of up to 8,000 bytes is in the row. A larger one is not, and works.
func TestValuesAreInTheRow(t *testing.T) {
	d := database(t, 1, "")
	db := d.New(t)
	s, err := sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: sqlstore.MySQL})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const elsewhere = `SELECT count(*) FROM information_schema.INNODB_BUFFER_PAGE
		WHERE PAGE_TYPE = 'BLOB' AND SPACE = (SELECT SPACE FROM information_schema.INNODB_SYS_TABLES WHERE NAME = concat(database(), '/mfa_items'))`
	key := "user/" + strings.Repeat("a", 64)
	version := int64(0)
	for _, size := range []int{100, 2000, 4096, 6000, 8000, 10} {
		if err := s.Save(t.Context(), key, version, mfa.Item{Value: make([]byte, size), Version: version + 1}); err != nil {
			t.Fatal(err)
		}
		version++
		if n := number(t, db, elsewhere); n != 0 {
			t.Fatalf("after a value of %d bytes, %d pages are beside the rows", size, n)
		}
	}
	if err := s.Save(t.Context(), key, version, mfa.Item{Value: make([]byte, 8200), Version: version + 1}); err != nil {
		t.Fatal(err)
	}
	if n := number(t, db, elsewhere); n == 0 {
		t.Error("a value that fits no row is not beside it: this test sees nothing")
	}
}
