package risk

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa/internal/pause"
)

// A population is what is learned of all users together: in a view that readers use
// without a lock, and, where there is a store, in what is pending for this
// process's row. What this process learns is in the view at once; what others
// learn comes with their rows.
type population struct {
	budget float64
	watch  time.Duration // of shadow
	clock  func() time.Time
	log    *slog.Logger

	view    atomic.Pointer[tally]
	figures atomic.Pointer[figures]
	first   atomic.Int64 // as in tally
	joined  atomic.Bool  // the rows of all have been read once

	mu      sync.Mutex // for writing; held for microseconds, and for a fraction of a millisecond when rows come in
	pending *tally     // what no attempt at a row holds; nil without a store
	since   int        // how many were added since the figures were made

	rows *rows // nil without a store
	wait func(context.Context, time.Duration) error
}

// newPopulation takes a Config that New has completed.
func newPopulation(c Config) *population {
	p := &population{budget: c.Budget, watch: c.Shadow, clock: c.Now, log: c.Logger, wait: pause.For}
	p.view.Store(&tally{})
	if c.Store != nil {
		p.pending = &tally{}
		p.rows = newRows(c)
	}
	p.refresh(p.view.Load())
	return p
}

// Count implements [mfa.Scorer]. It takes a few microseconds.
func (s *Scorer) Count(data []byte) {
	list, err := decodeDeltas(data)
	if err != nil {
		s.pop.log.Warn("risk: what was learned cannot be counted", "error", err)
		return
	}
	for _, d := range list {
		s.pop.add(d)
	}
}

// add counts a sign-in.
func (p *population) add(d delta) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := time.Unix(min(d.At*60, p.clock().Unix()), 0) // a sign-in of the future ages nothing
	v := p.current(epochOf(at))
	if past := v.epoch - epochOf(at); d.Sign < 0 && past > 0 {
		// It counts 1/2^past by now. All of it is taken out that often.
		if past > 62 || spread(uint64(d.At))&(1<<past-1) != 0 {
			return
		}
	}
	v.add(&d)
	if p.pending != nil {
		p.pending.add(&d)
	}
	p.since++
	if p.since >= 1+min(int(v.total.Load())/32, 1000) {
		p.refresh(v)
	}
}

// current is the view in an epoch, with pending brought there too. What
// ages is aged beside the readers' view, which is then exchanged.
func (p *population) current(epoch int64) *tally {
	v := p.view.Load()
	if v.epoch != 0 && v.epoch < epoch {
		v = v.clone()
		v.age(epoch)
		p.view.Store(v)
		p.refresh(v)
	}
	v.age(epoch)
	if p.pending != nil {
		p.pending.age(v.epoch)
	}
	return v
}

// total is how many sign-ins are counted: one a user and day, aged.
func (p *population) total() float64 { return float64(max(p.view.Load().total.Load(), 0)) }

// count is how many of them had a value of a feature. For a value that is not among the
// commonest it is the sketch's estimate, brought towards the mean of such values as
// far as it may be noise; so it is right on the average, and never below 0.
func (p *population) count(f feature, key uint64) float64 {
	id := idOf(f, key)
	hash := spread(id)
	v := p.view.Load()
	if n, ok := v.heavy(id, hash); ok {
		return max(float64(n), 0)
	}
	rest := &p.figures.Load().rest[f]
	return max(rest.likely(float64(v.estimate(id, hash))), 0)
}

// distinct is about how many different values a feature has had, in 60 to 120 days.
func (p *population) distinct(f feature) float64 { return p.figures.Load().distinct[f] }

// novelty is how many sign-ins were looked at at a level, with such a gap and such
// a history, and how many of them were new there.
func (p *population) novelty(l level, gap, size uint8) (fresh, all float64) {
	if l >= levels || gap >= gapBuckets || size >= sizeBuckets {
		return 0, 0
	}
	v := p.view.Load()
	isNew := max(v.novel[cellOf(l, gap, size, true)].Load(), 0)
	known := max(v.novel[cellOf(l, gap, size, false)].Load(), 0)
	return float64(isNew), float64(isNew + known)
}

// figures are what takes too long to be worked out for every sign-in.
type figures struct {
	distinct   [features]float64
	rest       [features]rest
	thresholds Thresholds
}

// A rest is what is known of a feature's values that are not in the table.
type rest struct {
	mean  float64 // of their counts
	trust float64 // in an estimate near it: the part of its variance that is not noise
	noise float64 // the standard deviation of an estimate
}

// medianNoise is the variance of the median of three normal values over that of one.
const medianNoise = 0.4487

// likely brings an estimate towards the mean. One that is so far above that noise
// hardly explains it is believed the more, the farther it is.
func (r *rest) likely(estimate float64) float64 {
	off, trust := estimate-r.mean, r.trust
	if far := 3 * r.noise; off > far {
		trust = max(trust, 1-far*far/(off*off))
	}
	return r.mean + trust*off
}

// refresh makes the figures anew. The caller holds the lock, or is the only one.
func (p *population) refresh(t *tally) {
	p.figures.Store(figuresOf(t, p.budget))
	p.since = 0
}

func figuresOf(t *tally, budget float64) *figures {
	var f figures
	var listed, held [features]float64 // values in the table, and their counts
	for i := range t.ids {
		if id := t.ids[i].Load(); id != 0 {
			listed[id&15]++
			held[id&15] += float64(t.ns[i].Load())
		}
	}
	for i := range f.rest {
		f.distinct[i] = max(different(&t.now[i], &t.old[i]), listed[i])
		noise := medianNoise * t.noise(poolOf(uint64(i)))
		mean := max(float64(t.masses[i].Load())-held[i], 0) / max(f.distinct[i]-listed[i], 1)
		r := rest{mean: mean, noise: math.Sqrt(noise), trust: 1}
		if noise > 0 {
			r.trust = mean * mean / (mean*mean + noise)
		}
		f.rest[i] = r
	}
	f.thresholds = thresholdsOf(&t.scores, budget)
	return &f
}
