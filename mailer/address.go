package mailer

import (
	"errors"
	"strings"
)

// Bounds of an address (RFC 5321, section 4.5.3.1; RFC 1035).
const (
	maxLocal   = 64
	maxDomain  = 253
	maxLabel   = 63
	maxAddress = 254
)

// localMarks may stand in a local part beside letters, digits and dots. It
// is what RFC 5322 allows, without what relays and delivery programs have taken
// for more than a name: % and ! (routes), | and ` and braces (commands).
const localMarks = "#$&'*+-/=?^_~"

// CheckAddress says whether mail can be sent to an address. It has to be one
// address in its plainest form, local@domain in ASCII: no name, no list, no
// quotes or comments, no address literal. A domain in another script is given
// in its xn-- form. The error does not repeat the address.
func CheckAddress(address string) error {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || len(address) > maxAddress || !isLocal(address[:at]) || !isDomain(address[at+1:]) {
		return errAddress
	}
	return nil
}

var errAddress = errors.New("mailer: not a plain address of one mailbox")

func isLocal(s string) bool {
	if s == "" || len(s) > maxLocal || s[0] == '-' { // a leading dash is an option to some programs
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for _, c := range []byte(part) {
			if !alphanumeric(c) && strings.IndexByte(localMarks, c) < 0 {
				return false
			}
		}
	}
	return true
}

func isDomain(s string) bool {
	if s == "" || len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !alphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
