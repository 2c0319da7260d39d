package gsm7

import (
	"strings"
	"testing"
)

func TestSegments(t *testing.T) {
	for _, tc := range []struct {
		text string
		fits bool
		want int
	}{
		{"", true, 1},
		{strings.Repeat("a", 160), true, 1},
		{strings.Repeat("a", 161), true, 2},
		{strings.Repeat("€", 80), true, 1},
		{strings.Repeat("€", 81), true, 2},
		{strings.Repeat("a", 306), true, 2},
		{strings.Repeat("a", 307), true, 3},
		{strings.Repeat("ж", 70), false, 1},
		{strings.Repeat("ж", 71), false, 2},
		{strings.Repeat("😀", 35), false, 1},
		{strings.Repeat("😀", 36), false, 2},
		{"ÄÖÜ ñ ß Å @ \n", true, 1},
		{"`", false, 1},
	} {
		if got := Segments(tc.text); got != tc.want || Fits(tc.text) != tc.fits {
			t.Errorf("%.10q: %d segments, fits %t", tc.text, got, Fits(tc.text))
		}
	}
}

func TestFits(t *testing.T) {
	for text, want := range map[string]bool{
		"123456 is your code. @example.com #123456": true,
		"Ihr Code für Größe: [5] {€} ~ ^ | \\":      true,
		"Votre code: é è à":                         true,
		"ê":                                         false,
		"код":                                       false,
		"“quoted”":                                  false,
		"tab\t":                                     false,
		"🔑":                                         false,
	} {
		if Fits(text) != want {
			t.Errorf("%q: %t", text, !want)
		}
	}
	if n := len([]rune(basic)); n != 127 { // 128 less the escape
		t.Errorf("the default alphabet has %d characters", n)
	}
}
