package totp

import (
	"fmt"
	"strings"

	"github.com/mfakit/mfa"
)

// normalize is the one normalisation of a typed code: what it returns is what
// is compared, and nothing else ever is. Spaces (ASCII's alone) are dropped,
// since apps show codes in groups; what remains must be 6 or 8 ASCII digits.
// Any other white space, digit, sign or letter is refused, so that a code has
// no second spelling. Errors wrap mfa.ErrBadInput and do not quote the answer.
func normalize(typed string) (string, error) {
	if len(typed) > maxAnswerBytes {
		return "", errNotDigits
	}
	code := strings.ReplaceAll(typed, " ", "")
	if len(code) != 6 && len(code) != 8 || strings.Trim(code, "0123456789") != "" {
		return "", errNotDigits
	}
	return code, nil
}

var errNotDigits = fmt.Errorf("totp: %w: a code is 6 or 8 digits", mfa.ErrBadInput)
