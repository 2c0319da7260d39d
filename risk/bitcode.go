package risk

import (
	"encoding/binary"
	"math/bits"
)

// A row of the store is written in bits: most of its numbers are small and of one
// size, and Golomb-Rice codes write those in two bits more than they need. A
// number is cut at a bit length that stands before the list; what is above
// follows in ones and a zero, or in full where it is far above.
const (
	riceEscape = 24 // ones
	riceLimit  = 48 // the longest bit length
)

type bitWriter struct {
	out  []byte
	acc  uint64
	held int // bits in acc, below 8 between calls
}

// bits writes the n lowest bits of v, at most 56.
func (w *bitWriter) bits(v uint64, n int) {
	w.acc = w.acc<<n | v&(1<<n-1)
	for w.held += n; w.held >= 8; {
		w.held -= 8
		w.out = append(w.out, byte(w.acc>>w.held))
	}
}

// end fills up the last byte.
func (w *bitWriter) end() []byte {
	if w.held > 0 {
		w.bits(0, 8-w.held)
	}
	return w.out
}

func (w *bitWriter) rice(v uint64, k int) {
	q := v >> k
	if q >= riceEscape {
		w.bits(1<<riceEscape-1, riceEscape)
		w.bits(v>>32, 32)
		w.bits(v, 32)
		return
	}
	w.bits(1<<(q+1)-2, int(q)+1)
	w.bits(v, k)
}

// list writes numbers, at the bit length that makes them shortest.
func (w *bitWriter) list(vs []uint64) {
	k, _ := riceLength(vs)
	w.bits(uint64(k), 6)
	for _, v := range vs {
		w.rice(v, k)
	}
}

// number writes one number.
func (w *bitWriter) number(v uint64) {
	k := bits.Len64(v)
	w.bits(uint64(k), 7)
	w.bits(v>>32, max(k-32, 0))
	w.bits(v, min(k, 32))
}

func (w *bitWriter) text(s string) {
	w.number(uint64(len(s)))
	for i := range len(s) {
		w.bits(uint64(s[i]), 8)
	}
}

// riceLength is the bit length that makes numbers shortest, and their size then: it is
// looked for around their median, where it is unless they are of several kinds.
func riceLength(vs []uint64) (best int, least uint64) {
	var lengths [65]int
	for _, v := range vs {
		lengths[bits.Len64(v)]++
	}
	from := 0
	for below := lengths[0]; below < len(vs)/2; below += lengths[from] {
		from++
	}
	from = min(max(from-3, 0), riceLimit)
	for k := from; k <= min(max(best, from)+3, riceLimit); k++ {
		size := uint64(0)
		for _, v := range vs {
			if q := v >> k; q < riceEscape {
				size += q + 1 + uint64(k)
			} else {
				size += riceEscape + 64
			}
		}
		if k == from || size < least {
			best, least = k, size
		}
	}
	return best, least
}

// A bitReader reads what a bitWriter wrote. What is not there is 0, and makes it bad.
type bitReader struct {
	in   []byte
	acc  uint64
	held int
	bad  bool
}

func (r *bitReader) bits(n int) uint64 {
	for r.held < n {
		if len(r.in) == 0 {
			r.bad = true
			return 0
		}
		if len(r.in) >= 8 && r.held == 0 { // seven bytes at once
			r.acc, r.held = binary.BigEndian.Uint64(r.in)>>8, 56
			r.in = r.in[7:]
			continue
		}
		r.acc = r.acc<<8 | uint64(r.in[0])
		r.in = r.in[1:]
		r.held += 8
	}
	r.held -= n
	return r.acc >> r.held & (1<<n - 1)
}

func (r *bitReader) rice(k int) uint64 {
	q := uint64(0)
	for r.bits(1) == 1 {
		if q++; q == riceEscape {
			return r.bits(32)<<32 | r.bits(32)
		}
	}
	return q<<k | r.bits(k)
}

// list reads as many numbers as vs has room for.
func (r *bitReader) list(vs []uint64) {
	k := int(r.bits(6))
	if k > riceLimit {
		r.bad = true
	}
	for i := range vs {
		if r.bad {
			return
		}
		vs[i] = r.rice(k)
	}
}

func (r *bitReader) number() uint64 {
	k := int(r.bits(7))
	if k > 64 {
		r.bad = true
		return 0
	}
	return r.bits(max(k-32, 0))<<32 | r.bits(min(k, 32))
}

// upTo reads a number that is at most limit.
func (r *bitReader) upTo(limit uint64) uint64 {
	v := r.number()
	if v > limit {
		r.bad = true
		return 0
	}
	return v
}

func (r *bitReader) text(limit int) string {
	b := make([]byte, r.upTo(uint64(limit)))
	for i := range b {
		b[i] = byte(r.bits(8))
	}
	return string(b)
}

// done says whether all of it was read, and was there.
func (r *bitReader) done() bool {
	return !r.bad && len(r.in) == 0 && r.held < 8 && r.acc&(1<<r.held-1) == 0
}

// folded makes numbers of either sign small ones without.
func folded(n int64) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

func unfolded(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func (w *bitWriter) flag(on bool) {
	if on {
		w.bits(1, 1)
	} else {
		w.bits(0, 1)
	}
}

func (r *bitReader) flag() bool { return r.bits(1) == 1 }

// signed reads a folded number of which neither sign goes beyond limit.
func (r *bitReader) signed(limit int64) int64 {
	n := unfolded(r.number())
	if n > limit || n < -limit {
		r.bad = true
		return 0
	}
	return n
}
