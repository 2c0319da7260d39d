package words

import (
	"strings"
	"testing"
)

func TestPick(t *testing.T) {
	c, err := Default().With("pt-BR", nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = c.With("de-AT", map[string]string{"format.month.1": "Jänner"}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		preferred []string
		want      string
	}{
		{nil, "en"}, {[]string{""}, "en"}, {[]string{"", "de"}, "de"}, {[]string{"de"}, "de"}, {[]string{"DE"}, "de"}, {[]string{"de_CH"}, "de"}, {[]string{"de-Latn-CH"}, "de"},
		{[]string{"de-AT"}, "de-AT"}, {[]string{"es-419"}, "es"}, {[]string{"ar-EG"}, "ar"}, {[]string{"pt"}, "pt-BR"}, {[]string{"en-GB"}, "en"},
		{[]string{"tlh", "es"}, "es"}, {[]string{"tlh"}, "en"}, {[]string{"ja, zh;q=0.8"}, "en"},
		{[]string{"de-CH,de;q=0.9,en;q=0.8"}, "de"}, {[]string{"en;q=0.1, ar;q=0.9"}, "ar"}, {[]string{"en;q=0, es"}, "es"}, {[]string{"fr-CA, es;q=0.5"}, "es"},
		{[]string{"*"}, "en"}, {[]string{"*, es;q=0.1"}, "es"}, {[]string{"es", "ar"}, "es"},
		// What cannot be read spoils nothing.
		{[]string{"x;y", "es"}, "es"}, {[]string{"../../etc, es"}, "es"}, {[]string{"de;q=high, es"}, "es"}, {[]string{"\x00\xff", "ar"}, "ar"}, {[]string{",,,;;;"}, "en"},
		// Bounded: what comes late is not read.
		{[]string{strings.Repeat("tlh,", 60) + "es"}, "en"},
		{[]string{strings.Repeat("a", 1<<20) + ",es"}, "en"}, {[]string{strings.Repeat("es-", 1<<20)}, "en"}, {[]string{strings.Repeat("-", 1<<20)}, "en"},
		{[]string{strings.Repeat("x,", 50) + "es"}, "es"},
		{[]string{"es," + strings.Repeat("tlh,", 1<<18)}, "es"}, // all but the first few
	} {
		if got := c.Pick(p.preferred...); got.Tag() != p.want {
			t.Errorf("%.40q: %s, want %s", p.preferred, got.Tag(), p.want)
		}
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = "tlh"
	}
	if got := c.Pick(append(many, "es")...).Tag(); got != "en" {
		t.Errorf("after a thousand others: %s", got)
	}
	for _, tag := range c.Tags() {
		if got := c.Pick(tag).Tag(); got != tag {
			t.Errorf("%s is %s", tag, got)
		}
	}
	if l := c.Pick("ar"); l.Dir() != "rtl" || c.Pick("de").Dir() != "ltr" {
		t.Error("directions")
	}
	for tag, want := range map[string]string{"he": "rtl", "fa": "rtl", "ur-PK": "rtl", "ckb": "rtl", "az-Arab": "rtl", "az": "ltr", "ja": "ltr", "ps": "rtl", "yi": "rtl", "dv": "rtl"} {
		other, err := c.With(tag, nil)
		if err != nil || other.Pick(tag).Dir() != want {
			t.Errorf("%s: %s, %v", tag, other.Pick(tag).Dir(), err)
		}
	}
}

// FuzzPick: no header stops it, and there is always a language.
func FuzzPick(f *testing.F) {
	for _, s := range []string{"", "de-CH,de;q=0.9,en;q=0.8", "*", "x-x-x-x", "de-u-co-phonebk;q=1.0", "i-klingon, zh-min-nan", "en-a-bbb-x-a-ccc,;q", "art-lojban;q=0.5"} {
		f.Add(s)
	}
	c := Default()
	f.Fuzz(func(t *testing.T, s string) {
		if l := c.Pick(s); l == nil || l.Tag() == "" {
			t.Error(s)
		}
	})
}
