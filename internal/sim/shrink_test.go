package sim

import (
	"maps"
	"slices"
)

// shrink looks for the shortest plan that still breaks the same invariant: without
// visits, incidents and faults that have nothing to do with it. Tries bounds how many
// runs it takes.
func shrink(again func(*plan) result, first result, tries int) result {
	best := first
	try := func(p *plan) bool {
		if tries--; tries < 0 {
			return false
		}
		r := again(p)
		if r.breach == nil || r.breach.invariant != first.breach.invariant {
			return false
		}
		best = r
		return true
	}
	for smaller := true; smaller && tries > 0; {
		smaller = without(try, func() int { return len(best.plan.visits) }, func(i, n int) *plan { return best.plan.withoutVisits(i, n) })
		smaller = without(try, func() int { return len(best.plan.settled) }, func(i, n int) *plan { return best.plan.withoutSettled(i, n) }) || smaller
		smaller = without(try, func() int { return len(best.plan.incidents) }, func(i, n int) *plan { return best.plan.withoutIncidents(i, n) }) || smaller
		smaller = without(try, func() int { return len(best.faults) }, func(i, n int) *plan { return best.plan.withoutFaults(best.faults[i : i+n]) }) || smaller
	}
	for i := range best.plan.visits {
		for limit := 1; limit < 40; limit++ {
			if p := best.plan.withLimit(i, limit); best.plan.visits[i].limit > limit && try(p) {
				break
			}
		}
	}
	return best
}

// without leaves out as many as it can: halves first, then one by one.
func without(try func(*plan) bool, count func() int, less func(i, n int) *plan) (any bool) {
	for n := (count() + 1) / 2; n >= 1; n /= 2 {
		for i := 0; i < count(); {
			if try(less(i, min(n, count()-i))) {
				any = true
				continue
			}
			i += n
		}
	}
	return any
}

func (p *plan) copy() *plan {
	c := *p
	c.settled, c.visits, c.incidents, c.muted = slices.Clone(p.settled), slices.Clone(p.visits), slices.Clone(p.incidents), maps.Clone(p.muted)
	return &c
}

func (p *plan) withoutVisits(i, n int) *plan {
	c := p.copy()
	c.visits = slices.Delete(c.visits, i, i+n)
	return c
}

func (p *plan) withoutSettled(i, n int) *plan {
	c := p.copy()
	c.settled = slices.Delete(c.settled, i, i+n)
	return c
}

func (p *plan) withoutIncidents(i, n int) *plan {
	c := p.copy()
	c.incidents = slices.Delete(c.incidents, i, i+n)
	return c
}

func (p *plan) withoutFaults(names []string) *plan {
	c := p.copy()
	for _, name := range names {
		c.muted[name] = true
	}
	return c
}

func (p *plan) withLimit(i, limit int) *plan {
	c := p.copy()
	c.visits[i].limit = limit
	return c
}
