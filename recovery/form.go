package recovery

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mfakit/mfa"
)

// FreeForm is the [State.Form] of codes that are 6 to 64 letters and digits of
// ASCII. Case, spaces and hyphens do not matter in them.
const FreeForm = "*"

const (
	// minSymbols: NIST SP 800-63B-4 section 3.1.2.1 lets look-up secrets have six
	// digits, where guesses are throttled.
	minSymbols = 6
	maxSymbols = 64
	maxForm    = 72 // bytes; bcrypt looks at no more
)

// checkForm says what is wrong with a form. See State.Form.
func checkForm(form string) error {
	if form == FreeForm {
		return nil
	}
	symbols := len(form) - strings.Count(form, "-")
	if len(form) > maxForm || symbols < minSymbols || symbols > maxSymbols || strings.Trim(form, "xX9-") != "" {
		return fmt.Errorf("form is neither %q nor made of x, X, 9 and hyphens, %d to %d of them without the hyphens", FreeForm, minSymbols, maxSymbols)
	}
	return nil
}

var errForm = errors.New("not of the form of these codes")

// parseForm is parseCode for codes from elsewhere. It gives the one spelling that
// was digested. Its errors do not repeat the input.
func parseForm(form, typed string) (code, error) {
	if len(typed) > maxInput {
		return "", fmt.Errorf("%w: a recovery code of more than %d bytes", mfa.ErrBadInput, maxInput)
	}
	symbols := strings.NewReplacer(" ", "", "-", "").Replace(typed)
	c, ok := free(symbols)
	if form != FreeForm {
		c, ok = masked(form, symbols)
	}
	if !ok {
		return "", fmt.Errorf("%w: %w", mfa.ErrBadInput, errForm)
	}
	return c, nil
}

func free(symbols string) (code, bool) {
	if len(symbols) < minSymbols || len(symbols) > maxSymbols {
		return "", false
	}
	return masked(strings.Repeat("x", len(symbols)), symbols)
}

// masked puts symbols into a form, with its hyphens.
func masked(form, symbols string) (code, bool) {
	out := make([]byte, 0, len(form))
	for i := range len(form) {
		if form[i] == '-' {
			out = append(out, '-')
			continue
		}
		if symbols == "" {
			return "", false
		}
		b := symbols[0]
		symbols = symbols[1:]
		if form[i] == 'x' && 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		digit := '0' <= b && b <= '9'
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
		if !digit && (!letter || form[i] == '9') {
			return "", false
		}
		out = append(out, b)
	}
	return code(out), symbols == ""
}
