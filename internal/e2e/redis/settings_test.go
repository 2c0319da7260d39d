package redis_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

func wantSettings(t testing.TB, what string, client redis.UniversalClient, o redisstore.Options, says ...string) {
	t.Helper()
	_, err := redisstore.Open(t.Context(), client, o)
	if len(says) == 0 && err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for _, text := range says {
		if !errors.Is(err, redisstore.ErrSettings) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want ErrSettings with %q", what, err, text)
		}
	}
}

func TestServersThatForgetAreRefused(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	client := dial(t, p.master.Addr())
	for _, tt := range []struct {
		setting, value string
		says           string
		accepted       redisstore.Options // with which it is taken; zero: with none
	}{
		{"maxmemory-policy", "allkeys-lru", "it drops users", redisstore.Options{}},
		{"maxmemory-policy", "allkeys-random", "it drops users", redisstore.Options{}},
		{"maxmemory-policy", "volatile-lru", "marks of spent passkey challenges", redisstore.Options{InsecureMayEvict: true}},
		{"maxmemory-policy", "volatile-ttl", "marks of spent passkey challenges", redisstore.Options{InsecureMayEvict: true}},
		{"appendonly", "no", "no append-only file", redisstore.Options{InsecureMayForget: true}},
	} {
		t.Run(tt.setting+" "+tt.value, func(t *testing.T) {
			configure(t, p.master, tt.setting, tt.value)
			wantSettings(t, "Open", client, redisstore.Options{}, tt.says, p.master.Addr())
			for _, o := range []redisstore.Options{{InsecureMayEvict: true}, {InsecureMayForget: true}} {
				if o == tt.accepted {
					wantSettings(t, "Open", client, o)
				} else {
					wantSettings(t, "Open with another option", client, o, tt.says)
				}
			}
		})
	}
	wantSettings(t, "as it was", client, redisstore.Options{})
	wantSettings(t, "more replicas than there are", client, redisstore.Options{Replicas: 2}, "1 replicas connected")
	wantSettings(t, "the replica", dial(t, p.replica.Addr()), redisstore.Options{InsecureAsync: true}, `its role is "slave"`)
	wantSettings(t, "a server without replica", dial(t, testserver.RedisServer(t)), redisstore.Options{}, "0 replicas connected", "InsecureAsync")
}

func TestClustersThatForgetAreRefused(t *testing.T) {
	addrs := testserver.RedisCluster(t)
	client := dial(t, addrs...).(*redis.ClusterClient)
	wantSettings(t, "a node, by a client for one server", dial(t, addrs[0]), redisstore.Options{InsecureAsync: true}, "part of a cluster")
	namesAll(t, client, addrs)
	// Every node counts, and a replica too: it may be a master tomorrow.
	for what, each := range map[string]func(*redis.ClusterClient) []*redis.Client{"one master": masters, "one replica": replicas} {
		t.Run(what, func(t *testing.T) {
			node := each(client)[0]
			if err := node.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
				t.Fatal(err)
			}
			wantSettings(t, "Open", client, redisstore.Options{}, "it drops users", node.Options().Addr)
			if err := node.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
				t.Fatal(err)
			}
			wantSettings(t, "as it was", client, redisstore.Options{})
		})
	}
}

// namesAll waits until every node names every replica: one that nothing was ever
// written to, as far as a node knows, is left out.
func namesAll(t *testing.T, client *redis.ClusterClient, addrs []string) {
	t.Helper()
	var nodes []*redis.Client
	for _, addr := range addrs {
		nodes = append(nodes, closed(t, redis.NewClient(&redis.Options{Addr: addr})))
	}
	testserver.Until(t, "replicas to be named", func() bool {
		for range 20 { // which reach all masters, or the next do
			client.Set(t.Context(), newPrefix(), "anything", time.Minute)
		}
		for _, node := range nodes {
			ranges, err := node.Do(t.Context(), "cluster", "slots").Slice() // each first, last, master, replicas
			if err != nil || slices.ContainsFunc(ranges, func(r any) bool { return len(r.([]any)) < 4 }) {
				return false
			}
		}
		return true
	})
}

// A user of the server with the rights of docs/redis.md, and no others, is enough.
func TestDocumentedRightsAreEnough(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "redis.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rule, _ := strings.Cut(string(page), "\nACL SETUSER mfa ")
	rule, _, found := strings.Cut(rule, "\n")
	if !found {
		t.Fatal("docs/redis.md names no rights")
	}
	setUser := append([]any{"acl", "setuser", "mfa"}, anys(strings.Fields(rule))...)
	p := newPair(t)
	for name, addrs := range map[string][]string{"server": {p.master.Addr()}, "cluster": testserver.RedisCluster(t)} {
		t.Run(name, func(t *testing.T) {
			everywhere := func(command ...any) {
				for _, addr := range addrs {
					admin := redis.NewClient(&redis.Options{Addr: addr})
					if err := errors.Join(admin.Do(t.Context(), command...).Err(), admin.Close()); err != nil {
						t.Fatal(err)
					}
				}
			}
			everywhere(setUser...)
			client := closed(t, redisstore.NewClient(&redis.UniversalOptions{Addrs: addrs, Username: "mfa", Password: "PASSWORD"}))
			s := open(t, client, redisstore.Options{WaitTimeout: patient.WaitTimeout})
			everywhere("script", "flush") // so that they have to be sent again
			everyOperation(t, s)
			// And the prefix keeps it from all else.
			if err := client.Set(t.Context(), "other{user/a}", "x", 0).Err(); err == nil {
				t.Error("it writes other keys")
			}
		})
	}
}

func anys(list []string) []any {
	var out []any
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

// everyOperation does all that a store does.
func everyOperation(t testing.TB, s *redisstore.Store) {
	t.Helper()
	seen := 0
	err := errors.Join(
		s.Save(t.Context(), "user/a", 0, mfa.Item{Version: 1}),
		s.Save(t.Context(), "user/a", 1, newItemThatExpires(2)),
		func() error { _, err := s.Load(t.Context(), "user/a"); return err }(),
		s.Scan(t.Context(), "", "", func(string, mfa.Item) error { seen++; return nil }),
		s.Delete(t.Context(), "user/a", 2),
		s.Delete(t.Context(), "user/a", 2),
	)
	if err != nil || seen != 1 {
		t.Errorf("%d seen: %v", seen, err)
	}
}
