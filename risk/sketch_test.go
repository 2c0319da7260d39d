package risk

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// A zipfian draws values by Zipf's law: the i-th commonest is i times rarer than the first.
type zipfian struct {
	rng *rand.Rand
	sum []float64
}

func newZipfian(seed uint64, values int) *zipfian {
	c := &zipfian{rng: rand.New(rand.NewPCG(seed, 1)), sum: make([]float64, values)}
	total := 0.0
	for i := range c.sum {
		total += 1 / float64(i+1)
		c.sum[i] = total
	}
	return c
}

func (c *zipfian) draw() int {
	x := c.rng.Float64() * c.sum[len(c.sum)-1]
	i, _ := slices.BinarySearch(c.sum, x)
	return i
}

// testKey is a keyed hash for tests.
func testKey(i int) uint64 { return spread(uint64(i) + 0xabcdef) }

// alone is a population without a store, at a time that stands still.
func alone(t testing.TB) *population {
	t.Helper()
	return newPopulation(Config{Budget: defaultBudget, Now: func() time.Time { return rowsNoon }})
}

var rowsNoon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// voteOf is a learned sign-in with one value.
func voteOf(f feature, key uint64) delta {
	return delta{Version: deltaVersion, Sign: 1, At: rowsNoon.Unix() / 60, Vote: true, Values: []valueKey{{Feature: f, Key: key}}}
}

// TestCountsOfAMillion holds the counts to what they promise on a stream of a million
// sign-ins from 60,000 values.
func TestCountsOfAMillion(t *testing.T) {
	for _, test := range []struct {
		name   string
		f      feature
		change int     // from which on the commonest are others
		most   float64 // error of a heavy value; those that come late come with some noise
	}{{"cities", featCity, 1_000_000, 0.02}, {"prefixes", featPrefix, 1_000_000, 0.02}, {"newcomers", featCity, 500_000, 0.04}} {
		t.Run(test.name, func(t *testing.T) {
			const values, n = 60_000, 1_000_000
			f, c, p := test.f, newZipfian(uint64(test.f), values), alone(t)
			truth := make([]int, values)
			for k := range n {
				i := c.draw()
				if k >= test.change {
					i = values - 1 - i
				}
				truth[i]++
				d := voteOf(f, testKey(i))
				p.view.Load().add(&d)
			}
			p.refresh(p.view.Load())
			worst, tailError, tailMean, squares := 0.0, 0.0, 0.0, 0.0
			tail, unseen, ofUnseen := 0, 0, 0.0
			for i, want := range truth {
				got := p.count(f, testKey(i))
				if want >= n/1000 {
					worst = max(worst, math.Abs(got-float64(want))/float64(want))
					continue
				}
				if want == 0 {
					unseen++
					ofUnseen += got
					continue
				}
				tail++
				tailMean += float64(want)
				tailError += got - float64(want)
				squares += (got - float64(want)) * (got - float64(want))
			}
			deviation := math.Sqrt(squares / float64(tail))
			tailMean, tailError = tailMean/float64(tail), tailError/float64(tail)
			t.Logf("heavy: off by at most %.2f %%; tail of mean %.2f: off by %.3f on the average, %.1f each", 100*worst, tailMean, tailError, deviation)
			if ofUnseen > float64(unseen)*tailMean {
				t.Errorf("what was never seen counts %.2f on the average", ofUnseen/float64(unseen))
			}
			if worst > test.most {
				t.Errorf("a heavy value is off by %.1f %%", 100*worst)
			}
			if noise := math.Sqrt(p.view.Load().noise(poolOf(uint64(f)))); math.Abs(tailError) > 4*noise/math.Sqrt(float64(tail)) {
				t.Errorf("the tail is off by %.3f on the average, with noise of %.1f", tailError, noise)
			}
			if p.total() != n {
				t.Errorf("total %g", p.total())
			}
			seen := 0.0
			for _, n := range truth {
				if n > 0 {
					seen++
				}
			}
			if d := p.distinct(f); math.Abs(d-seen)/seen > 0.05 {
				t.Errorf("%g distinct values, not %g", d, seen)
			}
		})
	}
}

// flat is a tally's counts with the table poured back: a sketch alone, which is linear.
func flat(c *counts) *counts {
	f := &counts{}
	f.copyFrom(c)
	for i := range f.ids {
		if id := f.ids[i].Load(); id != 0 {
			f.bump(id, spread(id), f.ns[i].Load())
			f.ids[i].Store(0)
		}
	}
	return f
}

func sameTail(a, b *counts) bool {
	for i := range a.tail {
		if a.tail[i].Load() != b.tail[i].Load() {
			return false
		}
	}
	return a.square == b.square
}

// TestCountsAddUp: what several processes counted, merged in any order, is what one
// would have counted, and unlearning all leaves nothing, however values moved
// between table and sketch meanwhile.
func TestCountsAddUp(t *testing.T) {
	const parts = 5
	c := newZipfian(3, 10_000)
	one, rest := &counts{}, make([]*counts, parts)
	for i := range rest {
		rest[i] = &counts{}
	}
	var all []uint64
	for range 60_000 {
		i := c.draw()
		id := idOf(feature(i%int(features)), testKey(i))
		all = append(all, id)
		one.put(id, 1)
		rest[c.rng.IntN(parts)].put(id, 1)
	}
	sum := &counts{}
	for _, i := range c.rng.Perm(parts) {
		sum.merge(rest[i])
	}
	if !sameTail(flat(one), flat(sum)) {
		t.Error("parts do not add up to the whole")
	}
	if sameTail(one, &counts{}) {
		t.Error("nothing is in the sketch: this proves little")
	}
	c.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, id := range all {
		sum.put(id, -1)
	}
	if !sameTail(flat(sum), &counts{}) {
		t.Error("something is left when all is unlearned")
	}
}

// TestMergedCountsAreAsGood compares the merged counts of eight processes with the truth.
func TestMergedCountsAreAsGood(t *testing.T) {
	const parts, values, n = 4, 20_000, 150_000
	c := newZipfian(4, values)
	rest := make([]*tally, parts)
	for i := range rest {
		rest[i] = &tally{}
	}
	truth := make([]int, values)
	for range n {
		i := c.draw()
		truth[i]++
		d := voteOf(featASN, testKey(i))
		rest[c.rng.IntN(parts)].add(&d)
	}
	sum := &tally{}
	for _, r := range rest {
		sum.merge(r)
	}
	p := alone(t)
	p.view.Store(sum)
	p.refresh(sum)
	off, tail := 0.0, 0
	for i, want := range truth {
		got := p.count(featASN, testKey(i))
		if want >= n/500 && math.Abs(got-float64(want)) > 0.04*float64(want) {
			t.Errorf("%d counted as %g", want, got)
		}
		if want > 0 && want < n/500 {
			off += got - float64(want)
			tail++
		}
	}
	noise := math.Sqrt(sum.noise(poolOthers) / float64(tail))
	t.Logf("tail off by %.3f, noise %.3f", off/float64(tail), noise)
	if math.Abs(off)/float64(tail) > 6*noise {
		t.Errorf("the tail is off by %.3f on the average", off/float64(tail))
	}
}

// TestMergedFromTableAndSketch: what one process has in its table and another in its sketch
// comes together.
func TestMergedFromTableAndSketch(t *testing.T) {
	a, b := &counts{}, &counts{}
	for i := range 4 * places {
		b.put(idOf(featCity, testKey(i)), 2_000)
	}
	id := uint64(0)
	for i := 4 * places; id == 0; i++ { // one whose places in b are taken
		if try := idOf(featCity, testKey(i)); b.full(try) {
			id = try
		}
	}
	b.put(id, 500)
	a.put(id, 700)
	want := 700 + b.estimate(id, spread(id))
	if n, ok := b.heavy(id, spread(id)); ok {
		t.Fatalf("it is in the table with %d", n)
	}
	a.merge(b)
	if got, ok := a.heavy(id, spread(id)); !ok || got != want {
		t.Errorf("%d, %t; want %d", got, ok, want)
	}
}

// full says whether a value's places are taken.
func (c *counts) full(id uint64) bool {
	from := bucketOf(spread(id))
	for i := from; i < from+ways; i++ {
		if c.ids[i].Load() == 0 {
			return false
		}
	}
	return true
}

// TestReadsBesideAWriter is for the race detector, and for readers that must never see
// more than was counted while values are pushed out of the table.
func TestReadsBesideAWriter(t *testing.T) {
	p := alone(t)
	const n = 30_000
	var readers sync.WaitGroup
	end := make(chan struct{})
	for r := range 2 {
		readers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				if got := p.count(featCity, testKey(i%5_000)); got < 0 || got > n {
					t.Errorf("reader %d: %g", r, got)
					return
				}
				p.distinct(featCity)
				p.novelty(levelASN, 1, 1)
				p.levelOf(p.total(), 0)
			}
		})
	}
	c := newZipfian(6, 5_000)
	for range n {
		p.add(voteOf(featCity, testKey(c.draw())))
	}
	close(end)
	readers.Wait()
}

func TestReadsDoNotAllocate(t *testing.T) {
	p := alone(t)
	for i := range 10_000 {
		p.add(voteOf(featCity, testKey(i%3_000)))
	}
	i := 0
	if n := testing.AllocsPerRun(1_000, func() {
		i++
		p.count(featCity, testKey(i))
		p.distinct(featCity)
		p.novelty(levelCity, 0, 0)
		p.levelOf(1, 0)
		p.shadow(rowsNoon)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
