package mariadb_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// wantSettings checks what Open says of the settings: names is in the refusal, and
// insecure in that with InsecureMayForget; empty: accepted.
func wantSettings(t *testing.T, dsn, names, insecure string) {
	t.Helper()
	for mayForget, want := range map[bool]string{false: names, true: insecure} {
		s, err := sqlstore.Open(t.Context(), openDB(t, dsn, 1), sqlstore.Options{Dialect: sqlstore.MySQL, InsecureMayForget: mayForget})
		if err == nil {
			err = s.Close()
		}
		switch {
		case want == "" && err != nil:
			t.Errorf("insecure %v: %v", mayForget, err)
		case want != "" && (!errors.Is(err, sqlstore.ErrSettings) || !strings.Contains(err.Error(), want)):
			t.Errorf("insecure %v: %v, want ErrSettings with %q", mayForget, err, want)
		}
	}
}

// Settings with which an acknowledged change can be undone, so that a used code
// works again, are refused unless the program says that it knows. A server or a
// connection that shows the past, or what was never saved, is refused in any case.
func TestSettings(t *testing.T) {
	server := testserver.StartMariaDB(t, "log-bin=binlog", "server-id=1", "sync-binlog=1")
	server.SQL("CREATE DATABASE app")
	dsn := server.DSN("app")
	wantSettings(t, dsn, "", "")
	for _, tt := range []struct{ parameter, names, insecure string }{
		{"tx_isolation=%27SERIALIZABLE%27", "", ""},
		{"tx_isolation=%27READ-COMMITTED%27", "", ""},
		{"tx_isolation=%27READ-UNCOMMITTED%27", "READ-UNCOMMITTED", "READ-UNCOMMITTED"},
		{"autocommit=0", "autocommit is off", "autocommit is off"},
		{"character_set_connection=latin1", "between which values are converted", "between which values are converted"},
		{"character_set_client=gbk", "between which values are converted", "between which values are converted"},
		{"charset=latin1", "", ""},
		{"tx_read_only=1", "read-only by default", "read-only by default"},
	} {
		t.Run(tt.parameter, func(t *testing.T) { wantSettings(t, with(dsn, tt.parameter), tt.names, tt.insecure) })
	}
	for _, tt := range []struct{ variable, was, is, names, insecure string }{
		{"read_only", "0", "1", "the server is read-only", "the server is read-only"},
		{"sync_binlog", "1", "0", "sync_binlog is 0", ""},
		{"sync_binlog", "1", "100", "sync_binlog is 100", ""},
		{"innodb_flush_log_at_trx_commit", "1", "0", "innodb_flush_log_at_trx_commit is 0", ""},
		{"innodb_flush_log_at_trx_commit", "1", "2", "innodb_flush_log_at_trx_commit is 2", ""},
		{"innodb_flush_log_at_trx_commit", "1", "3", "", ""}, // MariaDB's: more syncs than 1
	} {
		t.Run(tt.variable+"="+tt.is, func(t *testing.T) {
			server.SQL("SET GLOBAL " + tt.variable + " = " + tt.is)
			wantSettings(t, dsn, tt.names, tt.insecure)
			server.SQL("SET GLOBAL " + tt.variable + " = " + tt.was)
		})
	}
	wantSettings(t, dsn, "", "")
}

// What MySQLDSN writes is what the driver reads.
func TestDSN(t *testing.T) {
	config, err := mysql.ParseDSN(testserver.MySQLDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	from := url.URL{Scheme: "mysql", User: url.UserPassword(config.User, config.Passwd), Host: config.Addr, Path: "/" + config.DBName}
	dsn, err := sqlstore.MySQLDSN(from.String())
	if err != nil {
		t.Fatal(err)
	}
	db := openDB(t, dsn, 1)
	if n := number(t, db, "SELECT @@innodb_lock_wait_timeout"); n != 3 {
		t.Errorf("innodb_lock_wait_timeout is %d, want 3", n)
	}
	wantSettings(t, dsn, "", "")

	dsn, err = sqlstore.MySQLDSN("mysql://app:p%40%2Fw:%3F%29%C3%A4@db.example/a%2Fb%20c")
	if err != nil {
		t.Fatal(err)
	}
	config, err = mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if config.User != "app" || config.Passwd != "p@/w:?)ä" || config.Addr != "db.example:3306" || config.DBName != "a/b c" ||
		config.TLSConfig != "true" || config.Timeout != 5*time.Second || config.ReadTimeout != 10*time.Second || config.WriteTimeout != 10*time.Second ||
		!config.RejectReadOnly || config.InterpolateParams || config.Params["innodb_lock_wait_timeout"] != "3" {
		t.Errorf("%s is read otherwise", dsn)
	}
}
