package risk

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mfakit/mfa"
)

// votes counts n votes for a score.
func votes(p *population, score float64, n int) {
	d := delta{Version: deltaVersion, Sign: 1, At: rowsNoon.Unix() / 60, Vote: true, Bin: binOf(score)}
	for range n {
		p.view.Load().add(&d)
		if p.pending != nil {
			p.pending.add(&d)
		}
	}
	p.refresh(p.view.Load())
}

func thresholdsNow(p *population) Thresholds { return p.figures.Load().thresholds }

func TestShippedThresholds(t *testing.T) {
	got := thresholdsNow(alone(t))
	if !got.Shipped || got.Votes != 0 {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ got, want float64 }{{got.Elevated, 4.7}, {got.High, 7.65}, {got.Severe, 11.3}} {
		if math.Abs(c.got-c.want) > binWidth {
			t.Errorf("%g, want %g", c.got, c.want)
		}
	}
	sum := 0.0
	for _, n := range shippedBins {
		if n < 0 {
			t.Errorf("a bin of %g votes", n)
		}
		sum += n
	}
	if math.Abs(sum-shippedVotes) > 1e-6 {
		t.Errorf("%g shipped votes", sum)
	}
}

// TestTheBudgetIsKept: of honest sign-ins the share of the budget is elevated, give or
// take a bin, and of those one in six high and one in sixty severe.
func TestTheBudgetIsKept(t *testing.T) {
	for _, budget := range []float64{0.01, 0.03, 0.1} {
		rng := rand.New(rand.NewPCG(7, 7))
		p := newPopulation(Config{Budget: budget, Now: alone(t).clock})
		const n = 200_000
		scores := make([]float64, n)
		for i := range scores {
			scores[i] = 1.8*rng.NormFloat64() + math.Abs(rng.NormFloat64()*rng.NormFloat64())
			vote(p, scores[i])
		}
		p.refresh(p.view.Load())
		th := thresholdsNow(p)
		share := func(from float64) float64 {
			k := 0
			for _, s := range scores {
				if s >= from {
					k++
				}
			}
			return float64(k) / n
		}
		check := func(name string, from float64, l limits, want float64) {
			if from == l.floor || from == l.ceiling {
				t.Errorf("budget %g: %s is at its bound, %g", budget, name, from)
			}
			if low, high := share(from+binWidth), share(from-binWidth); want < low || want > high {
				t.Errorf("budget %g: %s from %g takes %g, within a bin %g to %g, want %g", budget, name, from, share(from), low, high, want)
			}
		}
		t.Logf("budget %g: %+v takes %.4f", budget, th, share(th.Elevated))
		check("elevated", th.Elevated, elevatedLimits, budget)
		check("high", th.High, highLimits, budget/highPart)
		if budget == 0.03 { // with others it is at a bound, or has few votes beside the shipped ones
			check("severe", th.Severe, severeLimits, budget/severePart)
		}
		if th.Shipped || th.Votes != n {
			t.Errorf("%+v", th)
		}
	}
}

// vote is one vote without what votes does in the end.
func vote(p *population, score float64) {
	p.add(delta{Version: deltaVersion, Sign: 1, At: rowsNoon.Unix() / 60, Vote: true, Bin: binOf(score)})
}

// TestNobodyMovesTheThresholds: a thousand accounts that vote for sixty days as their owner
// likes cannot bring a threshold below its floor or above its ceiling, whether
// there are honest votes or not; and few accounts hardly move one at all.
func TestNobodyMovesTheThresholds(t *testing.T) {
	for _, honest := range []int{0, 2_000, 50_000} {
		for _, wish := range []float64{-100, -3, 3, 5.9, 20, 100, math.Inf(1)} {
			p := alone(t)
			rng := rand.New(rand.NewPCG(8, 8))
			for range honest {
				vote(p, -2+2*rng.NormFloat64())
			}
			votes(p, wish, 1_000*60)
			th := thresholdsNow(p)
			for _, c := range []struct {
				name string
				got  float64
				limits
			}{{"elevated", th.Elevated, elevatedLimits}, {"high", th.High, highLimits}, {"severe", th.Severe, severeLimits}} {
				if c.got < c.floor || c.got > c.ceiling {
					t.Errorf("%d honest votes, 60,000 for %g: %s from %g", honest, wish, c.name, c.got)
				}
			}
			if th.High < th.Elevated+leastApart || th.Severe < th.High+leastApart {
				t.Errorf("%d honest votes, 60,000 for %g: %+v", honest, wish, th)
			}
			if p.levelOf(severeLimits.ceiling, 0) != mfa.RiskSevere || p.levelOf(elevatedLimits.floor-0.01, 0) != mfa.RiskLow {
				t.Error("a score beyond every bound has another level")
			}
		}
	}
	before := thresholdsNow(alone(t))
	p := alone(t)
	votes(p, 5, 5) // five accounts, one day
	if after := thresholdsNow(p); after.Elevated > before.Elevated+1 {
		t.Errorf("five votes brought elevated from %g to %g", before.Elevated, after.Elevated)
	}
}

func TestLevels(t *testing.T) {
	p := alone(t)
	th := thresholdsNow(p)
	for _, c := range []struct {
		score float64
		hard  int
		want  mfa.RiskLevel
	}{
		{-30, 0, mfa.RiskLow},
		{math.Inf(-1), 1, mfa.RiskLow},
		{th.Elevated - 1e-9, 0, mfa.RiskLow},
		{th.Elevated, 0, mfa.RiskElevated},
		{th.High, 1, mfa.RiskHigh},
		{th.Severe, 0, mfa.RiskSevere},
		{math.Inf(1), 0, mfa.RiskSevere},
		{-30, 2, mfa.RiskSevere},
		{math.NaN(), 1, mfa.RiskUnknown},
		{math.NaN(), 2, mfa.RiskSevere},
	} {
		if got := p.levelOf(c.score, c.hard); got != c.want {
			t.Errorf("%g with %d hard: %s, want %s", c.score, c.hard, got, c.want)
		}
	}
}

// TestThresholdsFollow: votes count without an exchange of rows, and unlearned votes no more.
func TestThresholdsFollow(t *testing.T) {
	p := alone(t)
	before := thresholdsNow(p)
	for range 20_000 {
		vote(p, 5.8)
	}
	if after := thresholdsNow(p); after.Elevated < before.Elevated+1 || after.Shipped || after.Votes < 19_000 {
		t.Errorf("%+v became %+v", before, after)
	}
	for range 20_000 {
		p.add(delta{Version: deltaVersion, Sign: -1, At: rowsNoon.Unix() / 60, Vote: true, Bin: binOf(5.8)})
	}
	p.refresh(p.view.Load())
	if got := thresholdsNow(p); got != before {
		t.Errorf("%+v, want %+v", got, before)
	}
}
