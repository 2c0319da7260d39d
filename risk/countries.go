package risk

import (
	_ "embed"
	"strings"
)

// The countries' names in English, with an article where a sentence has one. The
// codes are those of ISO 3166-1, and XK.
//
//go:embed countries.txt
var countriesText string

var countryNames = func() map[string]string {
	names := map[string]string{}
	for line := range strings.Lines(countriesText) {
		code, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		names[code] = name
	}
	return names
}()

// countryName is the name of a country within a sentence; of one that is not in the
// table, its code.
func countryName(code string) string {
	if name := countryNames[code]; name != "" {
		return name
	}
	return code
}

// countryID is a code as a number; 0: not a code. Databases and hosts are not
// trusted to keep to the form.
func countryID(code string) uint16 {
	if len(code) != 2 || !upper(code[0]) || !upper(code[1]) {
		return 0
	}
	return uint16(code[0])<<8 | uint16(code[1])
}

func upper(c byte) bool { return 'A' <= c && c <= 'Z' }

// pairs holds every code, so that one can be had from its number without allocating.
var pairs = func() string {
	var b strings.Builder
	for i := 'A'; i <= 'Z'; i++ {
		for j := 'A'; j <= 'Z'; j++ {
			b.WriteRune(i)
			b.WriteRune(j)
		}
	}
	return b.String()
}()

// countryCode is the reverse of countryID.
func countryCode(id uint16) string {
	hi, lo := byte(id>>8), byte(id)
	if !upper(hi) || !upper(lo) {
		return ""
	}
	n := 2 * (26*int(hi-'A') + int(lo-'A'))
	return pairs[n : n+2]
}
