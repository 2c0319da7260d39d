package bench_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
)

// BenchmarkLongLife is what the 10,000th sign-in of a user costs, beside the 1,000th:
// the mean of the thousand before each, on a store that costs nothing.
func BenchmarkLongLife(b *testing.B) {
	onThis()
	c := newCrowd(b, 1)
	store := memory.New()
	engine := &mfatest.Engine{Engine: c.engine(b, store), Clock: c.clock}
	p := newPerson(b, engine)
	thousand := func() (took time.Duration, size int) {
		for n := range 1000 {
			c.clock.Advance(29 * p.phone.Period)
			began := time.Now()
			p.signIn(b, engine, n)
			took += time.Since(began)
		}
		item, err := store.Load(b.Context(), "user/"+p.ID)
		if err != nil {
			b.Fatal(err)
		}
		return took / 1000, len(item.Value)
	}
	var first, last time.Duration
	var size, later int
	for i := range 10 {
		if last, later = thousand(); i == 0 {
			first, size = last, later
		}
	}
	b.ReportMetric(micros(first), "µs-of-1000th")
	b.ReportMetric(micros(last), "µs-of-10000th")
	b.ReportMetric(float64(size), "bytes-of-1000th")
	b.ReportMetric(float64(later), "bytes-of-10000th")
	b.ReportMetric(0, "ns/op")
}
