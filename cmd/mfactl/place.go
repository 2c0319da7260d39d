package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
	_ "modernc.org/sqlite"
)

// storeFlags say where the store is.
type storeFlags struct{ where, table, schema string }

func (s *storeFlags) add(c *call) {
	c.set.StringVar(&s.where, "store", c.getenv("MFA_STORE"), "`where` the values are: sqlite:FILE, postgres://user@host/database, mysql://user@host/database, redis://host:port, "+
		"redis+cluster://host:port,host:port, or rediss with TLS. Default: the environment's MFA_STORE, which is the place for a password")
	s.addTable(c)
	c.set.Lookup("store").DefValue = "" // which may hold a password
}

func (s *storeFlags) addTable(c *call) {
	c.set.StringVar(&s.table, "table", "", "`name` of the table in SQL; default: mfa_items")
	c.set.StringVar(&s.schema, "schema", "", "`name` of its schema, or database, in SQL; default: the connection's")
}

// opened is a store that is open.
type opened struct {
	store walked
	name  string // for people, without a password
	close func() error
}

// A walked store is one whose keys can be walked.
type walked interface {
	mfa.Store
	mfa.Scanner
}

var errStore = errors.New("-store must be sqlite:FILE, or a URL that begins with postgres://, mysql://, redis://, redis+cluster://, rediss:// or rediss+cluster://")

// openStore opens what -store names, and makes nothing there. Errors do not repeat the
// flag, as it may hold a password.
func openStore(ctx context.Context, f storeFlags) (*opened, error) {
	scheme, _, _ := strings.Cut(f.where, ":")
	switch scheme {
	case "":
		return nil, usagef("-store or MFA_STORE has to say where the store is")
	case "redis", "rediss", "redis+cluster", "rediss+cluster":
		return openRedis(ctx, f.where)
	}
	d, err := openSQL(ctx, f, false)
	if err != nil {
		return nil, err
	}
	if err := d.exists(ctx); err != nil {
		return nil, errors.Join(err, d.db.Close())
	}
	s, err := sqlstore.Open(ctx, d.db, d.options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", d.name, err), d.db.Close())
	}
	return &opened{store: s, name: d.name, close: func() error { return errors.Join(s.Close(), d.db.Close()) }}, nil
}

// A database is one with tables.
type database struct {
	db      *sql.DB
	name    string
	options sqlstore.Options
}

// maxConns is how many connections are open at most: the others are for people.
const maxConns = 8

// openSQL connects to a database. The file of one is made only where that is asked for.
func openSQL(ctx context.Context, f storeFlags, make bool) (*database, error) {
	d := &database{options: sqlstore.Options{Schema: f.schema, Table: f.table}}
	scheme, rest, _ := strings.Cut(f.where, ":")
	driver, dsn := "", ""
	var err error
	switch {
	case scheme == "sqlite" && rest != "" && !strings.ContainsAny(rest, "?#\x00"):
		if err := beside(rest, make); err != nil {
			return nil, err
		}
		d.options.Dialect, d.name, driver, dsn = sqlstore.SQLite, rest, "sqlite", sqlstore.SQLiteDSN(rest)
	case scheme == "postgres" || scheme == "postgresql":
		d.options.Dialect, d.name, driver = sqlstore.PostgreSQL, shown(f.where), "pgx"
		dsn, err = sqlstore.PostgreSQLDSN(f.where)
	case scheme == "mysql":
		d.options.Dialect, d.name, driver = sqlstore.MySQL, shown(f.where), "mysql"
		dsn, err = sqlstore.MySQLDSN(withPassword(f.where, os.Getenv("MYSQL_PWD")))
	default:
		return nil, usageError{errStore}
	}
	if err != nil {
		return nil, usagef("-store: %w", err)
	}
	if d.db, err = sql.Open(driver, dsn); err != nil {
		return nil, usagef("-store: the driver does not take it") // its words may quote the password
	}
	d.db.SetMaxOpenConns(maxConns)
	d.db.SetMaxIdleConns(maxConns)
	d.db.SetConnMaxLifetime(30 * time.Minute)
	if err := d.db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", d.name, err), d.db.Close())
	}
	return d, nil
}

// beside finds the file of a database, or makes it for its owner alone: SQLite itself would
// let everybody read it.
func beside(file string, make bool) error {
	if !make {
		_, err := os.Stat(file)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database %s", file)
		}
		return err
	}
	f, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// exists says whether the table is there. [sqlstore.Open] would make it, in whatever
// database a slip of the pen has named.
func (d *database) exists(ctx context.Context) (err error) {
	if _, err := d.options.SchemaSQL(1); err != nil { // which looks at the names
		return usageError{err}
	}
	quote := `"`
	if d.options.Dialect == sqlstore.MySQL {
		quote = "`"
	}
	version := quote + cmp.Or(d.options.Table, "mfa_items") + "_schema" + quote
	if d.options.Schema != "" {
		version = quote + d.options.Schema + quote + "." + version
	}
	rows, err := d.db.QueryContext(ctx, "SELECT version FROM "+version) //nolint:gosec // names that were looked at
	if err != nil {
		return fmt.Errorf("%s has no table of package sqlstore, or this user may not read it; mfactl schema apply makes it: %w", d.name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return rows.Err()
}

// shown is a URL without user, password and parameters.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, ":")
		return scheme + "://…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// withPassword is a URL with a password, if it has none of its own.
func withPassword(address, password string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil || password == "" {
		return address
	}
	if _, has := u.User.Password(); has {
		return address
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}
