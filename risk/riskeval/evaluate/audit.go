package evaluate

import (
	"math"
	"net/netip"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// The audit tries to tell attackers from the sign-ins that they replace, without
// looking at the victim's history: logistic regression on whatever one row shows by
// itself, hashed. It is taught on one half and tried on the other.
//
// The halves are of users, and only pairs whose victim and donor are in the same one are
// taken. Knowing somebody again is then of no use: it would tell attackers only from each
// other's donors. And each half has the same number of both from wherever an attacker must be like the
// victim: an excess of one in what is learned would be an excess of the other in what is tried.

const (
	auditBits      = 16    // of the hashed features
	auditPairs     = 20000 // of an attacker, at most
	auditLeast     = 1000  // rows of each kind in the half that is tried, below which nothing can be said
	auditTolerance = 0.03  // of the AUC about 0.5
	auditRounds    = 4
	auditRate      = 0.1
	auditShrink    = 1e-4
)

// traits are what single rows show: of what was replaced, and of what replaced it.
type traits struct{ legit, attack []trait }

// A trait is a row's features, and the user from whom it came.
type trait struct {
	features []uint32
	origin   uint32
}

// full says that there are enough.
func (p *traits) full() bool { return len(p.attack) >= auditPairs }

// fingerprint is all that one row shows: values, how they are written, and which stand together.
func fingerprint(r *rba.Row) []uint32 {
	hour, ms := r.Time.Hour(), r.Time.UnixMilli()
	browser, system := rba.Family(r.Browser), rba.Family(r.OS)
	prefix16, _ := r.IP.Prefix(16)
	bits := 24
	if r.IP.Is6() {
		bits = 48
	}
	network, _ := r.IP.Prefix(bits)
	rtt := uint64(math.Log2(1 + float64(r.RTT.Milliseconds())))
	asn := uint64(r.ASN)
	single := []uint64{
		text(r.Country), text(r.Region), text(r.City), asn, address(prefix16.Addr()), address(network.Addr()), address(r.IP), kindOfAddress(r.IP),
		text(r.UserAgent), uint64(len(r.UserAgent) / 4), text(r.Browser), text(browser), text(r.OS), text(system), text(r.Device),
		rtt, uint64(hour), uint64(r.Time.Weekday()), uint64(ms % 10), uint64(ms/1000) % 60,
		uint64(r.Index % 7),
	}
	pairs := [][2]uint64{
		{text(r.Country), asn}, {text(r.Country), text(r.Device)}, {text(r.Country), text(browser)}, {asn, text(system)}, {asn, text(r.City)},
		{text(r.Browser), text(r.OS)}, {text(r.UserAgent), text(r.Browser)}, {text(browser), text(r.Device)},
		{uint64(hour), text(r.Device)}, {uint64(hour), text(r.Country)}, {text(r.Region), text(r.Country)},
	}
	out := make([]uint32, 0, len(single)+len(pairs))
	for i, v := range single {
		out = append(out, uint32(draw(uint64(i), v)>>(64-auditBits)))
	}
	for i, v := range pairs {
		out = append(out, uint32(draw(uint64(1000+i), v[0], v[1])>>(64-auditBits)))
	}
	return out
}

// text is FNV-1a: the same in every run, unlike the keys of package intern.
func text(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func address(a netip.Addr) uint64 {
	b := a.As16()
	return text(string(b[:]))
}

func kindOfAddress(a netip.Addr) uint64 {
	switch {
	case a.IsPrivate():
		return 1
	case a.Is6():
		return 2
	}
	return 0
}

func inSecondHalf(seed uint64, p trait) bool { return draw(seed, 'h', uint64(p.origin))&1 == 1 }

// sameHalf leaves the pairs of which both came from users of one half.
func (p *traits) sameHalf(seed uint64) (legit, attack []trait) {
	for i := range p.legit {
		if inSecondHalf(seed, p.legit[i]) == inSecondHalf(seed, p.attack[i]) {
			legit, attack = append(legit, p.legit[i]), append(attack, p.attack[i])
		}
	}
	return legit, attack
}

// A logistic is a linear classifier.
type logistic struct{ weight, squares []float64 }

func (l *logistic) odds(features []uint32) float64 {
	sum := 0.0
	for _, f := range features {
		sum += l.weight[f]
	}
	return sum
}

// learn takes one step (AdaGrad) towards saying attack, 1 or 0, of the features.
func (l *logistic) learn(features []uint32, attack float64) {
	gradient := 1/(1+math.Exp(-l.odds(features))) - attack
	for _, f := range features {
		g := gradient + auditShrink*l.weight[f]
		l.squares[f] += g * g
		l.weight[f] -= auditRate * g / math.Sqrt(l.squares[f]+1e-8)
	}
}

// audit is the AUC with which the half that was not learned is told apart.
func audit(c *Config, name string, legit, attack []trait) Audit {
	a := Audit{Attacker: name, Verdict: AuditTooFew}
	if len(attack) == 0 {
		return a
	}
	l := &logistic{make([]float64, 1<<auditBits), make([]float64, 1<<auditBits)}
	held := func(p trait) bool { return inSecondHalf(c.Seed, p) }
	for range auditRounds {
		for i := range max(len(legit), len(attack)) {
			if i < len(legit) && !held(legit[i]) {
				l.learn(legit[i].features, 0)
			}
			if i < len(attack) && !held(attack[i]) {
				l.learn(attack[i].features, 1)
			}
		}
	}
	number := map[uint32]uint32{} // of origins: these are few of all users
	judge := func(of []trait) *ranking {
		r := &ranking{}
		for _, p := range of {
			if held(p) {
				n, ok := number[p.origin]
				if !ok {
					n = uint32(len(number))
					number[p.origin] = n
				}
				r.add(float32(l.odds(p.features)), n)
			}
		}
		r.sort()
		return r
	}
	legits, attacks := judge(legit), judge(attack)
	a.Tried = min(len(legits.list), len(attacks.list))
	if a.Tried == 0 {
		return a
	}
	places := placesOf(attacks, legits)
	var lw, aw weighing
	measure := func(weights []uint8) float64 {
		lw.weigh(legits, weights)
		aw.weigh(attacks, weights)
		return auc(&lw, &aw, places) // NaN where nobody was drawn
	}
	weights := make([]uint8, len(number))
	a.AUC = figureOf(measure(nil), func(b int) float64 {
		for i := range weights {
			weights[i] = times(c.Seed, b, i)
		}
		return measure(weights)
	}, c.Resamples)
	if a.Tried >= auditLeast {
		a.Verdict = AuditFail
		if math.Abs(a.AUC.Value-0.5) <= auditTolerance {
			a.Verdict = AuditPass
		}
	}
	return a
}
