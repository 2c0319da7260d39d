package world

// A person is a user. What they do is drawn in order of time.
type person struct {
	w      *World
	s      source
	number int
	user   int64
	home   *home
	city   int
	habits habits
	trips  []trip

	devices  []device // with their successors; the household's are among them
	kinds    []deviceKind
	taste    [4]float64       // by kind of device
	likes    [notAWay]float64 // by way
	employer *office
	carrier  *carrier
	phone    uint64
	vpn      int // -1: none
	vpnUse   float64
	vpnTaste uint64
	friends  [3]uint64
	cafes    [3]uint64
	proof    float64 // how often a password is mistyped
	routine  float64 // how often it is the usual way with the usual device
	usual    way
	favoured deviceKind

	last struct {
		at   int64
		city int
		way  way
		vpn  bool
		dev  int
		alt  bool
		ever bool
		draw uint64 // which friend, café or exit
	}
}

func (w *World) household(number int, emit func(*signIn)) {
	h := &w.homes[number]
	s := newSource(w.seed, forPeople, uint64(number))
	var shared []device
	var kinds []deviceKind
	country := w.places.cities[h.city].country
	for _, k := range []deviceKind{computerKind, tabletKind} {
		if h.size > 1 && s.chance(sharedDevice) {
			shared = w.succession(&s, shared, k, country)
		}
	}
	for range shared {
		kinds = append(kinds, computerKind)
	}
	for i := range shared {
		if shared[i].system == iPad || shared[i].system == androidTablet {
			kinds[i] = tabletKind
		}
	}
	for i := range int(h.size) {
		p := person{
			w: w, s: newSource(w.seed, forPeople, uint64(number), uint64(i)),
			number: int(h.user) + i, home: h, city: int(h.city),
			devices: append([]device(nil), shared...), kinds: append([]deviceKind(nil), kinds...),
		}
		p.live(emit)
	}
}

// succession is a device and those that replace it within the year.
func (w *World) succession(s *source, list []device, k deviceKind, country int) []device {
	life := phoneLife
	if k != phoneKind {
		life = computerLife
	}
	bought := -int64(s.exponential(life) * float64(day))
	d := w.newDevice(s, k, country, bought)
	d.gone = max(d.gone, int64(s.between(-60, Year*2)*float64(day)))
	if d.gone < day {
		d.gone = int64(s.exponential(life) * float64(day))
	}
	list = append(list, d)
	for d.gone < Year*day {
		next := w.newDevice(s, k, country, d.gone)
		if s.chance(faithfulBuyer) { // the same make again, with the same browser
			next.system, next.browser, next.other = d.system, d.browser, d.other
			next.fillSystem(s)
		}
		d = next
		list = append(list, d)
	}
	return list
}

func (p *person) own(k deviceKind, country int) {
	before := len(p.devices)
	p.devices = p.w.succession(&p.s, p.devices, k, country)
	for range len(p.devices) - before {
		p.kinds = append(p.kinds, k)
	}
}

// settleIn gives the person devices, tastes, an employer and all else.
func (p *person) settleIn() {
	w, s := p.w, &p.s
	country := w.places.cities[p.city].country
	p.user = w.userName(uint64(p.number))
	p.habits = newHabits(s)
	p.own(phoneKind, country)
	if s.chance(ownComputer) {
		p.own(computerKind, country)
	}
	if s.chance(ownTablet) {
		p.own(tabletKind, country)
	}
	if s.chance(employedShare) {
		o := &w.offices[p.city]
		p.employer = &o.list[s.pick(o.bySize)]
		if s.chance(deskWork) {
			p.own(workKind, country)
		}
	}
	a := &w.access[p.city]
	p.carrier = &a.carriers[s.pick(a.byCarrier)]
	p.phone = s.next()
	for i := range p.taste {
		p.taste[i] = s.spread(1, deviceSigma)
	}
	for i := range p.likes {
		p.likes[i] = s.spread(1, waySigma)
	}
	p.vpn = -1
	if s.chance(vpnShare) {
		p.vpn, p.vpnUse, p.vpnTaste = s.pick(w.hosting.byVPN), s.between(0.1, 1), s.next()
	}
	for i := range p.friends {
		p.friends[i], p.cafes[i] = s.next(), s.next()
	}
	p.proof = min(0.6, s.spread(typoShare, 0.7))
	p.trips = w.trips(s, p.city)
}

func (p *person) live(emit func(*signIn)) {
	p.settleIn()
	s := &p.s
	n := signInCount(s)
	p.steady(n)
	times := p.habits.schedule(s, n, p.utcAt)
	settle(p.trips, times)
	for _, at := range times {
		e := p.signIn(at)
		p.fail(e, emit)
		emit(&e)
	}
	p.giveUp(times[0], emit)
	p.w.takeover(p, times[0], emit)
}

// steady makes those who sign in often creatures of habit.
func (p *person) steady(n int) {
	s := &p.s
	p.routine = 1 / (1 + exp(-float64(routineGrowth*ln(float64(n)/routineHalf))))
	p.usual = fromHome
	switch u := s.unit(); {
	case p.employer != nil && u < 0.35:
		p.usual = fromWork
	case u > 1-usuallyByPhone:
		p.usual = byPhone
	}
	best := 0.0
	for i := range p.devices {
		k := p.kinds[i]
		if x := float64(devicesBy[p.usual][k] * p.taste[k]); x > best {
			best, p.favoured = x, k
		}
	}
}

// utcAt is how far the clock of where the person is goes before UTC.
func (p *person) utcAt(at int64) int64 {
	if t := under(p.trips, at); t != nil {
		return p.w.places.cities[t.city].utc
	}
	return p.w.places.cities[p.city].utc
}

// signIn is what the person does at a time: where they are, by what way and
// with what device.
func (p *person) signIn(at int64) signIn {
	s := &p.s
	city, t := p.city, under(p.trips, at)
	if t != nil {
		city = t.city
	}
	l := &p.last
	age := float64(at-l.at) / float64(hour)
	stays := l.ever && l.city == city && s.chance(exp(-min(30, age/stayHours)))
	usual := !stays && t == nil && s.chance(p.routine) && (p.usual != fromWork || p.atWork(at))
	if !stays {
		l.way = p.usual
		if !usual {
			l.way = p.chooseWay(at, t)
		}
		l.vpn = p.vpn >= 0 && s.chance(p.vpnUse)
		l.draw = s.next()
	}
	if !stays || !s.chance(keepDevice) || p.devices[max(0, l.dev)].gone <= at {
		if l.dev = p.favourite(at); !usual || l.dev < 0 {
			l.dev = p.chooseDevice(at, l.way)
		}
		l.alt = !usual && l.dev >= 0 && s.chance(p.devices[l.dev].otherUse)
	}
	if stays && s.chance(dropOut) {
		l.way = byPhone
	}
	l.at, l.city, l.ever = at, city, true

	e := signIn{at: at, user: p.user, ok: true, person: int32(p.number), city: int16(city), way: l.way}
	p.connect(&e, t)
	if l.dev >= 0 {
		e.agent = p.devices[l.dev].agentAt(at, l.alt)
	} else { // somebody else's
		d := p.w.newDevice(s, []deviceKind{phoneKind, computerKind}[s.below(2)], p.w.places.cities[city].country, at-day)
		e.agent = d.agentAt(at, false)
	}
	if s.chance(rttShare) {
		e.rtt = uint16(min(60_000, s.spread(rttMedian, 0.9)))
	}
	return e
}

// atWork says whether it is the person's time to work.
func (p *person) atWork(at int64) bool {
	local := at + p.w.places.cities[p.city].utc
	h := local % day / hour
	return p.employer != nil && !weekend(local) && h >= 8 && h < 17
}

// favourite is the device of the favoured kind that is in use, or -1.
func (p *person) favourite(at int64) int {
	for i := range p.devices {
		if d := &p.devices[i]; p.kinds[i] == p.favoured && d.bought <= at && d.gone > at {
			return i
		}
	}
	return -1
}

func (p *person) chooseWay(at int64, t *trip) way {
	if t != nil {
		switch u := p.s.unit(); {
		case u < 0.5:
			return fromHotel
		case u < 0.9:
			return byPhone
		}
		return fromVenue
	}
	row := waysIdle
	switch h := (at + p.w.places.cities[p.city].utc) % day / hour; {
	case p.atWork(at):
		row = waysWorking
	case h < 6 || h >= 23:
		row = waysNight
	}
	for i := range row {
		row[i] = float64(row[i] * p.likes[i])
	}
	return way(p.s.pick(newWheel(row[:])))
}

// chooseDevice returns -1 for a device that is not the person's own.
func (p *person) chooseDevice(at int64, by way) int {
	if p.s.chance(borrowedShare[by]) {
		return -1
	}
	var weights [16]float64
	n := min(len(p.devices), len(weights))
	for i := range n {
		if d := &p.devices[i]; d.bought <= at && d.gone > at {
			weights[i] = float64(devicesBy[by][p.kinds[i]] * p.taste[p.kinds[i]])
		}
	}
	wheel := newWheel(weights[:n])
	if wheel.total() <= 0 {
		return -1
	}
	return p.s.pick(wheel)
}

// connect finds the address.
func (p *person) connect(e *signIn, t *trip) {
	w := p.w
	pool, line := -1, uint32(0)
	switch e.way {
	case fromHome:
		pool, line = int(p.home.pool), p.home.line
	case fromWork:
		pool, line = p.employer.comesOut(p.phone, e.at)
	case fromVenue:
		pool, line = w.venue(int(e.city), p.cafes[among(p.last.draw, 3)], 40)
	case fromFriend:
		pool, line = w.venue(int(e.city), p.friends[among(p.last.draw, 3)], 0)
	case fromHotel:
		pool, line = w.venue(int(e.city), t.hotel, 25)
	case byPhone:
		carrier := p.carrier
		if t != nil && unitOf(t.hotel) < localCard { // a card bought there
			a := &w.access[e.city]
			carrier = &a.carriers[a.byCarrier.at(unitOf(mix(t.hotel)))]
		}
		at, addr := w.comesOut(carrier, p.phone, int(e.city), e.at)
		e.pool, e.addr = int32(at), addr
	}
	if pool >= 0 {
		e.pool, e.addr = int32(pool), w.atlas.pools[pool].address(w.seed, line, e.at)
	}
	if p.last.vpn {
		at, addr := w.tunnel(p.last.draw, p.vpn, w.places.cities[p.city].country, p.vpnTaste)
		e.pool, e.addr, e.way = int32(at), addr, byTunnel
	}
}

// venue is a line where many come, or a friend's: one of few per city, or any.
func (w *World) venue(city int, which uint64, few int) (int, uint32) {
	a := &w.access[city]
	if few > 0 {
		which = hashOf(w.seed, uint64(city), uint64(among(which, few)))
	}
	pr := a.providers[a.byProvider.at(unitOf(mix(which)))]
	pool := pr.fixed
	if few == 0 {
		pool = pr.moving
	}
	return pool, w.atlas.pools[pool].guest(mix(which + golden))
}

// fail is the mistyped passwords before a sign-in. Who mistypes the name gives
// that of nobody: such rows are the pseudo-user's.
func (p *person) fail(e signIn, emit func(*signIn)) {
	for at := e.at; p.s.chance(p.proof); {
		at -= int64(p.s.between(3, 40) * float64(second))
		f := e
		f.at, f.ok, f.rtt = at, false, 0
		if p.s.chance(wrongName) {
			f.user, f.person = pseudoUser, -1
		}
		emit(&f)
	}
}

// giveUp is a visit that ends without success: the password was forgotten.
func (p *person) giveUp(first int64, emit func(*signIn)) {
	if !p.s.chance(forgotten) {
		return
	}
	at := first + int64(p.s.between(1, 100)*float64(day))
	if t := under(p.trips, at); t != nil {
		at = t.end + hour
	}
	if under(p.trips, at) != nil {
		return
	}
	p.last.ever = false
	e := p.signIn(at)
	e.ok = false
	for range 1 + p.s.below(4) {
		emit(&e)
		e.at += int64(p.s.between(4, 50) * float64(second))
	}
}
