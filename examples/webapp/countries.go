package main

import "github.com/mfakit/mfa/words"

// countries are those to which the app sends text messages, by their ISO 3166-1 codes. The
// list is short on purpose: each country is one more from which somebody can make the app
// spend money.
var countries = []string{
	"AF", "BA", "BG", "CA", "CO", "EG", "DE", "IN", "IE", "JM", "LT", "MX", "MD", "MA", "NL", "MK", "NO", "PH", "PL", "RS", "ES", "TR", "UA", "GB", "US", "UZ",
}

// countryList is all of the countries in a sentence.
func countryList(l *words.Language) string {
	var names []string
	for _, c := range countries {
		names = append(names, l.Text("host.country", "code", c))
	}
	return l.List(names)
}
