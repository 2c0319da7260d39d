package redis_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// A lag is what lies between a replica and its master. While it is held, both
// take each other to be there, and nothing that the master writes arrives.
type lag struct {
	held sync.Mutex // by whoever holds it
	addr string
}

func newLag(t *testing.T, master string) *lag {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &lag{addr: l.Addr().String()}
	var serving sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			replica, err := l.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", master)
			if err != nil {
				_ = replica.Close()
				continue
			}
			mu.Lock()
			conns = append(conns, replica, upstream)
			mu.Unlock()
			serving.Go(func() { _, _ = io.Copy(upstream, replica) }) // until either is closed
			serving.Go(func() { g.pass(replica, upstream) })
		}
	})
	return g
}

func (g *lag) pass(replica, upstream net.Conn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := upstream.Read(buffer)
		g.held.Lock()
		_, failed := replica.Write(buffer[:n])
		g.held.Unlock()
		if err != nil || failed != nil {
			return
		}
	}
}

// A replica that is connected and behind is not one that has the write.
func TestAReplicaThatIsBehind(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	lagging := newLag(t, p.master.Addr())
	host, port, _ := strings.Cut(lagging.addr, ":")
	p.replica.CLI("REPLICAOF", host, port)
	connected := func() bool {
		return strings.Contains(p.replica.CLI("INFO", "replication"), "master_link_status:up") && strings.Contains(p.master.CLI("INFO", "replication"), "state=online")
	}
	testserver.Until(t, "the replica to follow", connected)
	testserver.Until(t, "a Save that is acknowledged", func() bool {
		return p.store.Save(t.Context(), "user/a", 0, mfa.Item{Version: 1}) == nil // or the same again
	})
	hasty := open(t, dial(t, p.master.Addr()), brief)
	raw := dial(t, p.replica.Addr())
	on := func(key string) bool { return raw.Exists(t.Context(), "mfa{"+key+"}").Val() == 1 }
	if !on("user/a") {
		t.Error("what was acknowledged is not on the replica")
	}

	lagging.held.Lock()
	for range 3 { // on whichever of its connections
		wantNotDurable(t, "Save", hasty.Save(t.Context(), "user/b", 0, mfa.Item{Version: 1}), "0 of 1 replicas")
	}
	wantNotDurable(t, "Save of another", hasty.Save(t.Context(), "user/c", 0, mfa.Item{Version: 1}), "0 of 1 replicas")
	if !connected() {
		t.Error("the replica is not connected, so that this shows little")
	}
	if on("user/b") {
		t.Error("it has arrived")
	}
	if err := hasty.Save(t.Context(), "user/b", 0, mfa.Item{Version: 2}); !errors.Is(err, mfa.ErrConflict) {
		t.Errorf("Save of a key that exists: %v", err)
	}
	lagging.held.Unlock()

	if err := p.store.Save(t.Context(), "user/d", 0, mfa.Item{Version: 1}); err != nil {
		t.Errorf("Save to a replica that has caught up: %v", err)
	}
	for _, key := range []string{"user/b", "user/c", "user/d"} {
		if !on(key) {
			t.Errorf("%s is not on the replica, and a later write was acknowledged", key)
		}
	}
	more := redisstore.Options{Replicas: 2, WaitTimeout: brief.WaitTimeout}
	if _, err := redisstore.Open(t.Context(), dial(t, p.master.Addr()), more); !errors.Is(err, redisstore.ErrSettings) {
		t.Errorf("Open for two replicas: %v", err)
	}
}
