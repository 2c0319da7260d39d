package shown

import (
	"strings"
	"testing"
	"unicode"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " Ada  Lovelace ": "Ada Lovelace", "x\r\nBcc: eve": "x Bcc: eve", "a\tb\x00c\x7fd\u0085e": "a b c d e", "a\u2028b\u2029c": "a b c",
		"\u202Etxt.exe\u202C": "txt.exe", "z\u200Bero\uFEFF": "zero", "a\u2066b\u2069": "ab", "soft\u00ADhyphen": "softhyphen", "\xffx\xfe": "x",
		"José Ærø 北京": "José Ærø 北京",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestO12_TextIsNoLinkAndNoNumber(t *testing.T) {
	for text, want := range map[string]string{
		"Oslo, Norway": "Oslo, Norway", "St. Gallen": "St. Gallen", "see https://evil.example": "", "WWW.evil": "", "evil.example": "", "evil。example": "",
		"ev\u200Bil.\u200Bexample": "", "eve@evil.example": "", "MAILTO:eve": "", "tel:1": "", "code 271828": "code …28", "2 7 1 8 2 8": "…28",
		"+47 912 34 567": "…67", "(212) 555-0142": "…42", "٢٧١٨٢٨١٨": "\u2068…١٨\u2069", "Room 12345": "Room 12345", "שלום": "\u2068שלום\u2069",
		strings.Repeat("é", 20): strings.Repeat("é", 20), strings.Repeat("é", 21): strings.Repeat("é", 19) + "…",
	} {
		if got := Text(text, 20); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAccountMayBeAnAddress(t *testing.T) {
	for name, want := range map[string]string{
		"ada@example.com": "ada@example.com", "Ada Lovelace": "Ada Lovelace", "ada@example.com or call 555 123 4567": "", "x https://a.example": "",
		"jürgen@bücher.example": "jürgen@bücher.example", "a@b\nc@d": "", strings.Repeat("a", 40) + "@x": "", "ada@example.com\r\n": "ada@example.com",
	} {
		if got := Account(name, 30); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestDevice(t *testing.T) {
	for agent, want := range map[string]string{
		"": "", "Windows": "Windows", "call +47 912 34 567 or https://evil.example": "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                           "Firefox, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                            "Chrome, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge, Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0":              "Opera, Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                      "Safari, Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1":    "Safari, iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "Chrome, iPhone",
		"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15":           "Firefox, iPad",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                            "Chrome, Android",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":        "Samsung Internet, Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                             "Chrome, ChromeOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "Firefox, Linux",
		"okhttp/4.12.0":                                             "",
		"Example/3.1 (Android 15)":                                  "Android",
		"curl/8.5.0 <script> https://evil.example/Chrome":           "",
		"x Chrome/ evil.example Linux " + strings.Repeat("y", 1000): "Chrome, Linux",
	} {
		if got := Device(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

// FuzzShown: whatever is shown is one line without what cannot be seen, and no
// link; of an account, at most its own address.
func FuzzShown(f *testing.F) {
	for _, s := range []string{"Ada Lovelace", "ada@example.com", "x\r\nBcc: eve@example.net", "\u202Etxt.exe", "שלום 123456", "code 271828", "evil。example", "\xff", strings.Repeat("long ", 50)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Text(s, 40), Account(s, 40)} {
			for _, r := range got {
				if r != '\u2068' && r != '\u2069' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)) {
					t.Errorf("%q: %U", s, r)
				}
			}
			if n := len([]rune(got)); n > 42 || got != Account(s, 40) && link.MatchString(got) {
				t.Errorf("%q: %q", s, got)
			}
		}
	})
}
