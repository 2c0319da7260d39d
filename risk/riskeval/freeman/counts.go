package freeman

import (
	"unsafe"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
)

// values numbers and counts the values of one level.
type values struct {
	table intern.Table
	count []uint32
}

// find is a value's number and how often it was learned; 0: never.
func (v *values) find(k intern.Key) (id, seen uint32) {
	id, ok := v.table.Find(k)
	if !ok {
		return 0, 0
	}
	return id, v.count[id]
}

func (v *values) add(k intern.Key) uint32 {
	id, fresh := v.table.Add(k)
	if fresh {
		v.count = append(v.count, 0)
	}
	v.count[id]++
	return id
}

func (v *values) bytes() int64 { return v.table.Bytes() + int64(cap(v.count))*4 }

// inside counts the distinct values of the other levels among the rows with one
// value of the first. Nearly always there is one at each, which costs four bytes;
// the set holds the further ones.
type inside struct {
	first [levels][]uint32 // by other level, by value: the one that came first, plus 1
	more  map[pair]struct{}
	count []uint16 // by value: all of them; ends at 65535
}

type pair struct {
	value, other uint32
	level        uint8
}

func (i *inside) add(value uint32, level int, other uint32) {
	for int(value) >= len(i.count) {
		i.count = append(i.count, 0)
	}
	first := i.first[level]
	for int(value) >= len(first) {
		first = append(first, 0)
	}
	i.first[level] = first
	switch first[value] {
	case other + 1:
		return
	case 0:
		first[value] = other + 1
	default:
		if i.more == nil {
			i.more = map[pair]struct{}{}
		}
		p := pair{value, other, uint8(level)}
		if _, ok := i.more[p]; ok {
			return
		}
		i.more[p] = struct{}{}
	}
	if i.count[value] < ^uint16(0) {
		i.count[value]++
	}
}

func (i *inside) distinct(value uint32) int { return int(i.count[value]) }

func (i *inside) bytes() int64 {
	n := int64(cap(i.count))*2 + int64(len(i.more))*25
	for _, f := range i.first {
		n += int64(cap(f)) * 4
	}
	return n
}

// A tally is what one user had, and how often: a list that is searched from end to end
// for nearly everybody, and a map for the few with very many values.
type tally struct {
	n    uint32
	list []entry
	many map[uint32]uint32 // entry.key to times; nil: the list holds all
}

// An entry is a value of a level and how often the user had it.
type entry struct{ key, times uint32 }

const (
	levelShift = 29  // the level stands above the value's number
	longList   = 128 // entries, beyond which a map is quicker
)

func keyOf(level int, id uint32) uint32 { return uint32(level)<<levelShift | id }

// counts fills own with how often the user had each value that was seen at all.
func (t *tally) counts(ids, seen, own *[levels]uint32) {
	if t.many != nil {
		for l := range levels {
			if seen[l] > 0 {
				own[l] = t.many[keyOf(l, ids[l])]
			}
		}
		return
	}
	for _, e := range t.list {
		if l := e.key >> levelShift; seen[l] > 0 && e.key == keyOf(int(l), ids[l]) {
			own[l] = e.times
		}
	}
}

func (t *tally) add(ids *[levels]uint32) {
	t.n++
	var there [levels]bool
	for i := range t.list {
		if l := t.list[i].key >> levelShift; t.list[i].key == keyOf(int(l), ids[l]) {
			t.list[i].times++
			there[l] = true
		}
	}
	for l := range levels {
		switch {
		case there[l]:
		case t.many != nil:
			t.many[keyOf(l, ids[l])]++
		default:
			t.list = append(t.list, entry{keyOf(l, ids[l]), 1})
		}
	}
	if len(t.list) > longList {
		t.many = make(map[uint32]uint32, 2*len(t.list))
		for _, e := range t.list {
			t.many[e.key] = e.times
		}
		t.list = nil
	}
}

func (t *tally) bytes() int64 {
	return int64(unsafe.Sizeof(*t)) + int64(cap(t.list))*8 + int64(len(t.many))*16
}
