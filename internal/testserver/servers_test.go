package testserver

import (
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func TestPostgresIsKilledAndKeepsWhatItAcknowledged(t *testing.T) {
	p := StartPostgres(t, "synchronous_commit=on")
	p.SQL("CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2); CREATE EXTENSION pg_stat_statements")
	url := p.URL("postgres")
	p.Kill()
	if listens(p.port) {
		t.Error("a killed server takes connections")
	}
	p.Restart()
	if got := p.SQL("SELECT n, n FROM t ORDER BY n"); got != "1|1\n2|2" {
		t.Errorf("it has %q", got)
	}
	if p.URL("postgres") != url {
		t.Error("it is elsewhere now")
	}
}

func TestPostgresStandbyTakesOver(t *testing.T) {
	p := StartPostgres(t, "synchronous_standby_names=*")
	s := p.Standby()
	p.SQL("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
	p.Kill()
	s.Promote()
	s.SQL("INSERT INTO t VALUES (2)") // and waits for no standby
	if got := s.SQL("SELECT n FROM t ORDER BY n"); got != "1\n2" {
		t.Errorf("it has %q", got)
	}
}

func TestMariaDBIsKilledAndKeepsWhatItAcknowledged(t *testing.T) {
	m := StartMariaDB(t, "innodb-lock-wait-timeout=7")
	m.SQL("CREATE DATABASE d; CREATE TABLE d.t (n int, s text); INSERT INTO d.t VALUES (1, @@innodb_lock_wait_timeout)")
	m.Kill()
	if listens(m.port) {
		t.Error("a killed server takes connections")
	}
	m.Restart()
	if got := m.SQL("SELECT * FROM d.t"); got != "1\t7" {
		t.Errorf("it has %q", got)
	}
	if dsn := m.DSN("d"); dsn != "mfa:mfa@tcp("+m.Addr()+")/d" {
		t.Errorf("the DSN is %q", dsn)
	}
}

func TestRedisIsKilledAndItsReplicaTakesOver(t *testing.T) {
	r := StartRedis(t, "maxmemory-policy=noeviction")
	f := r.Replica()
	if got := r.cli("SET a 1\nWAIT 1 0"); got != "OK\n1" {
		t.Errorf("written and waited: %q", got)
	}
	r.Kill()
	if listens(r.port) {
		t.Error("a killed server takes connections")
	}
	f.CLI("REPLICAOF", "NO", "ONE")
	f.CLI("SET", "b", "2")
	if got := f.CLI("MGET", "a", "b"); got != "1\n2" {
		t.Errorf("the replica has %q", got)
	}
	r.Restart()
	if got := r.CLI("MGET", "a", "b"); got != "1" {
		t.Errorf("the old master has %q", got)
	}
}

func TestRedisClusterPromotesByItself(t *testing.T) {
	c := StartRedisCluster(t)
	first := c.MasterOf("{x}1")
	if other := c.MasterOf("{x}2"); other != first {
		t.Error("a hash tag does not hold keys together")
	}
	if got := first.cli("SET {x}1 1\nWAIT 1 0"); got != "OK\n1" {
		t.Fatalf("written and waited: %q", got)
	}
	first.Kill()
	second := c.MasterOf("{x}1")
	if second == first || second.CLI("GET", "{x}1") != "1" {
		t.Error("the key is lost")
	}
	if n := len(c.Nodes()); n != 6 || len(c.Addrs()) != n {
		t.Errorf("%d nodes", n)
	}
}

// Each shared database is another, on one server.
func TestSharedServers(t *testing.T) {
	if a, b := PostgresDatabase(t), PostgresDatabase(t); a == b || psql(t, a, "SELECT 1") != psql(t, b, "SELECT 1") {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := MySQLDatabase(t), MySQLDatabase(t); a == b || !strings.Contains(a, "@tcp(127.0.0.1:") {
		t.Errorf("%s and %s", a, b)
	}
	if a := RedisServer(t); a != RedisServer(t) || redisCLI(t, a, "", "PING") != "PONG" {
		t.Error(a)
	}
	if a := RedisCluster(t); len(a) != 6 || redisCLI(t, a[0], "", "PING") != "PONG" {
		t.Error(a)
	}
}

// MFA_TEST_POSTGRES and the like name servers that run already.
func TestServersThatRunAlready(t *testing.T) {
	p, m := StartPostgres(t), StartMariaDB(t)
	t.Setenv("MFA_TEST_POSTGRES", p.URL("postgres"))
	t.Setenv("MFA_TEST_MYSQL", m.DSN("")+"?timeout=5s")
	t.Setenv("MFA_TEST_REDIS", "redis.example:6379")
	t.Setenv("MFA_TEST_REDIS_CLUSTER", "a:1,b:2")
	t.Run("are used", func(t *testing.T) {
		name := psql(t, PostgresDatabase(t), "SELECT current_database()")
		if got := p.SQL("SELECT count(*) FROM pg_database WHERE datname = '" + name + "'"); got != "1" {
			t.Errorf("%s databases", got)
		}
		_, name, _ = strings.Cut(MySQLDatabase(t), "/")
		name, params, _ := strings.Cut(name, "?")
		if got := m.SQL("SHOW DATABASES LIKE '" + name + "'"); got != name || params != "timeout=5s" {
			t.Errorf("databases %q, params %q", got, params)
		}
		if a := RedisServer(t); a != "redis.example:6379" {
			t.Error(a)
		}
		if a := RedisCluster(t); len(a) != 2 || a[1] != "b:2" {
			t.Error(a)
		}
	})
	if left := p.SQL("SELECT datname FROM pg_database WHERE datname LIKE 'mfa%'") + m.SQL("SHOW DATABASES LIKE 'mfa%'"); left != "" {
		t.Errorf("databases are left: %s", left)
	}
}
