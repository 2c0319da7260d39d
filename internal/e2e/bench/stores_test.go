package bench_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"
)

// connections of a pool: open and idle.
const connections = 32

// A place is a store on a server that nothing else uses, and the floor there.
type place struct {
	name  string
	most  float64 // that a verification may cost, in floors
	start func(b *testing.B, c *crowd) (mfa.Store, operation)
}

// The servers wait for their disks, as they have to; but Redis, as most have it,
// once a second, unless it is named "always".
var places = []place{
	{"sqlite", 1.3, func(b *testing.B, c *crowd) (mfa.Store, operation) {
		dsn := sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "items.db"))
		s, _ := stores.SQL(b, "sqlite", dsn, 8, sqlstore.Options{Dialect: sqlstore.SQLite})
		db, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		return s, c.sqliteFloor(b, db)
	}},
	{"postgres", 1.25, func(b *testing.B, c *crowd) (mfa.Store, operation) {
		s, db := openPostgres(b, testserver.StartPostgres(b))
		return s, c.sqlFloor(b, db, sqlstore.PostgreSQL)
	}},
	{"mariadb", 1.25, func(b *testing.B, c *crowd) (mfa.Store, operation) {
		m := testserver.StartMariaDB(b)
		m.SQL("CREATE DATABASE items")
		s, db := stores.SQL(b, "mysql", m.DSN("items"), connections, sqlstore.Options{Dialect: sqlstore.MySQL})
		return s, c.sqlFloor(b, db, sqlstore.MySQL)
	}},
	{"redis", 1.25, func(b *testing.B, c *crowd) (mfa.Store, operation) {
		return openRedis(b, c, testserver.StartRedis(b, "appendfsync=everysec"), 0)
	}},
	{"redis-always", 1.25, func(b *testing.B, c *crowd) (mfa.Store, operation) {
		return openRedis(b, c, testserver.StartRedis(b, "appendfsync=always"), 0)
	}},
	{"redis-replicated", 1.25, func(b *testing.B, c *crowd) (mfa.Store, operation) {
		master := testserver.StartRedis(b, "appendfsync=everysec")
		master.Replica("appendfsync=everysec")
		return openRedis(b, c, master, 1)
	}},
}

func openRedis(b *testing.B, c *crowd, server *testserver.Redis, replicas int) (mfa.Store, operation) {
	b.Helper()
	s, client := stores.Redis(b, &redis.UniversalOptions{Addrs: []string{server.Addr()}, PoolSize: connections},
		redisstore.Options{Replicas: replicas, InsecureAsync: replicas == 0})
	return s, c.redisFloor(b, client, replicas)
}

func openPostgres(b *testing.B, p *testserver.Postgres) (*sqlstore.Store, *sql.DB) {
	b.Helper()
	return stores.SQL(b, "pgx", p.URL("postgres"), connections, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
}

// BenchmarkStores is 64 users who verify a right code at a time, each their own,
// beside the least that it takes: a read and a compare-and-swap of the same bytes.
func BenchmarkStores(b *testing.B) {
	onThis()
	c := newCrowd(b, clients)
	for _, p := range places {
		b.Run(p.name, func(b *testing.B) {
			store, floor := p.start(b, c)
			c.fill(b, store)
			r := compare(b, clients, floor, c.verifying(c.engine(b, c.rewind(store))))
			b.Logf("%s: %v floors, at most %.2f; values of %d bytes", p.name, r, p.most, len(c.members[0].value))
		})
	}
}
