package world

// A takeoverCampaign is somebody who has got hold of passwords, and uses them
// within days from a few machines.
type takeoverCampaign struct {
	from, length float64 // days
	machines     []machine
	agents       []device
}

func (w *World) buildTakeovers() {
	s := newSource(w.seed, forTakeovers)
	a := &w.attackers
	var weights []float64
	for i := range takeoverCampaigns {
		c := takeoverCampaign{length: s.between(0.5, 6)}
		// Published: February to November, and in a re-evaluation 38 of 141 in the
		// last part of the time.
		if s.chance(takeoversLate) {
			c.from = Year * s.between(0.70, 0.82)
		} else {
			c.from = Year * s.between(0.02, 0.69)
		}
		code := "RO"
		if i%4 >= takeoversFromRO {
			code = takeoverElsewhere[s.below(len(takeoverElsewhere))]
		}
		country := &w.places.countries[w.places.byCode[code]]
		n := w.atlas.addNetwork(&s, network{kind: hostingNetwork})
		rare := w.atlas.addPool(pool{network: n, city: country.cities[s.pick(country.byCity)], width: poolWidth})
		common := s.chance(takeoverCommonNetwork)
		for range 1 + s.below(8) {
			m := machine{pool: int32(rare), addr: uint32(s.below(256))}
			if common {
				pool, line := w.venue(country.cities[s.pick(country.byCity)], s.next(), 0)
				m = machine{pool: int32(pool), addr: line}
			}
			c.machines = append(c.machines, m)
		}
		for range 1 + s.below(3) {
			k := computerKind
			if !s.chance(takeoverDesktop) {
				k = phoneKind
			}
			c.agents = append(c.agents, w.newDevice(&s, k, w.places.byCode["RO"], 0))
		}
		a.takeovers = append(a.takeovers, c)
		weights = append(weights, s.spread(1, 0.6))
	}
	a.timing = newWheel(weights)
}

// takeover is the sign-in of one who has this person's password, for the few
// whom it befalls. first is when the person first signed in.
func (w *World) takeover(p *person, first int64, emit func(*signIn)) {
	s := newSource(w.seed, forTakeovers, uint64(p.number))
	if !s.chance(takeoverShare) {
		return
	}
	c := &w.attackers.takeovers[s.pick(w.attackers.timing)]
	at := int64((c.from + float64(c.length*s.unit())) * float64(day))
	if at <= first && !s.chance(takeoverBefore) {
		return
	}
	m := c.machines[s.below(len(c.machines))]
	e := signIn{at: at, user: p.user, pool: m.pool, person: -1, way: ofAttacker, ok: true, takeover: true}
	e.addr = w.atlas.pools[m.pool].address(w.seed, m.addr, at)
	e.agent = c.agents[s.below(len(c.agents))].agentAt(at, false)
	switch u := s.unit(); {
	case u < takeoverInside: // malware, or somebody of the household: all is as usual
		e.pool, e.addr = p.home.pool, w.atlas.pools[p.home.pool].address(w.seed, p.home.line, at)
		e.agent = p.devices[max(0, p.favourite(at))].agentAt(at, false)
	case u < takeoverInside+takeoverNearby: // through a machine near the victim, with a like agent
		pool, line := w.venue(p.city, s.next(), 0)
		e.pool, e.addr = int32(pool), w.atlas.pools[pool].address(w.seed, line, at)
		e.agent = p.devices[s.below(len(p.devices))].agentAt(at, false)
	}
	emit(&e)
}
