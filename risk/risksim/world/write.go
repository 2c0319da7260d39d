package world

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// start is when the public data set begins: a Monday.
var start = time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC)

// Write simulates the world and hands out its rows in the order of time. The
// row is used again for the next. Memory does not grow with the rows: they wait
// in temporary files (os.TempDir), 41 bytes each.
func (w *World) Write(ctx context.Context, write func(*rba.Row) error) (err error) {
	s, err := newSpill(float64(float64(w.users)*meanSignIns*2.5*float64(w.days)/Year), w.days)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.remove()) }()
	var drains []*drain
	if err := w.each(ctx, func() func(*signIn) {
		d := s.drain()
		drains = append(drains, d)
		return func(e *signIn) { d.add(e.record(w.listed(e))) }
	}); err != nil {
		return err
	}
	for _, d := range drains {
		d.flush()
	}
	if s.err != nil {
		return s.err
	}
	return w.writeSorted(ctx, s, write)
}

// writeSorted sorts the next file while one is written.
func (w *World) writeSorted(ctx context.Context, s *spill, write func(*rba.Row) error) error {
	type batch struct {
		records []record
		err     error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan batch)
	go func() {
		defer close(batches)
		for i := range s.files {
			records, err := s.sorted(i)
			select {
			case batches <- batch{records, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	v := view{w: w, agents: map[agent]described{}}
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		for i := range b.records {
			if err := write(v.row(&b.records[i])); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// listed says whether an address is on a list of attackers'. Such lists miss
// some, and name addresses that attackers share with others.
func (w *World) listed(e *signIn) bool {
	u := unitOf(hashOf(w.seed, forLists, uint64(e.addr)))
	switch e.way {
	case ofAttacker:
		return u < listedShare
	case byTunnel:
		return u < listedTunnels
	}
	return u < listedOthers
}

// A view turns records into rows.
type view struct {
	w      *World
	last   rba.Row
	index  int64
	agents map[agent]described
}

func (v *view) row(r *record) *rba.Row {
	w, a := v.w, r.agent()
	d, ok := v.agents[a]
	if !ok {
		if len(v.agents) > 100_000 {
			clear(v.agents)
		}
		d = a.describe()
		v.agents[a] = d
	}
	addr := r.addr()
	country, region, city, asn := w.lookUp(r.pool(), addr)
	v.last = rba.Row{
		Index: v.index, Time: start.Add(time.Duration(r.at()) * time.Millisecond), User: strconv.FormatInt(r.user(), 10),
		RTT:     time.Duration(r.rtt()) * time.Millisecond,
		IP:      netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}),
		Country: country, Region: region, City: city, ASN: asn,
		UserAgent: d.text, Browser: d.browser, OS: d.os, Device: d.device,
		Successful: r.flags()&okFlag != 0, AttackIP: r.flags()&listedFlag != 0, Takeover: r.flags()&takeoverFlag != 0,
	}
	v.index++
	return &v.last
}

// lookUp is what a database says of an address: always the country and the
// network, and often the city, which for some blocks is a wrong one.
func (w *World) lookUp(pool int, addr uint32) (country, region, name string, asn uint32) {
	p := &w.atlas.pools[pool]
	n := &w.atlas.networks[p.network]
	c := &w.places.cities[p.city]
	cc := &w.places.countries[c.country]
	h := hashOf(w.seed, forGeo, uint64(addr>>8))
	unknown := cityUnknown
	if n.kind != homeNetwork || p.nat {
		unknown = cityUnknownElsewhere
	}
	u := unitOf(h)
	if u < unknown {
		return cc.code, "", "", n.asn
	}
	if u < unknown+cityWrong {
		c = &w.places.cities[cc.cities[cc.byCity.at(unitOf(mix(h)))]]
	}
	return cc.code, c.region, c.name, n.asn
}
