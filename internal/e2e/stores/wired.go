package stores

import (
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"
)

// Wired are the stores of which a test can cut the connection, each behind a wire of
// its own.
var Wired = map[string]func(testing.TB) (*testserver.Wire, Handle){
	"postgres": func(t testing.TB) (*testserver.Wire, Handle) {
		u, err := url.Parse(testserver.PostgresDatabase(t))
		if err != nil {
			t.Fatal(err)
		}
		wire := testserver.NewWire(t, u.Host)
		u.Host = wire.Addr()
		return wire, sqlPlace("pgx", u.String(), sqlstore.Options{Dialect: sqlstore.PostgreSQL, InsecureMayForget: true})(t)
	},
	"mariadb": func(t testing.TB) (*testserver.Wire, Handle) {
		c, err := mysql.ParseDSN(testserver.MySQLDatabase(t))
		if err != nil {
			t.Fatal(err)
		}
		wire := testserver.NewWire(t, c.Addr)
		c.Addr, c.Logger = wire.Addr(), &mysql.NopLogger{}
		return wire, sqlPlace("mysql", c.FormatDSN(), sqlstore.Options{Dialect: sqlstore.MySQL, InsecureMayForget: true})(t)
	},
	"redis": func(t testing.TB) (*testserver.Wire, Handle) {
		wire := testserver.NewWire(t, testserver.RedisServer(t))
		return wire, redisPlace([]string{wire.Addr()}, false, redisstore.Options{InsecureAsync: true})(t)
	},
	"redis-replicated": func(t testing.TB) (*testserver.Wire, Handle) {
		wire := testserver.NewWire(t, replicated(t))
		return wire, redisPlace([]string{wire.Addr()}, false, redisstore.Options{})(t)
	},
}

// WaitsForReplicas says whether a store acknowledges nothing that one server alone has.
func WaitsForReplicas(name string) bool {
	return strings.HasPrefix(name, "redis-")
}
