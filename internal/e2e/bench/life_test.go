package bench_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa"
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
	u := mfa.User{ID: "5f0c6a7e-8d21-4e0b-9a43-0d8a2f4f9e11", Name: "ada@example.com", Email: "ada@example.com"}
	phone, _ := engine.EnrollTOTP(b, u)
	thousand := func() (took time.Duration, size int) {
		for n := range 1000 {
			c.clock.Advance(29 * phone.Period)
			began := time.Now()
			flow := c.begin(b, engine, u, n)
			if _, err := engine.Verify(b.Context(), flow.Token, phone.Answer(flow), from(n)); err != nil {
				b.Fatal(err)
			}
			took += time.Since(began)
		}
		item, err := store.Load(b.Context(), "user/"+u.ID)
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
