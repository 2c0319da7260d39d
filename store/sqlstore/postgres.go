package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// postgres keeps keys as bytea, which compares byte for byte, and values in the row
// itself: EXTERNAL is never compressed, which would be wasted on sealed bytes, and
// toast_tuple_target lets a row fill a page before its value goes to the TOAST table.
// The room that fillfactor leaves on a page takes most new versions of rows up to
// 4 KiB, which then need no new entry in the index of keys. Each version of a larger
// row is a page by itself, which only a vacuum gives back: so that starts sooner, and
// is slowed down less. docs/stores.md has the measurements behind this.
var postgres = dialect{
	schema: [][]string{{
		`CREATE TABLE {in}"{table}" (
	key     bytea  NOT NULL PRIMARY KEY,
	value   bytea  NOT NULL,
	version bigint NOT NULL CHECK (version <> 0),
	expires bigint -- microseconds since 1970, NULL for never
) WITH (
	toast_tuple_target = 8160, fillfactor = 70,
	autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000
)`,
		`ALTER TABLE {in}"{table}" ALTER COLUMN value SET STORAGE EXTERNAL`,
		`CREATE INDEX "{table}_expires" ON {in}"{table}" (expires) WHERE expires IS NOT NULL`,
		`CREATE TABLE {in}"{table}_schema" (
	only_one boolean NOT NULL PRIMARY KEY CHECK (only_one),
	version  integer NOT NULL
)`,
	}},

	quote: `"`,
	// The snapshot must be that of after the wait, whatever the host's default is.
	exclusively: transaction(
		`BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE`,
		`SET LOCAL statement_timeout = 0`, // an index may take as long as it does
		`SELECT pg_advisory_xact_lock(6085403137409262913)`,
	),
	countTable:    `SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('{in}"{table}_schema"')`,
	schemaVersion: `SELECT version FROM {in}"{table}_schema"`,
	recordSchema:  `INSERT INTO {in}"{table}_schema" (only_one, version) VALUES (true, {version}) ON CONFLICT (only_one) DO UPDATE SET version = excluded.version`,

	load:    `SELECT value, version, expires FROM {in}"{table}" WHERE key = $1`,
	create:  `INSERT INTO {in}"{table}" (key, value, version, expires) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING`,
	update:  `UPDATE {in}"{table}" SET value = $1, version = $2, expires = $3 WHERE key = $4 AND version = $5`,
	remove:  `DELETE FROM {in}"{table}" WHERE key = $1 AND version = $2`,
	version: `SELECT version FROM {in}"{table}" WHERE key = $1`,
	page:    `SELECT key, value, version, expires FROM {in}"{table}" WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3`,
	// An array is read once, before the first row goes, and what a Save holds is left
	// for the next time: two of these, and the Saves, never wait in a circle.
	dropExpired: `DELETE FROM {in}"{table}" WHERE expires < $1 AND key = ANY (ARRAY(
		SELECT key FROM {in}"{table}" WHERE expires < $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED))`,
	lock: ` FOR UPDATE`,

	check: checkPostgres,
}

// checkPostgres asks for settings that other databases of this protocol may not have:
// those are left out, and theirs to be judged by the host.
func checkPostgres(ctx context.Context, db *sql.DB, mayForget bool) error {
	var standby bool
	var readOnly, commit, fsync, standbys string
	err := db.QueryRowContext(ctx, `SELECT pg_is_in_recovery(),
		coalesce(current_setting('transaction_read_only', true), ''),
		coalesce(current_setting('synchronous_commit', true), ''),
		coalesce(current_setting('fsync', true), ''),
		coalesce(current_setting('synchronous_standby_names', true), '')`,
	).Scan(&standby, &readOnly, &commit, &fsync, &standbys)
	switch {
	case err != nil:
		return fmt.Errorf("read the settings: %w", err)
	case standby:
		return fmt.Errorf("%w: the server is a standby, whose reads are behind; put target_session_attrs=read-write into the DSN, with all servers' names", ErrSettings)
	case readOnly == "on":
		return fmt.Errorf("%w: transactions are read-only by default; put default_transaction_read_only=off into the DSN, or connect to the primary", ErrSettings)
	case mayForget:
		return nil
	case commit == "off":
		return fmt.Errorf("%w: synchronous_commit is off, with which a crash undoes changes that were acknowledged; put synchronous_commit=on into the DSN", ErrSettings)
	case commit == "local" && strings.TrimSpace(standbys) != "":
		return fmt.Errorf("%w: synchronous_commit is local, which does not wait for the synchronous standbys (%s), so that a failover undoes changes that were acknowledged; put synchronous_commit=on into the DSN", ErrSettings, standbys)
	case fsync == "off":
		return fmt.Errorf("%w: the server runs with fsync off, and may lose everything when its machine crashes", ErrSettings)
	}
	return nil
}
