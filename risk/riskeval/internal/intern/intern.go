// Package intern numbers values, so that millions of them can be counted in
// little memory: what is kept of a value is 64 bits of a hash.
package intern

import (
	"hash/maphash"
	"net/netip"
)

// A Key stands for a value. Two values have the same one about once in
// 10^19 pairs: with ten million values the odds of a single confusion are 1 to 400,000.
type Key uint64

var seed = maphash.MakeSeed()

// String is a text's key.
func String(s string) Key { return Key(maphash.String(seed, s)) }

// Addr is an address's key.
func Addr(a netip.Addr) Key {
	b := a.As16()
	return Key(maphash.Bytes(seed, b[:]))
}

// Number is a number's key: itself.
func Number(n uint32) Key { return Key(n) }

// A Table numbers keys from 0 in the order in which they come. The zero value is empty.
type Table struct{ ids map[Key]uint32 }

// Find is a key's number, if it has one.
func (t *Table) Find(k Key) (id uint32, ok bool) {
	id, ok = t.ids[k]
	return id, ok
}

// Add is a key's number, a new one if it had none.
func (t *Table) Add(k Key) (id uint32, fresh bool) {
	if id, ok := t.ids[k]; ok {
		return id, false
	}
	if t.ids == nil {
		t.ids = map[Key]uint32{}
	}
	id = uint32(len(t.ids))
	t.ids[k] = id
	return id, true
}

// Len is how many keys there are.
func (t *Table) Len() int { return len(t.ids) }

// Bytes is about what the table takes: an entry's 16 bytes, a byte of control,
// and the room that a map keeps.
func (t *Table) Bytes() int64 { return int64(len(t.ids)) * 25 }
