package faults_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// openRedis opens a store by a client of its own, for the time of the test.
func openRedis(t testing.TB, c *redis.UniversalOptions, o redisstore.Options) mfa.Store {
	t.Helper()
	c.ReadTimeout = o.WaitTimeout + time.Second
	client := redisstore.NewClient(c)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := redisstore.Open(t.Context(), client, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A service is one address for whichever server is the master.
type service struct {
	master  atomic.Pointer[testserver.Redis]
	options redisstore.Options
}

func (s *service) open(t testing.TB) mfa.Store {
	t.Helper()
	return openRedis(t, &redis.UniversalOptions{
		Addrs: []string{"redis.example:6379"},
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.master.Load().Addr())
		},
	}, s.options)
}

// In a storm nobody waits for long for a replica that is not there; in peace it has
// the time that a slow machine needs.
const (
	briefly   = 100 * time.Millisecond
	patiently = 5 * time.Second // a busy machine has taken more than one
)

// The replica is cut off, the master is lost for good soon after, and the replica
// takes its place: what the master alone had is gone, and nobody was told of it.
func TestRedisMasterLost(t *testing.T) {
	t.Parallel()
	master := testserver.StartRedis(t)
	replica := master.Replica()
	redis := service{options: redisstore.Options{WaitTimeout: briefly}}
	redis.master.Store(master)
	s := newStorm(newSite(t, redis.open), "replica promoted")
	s.during(60, func() {
		cutOff(replica)
		s.awaitLost(people)
		master.Kill()
		s.awaitLost(people)
		promote(replica)
		redis.master.Store(replica)
		s.awaitLost(people) // nothing is acknowledged while there is no other copy
		replica.Replica()
	})
	redis.options.WaitTimeout = patiently
	s.check(t)
}

// cutOff has a replica follow nobody: there is nobody at that port.
func cutOff(r *testserver.Redis) { r.CLI("REPLICAOF", "127.0.0.1", "1") }

// promote makes a replica a master.
func promote(r *testserver.Redis) { r.CLI("REPLICAOF", "NO", "ONE") }

// The cluster finds a new master by itself. The old one comes back as its replica.
func TestRedisClusterMasterLost(t *testing.T) {
	t.Parallel()
	cluster := testserver.StartRedisCluster(t)
	o := redisstore.Options{WaitTimeout: briefly}
	open := func(t testing.TB) mfa.Store {
		t.Helper()
		return openRedis(t, &redis.UniversalOptions{Addrs: cluster.Addrs()}, o)
	}
	s := newStorm(newSite(t, open), "cluster promotes")
	const key = "any that the master has"
	s.during(60, func() {
		master := cluster.MasterOf(key)
		master.Kill()
		s.awaitLost(people)
		cluster.MasterOf(key)
		master.Restart()
		cluster.AwaitWhole()
	})
	o.WaitTimeout = patiently
	s.check(t)
}
