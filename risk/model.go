package risk

import (
	"math"
	"math/bits"
)

// A model is what signals read of all users, for one sighting.
type model struct {
	pop  *population
	keys [features]uint64 // of the sighting's values
	set  uint16           // which of them there are

	total  float64 // sign-ins that were learned of all users
	weight float64 // of the user's own sign-ins, by age
	gap    uint8
	size   uint8

	rates    *rates
	expected [levels]float64 // how many of the user's sign-ins should have been new
	new      [levels]float64 // how many were

	network, place, agent walk
}

// A walk is how far down a chain of levels, from coarse to fine, a sighting has
// been seen before.
type walk struct {
	seen   int     // index of the finest level that was seen; -1: none
	fresh  int     // index of the coarsest level below that, which is new; -1: none
	weight float64 // of the user's sign-ins that had what was seen
}

// The chains, coarse to fine, and the feature by which each level's values are counted.
var (
	networkChain = []level{levelCountry, levelASN, levelPrefix, levelAddress}
	placeChain   = []level{levelRegion, levelCity}
	agentChain   = []level{levelDevice, levelOS, levelBrowser, levelModel}

	featureOf = [levels]feature{featCountry, featASN, featPrefix, featPrefix, featRegion, featCity, featDevice, featOS, featBrowser, featModel}
)

// present says whether the sighting has a value at a level.
func present(e *entry, l level) bool {
	switch l {
	case levelCountry:
		return e.country != 0
	case levelASN:
		return e.asn != 0
	case levelPrefix, levelAddress:
		return e.prints.Address != 0
	case levelRegion:
		return e.prints.Region != 0
	case levelCity:
		return e.prints.City != 0
	case levelDevice:
		return e.agent.class != 0
	case levelOS:
		return e.agent.os != 0
	case levelBrowser:
		return e.agent.browser != 0
	}
	return e.prints.Model != 0
}

// same says whether an earlier sign-in had the sighting's value at a level. Region
// and city are hashed with what they lie in; a browser is one on a system.
func same(e, past *entry, l level) bool {
	switch l {
	case levelCountry:
		return e.country == past.country
	case levelASN:
		return e.asn == past.asn
	case levelPrefix:
		return e.prints.Prefix == past.prints.Prefix
	case levelAddress:
		return e.prints.Address == past.prints.Address
	case levelRegion:
		return e.prints.Region == past.prints.Region
	case levelCity:
		return e.prints.City == past.prints.City
	case levelDevice:
		return e.agent.class == past.agent.class
	case levelOS:
		return e.agent.class == past.agent.class && e.agent.os == past.agent.os
	case levelBrowser:
		return e.agent == past.agent
	}
	return e.prints.Model == past.prints.Model
}

// walk goes up a chain from the finest level: an address that was seen is seen,
// also where the database has moved it to another country since.
func (s *Sighting) walk(chain []level) walk {
	w := walk{seen: -1, fresh: -1}
	for i := len(chain) - 1; i >= 0 && w.seen < 0; i-- {
		if !present(&s.entry, chain[i]) {
			continue
		}
		sum, comparable := 0.0, false
		for j := range s.Past {
			past := &s.Past[j].entry
			comparable = comparable || present(past, chain[i])
			if same(&s.entry, past, chain[i]) {
				sum += s.Past[j].Weight
			}
		}
		switch {
		case sum > 0:
			w.seen, w.weight = i, sum
		case comparable: // with nothing to compare with, nothing is new
			w.fresh = i
		}
	}
	return w
}

// novelty is the levels of a chain that were looked at, and the one that was new.
func (s *Sighting) novelty(chain []level, w walk) (reached, fresh uint16) {
	for i, l := range chain {
		if i > w.seen && i != w.fresh || !present(&s.entry, l) {
			continue
		}
		reached |= 1 << l
		if i == w.fresh {
			fresh |= 1 << l
		}
	}
	return reached, fresh
}

// share is the share of all users' sign-ins that have the sighting's value of f. What
// was never seen has half a sign-in; while little is learned, the shipped guess counts.
func (m *model) share(f feature) float64 {
	d := m.pop.distinct(f)
	p := (m.pop.count(f, m.keys[f]) + 0.5) / (m.total + 0.5*(d+1))
	w := shippedSignIns / (m.total + shippedSignIns)
	w *= w
	return min(1, (1-w)*p+w*shippedShare[f])
}

// rarity is how much likelier a value of f is of an attacker than of a user who is there
// for the first time. Most attackers come from where everybody comes from; the others
// from anywhere, which makes rare values theirs.
func (m *model) rarity(f feature) float64 {
	if m.set&(1<<f) == 0 {
		return 0
	}
	w := shippedSignIns / (m.total + shippedSignIns)
	d := max(1, m.pop.distinct(f))
	return (1 - w) * math.Log(commonAttackers+(1-commonAttackers)/(d*m.share(f)))
}

// rates is how often a legitimate sign-in is new at a level, whose coarser levels were
// seen, after such a gap and with so much known.
type rates [levels][gapBuckets][sizeBuckets]float64

// ratesOf blends what was counted with what is shipped.
func ratesOf(p *population) *rates {
	r := &rates{}
	for l := range levels {
		for gap := range uint8(gapBuckets) {
			for size := range uint8(sizeBuckets) {
				fresh, all := p.novelty(l, gap, size)
				rate := (fresh + shippedCells*shippedNewness(l, gap, size)) / (all + shippedCells)
				r[l][gap][size] = min(max(rate, leastNew), mostNew)
			}
		}
	}
	return r
}

// newness is the rate for this user now: who was new more often than others in the
// same cells, as a traveller is, is expected to be new again.
func (m *model) newness(l level) float64 {
	own := (m.new[l] + ownNewness) / (m.expected[l] + ownNewness)
	return min(max(m.rates[l][m.gap][m.size]*own, leastNew), mostNew)
}

// habit notes how often an earlier sign-in should have been new, and was.
func (m *model) habit(k mark) {
	for set := k.reached; set != 0; set &= set - 1 {
		l := bits.TrailingZeros16(set)
		m.expected[l] += m.rates[l][k.gap][k.size]
		if k.fresh&(1<<l) != 0 {
			m.new[l]++
		}
	}
}

// ratio is the log-odds of where in a chain the sighting stands. What the user has
// been seen with speaks for them as far as an attacker would not have it by chance;
// what is new against them as far as it is rarely new. With nothing known of
// the user only rarity is left.
func (s *Sighting) ratio(chain []level, w walk, coarsest feature) float64 {
	m := s.model
	if len(s.Past) == 0 {
		return m.rarity(coarsest)
	}
	sum := 0.0
	if w.seen >= 0 {
		l := chain[w.seen]
		a := guessed[l]
		p := m.share(featureOf[l])
		if l == levelBrowser {
			p = m.share(featAgent)
		}
		if l == levelAddress {
			p *= 0.5
		}
		user := (w.weight + p*ownPrior) / (m.weight + ownPrior)
		sum = math.Log((a + (1-a)*p) / user)
		for i := 0; i <= w.seen; i++ {
			if present(&s.entry, chain[i]) {
				sum -= math.Log(1 - m.newness(chain[i]))
			}
		}
	}
	if w.fresh >= 0 {
		l := chain[w.fresh]
		sum -= math.Log(m.newness(l))
		switch l {
		case levelAddress:
		case levelCountry:
			sum += max(m.rarity(featCountry), m.rarity(featASN))
		case levelModel:
		case levelDevice, levelOS, levelBrowser:
			sum += commonBrowser * m.rarity(featureOf[l])
		default:
			sum += m.rarity(featureOf[l])
		}
	}
	return min(max(sum, -maxChain), maxChain)
}

// gapOf is the bucket of a time since the last sign-in.
func gapOf(minutes uint32) uint8 {
	for i, upTo := range gapEdges {
		if minutes < upTo {
			return uint8(i)
		}
	}
	return gapBuckets - 1
}

var gapEdges = [gapBuckets - 1]uint32{1, 10, 60, 6 * 60, minutesPerDay, 7 * minutesPerDay, 30 * minutesPerDay}

// sizeOf is the bucket of a number of sign-ins.
func sizeOf(n int) uint8 {
	for i, upTo := range [sizeBuckets - 1]int{1, 2, 4, 8, 16} {
		if n <= upTo {
			return uint8(i)
		}
	}
	return sizeBuckets - 1
}
