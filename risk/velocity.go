package risk

import "math"

// velocity looks at wrong answers within the last hour: for the account, from the
// network, and everywhere. People mistype: one or two say nothing.
type velocity struct{}

func (velocity) Name() string { return "velocity" }

func (velocity) Evidence(s *Sighting) []Evidence {
	var found []Evidence
	a := &s.Attempt
	if n := a.AccountFailures + a.WrongPasswords; n >= accountFrom {
		found = append(found, Evidence{
			LogOdds: rising(n, accountFrom, maxAccount), Hard: a.AccountFailures >= accountHard && !a.Known, // wrong passwords are anybody's who knows the name
		}.as(codeAccountFailures, accountFailures(n), said{}))
	}
	if n := a.NetworkFailures; n >= networkFrom {
		found = append(found, Evidence{LogOdds: rising(n, networkFrom, maxNetwork)}.as(codeNetworkFailures, networkFailures(n), said{}))
	}
	if a.SystemAlarm {
		found = append(found, Evidence{Code: codeSystemAlarm, LogOdds: systemAlarm, Text: textSystemAlarm})
	}
	return found
}

// rising grows with each doubling of a count, from half to a bound.
func rising(n, from int, bound float64) float64 {
	return min(0.5+0.6*math.Log2(float64(n)/float64(from)), bound)
}
