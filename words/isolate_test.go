package words

import (
	"strings"
	"testing"
	"time"
)

// TestValuesKeepTheirDirection: what somebody chose turns nothing around that stands
// beside it, and codes stay what is copied (UAX #9).
func TestValuesKeepTheirDirection(t *testing.T) {
	const hebrew = "שלום"
	for _, c := range []struct {
		tag   string
		value any
		want  string
	}{
		{"ar", "Example", "\u2068Example\u2069"},
		{"ar", "مثال", "\u2068مثال\u2069"},
		{"ar", "123456", "123456"}, {"ar", "1234-5678", "1234-5678"}, {"ar", 1234567, "1,234,567"}, {"ar", "", ""},
		{"ar", "123 456", "\u2068123 456\u2069"},
		{"ar", 5 * time.Minute, "5 دقائق"},
		{"ar", []string{"SMS", "تطبيق"}, "\u2068SMS\u2069 أو \u2068تطبيق\u2069"},
		{"ar", true, "\u2068true\u2069"},
		{"en", "Example", "Example"}, {"en", hebrew, "\u2068" + hebrew + "\u2069"}, {"en", "\u2068" + hebrew + "\u2069", "\u2068" + hebrew + "\u2069"},
		{"en", "123456", "123456"}, {"en", "José 北京", "José 北京"},
		// One that ends our isolation, or begins one that it does not end.
		{"ar", "a\u2069b", "\u2068ab\u2069"}, {"ar", "a\u2067b", "\u2068ab\u2069"}, {"ar", "\u2069\u2068", "\u2068\u2069"},
		{"ar", "\u2068a\u2069b\u2068c\u2069", "\u2068\u2068a\u2069b\u2068c\u2069\u2069"}, {"ar", "\u2068a\u2067b\u2069c\u2069", "\u2068a\u2067b\u2069c\u2069"},
	} {
		if got := lone(t, c.tag, "{v}").Text("x", "v", c.value); got != c.want {
			t.Errorf("%s: %+q is %+q, want %+q", c.tag, c.value, got, c.want)
		}
	}
}

// FuzzIsolate: whatever a value holds, all isolation that begins in it ends in it,
// and digits are not touched.
func FuzzIsolate(f *testing.F) {
	for _, s := range []string{"", "Example", "123456", "שלום", "a\u2069b", "\u2068\u2068x\u2069", "\u2069\u2067\u2066", "\xff\u2068"} {
		f.Add(s)
	}
	arabic, english := Default().Pick("ar"), Default().Pick("en")
	f.Fuzz(func(t *testing.T, value string) {
		for _, l := range []*Language{arabic, english} {
			got := l.Isolate(value)
			if strings.Trim(value, "0123456789-") == "" && got != value {
				t.Errorf("%q became %q", value, got)
			}
			if got == value && !strings.ContainsAny(got, isolates+end) || !l.right && got == value && !strings.ContainsFunc(value, fromRight) {
				continue
			}
			depth := 0
			for _, r := range got {
				if strings.ContainsRune(isolates, r) {
					depth++
				} else if string(r) == end {
					depth--
				}
				if depth < 0 {
					break
				}
			}
			if depth != 0 {
				t.Errorf("%+q became %+q", value, got)
			}
		}
	})
}
