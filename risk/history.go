package risk

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mfakit/mfa"
)

// What is kept of a user: at most 20 pairs of network and browser, with when each was
// used. The bounds make it 1.9 KiB at most, by construction. It is written by hand
// rather than by reflection, because it is read at every sign-in.
const (
	maxEntries = 20
	maxMarks   = 96 // sign-ins over all entries
	maxHistory = headSize + maxEntries*(entrySize+placeSize+1) + maxMarks*markSize

	headSize  = 8
	entrySize = 32
	placeSize = 6
	markSize  = 12

	historyVersion     = 1
	observationVersion = 1
	minutesPerDay      = 24 * 60
)

// ErrHistory says that a user's history, or an observation, is not one that this
// version can have written.
var ErrHistory = errors.New("risk: what was learned cannot be read")

// An entry is a network and a browser.
type entry struct {
	country uint16
	asn     uint32
	prints  prints
	agent   agentID
	kinds   IPKinds
	known   bool

	located  bool
	lat, lon int16  // tenths of a degree
	radius   uint16 // km
}

// A mark is one sign-in: when, under which activity, and what it added to the
// population, so that Unlearn can take exactly that back.
type mark struct {
	id      uint32
	minutes uint32 // since 1970
	vote    bool   // its values and its score were counted
	first   bool   // nothing was known of the user
	reached uint16 // the levels that were looked at, as bits; none: novelty was not counted
	fresh   uint16 // those of them that were new
	gap     uint8
	size    uint8
	bin     uint8
}

// A remembered is an entry with the sign-ins from there.
type remembered struct {
	entry
	marks []mark
}

// A history is what is kept of one user.
type history struct {
	day     uint32       // since 1970: the last day that had a vote
	learned uint8        // how many were learned on that day; it stays at 255
	list    []remembered // the last used first
	marked  []mark       // the memory of the list's marks, to be used again
}

// A reader takes fixed-width numbers off bytes, and remembers whether they sufficed:
// what is beyond the end is 0.
type reader struct {
	b   []byte
	at  int
	bad bool
}

// left says whether n bytes are left, and steps over them.
func (r *reader) left(n int) bool {
	r.at += n
	r.bad = r.bad || r.at > len(r.b)
	return !r.bad
}

func (r *reader) u8() uint8 {
	if !r.left(1) {
		return 0
	}
	return r.b[r.at-1]
}

func (r *reader) u16() uint16 {
	if !r.left(2) {
		return 0
	}
	return binary.LittleEndian.Uint16(r.b[r.at-2:])
}

func (r *reader) u32() uint32 {
	if !r.left(4) {
		return 0
	}
	return binary.LittleEndian.Uint32(r.b[r.at-4:])
}

// done says whether all was read, and was right.
func (r *reader) done() bool { return !r.bad && r.at == len(r.b) }

const (
	flagKnown   = 1 << 0
	flagLocated = 1 << 1

	// Of a mark's second word, from the lowest bit.
	markMinutes = 1<<28 - 1 // until the year 2480
	markVote    = 1 << 28
	markFirst   = 1 << 29
	reachedAt   = 30
	freshAt     = reachedAt + levels
	gapAt       = freshAt + levels
	sizeAt      = gapAt + 3
	binAt       = sizeAt + 3
	markLevels  = 1<<levels - 1
)

func (e *entry) append(b []byte) []byte {
	flags := byte(0)
	if e.known {
		flags |= flagKnown
	}
	if e.located {
		flags |= flagLocated
	}
	le := binary.LittleEndian
	b = le.AppendUint16(append(b, flags), uint16(e.kinds))
	b = le.AppendUint32(le.AppendUint16(b, e.country), e.asn)
	for _, p := range []uint32{e.prints.Address, e.prints.Prefix, e.prints.Region, e.prints.City, e.prints.Model} {
		b = le.AppendUint32(b, p)
	}
	b = append(b, e.agent.browser, e.agent.os, e.agent.class)
	if e.located {
		b = le.AppendUint16(le.AppendUint16(le.AppendUint16(b, uint16(e.lat)), uint16(e.lon)), e.radius)
	}
	return b
}

func (r *reader) entry() entry {
	flags := r.u8()
	e := entry{kinds: IPKinds(r.u16()), country: r.u16(), asn: r.u32(), known: flags&flagKnown != 0, located: flags&flagLocated != 0}
	e.prints = prints{Address: r.u32(), Prefix: r.u32(), Region: r.u32(), City: r.u32(), Model: r.u32()}
	e.agent = agentID{browser: r.u8(), os: r.u8(), class: r.u8()}
	if e.located {
		e.lat, e.lon, e.radius = int16(r.u16()), int16(r.u16()), r.u16()
	}
	bad := flags&^(flagKnown|flagLocated) != 0 ||
		e.country != 0 && countryCode(e.country) == "" ||
		!e.agent.valid() ||
		e.lat < -900 || e.lat > 900 || e.lon < -1800 || e.lon > 1800
	r.bad = r.bad || bad
	return e
}

func (m mark) append(b []byte) []byte {
	word := uint64(m.minutes & markMinutes)
	if m.vote {
		word |= markVote
	}
	if m.first {
		word |= markFirst
	}
	word |= uint64(m.reached)<<reachedAt | uint64(m.fresh)<<freshAt | uint64(m.gap)<<gapAt | uint64(m.size)<<sizeAt | uint64(m.bin)<<binAt
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint32(b, m.id), word)
}

func (r *reader) mark() mark {
	m := mark{id: r.u32()}
	word := uint64(r.u32()) | uint64(r.u32())<<32
	m.minutes, m.vote, m.first = uint32(word&markMinutes), word&markVote != 0, word&markFirst != 0
	m.reached, m.fresh = uint16(word>>reachedAt&markLevels), uint16(word>>freshAt&markLevels)
	m.gap, m.size, m.bin = uint8(word>>gapAt&7), uint8(word>>sizeAt&7), uint8(word>>binAt)
	if m.fresh&^m.reached != 0 || m.size >= sizeBuckets {
		r.bad = true
	}
	return m
}

func (h *history) bytes() []byte {
	if len(h.list) == 0 && h.day == 0 {
		return nil
	}
	total := 0
	for _, e := range h.list {
		total += len(e.marks)
	}
	b := append(make([]byte, 0, maxHistory), historyVersion, byte(len(h.list)), byte(total))
	b = append(binary.LittleEndian.AppendUint32(b, h.day), h.learned)
	for i := range h.list {
		e := &h.list[i]
		b = append(e.append(b), byte(len(e.marks)))
		for _, m := range e.marks {
			b = m.append(b)
		}
	}
	return b
}

// parseHistory reads what a history's bytes gave. Nothing is an empty one. An error
// is an ErrHistory or an [mfa.ErrNewerVersion].
func parseHistory(b []byte) (history, error) {
	var h history
	if err := h.parse(b); err != nil {
		return history{}, err
	}
	h.marked = nil // it is not to be used again
	return h, nil
}

// parse reads into h, whose memory it uses again.
func (h *history) parse(b []byte) error {
	h.day, h.learned, h.list = 0, 0, h.list[:0]
	if len(b) == 0 {
		return nil
	}
	if b[0] > historyVersion {
		return fmt.Errorf("risk: history: %w", mfa.ErrNewerVersion)
	}
	r := reader{b: b}
	version, n, total := r.u8(), int(r.u8()), int(r.u8())
	h.day, h.learned = r.u32(), r.u8()
	if r.bad || version != historyVersion || n > maxEntries || total > maxMarks || len(b) > maxHistory {
		return ErrHistory
	}
	h.list = slices.Grow(h.list, n)[:n]
	marks := slices.Grow(h.marked[:0], total)
	h.marked = marks
	for i := range h.list {
		e := &h.list[i]
		e.entry = r.entry()
		count := int(r.u8())
		if count == 0 || count > total-len(marks) {
			return ErrHistory
		}
		from := len(marks)
		for range count {
			marks = append(marks, r.mark())
		}
		e.marks = marks[from:len(marks):len(marks)]
	}
	if !r.done() || len(marks) != total {
		return ErrHistory
	}
	return nil
}

// newest is when an entry was last used.
func (e *remembered) newest() uint32 {
	last := uint32(0)
	for _, m := range e.marks {
		last = max(last, m.minutes)
	}
	return last
}

// add takes a sign-in in, forgets what is older than keep minutes before it, and
// makes room.
func (h *history) add(e entry, m mark, keep uint32) {
	if m.minutes > keep {
		h.drop(func(old mark) bool { return old.minutes < m.minutes-keep })
	}
	for h.marks() >= maxMarks {
		oldest := uint32(math.MaxUint32)
		for _, e := range h.list {
			for _, m := range e.marks {
				oldest = min(oldest, m.minutes)
			}
		}
		gone := false
		h.drop(func(old mark) bool {
			if gone || old.minutes != oldest {
				return false
			}
			gone = true
			return true
		})
	}
	defer h.sort()
	for i := range h.list {
		if h.list[i].entry == e {
			h.list[i].marks = append(slices.Clip(h.list[i].marks), m)
			return
		}
	}
	if len(h.list) >= maxEntries {
		i := h.spare()
		h.list = slices.Delete(h.list, i, i+1)
	}
	h.list = append(h.list, remembered{e, []mark{m}})
}

// sort is done here, once, and not at each of the many sign-ins that are only scored.
func (h *history) sort() {
	slices.SortStableFunc(h.list, func(a, b remembered) int { return cmp.Compare(b.newest(), a.newest()) })
}

func (h *history) marks() int {
	n := 0
	for _, e := range h.list {
		n += len(e.marks)
	}
	return n
}

// drop removes some marks, and the entries that have none left.
func (h *history) drop(gone func(mark) bool) {
	for i := range h.list {
		h.list[i].marks = slices.DeleteFunc(h.list[i].marks, gone)
	}
	h.list = slices.DeleteFunc(h.list, func(e remembered) bool { return len(e.marks) == 0 })
	h.sort()
}

// spare is the entry to do without: the oldest of those of which newer ones tell
// the same of prefix, or else of provider, and browser; or else the oldest. So a phone on a
// carrier's changing addresses does not push the user's office out.
func (h *history) spare() int {
	alike := []func(a, b *entry) bool{
		func(a, b *entry) bool { return a.prints.Prefix == b.prints.Prefix && a.agent == b.agent },
		func(a, b *entry) bool {
			return a.asn != 0 && a.asn == b.asn && a.country == b.country && a.agent == b.agent
		},
		func(a, b *entry) bool { return true },
	}
	enough := []int{1, 3, 1} // newer ones that have to be alike
	for step, same := range alike {
		best, at := -1, uint32(math.MaxUint32)
		for i := range h.list {
			when, newer := h.list[i].newest(), 0
			for j := range h.list {
				if i != j && h.list[j].newest() >= when && same(&h.list[i].entry, &h.list[j].entry) {
					newer++
				}
			}
			if newer >= enough[step] && when < at {
				best, at = i, when
			}
		}
		if best >= 0 {
			return best
		}
	}
	return 0
}
