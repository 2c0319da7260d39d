package snippets

import (
	"crypto/rand"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/storetest"
)

func TestAdapterFaults(t *testing.T) {
	address := testserver.RedisServer(t)
	relay := func(t *testing.T, to string) *testserver.Wire { return testserver.NewWire(t, to) }
	open := func(t *testing.T, at string) mfa.Store {
		t.Helper()
		client := redisstore.NewClient(&redis.UniversalOptions{Addrs: []string{at}})
		t.Cleanup(func() { client.Close() })
		s, err := redisstore.Open(t.Context(), client, redisstore.Options{InsecureAsync: true, Prefix: rand.Text()})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	storetest.RunFaulty(t, func(t *testing.T) (s mfa.Store, cut func()) {
		wire := relay(t, address)             // a TCP relay of the test's, in front of the server
		return open(t, wire.Addr()), wire.Cut // closes every connection; new ones are taken
	})
}
