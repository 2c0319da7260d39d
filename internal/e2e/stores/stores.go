// Package stores opens every store that there is on a real database, for tests
// that must hold on each of them. A package that uses it has
//
//	func TestMain(m *testing.M) { testserver.Main(m) }
package stores

import (
	"context"
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// A Handle is a store as one process has it, with connections of its own.
type Handle = mfa.Store

// All are the stores by name. Each opens two handles on one new, empty place, as
// two processes have them; they end with the test.
var All = func() map[string]func(testing.TB) (a, b Handle) {
	all := map[string]func(testing.TB) (a, b Handle){}
	for name := range places {
		all[name] = func(t testing.TB) (a, b Handle) {
			t.Helper()
			list := Open(t, name, 2)
			return list[0], list[1]
		}
	}
	return all
}()

// Open opens so many handles on one new, empty place.
func Open(t testing.TB, name string, handles int) []Handle {
	t.Helper()
	make, ok := places[name]
	if !ok {
		t.Fatalf("there is no store named %q", name)
	}
	again := make(t)
	var list []Handle
	for range handles {
		list = append(list, again(t))
	}
	return list
}

// A place is where the items of one test are. It opens another handle on them.
type place func(testing.TB) Handle

var places = map[string]func(testing.TB) place{
	"memory": func(testing.TB) place {
		s := memory.New()
		return func(testing.TB) Handle { return s }
	},
	"sqlite": func(t testing.TB) place {
		return sqlPlace("sqlite", sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "items.db")), sqlstore.Options{Dialect: sqlstore.SQLite})
	},
	// The servers that tests share do not wait for the disk, which Open would refuse.
	"postgres": func(t testing.TB) place {
		return sqlPlace("pgx", testserver.PostgresDatabase(t), sqlstore.Options{Dialect: sqlstore.PostgreSQL, InsecureMayForget: true})
	},
	"mariadb": func(t testing.TB) place {
		return sqlPlace("mysql", testserver.MySQLDatabase(t), sqlstore.Options{Dialect: sqlstore.MySQL, InsecureMayForget: true})
	},
	"redis": func(t testing.TB) place {
		return redisPlace([]string{testserver.RedisServer(t)}, false, redisstore.Options{InsecureAsync: true})
	},
	"redis-replicated": func(t testing.TB) place {
		return redisPlace([]string{replicated(t)}, false, redisstore.Options{})
	},
	"redis-cluster": func(t testing.TB) place {
		return redisPlace(testserver.RedisCluster(t), true, redisstore.Options{})
	},
}

func sqlPlace(driver, dsn string, o sqlstore.Options) place {
	return func(t testing.TB) Handle {
		t.Helper()
		s, _ := SQL(t, driver, dsn, 8, o)
		return s
	}
}

// SQL opens a store over a pool of so many connections, which stay open. Both
// end with the test.
func SQL(t testing.TB, driver, dsn string, connections int, o sqlstore.Options) (*sqlstore.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := sqlstore.Open(context.WithoutCancel(t.Context()), db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, db
}

// prefix is one of a test's own, for servers whose keys all tests share.
func prefix() string { return "test" + strings.ToLower(rand.Text()) }
