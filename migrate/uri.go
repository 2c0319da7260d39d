package migrate

import (
	"net/url"
	"strconv"
	"strings"
)

// readURI reads the link that an authenticator app was set up with, in the form that
// Google's wiki of google-authenticator gives it (Key-Uri-Format): the secret in
// base32, and algorithm, digits and period where they are not the usual ones.
func readURI(link Secret) (s totpState, why Reason) {
	u, err := url.Parse(string(link))
	if err != nil || !strings.EqualFold(u.Scheme, "otpauth") {
		return s, ReasonMalformed
	}
	switch strings.ToLower(u.Host) {
	case "totp":
	case "hotp":
		return s, ReasonCounter
	default:
		return s, ReasonMalformed
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return s, ReasonMalformed
	}
	one := func(name string) string {
		if len(query[name]) > 1 { // which of them the app took is not known
			why = ReasonMalformed
		}
		return query.Get(name)
	}
	number := func(name string) int {
		text := one(name)
		if text == "" {
			return 0
		}
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			why = ReasonMalformed
		}
		return n
	}
	s = totpState{Secret: one("secret"), Algorithm: algorithm(one("algorithm")), Digits: number("digits"), Period: number("period")}
	if why != "" {
		return totpState{}, why
	}
	return s, ""
}

// algorithm is one as its factor knows it; what is none of them is for the factor
// to refuse.
func algorithm(s string) string {
	switch up := strings.ToUpper(strings.TrimSpace(s)); up {
	case "SHA-1", "HMACSHA1":
		return "SHA1"
	case "SHA-256", "HMACSHA256":
		return "SHA256"
	case "SHA-512", "HMACSHA512":
		return "SHA512"
	default:
		return up
	}
}
