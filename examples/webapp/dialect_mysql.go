package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/mfakit/mfa/store/sqlstore"
)

// mysqlDialect is that of MySQL 8.0 and of MariaDB from 10.6 on. MySQL cannot undo a change of
// tables, so that each statement has to bear being run again. Keys are VARBINARY: text
// is compared without regard to spaces at its end, whatever the collation.
var mysqlDialect = dialect{
	name: "mysql",
	schemas: []string{`
CREATE TABLE IF NOT EXISTS webapp_accounts (
	id             VARBINARY(64) PRIMARY KEY,
	email          VARBINARY(254) NOT NULL UNIQUE,
	email_verified BOOLEAN NOT NULL DEFAULT FALSE,
	phone          VARCHAR(32) NOT NULL,
	password       VARCHAR(255) NOT NULL,
	kind           VARCHAR(32) NOT NULL DEFAULT '',
	"rank"         VARCHAR(32) NOT NULL DEFAULT '',
	attributes     TEXT NOT NULL,
	created_at     BIGINT NOT NULL
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webapp_sessions (
	id         VARBINARY(32) PRIMARY KEY,
	account    VARBINARY(64) NOT NULL,
	evidence   MEDIUMTEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	KEY webapp_sessions_account (account),
	FOREIGN KEY (account) REFERENCES webapp_accounts (id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webapp_failures (
	"key" VARBINARY(32) PRIMARY KEY,
	count INTEGER NOT NULL,
	last  BIGINT NOT NULL
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS webapp_links (
	id         VARBINARY(32) PRIMARY KEY,
	purpose    VARCHAR(32) NOT NULL,
	browser    VARBINARY(32) NOT NULL,
	account    VARBINARY(64) NOT NULL,
	data       TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	KEY webapp_links_account (account)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webapp_identities (
	provider VARBINARY(255) NOT NULL,
	subject  VARBINARY(255) NOT NULL,
	account  VARBINARY(64) NOT NULL,
	PRIMARY KEY (provider, subject),
	FOREIGN KEY (account) REFERENCES webapp_accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS webapp_api_keys (
	id         VARBINARY(64) PRIMARY KEY,
	hash       VARBINARY(32) NOT NULL UNIQUE,
	account    VARBINARY(64) NOT NULL,
	label      VARCHAR(64) NOT NULL,
	created_by VARBINARY(64) NOT NULL,
	created_at BIGINT NOT NULL,
	FOREIGN KEY (account) REFERENCES webapp_accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webapp_transfers (
	id         VARBINARY(64) PRIMARY KEY,
	account    VARBINARY(64) NOT NULL,
	payee      VARCHAR(64) NOT NULL,
	cents      BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	done_at    BIGINT,
	approval   TEXT,
	FOREIGN KEY (account) REFERENCES webapp_accounts (id)
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS webapp_seconds (
	id         VARBINARY(64) PRIMARY KEY,
	account    VARBINARY(64) NOT NULL,
	asked_by   VARBINARY(64) NOT NULL,
	reason     VARCHAR(255) NOT NULL,
	created_at BIGINT NOT NULL,
	agreed_by  VARBINARY(64) NOT NULL DEFAULT '',
	used       SMALLINT NOT NULL DEFAULT 0,
	FOREIGN KEY (account) REFERENCES webapp_accounts (id) ON DELETE CASCADE
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
`},
	metaTable: `
CREATE TABLE IF NOT EXISTS webapp_meta (
	name  VARBINARY(64) PRIMARY KEY,
	value MEDIUMTEXT NOT NULL
) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
`,
	split: true,
	// The default, REPEATABLE READ, would go on seeing what was there at the first
	// statement, and locks gaps between keys, over which strangers' requests deadlock.
	isolation:   &sql.TxOptions{Isolation: sql.LevelReadCommitted},
	values:      sqlstore.MySQL,
	rewrite:     forMySQL,
	alone:       aloneOnMySQL,
	hasData:     mysqlHasData,
	isDuplicate: func(err error) bool { return mysqlCode(err) == 1062 },
	fault:       mysqlFault,
	advice:      mysqlAdvice,
}

var onConflict = regexp.MustCompile(`ON CONFLICT \([^)]*\) DO UPDATE SET`)

// forMySQL puts names into its quotes, and says what to do with a row that is there
// in its way, which names no column: on a table with one unique key that is the same.
func forMySQL(statement string) string {
	return strings.ReplaceAll(onConflict.ReplaceAllString(statement, "ON DUPLICATE KEY UPDATE"), `"`, "`")
}

// aloneOnMySQL holds a lock that is one for the database; names are the server's.
func aloneOnMySQL(ctx context.Context, db *sql.DB, f func(executor) error) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	const name = `concat('webapp ', md5(database()))`
	var held sql.NullInt64
	for try := 0; held.Int64 != 1; try++ {
		if try == 15 {
			return errors.New("another instance has been changing its tables for 30 seconds: wait for it")
		}
		// Short waits, which the driver's time-out for reads does not cut off.
		if err := conn.QueryRowContext(ctx, `SELECT get_lock(`+name+`, 2)`).Scan(&held); err != nil {
			return err
		}
	}
	defer func() {
		_, end := conn.ExecContext(context.WithoutCancel(ctx), `DO release_lock(`+name+`)`)
		err = errors.Join(err, end)
	}()
	return f(quoting{conn})
}

// quoting rewrites what a step of the schema says.
type quoting struct{ executor }

func (q quoting) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return q.executor.ExecContext(ctx, forMySQL(query), args...)
}

func mysqlHasData(ctx context.Context, db *sql.DB) (used bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT count(*) > 0 FROM information_schema.tables
		WHERE table_schema = database() AND table_name IN ('webapp_meta', 'mfa_items')`).Scan(&used)
	return used, err
}

var errMySQLURL = errors.New("not a URL of the form mysql://user:password@host:port/database")

func readMySQL(address string) (*place, error) {
	config, err := mysqlConfig(address)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, errMySQLURL
	}
	return &place{
		name:     "mysql://" + config.Addr + "/" + config.DBName,
		database: config.DBName,
		dialect:  &mysqlDialect,
		connect:  func() (*sql.DB, error) { return pooled(sql.OpenDB(connector)), nil },
	}, nil
}

// mysqlConfig reads the URL; its query has the parameters of go-sql-driver/mysql. What it
// adds where the URL says nothing: on a network, TLS with a certificate that is looked
// at, and time-outs. Errors say nothing of the URL, which may hold a password.
func mysqlConfig(address string) (*mysql.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errMySQLURL
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	at, name := net.JoinHostPort(u.Hostname(), port), strings.Trim(u.Path, "/")
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errMySQLURL
	}
	for parameter, value := range map[string]string{
		"timeout":                  connectTimeout.String(),
		"readTimeout":              statementTimeout.String(),
		"writeTimeout":             statementTimeout.String(),
		"innodb_lock_wait_timeout": "5", // seconds
	} {
		if !given.Has(parameter) {
			given.Set(parameter, value)
		}
	}
	if !given.Has("tls") && !isLocal(u.Hostname()) {
		given.Set("tls", "true")
	}
	config, err := mysql.ParseDSN("tcp(" + at + ")/" + url.PathEscape(name) + "?" + given.Encode())
	if err != nil {
		return nil, errMySQLURL
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Passwd = cmp.Or(config.Passwd, os.Getenv("MYSQL_PWD")) // as MySQL's own programs do
	config.ParseTime, config.Loc = true, time.UTC
	config.ClientFoundRows = true // a row that has the new value already was found, and not missed
	config.Logger = &mysql.NopLogger{}
	return config, nil
}

// mysqlCode is the server's error number; 0: the error is not MySQL's.
func mysqlCode(err error) uint16 {
	if e := (*mysql.MySQLError)(nil); errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// mysqlFault: MySQL 8.0 Error Message Reference.
func mysqlFault(err error) fault {
	switch mysqlCode(err) {
	case 1213: // deadlock
		return undone
	case 1205, 3024, 1969: // lock wait timeout; of a statement, of MariaDB's
		return busy
	case 1040, 1203, 1290, 1792, 1836: // too many connections; read only
		return busy
	case 1053, 1317, 1927: // it shuts down; interrupted; killed
		return unknown
	}
	if errors.Is(err, mysql.ErrInvalidConn) {
		return unknown
	}
	return broken
}

func mysqlAdvice(err error) string {
	switch code := mysqlCode(err); code {
	case 0:
		if errors.Is(err, mysql.ErrNoTLS) {
			return "it does not speak TLS: switch that on there, as passwords and addresses cross the network"
		}
		if errors.Is(err, mysql.ErrInvalidConn) {
			return "it does not answer, or hung up: check host and port, and the firewall between"
		}
		return ""
	case 1045, 1698:
		return "the password is wrong, or this user may not connect from here"
	case 1044, 1142:
		return "this user may not do that: it has to be able to make tables there, or tables have to be made for it"
	case 1049:
		return "there is no such database: make it with CREATE DATABASE, or name another"
	case 1040, 1203:
		return "it has no connection left: raise max_connections there, or stop other programs"
	case 1290, 1792, 1836:
		return "it takes no writes: this is a replica, or read-only; name the primary"
	case 1205, 1213:
		return "another program holds its lock: stop that program, or wait for it"
	case 1114, 1021:
		return "there is no room left on its disk"
	}
	return "it cannot be used"
}
