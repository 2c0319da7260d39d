package risk

// absence says when nothing is known of the user, and when they were away for
// long: accounts that nobody watches are the ones that are sold. What a long
// absence makes likelier, such as a new address, the other signals allow for.
type absence struct{}

func (absence) Name() string { return "absence" }

func (absence) Evidence(s *Sighting) []Evidence {
	odds := awayMonth
	switch {
	case len(s.Past) == 0 && s.Since == 0:
		return []Evidence{{Code: codeFirstSignIn, Text: textFirstSignIn}}
	case len(s.Past) == 0:
		odds = awayLong
	case s.Since >= afterSeason:
		odds = awaySeason
	case s.Since < afterMonth:
		return nil
	}
	return []Evidence{Evidence{LogOdds: odds}.as(codeLongAbsence, longAbsence(s.Since), said{})}
}
