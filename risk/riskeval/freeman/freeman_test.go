package freeman

import (
	"fmt"
	"math"
	"net/netip"
	"testing"

	"github.com/mfakit/mfa/risk/riskeval/internal/population"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// row is a sign-in: its address, ASN and country, and its agent, browser, system and device.
func row(user, ip string, asn uint32, country, agent, browser, os, device string) *rba.Row {
	return &rba.Row{
		User: user, IP: netip.MustParseAddr(ip), ASN: asn, Country: country,
		UserAgent: agent, Browser: browser, OS: os, Device: device,
	}
}

// learned has three sign-ins: N = 3, U = 2.
func learned() *Scorer {
	s := New()
	s.Update(row("a", "1.1.1.1", 1, "NO", "ua1", "b1", "o1", "mobile"))
	s.Update(row("a", "1.1.1.1", 1, "NO", "ua1", "b1", "o1", "mobile"))
	s.Update(row("b", "2.2.2.2", 1, "NO", "ua2", "b2", "o1", "desktop"))
	return s
}

// The published weights of the user agent.
const (
	wAgent   = 0.5386653840551359
	wBrowser = 0.2680451498625666
	wSystem  = 0.18818295100109536
	wDevice  = 0.0051065150812021525
)

func TestScoreIsWhatTheFormulasSay(t *testing.T) {
	// Over learned(), for the address, M = 1 + 1 ASN + 1 country = 3, and for the agent
	// M = 1 + 2 browsers + 1 system + 2 devices = 6.
	//
	// g of 1.1.1.1, which was seen twice, always with one ASN and one country (u = 1+1+1 = 3):
	//   .6 · 2/(2+3) · 2/3 · 3/(3+3) + .3 · 3/3 + .1 · 3/3 = .08 + .4
	gFirstIP := 0.08 + 0.4
	// g of ua1, seen twice with one browser, one system, one device (u = 4):
	//   w · 2/(2+4) · 2/3 · 3/(3+6) = w · 2/27
	gFirstAgent := wAgent*2/27 + wBrowser*2/3 + wSystem + wDevice*2/3
	// g of an address never seen, in a known ASN and country: .6/(3+3) + .3 + .1
	gNewIP := 0.1 + 0.4

	for name, c := range map[string]struct {
		row  *rba.Row
		want float64
	}{
		// All is a's own: l = 1 for both. (1/U)/(n/N) = (1/2)/(2/3) = 3/4.
		"all as ever": {
			row("a", "1.1.1.1", 1, "NO", "ua1", "b1", "o1", "mobile"),
			gFirstIP * gFirstAgent * 3 / 4,
		},
		// Nothing was seen of anybody: g = w/(N+M), l = g/4, so each feature gives 4. (1/2)/(1/3) = 3/2.
		"all unheard of": {
			row("b", "9.9.9.9", 9, "RO", "ua9", "b9", "o9", "tablet"),
			4 * 4 * 3.0 / 2,
		},
		// An address never seen in b's ASN and country, l = 0 + .3 + .1; and a's agent, of
		// which b has had the system alone.
		"a new address at home, another's agent": {
			row("b", "9.9.9.9", 1, "NO", "ua1", "b1", "o1", "mobile"),
			gNewIP / 0.4 * gFirstAgent / wSystem * 3 / 2,
		},
		// b had neither a's agent nor its system: l = g/4 although others had it.
		"another's agent, and nothing of it b's": {
			row("b", "2.2.2.2", 1, "NO", "ua1", "b1", "o9", "mobile"),
			// 2.2.2.2: .6 · 1/(1+3) · 1/3 · 3/6 + .4 = .025 + .4, l = 1
			0.425 * 4 * 3 / 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := learned().Score(c.row)
			if want := math.Log(c.want); !ok || math.Abs(got-want) > 1e-12 {
				t.Errorf("got %v, %v, want %v", got, ok, want)
			}
		})
	}
}

// An address that came from two ASNs in two countries: u = 1 + 2 + 2 = 5, M = 1 + 2 + 2 = 5.
func TestDistinctValuesInsideAnAddressCount(t *testing.T) {
	s := learned()
	s.Update(row("c", "1.1.1.1", 2, "SE", "ua1", "b1", "o1", "mobile")) // N = 4, U = 3
	// .6 · 3/(3+5) · 3/4 · 4/(4+5) + .3 · 3/4 + .1 · 3/4
	ip := 0.6*3.0/8*3/4*4/9 + 0.3
	// ua1 was seen three times, with u = 4, and M is still 6: w · 3/7 · 3/4 · 4/10
	agent := wAgent*3/7*3/4*4/10 + wBrowser*3/4 + wSystem + wDevice*3/4
	want := math.Log(ip * agent * (1.0 / 3) / (2.0 / 4))
	if got, _ := s.Score(row("a", "1.1.1.1", 1, "NO", "ua1", "b1", "o1", "mobile")); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
	for range 3 { // the same again: N = 7, nothing new inside the address, nor among the lower values
		s.Update(row("c", "1.1.1.1", 2, "SE", "ua1", "b1", "o1", "mobile"))
	}
	ip = 0.6*6.0/(6+5)*6/7*7/(7+5) + 0.4*3/7
	agent = wAgent*6/10*6/7*7/13 + wBrowser*6/7 + wSystem + wDevice*6/7
	want = math.Log(ip * agent * (1.0 / 3) / (2.0 / 7))
	if got, _ := s.Score(row("a", "1.1.1.1", 1, "NO", "ua1", "b1", "o1", "mobile")); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFirstSignInHasNoScore(t *testing.T) {
	s := New()
	r := row("a", "1.1.1.1", 1, "NO", "ua1", "b1", "o1", "mobile")
	if _, ok := s.Score(r); ok {
		t.Error("scored without anything learned")
	}
	s, r.User = learned(), "new"
	if _, ok := s.Score(r); ok {
		t.Error("scored without a sign-in of this user")
	}
}

func TestScoreLearnsNothing(t *testing.T) {
	s := learned()
	r := row("a", "9.9.9.9", 9, "RO", "ua9", "b9", "o9", "tablet")
	before, _ := s.Score(r)
	for range 10 {
		s.Score(r)
	}
	if after, _ := s.Score(r); after != before {
		t.Errorf("%v became %v", before, after)
	}
}

// plain is the same in the plainest way: all rows kept, and counted again for each score.
type plain []*rba.Row

func (p plain) score(r *rba.Row) (float64, bool) {
	own, users := plain{}, map[string]bool{}
	for _, h := range p {
		users[h.User] = true
		if h.User == r.User {
			own = append(own, h)
		}
	}
	if len(own) == 0 {
		return 0, false
	}
	risk := 1 / float64(len(users)) / (float64(len(own)) / float64(len(p)))
	for _, chain := range [][]func(*rba.Row) string{
		{func(r *rba.Row) string { return r.IP.String() }, func(r *rba.Row) string { return fmt.Sprint(r.ASN) }, func(r *rba.Row) string { return r.Country }},
		{func(r *rba.Row) string { return r.UserAgent }, func(r *rba.Row) string { return r.Browser }, func(r *rba.Row) string { return r.OS }, func(r *rba.Row) string { return r.Device }},
	} {
		w := []float64{0.6, 0.3, 0.1}
		if len(chain) == 4 {
			w = []float64{wAgent, wBrowser, wSystem, wDevice}
		}
		count := func(rows plain, level func(*rba.Row) string) (n float64) {
			for _, h := range rows {
				if level(h) == level(r) {
					n++
				}
			}
			return n
		}
		n, m, within := float64(len(p)), 1.0, 1.0
		for _, level := range chain[1:] {
			all, inside := map[string]bool{}, map[string]bool{}
			for _, h := range p {
				all[level(h)] = true
				if chain[0](h) == chain[0](r) {
					inside[level(h)] = true
				}
			}
			m += float64(len(all))
			within += float64(len(inside))
		}
		g, l := w[0]/(n+m), 0.0
		if c := count(p, chain[0]); c > 0 {
			g = w[0] * c / (c + within) * c / n * n / (n + m)
		}
		for i, level := range chain {
			if i > 0 {
				g += w[i] * count(p, level) / n
			}
			l += w[i] * count(own, level) / float64(len(own))
		}
		if l == 0 {
			l = g / 4
		}
		risk *= g / l
	}
	return math.Log(risk), true
}

// TestScoreAgreesWithThePlainestOne holds the compact counts to the formulas, a user with so
// many values that they are kept in a map among them.
func TestScoreAgreesWithThePlainestOne(t *testing.T) {
	rows := population.Rows(60, 1)
	s, p := New(), plain{}
	scored, inMap := 0, false
	for i := range rows {
		r := &rows[i]
		if i%2 == 0 {
			r.User = "busy" // of every second sign-in
		}
		r.UserAgent = r.UserAgent[:40] // so that some come again
		got, ok := s.Score(r)
		want, wantOK := p.score(r)
		if ok != wantOK || math.Abs(got-want) > 1e-9 {
			t.Fatalf("row %d: got %v, %v, want %v, %v", i, got, ok, want, wantOK)
		}
		if ok {
			scored++
		}
		s.Update(r)
		p = append(p, r)
	}
	for i := range s.tally {
		inMap = inMap || s.tally[i].many != nil
	}
	if scored < 100 || !inMap {
		t.Errorf("%d scored, a map was used: %v", scored, inMap)
	}
	if perUser, shared := s.Sizes(); perUser < 50 || shared <= 0 {
		t.Errorf("sizes %v and %v", perUser, shared)
	}
}

func BenchmarkScore(b *testing.B) {
	rows := population.Rows(2000, 1)
	s := New()
	for i := range rows {
		s.Update(&rows[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Score(&rows[i%len(rows)])
	}
}
