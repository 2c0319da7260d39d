package sms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/mfakit/mfa"
)

// Why a number is refused, as the Reason of an [mfa.RefusedError].
const (
	ReasonMissing   = "number_missing"      // none was given, and there is none on file
	ReasonInvalid   = "number_not_valid"    // it is no telephone number, or more than one
	ReasonCountry   = "country_not_allowed" // text messages do not go to that country
	ReasonFixed     = "fixed_line"          // it takes no text messages
	ReasonPremium   = "number_not_personal" // premium, shared-cost, toll-free, pager, voicemail or company-wide
	ReasonUnknown   = "line_type_unknown"   // what it is cannot be told; see Config.AcceptUnknown
	ReasonEnrolled  = "already_enrolled"    // this user has it already
	ReasonUnchecked = "number_not_checked"  // Config.Before failed
)

// maxNumber is longer, in bytes, than any number is written with its punctuation.
const maxNumber = 40

// A number is one that was read.
type number struct {
	e164    string // "+4791234567"
	code    string // "+47", the country's calling code
	country string // "NO"
	kind    phonenumbers.PhoneNumberType
}

func refused(reason, detail string, args ...any) error {
	return &mfa.RefusedError{Subject: mfa.SubjectDestination, Reason: reason, Detail: fmt.Sprintf(detail, args...)}
}

// parse reads a number as a person writes it and decides whether text messages
// may go there. One that was confirmed by a code takes them, whatever kind of
// line it is in the tables: those change, and would lock people out.
func (f *Factor) parse(text string, confirmed bool) (number, error) {
	n, err := f.read(text)
	if err != nil {
		return number{}, err
	}
	if !slices.Contains(f.countries, n.country) {
		return number{}, refused(ReasonCountry, "Text messages are not sent to %s. Please choose another method.", countryName(n.country))
	}
	switch n.kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE: // the second is all of North America
	case phonenumbers.FIXED_LINE:
		if !confirmed {
			return number{}, refused(ReasonFixed, "This is a fixed line, which takes no text messages. Please give a mobile number, or choose another method.")
		}
	case phonenumbers.UNKNOWN, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER:
		if !confirmed && !f.config.AcceptUnknown {
			return number{}, refused(ReasonUnknown, "It cannot be told whether this number takes text messages. Please give a mobile number, or choose another method.")
		}
	default: // what costs more, or is nobody's own: pumps earn by these
		return number{}, refused(ReasonPremium, "Text messages are not sent to numbers of this kind. Please give a mobile number, or choose another method.")
	}
	return n, nil
}

// read takes the international form, and the national one of Config.Region. A
// number of any length that no network has is refused, and so are short codes,
// extensions, letters, and two numbers at once.
func (f *Factor) read(text string) (number, error) {
	text = strings.Trim(text, " \u00a0") // line breaks are not what people type
	if text == "" {
		return number{}, refused(ReasonMissing, "Please give a mobile number.")
	}
	invalid := refused(ReasonInvalid, "This is not a telephone number. Please give it with its country code, such as +47.")
	if len(text) > maxNumber || strings.ContainsFunc(text, unusual) {
		return number{}, invalid
	}
	n, err := phonenumbers.Parse(text, f.region)
	if err != nil || n.GetExtension() != "" {
		return number{}, invalid
	}
	withoutOldOne(n)
	if !phonenumbers.IsValidNumber(n) {
		return number{}, invalid
	}
	return number{
		e164:    phonenumbers.Format(n, phonenumbers.E164),
		code:    fmt.Sprintf("+%d", n.GetCountryCode()),
		country: phonenumbers.GetRegionCodeForNumber(n),
		kind:    phonenumbers.GetNumberType(n),
	}, nil
}

// withoutOldOne takes from a Mexican number the 1 that mobile ones had between
// country code and number until 2019, and with which many still write theirs.
func withoutOldOne(n *phonenumbers.PhoneNumber) {
	const mexico, one = 52, 10_000_000_000
	calling, rest := n.GetCountryCode(), n.GetNationalNumber()-one // a shorter number wraps around, to more than one
	if calling == mexico && rest < one {
		n.NationalNumber = &rest
	}
}

// unusual says whether a character has no place in a number that a person
// types. Digits of other scripts are among these, and marks that cannot be seen:
// what is shown of a number is what was typed.
func unusual(r rune) bool {
	return !strings.ContainsRune("0123456789+()-./ \u00a0", r)
}

// The digits after a country's calling code that make a prefix, for limits and
// events: enough to tell a range that is pumped from its country, and never so
// many that a prefix names a person.
const (
	prefixDigits = 3
	hiddenDigits = 4
)

// prefix is "+47 912".
func (n number) prefix() string {
	rest := strings.TrimPrefix(n.e164, n.code)
	return n.code + " " + rest[:max(0, min(prefixDigits, len(rest)-hiddenDigits))]
}

// mask tells a number from the user's others without giving it away.
func (n number) mask() string {
	return n.code + " ••• ••" + n.e164[len(n.e164)-2:]
}
