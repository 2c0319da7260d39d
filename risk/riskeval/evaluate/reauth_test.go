package evaluate

import (
	"math"
	"testing"
)

func TestReauthCountsTheFirstSignInsAfterTheFirst(t *testing.T) {
	// Two users; a score of 1 is asked. One signs in five times, one three times.
	s := &sample{}
	col := &column{}
	add := func(user uint32, size uint8, score float32) {
		s.legit = append(s.legit, scored{user: user, size: size})
		col.legit = append(col.legit, score)
	}
	add(0, 0, 1) // the first of all: not counted among those after it
	add(1, 0, 0)
	add(0, 1, 0)
	add(1, 1, 1)
	add(0, 2, 1)
	add(0, 3, 0)
	add(1, 2, 1)
	add(0, 4, 0)
	c := &Config{Seed: 1, Resamples: 50}
	got := tally(c, earlyOf(s, 2), col, []cut{{0.5, 1}}).reauths(c, 0)
	for i, want := range []struct {
		history      int
		users        int64
		median, mean float64
	}{
		{0, 2, 0.5, 0.5},   // one of two at their first
		{1, 2, 0.5, 0.5},   // 0 and 1
		{2, 2, 0.75, 0.75}, // 1/2 and 2/2
		{4, 1, 0.25, 0.25}, // 1/4
		{8, 0, math.NaN(), math.NaN()},
	} {
		r := got[i]
		if r.History != want.history || r.Users != want.users {
			t.Errorf("%+v, want %+v", r, want)
		}
		if math.IsNaN(want.median) != (r.Median == nil) {
			t.Errorf("%+v, want %+v", r, want)
		}
		if r.Median != nil {
			near(t, "median", r.Median.Value, want.median)
			near(t, "mean", r.Mean.Value, want.mean)
		}
	}
}

// Half of those that score just as much as the cut are asked, if it says so.
func TestReauthDrawsAtTheCut(t *testing.T) {
	s, col := &sample{}, &column{}
	for u := range uint32(4000) {
		for size := range uint8(2) {
			s.legit = append(s.legit, scored{user: u, size: size})
			col.legit = append(col.legit, 1)
		}
	}
	c := &Config{Seed: 1, Resamples: 20}
	got := tally(c, earlyOf(s, 4000), col, []cut{{1, 0.25}}).reauths(c, 0)[1]
	if math.Abs(got.Mean.Value-0.25) > 0.03 || got.Mean.Low > 0.25 || got.Mean.High < 0.25 {
		t.Errorf("got %+v", got.Mean)
	}
}

// Of a first sign-in of which nothing is said there is no share.
func TestReauthOfASilentFirstIsNotMeasured(t *testing.T) {
	s := &sample{legit: []scored{{user: 0}, {user: 0, size: 1}}}
	c := &Config{Resamples: 20}
	got := tally(c, earlyOf(s, 1), &column{legit: []float32{nan, 5}}, []cut{{1, 1}}).reauths(c, 0)
	if got[0].Median != nil || got[1].Median == nil || got[1].Median.Value != 1 {
		t.Errorf("got %+v", got[:2])
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		want   float64
	}{
		{[]int64{1, 0, 0}, 0}, {[]int64{0, 0, 3}, 1}, {[]int64{2, 1, 2}, 0.5}, {[]int64{2, 0, 2}, 0.5}, {[]int64{3, 0, 2}, 0}, {[]int64{1, 1, 0, 0, 0}, 0.125},
	} {
		near(t, "median", median(c.counts), c.want)
	}
	if !math.IsNaN(median([]int64{0, 0})) {
		t.Error("a median of nobody")
	}
}

func TestPoissonOfHasItsMean(t *testing.T) {
	for _, want := range []float64{0, 0.3, 4, 49, 50, 1000} {
		const n = 20_000
		sum, squares := 0.0, 0.0
		for i := range uint64(n) {
			v := float64(poissonOf(draw(1, 'p', i), want))
			sum += v
			squares += v * v
		}
		got := sum / n
		variance := squares/n - got*got
		if math.Abs(got-want) > 5*math.Sqrt((want+0.01)/n) || math.Abs(variance-want) > 0.08*want+0.05 {
			t.Errorf("mean %v and variance %v, want %v", got, variance, want)
		}
	}
}
