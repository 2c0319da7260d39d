package risk

import "math"

// place looks at region and city, within a country that was seen before. It stands
// beside network, which it mostly repeats: an address that was seen needs no place.
type place struct{}

func (place) Name() string { return "place" }

func (place) Evidence(s *Sighting) []Evidence {
	n, w := s.model.network, s.model.place
	if len(s.Past) == 0 || s.IP.Kinds.Has(placeless|Trusted) || n.seen < 0 || n.seen >= 2 || w.seen < 0 && w.fresh < 0 {
		return nil
	}
	e := Evidence{LogOdds: placeBeside * s.ratio(placeChain, w, featRegion)}
	switch {
	case w.fresh < 0 || e.LogOdds <= 0:
		e = e.as(codeKnownPlace, knownPlace(s), said{})
	case placeChain[w.fresh] == levelRegion:
		e = e.as(codeNewRegion, newRegion(s), said{})
	default:
		e = e.as(codeNewCity, newCity(s), said{})
	}
	return []Evidence{e}
}

// travel looks at whether the user could have got here since the last sign-in whose
// place is known. It takes everything off the distance that may be the database's
// error: both accuracy radii and 50 km. What is unknown is not impossible. It is not
// hard evidence, and what it adds never makes a sign-in severe.
type travel struct{}

func (travel) Name() string { return "travel" }

func (travel) Evidence(s *Sighting) []Evidence {
	here := &s.entry
	if !placed(here) {
		return nil
	}
	var last *Past // newest first, so the first that will do
	for i := range s.Past {
		if placed(&s.Past[i].entry) {
			last = &s.Past[i]
			break
		}
	}
	if last == nil || last.entry.prints.Address == here.prints.Address {
		return nil
	}
	// A clock that went back has moved by as much.
	minutes := math.Abs(s.Attempt.Now.Sub(last.When).Minutes())
	km := distance(s.IP.Lat, s.IP.Lon, last.Lat, last.Lon)
	beyond := km - radius(s.IP.Radius) - radius(last.Radius) - travelSlack
	if beyond/(max(minutes, travelLeast)/60) <= travelSpeed {
		return nil
	}
	odds := impossibleTravel
	if s.Attempt.Known {
		odds = impossibleTravelKnown
	}
	return []Evidence{Evidence{LogOdds: odds}.as(codeImpossibleTravel, fastTravel(s), usualTravel(last, km, minutes))}
}

// placed says whether a sign-in's coordinates are where its user was.
func placed(e *entry) bool {
	return e.located && float64(e.radius) <= maxRadius && !e.kinds.Has(placeless)
}

// radius is what to take for an accuracy radius; databases without one give 0.
func radius(km float64) float64 {
	if km <= 0 {
		return unknownRadius
	}
	return km
}

// distance is in km along the great circle, on a sphere of the earth's mean radius,
// by haversines: it holds over the poles, over the date line and for points close together.
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	const earth, degree = 6371.0, math.Pi / 180
	a := math.Sin((lat2 - lat1) * degree / 2)
	b := math.Sin((lon2 - lon1) * degree / 2)
	h := a*a + math.Cos(lat1*degree)*math.Cos(lat2*degree)*b*b
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}
