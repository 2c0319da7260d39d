// Package redis_test holds redisstore to what it promises, on real servers: one
// alone, one with a replica, one with Sentinel, and a cluster, some of which
// are killed.
package redis_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// Tests with servers of their own run beside each other, after those that share them.
func TestMain(m *testing.M) { testserver.Main(m) }

// dial makes a client, of a cluster if there are several addresses.
func dial(t testing.TB, addrs ...string) redis.UniversalClient {
	t.Helper()
	return closed(t, redisstore.NewClient(&redis.UniversalOptions{Addrs: addrs}))
}

// closed has a client closed when the test ends.
func closed[C redis.UniversalClient](t testing.TB, client C) C {
	t.Helper()
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func open(t testing.TB, client redis.UniversalClient, o redisstore.Options) *redisstore.Store {
	t.Helper()
	s, err := redisstore.Open(t.Context(), client, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newPrefix is what no other test's keys begin with.
func newPrefix() string { return "t." + rand.Text() }

// A pair is a master with a replica, and a store on it.
type pair struct {
	master, replica *testserver.Redis
	store           *redisstore.Store
}

// A store that waits for a replica that is there has patience with it, and one that waits
// for one that is not has none: both speak to the same keys.
var (
	patient = redisstore.Options{WaitTimeout: 1200 * time.Millisecond}
	brief   = redisstore.Options{WaitTimeout: 100 * time.Millisecond}
)

// newPair starts servers. Its store is patient.
func newPair(t testing.TB) *pair {
	t.Helper()
	// No test relies on what these have on the disk.
	p := &pair{master: testserver.StartRedis(t, "appendfsync=no")}
	p.replica = p.master.Replica("appendfsync=no")
	p.store = open(t, dial(t, p.master.Addr()), patient)
	return p
}

// loseReplica kills the replica, and returns a store that finds it missing soon.
func (p *pair) loseReplica(t testing.TB) *redisstore.Store {
	t.Helper()
	s := open(t, dial(t, p.master.Addr()), brief)
	p.replica.Kill()
	return s
}

// cutOff has the replica take over from a master that goes on, and that a
// network no longer lets anyone but us reach. The store stands on that master.
func (p *pair) cutOff(t testing.TB) *redisstore.Store {
	t.Helper()
	s := open(t, dial(t, p.master.Addr()), brief)
	p.replica.CLI("REPLICAOF", "NO", "ONE")
	return s
}

// promote kills the master, and has the replica take its place.
func (p *pair) promote(t testing.TB) *redisstore.Store {
	t.Helper()
	p.master.Kill()
	p.replica.CLI("REPLICAOF", "NO", "ONE")
	return open(t, dial(t, p.replica.Addr()), redisstore.Options{InsecureAsync: true}) // it has no replica now
}

// newItem is an item of a version that was never there.
func newItem(value string) mfa.Item {
	var b [8]byte
	rand.Read(b[:])
	return mfa.Item{Value: []byte(value), Version: int64(binary.BigEndian.Uint64(b[:]) | 1)}
}

// create saves an item under a key that is absent.
func create(t testing.TB, s mfa.Store, key string, item mfa.Item) {
	t.Helper()
	if err := s.Save(t.Context(), key, 0, item); err != nil {
		t.Fatalf("save of %q: %v", key, err)
	}
}

// wantVersion checks what is under a key; 0: nothing.
func wantVersion(t testing.TB, s mfa.Store, key string, want int64) {
	t.Helper()
	item, err := s.Load(context.WithoutCancel(t.Context()), key)
	if errors.Is(err, mfa.ErrNotFound) {
		err = nil
	}
	if err != nil || item.Version != want {
		t.Errorf("%s: version %d, %v; want %d", key, item.Version, err, want)
	}
}
