package evaluate

import (
	"math"
	"testing"
)

var nan = float32(math.NaN())

// rankingOf gives each score to a user of its own.
func rankingOf(scores ...float32) *ranking {
	r := &ranking{}
	for i, s := range scores {
		r.add(s, uint32(i))
	}
	r.sort()
	return r
}

func weighed(r *ranking, weights []uint8) *weighing {
	w := &weighing{}
	w.weigh(r, weights)
	return w
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 || math.IsNaN(got) != math.IsNaN(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAUC(t *testing.T) {
	for name, c := range map[string]struct {
		legit, attack []float32
		want          float64
	}{
		"told apart":       {[]float32{1, 2, 3}, []float32{4, 5}, 1},
		"the wrong way":    {[]float32{4, 5}, []float32{1, 2, 3}, 0},
		"all the same":     {[]float32{1, 1, 1}, []float32{1, 1}, 0.5},
		"mixed":            {[]float32{1, 3}, []float32{2, 4}, 3.0 / 4}, // 2>1, 4>1, 4>3; not 2>3
		"with a tie":       {[]float32{1, 2}, []float32{2}, 0.75},       // over 1, even with 2
		"nothing said":     {[]float32{1, nan}, []float32{2, nan}, (1 + 0.5*3) / 4},
		"only of attacks":  {[]float32{1, 2}, []float32{3, nan}, 0.75},
		"infinite is most": {[]float32{1}, []float32{float32(math.Inf(1))}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			legit, attack := rankingOf(c.legit...), rankingOf(c.attack...)
			near(t, "auc", auc(weighed(legit, nil), weighed(attack, nil), placesOf(attack, legit)), c.want)
		})
	}
}

// A user drawn twice counts as two, one not drawn as none.
func TestAUCOfAResample(t *testing.T) {
	legit, attack := rankingOf(1, 3, 5), rankingOf(2, 4, 9)
	weights := []uint8{2, 0, 1} // users: scores 1, 3, 5 and 2, 4, 9
	same := auc(weighed(rankingOf(1, 1, 5), nil), weighed(rankingOf(2, 2, 9), nil), placesOf(rankingOf(2, 2, 9), rankingOf(1, 1, 5)))
	near(t, "auc", auc(weighed(legit, weights), weighed(attack, weights), placesOf(attack, legit)), same)
}

func TestCutAsksTheBudget(t *testing.T) {
	scores := make([]float32, 100)
	for i := range scores {
		scores[i] = float32(i)
	}
	legit := weighed(rankingOf(scores...), nil)
	attack := weighed(rankingOf(150, 97.5, 95, 50), nil)
	for budget, want := range map[float64]float64{
		0.001: 1.0 / 4, // one in ten of those at 99, and 150 is above
		0.01:  1.0 / 4, // 99
		0.05:  3.0 / 4, // 95 and more
		0.5:   1,       // 50 and more
		1:     1,
	} {
		c := legit.cut(budget)
		near(t, "asked", legit.asked(c), budget)
		near(t, "recall", recall(attack, c, budget), want)
	}
}

// A scorer that says yes or no cannot ask 1 %; it is taken to draw among those it
// would ask, which is as good as it can do.
func TestCutDrawsAmongEqualScores(t *testing.T) {
	legit := weighed(rankingOf(1, 1, 0, 0, 0, 0, 0, 0, 0, 0), nil) // 20 % at 1
	attack := weighed(rankingOf(1, 1, 1, 0), nil)
	for budget, want := range map[float64]float64{0.05: 0.75 / 4, 0.1: 0.75 / 2, 0.2: 0.75, 0.6: 0.75 + 0.25/2, 1: 1} {
		near(t, "recall", recall(attack, legit.cut(budget), budget), want)
	}
	// The other way: to catch 30 % of attacks, 0.3/0.75 of those at 1 are asked.
	near(t, "challenged", challenged(legit, attack, 0.3), 0.2*0.3/0.75)
	near(t, "challenged", challenged(legit, attack, 0.75), 0.2)
	near(t, "challenged", challenged(legit, attack, 0.9), 0.2+0.8*0.15/0.25)
	near(t, "challenged", challenged(legit, attack, 1), 1)
}

// Where a scorer says nothing it asks at random, as often as it asks otherwise.
func TestWhatNothingIsSaidOfIsChance(t *testing.T) {
	legit := weighed(rankingOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), nil)
	half := weighed(rankingOf(100, nan), nil)
	near(t, "recall", recall(half, legit.cut(0.1), 0.1), (1+0.1)/2)
	near(t, "challenged", challenged(legit, half, 0.5), 0)                        // the one that is scored is enough
	near(t, "challenged", math.Round(1e6*challenged(legit, half, 0.75))/1e6, 0.5) // (1 + x)/2
}

func TestTimesIsPoisson(t *testing.T) {
	const n = 200_000
	var counts [13]int
	for u := range n {
		counts[times(1, 0, u)]++
	}
	p := math.Exp(-1)
	for k := range 6 {
		want := n * p
		if math.Abs(float64(counts[k])-want) > 5*math.Sqrt(want) {
			t.Errorf("%d times: %d, want about %.0f", k, counts[k], want)
		}
		p /= float64(k + 1)
	}
	same := 0
	for u := range 1000 {
		if times(1, 0, u) == times(1, 1, u) {
			same++
		}
	}
	if same > 500 { // of independent ones Σp² = 31 % are
		t.Errorf("%d of 1000 the same in two resamples", same)
	}
}

// The intervals must hold what they say: of many samples, about 95 % of those that are
// drawn hold the true value.
func TestIntervalsHoldTheTruth(t *testing.T) {
	const samples, n, truth = 200, 150, 0.75 // P(attack > legit), attacks being the larger of two
	held := 0
	for s := range uint64(samples) {
		legit, attack := &ranking{}, &ranking{}
		for i := range uint64(n) {
			// Uniform u, and v = 1-(1-u')/… chosen so that P(v > u) = 3/4: v uniform on (½, 1).
			legit.add(float32(unit(draw(s, 'l', i))), uint32(i))
			attack.add(float32(0.5+unit(draw(s, 'k', i))/2), uint32(i))
		}
		legit.sort()
		attack.sort()
		m := &match{name: "x", legit: legit, held: legit, attack: attack, places: placesOf(attack, legit)}
		bootstrap(&Config{Seed: s, Resamples: 100, Progress: func(string, int64) {}}, n, []*match{m})
		if f := m.figure(mAUC); f.Low <= truth && truth <= f.High {
			held++
		}
	}
	if held < 0.88*samples || held > 0.995*samples {
		t.Errorf("%d of %d intervals hold the true value", held, samples)
	}
}

func TestFigureLeavesOutWhatHasNoValue(t *testing.T) {
	reps := []float64{math.NaN(), 3, 1, math.NaN(), 2}
	f := figureOf(2, func(b int) float64 { return reps[b] }, len(reps))
	if *f != (Figure{2, 1, 3}) {
		t.Errorf("got %+v", f)
	}
	if figureOf(math.NaN(), func(int) float64 { return 1 }, 3) != nil {
		t.Error("a figure without a value")
	}
}
