package world

import "slices"

// A step of how many successful sign-ins users have in the year: up to value
// with probability below. Published: 40 % have one, median 2, p90 9, p99 28;
// the tail beyond is a guess.
type step struct {
	below float64
	value float64
}

var signIns = []step{
	{0.400, 1}, {0.555, 2}, {0.652, 3}, {0.722, 4}, {0.774, 5}, {0.816, 6}, {0.849, 7}, {0.877, 8}, {0.905, 9}, {0.921, 10},
	{0.938, 12}, {0.959, 15}, {0.9790, 20}, {0.9905, 28}, {0.9952, 39}, {0.9983, 60}, {0.9995, 105}, {0.99995, 200}, {1, 300},
}

// signInCount draws from them, evenly within a step.
func signInCount(s *source) int {
	u := s.unit()
	from, low := 0.0, 0.0
	for _, x := range signIns {
		if u < x.below {
			return max(1, int(low)+1+int(float64((u-from)/(x.below-from)*(x.value-low))))
		}
		from, low = x.below, x.value
	}
	return 1
}

// hoursOf are how likely people are to sign in by the hour of their local time.
var (
	weekdayHours = newWheel([]float64{8, 4, 3, 2, 2, 5, 14, 32, 52, 58, 58, 56, 54, 52, 52, 50, 48, 46, 48, 54, 58, 54, 38, 20})
	weekendHours = newWheel([]float64{12, 7, 5, 3, 2, 3, 6, 14, 28, 42, 50, 52, 50, 48, 48, 48, 48, 48, 50, 54, 56, 50, 38, 22})
)

// habits are when somebody signs in.
type habits struct {
	favourite [2]float64 // hours of local time, a few per person
	faithful  float64    // how often one of them it is
	weekend   float64    // how readily at the weekend
}

func newHabits(s *source) habits {
	h := habits{faithful: s.between(0.2, 0.7), weekend: s.between(0.3, 1)}
	for i := range h.favourite {
		h.favourite[i] = float64(s.pick(weekdayHours)) + s.unit()
	}
	return h
}

// timeOfDay in milliseconds of local time.
func (h *habits) timeOfDay(s *source, weekend bool) int64 {
	if s.chance(h.faithful) {
		at := h.favourite[s.below(2)] + s.spread(1, 0.5) - 1
		return int64(float64(max(0, min(23.99, at)) * float64(hour)))
	}
	profile := weekdayHours
	if weekend {
		profile = weekendHours
	}
	return int64(s.pick(profile))*hour + int64(s.below(int(hour)))
}

// weekend says whether a day of local time is Saturday or Sunday: the year
// starts on a Monday.
func weekend(local int64) bool {
	d := local / day % 7
	return local < 0 || d >= 5
}

// schedule is when n sign-ins happen: visits over some weeks or the whole year,
// each of one sign-in or a few that follow each other.
func (h *habits) schedule(s *source, n int, local func(at int64) int64) []int64 {
	var visits []int
	more := s.between(burstLow, burstHigh)
	for left := n; left > 0; {
		size := 1
		for size < left && s.chance(more) {
			size++
		}
		visits = append(visits, size)
		left -= size
	}
	window := min(float64(Year-1), float64(float64(len(visits))*s.spread(visitEvery, visitSigma)))
	start := s.between(0, Year-window)
	times := make([]int64, 0, n)
	for _, size := range visits {
		d := int64(start+float64(s.unit()*window)) * day
		if weekend(d) && !s.chance(h.weekend) {
			d = max(0, d-2*day)
		}
		at := d + h.timeOfDay(s, weekend(d))
		at = min(max(0, at-local(at)), Year*day-1)
		for range size {
			times = append(times, at)
			at += pause(s)
		}
	}
	slices.Sort(times)
	return times
}

// pause is between sign-ins of a visit: another tab at once, another device a
// little later, back after lunch.
func pause(s *source) int64 {
	switch u := s.unit(); {
	case u < 0.38:
		return int64(s.between(4, 60) * float64(second))
	case u < 0.58:
		return int64(s.between(1, 10) * float64(minute))
	case u < 0.78:
		return int64(s.between(10, 60) * float64(minute))
	default:
		return int64(s.between(1, 9) * float64(hour))
	}
}
