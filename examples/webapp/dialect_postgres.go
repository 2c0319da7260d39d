package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/mfakit/mfa/store/sqlstore"
)

var postgresDialect = dialect{
	name: "postgres",
	schemas: []string{`
CREATE TABLE webapp_accounts (
	id             TEXT COLLATE "C" PRIMARY KEY,
	email          TEXT COLLATE "C" NOT NULL UNIQUE,
	email_verified BOOLEAN NOT NULL DEFAULT FALSE,
	phone          TEXT NOT NULL,
	password       TEXT NOT NULL,
	kind           TEXT NOT NULL DEFAULT '',
	"rank"         TEXT NOT NULL DEFAULT '',
	attributes     TEXT NOT NULL DEFAULT '{}',
	created_at     BIGINT NOT NULL
);
CREATE TABLE webapp_sessions (
	id         BYTEA PRIMARY KEY,
	account    TEXT COLLATE "C" NOT NULL REFERENCES webapp_accounts (id),
	evidence   TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX webapp_sessions_account ON webapp_sessions (account);
CREATE TABLE webapp_failures (
	"key" BYTEA PRIMARY KEY,
	count INTEGER NOT NULL,
	last  BIGINT NOT NULL
);
CREATE TABLE webapp_links (
	id         BYTEA PRIMARY KEY,
	purpose    TEXT NOT NULL,
	browser    BYTEA NOT NULL,
	account    TEXT COLLATE "C" NOT NULL,
	data       TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX webapp_links_account ON webapp_links (account);
CREATE TABLE webapp_identities (
	provider TEXT COLLATE "C" NOT NULL,
	subject  TEXT COLLATE "C" NOT NULL,
	account  TEXT COLLATE "C" NOT NULL REFERENCES webapp_accounts (id) ON DELETE CASCADE,
	PRIMARY KEY (provider, subject)
);
CREATE TABLE webapp_api_keys (
	id         TEXT COLLATE "C" PRIMARY KEY,
	hash       BYTEA NOT NULL UNIQUE,
	account    TEXT COLLATE "C" NOT NULL REFERENCES webapp_accounts (id) ON DELETE CASCADE,
	label      TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE webapp_transfers (
	id         TEXT COLLATE "C" PRIMARY KEY,
	account    TEXT COLLATE "C" NOT NULL REFERENCES webapp_accounts (id),
	payee      TEXT NOT NULL,
	cents      BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	done_at    BIGINT,
	approval   TEXT
);
CREATE TABLE webapp_seconds (
	id         TEXT COLLATE "C" PRIMARY KEY,
	account    TEXT COLLATE "C" NOT NULL REFERENCES webapp_accounts (id) ON DELETE CASCADE,
	asked_by   TEXT COLLATE "C" NOT NULL,
	reason     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	agreed_by  TEXT COLLATE "C" NOT NULL DEFAULT '',
	used       SMALLINT NOT NULL DEFAULT 0
);
`},
	metaTable: `
CREATE TABLE IF NOT EXISTS webapp_meta (
	name  TEXT COLLATE "C" PRIMARY KEY,
	value TEXT NOT NULL
);
`,
	values:      sqlstore.PostgreSQL,
	rewrite:     numbered,
	alone:       aloneOnPostgres,
	hasData:     postgresHasData,
	isDuplicate: func(err error) bool { return postgresCode(err) == "23505" },
	fault:       postgresFault,
	advice:      postgresAdvice,
}

// numbered makes $1, $2, … of question marks. No statement has one in a literal.
func numbered(statement string) string {
	parts := strings.Split(statement, "?")
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}

// migrationLock is the number of the advisory lock, which is one for the whole
// database: the letters of "webapp".
const migrationLock = 0x776562617070

func aloneOnPostgres(ctx context.Context, db *sql.DB, f func(executor) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func postgresHasData(ctx context.Context, db *sql.DB) (used bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT to_regclass('webapp_meta') IS NOT NULL OR to_regclass('mfa_items') IS NOT NULL`).Scan(&used)
	return used, err
}

// Time-outs, all shorter than requestTimeout, so that a request that waits in vain
// has an answer, and the next one another connection.
const (
	connectTimeout   = 5 * time.Second
	statementTimeout = 10 * time.Second
	lockTimeout      = 5 * time.Second
)

var errPostgresURL = errors.New("not a URL of the form postgres://user:password@host:port/database")

func readPostgres(address string) (*place, error) {
	config, err := postgresConfig(address)
	if err != nil {
		return nil, err
	}
	return &place{
		name:     "postgres://" + strings.Join(hostsOf(config), ",") + "/" + config.Database,
		database: config.Database,
		dialect:  &postgresDialect,
		connect:  func() (*sql.DB, error) { return pooled(stdlib.OpenDB(*config)), nil },
	}, nil
}

// postgresConfig reads the URL as libpq does, several hosts included. What it adds where
// the URL says nothing: on a network, TLS with a certificate that is looked at;
// time-outs; and with several hosts the one that takes writes, as a standby may be
// behind. Errors say nothing of the URL, which may hold a password.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	if !strings.Contains(address, "://") {
		return nil, errPostgresURL
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errPostgresURL
	}
	_, text, found := strings.Cut(address, "?")
	given, err := url.ParseQuery(text)
	if err != nil {
		return nil, errPostgresURL
	}
	hosts := hostsOf(config)
	away := func(at string) bool {
		host, _, err := net.SplitHostPort(at)
		return err == nil && !isLocal(host)
	}
	more := url.Values{}
	if slices.ContainsFunc(hosts, away) && !given.Has("sslmode") && !given.Has("ssl") && os.Getenv("PGSSLMODE") == "" {
		more.Set("sslmode", "verify-full")
	}
	if len(hosts) > 1 && !given.Has("target_session_attrs") && os.Getenv("PGTARGETSESSIONATTRS") == "" {
		more.Set("target_session_attrs", "read-write")
	}
	if len(more) > 0 {
		sign := "?"
		if found {
			sign = "&"
		}
		if config, err = pgx.ParseConfig(address + sign + more.Encode()); err != nil {
			return nil, errPostgresURL
		}
	}
	if !given.Has("connect_timeout") {
		config.ConnectTimeout = connectTimeout
	}
	for name, limit := range map[string]time.Duration{"statement_timeout": statementTimeout, "lock_timeout": lockTimeout} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = strconv.FormatInt(limit.Milliseconds(), 10)
		}
	}
	return config, nil
}

// hostsOf are the hosts with their ports, and the folders of sockets.
func hostsOf(c *pgx.ConnConfig) []string {
	var hosts []string
	for _, h := range append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port}}, c.Fallbacks...) {
		name := h.Host
		if !strings.HasPrefix(name, "/") {
			name = net.JoinHostPort(name, strconv.Itoa(int(h.Port)))
		}
		if !slices.Contains(hosts, name) { // it is there with TLS and without
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// postgresCode is the SQLSTATE; empty: the error is not PostgreSQL's.
func postgresCode(err error) string {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// postgresFault: PostgreSQL 15, Appendix A.
func postgresFault(err error) fault {
	code := postgresCode(err)
	switch code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return undone
	case "55P03", "57014": // lock_not_available, query_canceled by statement_timeout
		return busy
	case "25006", "53300", "57P03": // a standby, too many connections, starting up
		return busy
	case "57P01", "57P02": // it is shut down, or has crashed
		return unknown
	}
	if code == "" && errors.As(err, new(*pgconn.ConnectError)) {
		return busy // of what was to be run nothing was sent
	}
	if code == "" && pgconn.SafeToRetry(err) {
		return busy
	}
	return broken
}

func postgresAdvice(err error) string {
	switch postgresCode(err) {
	case "":
		if e := (*pgconn.ConnectError)(nil); errors.As(err, &e) && strings.Contains(err.Error(), "server refused TLS") {
			return "it does not speak TLS: switch that on there, as passwords and addresses cross the network"
		}
		return ""
	case "28P01":
		return "the password is wrong, or there is no such user"
	case "28000":
		return "this user may not connect from here in this way: look at its pg_hba.conf"
	case "3D000":
		return "there is no such database: make it with createdb, or name another"
	case "42501":
		return "this user may not do that: it has to be able to make tables there, or tables have to be made for it"
	case "25006":
		return "it takes no writes: this is a standby, so name the primary, or all hosts with target_session_attrs=read-write"
	case "53300":
		return "it has no connection left: raise max_connections there, or stop other programs"
	case "53100":
		return "there is no room left on its disk"
	case "57P03":
		return "it is starting, or stopping: try again in a moment"
	case "55P03", "57014":
		return "another program holds its lock: stop that program, or wait for it"
	}
	return "it cannot be used"
}
