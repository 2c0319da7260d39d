package world

import (
	"math"
	"testing"
)

func TestLogarithmAndPower(t *testing.T) {
	for _, x := range []float64{1e-9, 0.002, 0.3, 0.5, 0.7071, 1, 1.5, 2, 28, 3000, 1e12} {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-11 {
			t.Errorf("ln(%v) is %v, not %v", x, got, want)
		}
	}
	for _, x := range []float64{-39, -6.5, -1, -1e-6, 0, 0.1, 1, 7, 25} {
		if got, want := exp(x), math.Exp(x); math.Abs(got/want-1) > 1e-11 {
			t.Errorf("exp(%v) is %v, not %v", x, got, want)
		}
	}
}

func TestSourcesAreApart(t *testing.T) {
	first := map[uint64]bool{}
	for seed := range uint64(20) {
		for part := range uint64(20) {
			s := newSource(seed, part)
			if v := s.next(); first[v] {
				t.Fatalf("seed %d, part %d begins like another", seed, part)
			} else {
				first[v] = true
			}
		}
	}
}

func TestDrawsHaveTheirMeans(t *testing.T) {
	const n = 200_000
	s := newSource(1)
	var unit, exponential, poisson, spread float64
	for range n {
		unit += s.unit()
		exponential += s.exponential(3)
		poisson += float64(s.poisson(1.6))
		if s.spread(20, 1) < 20 {
			spread++
		}
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{{"unit", unit / n, 0.5}, {"exponential", exponential / n, 3}, {"poisson", poisson / n, 1.6}, {"below the median", spread / n, 0.5}} {
		if math.Abs(c.got-c.want) > 0.03 {
			t.Errorf("%s: mean %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestWheelPicksByWeight(t *testing.T) {
	w := newWheel([]float64{1, 0, 3})
	counts := make([]int, 3)
	s := newSource(7)
	for range 40_000 {
		counts[s.pick(w)]++
	}
	if counts[1] != 0 || math.Abs(float64(counts[0])/40_000-0.25) > 0.02 {
		t.Errorf("picked %v of weights 1, 0, 3", counts)
	}
	if w.at(0) != 0 || w.at(0.999999) != 2 {
		t.Error("the ends of the wheel are not its first and last")
	}
}

func TestShuffledIsABijection(t *testing.T) {
	for width := uint(0); width <= 13; width++ {
		for key := range uint64(5) {
			seen := make([]bool, 1<<width)
			for i := range uint32(1) << width {
				v := shuffled(i, width, key)
				if int(v) >= len(seen) || seen[v] {
					t.Fatalf("width %d, key %d: %d goes to %d", width, key, i, v)
				}
				seen[v] = true
			}
		}
	}
}
