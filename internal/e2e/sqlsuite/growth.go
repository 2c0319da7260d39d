package sqlsuite

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
)

const (
	growthUsers   = 10_000
	growthClients = 16
)

// Growth has users saved b.N times, one of them at random each time, by 16 clients,
// after fill has saved each once and ready has been called. A value has up to size
// bytes, and at least 95 % of them.
func Growth(b *testing.B, s mfa.Store, size int, ready func()) {
	random := make([]byte, 1<<20)
	rand.Read(random)
	value := func(i int) []byte {
		n := size - scattered(i, size/20)
		at := scattered(^i, len(random)-n)
		return random[at : at+n]
	}
	var locks [growthUsers]sync.Mutex
	var versions [growthUsers]int64
	growing(b, growthUsers, func(u int) error {
		versions[u] = 1
		return s.Save(b.Context(), growthKey(u), 0, mfa.Item{Value: value(u), Version: 1})
	})
	ready()
	b.ResetTimer()
	growing(b, b.N, func(i int) error {
		u := scattered(i, growthUsers)
		locks[u].Lock()
		defer locks[u].Unlock()
		item, err := s.Load(b.Context(), growthKey(u))
		if err != nil {
			return err
		}
		versions[u]++
		return s.Save(b.Context(), growthKey(u), item.Version, mfa.Item{Value: value(i), Version: versions[u]})
	})
	b.StopTimer()
}

// scattered is some number below n for each i: SplitMix64, as a benchmark repeats.
func scattered(i, n int) int {
	x := uint64(i+1) * 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return int((x ^ x>>31) % uint64(n))
}

// growthKey is a key somewhere among the others, as users' IDs are.
func growthKey(user int) string {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(user)*0x9E3779B97F4A7C15)
	return fmt.Sprintf("user/%x", id)
}

// growing shares n calls of f among the clients.
func growing(b *testing.B, n int, f func(i int) error) {
	b.Helper()
	var next atomic.Int64
	err := together(growthClients, func(int) error {
		for i := next.Add(1); i <= int64(n); i = next.Add(1) {
			if err := f(int(i - 1)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
