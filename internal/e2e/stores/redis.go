package stores

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// replicated is a server of the test's own with one replica: the one that tests
// share has none.
func replicated(t testing.TB) string {
	t.Helper()
	master := testserver.StartRedis(t, "appendfsync=no")
	master.Replica("appendfsync=no")
	return master.Addr()
}

func redisPlace(addrs []string, cluster bool, o redisstore.Options) place {
	o.Prefix = prefix()
	return func(t testing.TB) Handle {
		t.Helper()
		s, _ := Redis(t, &redis.UniversalOptions{Addrs: addrs, IsClusterMode: cluster, PoolSize: 8}, o)
		return s
	}
}

// Redis opens a store over a client of its own. Both end with the test.
func Redis(t testing.TB, client *redis.UniversalOptions, o redisstore.Options) (*redisstore.Store, redis.UniversalClient) {
	t.Helper()
	c := redisstore.NewClient(client)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := redisstore.Open(context.WithoutCancel(t.Context()), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}
