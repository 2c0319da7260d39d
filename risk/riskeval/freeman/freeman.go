// Package freeman scores sign-ins as Freeman et al. proposed ("Who Are You? A
// Statistical Approach to Measuring User Authenticity", NDSS 2016), in the
// parametrisation that das-group published with the RBA data set (Wiefling et
// al. 2022, doi 10.1145/3546069): the baseline that package risk stands beside.
//
//	risk = Π_f (g_f / l_f) · (1/U) / (n_u / N)
//
// over the features address and user agent, where n_u are the user's sign-ins
// learned so far, N everybody's and U the users. On the user's side
//
//	l_f = Σ_levels w · c_u(value) / n_u, and g_f/4 where that is 0;
//
// on the population's
//
//	g_f = Σ_levels w · p,
//	p at the first level, value seen c times:  c/(c+u) · c/N · N/(N+M)
//	p at the first level, value never seen:    1/(N+M)
//	p at the other levels:                     c/N
//
// with M = 1 + the numbers of distinct values of the feature's other levels, and u = 1 +
// the numbers of distinct values of those levels among the rows with this value.
//
// The published notebook computes u over the whole file, the future included;
// here it is computed over what was learned, like everything else.
//
// A user's first sign-in has no score: n_u is 0.
package freeman

import (
	"math"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// The levels of the two features, the most specific first.
const (
	levelIP = iota
	levelASN
	levelCountry
	levelAgent
	levelBrowser
	levelOS
	levelDevice
	levels
)

// A feature is a chain of levels: from is its most specific, to the one after its last.
type feature struct{ from, to int }

var features = [2]feature{{levelIP, levelAgent}, {levelAgent, levels}}

// weights are as published, fitted to the RBA data set by its authors.
var weights = [levels]float64{
	0.6, 0.3, 0.1,
	0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525,
}

// never is by how much less likely than for anybody else a feature is held to be for a
// user who never had its value on any level.
const never = 4

// A Scorer is the baseline. It is for one goroutine.
type Scorer struct {
	values [levels]values
	inside [levels]inside // of the first levels alone
	users  intern.Table
	tally  []tally // by user
	total  uint32  // sign-ins learned
}

// New has learned nothing.
func New() *Scorer { return &Scorer{} }

// Name is "freeman".
func (s *Scorer) Name() string { return "freeman" }

// Score is the natural logarithm of the risk, and false for a user without a
// learned sign-in. It learns nothing.
func (s *Scorer) Score(row *rba.Row) (float64, bool) {
	user, ok := s.users.Find(intern.String(row.User))
	if !ok {
		return 0, false
	}
	keys := keysOf(row)
	var ids, seen, own [levels]uint32
	for l := range levels {
		ids[l], seen[l] = s.values[l].find(keys[l])
	}
	t := &s.tally[user]
	t.counts(&ids, &seen, &own)
	risk := 0.0
	for _, f := range features {
		g := s.global(f, &ids, &seen)
		local := 0.0
		for l := f.from; l < f.to; l++ {
			local += weights[l] * float64(own[l]) / float64(t.n)
		}
		if local == 0 {
			local = g / never
		}
		risk += math.Log(g / local)
	}
	return risk + math.Log(float64(s.total)/(float64(s.users.Len())*float64(t.n))), true
}

// global is g_f.
func (s *Scorer) global(f feature, ids, seen *[levels]uint32) float64 {
	n, unseen := float64(s.total), 1.0
	for l := f.from + 1; l < f.to; l++ {
		unseen += float64(len(s.values[l].count))
	}
	var g float64
	if c := float64(seen[f.from]); c > 0 {
		within := 1 + float64(s.inside[f.from].distinct(ids[f.from]))
		g = weights[f.from] * c / (c + within) * c / (n + unseen)
	} else {
		g = weights[f.from] / (n + unseen)
	}
	for l := f.from + 1; l < f.to; l++ {
		g += weights[l] * float64(seen[l]) / n
	}
	return g
}

// Update learns a sign-in.
func (s *Scorer) Update(row *rba.Row) {
	keys := keysOf(row)
	var ids [levels]uint32
	for l := range levels {
		ids[l] = s.values[l].add(keys[l])
	}
	for _, f := range features {
		for l := f.from + 1; l < f.to; l++ {
			s.inside[f.from].add(ids[f.from], l-f.from-1, ids[l])
		}
	}
	user, fresh := s.users.Add(intern.String(row.User))
	if fresh {
		s.tally = append(s.tally, tally{})
	}
	s.tally[user].add(&ids)
	s.total++
}

// Sizes is about how many bytes are kept: of each user in the mean, and of all together.
func (s *Scorer) Sizes() (perUser float64, shared int64) {
	var own int64
	for i := range s.tally {
		own += s.tally[i].bytes()
	}
	for l := range levels {
		shared += s.values[l].bytes() + s.inside[l].bytes()
	}
	if len(s.tally) == 0 {
		return 0, shared
	}
	return float64(own+s.users.Bytes()) / float64(len(s.tally)), shared
}

func keysOf(row *rba.Row) [levels]intern.Key {
	return [levels]intern.Key{
		intern.Addr(row.IP), intern.Number(row.ASN), intern.String(row.Country),
		intern.String(row.UserAgent), intern.String(row.Browser), intern.String(row.OS), intern.String(row.Device),
	}
}
