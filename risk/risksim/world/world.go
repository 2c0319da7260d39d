// Package world simulates the sign-ins of a service's users over a year: where
// people live, work and travel, what networks and devices they use, and who
// tries their passwords. What it assumes stands in assumptions.go.
//
// Everything is drawn from the seed and from the number of the household,
// office or campaign that it belongs to, so that a world is the same on any
// machine, whatever number of processors builds it.
package world

import (
	"context"
	"fmt"
	"runtime"
	"sync"
)

// Config says what world to build.
type Config struct {
	Users int    // people with at least one successful sign-in in the year; at least 1,000
	Days  int    // how much of the year is written, from its start; 1 to 365
	Seed  uint64 // worlds of different seeds have nothing in common
}

// Year is the length of the simulated time, in days.
const Year = 365

// A home is a household's line, and the users in it.
type home struct {
	pool int32
	line uint32
	user uint32 // number of the first user
	size uint8
	city int16
}

// A World is built once and read by many.
type World struct {
	seed  uint64
	users int
	days  int

	places          *places
	atlas           *atlas
	access          []access // by city
	national        map[int][]int
	providerWeights [][]float64
	offices         []offices // by city
	hosting         hosting
	homes           []home
	attackers       attackers
}

// New builds the networks and homes.
func New(c Config) (*World, error) {
	if c.Users < 1000 || c.Users > 20_000_000 {
		return nil, fmt.Errorf("world: %d users: at least 1,000 and at most 20,000,000", c.Users)
	}
	if c.Days < 1 || c.Days > Year {
		return nil, fmt.Errorf("world: %d days: 1 to %d", c.Days, Year)
	}
	p, err := readPlaces(placesText)
	if err != nil {
		return nil, err
	}
	w := &World{
		seed: c.Seed, users: c.Users, days: c.Days, places: p, atlas: newAtlas(),
		national: map[int][]int{}, providerWeights: make([][]float64, len(p.cities)),
	}
	w.buildAccess()
	w.buildVPNs()
	w.buildOffices(w.buildHomes())
	w.buildAttackers()
	return w, w.atlas.layOut()
}

// buildHomes settles the households, and returns how many work in each city.
func (w *World) buildHomes() []float64 {
	workers := make([]float64, len(w.places.cities))
	w.homes = make([]home, 0, w.users*3/5)
	for settled := 0; settled < w.users; {
		s := newSource(w.seed, forHomes, uint64(len(w.homes)))
		size := min(1+s.pick(householdWheel), w.users-settled)
		country := &w.places.countries[s.pick(w.places.byCountry)]
		city := country.cities[s.pick(country.byCity)]
		a := &w.access[city]
		p := a.providers[s.pick(a.byProvider)]
		pool := p.moving
		if s.chance(p.static) {
			pool = p.fixed
		}
		line := &w.atlas.pools[pool].lines
		w.homes = append(w.homes, home{pool: int32(pool), line: *line, user: uint32(settled), size: uint8(size), city: int16(city)})
		*line++
		settled += size
		workers[city] += float64(float64(size) * employedShare)
	}
	return workers
}

// userName is the name of a user in the file: no more than a number.
func (w *World) userName(number uint64) int64 {
	return int64(hashOf(w.seed, forNames, number))
}

// each simulates every household and campaign, on all processors, and hands
// out their sign-ins in no particular order: one collector per worker, which
// is not called concurrently.
func (w *World) each(ctx context.Context, collector func() func(*signIn)) error {
	type job struct{ from, to int }
	jobs := make(chan job)
	var workers sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)) {
		collect := collector()
		cut := func(e *signIn) {
			if e.at >= 0 && e.at < int64(w.days)*day {
				collect(e)
			}
		}
		workers.Go(func() {
			for j := range jobs {
				for i := j.from; i < j.to; i++ {
					if i < len(w.homes) {
						w.household(i, cut)
					} else {
						w.attack(i-len(w.homes), cut)
					}
				}
			}
		})
	}
	const batch = 64
	total := len(w.homes) + w.attacks()
	for from := 0; from < total && ctx.Err() == nil; from += batch {
		jobs <- job{from, min(from+batch, total)}
	}
	close(jobs)
	workers.Wait()
	return ctx.Err()
}
