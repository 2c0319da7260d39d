package risk

import (
	"sync/atomic"
	"time"
)

// epochLength is how long it takes for what was learned to count half. Nothing ages
// in between: what is compared ages together, and rows of one epoch are added as
// they are.
const epochLength = 60 * daySeconds

// epochOf is 0 for a time that is none.
func epochOf(at time.Time) int64 { return max(at.Unix()/epochLength, 0) }

// cells of novelty: by level, gap, size, and whether it was new.
const cells = int(levels) * gapBuckets * sizeBuckets * 2

const _ = uint(16 - features) // idOf has four bits for them

// A tally is all that one row holds, and what rows are when they are added up. One
// goroutine may write it while others read what is atomic. It is large: it
// is passed by pointer.
type tally struct {
	counts
	total  atomic.Int64 // sign-ins that voted
	masses [features]atomic.Int64
	novel  [cells]atomic.Int64
	scores [bins]atomic.Int64 // of those that voted

	// The rest is the writer's alone.
	epoch    int64 // 0: nothing counted yet
	now, old [features]sightings
	first    int64 // when this deployment first scored, in seconds since 1970; 0: never
	book     book
	changed  bool // since it was made or emptied
}

func cellOf(l level, gap, size uint8, fresh bool) int {
	i := (int(l)*gapBuckets+int(gap))*sizeBuckets + int(size)
	if fresh {
		return 2*i + 1
	}
	return 2 * i
}

// add counts a learned sign-in, or takes one out that was unlearned.
func (t *tally) add(d *delta) {
	sign := int64(d.Sign)
	t.changed = true
	for _, n := range d.Novel {
		raise(&t.novel[cellOf(n.Level, n.Gap, n.Size, n.Fresh)], sign)
	}
	if !d.Vote {
		return
	}
	raise(&t.total, sign)
	raise(&t.scores[d.Bin], sign)
	for _, v := range d.Values {
		id := idOf(v.Feature, v.Key)
		t.put(id, sign)
		raise(&t.masses[v.Feature], sign)
		if sign > 0 {
			t.now[v.Feature].note(id)
		}
	}
}

// raise is for a single writer.
func raise(n *atomic.Int64, by int64) {
	if by != 0 {
		n.Store(n.Load() + by)
	}
}

// age brings a tally to an epoch: each one that passed halves it.
func (t *tally) age(to int64) {
	if t.epoch == 0 {
		t.epoch = to
	}
	for steps := min(to-t.epoch, 100); steps > 0; steps-- {
		t.halve()
		t.epoch++
	}
	t.epoch = max(t.epoch, to)
}

func (t *tally) halve() {
	t.counts.halve(t.epoch)
	t.now, t.old = [features]sightings{}, t.now
	half := func(n *atomic.Int64, i int) { n.Store((n.Load() + coin(t.epoch, i)) >> 1) }
	half(&t.total, 0)
	for i := range t.masses {
		half(&t.masses[i], i)
	}
	for i := range t.novel {
		half(&t.novel[i], i)
	}
	for i := range t.scores {
		half(&t.scores[i], i)
	}
	t.changed = true
}

// merge adds other. Both are of the later epoch of the two then: other too is aged, so
// it must be nobody else's.
func (t *tally) merge(other *tally) {
	if other.epoch != 0 {
		other.age(t.epoch)
		t.age(other.epoch)
	}
	t.counts.merge(&other.counts)
	raise(&t.total, other.total.Load())
	for i := range t.masses {
		raise(&t.masses[i], other.masses[i].Load())
	}
	for i := range t.novel {
		raise(&t.novel[i], other.novel[i].Load())
	}
	for i := range t.scores {
		raise(&t.scores[i], other.scores[i].Load())
	}
	for f := range t.now {
		t.now[f].merge(&other.now[f])
		t.old[f].merge(&other.old[f])
	}
	t.first = earlier(t.first, other.first)
	t.book.merge(&other.book)
	t.changed = t.changed || other.changed
}

// earlier is the earlier of two times, where 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func (t *tally) clone() *tally {
	c := &tally{epoch: t.epoch, now: t.now, old: t.old, first: t.first, changed: t.changed}
	c.copyFrom(&t.counts)
	c.book.copyFrom(&t.book)
	c.total.Store(t.total.Load())
	for i := range t.masses {
		c.masses[i].Store(t.masses[i].Load())
	}
	for i := range t.novel {
		c.novel[i].Store(t.novel[i].Load())
	}
	for i := range t.scores {
		c.scores[i].Store(t.scores[i].Load())
	}
	return c
}
