package redisstore_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa/store/redisstore"
)

// A cluster whose masters have two replicas each, over TLS.
func ExampleOpen() {
	client := redisstore.NewClient(&redis.UniversalOptions{
		Addrs:     []string{"redis-1.example.com:6379", "redis-2.example.com:6379", "redis-3.example.com:6379"},
		Username:  "mfa",
		Password:  os.Getenv("REDIS_PASSWORD"),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	store, err := redisstore.Open(ctx, client, redisstore.Options{})
	if err != nil {
		slog.Error("no store", "error", err)
		return
	}
	_ = store // is mfa.Config.Store
}
