package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"testing"
)

// wantCheck runs a dialect's check against a scripted answer.
func wantCheck(t *testing.T, d *dialect, rows [][]driver.Value, mayForget bool, want string) {
	t.Helper()
	db := sql.OpenDB(&scripted{rows: rows})
	defer db.Close()
	err := d.check(t.Context(), db, mayForget)
	switch {
	case want == "" && err != nil:
		t.Errorf("insecure %v: %v", mayForget, err)
	case want != "" && (!errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), want)):
		t.Errorf("insecure %v: %v, want ErrSettings with %q", mayForget, err, want)
	}
}

// What weakens reads is refused in any case, and what weakens commits unless the
// program says that it knows. Empty is what a database does not have.
func TestPostgreSQLSettings(t *testing.T) {
	for _, tt := range []struct {
		name                              string
		standby                           bool
		readOnly, commit, fsync, standbys string
		weakRead, weakCommit              string
	}{
		{"PostgreSQL's own", false, "off", "on", "on", "", "", ""},
		{"settings that are not there", false, "", "", "", "", "", ""},
		{"standby", true, "on", "on", "on", "", "is a standby", ""},
		{"read-only", false, "on", "on", "on", "", "read-only", ""},
		{"synchronous_commit off", false, "off", "off", "on", "", "", "synchronous_commit is off"},
		{"local, alone", false, "off", "local", "on", " ", "", ""},
		{"local, with standbys", false, "off", "local", "on", "ANY 1 (a, b)", "", "synchronous_commit is local"},
		{"remote_write, with standbys", false, "off", "remote_write", "on", "*", "", ""},
		{"fsync off", false, "off", "on", "off", "", "", "fsync off"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := [][]driver.Value{{tt.standby, tt.readOnly, tt.commit, tt.fsync, tt.standbys}}
			wantCheck(t, &postgres, rows, true, tt.weakRead)
			wantCheck(t, &postgres, rows, false, tt.weakRead+tt.weakCommit)
		})
	}
}

func TestMySQLSettings(t *testing.T) {
	usual := map[string]string{
		"autocommit": "ON", "transaction_isolation": "REPEATABLE-READ", "transaction_read_only": "OFF", "read_only": "OFF", "super_read_only": "OFF",
		"innodb_read_only": "OFF", "innodb_flush_log_at_trx_commit": "1", "log_bin": "ON", "sync_binlog": "1",
	}
	for _, tt := range []struct {
		name, variable, value string
		weakRead, weakCommit  string
	}{
		{"MySQL's own", "read_only", "OFF", "", ""},
		{"autocommit", "autocommit", "OFF", "autocommit is off", ""},
		{"isolation of MySQL", "transaction_isolation", "READ-UNCOMMITTED", "READ-UNCOMMITTED", ""},
		{"isolation of MariaDB", "tx_isolation", "READ-UNCOMMITTED", "READ-UNCOMMITTED", ""},
		{"replica", "read_only", "ON", "the server is read-only", ""},
		{"replica, by number", "read_only", "1", "the server is read-only", ""},
		{"replica for everybody", "super_read_only", "ON", "the server is read-only", ""},
		{"data on a medium that is read-only", "innodb_read_only", "ON", "the server is read-only", ""},
		{"transactions of MySQL", "transaction_read_only", "ON", "transactions are read-only", ""},
		{"transactions of MariaDB", "tx_read_only", "ON", "transactions are read-only", ""},
		{"log flushed each second", "innodb_flush_log_at_trx_commit", "0", "", "trx_commit is 0"},
		{"log written, not flushed", "innodb_flush_log_at_trx_commit", "2", "", "trx_commit is 2"},
		{"log as MariaDB 5.5 had it", "innodb_flush_log_at_trx_commit", "3", "", ""},
		{"binary log left to the system", "sync_binlog", "0", "", "sync_binlog is 0"},
		{"binary log now and then", "sync_binlog", "1000", "", "sync_binlog is 1000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := variableRows(usual, tt.variable, tt.value)
			wantCheck(t, &mysql, rows, true, tt.weakRead)
			wantCheck(t, &mysql, rows, false, tt.weakRead+tt.weakCommit)
		})
	}
	t.Run("no binary log", func(t *testing.T) {
		wantCheck(t, &mysql, variableRows(usual, "log_bin", "OFF", "sync_binlog", "0"), false, "")
	})
	t.Run("parameters are converted", func(t *testing.T) {
		wantCheck(t, &mysql, variableRows(usual, "character_set_client", "utf8mb4", "character_set_connection", "latin1"), true, "character_set_client is UTF8MB4 and character_set_connection LATIN1")
	})
	for _, tt := range []struct{ on, wait, want string }{
		{"ON", "0", "Galera"}, {"ON", "1", ""}, {"ON", "6", "Galera"}, {"ON", "7", ""}, {"ON", "14", "Galera"}, {"ON", "15", ""}, {"ON", "", "Galera"}, {"OFF", "0", ""},
	} {
		t.Run("Galera "+tt.on+", wsrep_sync_wait "+tt.wait, func(t *testing.T) {
			wantCheck(t, &mysql, variableRows(usual, "wsrep_on", tt.on, "wsrep_sync_wait", tt.wait), true, tt.want)
		})
	}
}

// variableRows is what SHOW VARIABLES answers, with some of them changed.
func variableRows(usual map[string]string, changes ...string) (rows [][]driver.Value) {
	for change := range slices.Chunk(changes, 2) {
		rows = append(rows, []driver.Value{change[0], change[1]})
	}
	for name, value := range usual {
		if !slices.Contains(changes, name) {
			rows = append(rows, []driver.Value{name, value})
		}
	}
	return rows
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	for name, d := range dialects {
		db := sql.OpenDB(&scripted{after: errDisk})
		defer db.Close()
		if err := d.check(t.Context(), db, true); !errors.Is(err, errDisk) || errors.Is(err, ErrSettings) {
			t.Errorf("%s: %v, want the database's error", name, err)
		}
	}
}
