package risk

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mfakit/mfa"
)

// A row is what a process keeps in the store of what it has learned.
type row struct {
	at       int64 // when it was written, in seconds since 1970
	released bool  // its process has ended: the next may have it at once

	// writers are those whose learning is in the row, the last first, each with the
	// last of its writes that is: so that whoever does not know how a write of
	// theirs ended can see it, though others have written since.
	writers []writer

	*tally
}

// A writer is a process, or what is left of one.
type writer struct{ id, writes uint64 }

// rowVersion rises with every change of what is written: a feature, a level, a bucket more.
const (
	rowVersion = 1
	maxWriters = 32

	countLimit = 1 << 40 // no row has counted more of anything
	timeLimit  = 1 << 40 // in seconds
	idLimit    = 1 << 40
)

var errRow = errors.New("risk: not a row")

// writesOf is the last write of a writer that a row holds; 0: none.
func (r *row) writesOf(id uint64) uint64 {
	for _, w := range r.writers {
		if w.id == id {
			return w.writes
		}
	}
	return 0
}

// signed puts a writer in front, and drops the oldest if there are too many.
func signed(list []writer, w writer) []writer {
	list = slices.DeleteFunc(slices.Clone(list), func(o writer) bool { return o.id == w.id })
	list = slices.Insert(list, 0, w)
	return list[:min(len(list), maxWriters)]
}

// tailBits is how many bits a counter of a sketch may take, on the average. Over
// that, which takes millions of sign-ins, its last bits are left out: they are far below the noise.
const tailBits = 10

// encode writes a row. A row of 30 million sign-ins takes less than 60 KiB.
func (r *row) encode() []byte {
	w := &bitWriter{out: append(make([]byte, 0, 64<<10), rowVersion)}
	w.number(uint64(r.at))
	w.flag(r.released)
	w.number(uint64(len(r.writers)))
	for _, o := range r.writers {
		w.bits(o.id>>32, 32)
		w.bits(o.id, 32)
		w.number(o.writes)
	}
	w.number(uint64(r.epoch))
	w.number(uint64(r.first))
	r.eachNumber(func(n int64) int64 {
		w.number(folded(n))
		return n
	})
	r.counts.encode(w)
	for f := range r.now {
		r.now[f].encode(w)
		r.old[f].encode(w)
	}
	r.book.encode(w)
	return w.end()
}

// decodeRow reads a row. Errors are errRow or an [mfa.ErrNewerVersion].
func decodeRow(data []byte) (*row, error) {
	if len(data) > 0 && data[0] > rowVersion {
		return nil, fmt.Errorf("risk: row: %w", mfa.ErrNewerVersion)
	}
	if len(data) == 0 || data[0] != rowVersion {
		return nil, errRow
	}
	b := &bitReader{in: data[1:]}
	r := &row{at: int64(b.upTo(timeLimit)), released: b.flag(), writers: make([]writer, b.upTo(maxWriters)), tally: &tally{}}
	for i := range r.writers {
		r.writers[i] = writer{b.bits(32)<<32 | b.bits(32), b.number()}
	}
	r.epoch, r.first = int64(b.upTo(timeLimit/epochLength)), int64(b.upTo(timeLimit))
	r.eachNumber(func(int64) int64 { return b.signed(countLimit) })
	r.counts.decode(b)
	for f := range r.now {
		r.now[f].decode(b)
		r.old[f].decode(b)
	}
	r.book.decode(b)
	if !b.done() {
		return nil, errRow
	}
	return r, nil
}

// eachNumber goes through the plain numbers of a tally and puts in their place
// what each returns.
func (t *tally) eachNumber(each func(int64) int64) {
	t.total.Store(each(t.total.Load()))
	for i := range t.masses {
		t.masses[i].Store(each(t.masses[i].Load()))
	}
	for i := range t.novel {
		t.novel[i].Store(each(t.novel[i].Load()))
	}
	for i := range t.scores {
		t.scores[i].Store(each(t.scores[i].Load()))
	}
}

func (c *counts) encode(w *bitWriter) {
	type place struct {
		id uint64
		n  int64
	}
	var table []place
	for i := range c.ids {
		if id, n := c.ids[i].Load(), c.ns[i].Load(); id != 0 && n != 0 {
			table = append(table, place{id, n})
		}
	}
	slices.SortFunc(table, func(a, b place) int { return int(int64(a.id) - int64(b.id)) })
	gaps, last := make([]uint64, len(table)), uint64(0)
	for i, p := range table {
		gaps[i], last = p.id-last, p.id
	}
	w.number(uint64(len(table)))
	w.list(gaps)
	for _, p := range table {
		w.number(folded(p.n))
	}
	for p := range pools {
		if w.flag(c.square[p] != 0); c.square[p] == 0 {
			continue
		}
		tail, shift := c.cut(p)
		w.bits(uint64(shift), 5)
		w.list(tail)
	}
}

// cut is a pool's counters, without as many of their last bits as have to go.
func (c *counts) cut(p pool) (tail []uint64, shift int) {
	from, width := p.bounds()
	tail = make([]uint64, sketchRows*width)
	for {
		half := int64(1) << shift >> 1
		for i := range tail {
			tail[i] = folded((int64(c.tail[from+i].Load()) + half) >> shift)
		}
		_, size := riceLength(tail)
		over := float64(size)/float64(len(tail)) - tailBits
		if over <= 0 {
			return tail, shift
		}
		shift += max(int(over), 1)
	}
}

// decode fills counts that hold nothing.
func (c *counts) decode(b *bitReader) {
	gaps := make([]uint64, b.upTo(places))
	b.list(gaps)
	id := uint64(0)
	for _, gap := range gaps {
		n := b.signed(countLimit)
		if b.bad || gap == 0 || gap >= idLimit || id+gap >= idLimit || n == 0 {
			b.bad = true
			return
		}
		id += gap
		if feature(id&15) >= features || !c.settle(id, n) {
			b.bad = true
			return
		}
	}
	for p := range pools {
		if !b.flag() {
			continue
		}
		from, width := p.bounds()
		tail := make([]uint64, sketchRows*width)
		shift := b.bits(5)
		b.list(tail)
		for i, u := range tail {
			n := unfolded(u) << shift
			if n>>shift != unfolded(u) || n != int64(int32(n)) || n == math.MinInt32 {
				b.bad = true
				return
			}
			c.tail[from+i].Store(int32(n))
		}
		c.measure(p)
	}
}

// settle puts a value into a free place of its own.
func (c *counts) settle(id uint64, n int64) bool {
	from := bucketOf(spread(id))
	for i := from; i < from+ways; i++ {
		if c.ids[i].Load() == 0 {
			c.place(i, id, n)
			return true
		}
	}
	return false
}

func (s *sightings) encode(w *bitWriter) {
	if w.flag(*s != sightings{}); *s == (sightings{}) {
		return
	}
	least := slices.Min(s[:])
	over := make([]uint64, registers)
	for i, rank := range s {
		over[i] = uint64(rank - least)
	}
	w.bits(uint64(least), 6)
	w.list(over)
}

func (s *sightings) decode(b *bitReader) {
	if !b.flag() {
		return
	}
	least := b.bits(6)
	over := make([]uint64, registers)
	b.list(over)
	for i, v := range over {
		if v > maxRank || least+v > maxRank {
			b.bad = true
			return
		}
		s[i] = uint8(least + v)
	}
}

func (b *book) encode(w *bitWriter) {
	w.number(uint64(len(b.days)))
	for i := range b.days {
		d := &b.days[i]
		w.number(uint64(d.day))
		for s := range d.flows {
			some := d.flows[s] != [len(bookLevels)][outcomes]uint64{}
			w.flag(some)
			for l := range d.flows[s] {
				for _, n := range d.flows[s][l] {
					if some {
						w.number(n)
					}
				}
			}
		}
	}
	w.number(uint64(len(b.reasons)))
	for _, r := range b.reasons {
		w.text(r.code)
		w.number(uint64(len(r.terms)))
		for _, k := range r.terms {
			w.number(uint64(k.term))
			for _, n := range k.flows {
				w.number(n)
			}
		}
	}
}

// decode fills a book that holds nothing.
func (b *book) decode(r *bitReader) {
	for n := r.upTo(bookDays); n > 0 && !r.bad; n-- {
		d := dayCount{day: int64(r.upTo(furthestDay))}
		if last := len(b.days) - 1; last >= 0 && b.days[last].day >= d.day {
			r.bad = true
		}
		for s := range d.flows {
			some := r.flag()
			for l := range d.flows[s] {
				for o := range d.flows[s][l] {
					if some {
						d.flows[s][l][o] = r.upTo(bookLimit)
					}
				}
			}
		}
		b.days = append(b.days, d)
	}
	for n := r.upTo(maxReasons); n > 0 && !r.bad; n-- {
		c := reasonCount{code: r.text(maxCode)}
		if last := len(b.reasons) - 1; c.code == "" || last >= 0 && b.reasons[last].code >= c.code {
			r.bad = true
		}
		for m := r.upTo(bookTerms); m > 0 && !r.bad; m-- {
			k := termCount{term: int64(r.upTo(furthestDay))}
			if last := len(c.terms) - 1; last >= 0 && c.terms[last].term >= k.term {
				r.bad = true
			}
			for o := range k.flows {
				k.flows[o] = r.upTo(bookLimit)
			}
			c.terms = append(c.terms, k)
		}
		b.reasons = append(b.reasons, c)
	}
}
