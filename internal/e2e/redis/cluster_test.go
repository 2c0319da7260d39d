package redis_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// nodes of a cluster, by what they are.
func masters(c *redis.ClusterClient) []*redis.Client  { return gather(c.ForEachMaster) }
func replicas(c *redis.ClusterClient) []*redis.Client { return gather(c.ForEachSlave) }

func gather(each func(context.Context, func(context.Context, *redis.Client) error) error) []*redis.Client {
	found := make(chan *redis.Client, 100)
	_ = each(context.Background(), func(_ context.Context, node *redis.Client) error {
		found <- node
		return nil
	})
	close(found)
	var list []*redis.Client
	for node := range found {
		list = append(list, node)
	}
	return list
}

// A tally counts up under a key, over and over, as one process does.
type tally struct {
	store        mfa.Store
	key          string
	acknowledged atomic.Int64          // the highest number
	failed       atomic.Pointer[error] // the last error
}

// count saves the next number, over whatever is there.
func (c *tally) count(ctx context.Context) {
	item, err := c.store.Load(ctx, c.key)
	if err != nil && !errors.Is(err, mfa.ErrNotFound) {
		c.failed.Store(&err)
		return
	}
	err = c.store.Save(ctx, c.key, item.Version, mfa.Item{Version: item.Version + 1, Value: []byte(strconv.FormatInt(item.Version+1, 10))})
	switch {
	case err == nil:
		c.acknowledged.Store(item.Version + 1)
	case errors.Is(err, mfa.ErrConflict):
		conflict := errors.New("a conflict, with nobody else there: " + err.Error())
		c.failed.Store(&conflict)
	default:
		c.failed.Store(&err)
	}
}

// lastError is the last error since it was last asked for.
func (c *tally) lastError() error {
	if p := c.failed.Swap(nil); p != nil {
		return *p
	}
	return nil
}

// more waits until the tally has gone on.
func (c *tally) more(t testing.TB, n int64) {
	t.Helper()
	from := c.acknowledged.Load()
	testserver.Until(t, "writes to go on", func() bool { return c.acknowledged.Load() >= from+n })
}

// counting has tallies count until the function that it returns is called.
func counting(t testing.TB, tallies ...*tally) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(len(tallies), func(i int) {
			for ctx.Err() == nil {
				tallies[i].count(context.WithoutCancel(ctx))
			}
		})
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

func TestClusterChanges(t *testing.T) {
	t.Parallel()
	c := testserver.StartRedisCluster(t)
	t.Run("slot moves", func(t *testing.T) { slotMoves(t, c) })
	t.Run("master is killed", func(t *testing.T) { masterIsKilled(t, c) })
}

// slotMoves has a slot go from one master to another while it is written to.
// Nobody notices.
func slotMoves(t *testing.T, c *testserver.Cluster) {
	o := redisstore.Options{Prefix: newPrefix(), WaitTimeout: patient.WaitTimeout}
	// The braces in the second key make it one of the first one's slot.
	first := &tally{store: open(t, dial(t, c.Addrs()...), o), key: "limit/a"}
	second := &tally{store: open(t, dial(t, c.Addrs()...), o), key: "limit/a}b"}
	name := o.Prefix + "{limit/a}"
	from := c.MasterOf(name)
	var to *testserver.Redis
	for _, node := range c.Nodes() {
		if node != from && strings.HasPrefix(node.CLI("ROLE"), "master") {
			to = node
		}
	}
	slot, fromID, toID := from.CLI("CLUSTER", "KEYSLOT", name), from.CLI("CLUSTER", "MYID"), to.CLI("CLUSTER", "MYID")
	ok := func(said string) {
		t.Helper()
		if said != "OK" {
			t.Fatal(said)
		}
	}
	stop := counting(t, first, second)
	first.more(t, 5)
	second.more(t, 5)

	ok(to.CLI("CLUSTER", "SETSLOT", slot, "IMPORTING", fromID))
	ok(from.CLI("CLUSTER", "SETSLOT", slot, "MIGRATING", toID))
	first.more(t, 5)
	host, port, _ := strings.Cut(to.Addr(), ":")
	ok(from.CLI("MIGRATE", host, port, "", "0", "5000", "KEYS", name)) // the second stays: for the first it is ASK now
	first.more(t, 5)
	second.more(t, 5)
	create(t, first.store, "limit/a}new", mfa.Item{Version: 1}) // is created where the slot goes
	wantVersion(t, second.store, "limit/a}new", 1)
	ok(from.CLI("MIGRATE", host, port, "", "0", "5000", "KEYS", name[:len(name)-1]+"}b}"))
	second.more(t, 5)
	// The source first, which is the wrong way round: for a moment each names the other.
	for _, node := range append([]*testserver.Redis{from, to}, c.Nodes()...) {
		if strings.HasPrefix(node.CLI("ROLE"), "master") {
			ok(node.CLI("CLUSTER", "SETSLOT", slot, "NODE", toID))
		}
	}
	first.more(t, 20) // MOVED
	second.more(t, 20)
	stop()
	for _, tally := range []*tally{first, second} {
		if err := tally.lastError(); err != nil {
			t.Errorf("%s: %v", tally.key, err)
		}
		wantVersion(t, tally.store, tally.key, tally.acknowledged.Load())
	}
	if now := c.MasterOf(name); now != to {
		t.Error("the slot is not where it was to go")
	}
}

// masterIsKilled has a replica take over. Whatever was acknowledged is there, and
// as there is a second replica, writes are acknowledged again.
func masterIsKilled(t *testing.T, c *testserver.Cluster) {
	o := redisstore.Options{Prefix: newPrefix(), WaitTimeout: patient.WaitTimeout}
	name := o.Prefix + "{user/0}"
	dead := c.MasterOf(name)
	addReplica(t, dead)
	var tallies []*tally
	for i := range 6 {
		tallies = append(tallies, &tally{store: open(t, dial(t, c.Addrs()...), o), key: "user/" + strconv.Itoa(i)})
	}
	stop := counting(t, tallies...)
	for _, tally := range tallies {
		tally.more(t, 20)
	}
	dead.Kill()
	killed := time.Now()
	before := tallies[0].acknowledged.Load()
	tallies[0].more(t, 1)
	t.Logf("after %v a write was acknowledged again; %d were before", time.Since(killed).Round(time.Millisecond), before)
	for _, tally := range tallies {
		tally.more(t, 20)
	}
	stop()
	for _, tally := range tallies {
		item, err := tally.store.Load(t.Context(), tally.key)
		if err != nil || item.Version < tally.acknowledged.Load() {
			t.Errorf("%s: %d was acknowledged, and %d is there, %v", tally.key, tally.acknowledged.Load(), item.Version, err)
		}
	}
}

// addReplica gives a master of a cluster one more.
func addReplica(t *testing.T, master *testserver.Redis) {
	t.Helper()
	extra := testserver.StartRedis(t, "cluster-enabled=yes", "cluster-node-timeout=2000", "appendfsync=no")
	host, port, _ := strings.Cut(master.Addr(), ":")
	extra.CLI("CLUSTER", "MEET", host, port)
	id := master.CLI("CLUSTER", "MYID")
	testserver.Until(t, "the new node to know its master", func() bool { return extra.CLI("CLUSTER", "REPLICATE", id) == "OK" })
	testserver.Until(t, "a second replica", func() bool {
		return strings.Count(master.CLI("INFO", "replication"), "state=online") == 2
	})
}
