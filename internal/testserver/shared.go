package testserver

import (
	"crypto/rand"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Main is the TestMain of a package whose tests share servers: it runs the
// tests, ends the servers that they have started, and exits.
//
//	func TestMain(m *testing.M) { testserver.Main(m) }
func Main(m *testing.M) {
	shared.has = true
	code := m.Run()
	shared.end()
	os.Exit(code)
}

// shared is what belongs to no single test: servers that start when the first
// test needs one, and end after the last.
var shared sharing

type sharing struct {
	has bool // Main is there to end it

	postgres lazy[Postgres]
	mariadb  lazy[MariaDB]
	redis    lazy[Redis]
	cluster  lazy[Cluster]

	mu   sync.Mutex
	ends []func()
}

func (s *sharing) end() {
	for len(s.ends) > 0 {
		last := len(s.ends) - 1
		end := s.ends[last]
		s.ends = s.ends[:last]
		end()
	}
}

// A lazy server starts when it is first needed.
type lazy[T any] struct {
	mu     sync.Mutex
	server *T
}

func (l *lazy[T]) get(t testing.TB, start func(testing.TB) *T) *T {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.server == nil {
		if !shared.has {
			t.Fatal("tests that share a server need func TestMain(m *testing.M) { testserver.Main(m) }")
		}
		l.server = start(beyond{t})
	}
	return l.server
}

// beyond is a test whose cleanups wait until all tests have run.
type beyond struct{ testing.TB }

func (beyond) Cleanup(end func()) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.ends = append(shared.ends, end)
}

func (beyond) Failed() bool { return false } // it has ended long ago

// The shared servers are never killed, so that those that can be told to do
// without the disk are. Their settings are such as a store may insist on.

func startSharedPostgres(t testing.TB) *Postgres { return StartPostgres(t) }
func startSharedMariaDB(t testing.TB) *MariaDB   { return StartMariaDB(t, "innodb-flush-method=nosync") }
func startSharedRedis(t testing.TB) *Redis       { return StartRedis(t, "appendfsync=no") }

// PostgresDatabase makes an empty database on a server that the package's tests
// share, or on the one whose postgres:// URL MFA_TEST_POSTGRES is, and returns
// its URL.
func PostgresDatabase(t testing.TB) string {
	t.Helper()
	name := databaseName()
	if given := os.Getenv("MFA_TEST_POSTGRES"); given != "" {
		server, err := url.Parse(given)
		if err != nil {
			t.Fatal("MFA_TEST_POSTGRES is no URL") // which may hold a password
		}
		psql(t, given, "CREATE DATABASE "+name)
		t.Cleanup(func() { psql(t, given, "DROP DATABASE "+name+" WITH (FORCE)") })
		server.Path = "/" + name
		return server.String()
	}
	p := shared.postgres.get(t, startSharedPostgres)
	psql(t, p.URL("postgres"), "CREATE DATABASE "+name)
	return p.URL(name)
}

var mysqlDSN = regexp.MustCompile(`^([^:]*):(.*)@tcp\((.*):(\d+)\)/[^/?]*(\?.*)?$`)

// MySQLDatabase makes an empty database on a MariaDB that the package's tests
// share, or on the server whose DSN user:password@tcp(host:port)/ MFA_TEST_MYSQL
// is, and returns its DSN in the form of the driver go-sql-driver/mysql.
func MySQLDatabase(t testing.TB) string {
	t.Helper()
	name := databaseName()
	if given := os.Getenv("MFA_TEST_MYSQL"); given != "" {
		p := mysqlDSN.FindStringSubmatch(given)
		if p == nil {
			t.Fatal("MFA_TEST_MYSQL is not of the form user:password@tcp(host:port)/")
		}
		server := mysqlServer{user: p[1], password: p[2], host: p[3], port: p[4]}
		mariaSQL(t, server, "CREATE DATABASE "+name)
		t.Cleanup(func() { mariaSQL(t, server, "DROP DATABASE "+name) })
		return p[1] + ":" + p[2] + "@tcp(" + p[3] + ":" + p[4] + ")/" + name + p[5]
	}
	m := shared.mariadb.get(t, startSharedMariaDB)
	mariaSQL(t, m.access(), "CREATE DATABASE "+name)
	return m.DSN(name)
}

func databaseName() string { return "mfa_" + strings.ToLower(rand.Text()) }

// RedisServer returns the host:port of a Redis without a replica that the
// package's tests share, or of the one that MFA_TEST_REDIS names. Each test has
// a prefix of its own for its keys.
func RedisServer(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("MFA_TEST_REDIS"); given != "" {
		return given
	}
	return shared.redis.get(t, startSharedRedis).Addr()
}

// RedisCluster returns the host:port of each node of a Redis cluster that the
// package's tests share, or of the one that MFA_TEST_REDIS_CLUSTER names, with
// commas. Each test has a prefix of its own for its keys.
func RedisCluster(t testing.TB) []string {
	t.Helper()
	if given := os.Getenv("MFA_TEST_REDIS_CLUSTER"); given != "" {
		return strings.Split(given, ",")
	}
	return shared.cluster.get(t, StartRedisCluster).Addrs()
}
