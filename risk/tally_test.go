package risk

import (
	"math"
	"testing"
	"time"
)

// TestDistinct holds the estimate to 5 % from nothing to a million, over many
// hash functions.
func TestDistinct(t *testing.T) {
	worst, off := 0.0, 0.0
	for _, n := range []int{0, 1, 5, 200, 3_000, 60_000, 1_000_000} {
		tries := min(200, 1+8_000_000/(n+1))
		sum := 0.0
		for seed := range tries {
			var now, old sightings
			for i := range n {
				s := &now
				if i%3 == 0 {
					s = &old
				}
				s.note(idOf(feature(seed%int(features)), spread(uint64(seed)<<32|uint64(i))))
			}
			got := different(&now, &old)
			if n == 0 && got != 0 {
				t.Fatalf("%g of nothing", got)
			}
			e := (got - float64(n)) / max(float64(n), 1)
			sum += e * e
			if math.Abs(got-float64(n)) > 1.5 { // of few values two may fall together
				worst = max(worst, math.Abs(e))
			}
		}
		rms := math.Sqrt(sum / float64(tries))
		off = max(off, rms)
		t.Logf("%d: off by %.2f %%", n, 100*rms)
	}
	if off > 0.028 || worst > 0.1 {
		t.Errorf("off by %.1f %%, at worst %.1f %%; the standard error is 2.3 %%", 100*off, 100*worst)
	}
}

// TestAging: after one epoch all counts half; rare values do not vanish on the average.
func TestAging(t *testing.T) {
	tl := &tally{}
	tl.age(epochOf(rowsNoon))
	for i := range 4_000 {
		d := voteOf(featCity, testKey(i))
		d.Bin, d.Novel = uint8(i), []noveltyCell{{Level: levelASN, Gap: uint8(i % gapBuckets), Fresh: i%2 == 0}}
		tl.add(&d)
	}
	before := tl.clone()
	tl.age(tl.epoch + 1)
	if got := tl.total.Load(); got != 2_000 {
		t.Errorf("total %d", got)
	}
	sum := func(c *counts) (n int64) {
		for i := range 4_000 {
			id := idOf(featCity, testKey(i))
			hash := spread(id)
			if in, ok := c.heavy(id, hash); ok {
				n += in
			} else {
				n += c.estimate(id, hash)
			}
		}
		return n
	}
	was, is := sum(&before.counts), sum(&tl.counts)
	if math.Abs(float64(is)-float64(was)/2) > 0.1*float64(was) {
		t.Errorf("%d became %d", was, is)
	}
	if d := different(&tl.now[featCity], &tl.old[featCity]); math.Abs(d-4_000) > 400 {
		t.Errorf("%g distinct values are left of 4000 after one epoch", d)
	}
	tl.age(tl.epoch + 1)
	if d := different(&tl.now[featCity], &tl.old[featCity]); d != 0 {
		t.Errorf("%g distinct values are left after two epochs", d)
	}
	tl.age(tl.epoch + 1_000_000)
	if !sameTail(&tl.counts, &counts{}) || tl.total.Load() > 1 {
		t.Error("something lives for ever")
	}
	tl.age(5)
	if tl.epoch < 1_000_000 {
		t.Error("the epoch went back")
	}
}

// TestUnlearningTheOld takes out what halving has left of it, on the average.
func TestUnlearningTheOld(t *testing.T) {
	now := rowsNoon
	p := newPopulation(Config{Budget: defaultBudget, Now: func() time.Time { return now }})
	const n = 8_000
	for i := range n {
		d := voteOf(featASN, testKey(1))
		d.At += int64(i)
		p.add(d)
	}
	now = now.Add(2 * epochLength * time.Second)
	d := voteOf(featASN, testKey(2))
	d.At = now.Unix() / 60
	p.add(d)
	if got := p.count(featASN, testKey(1)); got != n/4 {
		t.Fatalf("%g left of %d after two epochs", got, n)
	}
	unlearn := func(from int) {
		for i := from; i < n; i += 2 {
			d := voteOf(featASN, testKey(1))
			d.At += int64(i)
			d.Sign = -1
			p.add(d)
		}
	}
	unlearn(0)
	if got := p.count(featASN, testKey(1)); math.Abs(got-n/8) > n/40 {
		t.Errorf("%g left when half is unlearned, want about %d", got, n/8)
	}
	unlearn(1)
	if got := p.count(featASN, testKey(1)); got > n/40 {
		t.Errorf("%g left when all is unlearned", got)
	}
	if got := p.total(); got > n/40 {
		t.Errorf("total %g when all but one is unlearned", got)
	}
}

// TestASignInOfTheFuture ages nothing.
func TestASignInOfTheFuture(t *testing.T) {
	p := alone(t)
	p.add(voteOf(featASN, testKey(1)))
	d := voteOf(featASN, testKey(1))
	d.At += 100 * epochLength / 60
	p.add(d)
	if got := p.count(featASN, testKey(1)); got != 2 {
		t.Errorf("%g of 2", got)
	}
}
