package faults_test

import (
	"context"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/redisstore"
)

// What must not be is found: each of these sites has one setting that loses what
// was acknowledged, or an adapter that takes a fault for a success.
func TestWhatIsLostIsFound(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T) *storm{
		"PostgreSQL with synchronous_commit off":                  asynchronousCommit,
		"PostgreSQL that waits for no standby":                    asynchronousStandby,
		"MariaDB with innodb_flush_log_at_trx_commit 0":           lazyMariaDB,
		"Redis with InsecureAsync":                                asynchronousRedis,
		"an adapter that takes a broken connection for a success": optimisticStore,
	} {
		t.Run(name, func(t *testing.T) {
			found := run(t).wrong()
			if len(found) == 0 {
				t.Fatal("nothing is found to be wrong")
			}
			t.Logf("%d things are wrong, such as: %s", len(found), found[0])
			for _, p := range found {
				if strings.Contains(p, "waited in vain") {
					t.Error(p)
				}
			}
		})
	}
}

// fewSteps are done before a server writes by itself what it has put off.
const fewSteps = 15

func asynchronousCommit(t *testing.T) *storm {
	p := testserver.StartPostgres(t, "synchronous_commit=off", "wal_writer_flush_after=1GB", "wal_buffers=64MB")
	o := onPostgres
	o.InsecureMayForget = true
	s := newStorm(newSite(t, opener("pgx", p.URL("postgres"), o)), "asynchronous commits")
	p.SQL("CHECKPOINT") // the tables are there
	// Who writes what was put off comes at the latest every ten seconds, which a busy
	// machine needs for a few steps.
	writer := p.SQL("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
	if out, err := exec.Command("kill", "-STOP", writer).CombinedOutput(); err != nil {
		t.Fatalf("stop the writer of the log: %v: %s", err, out)
	}
	s.during(fewSteps, func() {
		p.Kill()
		p.Restart()
	})
	return s
}

func asynchronousStandby(t *testing.T) *storm {
	p := testserver.StartPostgres(t)
	standby := p.Standby()
	s := newStorm(newSite(t, opener("pgx", twoServers(p, standby), onPostgres)), "asynchronous standby")
	testserver.Until(t, "the standby to have the table", func() bool { return standby.SQL("SELECT to_regclass('mfa_items')") != "" })
	standby.Kill() // so that it is behind
	s.during(fewSteps, func() {
		p.Kill()
		standby.Restart()
		standby.Promote()
	})
	return s
}

func lazyMariaDB(t *testing.T) *storm {
	m := startMariaDB(t, "innodb-flush-log-at-trx-commit=0", "innodb-flush-log-at-timeout=2700")
	o := onMariaDB
	o.InsecureMayForget = true
	s := newStorm(newSite(t, opener("mysql", m.DSN("app"), o)), "a log that is flushed at times")
	s.during(fewSteps, func() {
		m.Kill()
		m.Restart()
	})
	return s
}

func asynchronousRedis(t *testing.T) *storm {
	master := testserver.StartRedis(t)
	replica := master.Replica()
	redis := service{options: redisstore.Options{InsecureAsync: true}}
	redis.master.Store(master)
	s := newStorm(newSite(t, redis.open), "asynchronous replica")
	cutOff(replica) // so that it is behind
	s.during(fewSteps, func() {
		master.Kill()
		promote(replica)
		redis.master.Store(replica)
	})
	return s
}

// An optimist fails for some Saves, and tells them as done.
type optimist struct {
	mfa.Store
	fails *atomic.Int64 // more Saves to fail
}

func (o optimist) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if o.fails.Add(-1) >= 0 {
		return nil
	}
	return o.Store.Save(ctx, key, old, item)
}

func optimisticStore(t *testing.T) *storm {
	o := optimist{memory.New(), new(atomic.Int64)}
	s := newStorm(newSite(t, func(testing.TB) mfa.Store { return o }), "optimism")
	s.during(fewSteps, func() {
		o.fails.Store(3 * fewSteps)
		s.until("the failures to be met", func() bool { return o.fails.Load() < 0 || s.isOver() })
	})
	return s
}
