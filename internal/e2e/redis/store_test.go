package redis_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/storetest"
)

// two runs the kit on servers that are given, with two handles, each on a client of
// its own. Each case has a prefix of its own.
func two(t *testing.T, o redisstore.Options, addrs ...string) {
	here, there := dial(t, addrs...), dial(t, addrs...)
	t.Run("two handles", func(t *testing.T) {
		storetest.RunShared(t, func(t *testing.T) (a, b mfa.Store) {
			o := o
			o.Prefix = newPrefix()
			return open(t, here, o), open(t, there, o)
		})
	})
}

func TestServerAlone(t *testing.T) {
	o, addr := redisstore.Options{InsecureAsync: true}, testserver.RedisServer(t)
	client := dial(t, addr)
	t.Run("one handle", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) mfa.Store {
			o := o
			o.Prefix = newPrefix()
			return open(t, client, o)
		})
	})
	two(t, o, addr)
}

func TestCluster(t *testing.T) {
	two(t, redisstore.Options{}, testserver.RedisCluster(t)...)
}

// Prefixes that begin alike, and keys of other programs, are apart, in one
// database.
func TestPrefixesAreApart(t *testing.T) {
	for name, addrs := range map[string][]string{"server": {testserver.RedisServer(t)}, "cluster": testserver.RedisCluster(t)} {
		t.Run(name, func(t *testing.T) {
			client := dial(t, addrs...)
			base := newPrefix()
			stores := map[string]*redisstore.Store{}
			for i, prefix := range []string{base, base + ".", base + ":", base + "x", base + base[:3]} {
				stores[prefix] = open(t, client, redisstore.Options{Prefix: prefix, InsecureAsync: true})
				create(t, stores[prefix], "user/a", mfa.Item{Version: int64(i + 1), Value: []byte(prefix)})
			}
			// Not an item's name: without the braces, or with one of them.
			for _, other := range []string{base, base + "user/a", base + "user/{a}", base + "{user/b", base + "x}"} {
				if err := client.Set(t.Context(), other, "somebody else's", 0).Err(); err != nil {
					t.Fatal(err)
				}
			}
			for prefix, s := range stores {
				item, err := s.Load(t.Context(), "user/a")
				if err != nil || string(item.Value) != prefix {
					t.Errorf("%s: %q, %v", prefix, item.Value, err)
				}
				var seen []string
				err = s.Scan(t.Context(), "", "", func(key string, item mfa.Item) error {
					seen = append(seen, key+" "+string(item.Value))
					return nil
				})
				if err != nil || len(seen) != 1 || seen[0] != "user/a "+prefix {
					t.Errorf("%s: a walk sees %q, %v", prefix, seen, err)
				}
				wantVersion(t, s, "user/b", 0)
			}
		})
	}
}

// Values are in the database that the client has selected.
func TestDatabasesAreApart(t *testing.T) {
	prefix := newPrefix()
	var stores []*redisstore.Store
	for db := range 2 {
		client := closed(t, redisstore.NewClient(&redis.UniversalOptions{Addrs: []string{testserver.RedisServer(t)}, DB: db}))
		stores = append(stores, open(t, client, redisstore.Options{Prefix: prefix, InsecureAsync: true}))
	}
	create(t, stores[0], "user/a", mfa.Item{Version: 1})
	create(t, stores[1], "user/a", mfa.Item{Version: 2})
	wantVersion(t, stores[0], "user/a", 1)
	wantVersion(t, stores[1], "user/a", 2)
}

// What another program has put under an item's name, and what a newer version of
// the package wrote, is refused and stays as it is.
func TestUnknownFormatsAreLeftAlone(t *testing.T) {
	client := dial(t, testserver.RedisServer(t))
	o := redisstore.Options{Prefix: newPrefix(), InsecureAsync: true}
	s := open(t, client, o)
	for name, value := range map[string]string{
		"newer": "\x02\x00\x00\x00\x00\x00\x00\x00\x01 and what it knows", "text": "text", "short": "\x01\x00", "number": "7",
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.WithoutCancel(t.Context())
			raw := o.Prefix + "{user/" + name + "}"
			if err := client.Set(ctx, raw, value, 0).Err(); err != nil {
				t.Fatal(err)
			}
			key := "user/" + name
			_, loadErr := s.Load(ctx, key)
			for operation, err := range map[string]error{
				"Load":   loadErr,
				"Create": s.Save(ctx, key, 0, mfa.Item{Version: 2}),
				"Save":   s.Save(ctx, key, 1, mfa.Item{Version: 2}),
				"Delete": s.Delete(ctx, key, 1),
				"Scan":   s.Scan(ctx, key, "", func(string, mfa.Item) error { return nil }),
			} {
				wantRefused(t, operation, err, name == "short")
			}
			if got := client.Get(ctx, raw).Val(); got != value {
				t.Errorf("it is %q now", got)
			}
		})
	}
	t.Run("no string", func(t *testing.T) {
		if err := client.SAdd(t.Context(), o.Prefix+"{user/set}", "x").Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context(), "user/set"); err == nil {
			t.Error("loaded")
		}
		if err := s.Save(t.Context(), "user/set", 0, mfa.Item{Version: 1}); err == nil {
			t.Error("saved")
		}
	})
}
