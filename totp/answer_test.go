package totp

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/mfakit/mfa"
)

// spelling is a way to write a code of six digits.
type spelling struct {
	name  string
	write func(code string) string
	ok    bool // one of the spellings that people use
}

func around(before, after string) func(string) string {
	return func(c string) string { return before + c + after }
}

func inside(s string) func(string) string {
	return func(c string) string { return c[:3] + s + c[3:] }
}

// shifted writes each digit as the one of another script.
func shifted(zero rune) func(string) string {
	return func(c string) string {
		return strings.Map(func(r rune) rune { return zero + r - '0' }, c)
	}
}

var spellings = []spelling{
	{"plain", around("", ""), true},
	{"space before", around(" ", ""), true},
	{"space after", around("", " "), true},
	{"space inside", inside(" "), true},
	{"space everywhere", func(c string) string { return " " + strings.Join(strings.Split(c, ""), "  ") + " " }, true},
	{"128 bytes", func(c string) string { return c + strings.Repeat(" ", 122) }, true},
	{"129 bytes", func(c string) string { return c + strings.Repeat(" ", 123) }, false},
	{"1 MiB of spaces", func(c string) string { return c + strings.Repeat(" ", 1<<20) }, false},
	{"empty", func(string) string { return "" }, false},
	{"only spaces", func(string) string { return "      " }, false},
	{"one digit short", func(c string) string { return c[1:] }, false},
	{"one digit more", around("", "0"), false},
	{"two digits more", around("00", ""), false},
	{"three digits more", around("000", ""), false},
	{"twice", func(c string) string { return c + c }, false},
	{"tab before", around("\t", ""), false},
	{"tab inside", inside("\t"), false},
	{"newline after", around("", "\n"), false},
	{"carriage return after", around("", "\r\n"), false},
	{"vertical tab", around("\v", ""), false},
	{"form feed", around("\f", ""), false},
	{"NUL after", around("", "\x00"), false},
	{"NUL inside", inside("\x00"), false},
	{"no-break space", inside("\u00a0"), false},
	{"narrow no-break space", inside("\u202f"), false},
	{"ideographic space", around("\u3000", ""), false},
	{"zero-width space", inside("\u200b"), false},
	{"byte order mark", around("\ufeff", ""), false},
	{"right-to-left mark", around("\u200f", ""), false},
	{"next line", around("\u0085", ""), false},
	{"hyphen", inside("-"), false},
	{"underscore", inside("_"), false},
	{"comma", inside(","), false},
	{"full-width", shifted('０'), false},
	{"Arabic-Indic", shifted('٠'), false},
	{"Devanagari", shifted('०'), false},
	{"mathematical bold", shifted('𝟎'), false},
	{"superscript", func(c string) string { return c[:5] + "²" }, false},
	{"one full-width digit", func(c string) string { return shifted('０')(c[:1]) + c[1:] }, false},
	{"combining mark", around("", "\u0301"), false},
	{"plus", around("+", ""), false},
	{"minus", around("-", ""), false},
	{"decimal", around("", ".0"), false},
	{"point", around("", "."), false},
	{"exponent", around("", "e0"), false},
	{"hex prefix", around("0x", ""), false},
	{"hex", func(string) string { return "0x1F40" }, false},
	{"letters", func(string) string { return "abcdef" }, false},
	{"letter O", func(c string) string { return "O" + c[1:] }, false},
	{"percent-encoded", around("%20", ""), false},
	{"quoted", around(`"`, `"`), false},
	{"JSON array", around("[", "]"), false},
	{"not UTF-8", around("\xff", ""), false},
	{"over-long UTF-8 digit", func(c string) string { return "\xc0\xb0" + c[1:] }, false},
	{"true", func(string) string { return "true" }, false},
	{"null", func(string) string { return "null" }, false},
}

// TestC17_Spellings tries each spelling of a code that is right and unspent.
func TestC17_Spellings(t *testing.T) {
	f := newFactor(t, Config{})
	for _, s := range spellings {
		t.Run(s.name, func(t *testing.T) {
			typed := s.write(reference(t, plain(), noonStep))
			for _, verify := range []verifyFunc{signIn, confirm} {
				_, err := verify(f, encode(t, plain()), typed, noon)
				if !s.ok {
					wantBadInput(t, err)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestA04_SpentInEverySpelling tries them after the code was spent, and those
// of the step before it.
func TestA04_SpentInEverySpelling(t *testing.T) {
	f := newFactor(t, Config{})
	code := reference(t, plain(), noonStep)
	spent, err := signIn(f, encode(t, plain()), code, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spellings {
		t.Run(s.name, func(t *testing.T) {
			for _, code := range []string{code, reference(t, plain(), noonStep-1)} {
				_, err := signIn(f, spent.State, s.write(code), noon)
				if s.ok {
					wantNotValid(t, err, "")
				} else {
					wantBadInput(t, err)
				}
			}
		})
	}
}

// TestT12_OneNormalForm: whatever the spelling, what is compared is one value.
func TestT12_OneNormalForm(t *testing.T) {
	for _, s := range spellings {
		got, err := normalize(s.write("287082"))
		if s.ok && (got != "287082" || err != nil) {
			t.Errorf("%s: %q, %v", s.name, got, err)
		}
	}
}

// TestA68_DigitsOfOtherScripts: zero to nine of every script but ASCII's.
func TestA68_DigitsOfOtherScripts(t *testing.T) {
	scripts := 0
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		scripts++
		for _, typed := range []string{strings.Repeat(string(r), 6), "12345" + string(r), string(r) + "1234567"} {
			_, err := normalize(typed)
			wantBadInput(t, err)
		}
	}
	if scripts < 500 {
		t.Errorf("only %d digits were tried", scripts)
	}
}

// TestC17_BadInputDoesNotDependOnTheSecret: with a secret that could not make
// any code, what is no code is still told as such.
func TestC17_BadInputDoesNotDependOnTheSecret(t *testing.T) {
	f := newFactor(t, Config{})
	broken := plain()
	broken.Secret = "0189"
	for _, code := range []string{"", "12345", "12345a", "12345678", "１２３４５６"} {
		_, err := signIn(f, encode(t, broken), code, noon)
		wantBadInput(t, err)
		if code != "" && err != nil && strings.Contains(err.Error(), code) {
			t.Errorf("the error quotes the answer: %v", err)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range spellings {
		if w := s.write("287082"); len(w) < 1000 {
			f.Add(w)
		}
	}
	f.Add("94287082")
	f.Add("9428 7082")
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := normalize(typed)
		bare := strings.ReplaceAll(typed, " ", "")
		isCode := len(typed) <= 128 && (isDigits(bare, 6) || isDigits(bare, 8))
		if err != nil {
			if isCode {
				t.Fatalf("%q is refused", typed)
			}
			if got != "" || !errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrNotValid) {
				t.Fatalf("%q: %v and %v", typed, got, err)
			}
			return
		}
		if !isCode {
			t.Fatalf("%q became %v", typed, got)
		}
		if got != bare {
			t.Fatalf("%q became %q, which is more than dropping spaces", typed, got)
		}
	})
}

func isDigits(s string, n int) bool { return len(s) == n && strings.Trim(s, "0123456789") == "" }
