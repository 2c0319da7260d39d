package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// mysql keeps keys as VARBINARY, which compares byte for byte, trailing spaces
// included, and is InnoDB's clustered index; a value is in the row as long as
// row and key fit half a page.
//
// INSERT IGNORE makes warnings of other errors than a key that exists. Of those,
// none can be: the columns are as wide as what Save lets through, nothing is NULL
// and there is no constraint. Whether a row was added tells what happened, with
// the driver's clientFoundRows and without; for an UPDATE, too, as the version
// always changes.
var mysql = dialect{
	schema: [][]string{{
		"CREATE TABLE IF NOT EXISTS {in}`{table}` (\n" +
			"\t`key`   VARBINARY(1024) NOT NULL PRIMARY KEY,\n" +
			"\tvalue   MEDIUMBLOB NOT NULL,\n" +
			"\tversion BIGINT     NOT NULL,\n" +
			"\texpires BIGINT     NULL, -- microseconds since 1970, NULL for never\n" +
			"\tKEY `{table}_expires` (expires)\n" +
			") ENGINE = InnoDB ROW_FORMAT = DYNAMIC",
		"CREATE TABLE IF NOT EXISTS {in}`{table}_schema` (\n" +
			"\tonly_one TINYINT NOT NULL PRIMARY KEY,\n" +
			"\tversion  INT     NOT NULL\n" +
			") ENGINE = InnoDB",
	}},
	foreign: "SELECT count(*) FROM information_schema.columns WHERE table_schema = IF('{schema}' = '', DATABASE(), '{schema}')" +
		" AND table_name = '{table}' AND column_name NOT IN ('key', 'value', 'version', 'expires')",

	quote:         "`",
	exclusively:   userLock,
	countTable:    "SELECT count(*) FROM information_schema.tables WHERE table_schema = IF('{schema}' = '', DATABASE(), '{schema}') AND table_name = '{table}_schema'",
	schemaVersion: "SELECT version FROM {in}`{table}_schema`",
	recordSchema:  "INSERT INTO {in}`{table}_schema` (only_one, version) VALUES (1, {version}) ON DUPLICATE KEY UPDATE version = {version}",

	load:    "SELECT value, version, expires FROM {in}`{table}` WHERE `key` = ?",
	create:  "INSERT IGNORE INTO {in}`{table}` (`key`, value, version, expires) VALUES (?, ?, ?, ?)",
	update:  "UPDATE {in}`{table}` SET value = ?, version = ?, expires = ? WHERE `key` = ? AND version = ?",
	remove:  "DELETE FROM {in}`{table}` WHERE `key` = ? AND version = ?",
	version: "SELECT version FROM {in}`{table}` WHERE `key` = ?",
	page:    "SELECT `key`, value, version, expires FROM {in}`{table}` WHERE `key` >= ? AND `key` < ? ORDER BY `key` LIMIT ?",
	// A DELETE by the index of expires would lock that index and then the row, and a
	// Save the row and then the index: one of them would be refused as a deadlock. So
	// the keys are read without locks, and the rows deleted by them; the sum keeps
	// the optimizer from the index.
	expired:     "SELECT `key` FROM {in}`{table}` WHERE expires < ? ORDER BY expires LIMIT ?",
	dropExpired: "DELETE FROM {in}`{table}` WHERE expires + 0 < ? AND `key` IN (?" + strings.Repeat(", ?", dropKeys-1) + ")",
	lock:        " FOR UPDATE",

	check: checkMySQL,
}

// dropKeys is how many keys MySQL's DropExpired names in one statement.
const dropKeys = 100

// userLock runs f while no other process holds the same lock of the server. There,
// every change of a schema commits what came before it, so that no transaction
// could make several changes one.
func userLock(ctx context.Context, db *sql.DB, f func(*sql.Conn) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // back to the pool
	for got := false; !got; {
		// Short waits, which a driver's time-out for reads does not cut off.
		var is sql.NullBool
		if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK('mfa sqlstore schema', 2)").Scan(&is); err != nil {
			discard(conn) // the lock may be held all the same, for as long as the connection lives
			return fmt.Errorf("lock the schema: %w", err)
		}
		if !is.Valid {
			return errors.New("lock the schema: the server has refused")
		}
		got = is.Bool
	}
	err = f(conn)
	if _, failed := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK('mfa sqlstore schema')"); failed != nil {
		discard(conn)
	}
	return err
}

// checkMySQL reads the variables that there are: MySQL and MariaDB, and their
// versions, differ in the names.
func checkMySQL(ctx context.Context, db *sql.DB, mayForget bool) error {
	is, err := variables(ctx, db)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	switch {
	case off(is["autocommit"]):
		return fmt.Errorf("%w: autocommit is off, with which a Save is undone and a Load sees the past; put autocommit=1 into the DSN", ErrSettings)
	case is["transaction_isolation"] == "READ-UNCOMMITTED", is["tx_isolation"] == "READ-UNCOMMITTED":
		return fmt.Errorf("%w: the isolation is READ-UNCOMMITTED, which shows what was never saved; leave transaction_isolation out of the DSN", ErrSettings)
	case on(is["read_only"]), on(is["super_read_only"]), on(is["innodb_read_only"]):
		return fmt.Errorf("%w: the server is read-only, and so perhaps a replica, whose reads are behind; connect to the primary", ErrSettings)
	case on(is["tx_read_only"]), on(is["transaction_read_only"]):
		return fmt.Errorf("%w: transactions are read-only by default; leave transaction_read_only out of the DSN", ErrSettings)
	case is["character_set_client"] != is["character_set_connection"]:
		// The server converts parameters from the one to the other, values of bytes too.
		return fmt.Errorf("%w: character_set_client is %s and character_set_connection %s, between which values are converted, and spoilt; leave both to the driver's charset", ErrSettings, is["character_set_client"], is["character_set_connection"])
	case on(is["wsrep_on"]) && !causal(is["wsrep_sync_wait"]):
		return fmt.Errorf("%w: this is a Galera cluster, and wsrep_sync_wait is %s, with which a read may be behind another node; put wsrep_sync_wait=1 into the DSN", ErrSettings, is["wsrep_sync_wait"])
	case mayForget:
		return nil
	case is["innodb_flush_log_at_trx_commit"] != "" && is["innodb_flush_log_at_trx_commit"] != "1" && is["innodb_flush_log_at_trx_commit"] != "3":
		return fmt.Errorf("%w: innodb_flush_log_at_trx_commit is %s, with which a crash undoes changes that were acknowledged; set it to 1 on the server", ErrSettings, is["innodb_flush_log_at_trx_commit"])
	case on(is["log_bin"]) && is["sync_binlog"] != "1":
		return fmt.Errorf("%w: sync_binlog is %s, and what the binary log has lost is undone when the server recovers from a crash; set it to 1 on the server", ErrSettings, is["sync_binlog"])
	}
	return nil
}

// variables are the session's, by name.
func variables(ctx context.Context, db *sql.DB) (is map[string]string, err error) {
	rows, err := db.QueryContext(ctx, `SHOW SESSION VARIABLES WHERE Variable_name IN ('autocommit',
		'transaction_isolation', 'tx_isolation', 'transaction_read_only', 'tx_read_only',
		'character_set_client', 'character_set_connection', 'read_only', 'super_read_only', 'innodb_read_only', 'wsrep_on', 'wsrep_sync_wait',
		'innodb_flush_log_at_trx_commit', 'log_bin', 'sync_binlog')`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	is = make(map[string]string)
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		is[strings.ToLower(name)] = strings.ToUpper(value)
	}
	return is, rows.Err()
}

func on(value string) bool  { return value == "ON" || value == "1" }
func off(value string) bool { return value == "OFF" || value == "0" }

// causal says whether reads wait for what other nodes have acknowledged: the lowest
// bit of wsrep_sync_wait, from 0 to 15.
func causal(syncWait string) bool {
	return strings.ContainsAny(syncWait[max(0, len(syncWait)-1):], "13579")
}
