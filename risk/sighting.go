package risk

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

// A scene is all that one score needs. Scenes are used again: to make one for each
// sign-in costs as much as scoring it.
type scene struct {
	Sighting
	model   model
	history history
	past    []Past
}

var scenes = sync.Pool{New: func() any { return new(scene) }}

// leave gives a scene back, without anything of the user's.
func (c *scene) leave() {
	list, marks, past := c.history.list, c.history.marked, c.past
	clear(list[:cap(list)])
	clear(marks[:cap(marks)])
	clear(past[:cap(past)])
	*c = scene{history: history{list: list[:0], marked: marks[:0]}, past: past[:0]}
	scenes.Put(c)
}

// sighting puts a sign-in beside what is known of its user and of all.
func (s *Scorer) sighting(a mfa.Attempt, info IPInfo, h *history) *Sighting {
	return s.fill(&scene{}, a, info, h)
}

func (s *Scorer) fill(c *scene, a mfa.Attempt, info IPInfo, h *history) *Sighting {
	sight, m := &c.Sighting, &c.model
	seen := s.agents.get(keyOf(a.Client), s.print)
	*sight = Sighting{Attempt: a, IP: info, Agent: seen.agent(), model: m, minutes: minutesOf(a.Now), keep: s.keep}
	e := entry{country: countryID(info.Country), asn: info.ASN, agent: seen.agentID, kinds: info.Kinds, known: a.Known}
	e.prints.Model = seen.model
	e.prints.Address, e.prints.Prefix = s.print.address(a.Client.IP)
	if info.Region != "" && info.Region != "-" {
		e.prints.Region = s.print.print(ofRegion, info.Country, info.Region)
	}
	if info.City != "" && info.City != "-" {
		e.prints.City = s.print.print(ofCity, info.Country, info.Region, info.City)
	}
	if info.Located {
		e.located = true
		e.lat, e.lon = int16(math.Round(info.Lat*10)), int16(math.Round(info.Lon*10))
		e.radius = uint16(min(math.Ceil(info.Radius), math.MaxUint16))
	}
	sight.entry = e

	m.pop, m.total, m.rates = s.pop, s.pop.total(), s.ratesNow()
	sight.Past = slices.Grow(c.past[:0], len(h.list))
	last, marks := uint32(0), 0
	for i := range h.list {
		sight.Past = append(sight.Past, Past{})
		p := &sight.Past[len(sight.Past)-1]
		last = max(last, h.list[i].newest())
		if !sight.past(p, &h.list[i]) {
			sight.Past = sight.Past[:len(sight.Past)-1]
			continue
		}
		marks += p.Times
		m.weight += p.Weight
	}
	c.past = sight.Past
	m.keys, m.set = s.print.values(&e, sight.minutes)
	if last > 0 {
		since := last - sight.minutes
		if sight.minutes >= last {
			since = sight.minutes - last
		}
		sight.Since = time.Duration(since) * time.Minute
		if marks > 0 {
			m.gap, m.size = gapOf(since), sizeOf(marks)
		}
	}
	m.network, m.place, m.agent = sight.walk(networkChain), sight.walk(placeChain), sight.walk(agentChain)
	return sight
}

// past is an entry as signals see it; false: all of it is too old.
func (s *Sighting) past(p *Past, r *remembered) bool {
	p.entry, p.marks = r.entry, r.marks
	last := uint32(0)
	for _, m := range r.marks {
		w := s.weigh(m.minutes)
		if w == 0 {
			continue
		}
		p.Times++
		p.Weight += w
		s.model.habit(m)
		last = max(last, m.minutes)
	}
	if p.Times == 0 {
		return false
	}
	p.When = time.Unix(int64(last)*60, 0).UTC()
	p.Country, p.ASN, p.Agent, p.Kinds, p.Known = countryCode(r.country), r.asn, r.agent.agent(), r.kinds, r.known
	if r.located {
		p.Lat, p.Lon, p.Radius, p.Located = float64(r.lat)/10, float64(r.lon)/10, float64(r.radius), true
	}
	return true
}

// weigh is how much a sign-in of some time counts now; 0: not at all. One after now
// was before a clock went back.
func (s *Sighting) weigh(minutes uint32) float64 {
	if minutes >= s.minutes {
		return 1
	}
	age := s.minutes - minutes
	if age > s.keep {
		return 0
	}
	return ageWeights[age/minutesPerDay]
}

var ageWeights = func() (t [maxKeep/(24*time.Hour) + 1]float64) {
	for days := range t {
		t[days] = math.Exp2(-float64(days) / halfLife)
	}
	return t
}()

func minutesOf(t time.Time) uint32 {
	return uint32(min(max(t.Unix()/60, 0), markMinutes))
}

// ratesNow are the rates, counted anew every few hundred sign-ins: they move slowly.
func (s *Scorer) ratesNow() *rates {
	r := s.rates.Load()
	if r == nil || s.scored.Add(1)%ratesFor == 0 {
		r = ratesOf(s.pop)
		s.rates.Store(r)
	}
	return r
}

const ratesFor = 256
