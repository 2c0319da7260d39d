package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
)

// A Dialect names the kind of database.
type Dialect string

// SQLite is the dialect of SQLite 3.37 and later, whichever the driver.
const SQLite Dialect = "sqlite"

// dialects are the databases that are known.
var dialects = map[Dialect]*dialect{
	SQLite: &sqlite,
}

// A dialect is all that differs between databases. In its statements {table}
// stands for the name of the table.
type dialect struct {
	// schema are the steps from each version to the next: the first makes an
	// empty database one of version 1. A step that was released never changes.
	schema [][]string

	begin         string // starts a transaction that no other process can start meanwhile
	countTable    string // (name) → 1 if there is such a table, else 0
	schemaVersion string // () → version
	recordSchema  string // (version)

	load            string // (key) → value, version, expires
	create          string // (key, value, version, expires); no row where the key exists
	update          string // (value, version, expires, key, old); no row where the version differs
	remove          string // (key, old); no row where the version differs
	version         string // (key) → version
	page            string // (from, to, limit) → key, value, version, expires; from ≤ key < to, in byte order
	dropExpiredPage string // (before, limit)

	oneWriter bool // the database writes one at a time, and who waits polls

	// check returns ErrSettings where the settings of the connections are
	// weaker than the package promises.
	check func(ctx context.Context, db *sql.DB, mayForget bool) error
}

// tableName is what Options.Table may be. Names go into statements as they are,
// so nothing else may pass.
var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

// resolve checks the options, and returns the dialect and the table's name.
func (o Options) resolve() (*dialect, string, error) {
	d, ok := dialects[o.Dialect]
	if !ok {
		return nil, "", fmt.Errorf("%w: Dialect %q is not known", ErrOptions, o.Dialect)
	}
	table := o.Table
	if table == "" {
		table = "mfa_items"
	}
	if !tableName.MatchString(table) {
		return nil, "", fmt.Errorf("%w: Table %.50q is not a name of ASCII letters, digits and underscores", ErrOptions, table)
	}
	return d, table, nil
}

// named puts the table's name into a statement.
func named(statement, table string) string {
	return strings.ReplaceAll(statement, "{table}", table)
}
