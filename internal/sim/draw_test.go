package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"time"
)

// A draw is where choices come from: the same for the same seed and name, whatever
// else a run does. So what is taken out of a run leaves the choices of the rest alone.
type draw struct{ r *rand.Rand }

func drawFor(seed uint64, name string) draw {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes all that is written
	return draw{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

func (d draw) n(n int) int { return d.r.IntN(n) }

// odds says yes in so many of a thousand cases.
func (d draw) odds(permille int) bool { return d.r.IntN(1000) < permille }

// between is a stretch of time, to the nanosecond, so that hardly any two are alike.
func (d draw) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.r.Int64N(int64(high-low)))
}

func pick[T any](d draw, list []T) (v T) {
	if len(list) == 0 {
		return v
	}
	return list[d.n(len(list))]
}

// A weight is how often something is drawn among others.
type weight[T any] struct {
	n    int
	what T
}

func weighted[T any](d draw, list []weight[T]) T {
	total := 0
	for _, w := range list {
		total += w.n
	}
	at := d.n(total)
	for _, w := range list {
		if at -= w.n; at < 0 {
			return w.what
		}
	}
	panic("sim: nothing to draw from")
}

func itoa(n int) string { return strconv.Itoa(n) }
