package evaluate

import "math"

// Re-authentication as the published evaluations count it: of the users who
// signed in at least n times after their first, the share of those n sign-ins that
// were asked, from the beginning of the file; and the median of it over the users. At 0 it
// is the first sign-in.

// A tallying counts for one scorer how many users were asked how often, under several cuts at once.
type tallying struct {
	cuts  []cut
	times [][][]int64 // by cut, by step: of how many users so many were asked
	said  bool        // something was said of a first sign-in
}

// early are the sign-ins at the beginning of each user's history, by user.
type early struct {
	from  []uint32 // by user: where they begin in order
	order []uint32 // places in sample.legit
}

func lastStep() int { return steps[len(steps)-1] }

func earlyOf(s *sample, users int) *early {
	e := &early{from: make([]uint32, users+1)}
	for _, l := range s.legit {
		if int(l.size) <= lastStep() {
			e.from[l.user+1]++
		}
	}
	for u := range users {
		e.from[u+1] += e.from[u]
	}
	e.order = make([]uint32, e.from[users])
	next := append([]uint32(nil), e.from...)
	for i, l := range s.legit {
		if int(l.size) <= lastStep() {
			e.order[next[l.user]] = uint32(i)
			next[l.user]++
		}
	}
	return e
}

func tally(c *Config, e *early, col *column, cuts []cut) *tallying {
	t := &tallying{cuts: cuts, times: make([][][]int64, len(cuts))}
	for i := range cuts {
		t.times[i] = make([][]int64, len(steps))
		for j, n := range steps {
			t.times[i][j] = make([]int64, max(n, 1)+1)
		}
	}
	for u := range len(e.from) - 1 {
		own := e.order[e.from[u]:e.from[u+1]]
		if len(own) == 0 {
			continue
		}
		if !math.IsNaN(float64(col.legit[own[0]])) {
			t.said = true
		}
		for i, cut := range cuts {
			t.user(c.Seed, i, cut, own, col)
		}
	}
	return t
}

// user counts one user under one cut.
func (t *tallying) user(seed uint64, at int, c cut, own []uint32, col *column) {
	asked := 0
	for n, place := range own {
		v := col.legit[place]
		if v > c.t || v == c.t && unit(draw(seed, 'r', uint64(place))) < c.q {
			asked++
		}
		for j, step := range steps {
			if step == n {
				t.times[at][j][asked]++
			}
		}
		if n == 0 {
			asked = 0 // the first is counted at step 0 alone
		}
	}
}

// reauths are the medians of one cut.
func (t *tallying) reauths(c *Config, at int) []Reauth {
	var all []Reauth
	for j, n := range steps {
		counts := t.times[at][j]
		users := int64(0)
		for _, k := range counts {
			users += k
		}
		r := Reauth{History: n, Users: users}
		if users > 0 && (n > 0 || t.said) {
			r.Median = resampled(c, counts, median)
			r.Mean = resampled(c, counts, mean)
		}
		all = append(all, r)
	}
	return all
}

// resampled is a statistic of counts of users with its interval. To draw users anew is
// to draw how many fall into each cell.
func resampled(c *Config, counts []int64, statistic func([]int64) float64) *Figure {
	drawn := make([][]int64, c.Resamples)
	for b := range drawn {
		drawn[b] = make([]int64, len(counts))
		for k, n := range counts {
			drawn[b][k] = poissonOf(draw(c.Seed, 'm', uint64(b), uint64(k)), float64(n))
		}
	}
	return figureOf(statistic(counts), func(b int) float64 { return statistic(drawn[b]) }, c.Resamples)
}

// median is the median share, where counts[k] users were asked k times of len(counts)-1.
func median(counts []int64) float64 {
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return math.NaN()
	}
	at := func(rank int64) float64 {
		for k, n := range counts {
			if rank -= n; rank < 0 {
				return float64(k) / float64(len(counts)-1)
			}
		}
		return math.NaN()
	}
	return (at((total-1)/2) + at(total/2)) / 2
}

func mean(counts []int64) float64 {
	total, sum := int64(0), 0.0
	for k, n := range counts {
		total += n
		sum += float64(n) * float64(k) / float64(len(counts)-1)
	}
	return sum / float64(total)
}

// manyPoisson is the mean from which a Poisson variable is near enough to a normal one.
const manyPoisson = 50

// poissonOf is a Poisson variable with the given mean.
func poissonOf(bits uint64, mean float64) int64 {
	if mean >= manyPoisson {
		u, v := unit(mix(bits)), unit(mix(bits+1))
		normal := math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
		return max(0, int64(math.Round(mean+math.Sqrt(mean)*normal)))
	}
	limit, product, n := math.Exp(-mean), 1.0, int64(-1)
	for product > limit || n < 0 {
		bits = mix(bits)
		product *= unit(bits)
		n++
	}
	return n
}
