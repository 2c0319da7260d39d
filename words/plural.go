package words

import (
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// modulo is what the rules are told of large numbers, with their last digits
// kept: they look at no more.
const modulo = 1_000_000

// pluralForm is the CLDR category of a whole number.
func pluralForm(tag language.Tag, n int) string {
	if n < 0 {
		n = -n
	}
	if n >= modulo {
		n = n%modulo + modulo
	}
	switch plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0) {
	case plural.Zero:
		return "zero"
	case plural.One:
		return "one"
	case plural.Two:
		return "two"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	}
	return other
}
