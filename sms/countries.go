package sms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Countries checks a list of ISO 3166-1 codes ("US", "CA"; "XK" is Kosovo) for
// Config.Countries. It panics for one that is none: the list is written in code.
// A territory with a code of its own ("PR", "IM") is a country here.
func Countries(codes ...string) []string {
	out, err := checkCountries(codes)
	if err != nil {
		panic(err)
	}
	return out
}

// checkCountries is codes in upper case, each once.
func checkCountries(codes []string) ([]string, error) {
	supported := phonenumbers.GetSupportedRegions()
	var out []string
	for _, country := range codes {
		country = strings.ToUpper(strings.TrimSpace(country))
		if !supported[country] {
			return nil, fmt.Errorf("sms: %.8q is no country to which there are telephone numbers", country)
		}
		if !slices.Contains(out, country) {
			out = append(out, country)
		}
	}
	return out, nil
}

// countryName is an ISO 3166-1 code in words. Numbers that are no country's have
// the code 001, or none.
func countryName(country string) string {
	if name := countryNames[country]; name != "" {
		return name
	}
	return "where this number is"
}
