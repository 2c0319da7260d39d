package evaluate

import (
	"math"
	"slices"
	"sort"
)

// A ranking is a set of sign-ins, the most suspicious first.
type ranking struct {
	list   []ranked
	silent []uint32 // users of those of which the scorer says nothing
}

type ranked struct {
	score float32
	user  uint32
}

func (r *ranking) add(score float32, user uint32) {
	if math.IsNaN(float64(score)) {
		r.silent = append(r.silent, user)
		return
	}
	r.list = append(r.list, ranked{score, user})
}

func (r *ranking) sort() {
	slices.SortFunc(r.list, func(a, b ranked) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return int(a.user) - int(b.user) // so that the order does not depend on the one before
	})
}

// merged is both together.
func merged(a, b *ranking) *ranking {
	r := &ranking{list: slices.Concat(a.list, b.list), silent: slices.Concat(a.silent, b.silent)}
	r.sort()
	return r
}

// above is how many score more than t; from is how many score at least t.
func (r *ranking) above(t float32) int {
	return sort.Search(len(r.list), func(i int) bool { return r.list[i].score <= t })
}

func (r *ranking) from(t float32) int {
	return sort.Search(len(r.list), func(i int) bool { return r.list[i].score < t })
}

// A weighing is a ranking in which each user counts as often as a resample drew them.
type weighing struct {
	*ranking
	sum    []uint32 // sum[i]: the weight of the first i
	silent float64  // the weight of those of which nothing is said
}

// weigh sums the weights anew; nil weights: everybody counts once.
func (w *weighing) weigh(r *ranking, weights []uint8) {
	w.ranking = r
	if cap(w.sum) < len(r.list)+1 {
		w.sum = make([]uint32, len(r.list)+1)
	}
	w.sum = w.sum[:len(r.list)+1]
	w.sum[0] = 0
	total := uint32(0)
	for i := range r.list {
		if weights == nil {
			total++
		} else {
			total += uint32(weights[r.list[i].user])
		}
		w.sum[i+1] = total
	}
	w.silent = 0
	for _, user := range r.silent {
		if weights == nil {
			w.silent++
		} else {
			w.silent += float64(weights[user])
		}
	}
}

// scored is the weight of those of which something is said.
func (w *weighing) scored() float64 { return float64(w.sum[len(w.sum)-1]) }

// A cut divides sign-ins: those above t are asked, and those at t with a chance of q.
// Without the chance, scores that many share would ask more than the budget, or nobody.
type cut struct {
	t float32
	q float64
}

// cut is the one that asks a share of what is scored.
func (w *weighing) cut(share float64) cut {
	budget := share * w.scored()
	i := sort.Search(len(w.list), func(i int) bool { return float64(w.sum[i+1]) > budget })
	if i == len(w.list) {
		return cut{float32(math.Inf(-1)), 1}
	}
	t := w.list[i].score
	before, after := float64(w.sum[w.above(t)]), float64(w.sum[w.from(t)])
	return cut{t, (budget - before) / (after - before)}
}

// asked is the share of what is scored that a cut asks.
func (w *weighing) asked(c cut) float64 {
	before, after := float64(w.sum[w.above(c.t)]), float64(w.sum[w.from(c.t)])
	return (before + c.q*(after-before)) / w.scored()
}

// auc is the chance that an attack scores more than a legitimate sign-in, with half of
// the chance that they score the same, or that nothing is said of one of them.
func auc(legit, attack *weighing, places []place) float64 {
	l, a := legit.scored(), attack.scored()
	won := 0.0
	for i, p := range places {
		weight := float64(attack.sum[i+1] - attack.sum[i])
		if weight == 0 {
			continue
		}
		above, from := float64(legit.sum[p.above]), float64(legit.sum[p.from])
		won += weight * (l - (above+from)/2)
	}
	won += (attack.silent*(l+legit.silent) + a*legit.silent) / 2
	return won / ((a + attack.silent) * (l + legit.silent))
}

// A place is where an attack stands among legitimate sign-ins: how many score more, and
// how many at least as much. It does not depend on weights.
type place struct{ above, from uint32 }

func placesOf(attack, legit *ranking) []place {
	places := make([]place, len(attack.list))
	above, from := 0, 0
	for i, a := range attack.list { // both fall
		for above < len(legit.list) && legit.list[above].score > a.score {
			above++
		}
		for from < len(legit.list) && legit.list[from].score >= a.score {
			from++
		}
		places[i] = place{uint32(above), uint32(from)}
	}
	return places
}

// recall is the share of attacks that a cut asks, which asks a share x of legitimate sign-ins.
func recall(attack *weighing, c cut, x float64) float64 {
	a := attack.scored()
	return (attack.asked(c)*a + x*attack.silent) / (a + attack.silent)
}

// challenged is the share of legitimate sign-ins that must be asked so that a share of the attacks is.
func challenged(legit, attack *weighing, share float64) float64 {
	if attack.silent == 0 {
		return legit.asked(attack.cut(share))
	}
	if recall(attack, legit.cut(0), 0) >= share {
		return 0
	}
	low, high := 0.0, 1.0
	for range 50 {
		if x := (low + high) / 2; recall(attack, legit.cut(x), x) < share {
			low = x
		} else {
			high = x
		}
	}
	return high
}
