package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Dialect names the kind of database.
type Dialect string

// The databases that are known, whichever the driver.
const (
	PostgreSQL Dialect = "postgres" // PostgreSQL 13 and later
	MySQL      Dialect = "mysql"    // MySQL 8.0 and MariaDB 10.6, and later
	SQLite     Dialect = "sqlite"   // SQLite 3.37 and later
)

var dialects = map[Dialect]*dialect{
	PostgreSQL: &postgres,
	MySQL:      &mysql,
	SQLite:     &sqlite,
}

// A dialect is all that differs between databases. In its statements {table}
// stands for the name of the table, {in} for what goes before it, {schema} for the
// name of its schema, which may be none, and {version} for that of the schema.
type dialect struct {
	// schema are the steps from each version to the next: the first makes an
	// empty database one of version 1. A step that was released never changes.
	schema [][]string
	// foreign is how many columns a table of this name has that are not of version 1.
	// It is asked where steps are done again after an interruption, and so take a
	// table that is there already for their own. Empty: a step is done whole or not at all.
	foreign string // () → columns

	quote string // goes around names; empty: the database has no schemas
	// exclusively runs f on one connection while no other process can do so.
	exclusively   func(ctx context.Context, db *sql.DB, f func(*sql.Conn) error) error
	countTable    string // () → 1 if there is a table with the version, else 0
	schemaVersion string // () → version
	recordSchema  string

	load        string // (key) → value, version, expires
	create      string // (key, value, version, expires); no row where the key exists
	update      string // (value, version, expires, key, old); no row where the version differs
	remove      string // (key, old); no row where the version differs
	version     string // (key) → version
	page        string // (from, to, limit) → key, value, version, expires; from ≤ key < to, in byte order
	expired     string // (before, limit) → key; empty: dropExpired finds them itself
	dropExpired string // (before, limit); with expired: (before, key × dropKeys)
	lock        string // after load and version: hold the row until the transaction ends

	oneWriter bool // the database writes one at a time, and who waits polls

	// check returns ErrSettings where the settings of the connections are
	// weaker than the package promises.
	check func(ctx context.Context, db *sql.DB, mayForget bool) error
}

// Names go into statements as they are, in quotes, so nothing else may pass.
var (
	tableName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)
	schemaName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$`)
)

// A place is a table of some database, by names that were checked.
type place struct {
	*dialect
	schema, table string
}

// resolve checks the options.
func (o Options) resolve() (place, error) {
	d, ok := dialects[o.Dialect]
	if !ok {
		return place{}, fmt.Errorf("%w: Dialect %q is not known", ErrOptions, o.Dialect)
	}
	p := place{d, o.Schema, o.Table}
	if p.table == "" {
		p.table = "mfa_items"
	}
	switch {
	case !tableName.MatchString(p.table):
		return place{}, fmt.Errorf("%w: Table %.50q is not a name of ASCII letters, digits and underscores", ErrOptions, p.table)
	case p.schema != "" && d.quote == "":
		return place{}, fmt.Errorf("%w: Schema: the dialect %s has none", ErrOptions, o.Dialect)
	case p.schema != "" && !schemaName.MatchString(p.schema):
		return place{}, fmt.Errorf("%w: Schema %.70q is not a name of ASCII letters, digits, underscores and hyphens", ErrOptions, p.schema)
	}
	return p, nil
}

// named puts the names into a statement.
func (p place) named(statement string) string {
	in := ""
	if p.schema != "" {
		in = p.quote + p.schema + p.quote + "."
	}
	return strings.NewReplacer("{in}", in, "{schema}", p.schema, "{table}", p.table).Replace(statement)
}

// step is what brings the schema from the version below to this one, and records
// that.
func (p place) step(version int) []string {
	var statements []string
	for _, s := range p.dialect.schema[version-1] {
		statements = append(statements, p.named(s))
	}
	record := strings.ReplaceAll(p.recordSchema, "{version}", strconv.Itoa(version))
	return append(statements, p.named(record))
}

// newest is the version of the schema that this package works with.
func (p place) newest() int { return len(p.dialect.schema) }
