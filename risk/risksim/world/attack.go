package world

// attackers are those who try passwords from lists, and a monitoring program.
type attackers struct {
	byCountry map[int][]int // pools of hosting companies
	countries wheel         // where attackers' machines are
	codes     []int
	campaigns int
	tries     wheel // by campaign
	total     float64
	takeovers []takeoverCampaign
	timing    wheel
	monitor   int // pool
}

func (w *World) buildAttackers() {
	s := newSource(w.seed, forStuffing)
	a := &w.attackers
	a.byCountry = map[int][]int{}
	var weights []float64
	for _, c := range attackCountries {
		a.codes = append(a.codes, w.places.byCode[c.code])
		weights = append(weights, c.share)
	}
	a.countries = newWheel(weights)
	for range attackHosts {
		c := a.codes[s.pick(a.countries)]
		country := &w.places.countries[c]
		n := w.atlas.addNetwork(&s, network{kind: hostingNetwork})
		pool := w.atlas.addPool(pool{network: n, city: country.cities[s.pick(country.byCity)], width: poolWidth})
		a.byCountry[c] = append(a.byCountry[c], pool)
	}
	a.monitor = a.byCountry[w.places.byCode["US"]][0]
	a.campaigns = 40
	a.total = float64(float64(w.users) * meanSignIns * stuffingShare)
	weights = nil
	for i := range a.campaigns {
		weights = append(weights, s.spread(1/float64(i+10), 0.6))
	}
	a.tries = newWheel(weights)
	w.buildTakeovers()
}

// attacks is how many jobs attack takes: the campaigns, in slices, and the
// monitoring program.
func (w *World) attacks() int { return w.attackers.campaigns*attackSlices + 1 }

const attackSlices = 16

func (w *World) attack(number int, emit func(*signIn)) {
	if number == w.attackers.campaigns*attackSlices {
		w.monitoring(emit)
		return
	}
	w.stuffing(number/attackSlices, number%attackSlices, emit)
}

// A machine is one that a campaign uses, with the agent that it claims to be.
type machine struct {
	pool  int32
	addr  uint32
	agent int
}

// stuffing is one slice of one campaign: passwords of other services' users
// tried from machines all over the world, at names of which few exist here.
func (w *World) stuffing(campaign, slice int, emit func(*signIn)) {
	a := &w.attackers
	s := newSource(w.seed, forCampaigns, uint64(campaign))
	machines := make([]machine, 200+int(s.spread(200, 1.2)))
	homes := s.between(0, 0.8) // share of machines in people's homes
	var fakes []device
	for range 1 + s.below(30) {
		fakes = append(fakes, w.newDevice(&s, []deviceKind{computerKind, computerKind, phoneKind}[s.below(3)], w.places.byCode["US"], 0))
	}
	for i := range machines {
		machines[i] = w.machine(&s, homes)
		machines[i].agent = s.below(len(fakes))
	}
	length := min(float64(Year-1), s.spread(20, 1.2))
	from := s.between(0, Year-length)
	weight := a.tries.sums[campaign]
	if campaign > 0 {
		weight -= a.tries.sums[campaign-1]
	}
	s = newSource(w.seed, forCampaigns, uint64(campaign), uint64(slice))
	tries := int(float64(a.total*weight) / a.tries.total() / attackSlices)
	for range tries {
		m := machines[s.below(len(machines))]
		at := int64((from + float64(length*s.unit())) * float64(day))
		e := signIn{at: at, user: pseudoUser, pool: m.pool, addr: m.addr, person: -1, way: ofAttacker}
		if s.chance(realNames) {
			e.user = w.userName(uint64(s.below(w.users)))
		}
		e.agent = fakes[m.agent].agentAt(at, false)
		if s.chance(rttShare) {
			e.rtt = uint16(min(60_000, s.spread(rttMedian, 0.9)))
		}
		emit(&e)
	}
}

func (w *World) machine(s *source, homes float64) machine {
	a := &w.attackers
	c := a.codes[s.pick(a.countries)]
	if hosts := a.byCountry[c]; len(hosts) > 0 && !s.chance(homes) {
		p := hosts[s.below(len(hosts))]
		return machine{pool: int32(p), addr: w.atlas.pools[p].base + uint32(s.below(256))}
	}
	country := &w.places.countries[c]
	pool, line := w.venue(country.cities[s.pick(country.byCity)], s.next(), 0)
	return machine{pool: int32(pool), addr: w.atlas.pools[pool].address(w.seed, line, 0)}
}

// monitoring is a program that signs in all the time from one place.
func (w *World) monitoring(emit func(*signIn)) {
	s := newSource(w.seed, forBots)
	d := w.newDevice(&s, computerKind, w.places.byCode["US"], 0)
	d.frozen = true
	p := w.attackers.monitor
	rows := float64(float64(w.users) * meanSignIns * monitorShare)
	for at := 0.0; at < float64(Year*day); at += float64(s.between(0.5, 1.5) * float64(float64(Year*day)/rows)) {
		emit(&signIn{
			at: int64(at), user: botUser, pool: int32(p), addr: w.atlas.pools[p].base + 7,
			agent: d.agentAt(0, false), ok: true, person: -1, way: ofBot,
		})
	}
}
