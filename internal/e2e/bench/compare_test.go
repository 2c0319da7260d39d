package bench_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/e2e/load"
)

// An operation is what a client does again and again.
type operation func(ctx context.Context, client int) error

// rounds is how often the two take turns; a round is as long as MFA_BENCH_ROUND says.
const rounds = 6

func round(b *testing.B) time.Duration {
	b.Helper()
	text := os.Getenv("MFA_BENCH_ROUND")
	if text == "" {
		return time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// A ratio is how much more something costs than its floor: the median of the
// rounds, and the extremes; and what the two take, in microseconds.
type ratio struct{ median, least, most, floor, engine float64 }

func (r ratio) String() string {
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.median, r.least, r.most)
}

// compare has the floor and the engine take turns, with so many clients at a time,
// and reports how many floors the engine costs. The first turns, in which
// connections are made, do not count.
func compare(b *testing.B, clients int, floor, engine operation) ratio {
	b.Helper()
	long := round(b)
	each(b, clients, long/4, floor)
	each(b, clients, long/4, engine)
	var floors, engines, ratios []float64
	for i := range rounds {
		var f, e time.Duration
		if i%2 == 0 { // neither is always the second
			f = each(b, clients, long, floor)
		}
		e = each(b, clients, long, engine)
		if i%2 != 0 {
			f = each(b, clients, long, floor)
		}
		floors, engines, ratios = append(floors, micros(f)), append(engines, micros(e)), append(ratios, float64(e)/float64(f))
	}
	r := ratio{median(ratios), slices.Min(ratios), slices.Max(ratios), median(floors), median(engines)}
	b.ReportMetric(r.floor, "floor-µs")
	b.ReportMetric(r.engine, "engine-µs")
	b.ReportMetric(r.median, "floors")
	b.ReportMetric(r.least, "floors-min")
	b.ReportMetric(r.most, "floors-max")
	b.ReportMetric(0, "ns/op") // of all rounds together, which says nothing
	return r
}

// each lets so many clients do it for a time, and returns what one operation took
// of that, all clients together.
func each(b *testing.B, clients int, long time.Duration, do operation) time.Duration {
	b.Helper()
	var done atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for client := range clients {
		all.Go(func() {
			for time.Since(began) < long {
				if err := do(b.Context(), client); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if b.Failed() || done.Load() == 0 {
		b.FailNow()
	}
	return time.Since(began) / time.Duration(done.Load())
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// onThis says where the figures come from, once.
var onThis = sync.OnceFunc(func() { fmt.Println("machine:", load.Machine()) })
