package snippets

import (
	"context"
	"crypto/tls"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore"
)

func onRedis(ctx context.Context, password string, keys *mfa.KeyRing, factors []mfa.Factor) (*mfa.Engine, error) {
	client := redisstore.NewClient(&redis.UniversalOptions{
		Addrs:     []string{"redis-1:6379", "redis-2:6379", "redis-3:6379"}, // several: a cluster. MasterName: Sentinel's addresses
		Username:  "mfa",
		Password:  password,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	})
	store, err := redisstore.Open(ctx, client, redisstore.Options{})
	if err != nil {
		return nil, err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: factors})
	return m, err
}
