package redisstore

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestOptions(t *testing.T) {
	o, err := Options{}.resolved()
	if err != nil || o.Prefix != "mfa" || o.Replicas != 1 || o.WaitTimeout != time.Second || o.InsecureAsync || o.InsecureMayEvict || o.InsecureMayForget {
		t.Errorf("the zero value is %+v, %v", o, err)
	}
	for _, bad := range []Options{
		{Prefix: "a{b"}, {Prefix: "a}"}, {Prefix: "a b"}, {Prefix: "ä"}, {Prefix: "a*"}, {Prefix: strings.Repeat("a", 41)},
		{Replicas: -1}, {WaitTimeout: -1}, {WaitTimeout: time.Microsecond},
	} {
		if _, err := Open(t.Context(), nil, bad); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	for _, good := range []Options{{Prefix: "a"}, {Prefix: "Prod.2:mfa_-"}, {Prefix: strings.Repeat("a", 40)}, {Replicas: 5, WaitTimeout: time.Millisecond}} {
		if _, err := good.resolved(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}

// Clients that would read what is old, or whose writes cannot be waited for, are
// refused before a server is asked.
func TestClientsThatAreRefused(t *testing.T) {
	address := "127.0.0.1:1"
	one := redis.NewClient(&redis.Options{Addr: address})
	pipeliner, err := one.AutoPipeline()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		client redis.UniversalClient
		says   string
	}{
		"nil":              {nil, "want *redis.Client"},
		"ring":             {redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": address}}), "*redis.Ring"},
		"auto-pipeliner":   {pipeliner, "AutoPipeliner"},
		"ReadOnly":         {redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}, ReadOnly: true}), "reads from replicas"},
		"RouteByLatency":   {redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{address, address}, RouteByLatency: true}), "reads from replicas"},
		"RouteRandomly":    {redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{address, address}, RouteRandomly: true}), "reads from replicas"},
		"Sentinel, spread": {redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{address}, MasterName: "m", RouteRandomly: true}), "reads from replicas"},
		"cache":            {redis.NewClient(&redis.Options{Addr: address, ClientSideCacheConfig: &redis.ClientSideCacheConfig{}}), "cache of its own"},
		"ReadTimeout":      {redis.NewClient(&redis.Options{Addr: address, ReadTimeout: time.Second}), "ReadTimeout is 1s, and WaitTimeout 1s"},
		"ReadTimeout of a cluster": {redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{address}, ReadTimeout: time.Second}),
			"ReadTimeout is 1s"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.client != nil {
				t.Cleanup(func() { _ = tt.client.Close() })
			}
			if _, err := Open(t.Context(), tt.client, Options{}); !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Open: %v, want %q", err, tt.says)
			}
		})
	}
}

func TestServersThatAreRefused(t *testing.T) {
	good := serverInfo{version: "7.0.15", role: "master", policy: "noeviction", appendOnly: true, replicas: 1}
	with := func(change func(*serverInfo)) serverInfo {
		i := good
		change(&i)
		return i
	}
	policy := func(p string) serverInfo { return with(func(i *serverInfo) { i.policy = p }) }
	for _, tt := range []struct {
		name string
		info serverInfo
		o    Options
		says string // empty: taken
	}{
		{"as it should be", good, Options{}, ""},
		{"Redis 6", with(func(i *serverInfo) { i.version = "6.0.20" }), Options{}, ""},
		{"Redis 5", with(func(i *serverInfo) { i.version = "5.0.14" }), Options{}, `version "5.0.14"`},
		{"Redis 10", with(func(i *serverInfo) { i.version = "10.1" }), Options{}, ""},
		{"no version", with(func(i *serverInfo) { i.version = "" }), Options{}, `version ""`},
		{"replica", with(func(i *serverInfo) { i.role = "slave" }), Options{InsecureAsync: true, InsecureMayEvict: true, InsecureMayForget: true}, `role is "slave"`},
		{"part of a cluster", with(func(i *serverInfo) { i.cluster = true }), Options{InsecureAsync: true}, "part of a cluster"},
		{"no replica", with(func(i *serverInfo) { i.replicas = 0 }), Options{}, "0 replicas connected"},
		{"no replica, and none is asked for", with(func(i *serverInfo) { i.replicas = 0 }), Options{InsecureAsync: true}, ""},
		{"too few replicas", good, Options{Replicas: 2}, "once 2 have it"},
		{"no append-only file", with(func(i *serverInfo) { i.appendOnly = false }), Options{}, "no append-only file"},
		{"no append-only file, accepted", with(func(i *serverInfo) { i.appendOnly = false }), Options{InsecureMayForget: true}, ""},
		{"no append-only file, nothing asked", with(func(i *serverInfo) { i.appendOnly = false }), Options{InsecureAsync: true}, ""},
		{"allkeys-lru", policy("allkeys-lru"), Options{}, "it drops users"},
		{"allkeys-lru is never accepted", policy("allkeys-lru"), Options{InsecureMayEvict: true}, "it drops users"},
		{"allkeys-random is never accepted", policy("allkeys-random"), Options{InsecureMayEvict: true, InsecureAsync: true}, "it drops users"},
		{"volatile-ttl", policy("volatile-ttl"), Options{}, "marks of spent passkey challenges"},
		{"volatile-lru without WAIT", policy("volatile-lru"), Options{InsecureAsync: true}, "limits on messages"},
		{"volatile-lfu, accepted", policy("volatile-lfu"), Options{InsecureMayEvict: true}, ""},
		{"a policy of tomorrow", policy("some-new"), Options{InsecureMayEvict: true}, "some-new"},
		{"no policy told", policy(""), Options{InsecureMayEvict: true}, "does not tell"},
	} {
		o, err := tt.o.resolved()
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(o.checkRole(tt.info, false), o.checkKeeping(tt.info))
		if (err == nil) != (tt.says == "") || err != nil && (!errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestParseInfo(t *testing.T) {
	text := "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n" +
		"# Replication\r\nrole:master\r\nconnected_slaves:3\r\nslave0:ip=10.0.0.1,port=6379,state=online,offset=1,lag=0\r\n" +
		"slave1:ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0\r\nslave12:ip=10.0.0.3,port=6379,state=online,offset=1,lag=1\r\n" +
		"slave_expires_tracked_keys:0\r\nslave_read_only:state=online\r\n# Cluster\r\ncluster_enabled:1\r\n"
	want := serverInfo{version: "7.0.15", role: "master", policy: "noeviction", appendOnly: true, cluster: true, replicas: 2}
	if got := parseInfo(text); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := parseInfo(""); got != (serverInfo{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

// A server that does not let itself be looked at, or does not take what will be
// needed, is found at the start.
func TestServersThatDoNotLetThemselvesBeUsed(t *testing.T) {
	for command, answers := range map[string]map[string]replay{
		"INFO":        {"info": {"-NOPERM this user has no permissions to run the 'info' command\r\n"}},
		"SCRIPT LOAD": {"script": {"-NOPERM this user has no permissions to run the 'script|load' command\r\n"}},
		"WAIT":        {"wait 0": {"-NOPERM this user has no permissions to run the 'wait' command\r\n"}},
	} {
		f := newFake(t, answers)
		_, err := Open(t.Context(), f.client(), Options{})
		if err == nil || !strings.Contains(err.Error(), command+": NOPERM") || !strings.Contains(err.Error(), f.listener.Addr().String()) {
			t.Errorf("%s: %v", command, err)
		}
	}
	f := newFake(t, map[string]replay{"wait 0": {"-NOPERM no\r\n"}})
	f.open(Options{InsecureAsync: true})
}

// What NewClient sets, it sets where nothing is, and Open takes it.
func TestNewClient(t *testing.T) {
	f := newFake(t, nil)
	given := redis.UniversalOptions{Addrs: []string{f.listener.Addr().String()}, DialTimeout: 7 * time.Second}
	client := NewClient(&given)
	t.Cleanup(func() { _ = client.Close() })
	if given.ReadTimeout != 0 || given.MaxRedirects != 0 || given.DialerRetries != 0 {
		t.Errorf("what was given has changed: %+v", given)
	}
	o := client.(*redis.Client).Options()
	if o.DialTimeout != 7*time.Second || o.ReadTimeout != 1500*time.Millisecond || !o.ContextTimeoutEnabled {
		t.Errorf("dial %v, read %v, context %v", o.DialTimeout, o.ReadTimeout, o.ContextTimeoutEnabled)
	}
	if _, err := Open(t.Context(), client, Options{}); err != nil {
		t.Error(err)
	}

	nodes := NewClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}})
	t.Cleanup(func() { _ = nodes.Close() })
	if o := nodes.(*redis.ClusterClient).Options(); o.ClusterStateReloadInterval != time.Second || o.MaxRedirects != 5 {
		t.Errorf("of a cluster: reload %v, redirects %d", o.ClusterStateReloadInterval, o.MaxRedirects)
	}
	alone := NewClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:1"}, IsClusterMode: true})
	t.Cleanup(func() { _ = alone.Close() })
	if _, ok := alone.(*redis.ClusterClient); !ok {
		t.Errorf("a cluster with one address: %T", alone)
	}
	sentinel := NewClient(&redis.UniversalOptions{Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}, MasterName: "m"})
	t.Cleanup(func() { _ = sentinel.Close() })
	if _, ok := sentinel.(*redis.Client); !ok {
		t.Errorf("Sentinel: %T", sentinel)
	}
}

// A server that takes connections and says nothing does not hold Open up for ever.
func TestOpenHeedsItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client := NewClient(&redis.UniversalOptions{Addrs: []string{l.Addr().String()}})
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, client, Options{}); err == nil {
		t.Error("opened")
	}
}
