package world

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"
)

// journal is every sign-in of a world by person, in order of time.
func journal(t *testing.T, w *World) map[int32][]signIn {
	t.Helper()
	var mu sync.Mutex
	all := map[int32][]signIn{}
	err := w.each(context.Background(), func() func(*signIn) {
		return func(e *signIn) {
			mu.Lock()
			defer mu.Unlock()
			all[e.person] = append(all[e.person], *e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b signIn) int { return cmp.Compare(a.at, b.at) })
	}
	return all
}

// fastest is that of an airliner.
const fastest = 900 // km/h

// Nobody is at two places sooner than an aeroplane would be.
func TestNobodyOutrunsTheAeroplane(t *testing.T) {
	w := built(t, 20_000, 3)
	journeys := 0
	for person, list := range journal(t, w) {
		if person < 0 {
			continue
		}
		for i := 1; i < len(list); i++ {
			a, b := list[i-1], list[i]
			km := w.places.distance(int(a.city), int(b.city))
			if km == 0 {
				continue
			}
			journeys++
			if hours := float64(b.at-a.at) / float64(hour); float64(km) > fastest*hours {
				t.Errorf("person %d: %d km in %.1f hours", person, km, hours)
			}
		}
	}
	if journeys < 200 {
		t.Errorf("only %d journeys", journeys)
	}
}

// Where an address is far from the person, there is a reason: a carrier, a VPN,
// or an office that comes out elsewhere.
func TestAddressesAreWherePeopleAre(t *testing.T) {
	w := built(t, 20_000, 4)
	var ways [byTunnel + 1]int
	far := 0
	for person, list := range journal(t, w) {
		if person < 0 {
			continue
		}
		for _, e := range list {
			ways[e.way]++
			p := &w.atlas.pools[e.pool]
			if uint64(e.addr-p.base) >= 1<<p.width {
				t.Fatalf("person %d: an address of another network", person)
			}
			if p.city == int(e.city) {
				continue
			}
			far++
			switch e.way {
			case byPhone, fromWork, byTunnel:
			default:
				t.Errorf("person %d, way %d: in city %d, seen in %d", person, e.way, e.city, p.city)
			}
			if e.way == fromWork && w.places.cities[p.city].country != w.places.cities[e.city].country {
				t.Errorf("person %d works abroad", person)
			}
		}
	}
	for way, n := range ways {
		if n == 0 && way != int(notAWay) {
			t.Errorf("nobody came by way %d", way)
		}
	}
	if far < 1000 {
		t.Errorf("only %d sign-ins were seen elsewhere: carriers have no far egress", far)
	}
}

// Many share an address behind a carrier and in an office, few at home.
func TestAddressesAreShared(t *testing.T) {
	w := built(t, 40_000, 5)
	people := map[way]map[uint32]map[int32]bool{byPhone: {}, fromWork: {}, fromHome: {}}
	for person, list := range journal(t, w) {
		for _, e := range list {
			if by := people[e.way]; by != nil && person >= 0 {
				if by[e.addr] == nil {
					by[e.addr] = map[int32]bool{}
				}
				by[e.addr][person] = true
			}
		}
	}
	most := func(by way) (n int) {
		for _, of := range people[by] {
			n = max(n, len(of))
		}
		return n
	}
	if phone, work, home := most(byPhone), most(fromWork), most(fromHome); phone < 10 || work < 15 || home > 12 {
		t.Errorf("at most %d people share a carrier's address, %d an office's, %d a home's", phone, work, home)
	}
}

// A device's versions rise and never fall.
func TestVersionsRise(t *testing.T) {
	w := built(t, 1000, 1)
	s := newSource(6)
	changed := 0
	for range 500 {
		d := w.newDevice(&s, deviceKind(s.below(3)), w.places.byCode["NO"], -100*day)
		before := d.agentAt(0, false)
		for at := day; at < Year*day; at += 5 * day {
			now := d.agentAt(at, false)
			if now.version < before.version || now.major < before.major || now.patch < before.patch {
				t.Fatalf("from %+v back to %+v", before, now)
			}
			if now != before {
				changed++
			}
			before = now
		}
	}
	if changed < 2000 {
		t.Errorf("only %d updates in 500 years of devices", changed)
	}
}

func TestEqualAgentsHaveEqualStrings(t *testing.T) {
	w := built(t, 1000, 1)
	s := newSource(8)
	texts := map[string]agent{}
	for range 20_000 {
		d := w.newDevice(&s, deviceKind(s.below(3)), s.below(len(w.places.countries)), 0)
		a := d.agentAt(int64(s.below(Year))*day, s.chance(0.3))
		x := a.describe()
		if x.text == "" || x.browser == "" || x.os == "" || x.device == "" {
			t.Fatalf("%+v is described as %+v", a, x)
		}
		if b, ok := texts[x.text]; ok && (b.describe() != x) {
			t.Errorf("%q is of two browsers", x.text)
		}
		texts[x.text] = a
	}
}
