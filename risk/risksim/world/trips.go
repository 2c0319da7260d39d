package world

import (
	"cmp"
	"slices"
)

// A trip takes a person to another city and back. Nobody signs in on the way,
// so nobody is seen to move faster than the aeroplane.
type trip struct {
	city                     int
	leave, arrive, back, end int64
	hotel                    uint64
}

// travelTime is by road and rail, or by air with two hours around it.
func travelTime(km int64) int64 {
	if km < 250 {
		return minute*30 + km*hour/90
	}
	return 2*hour + km*hour/850
}

func (w *World) trips(s *source, from int) []trip {
	count := s.poisson(s.spread(tripsPerYear, 0.8))
	var all []trip
	for range count {
		to := w.destination(s, from)
		if to == from {
			continue
		}
		leave := int64(s.below(Year))*day + int64(s.between(5, 20)*float64(hour))
		travel := travelTime(w.places.distance(from, to))
		stay := int64(s.spread(tripDays, 0.7) * float64(day))
		all = append(all, trip{
			city: to, leave: leave, arrive: leave + travel, back: leave + travel + stay,
			end: leave + travel + stay + travel, hotel: s.next(),
		})
	}
	slices.SortFunc(all, func(a, b trip) int { return cmp.Compare(a.leave, b.leave) })
	kept := all[:0]
	for _, t := range all {
		if len(kept) == 0 || kept[len(kept)-1].end <= t.leave {
			kept = append(kept, t)
		}
	}
	return kept
}

func (w *World) destination(s *source, from int) int {
	country := w.places.cities[from].country
	switch u := s.unit(); {
	case u < 0.7: // at home
	case u < 0.9: // where people go on holiday
		country = w.places.byCode[holidays[s.below(len(holidays))]]
	default:
		country = s.pick(w.places.byCountry)
	}
	c := &w.places.countries[country]
	return c.cities[s.pick(c.byCity)]
}

// under is the trip during which a time falls, or nil. Times on the way are
// moved behind the arrival first, by settle.
func under(trips []trip, at int64) *trip {
	for i := range trips {
		if t := &trips[i]; at >= t.leave && at < t.end {
			return t
		}
	}
	return nil
}

// settle moves times on the way to shortly after the arrival: the phone is
// switched on again.
func settle(trips []trip, times []int64) {
	for i, at := range times {
		t := under(trips, at)
		switch {
		case t == nil:
		case at < t.arrive:
			times[i] = t.arrive + (at-t.leave)/16 + 5*minute
		case at >= t.back:
			times[i] = t.end + (at-t.back)/16 + 5*minute
		}
	}
	slices.Sort(times)
}
