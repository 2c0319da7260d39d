package world

// A vpn sells its users an address elsewhere. Several rent from the same
// hosting company, so that rare networks are shared by strangers.
type vpn struct {
	exits []int       // pools
	in    map[int]int // country to an index of exits
}

type hosting struct {
	vpns   []vpn
	byVPN  wheel
	rented []int // the hosting companies' networks
}

func (w *World) buildVPNs() {
	s := newSource(w.seed, forVPNs)
	h := &w.hosting
	for range vpnHosts {
		h.rented = append(h.rented, w.atlas.addNetwork(&s, network{kind: hostingNetwork}))
	}
	var weights []float64
	for rank := range vpnBrands {
		v := vpn{in: map[int]int{}}
		for c, country := range w.places.countries {
			if !s.chance(min(1, float64(float64(4-rank/8)*0.12)+float64(country.share/1200))) {
				continue
			}
			v.in[c] = len(v.exits)
			v.exits = append(v.exits, w.atlas.addPool(pool{
				network: h.rented[min(s.below(vpnHosts), s.below(vpnHosts))],
				city:    country.cities[s.below(min(3, len(country.cities)))],
				width:   poolWidth, lines: uint32(4 + s.below(1+64/(1+rank))),
			}))
		}
		if len(v.exits) == 0 {
			continue
		}
		h.vpns = append(h.vpns, v)
		weights = append(weights, 1/float64(rank+1))
	}
	h.byVPN = newWheel(weights)
}

// tunnel is the pool and the address of a user's connection. The exit's country
// is the user's taste: at home if there is one, a fixed one, or any.
func (w *World) tunnel(draw uint64, brand, home int, taste uint64) (int, uint32) {
	v := &w.hosting.vpns[brand]
	exit := among(draw, len(v.exits))
	u := unitOf(taste)
	if at, ok := v.in[home]; ok && u < vpnAtHome {
		exit = at
	} else if u < vpnElsewhere {
		exit = among(mix(taste), len(v.exits))
	}
	p := &w.atlas.pools[v.exits[exit]]
	return v.exits[exit], p.base + uint32(among(mix(draw), int(p.lines)))
}
