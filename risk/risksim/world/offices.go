package world

// An office is where people work or study: many behind few addresses.
type office struct {
	pool  int
	line  uint32 // the first of its lines
	lines int    // how many it comes out by
}

type offices struct {
	list   []office
	bySize wheel
}

// buildOffices gives every city offices enough for its workers, of Pareto's
// sizes: many of one or two users, few of hundreds.
func (w *World) buildOffices(workers []float64) {
	w.offices = make([]offices, len(w.places.cities))
	for c, country := range w.places.countries {
		s := newSource(w.seed, forOffices, uint64(c))
		proxy := w.buildCloudProxy(&s, country)
		for _, city := range country.cities {
			o := &w.offices[city]
			var sizes []float64
			for seats := 0.0; seats < workers[city] || len(sizes) == 0; {
				size := min(float64(officeLeast/(1-s.unit())), float64(officeMost*float64(w.users)))
				o.list = append(o.list, w.buildOffice(&s, country, city, size, proxy))
				sizes = append(sizes, size)
				seats += size
			}
			o.bySize = newWheel(sizes)
		}
	}
}

// buildCloudProxy is a company's service that others send their traffic through.
func (w *World) buildCloudProxy(s *source, country country) int {
	n := w.atlas.addNetwork(s, network{kind: officeNetwork})
	return w.atlas.addPool(pool{network: n, city: country.cities[0], width: poolWidth})
}

func (w *World) buildOffice(s *source, country country, city int, size float64, proxy int) office {
	u := s.unit()
	switch {
	case size < ownNetworkFrom || u < 0.45: // an ordinary line with an address of its own
		a := &w.access[city]
		p := a.providers[s.pick(a.byProvider)].fixed
		line := w.atlas.pools[p].lines
		w.atlas.pools[p].lines++
		return office{pool: p, line: line, lines: 1}
	case u < 0.55: // through a proxy in the cloud
		return office{pool: proxy, line: uint32(s.below(240)), lines: 3}
	case u < 0.70: // through headquarters, which may be far away
		if from := w.offices[country.cities[0]].list; len(from) > 0 {
			return from[s.below(len(from))]
		}
	}
	n := w.atlas.addNetwork(s, network{kind: officeNetwork})
	lines := 1
	if s.chance(0.3) { // a university: several gateways
		lines = 4 + s.below(28)
	}
	return office{pool: w.atlas.addPool(pool{network: n, city: city, width: poolWidth}), lines: lines}
}

// comesOut is the pool and the line by which a worker's device is seen. It
// changes by the day where there are several.
func (o *office) comesOut(device uint64, at int64) (int, uint32) {
	if o.lines == 1 {
		return o.pool, o.line
	}
	return o.pool, o.line + uint32(among(hashOf(device, uint64(at/day)), o.lines))
}
