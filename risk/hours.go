package risk

import (
	"math"
	"time"
)

const hoursPerWeek = 7 * 24

// hours looks at the time of day and at whether it is a working day, in UTC: a
// traveller's clock is the host's to know. People are irregular, so it says little,
// and nothing before the fifth sign-in.
type hours struct{}

func (hours) Name() string { return "hours" }

func (hours) Evidence(s *Sighting) []Evidence {
	n, sum, all := 0, 0.0, 0.0
	now, weekend := minuteOfDay(s.minutes), onWeekend(s.minutes)
	for i := range s.Past {
		for _, m := range s.Past[i].marks {
			w := s.weigh(m.minutes)
			if w == 0 {
				continue
			}
			n++
			all += w
			apart := now - minuteOfDay(m.minutes)
			if apart < 0 {
				apart = -apart
			}
			apart = min(apart, minutesPerDay-apart)
			if onWeekend(m.minutes) != weekend {
				w *= otherKindOfDay
			}
			sum += w * nearness[(apart+30)/60]
		}
	}
	if n < hoursFrom {
		return nil
	}
	user := (sum + hoursPrior/24) / (all + hoursPrior)
	odds := hoursPart * min(max(math.Log(1.0/24/user), -maxHours), maxHours)
	switch {
	case math.Abs(odds) < 0.1:
		return nil
	case odds > 0:
		return []Evidence{Evidence{LogOdds: odds}.as(codeUnusualHour, unusualHour(s), usualHour(s))}
	}
	return []Evidence{{Code: codeUsualHour, LogOdds: odds, Text: textUsualHour}}
}

// nearness is the density, per hour, of a bell curve with a deviation of two hours.
var nearness = func() (t [13]float64) {
	const deviation = 2.0
	for i := range t {
		x := float64(i) / deviation
		t[i] = math.Exp(-x*x/2) / (deviation * math.Sqrt(2*math.Pi))
	}
	return t
}()

func minuteOfDay(minutes uint32) int { return int(minutes % minutesPerDay) }

// hourOfWeek is 0 for the first hour of Thursday, on which 1970 began.
func hourOfWeek(minutes uint32) uint32 { return minutes / 60 % hoursPerWeek }

func onWeekend(minutes uint32) bool {
	day := time.Weekday((minutes/minutesPerDay + uint32(time.Thursday)) % 7)
	return day == time.Saturday || day == time.Sunday
}

// usualHourOf is the hour of day around which most of the user's sign-ins are.
func usualHourOf(s *Sighting) int {
	var by [24]float64
	for i := range s.Past {
		for _, m := range s.Past[i].marks {
			by[minuteOfDay(m.minutes)/60] += s.weigh(m.minutes)
		}
	}
	best, at := -1.0, 0
	for h := range by {
		if around := by[h] + (by[(h+23)%24]+by[(h+1)%24])/2; around > best {
			best, at = around, h
		}
	}
	return at
}
