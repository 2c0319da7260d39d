package evaluate

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// Where the figures are taken.
var (
	budgets = []float64{0.001, 0.01, 0.05, 0.1}        // of legitimate sign-ins that are asked
	recalls = []float64{0.9, 0.98, 0.99, 0.995, 0.999} // of attacks that are asked
	steps   = []int{0, 1, 2, 4, 8, 12, 16, 24, 32, 39} // sizes of a history
)

// A match is one attacker against one scorer's legitimate sign-ins.
type match struct {
	name        string
	legit, held *ranking // of the test; of the slice for thresholds
	attack      *ranking
	places      []place
	reps        [][]float64 // by metric: of each resample
	point       []float64   // by metric
}

// The metrics of a match, in order.
const (
	mAUC        = 0
	mRecall     = 1              // at each budget
	mHeld       = mRecall + 4    // at each budget, with the threshold of the slice before the test
	mHeldAsked  = mHeld + 4      // what those thresholds ask
	mChallenged = mHeldAsked + 4 // at each recall
	metrics     = mChallenged + 5
)

// matches sorts one scorer's scores into what is compared.
func matches(s *sample, c *column) []*match {
	legit, held := map[bool]*ranking{}, map[bool]*ranking{}
	for _, known := range []bool{true, false} {
		legit[known], held[known] = &ranking{}, &ranking{}
	}
	for i, l := range s.legit {
		switch l.phase {
		case test:
			legit[l.size > 0].add(c.legit[i], l.user)
		case threshold:
			held[l.size > 0].add(c.legit[i], l.user)
		}
	}
	var attacks [attackers]*ranking
	for by := range attackers {
		attacks[by] = &ranking{}
		for i, user := range s.attacks[by] {
			attacks[by].add(c.attacks[by][i], user)
		}
		attacks[by].sort()
	}
	for _, known := range []bool{true, false} {
		legit[known].sort()
		held[known].sort()
	}
	var all []*match
	for by := range attackers {
		known := by != first && by != firstTakeover
		all = append(all, &match{name: attackerNames[by], legit: legit[known], held: held[known], attack: attacks[by]})
	}
	all = append(all, &match{
		name:   allTakeovers,
		legit:  merged(legit[true], legit[false]),
		held:   merged(held[true], held[false]),
		attack: merged(attacks[veryTargeted], attacks[firstTakeover]),
	})
	for _, m := range all {
		m.places = placesOf(m.attack, m.legit)
	}
	return all
}

// says whether there is anything to measure: scored sign-ins on both sides.
func (m *match) says() bool { return len(m.legit.list) > 0 && len(m.attack.list) > 0 }

// A scale holds the sums of one goroutine, which are made anew for each resample.
type scale struct {
	weights             []uint8
	legit, held, attack weighing
}

// measure is a match's metrics with the scale's weights.
func (s *scale) measure(m *match, into []float64) {
	s.attack.weigh(m.attack, s.weights)
	legit, attack := &s.legit, &s.attack
	if legit.scored() == 0 || attack.scored() == 0 {
		for i := range into {
			into[i] = math.NaN()
		}
		return
	}
	into[mAUC] = auc(legit, attack, m.places)
	for i, x := range budgets {
		into[mRecall+i] = recall(attack, legit.cut(x), x)
		into[mHeld+i], into[mHeldAsked+i] = math.NaN(), math.NaN()
		if s.held.scored() > 0 {
			c := s.held.cut(x)
			into[mHeldAsked+i] = legit.asked(c)
			into[mHeld+i] = recall(attack, c, legit.asked(c))
		}
	}
	for i, r := range recalls {
		into[mChallenged+i] = challenged(legit, attack, r)
	}
}

// measureAll measures each match, and weighs its legitimate sign-ins only if the one before had others.
func (s *scale) measureAll(all []*match, into func(*match) []float64) {
	var weighed *ranking
	for _, m := range all {
		if !m.says() {
			continue
		}
		if weighed != m.legit {
			s.legit.weigh(m.legit, s.weights)
			s.held.weigh(m.held, s.weights)
			weighed = m.legit
		}
		s.measure(m, into(m))
	}
}

// bootstrap measures all matches of all scorers as they are, and in resamples
// of the users. A resample is the same for all scorers, so that their differences have intervals as well.
func bootstrap(c *Config, users int, all []*match) {
	for _, m := range all {
		m.point = make([]float64, metrics)
		m.reps = make([][]float64, c.Resamples)
		for i := range m.reps {
			m.reps[i] = make([]float64, metrics)
		}
	}
	(&scale{}).measureAll(all, func(m *match) []float64 { return m.point })

	next := make(chan int)
	var running sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 8) {
		running.Go(func() {
			s := &scale{weights: make([]uint8, users)}
			for b := range next {
				for user := range s.weights {
					s.weights[user] = times(c.Seed, b, user)
				}
				s.measureAll(all, func(m *match) []float64 { return m.reps[b] })
			}
		})
	}
	for b := range c.Resamples {
		c.Progress("resampling", int64(b))
		next <- b
	}
	close(next)
	running.Wait()
}

// figure is a metric with its interval; nil: there is none.
func (m *match) figure(metric int) *Figure {
	if !m.says() {
		return nil
	}
	return figureOf(m.point[metric], func(b int) float64 { return m.reps[b][metric] }, len(m.reps))
}

// figureOf is a value with the interval of its resamples. Those without a value, in which no attack
// was drawn, are left out.
func figureOf(value float64, rep func(b int) float64, n int) *Figure {
	if math.IsNaN(value) {
		return nil
	}
	var sorted []float64
	for b := range n {
		if v := rep(b); !math.IsNaN(v) {
			sorted = append(sorted, v)
		}
	}
	if len(sorted) == 0 {
		return &Figure{value, value, value}
	}
	slices.Sort(sorted)
	at := func(share float64) float64 { return sorted[int(math.Round(share*float64(len(sorted)-1)))] }
	return &Figure{value, at(0.025), at(0.975)}
}
