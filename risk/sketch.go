package risk

import (
	"math"
	"math/bits"
	"sync/atomic"
)

// How often a value was seen, over all users, has to fit into a row of the store
// and still say two things: how common the common values are, exactly, and how
// rare the rest is, without bias. So the commonest values stand in a table of
// bounded size, and all others share a Count Sketch (Charikar, Chen and
// Farach-Colton, 2002), which is linear: sketches are added and subtracted by adding and
// subtracting their counters. A value that becomes common moves from the sketch
// into the table with its estimate, and one that is pushed out moves back, so
// the sum of both never changes by a move.
//
// Prefixes of networks are far more than all else together. They have a sketch of
// their own, so that their noise does not drown the rare carrier or city.
const (
	sketchRows  = 3
	prefixWidth = 2048 // counters of a row
	otherWidth  = 4096
	counters    = sketchRows * (prefixWidth + otherWidth)

	ways    = 16 // places of the table at which one value may stand
	buckets = 96
	places  = ways * buckets
)

// A pool is one of the two sketches.
type pool uint8

const (
	poolOthers pool = iota
	poolPrefixes
	pools
)

func poolOf(id uint64) pool {
	if feature(id&15) == featPrefix {
		return poolPrefixes
	}
	return poolOthers
}

// bounds are the width of a pool's rows and where the first begins.
func (p pool) bounds() (from, width int) {
	if p == poolPrefixes {
		return sketchRows * otherWidth, prefixWidth
	}
	return 0, otherWidth
}

// idOf names a value of a feature in 40 bits: 36 of a hash and 4 of the feature.
// It is never 0.
func idOf(f feature, key uint64) uint64 {
	h := spread(key ^ uint64(f+1)*0x9e3779b97f4a7c15)
	return max(h>>28, 1)<<4 | uint64(f)
}

// spread makes any bits of a value depend on all. Keys are keyed hashes already:
// nobody outside chooses what falls together here.
func spread(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	x = hi ^ lo
	hi, lo = bits.Mul64(x^0x8ebc6af09c88c6e3, 0x589965cc75374cc3)
	return hi ^ lo
}

// counts are how often values were seen: a table of the commonest and the sketches
// of the rest. One goroutine may write while any number read.
type counts struct {
	ids  [places]atomic.Uint64 // 0: free
	ns   [places]atomic.Int64
	tail [counters]atomic.Int32

	square [pools]int64 // of a pool's counters, all summed; the writer's alone
}

// heavy is what the table holds of a value.
func (c *counts) heavy(id, hash uint64) (n int64, ok bool) {
	from := bucketOf(hash)
	for i := from; i < from+ways; i++ {
		if c.ids[i].Load() == id {
			n = c.ns[i].Load()
			return n, c.ids[i].Load() == id // it may have been pushed out in between
		}
	}
	return 0, false
}

// bucketOf is the first of a value's places.
func bucketOf(hash uint64) int { return int((hash>>48)*buckets>>16) * ways }

// spot is a value's counter in a row of its pool's sketch, and the sign with which
// it counts there.
func spot(hash uint64, row, from, width int) (i int, sign int32) {
	part := hash >> (row * 16)
	return from + row*width + int(part)&(width-1), int32(part>>14&2) - 1
}

// estimate is what the sketch holds of a value: the median of its rows, which errs to both
// sides alike.
func (c *counts) estimate(id, hash uint64) int64 {
	from, width := poolOf(id).bounds()
	var v [sketchRows]int32
	for r := range v {
		i, sign := spot(hash, r, from, width)
		v[r] = sign * c.tail[i].Load()
	}
	return int64(max(min(v[0], v[1]), min(max(v[0], v[1]), v[2])))
}

// bump adds n of a value to its sketch.
func (c *counts) bump(id, hash uint64, n int64) {
	p := poolOf(id)
	from, width := p.bounds()
	for r := range sketchRows {
		i, sign := spot(hash, r, from, width)
		was := c.tail[i].Load()
		is := was + sign*int32(n)
		c.tail[i].Store(is)
		c.square[p] += int64(is)*int64(is) - int64(was)*int64(was)
	}
}

// noise is the variance of one row's estimate in a pool.
func (c *counts) noise(p pool) float64 {
	_, width := p.bounds()
	return float64(c.square[p]) / float64(sketchRows*width)
}

// doubt is how many standard deviations of a row a value must be above the least
// of the table to push it out: so much that mere noise hardly does.
const doubt = 2.5

// put adds n of a value, which may be below 0.
func (c *counts) put(id uint64, n int64) {
	hash := spread(id)
	from := bucketOf(hash)
	free := -1
	for i := from; i < from+ways; i++ {
		switch c.ids[i].Load() {
		case id:
			c.ns[i].Store(c.ns[i].Load() + n)
			return
		case 0:
			free = i
		}
	}
	if free >= 0 {
		if c.square[poolOf(id)] != 0 {
			n += c.takeOut(id, hash)
		}
		c.place(free, id, n)
		return
	}
	c.bump(id, hash, n)
	if n > 0 {
		c.promote(id, hash, from)
	}
}

// promote lets a value change places with the least of the table, if it is common enough.
func (c *counts) promote(id, hash uint64, from int) {
	n, far := float64(c.estimate(id, hash)), doubt*math.Sqrt(c.noise(poolOf(id)))
	if n <= far {
		return
	}
	least := from
	for i := from + 1; i < from+ways; i++ {
		if c.ns[i].Load() < c.ns[least].Load() {
			least = i
		}
	}
	out, was := c.ids[least].Load(), c.ns[least].Load()
	if n-float64(was) > far {
		c.place(least, id, c.takeOut(id, hash))
		c.bump(out, spread(out), was)
	}
}

// takeOut takes a value's estimate out of the sketch.
func (c *counts) takeOut(id, hash uint64) int64 {
	n := c.estimate(id, hash)
	c.bump(id, hash, -n)
	return n
}

// place puts a value into the table; a reader of the one before sees that it is gone.
func (c *counts) place(i int, id uint64, n int64) {
	c.ids[i].Store(0)
	c.ns[i].Store(n)
	c.ids[i].Store(id)
}

// merge adds what other has counted. Values that one has in its table and the
// other in its sketch are brought together in the table.
func (c *counts) merge(other *counts) {
	if other.square != [pools]int64{} {
		for i := range c.ids {
			id := c.ids[i].Load()
			if id == 0 {
				continue
			}
			hash := spread(id)
			if _, ok := other.heavy(id, hash); !ok {
				n := other.estimate(id, hash)
				c.ns[i].Store(c.ns[i].Load() + n)
				c.bump(id, hash, -n)
			}
		}
		c.pour(other)
	}
	for i := range other.ids {
		if id := other.ids[i].Load(); id != 0 {
			c.put(id, other.ns[i].Load())
		}
	}
}

// measure sums a pool's squares anew.
func (c *counts) measure(p pool) {
	from, width := p.bounds()
	c.square[p] = 0
	for i := from; i < from+sketchRows*width; i++ {
		n := int64(c.tail[i].Load())
		c.square[p] += n * n
	}
}

// halve makes all count half, at the end of an epoch. What is odd is rounded up at one
// half of the places and down at the other, which are others in every epoch: so what
// was seen once does not vanish everywhere, and does not stay for ever.
func (c *counts) halve(epoch int64) {
	for i := range c.ids {
		if c.ids[i].Load() == 0 {
			continue
		}
		n := (c.ns[i].Load() + coin(epoch, i)) >> 1
		if n == 0 {
			c.ids[i].Store(0)
		}
		c.ns[i].Store(n)
	}
	for p := range pools {
		from, width := p.bounds()
		for i := from; i < from+sketchRows*width; i++ {
			c.tail[i].Store((c.tail[i].Load() + int32(coin(epoch, i))) >> 1)
		}
		c.measure(p)
	}
}

// coin is 0 or 1, the same for everyone who asks.
func coin(epoch int64, i int) int64 {
	return int64(spread(uint64(epoch)<<32|uint64(i)) & 1)
}

// copyFrom makes c, which has counted nothing, what other is.
func (c *counts) copyFrom(other *counts) {
	for i := range other.ids {
		if id := other.ids[i].Load(); id != 0 {
			c.ns[i].Store(other.ns[i].Load())
			c.ids[i].Store(id)
		}
	}
	c.pour(other)
}

// pour adds other's sketches.
func (c *counts) pour(other *counts) {
	for p := range pools {
		if other.square[p] == 0 {
			continue
		}
		from, width := p.bounds()
		for i := from; i < from+sketchRows*width; i++ {
			if n := other.tail[i].Load(); n != 0 {
				c.tail[i].Store(c.tail[i].Load() + n)
			}
		}
		c.measure(p)
	}
}
