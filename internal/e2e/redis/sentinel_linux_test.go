package redis_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa/internal/testneed"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// startSentinel starts one that watches a master and has a replica take over half a
// second after it is gone. A real installation has three.
func startSentinel(t *testing.T, master string) (addr string) {
	t.Helper()
	path := testneed.Program(t, "redis-server", "apt-get install redis-server")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	config := filepath.Join(folder, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor m %s 1\nsentinel down-after-milliseconds m 500\nsentinel failover-timeout m 5000\n",
		port, folder, strings.Replace(master, ":", " ", 1))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, config, "--sentinel")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // when this program dies
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	return addr
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	master := testserver.StartRedis(t, "appendfsync=no")
	master.Replica("appendfsync=no")
	master.Replica("appendfsync=no") // stays when the other takes over
	sentinel := startSentinel(t, master.Addr())
	watcher := redis.NewSentinelClient(&redis.Options{Addr: sentinel})
	t.Cleanup(func() { _ = watcher.Close() })
	testserver.Until(t, "Sentinel to know the replicas", func() bool {
		list, err := watcher.Replicas(t.Context(), "m").Result()
		following := 0
		for _, replica := range list {
			if replica["master-link-status"] == "ok" {
				following++
			}
		}
		return err == nil && following == 2
	})

	failover := redis.UniversalOptions{Addrs: []string{sentinel}, MasterName: "m"}
	o := redisstore.Options{WaitTimeout: patient.WaitTimeout}
	reads := closed(t, redis.NewFailoverClient(&redis.FailoverOptions{SentinelAddrs: failover.Addrs, MasterName: "m", ReplicaOnly: true}))
	wantSettings(t, "a client of replicas", reads, o, `its role is "slave"`)

	count := &tally{store: open(t, closed(t, redisstore.NewClient(&failover)), o), key: "user/a"}
	stop := counting(t, count)
	count.more(t, 20)
	master.Kill()
	killed := time.Now()
	count.more(t, 20)
	t.Logf("after %v it was written again", time.Since(killed).Round(time.Millisecond))
	stop()
	item, err := count.store.Load(t.Context(), "user/a")
	if err != nil || item.Version < count.acknowledged.Load() {
		t.Errorf("%d was acknowledged, and %d is there, %v", count.acknowledged.Load(), item.Version, err)
	}
}
