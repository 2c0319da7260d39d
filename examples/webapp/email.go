package main

import (
	"errors"
	"net/mail"
	"regexp"
	"strings"
)

var (
	errEmail = errors.New("webapp: not an e-mail address")
	errPhone = errors.New("webapp: not a phone number in international form")
)

// maxEmail is the longest address that SMTP can carry (RFC 5321, section 4.5.3.1.3).
const maxEmail = 254

// normalEmail is the one spelling under which an address is stored, looked up
// and counted: trimmed and in lower case. Only ASCII is taken, so that two
// addresses that look alike cannot be two accounts.
func normalEmail(s string) (string, error) {
	s = strings.ToLower(strings.Trim(s, " \t\r\n"))
	if s == "" || len(s) > maxEmail {
		return "", errEmail
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return "", errEmail
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return "", errEmail
	}
	return s, nil
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// normalPhone is a number in E.164 form; spaces and hyphens are allowed in
// what is typed. Empty stays empty: a number is optional.
func normalPhone(s string) (string, error) {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	if s != "" && !e164.MatchString(s) {
		return "", errPhone
	}
	return s, nil
}
