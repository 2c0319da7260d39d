package main

import (
	"slices"
	"strings"
)

// A country is one to which the app sends text messages.
type country struct{ ISO, Name, Calling string }

// countries are all of them. The list is short on purpose: each country is one
// more from which somebody can make the app spend money.
var countries = []country{
	{"AF", "Afghanistan", "+93"}, {"BA", "Bosnia and Herzegovina", "+387"}, {"BG", "Bulgaria", "+359"}, {"CA", "Canada", "+1"},
	{"CO", "Colombia", "+57"}, {"EG", "Egypt", "+20"}, {"DE", "Germany", "+49"}, {"IN", "India", "+91"}, {"IE", "Ireland", "+353"},
	{"JM", "Jamaica", "+1"}, {"LT", "Lithuania", "+370"}, {"MX", "Mexico", "+52"}, {"MD", "Moldova", "+373"}, {"MA", "Morocco", "+212"},
	{"NL", "the Netherlands", "+31"}, {"MK", "North Macedonia", "+389"}, {"NO", "Norway", "+47"}, {"PH", "the Philippines", "+63"},
	{"PL", "Poland", "+48"}, {"RS", "Serbia", "+381"}, {"ES", "Spain", "+34"}, {"TR", "Turkey", "+90"}, {"UA", "Ukraine", "+380"},
	{"GB", "the United Kingdom", "+44"}, {"US", "the United States", "+1"}, {"UZ", "Uzbekistan", "+998"},
}

func countryCodes() []string {
	var out []string
	for _, c := range countries {
		out = append(out, c.ISO)
	}
	return out
}

// countryList is all of the countries in a sentence.
func countryList() string {
	var names []string
	for _, c := range countries {
		names = append(names, c.Name)
	}
	return inWords(names, "and")
}

// countriesOf are the countries that a number may be of, of which only the
// beginning is known: several have +1.
func countriesOf(masked string) string {
	calling, _, _ := strings.Cut(masked, " ")
	var names []string
	for _, c := range countries {
		if c.Calling == calling {
			names = append(names, c.Name)
		}
	}
	return inWords(names, "or")
}

// inWords joins words as people do: "a, b and c".
func inWords(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	list = slices.Clone(list)
	n := len(list) - 1
	return strings.Join(list[:n], ", ") + " " + last + " " + list[n]
}
