// Package kit_test holds every real store to those parts of the kit that need more
// than a store: connections that are cut, and a database that two of them share.
package kit_test

import (
	"crypto/rand"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/store/storetest"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// The kit, while the connections are cut.
func TestA94_ConnectionsAreLost(t *testing.T) {
	for name, open := range stores.Wired {
		t.Run(name, func(t *testing.T) {
			storetest.RunFaulty(t, func(t *testing.T) (mfa.Store, func()) {
				wire, s := open(t)
				return s, wire.Cut
			})
		})
	}
}

// Two tables of one database, and two prefixes of one server, of which one's name
// begins with the other's.
func TestTwoStoresInOnePlace(t *testing.T) {
	tables := func(driver string, dialect sqlstore.Dialect, database func(testing.TB) string) func(*testing.T) (a, b mfa.Store) {
		return func(t *testing.T) (a, b mfa.Store) {
			dsn := database(t)
			open := func(table string) mfa.Store {
				s, _ := stores.SQL(t, driver, dsn, 4, sqlstore.Options{Dialect: dialect, Table: table, InsecureMayForget: true})
				return s
			}
			return open("a"), open("ab")
		}
	}
	prefixes := func(addrs func(testing.TB) []string, cluster bool, o redisstore.Options) func(*testing.T) (a, b mfa.Store) {
		return func(t *testing.T) (a, b mfa.Store) {
			o := o // cases run at once
			o.Prefix = "kit" + rand.Text()
			u := &redis.UniversalOptions{Addrs: addrs(t), IsClusterMode: cluster}
			a, _ = stores.Redis(t, u, o)
			o.Prefix += "b"
			b, _ = stores.Redis(t, u, o)
			return a, b
		}
	}
	one := func(t testing.TB) []string { return []string{testserver.RedisServer(t)} }
	for name, open := range map[string]func(*testing.T) (a, b mfa.Store){
		"postgres":      tables("pgx", sqlstore.PostgreSQL, testserver.PostgresDatabase),
		"mariadb":       tables("mysql", sqlstore.MySQL, testserver.MySQLDatabase),
		"redis":         prefixes(one, false, redisstore.Options{InsecureAsync: true}),
		"redis-cluster": prefixes(testserver.RedisCluster, true, redisstore.Options{}),
	} {
		t.Run(name, func(t *testing.T) { storetest.RunIsolated(t, open) })
	}
}
