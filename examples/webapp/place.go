package main

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	storeHelp = "where accounts and MFA values are kept: sqlite:`FILE`, memory: (gone at the end), postgres://user:password@host:port/database, " +
		"mysql://… likewise, or redis://… (accounts then are where -accounts says). Beyond this machine with TLS, which redis wants said as rediss://. " +
		"Other people on this machine can see a password in the list of processes: it may be in PGPASSWORD, MYSQL_PWD or REDISCLI_AUTH instead"
	accountsHelp = "where accounts are with -store redis://…: an SQLite `file`, or a postgres:// or mysql:// URL, which several instances need. Default: webapp.db"
)

// A place is where something is kept.
type place struct {
	name     string // for people: never with a password
	file     string // of an SQLite database; empty: it is in memory, or on a server
	database string // on a server; empty: there is none
	dialect  *dialect
	connect  func() (*sql.DB, error)
	redis    *redisServer // nil: it is in SQL
}

// server says whether it is one that several instances can have in common.
func (p *place) server() bool { return p.database != "" }

var errStoreFlag = errors.New("-store must be memory:, sqlite:FILE, or a URL that begins with postgres://, mysql://, redis:// or rediss://")

// readStore reads -store. Errors do not repeat it, as it may hold a password.
func readStore(flag string) (*place, error) {
	if flag == "memory:" {
		return &place{name: "in memory", dialect: &sqliteDialect, connect: func() (*sql.DB, error) { return openDB("") }}, nil
	}
	scheme, _, _ := strings.Cut(flag, ":")
	if scheme == "redis" || scheme == "rediss" {
		p, err := readRedis(flag)
		if err != nil {
			return nil, fmt.Errorf("-store: %w", err)
		}
		return p, nil
	}
	return readSQL("-store", flag, errStoreFlag)
}

// readAccounts reads -accounts: a file may be named as such.
func readAccounts(flag string) (*place, error) {
	if !strings.Contains(flag, ":") {
		flag = "sqlite:" + flag
	}
	return readSQL("-accounts", flag, errors.New("-accounts must be a file, sqlite:FILE, or a URL that begins with postgres:// or mysql://"))
}

// readSQL reads what names a database with tables.
func readSQL(name, flag string, otherwise error) (p *place, err error) {
	switch scheme, rest, _ := strings.Cut(flag, ":"); {
	case scheme == "sqlite" && rest != "" && !strings.ContainsAny(rest, "?#\x00"):
		return &place{name: rest, file: rest, dialect: &sqliteDialect, connect: func() (*sql.DB, error) { return openDB(rest) }}, nil
	case scheme == "postgres" || scheme == "postgresql":
		p, err = readPostgres(flag)
	case scheme == "mysql":
		p, err = readMySQL(flag)
	default:
		return nil, otherwise
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// readPlaces reads what says where things are kept, and fills in what follows.
func (c *config) readPlaces() (err error) {
	if c.values, err = readStore(c.store); err != nil {
		return err
	}
	switch c.tables = c.values; {
	case c.values.redis != nil:
		if c.tables, err = readAccounts(cmp.Or(c.accounts, "webapp.db")); err != nil {
			return err
		}
	case c.accounts != "":
		return errors.New("-accounts is for -store redis://…: in an SQL database accounts are beside the rest")
	}
	c.keys = cmp.Or(c.keys, keysBeside(c.tables))
	return nil
}

// shared says whether other instances can be there.
func (c config) shared() bool { return c.tables.server() || c.values.redis != nil }

// oneRing is what else to do about a wrong key ring.
func (c config) oneRing() string {
	if c.shared() {
		return "; all instances need the same"
	}
	return ""
}

// isLocal says whether what goes there stays on this machine: by the loopback
// interface, or by a socket in a folder.
func isLocal(host string) bool { return strings.HasPrefix(host, "/") || isLoopback(host) }

// serverConns is how many connections an instance has to a server. As many may be idle:
// by default database/sql closes all but two, and making one costs more than what it
// is made for. Three instances come close to PostgreSQL's default of 100.
const serverConns = 32

// pooled sets what database/sql leaves open. Connections end after some time, so that
// those to a server that has become a standby do.
func pooled(db *sql.DB) *sql.DB {
	db.SetMaxOpenConns(serverConns)
	db.SetMaxIdleConns(serverConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(30 * time.Minute)
	return db
}

// keysBeside is the file of the key ring where -keys names none: beside the file of
// the database, or in the working folder by the name of a server's. Empty: the ring
// ends with what is in memory.
func keysBeside(p *place) string {
	switch {
	case p.file != "":
		return p.file + ".keys"
	case p.server():
		return "mfa-" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
				return r
			}
			return '_'
		}, p.database) + ".keys"
	}
	return ""
}

// A redisServer is how Redis is reached, and what the URL says besides.
type redisServer struct {
	options  redis.UniversalOptions
	prefix   string // of keys; empty: redisstore's own
	replicas int    // that have to have a write before it counts; or unsaid
}

// unsaid leaves it to what a server on this machine has: one, or none to wait for.
const unsaid = -1
