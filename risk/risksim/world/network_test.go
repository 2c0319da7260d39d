package world

import (
	"net/netip"
	"slices"
	"testing"
)

func built(t *testing.T, users int, seed uint64) *World {
	t.Helper()
	w, err := New(Config{Users: users, Days: Year, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// Two networks never have an address in common, nor a /24, and none has one
// that is not handed out on the internet.
func TestPoolsLieApart(t *testing.T) {
	w := built(t, 5000, 1)
	pools := slices.Clone(w.atlas.pools)
	slices.SortFunc(pools, func(a, b pool) int { return int(int64(a.base) - int64(b.base)) })
	end := uint64(0)
	for _, p := range pools {
		from, to := uint64(p.base), uint64(p.base)+1<<p.width
		if from < end || from&255 != 0 || p.width < 8 {
			t.Fatalf("a pool at %#x, 2^%d, where the one before ends at %#x", from, p.width, end)
		}
		end = to
	}
}

// What is not handed out on the internet is stepped over, whatever the size of a pool.
func TestReservedAddressesStayFree(t *testing.T) {
	for _, name := range []string{
		"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	} {
		prefix := netip.MustParsePrefix(name)
		for _, width := range []uint{8, 15, 20} {
			first := prefix.Addr().As4()
			a := newAtlas()
			a.free = uint64(first[0])<<24 | uint64(first[1])<<16 | uint64(first[2])<<8 - 2<<width
			for range 4 {
				a.addPool(pool{width: width})
			}
			if err := a.layOut(); err != nil {
				t.Fatal(err)
			}
			for _, p := range a.pools {
				if prefix.Overlaps(netip.PrefixFrom(toAddr(p.base), 32-int(width))) {
					t.Errorf("%s: a pool of 2^%d at %v", name, width, toAddr(p.base))
				}
			}
		}
	}
	if built(t, 1000, 1).atlas.pools[0].base>>24 == 10 {
		t.Error("10.0.0.0/8 is handed out")
	}
}

func toAddr(a uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}

func TestNumbersOfNetworksAreTheirOwn(t *testing.T) {
	w := built(t, 5000, 1)
	seen := map[uint32]bool{}
	for _, n := range w.atlas.networks {
		if n.asn == 0 || seen[n.asn] {
			t.Errorf("network %d stands twice", n.asn)
		}
		seen[n.asn] = true
	}
	if len(seen) < 1000 {
		t.Errorf("%d networks, want thousands", len(seen))
	}
}

// At any moment each line has an address of its own, but behind carriers.
func TestLinesDoNotShareAddresses(t *testing.T) {
	w := built(t, 60_000, 2)
	checked := 0
	for i := range w.atlas.pools {
		p := &w.atlas.pools[i]
		if p.nat || p.lines < 50 || w.atlas.networks[p.network].kind != homeNetwork {
			continue
		}
		checked++
		for _, at := range []int64{0, 17*day + 5*hour, 300 * day} {
			seen := map[uint32]bool{}
			for line := range p.lines + p.guests() {
				addr := p.address(w.seed, line, at)
				if uint64(addr-p.base) >= 1<<p.width {
					t.Fatalf("pool %d: line %d is outside", i, line)
				}
				if seen[addr] {
					t.Fatalf("pool %d: line %d has another's address", i, line)
				}
				seen[addr] = true
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d pools were large enough", checked)
	}
}

func TestLeases(t *testing.T) {
	p := pool{lease: 7 * day, base: 11 << 24, lines: 4000}
	p.measure()
	changes := 0
	before := p.address(1, 99, 0)
	for at := hour; at < 70*day; at += hour {
		now := p.address(1, 99, at)
		if now != before {
			changes++
		}
		before = now
	}
	if changes != 10 {
		t.Errorf("the address changed %d times in ten weeks, want 10", changes)
	}
	p.lease = 0
	if p.address(1, 99, 0) != p.address(1, 99, 300*day) {
		t.Error("a fixed address changed")
	}
}

func TestLayOutRefusesWhatDoesNotFit(t *testing.T) {
	a := newAtlas()
	for range 200 {
		a.addPool(pool{width: 24})
	}
	if a.layOut() != nil {
		t.Error("200 times 2^24 fit")
	}
	for range 20 {
		a.addPool(pool{width: 24})
	}
	if a.layOut() == nil {
		t.Error("220 times 2^24 fit")
	}
}
