package memory_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// BenchmarkLoadSave is what a verification asks of the store: one read and one
// conditional write. "copies" is its floor, the two copies alone.
func BenchmarkLoadSave(b *testing.B) {
	for _, size := range []int{1 << 10, 4 << 10} {
		b.Run(fmt.Sprintf("%dKiB/copies", size>>10), func(b *testing.B) { benchCopies(b, size) })
		b.Run(fmt.Sprintf("%dKiB/one", size>>10), func(b *testing.B) { benchOne(b, size) })
		b.Run(fmt.Sprintf("%dKiB/parallel", size>>10), func(b *testing.B) { benchParallel(b, size) })
	}
}

var sink []byte

func benchCopies(b *testing.B, size int) {
	value := make([]byte, size)
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			sink = make([]byte, len(value))
			copy(sink, value)
		}
	}
}

func benchOne(b *testing.B, size int) {
	s := memory.New()
	value := make([]byte, size)
	version := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		if version != 0 {
			if _, err := s.Load(b.Context(), "user/a"); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Save(b.Context(), "user/a", version, mfa.Item{Value: value, Version: version + 1}); err != nil {
			b.Fatal(err)
		}
		version++
	}
}

func benchParallel(b *testing.B, size int) {
	s := memory.New()
	var users atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		key := fmt.Sprintf("user/%d", users.Add(1))
		value := make([]byte, size)
		for version := int64(0); pb.Next(); version++ {
			if version != 0 {
				if _, err := s.Load(b.Context(), key); err != nil {
					b.Error(err)
					return
				}
			}
			if err := s.Save(b.Context(), key, version, mfa.Item{Value: value, Version: version + 1}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
