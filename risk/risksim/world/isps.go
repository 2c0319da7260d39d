package world

import "math"

// A provider is a network that people of a city have at home: a pool for lines
// whose address stays, and one for the others.
type provider struct {
	fixed, moving int
	static        float64 // share of lines whose address stays
}

// A site is where a carrier's phones come out to the internet.
type carrier struct{ sites []int } // pools

// access is how the people of one city come to the internet.
type access struct {
	providers  []provider
	byProvider wheel
	carriers   []carrier
	byCarrier  wheel
}

// buildAccess makes the home and mobile networks of every country: a few that
// are everywhere and many that are local, so that shares have a long tail.
func (w *World) buildAccess() {
	w.access = make([]access, len(w.places.cities))
	for c := range w.places.countries {
		s := newSource(w.seed, forNetworks, uint64(c))
		w.nationalProviders(&s, c)
		w.localProviders(&s, c)
		w.buildCarriers(&s, c)
	}
	for i := range w.access {
		a := &w.access[i]
		a.byProvider = newWheel(w.providerWeights[i])
	}
	w.providerWeights = nil
}

func (w *World) homeNetwork(s *source, c int) network {
	return network{kind: homeNetwork, nat: s.chance(natCountries[w.places.countries[c].code])}
}

// provide opens a network's pools in a city. lease and static are places on
// their scales, from 0 to 1.
func (w *World) provide(n, city int, weight, lease, static float64) {
	w.access[city].providers = append(w.access[city].providers, provider{
		fixed:  w.atlas.addPool(pool{network: n, city: city}),
		moving: w.atlas.addPool(pool{network: n, city: city, lease: leases[leaseWheel.at(lease)], nat: w.atlas.networks[n].nat}),
		static: staticLow + float64(static*(staticHigh-staticLow)),
	})
	w.providerWeights[city] = append(w.providerWeights[city], weight)
}

// nationalProviders have most of the homes. How long their addresses last is
// spread evenly over them and their cities, the same for every seed: drawn, one
// provider of one city would move the whole world.
func (w *World) nationalProviders(s *source, c int) {
	for rank := range 5 {
		n := w.atlas.addNetwork(s, w.homeNetwork(s, c))
		w.national[c] = append(w.national[c], n)
		for i, city := range w.places.countries[c].cities {
			if rank == 0 || s.chance(0.85) {
				w.provide(n, city, s.spread(1/float64(rank+1), 0.25), even(5*i+rank, 0.3), even(i+3*rank, 0.5))
			}
		}
	}
}

// localProviders share localShare of each city, with a tail: the first has half.
func (w *World) localProviders(s *source, c int) {
	country := w.places.countries[c]
	count := 4 + int(float64(localPerRoot*math.Sqrt(country.share)))
	rank := make(map[int]int)
	for range count {
		city := country.cities[s.pick(country.byCity)]
		rank[city]++
		n := w.atlas.addNetwork(s, w.homeNetwork(s, c))
		w.provide(n, city, localShare/float64(rank[city]), s.unit(), s.unit())
	}
}

// buildCarriers makes the mobile networks. All phones of a carrier come out in
// one to four cities, which may be far from where the phone is.
func (w *World) buildCarriers(s *source, c int) {
	country := w.places.countries[c]
	var carriers []carrier
	var weights []float64
	for rank := range 3 + s.below(2) {
		n := -1
		if rank < len(w.national[c]) && s.chance(carrierIsProvider) {
			n = w.national[c][rank]
		} else {
			n = w.atlas.addNetwork(s, network{kind: mobileNetwork})
		}
		share := 1 / float64(rank+1)
		people := float64(float64(w.users) * country.share / w.places.byCountry.total() * share / 2)
		var k carrier
		for site := range 1 + s.below(min(4, len(country.cities))) {
			k.sites = append(k.sites, w.atlas.addPool(pool{
				network: n, city: country.cities[site], nat: true,
				lines: uint32(people),
			}))
		}
		carriers = append(carriers, k)
		weights = append(weights, share)
	}
	for _, city := range country.cities {
		w.access[city].carriers = carriers
		w.access[city].byCarrier = newWheel(weights)
	}
}

// comesOut is the pool and the address of a phone on a carrier's network: for
// some minutes or hours it keeps both, then it gets another of either.
func (w *World) comesOut(k *carrier, phone uint64, city int, at int64) (int, uint32) {
	phase := hashOf(w.seed, phone) % uint64(mobileSticky)
	h := hashOf(w.seed, phone, (uint64(at)+phase)/uint64(mobileSticky))
	site := k.sites[among(h, len(k.sites))]
	if unitOf(mix(h)) < nearestSite {
		for _, p := range k.sites {
			if w.places.distance(city, w.atlas.pools[p].city) < w.places.distance(city, w.atlas.pools[site].city) {
				site = p
			}
		}
	}
	p := &w.atlas.pools[site]
	return site, p.base + uint32(among(mix(h+golden), 1<<p.width))
}

// even is the nth of numbers spread evenly over [0, 1) (multiples of the golden section).
func even(n int, from float64) float64 {
	x := from + float64(float64(n)*0.6180339887498949)
	return x - float64(int(x))
}
