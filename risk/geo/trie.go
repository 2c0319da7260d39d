package geo

import (
	"context"
	"encoding/binary"
	"iter"
	"math"
	"math/bits"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// A trie leads from an address to the number of a record. The file's own tree takes
// one bit at a time too, each of them a wait for memory: here the first 16 are one step.
type trie struct {
	// nodes has two places where each node leads, on 0 and on 1: another node; from
	// empty on, nowhere (empty itself) or to a record, whose number comes after it.
	nodes []uint32
	empty uint32

	first4, first6 []uint32 // after the first 16 bits; first6 is nil for IPv4 alone
}

const firstBits = 16

func (t *trie) lookup(ip netip.Addr) (record uint32, ok bool) {
	var at uint32
	if ip.Is4() {
		b := ip.As4()
		at = t.first4[binary.BigEndian.Uint16(b[:])]
		at = t.follow(at, uint64(binary.BigEndian.Uint16(b[2:]))<<48, 32-firstBits)
	} else if t.first6 == nil {
		return 0, false
	} else {
		b := ip.As16()
		high, low := binary.BigEndian.Uint64(b[:]), binary.BigEndian.Uint64(b[8:])
		at = t.first6[high>>48]
		at = t.follow(at, high<<firstBits, 64-firstBits)
		at = t.follow(at, low, 64)
	}
	return at - t.empty - 1, at > t.empty
}

// follow goes from a node by as many bits as there are, the highest first, or until it
// is at no node.
func (t *trie) follow(at uint32, by uint64, bits int) uint32 {
	for ; at < t.empty && bits > 0; bits-- {
		at = t.nodes[uint64(at)<<1|by>>63]
		by <<= 1
	}
	return at
}

// A walk goes through a file's search tree: each node once, although the vendors' trees
// lead to their IPv4 part from several places.
type walk struct {
	ctx     context.Context
	tree    []byte
	meta    maxminddb.Metadata
	depth   uint8    // the most bits of an address
	data    uint     // bytes of the data section
	height  []uint8  // of each node: the most bits that a lookup takes from it on; 0: not visited
	found   []uint64 // a bit for each byte of data at which a record begins
	visited int
	stopped bool
}

const (
	separator  = 16  // bytes between tree and data
	inProgress = 255 // no height
)

func newWalk(ctx context.Context, tree []byte, m maxminddb.Metadata, data uint) *walk {
	w := &walk{ctx: ctx, tree: tree, meta: m, depth: 128, data: data, height: make([]uint8, m.NodeCount), found: make([]uint64, data/64+1)}
	if m.IPVersion == 4 {
		w.depth = 32
	}
	return w
}

func (w *walk) all() error {
	if _, ok := w.visit(0, w.depth); !ok {
		if w.stopped {
			return w.ctx.Err()
		}
		return errTree
	}
	return nil
}

// visit returns the height of a node, and fails where it is more than the bits that are
// left, as on a tree that leads in a circle.
func (w *walk) visit(node uint, left uint8) (height uint8, ok bool) {
	if h := w.height[node]; h != 0 {
		return h, h <= left
	}
	if w.visited++; w.visited%checkEvery == 0 && w.ctx.Err() != nil {
		w.stopped = true
	}
	if left == 0 || w.stopped {
		return 0, false
	}
	w.height[node] = inProgress
	for side := range uint(2) {
		switch to := w.child(node, side); {
		case to < w.meta.NodeCount:
			below, ok := w.visit(to, left-1)
			if !ok {
				return 0, false
			}
			height = max(height, below)
		case to > w.meta.NodeCount:
			at, ok := w.offset(to)
			if !ok {
				return 0, false
			}
			w.found[at/64] |= 1 << (at % 64)
		}
	}
	w.height[node] = height + 1
	return height + 1, true
}

// offset is where in the data a tree's pointer leads. One into the separator wraps
// around, to far behind the data.
func (w *walk) offset(to uint) (uint, bool) {
	at := to - w.meta.NodeCount - separator
	return at, at < w.data
}

// child reads where a node leads on a bit, as the format's specification has it.
func (w *walk) child(node, side uint) uint {
	switch w.meta.RecordSize {
	case 24:
		b := w.tree[node*6+side*3:]
		return uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2])
	case 28:
		b := w.tree[node*7:]
		if side == 0 {
			return uint(b[3]>>4)<<24 | uint(b[0])<<16 | uint(b[1])<<8 | uint(b[2])
		}
		return uint(b[3]&0x0f)<<24 | uint(b[4])<<16 | uint(b[5])<<8 | uint(b[6])
	default:
		return uint(binary.BigEndian.Uint32(w.tree[node*8+side*4:]))
	}
}

// leaves are the offsets of all records, upward.
func (w *walk) leaves() iter.Seq[uint] {
	return func(yield func(uint) bool) {
		for i, word := range w.found {
			for ; word != 0; word &= word - 1 {
				if !yield(uint(i)*64 + uint(bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

// trie makes the tree again, with records, which has a number for each of leaves, in
// the place of offsets. It fails where the numbers are too large for it.
func (w *walk) trie(records []uint32, six bool) (trie, bool) {
	nodes := w.meta.NodeCount
	if nodes+uint(len(records)) >= math.MaxUint32 {
		return trie{}, false
	}
	before := make([]uint32, len(w.found)) // how many records begin before each word
	n := 0
	for i, word := range w.found {
		before[i] = uint32(n)
		n += bits.OnesCount64(word)
	}
	t := trie{nodes: make([]uint32, 2*nodes), empty: uint32(nodes)}
	for node := range nodes {
		if w.height[node] == 0 {
			continue // nothing leads there
		}
		for side := range uint(2) {
			to := w.child(node, side)
			if to > nodes {
				at, _ := w.offset(to)
				rank := before[at/64] + uint32(bits.OnesCount64(w.found[at/64]&(1<<(at%64)-1)))
				to = nodes + 1 + uint(records[rank])
			}
			t.nodes[2*node+side] = uint32(to)
		}
	}
	root4 := uint32(0)
	if six {
		root4 = t.follow(0, 0, 64)
		root4 = t.follow(root4, 0, 32) // IPv4 is under ::/96
		t.first6 = t.firsts(0)
	}
	t.first4 = t.firsts(root4)
	return t, true
}

// firsts is where one comes from a node on by each value of 16 bits.
func (t *trie) firsts(root uint32) []uint32 {
	all := make([]uint32, 1<<firstBits)
	for by := range all {
		all[by] = t.follow(root, uint64(by)<<(64-firstBits), firstBits)
	}
	return all
}
