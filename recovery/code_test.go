package recovery

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

func TestL01_CodesAre80Bits(t *testing.T) {
	seen := map[rune]bool{}
	for _, r := range alphabet {
		if seen[r] {
			t.Errorf("%q is in the alphabet twice", r)
		}
		seen[r] = true
	}
	if bits := math.Log2(float64(len(seen))) * codeLength; bits != 80 {
		t.Errorf("%d symbols of %d: %v bits", codeLength, len(seen), bits)
	}
	if strings.ContainsAny(alphabet, "ilou") {
		t.Error("the alphabet has letters that are mistaken for others")
	}
	codes, _ := enroll(t, cheap(t), "set1")
	for _, c := range codes {
		groups := strings.Split(c, "-")
		if len(groups) != 4 {
			t.Fatalf("%d groups", len(groups))
		}
		for _, g := range groups {
			if len(g) != 4 || strings.Trim(g, alphabet) != "" {
				t.Errorf("a group is not four symbols of the alphabet")
			}
		}
	}
}

// TestL01_SymbolsAreEvenlySpread is a chi-square test of 100,000 codes over all
// symbols at all positions. A right generator fails it once in 10^9 runs.
func TestL01_SymbolsAreEvenlySpread(t *testing.T) {
	const codes = 100_000
	limit := chiSquareLimit(codeLength * (len(alphabet) - 1))
	if x := chiSquare(codes, func() string { return string(newCode()) }); x > limit {
		t.Errorf("chi-square %.0f, over %.0f", x, limit)
	}

	// The same test has to find small faults.
	for name, faulty := range map[string]func(string) string{
		"a symbol never comes":                    func(c string) string { return strings.ReplaceAll(c, "z", "0") },
		"a position is stuck":                     func(c string) string { return "0" + c[1:] },
		"a symbol at one place is half as likely": halved(),
	} {
		if x := chiSquare(codes, func() string { return faulty(string(newCode())) }); x <= limit {
			t.Errorf("%s: chi-square %.0f is not over %.0f", name, x, limit)
		}
	}
}

// halved turns every other k at the first place into m.
func halved() func(string) string {
	n := 0
	return func(c string) string {
		if c[0] == 'k' {
			if n++; n%2 == 0 {
				return "m" + c[1:]
			}
		}
		return c
	}
}

func chiSquare(codes int, next func() string) float64 {
	var count [codeLength][256]int
	for range codes {
		c := next()
		for i := range codeLength {
			count[i][c[i]]++
		}
	}
	want := float64(codes) / float64(len(alphabet))
	var x float64
	for i := range count {
		for _, b := range []byte(alphabet) {
			d := float64(count[i][b]) - want
			x += d * d / want
		}
	}
	return x
}

// chiSquareLimit is the value that chi-square exceeds with probability 10^-9,
// by the approximation of Wilson and Hilferty.
func chiSquareLimit(df int) float64 {
	const z = 5.998 // of the normal distribution, for 10^-9
	v := 2 / (9 * float64(df))
	return float64(df) * math.Pow(1-v+z*math.Sqrt(v), 3)
}

func TestC17_OneNormalisation(t *testing.T) {
	const want = "0123456789abcdef"
	for name, tc := range map[string]struct {
		typed string
		ok    bool
	}{
		"as shown":               {"0123-4567-89ab-cdef", true},
		"without hyphens":        {"0123456789abcdef", true},
		"capitals":               {"0123-4567-89AB-CDEF", true},
		"spaces for hyphens":     {"0123 4567 89ab cdef", true},
		"spaces around":          {"  0123456789abcdef ", true},
		"hyphens anywhere":       {"--0-1-23456789abcdef-", true},
		"o for 0":                {"o123456789abcdef", true},
		"O for 0":                {"O123456789abcdef", true},
		"i for 1":                {"0i23456789abcdef", true},
		"I for 1":                {"0I23456789abcdef", true},
		"l for 1":                {"0l23456789abcdef", true},
		"L for 1":                {"0L23456789abcdef", true},
		"longest":                {"0123456789abcdef" + strings.Repeat(" ", 112), true},
		"too long by a space":    {"0123456789abcdef" + strings.Repeat(" ", 113), false},
		"empty":                  {"", false},
		"only hyphens":           {"----", false},
		"one short":              {"0123456789abcde", false},
		"one over":               {"0123456789abcdeff", false},
		"u is no symbol":         {"u123456789abcdef", false},
		"U is no symbol":         {"U123456789abcdef", false},
		"tab":                    {"0123\t456789abcdef", false},
		"newline at the end":     {"0123456789abcdef\n", false},
		"carriage return":        {"0123456789abcdef\r", false},
		"NUL":                    {"0123456789abcdef\x00", false},
		"full-width digit":       {"012345678９abcdef", false},
		"Arabic digit":           {"٠123456789abcdef", false},
		"Cyrillic a":             {"0123456789аbcdef", false},
		"Kelvin sign for k":      {"\u212a123456789abcdef", false},
		"no-break space":         {"0123\u00a0456789abcdef", false},
		"Unicode hyphen":         {"0123\u20104567\u201089ab\u2010cdef", false},
		"dash":                   {"0123\u20134567\u201389ab\u2013cdef", false},
		"minus sign":             {"0123\u2212456789abcdef", false},
		"byte order mark":        {"\ufeff0123456789abcdef", false},
		"byte that is not UTF-8": {"0123456789abcdef\xff", false},
		"underscore":             {"0123_4567_89ab_cdef", false},
		"dot":                    {"0123.4567.89ab.cdef", false},
		"plus":                   {"+123456789abcdef", false},
		"quotes":                 {`"0123456789abcdef"`, false},
		"hexadecimal prefix":     {"0x0123456789abcdef", false},
	} {
		got, err := parseCode(tc.typed)
		switch {
		case tc.ok && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.ok && got != want:
			t.Errorf("%s: another code came out", name)
		case !tc.ok && !errors.Is(err, mfa.ErrBadInput):
			t.Errorf("%s: error is %v, want ErrBadInput", name, err)
		}
	}
}

func TestC17_EverySymbolIsReadBack(t *testing.T) {
	for range 1000 {
		c := newCode()
		for _, typed := range []string{c.grouped(), strings.ToUpper(c.grouped()), string(c)} {
			if got, err := parseCode(typed); err != nil || got != c {
				t.Fatalf("what is shown is not read back: %v", err)
			}
		}
	}
}
