package shown

import (
	"strings"
	"testing"
	"unicode"
)

func TestO12_WholeIsNoLinkAndLacksNothing(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Pay 1,234,567.50 EUR to Bob": "Pay 1,234,567.50 EUR to Bob", "account 12345678, e.g. now": "account 12345678, e.g. now",
		"Pay amazon.de": "Pay amazon .de", "a.b.cc.dd/x": "a .b .cc .dd/x", "see https://evil.example/x": "see https: //evil .example/x",
		"to bob@evil.example": "to bob(at)evil .example", "@evil.example #123456": "(at)evil .example #123456", "WWW.1x": "WWW .1x", "www.": "www .",
		"evil。example": "evil 。example", "MAILTO:eve": "MAILTO :eve", "tel:1": "tel :1", "mail\u200Bto:eve": "mailto :eve", "ev\u200Bil.\u200Bexample": "evil .example",
		"a\r\n@b #1": "a (at)b #1", "\u202Ex\u2066y": "xy", "\u200b\u2060": "", "שלום": "\u2068שלום\u2069", strings.Repeat("é", 61): strings.Repeat("é", 59) + "…",
	} {
		if got := Whole(text, 60); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzWhole: it ends, is one line and no link, and has all letters and digits.
func FuzzWhole(f *testing.F) {
	for _, s := range []string{"Pay 12.50 EUR to Bob", "www.www.www.", "a.b.c.d.ee", "x@y.z", "http://tel:mailto:@", "\u202Ewww\u200B.x", "。．｡ab", "wwwW.", "שלום.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Whole(s, 1<<20)
		if link.MatchString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q: %q", s, got)
		}
		if kept(strings.ReplaceAll(got, "(at)", "@")) != kept(strings.ReplaceAll(Line(s), "(at)", "@")) {
			t.Errorf("%q: %q", s, got)
		}
	})
}

// kept is what Whole must not lose.
func kept(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.L, unicode.N) || r == '@' {
			return r
		}
		return -1
	}, s)
}
