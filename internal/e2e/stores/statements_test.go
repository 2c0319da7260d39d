package stores_test

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/totp"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// A counted store is on a server of its own, which counts what it is asked.
type counted struct {
	store mfa.Store
	each  int // what a verification may cost
	count func() int
}

var servers = map[string]func(*testing.T) counted{
	"postgres": func(t *testing.T) counted {
		p := testserver.StartPostgres(t)
		p.SQL("CREATE DATABASE items")
		p.SQL("CREATE EXTENSION pg_stat_statements")
		s, _ := stores.SQL(t, "pgx", p.URL("items"), 4, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
		return counted{s, 2, func() int {
			return number(t, p.SQL("SELECT sum(calls) FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid WHERE toplevel AND datname = 'items'"))
		}}
	},
	"mariadb": func(t *testing.T) counted {
		m := testserver.StartMariaDB(t)
		m.SQL("CREATE DATABASE items")
		s, _ := stores.SQL(t, "mysql", m.DSN("items"), 4, sqlstore.Options{Dialect: sqlstore.MySQL})
		// Questions are what clients have asked, less what they have had prepared. What
		// is asked here is the same each time.
		asked := func() int {
			total := 0
			for _, name := range []string{"Questions", "Com_stmt_prepare"} {
				_, value, _ := strings.Cut(m.SQL("SHOW GLOBAL STATUS LIKE '"+name+"'"), "\t")
				total += number(t, value)
			}
			return total
		}
		asking, own := asked(), 0
		asking = asked() - asking
		return counted{s, 2, func() int {
			own += asking
			return asked() - own
		}}
	},
	"redis": func(t *testing.T) counted {
		return redisCounted(t, 2, false, redisstore.Options{InsecureAsync: true}, testserver.StartRedis(t))
	},
	"redis-replicated": func(t *testing.T) counted {
		master := testserver.StartRedis(t)
		master.Replica()
		return redisCounted(t, 3, false, redisstore.Options{}, master)
	},
	"redis-cluster": func(t *testing.T) counted {
		return redisCounted(t, 3, true, redisstore.Options{}, testserver.StartRedisCluster(t).Nodes()...)
	},
}

func redisCounted(t *testing.T, each int, cluster bool, o redisstore.Options, nodes ...*testserver.Redis) counted {
	t.Helper()
	var addrs []string
	for _, node := range nodes {
		addrs = append(addrs, node.Addr())
	}
	s, _ := stores.Redis(t, &redis.UniversalOptions{Addrs: addrs, IsClusterMode: cluster}, o)
	return counted{s, each, func() int {
		total := 0
		for _, node := range nodes {
			if strings.Contains(node.CLI("INFO", "replication"), "role:master") {
				total += commands(t, node.CLI("INFO", "commandstats"))
			}
		}
		return total
	}}
}

// around are commands that are no part of a verification: of the scripts, which
// INFO counts as well, of connecting, of the servers among themselves, and ours.
var around = []string{"getrange", "set", "time", "info", "hello", "client|setinfo", "client|maint_notifications", "cluster|slots", "cluster|shards", "command", "ping", "replconf"}

func commands(t *testing.T, stats string) (total int) {
	t.Helper()
	for line := range strings.Lines(stats) {
		name, rest, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !ok || slices.Contains(around, name) {
			continue
		}
		calls, _, _ := strings.Cut(rest, ",")
		total += number(t, calls)
	}
	return total
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A verification is one read and one conditional write, whether the code was right
// or wrong and however much the user has enrolled: as the servers count it, not as
// we do. With replicas to wait for it is one command more.
func TestTwoStatementsPerVerification(t *testing.T) {
	t.Parallel()
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := start(t)
			clock := mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
			for _, enrollments := range []int{1, 20} {
				for _, right := range []bool{true, false} {
					// A process adds up failures, and tells the others at the first, after 10 s and
					// after 16, behind the answer. The first is made beforehand.
					told := make(chan struct{}, 1)
					engine := newEngine(t, &telling{server.store, told}, clock)
					if err := answer(t, engine, clock, 1, false)(); err != nil {
						t.Fatal(err)
					}
					<-told
					const users = 10
					var answers []func() error
					for range users {
						answers = append(answers, answer(t, engine, clock, enrollments, right))
					}
					before := server.count()
					for _, give := range answers {
						if err := give(); err != nil {
							t.Fatal(err)
						}
					}
					if got := server.count() - before; got != users*server.each {
						t.Errorf("%d enrollments, right: %v: %d verifications cost %d statements, want %d each", enrollments, right, users, got, server.each)
					}
				}
			}
		})
	}
}

// A telling store says when it has saved what is no single user's.
type telling struct {
	mfa.Store
	told chan<- struct{}
}

func (s *telling) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := s.Store.Save(ctx, key, old, item)
	if !strings.HasPrefix(key, "user/") {
		select {
		case s.told <- struct{}{}:
		default:
		}
	}
	return err
}

func newEngine(t *testing.T, store mfa.Store, clock *mfatest.Clock) *mfa.Engine {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Statements"})
	if err != nil {
		t.Fatal(err)
	}
	e, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{apps}, Now: clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// answer brings a new user to where a code is asked, and returns what gives it.
func answer(t *testing.T, e *mfa.Engine, clock *mfatest.Clock, enrollments int, right bool) func() error {
	t.Helper()
	user := mfa.User{ID: rand.Text(), Name: "ada@example.com"}
	secret := base32.StdEncoding.EncodeToString([]byte(rand.Text()[:20]))
	state, err := json.Marshal(totp.State{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	var items []mfa.ImportItem
	for i := range enrollments {
		items = append(items, mfa.ImportItem{ID: fmt.Sprint(i), Method: totp.Name, State: state})
	}
	if _, err := e.Import(t.Context(), mfa.Import{User: user, Source: "statements", Items: items}); err != nil {
		t.Fatal(err)
	}
	flow, err := e.SignIn(t.Context(), mfa.SignIn{User: user, First: mfa.Password})
	if err != nil || len(flow.Options) != enrollments {
		t.Fatalf("%d options, %v", len(flow.Options), err)
	}
	phone, err := mfatest.NewAuthenticator("otpauth://totp/ada?secret="+secret, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	a := mfa.Answer{Option: flow.Options[enrollments-1].ID, Code: phone.Code()}
	want := error(nil)
	if !right {
		a.Code, want = phone.CodeAt(clock.Now().Add(-time.Hour)), mfa.ErrNotValid
	}
	return func() error {
		if _, err := e.Verify(t.Context(), flow.Token, a, mfa.Client{}); !errors.Is(err, want) {
			return fmt.Errorf("verify: %v, want %v", err, want)
		}
		return nil
	}
}
