package risk

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		name                   string
		lat1, lon1, lat2, lon2 float64
		km                     float64
	}{
		{"nowhere", 59.9, 10.7, 59.9, 10.7, 0},
		{"Oslo to Lima", 59.91, 10.75, -12.05, -77.04, 11063},
		{"over the date line", -18.1, 178.5, -13.8, -171.8, 1141}, // Suva to Apia
		{"a hair over the date line", 0, 179.99, 0, -179.99, 2.2},
		{"over the north pole", 80, 0, 80, 180, 2224},
		{"over the south pole", -85, 20, -85, -160, 1112},
		{"pole to pole", 90, 0, -90, 77, 20015},
		{"at the pole every longitude is one", 90, 0, 90, 120, 0},
		{"antipodes", 0, 0, 0, 180, 20015},
	} {
		if got := distance(c.lat1, c.lon1, c.lat2, c.lon2); math.Abs(got-c.km) > c.km*0.005+0.1 {
			t.Errorf("%s: %g km, wants %g", c.name, got, c.km)
		}
	}
}

// TestTravel is what is impossible and, more often, what is not.
func TestTravel(t *testing.T) {
	at := func(lat, lon, radius float64) IPInfo {
		return IPInfo{Country: "NO", Lat: lat, Lon: lon, Radius: radius, Located: true}
	}
	kind := func(i IPInfo, k IPKinds) IPInfo { i.Kinds = k; return i }
	const a, b = "192.0.2.1", "198.51.100.1"
	far := at(0, 0, 10)
	for _, c := range []struct {
		name         string
		first, then  string // addresses
		here, there  IPInfo
		after        time.Duration
		known        bool
		impossible   bool
		elsewhere    bool // one more sign-in between, whose place is not known
		sinceMoved   bool // the database has moved the first address before the second sign-in
		withinBounds bool
	}{
		{name: "Oslo to Lima in 40 minutes", here: oslo, there: lima, after: 40 * time.Minute, impossible: true},
		{name: "Oslo to Lima in 11 hours", here: oslo, there: lima, after: 11 * time.Hour},
		{name: "just too fast", here: at(0, 0, 10), there: at(0, 10, 10), after: 62 * time.Minute, impossible: true}, // 1112 km less 70
		{name: "just not", here: at(0, 0, 10), there: at(0, 10, 10), after: 63 * time.Minute},
		{name: "both radii are taken off", here: at(0, 0, 200), there: at(0, 10, 400), after: 30 * time.Minute},
		{name: "smaller ones are not enough", here: at(0, 0, 200), there: at(0, 10, 300), after: 30 * time.Minute, impossible: true},
		{name: "a radius beyond 500 km is no place", here: at(0, 0, 501), there: at(0, 100, 10), after: time.Hour},
		{name: "there either", here: at(0, 0, 10), there: at(0, 100, 501), after: time.Hour},
		{name: "no radius is taken for 100 km", here: at(0, 0, 0), there: at(0, 3.7, 0), after: 10 * time.Minute},
		{name: "and not for more", here: at(0, 0, 0), there: at(0, 4, 0), after: 10 * time.Minute, impossible: true},
		{name: "a hop under 50 km", here: at(0, 0, 0.1), there: at(0, 0.44, 0.1), after: 0},
		{name: "under ten minutes counts as ten", here: at(0, 0, 10), there: at(0, 2, 10), after: time.Minute}, // 222 km less 70
		{name: "at the same minute", here: at(0, 0, 10), there: at(0, 2, 10), after: 0},
		{name: "at the same minute, far away", here: at(0, 0, 10), there: at(0, 20, 10), after: 0, impossible: true},
		{name: "over the date line", here: at(-18.1, 178.5, 10), there: at(-13.8, -171.8, 10), after: 90 * time.Minute},
		{name: "around the world otherwise", here: at(-18.1, 178.5, 10), there: at(-13.8, 171.8, 10), after: 30 * time.Minute, impossible: true},
		{name: "over the pole", here: at(84, 0, 10), there: at(84, 180, 10), after: 80 * time.Minute},
		{name: "at the pole", here: at(90, 0, 10), there: at(90, 170, 10), after: 0},
		{name: "the clock went back", here: oslo, there: lima, after: -40 * time.Minute, impossible: true},
		{name: "the clock went back by a day", here: oslo, there: lima, after: -24 * time.Hour},
		{name: "the same address, moved by the database", then: a, here: oslo, there: lima, after: time.Minute, sinceMoved: true},
		{name: "the same address, mapped into IPv6", then: "::ffff:" + a, here: oslo, there: lima, after: time.Minute, sinceMoved: true},
		{name: "the same IPv6 /64", first: "2001:db8:1:2::1", then: "2001:db8:1:2:ffff::9", here: oslo, there: lima, after: time.Minute},
		{name: "two of IPv6", first: "2001:db8:1:2::1", then: "2001:db8:9:2::1", here: oslo, there: lima, after: time.Minute, impossible: true},
		{name: "mapped, and elsewhere", first: "::ffff:192.0.2.7", then: b, here: oslo, there: lima, after: time.Minute, impossible: true},
		{name: "private here", first: "10.0.0.1", here: IPInfo{}, there: lima, after: time.Minute},
		{name: "private there", then: "192.168.1.1", here: oslo, there: IPInfo{}, after: time.Minute},
		{name: "private, with a place of the database's", then: "192.168.1.1", here: oslo, there: kind(lima, Private), after: time.Minute},
		{name: "a carrier's NAT", then: "100.64.0.1", here: oslo, there: IPInfo{}, after: time.Minute},
		{name: "a carrier's NAT, with a place", then: "100.64.0.1", here: oslo, there: kind(lima, Shared), after: time.Minute},
		{name: "loopback", then: "::1", here: oslo, there: IPInfo{}, after: time.Minute},
		{name: "no address", then: "-", here: oslo, there: lima, after: time.Minute},
		{name: "mobile there", here: oslo, there: kind(lima, Mobile), after: time.Minute},
		{name: "mobile here", here: kind(oslo, Mobile), there: lima, after: time.Minute},
		{name: "satellite", here: oslo, there: kind(lima, Satellite), after: time.Minute},
		{name: "Tor", here: oslo, there: kind(lima, Tor), after: time.Minute},
		{name: "VPN", here: kind(oslo, VPN), there: lima, after: time.Minute},
		{name: "proxy", here: oslo, there: kind(lima, Proxy), after: time.Minute},
		{name: "residential proxy", here: oslo, there: kind(lima, ResidentialProxy), after: time.Minute},
		{name: "a data centre is a place", here: oslo, there: kind(lima, Hosting), after: time.Minute, impossible: true},
		{name: "no place there", here: oslo, there: IPInfo{Country: "PE"}, after: time.Minute},
		{name: "no place here", here: IPInfo{Country: "NO"}, there: lima, after: time.Minute},
		{name: "a known device lowers it", here: oslo, there: lima, after: time.Minute, known: true, impossible: true},
		{name: "a place that is not known does not hide the one before", here: oslo, there: lima, after: 40 * time.Minute, elsewhere: true, impossible: true},
		{name: "latitude out of range", here: oslo, there: at(91, 0, 1), after: time.Minute},
		{name: "not a number", here: oslo, there: at(math.NaN(), 0, 1), after: time.Minute},
		{name: "a radius below nothing", here: oslo, there: at(-12, -77, -4), after: time.Minute},
		{name: "a radius without end", here: far, there: at(0, 100, math.Inf(1)), after: time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, then := c.first, c.then
			if first == "" {
				first = a
			}
			if then == "" {
				then = b
			}
			w := atlas{plain(first): c.here}
			s := scorer(t, func(cfg *Config) { cfg.Intel = w })
			history := learn(t, s, nil, from(first, chromeWindows, noon))
			if c.elsewhere {
				history = learn(t, s, history, from("203.0.113.200", chromeWindows, noon.Add(c.after/2)))
			}
			if then == "-" {
				then = ""
			} else {
				w[plain(then)] = c.there
			}
			attempt := from(then, chromeWindows, noon.Add(c.after))
			attempt.Known = c.known
			said := score(t, s, history, attempt)
			r, found := reason(said, codeImpossibleTravel)
			is(t, found, c.impossible)
			if found && c.known != (r.Weight <= 1) {
				t.Errorf("a known device: %v, and it weighs %g", c.known, r.Weight)
			}
		})
	}
}

// plain is an address as it is looked up.
func plain(ip string) string { return netip.MustParseAddr(ip).Unmap().String() }

// TestTravelAsks shows that travel raises, and is never what makes a sign-in severe.
func TestTravelAsks(t *testing.T) {
	s := scorer(t)
	var list []mfa.Attempt
	for range 30 {
		list = append(list, from("192.0.2.1", chromeWindows, noon.Add(-time.Hour)))
	}
	history := learn(t, s, nil, list...)
	there := from("198.51.100.1", chromeWindows, noon)
	without := scorer(t, func(c *Config) { c.Weights = map[string]float64{"travel": 0} })
	if with, none := score(t, s, history, there).Score, score(t, without, history, there).Score; with < none+3 {
		t.Errorf("travel raises %g to %g", none, with)
	}
	for total := 0.0; total < 40; total += 0.25 {
		before, after := s.level(total, total, 0), s.level(total+impossibleTravel, total, 0)
		if after == mfa.RiskSevere && before != mfa.RiskSevere {
			t.Errorf("at %g travel makes %s severe", total, before)
		}
	}
	is(t, s.level(60, 60-impossibleTravel, 0), mfa.RiskSevere)
	if e := evidence(t, s, history, there, codeImpossibleTravel); e.Hard {
		t.Error("travel is hard evidence")
	}
}
