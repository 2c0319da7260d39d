package world

import (
	"fmt"
	"math/bits"
)

type kind uint8

const (
	homeNetwork kind = iota
	mobileNetwork
	officeNetwork
	hostingNetwork
)

// A network is an autonomous system. It may have addresses in several countries,
// as hosting companies do; that of its registration matters to nobody.
type network struct {
	asn  uint32
	kind kind
	nat  bool // a home network short of addresses: many lines behind each
}

// A pool is the addresses of one network in one city that are given out in one
// way. No two pools overlap, so an address belongs to one network for ever.
type pool struct {
	network, city int
	lease         int64  // 0: a line keeps its address
	nat           bool   // an address serves many lines
	lines         uint32 // of users of the service; as many again, and more, are of others
	base          uint32
	width         uint // 2^width addresses
}

// A group is as many lines as renew their addresses at one moment.
const (
	groupWidth = 12
	groupLines = 3 << (groupWidth - 2) // three quarters: the rest is free to move into
	poolWidth  = 8                     // smallest: a /24 never has two owners
)

// guests are lines of people who do not use the service, where users come as
// guests: friends, hotels, cafés; and infected machines.
func (p *pool) guests() uint32 { return p.lines/2 + 64 }

// guest picks one of those lines.
func (p *pool) guest(h uint64) uint32 { return p.lines + uint32(among(h, int(p.guests()))) }

// measure sets the width, once the lines are counted.
func (p *pool) measure() {
	lines := p.lines + p.guests()
	size := (lines + groupLines - 1) / groupLines << groupWidth
	switch {
	case p.nat:
		size = lines / linesPerSharedAddress
	case lines <= groupLines:
		size = lines + lines/3
	}
	p.width = max(poolWidth, uint(bits.Len32(size-1)))
}

// address is what a line has at a time.
func (p *pool) address(key uint64, line uint32, at int64) uint32 {
	switch {
	case p.nat:
		epoch := uint64(at+int64(mix(uint64(line))%uint64(natSticky))) / uint64(natSticky)
		return p.base + uint32(among(hashOf(key, uint64(p.base), uint64(line), epoch), 1<<p.width))
	case p.lease == 0:
		return p.base + shuffled(line, p.width, key^uint64(p.base))
	}
	group, within := line/groupLines, line%groupLines
	phase := hashOf(key, uint64(p.base), uint64(group)) % uint64(p.lease)
	epoch := (uint64(at) + phase) / uint64(p.lease)
	k := hashOf(key, uint64(p.base), uint64(group), epoch)
	return p.base + group<<groupWidth + shuffled(within, min(p.width, groupWidth), k)
}

// An atlas is all networks and pools.
type atlas struct {
	networks []network
	pools    []pool
	taken    map[uint32]bool // numbers of networks
	free     uint64          // the first address not given out
}

func newAtlas() *atlas {
	return &atlas{taken: map[uint32]bool{}, free: 11 << 24}
}

// addNetwork gives it a number nobody has. Numbers say nothing: they are drawn.
func (a *atlas) addNetwork(s *source, n network) int {
	for n.asn == 0 || a.taken[n.asn] {
		n.asn = 1000 + uint32(s.below(63_000))
		if s.chance(0.5) { // 16 and 32 bits
			n.asn = 196_608 + uint32(s.below(200_000))
		}
	}
	a.taken[n.asn] = true
	a.networks = append(a.networks, n)
	return len(a.networks) - 1
}

func (a *atlas) addPool(p pool) int {
	a.pools = append(a.pools, p)
	return len(a.pools) - 1
}

// reserved is what is not handed out on the internet (RFC 6890), and what is
// above it.
var reserved = []struct{ from, to uint64 }{
	{100<<24 | 64<<16, 100<<24 | 128<<16},
	{127 << 24, 128 << 24},
	{169<<24 | 254<<16, 169<<24 | 255<<16},
	{172<<24 | 16<<16, 172<<24 | 32<<16},
	{192 << 24, 192<<24 | 1<<16},
	{192<<24 | 88<<16, 192<<24 | 89<<16},
	{192<<24 | 168<<16, 192<<24 | 169<<16},
	{198<<24 | 18<<16, 198<<24 | 20<<16},
	{198<<24 | 51<<16, 198<<24 | 52<<16},
	{203 << 24, 203<<24 | 1<<16},
	{224 << 24, 1 << 32},
}

// layOut gives every pool its addresses, in order. It is called once, when all
// lines are counted.
func (a *atlas) layOut() error {
	for i := range a.pools {
		p := &a.pools[i]
		if p.width == 0 {
			p.measure()
		}
		size := uint64(1) << p.width
		at := (a.free + size - 1) &^ (size - 1)
		for _, r := range reserved {
			if at < r.to && at+size > r.from {
				at = (r.to + size - 1) &^ (size - 1)
			}
		}
		if at+size > 224<<24 {
			return fmt.Errorf("world: the IPv4 internet is too small for so many users")
		}
		p.base, a.free = uint32(at), at+size
	}
	return nil
}
