package risk

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var _ mfa.Scorer = (*Scorer)(nil)

func TestNewNamesWhatIsWrong(t *testing.T) {
	for want, set := range map[string]func(*Config){
		"no keys":                    func(c *Config) { c.Keys = nil },
		"Config.Signals: one is nil": func(c *Config) { c.Signals = []Signal{nil} },
		"Config.Signals: two are":    func(c *Config) { c.Signals = append(DefaultSignals(), DefaultSignals()[0]) },
		"Config.Signals: at most":    func(c *Config) { c.Signals = make([]Signal, maxSignals+1) },
		"no signal is called":        func(c *Config) { c.Weights = map[string]float64{"devise": 1} },
		`"device" is -1`:             func(c *Config) { c.Weights = map[string]float64{"device": -1} },
		`"device" is NaN`:            func(c *Config) { c.Weights = map[string]float64{"device": math.NaN()} },
		`"device" is 11`:             func(c *Config) { c.Weights = map[string]float64{"device": 11} },
		"Config.Budget is 0.5":       func(c *Config) { c.Budget = 0.5 },
		"Config.Budget is -0.1":      func(c *Config) { c.Budget = -0.1 },
		"Config.Budget is NaN":       func(c *Config) { c.Budget = math.NaN() },
		"Config.Keep is 4344h0m0s":   func(c *Config) { c.Keep = 181 * 24 * time.Hour },
		"Config.Keep is -1h0m0s":     func(c *Config) { c.Keep = -time.Hour },
	} {
		c := Config{Keys: keys}
		set(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := New(Config{}); !errors.Is(err, mfa.ErrNoKeys) {
		t.Error(err)
	}
	s, err := New(Config{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	is(t, len(s.config.Signals), 9)
	is(t, s.config.Keep, 180*24*time.Hour)
}

func TestHomeAndStranger(t *testing.T) {
	s := scorer(t)
	for n := range 500 {
		learn(t, s, nil, from(crowded(n), []string{chromeWindows, safariPhone}[n%2], noon.AddDate(0, 0, -n%30)))
	}
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	var scores []float64
	for _, a := range []mfa.Attempt{
		from("192.0.2.1", chromeWindows, noon),
		from("192.0.2.2", chromeWindows, noon), // a neighbour's address
		from("192.0.9.1", chromeWindows, noon), // the same provider
		from("203.0.113.1", chromeWindows, noon),
		from("203.0.113.1", firefoxLinux, noon),
		from("203.0.113.9", firefoxLinux, noon), // through Tor
	} {
		scores = append(scores, score(t, s, history, a).Score)
	}
	if !slices.IsSorted(scores) || scores[0] > -2 || scores[4] < 4 {
		t.Error(scores)
	}
	known := from("203.0.113.1", chromeWindows, noon)
	known.Known = true
	if got := score(t, s, history, known).Score; got > scores[3]-4 {
		t.Errorf("abroad with a known device: %g, without %g", got, scores[3])
	}
}

func TestFirstSignIn(t *testing.T) {
	s := scorer(t)
	for n := range 4000 {
		learn(t, s, nil, from(crowded(n), chromeWindows, noon))
	}
	usual, rare := score(t, s, nil, from("192.0.2.1", chromeWindows, noon)), score(t, s, nil, from("198.51.100.1", firefoxLinux, noon))
	if usual.Score > 0.5 || rare.Score < usual.Score+1 {
		t.Errorf("where all are: %g; where nobody is: %g", usual.Score, rare.Score)
	}
	for _, said := range []mfa.Assessment{usual, rare} {
		if r, found := reason(said, codeFirstSignIn); !found || r.Weight != 0 {
			t.Errorf("%v", said.Reasons)
		}
	}
	empty := scorer(t)
	if said := score(t, empty, nil, from("198.51.100.1", firefoxLinux, noon)); math.Abs(said.Score) > 0.5 || said.Level != mfa.RiskLow {
		t.Errorf("the very first of all scores %g", said.Score)
	}
}

// TestReasonsAreFew: the strongest first, at most five, none that says little.
func TestReasonsAreFew(t *testing.T) {
	say := func(odds ...float64) Signal {
		return signal{"x", func(*Sighting) (list []Evidence) {
			for _, o := range odds {
				list = append(list, Evidence{Code: "x", Text: "x", LogOdds: o})
			}
			return list
		}}
	}
	for _, c := range []struct{ says, want []float64 }{
		{nil, nil},
		{[]float64{0.29, -0.29}, nil},
		{[]float64{0.3, -0.4, 2}, []float64{2, -0.4, 0.3}},
		{[]float64{1, 2, 3, 4, 5, 6, -7}, []float64{-7, 6, 5, 4, 3}},
		{[]float64{math.NaN(), math.Inf(1), math.Inf(-1)}, []float64{maxEvidence, -maxEvidence}},
	} {
		s := scorer(t, func(cfg *Config) { cfg.Signals = []Signal{say(c.says...)} })
		said := score(t, s, nil, from("", "", noon))
		var got []float64
		for _, r := range said.Reasons {
			got = append(got, r.Weight)
		}
		is(t, got, c.want)
		if math.IsNaN(said.Score) || math.IsInf(said.Score, 0) {
			t.Error(said.Score)
		}
	}
	s := scorer(t, func(cfg *Config) {
		cfg.Signals = []Signal{signal{"x", func(*Sighting) []Evidence { return []Evidence{{Code: "silent", LogOdds: 4}} }}}
	})
	is(t, score(t, s, nil, from("", "", noon)), mfa.Assessment{Level: s.level(4, 4, 0), Score: 4})
}

// signal is one of a test's own.
type signal struct {
	name string
	say  func(*Sighting) []Evidence
}

func (s signal) Name() string                     { return s.name }
func (s signal) Evidence(at *Sighting) []Evidence { return s.say(at) }

// TestSignalsCanGo: each is left out, turned off, weighed and replaced, and then
// the others say what they said.
func TestSignalsCanGo(t *testing.T) {
	build := func(set func(*Config)) (*Scorer, []byte) {
		s := scorer(t, set)
		return s, learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	}
	a := from("203.0.113.9", firefoxLinux, noon.Add(12*time.Hour))
	a.AccountFailures = 9
	whole, history := build(func(*Config) {})
	all := score(t, whole, history, a).Score
	seen := sight(t, whole, history, a)
	for i, one := range DefaultSignals() {
		t.Run(one.Name(), func(t *testing.T) {
			part := 0.0
			for _, e := range one.Evidence(seen) {
				part += e.LogOdds
			}
			for how, c := range map[string]struct {
				set  func(*Config)
				want float64
			}{
				"left out":   {func(c *Config) { c.Signals = slices.Delete(DefaultSignals(), i, i+1) }, all - part},
				"turned off": {func(c *Config) { c.Weights = map[string]float64{one.Name(): 0} }, all - part},
				"weighed":    {func(c *Config) { c.Weights = map[string]float64{one.Name(): 2} }, all + part},
				"replaced": {func(c *Config) {
					c.Signals = DefaultSignals()
					c.Signals[i] = signal{one.Name(), func(*Sighting) []Evidence { return []Evidence{{Code: "mine", LogOdds: 1.5}} }}
				}, all - part + 1.5},
			} {
				s, history := build(c.set)
				if got := score(t, s, history, a).Score; math.Abs(got-c.want) > 1e-9 {
					t.Errorf("%s: %g, wants %g", how, got, c.want)
				}
			}
		})
	}
}

func TestAFailingSourceAsks(t *testing.T) {
	s := scorer(t, func(c *Config) { c.Intel = atlas{"closed": {}} })
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 5)...)
	said := score(t, s, history, from("192.0.2.1", chromeWindows, noon))
	is(t, said.Level, mfa.RiskUnknown)
	if said.Score >= 0 || said.Place != "" {
		t.Errorf("%g, %q", said.Score, said.Place)
	}
	a := from("192.0.2.1", chromeWindows, noon) // the rest is already higher
	a.AccountFailures, a.NetworkFailures, a.SystemAlarm = 200, 2000, true
	a.Client.UserAgent = safariPhone
	high := score(t, s, nil, a)
	if high.Level == mfa.RiskUnknown || high.Level == mfa.RiskLow {
		t.Errorf("with a failing source %g is %s", high.Score, high.Level)
	}

	// What is known nevertheless counts: here, that the host does not want it.
	var log bytes.Buffer
	s = scorer(t, func(c *Config) {
		c.Intel, c.Logger = atlas{"closed": {Kinds: Denied}}, slog.New(slog.NewTextHandler(&log, nil))
	})
	for range 50 {
		is(t, score(t, s, nil, from("192.0.2.1", chromeWindows, noon)).Level, mfa.RiskSevere)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings within a minute: %s", n, &log)
	}
	if strings.Contains(log.String(), "192.0.2.1") {
		t.Errorf("an address in the log: %s", &log)
	}
}

// TestHardEvidence: lists and failures together, or the host's own word, whatever
// speaks for the sign-in.
func TestHardEvidence(t *testing.T) {
	denied := oslo
	denied.Kinds = Denied
	tor := oslo
	tor.Kinds = Tor
	s := scorer(t, func(c *Config) { c.Intel = atlas{"192.0.2.1": oslo, "192.0.2.66": denied, "192.0.2.67": tor} })
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	for _, c := range []struct {
		name     string
		ip       string
		failures int
		known    bool
		severe   bool
	}{
		{"home", "192.0.2.1", 0, false, false},
		{"failures alone", "192.0.2.1", 50, false, false},
		{"Tor alone", "192.0.2.67", 0, false, false},
		{"Tor and failures", "192.0.2.67", 5, false, true},
		{"Tor and failures on a known device", "192.0.2.67", 5, true, false},
		{"denied", "192.0.2.66", 0, false, true},
		{"denied on a known device", "192.0.2.66", 0, true, true},
	} {
		a := from(c.ip, chromeWindows, noon)
		a.AccountFailures, a.Known = c.failures, c.known
		for _, e := range (lists{}).Evidence(sight(t, s, history, a)) {
			is(t, e.Hard, e.Code == codeDenied || !c.known)
		}
		if said := score(t, s, history, a); (said.Level == mfa.RiskSevere) != c.severe {
			t.Errorf("%s: %s, %v", c.name, said.Level, said.Reasons)
		}
	}
}

func TestTrustedNetworks(t *testing.T) {
	w := world()
	office := bucharest
	office.Kinds = Trusted
	w["203.0.113.50"] = office
	s := scorer(t, func(c *Config) { c.Intel = w })
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	network := func(ip, ua string) float64 {
		total := 0.0
		for _, r := range score(t, s, history, from(ip, ua, noon)).Reasons {
			if strings.HasSuffix(r.Code, "country") || strings.HasSuffix(r.Code, "network") {
				total += r.Weight
			}
		}
		return total
	}
	is(t, network("203.0.113.50", chromeWindows), 0)
	if got := network("203.0.113.1", chromeWindows); got < 2 {
		t.Errorf("without trust it is %g", got)
	}
	// It lowers what is new about the network, and nothing else.
	if _, found := reason(score(t, s, history, from("203.0.113.50", firefoxLinux, noon)), codeNewAgent); !found {
		t.Error("a trusted network hides a new browser")
	}
}

func TestPlaces(t *testing.T) {
	for want, i := range map[string]IPInfo{
		"Oslo, Norway":                oslo,
		"Norway":                      {Country: "NO"},
		"Amsterdam, Netherlands":      {Country: "NL", City: "Amsterdam"},
		"Netherlands":                 {Country: "NL", City: "-"},
		"Singapore":                   {Country: "SG", City: "Singapore"},
		"":                            {Country: "NO", City: "Oslo", Kinds: Private},
		"Evil, Norway":                {Country: "NO", City: "Ev\x00il\n"},
		"Somewhere":                   {Country: "Nowhere", City: "Somewhere"},
		strings.Repeat("x", 64):       {City: strings.Repeat("x", 5000)},
		strings.Repeat("é", 32):       {City: strings.Repeat("é", 33)},
		"x" + strings.Repeat("é", 31): {City: "x" + strings.Repeat("é", 33)},
	} {
		s := scorer(t, func(c *Config) { c.Intel = atlas{"192.0.2.1": i} })
		is(t, score(t, s, nil, from("192.0.2.1", "", noon)).Place, want)
		is(t, s.Place(netip.MustParseAddr("::ffff:192.0.2.1")), want)
	}
}

// TestNoPlace: private and shared addresses are no country, and yet can be known.
func TestNoPlace(t *testing.T) {
	for _, ip := range []string{"10.1.2.3", "172.16.0.1", "192.168.0.1", "127.0.0.1", "::1", "fd00::1", "fe80::1", "169.254.1.1", "100.64.3.4"} {
		for name, intel := range map[string]IPIntel{"nothing known": atlas{}, "no source": nil,
			"placed by mistake": atlas{ip: {Country: "US", Lat: 38, Lon: -97, Located: true, ASN: 1, Kinds: Private}}} {
			s := scorer(t, func(c *Config) { c.Intel = intel })
			history := learn(t, s, nil, daily(ip, chromeWindows, 5)...)
			said := score(t, s, history, from(ip, chromeWindows, noon))
			if _, found := reason(said, codeKnownAddress); !found || said.Place != "" {
				t.Errorf("%s, %s: %q %v", ip, name, said.Place, said.Reasons)
			}
			seen := sight(t, s, history, from(ip, chromeWindows, noon))
			if seen.IP.Country != "" || seen.entry.country != 0 || seen.entry.located || !seen.IP.Kinds.Has(Private|Shared) {
				t.Errorf("%s, %s: %+v", ip, name, seen.IP)
			}
		}
	}
	// A host that says where its own private network is has its way.
	s := scorer(t, func(c *Config) { c.Intel = atlas{"10.1.2.3": oslo} })
	is(t, score(t, s, nil, from("10.1.2.3", "", noon)).Place, "Oslo, Norway")
}

// TestNothingToCompareWith: after sign-ins from a private address, or without a
// User-Agent, what comes first has nothing to be new beside.
func TestNothingToCompareWith(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("10.1.2.3", "", 5)...)
	for _, r := range score(t, s, history, from("192.0.2.1", firefoxLinux, noon)).Reasons {
		if r.Code == codeNewCountry || r.Code == codeNewAgent || r.Code == codeNewRegion {
			t.Errorf("%+v", r)
		}
	}
	history = learn(t, s, history, daily("192.0.2.1", firefoxLinux, 2)...)
	if _, found := reason(score(t, s, history, from("203.0.113.1", chromeWindows, noon)), codeNewCountry); !found {
		t.Error("and then it has")
	}
}

// TestFamiliarIsNotToldAgainst: whoever signs in is shown what speaks against the user, and must
// not learn from it what the user does as well.
func TestFamiliarIsNotToldAgainst(t *testing.T) {
	var top strongest
	for _, code := range []string{codeKnownAgent, codeKnownNetwork, codeUsualHour, codeNewCountry} {
		top.put(Evidence{Code: code, Text: "as before"}, 2)
	}
	if got := top.reasons(); len(got) != 1 || got[0].Code != codeNewCountry {
		t.Errorf("told is %v", got)
	}
	top.put(Evidence{Code: codeKnownAgent, Text: "as before"}, -2)
	if got := top.reasons(); len(got) != 2 {
		t.Errorf("told is %v", got)
	}
}

// TestNoUsualHoldsAnAddress, and no Text says where or when the user usually is.
func TestNoUsualHoldsAnAddress(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	for _, ip := range []string{"192.0.2.1", "192.0.9.1", "203.0.113.1", "198.51.100.1", "192.0.3.1"} {
		for _, r := range score(t, s, history, from(ip, safariPhone, noon.Add(-22*time.Hour))).Reasons {
			if strings.Contains(r.String(), "192.0.") || strings.Contains(r.String(), "203.0.") || strings.Contains(r.String(), "198.51") {
				t.Errorf("an address in %q", r)
			}
			if ip[:4] != "192." && strings.ContainsAny(r.Text, "0123456789") || strings.Contains(r.Text, "Norway") && ip[:4] != "192." || strings.Contains(r.Text, "Windows") {
				t.Errorf("what is usual in %q", r.Text)
			}
		}
	}
}

// TestHabit: who is always somewhere new is not strange somewhere new.
func TestHabit(t *testing.T) {
	s := scorer(t)
	home := learn(t, s, nil, daily(crowded(1), chromeWindows, 20)...)
	var roaming []byte
	for n := range 20 {
		roaming = learn(t, s, roaming, from(crowded(n), chromeWindows, noon.AddDate(0, 0, n-20)))
	}
	next := from(crowded(99), chromeWindows, noon)
	if r, h := score(t, s, roaming, next).Score, score(t, s, home, next).Score; r > h-1 {
		t.Errorf("who roams scores %g, who does not %g", r, h)
	}
}

// TestAbsence: after months a new address is to be expected.
func TestAbsence(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 20)...)
	soon := evidence(t, s, history, from("192.0.9.1", chromeWindows, noon.Add(-23*time.Hour-59*time.Minute)), codeNewAddress)
	late := evidence(t, s, history, from("192.0.9.1", chromeWindows, noon.AddDate(0, 0, 100)), codeNewAddress)
	if late.LogOdds > soon.LogOdds-1 {
		t.Errorf("within a minute %g, after months %g", soon.LogOdds, late.LogOdds)
	}
	absent := func(days int) float64 {
		for _, e := range (absence{}).Evidence(sight(t, s, history, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, days-1)))) {
			is(t, e.Code, codeLongAbsence)
			return e.LogOdds
		}
		return 0
	}
	is(t, [7]float64{absent(1), absent(29), absent(31), absent(89), absent(91), absent(181), absent(500)},
		[7]float64{0, 0, awayMonth, awayMonth, awaySeason, awayLong, awayLong})

	back := sight(t, s, history, from("192.0.2.1", chromeWindows, noon.AddDate(0, 0, -3)))
	is(t, back.Since, 48*time.Hour) // the clock went back
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(1<<40, 0)} {
		score(t, s, history, from("192.0.2.1", chromeWindows, at))
	}
}
