package emailcode

import (
	"regexp"
	"strings"

	"github.com/mfakit/mfa"
)

// Why an address is refused, as the Reason of an [mfa.RefusedError].
const (
	ReasonMissing  = "address_missing"   // none was given, and there is none on file
	ReasonInvalid  = "address_not_valid" // it is no address, or several
	ReasonEnrolled = "already_enrolled"  // this user has it already
)

func refused(reason, detail string) error {
	return &mfa.RefusedError{Subject: mfa.SubjectDestination, Reason: reason, Detail: detail}
}

// Bounds of an address, in bytes (RFC 5321 section 4.5.3.1, RFC 1035 section 2.3.4).
const (
	maxAddress = 254
	maxLocal   = 64
	maxDomain  = 253
)

// plain is one address in its plainest form: no name, list, quotes, comment or
// literal, and nothing that ends a header. Of what RFC 5322 allows besides, the
// marks are missing that mail programs have taken for routes and commands (% ! |
// ` and braces); the domain's last label begins with a letter, so that it is no
// number of a machine. Other scripts have their xn-- form.
var plain = regexp.MustCompile(`^[A-Za-z0-9#$&'*+/=?^_~](?:\.?[A-Za-z0-9#$&'*+/=?^_~-])*@` +
	`(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// parse reads one address: a mail goes where it says, and nowhere besides.
func parse(text string) (string, error) {
	text = strings.Trim(text, " ") // line breaks are not what people type
	if text == "" {
		return "", refused(ReasonMissing, "Please give an e-mail address.")
	}
	local, domain, _ := strings.Cut(text, "@")
	if len(text) > maxAddress || len(local) > maxLocal || len(domain) > maxDomain || !plain.MatchString(text) {
		return "", refused(ReasonInvalid, "This is not an e-mail address.")
	}
	return text, nil
}

// mask tells an address from the user's others without giving it away.
func mask(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return address[:1] + "•••@" + domain
}

// mailbox is what mails to an address are counted under: most providers ignore
// the case of the local part and what follows a plus sign in it, so that each
// spelling is no new budget.
func mailbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	if i := strings.IndexByte(local, '+'); i > 0 {
		local = local[:i]
	}
	return local + "@" + domain
}
