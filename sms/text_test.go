package sms

import (
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
	"github.com/mfakit/mfa/words"
)

// bound is what a phone makes of a text: the algorithm "parse an origin-bound
// one-time code message" of the WICG's draft, by its letter, for tests to hold the
// package to.
func bound(text string) (host, code, embedded string, ok bool) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	line := text[strings.LastIndexByte(text, '\n')+1:]
	parts := strings.Split(line, " ")
	if len(parts) < 2 || len(parts[0]) < 2 || len(parts[1]) < 2 || parts[0][0] != '@' || parts[1][0] != '#' {
		return "", "", "", false
	}
	if strings.ContainsAny(parts[0]+parts[1], "\t\f\v") {
		return "", "", "", false
	}
	if len(parts) > 2 && strings.HasPrefix(parts[2], "@") && len(parts[2]) > 1 {
		embedded = parts[2][1:]
	}
	return parts[0][1:], parts[1][1:], embedded, true
}

// withTexts is the catalogue with a host's own texts in a language: of a code, and of one
// that approves something.
func withTexts(t testing.TB, tag, code, action string) func(*Config) {
	t.Helper()
	all, err := words.Default().With(tag, map[string]string{"sms.code": code, "sms.code.action": action})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Words = all }
}

// most is a text with all that a code's has to have.
const most = "{code} {app} {span}"

type vector struct {
	Message  string
	Top      string
	Code     string
	Embedded string
	Fail     bool
	Src      string
}

// vectors are those of WICG/sms-one-time-codes, and what follows from its algorithm.
func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/sms_origin_bound.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Source string
		Cases  []vector
	}
	if err := json.Unmarshal(data, &file); err != nil || len(file.Cases) < 12 || file.Source == "" {
		t.Fatalf("%d vectors, %v", len(file.Cases), err)
	}
	return file.Cases
}

func TestO10_ReaderAgreesWithTheVectors(t *testing.T) {
	for _, v := range vectors(t) {
		host, code, embedded, ok := bound(v.Message)
		if ok == v.Fail || ok && (host != v.Top || code != v.Code || embedded != v.Embedded) {
			t.Errorf("%q (%s): %q, %q, %q, %t", v.Message, v.Src, host, code, embedded, ok)
		}
	}
}

// TestO10_TextsAreBoundToTheOrigin reads every text as a phone does.
func TestO10_TextsAreBoundToTheOrigin(t *testing.T) {
	for _, c := range []struct {
		origin, host string
		digits       int
		text         string
	}{
		{"https://example.com", "example.com", 6, ""},
		{"https://Login.Example.COM", "login.example.com", 8, ""},
		{"https://xn--bcher-kva.example", "xn--bcher-kva.example", 10, ""},
		{"https://localhost", "localhost", 6, ""},
		{"https://example.com", "example.com", 6, "Kode: {code} ({app}, {span})"},
		{"https://example.com", "example.com", 6, "{app}\n\n{code}\n{span}\n"},
		{"https://example.com", "example.com", 6, "Write to help@example.org #1: {code} {app} {span}\n"},
	} {
		f := newFactor(t, func(x *Config) {
			x.Origin, x.Digits = c.origin, c.digits
			if c.text != "" {
				withTexts(t, "en", c.text, "{code} {app} {span}: {action}")(x)
			}
		})
		text := asked(t, f).Delivery.Message.Text
		host, code, embedded, ok := bound(text)
		if !ok || host != c.host || embedded != "" || len(code) != c.digits || !strings.Contains(text[:len(text)-len(code)], code) {
			t.Errorf("%s: %q, %q, %t in %q", c.origin, host, code, ok, text)
		}
		if last := "\n\n@" + c.host + " #" + code; !strings.HasSuffix(text, last) || strings.Count(text, last) != 1 {
			t.Errorf("%s: the last line of %q", c.origin, text)
		}
		if strings.ContainsAny(code, " #@") || strings.Trim(code, "0123456789") != "" {
			t.Errorf("%q is no code", code)
		}
		if step := asked(t, f); !verifies(f, step, codeOf(step)) || code != codeOf(step) && verifies(f, step, code) {
			t.Error("the code of the last line is not the one that counts")
		}
	}
}

func codeOf(step mfa.Step) string {
	text := step.Delivery.Message.Text
	return text[strings.LastIndexByte(text, '#')+1:]
}

func verifies(f *Factor, step mfa.Step, code string) bool {
	_, err := f.Verify(bg, answer(step, code))
	return err == nil
}

// TestO10_HostIsConfigured: nothing of a request gets into a text, which would
// let a forged Host header have phones fill the code in elsewhere.
func TestO10_HostIsConfigured(t *testing.T) {
	f := newFactor(t)
	r := challenge(number1)
	r.Client = mfa.Client{App: "evil.example", UserAgent: "@evil.example #000000", Place: "evil.example", IP: netip.MustParseAddr("192.0.2.1")}
	r.User.Name, r.User.Attributes = "evil.example\n@evil.example #1", map[string]string{"host": "evil.example"}
	step, err := f.Challenge(bg, r)
	if err != nil {
		t.Fatal(err)
	}
	if text := step.Delivery.Message.Text; strings.Contains(text, "evil") || strings.Contains(text, "192.0.2.1") {
		t.Errorf("%q", text)
	}
	none := newFactor(t, func(c *Config) { c.Origin = "" })
	if text := asked(t, none).Delivery.Message.Text; strings.ContainsAny(text, "@#\n") {
		t.Errorf("without an origin: %q", text)
	}
}

func TestO10_OriginsThatAreNone(t *testing.T) {
	for name, origin := range map[string]string{
		"no scheme": "example.com", "http": "http://example.com", "port": "https://example.com:8443", "path": "https://example.com/mfa",
		"slash": "https://example.com/", "query": "https://example.com?x", "fragment": "https://example.com#x", "user": "https://u@example.com",
		"space": "https://example.com ", "line break": "https://example.com\n", "code": "https://example.com #123456", "no host": "https://",
		"other script": "https://bücher.example", "IPv6": "https://[::1]", "empty label": "https://a..b", "dot at the end": "https://example.com.",
		"dash": "https://-a.example", "dash after": "https://a-.example", "underscore": "https://a_b.example", "scheme twice": "https://https://a.example",
		"long": "https://" + strings.Repeat("a.", 130) + "example", "long label": "https://" + strings.Repeat("a", 64) + ".example",
		"right to left": "https://example\u202e.com", "NUL": "https://example.com\x00",
	} {
		if _, err := New(config(func(c *Config) { c.Origin = origin })); err == nil || !strings.Contains(err.Error(), "Config.Origin") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestO10_DefaultTextIsOneMessage also where everything is as long as it may be.
func TestO10_DefaultTextIsOneMessage(t *testing.T) {
	for _, c := range []Config{
		{AppName: "Example", Origin: "https://login.example.com"},
		{AppName: "Example Corporation (Internal)", Origin: "https://accounts.identity.example-corporation.com", Lifetime: 10 * time.Minute},
		{AppName: strings.Repeat("W", 30), Origin: "https://" + strings.Repeat("w", 42) + ".com", Digits: 10, Lifetime: 10 * time.Minute},
		{AppName: "X"},
	} {
		f := newFactor(t, func(x *Config) { x.AppName, x.Origin, x.Digits, x.Lifetime = c.AppName, c.Origin, c.Digits, c.Lifetime })
		text := asked(t, f).Delivery.Message.Text
		if n := len([]rune(text)); n > 160 || !gsm7.Fits(text) || Segments(text) != 1 {
			t.Errorf("%d characters, %d messages: %q", n, Segments(text), text)
		}
	}
	if text := asked(t, newFactor(t)).Delivery.Message.Text; !regexp.MustCompile(
		`^(\d{6}) is your Example code\. It works for 5 minutes\. Give it to nobody\.\n\n@example\.com #\d{6}$`).MatchString(text) {
		t.Errorf("%q", text)
	}
	minute := newFactor(t, func(c *Config) { c.Lifetime = time.Minute })
	if text := asked(t, minute).Delivery.Message.Text; !strings.Contains(text, "for 1 minute.") {
		t.Errorf("%q", text)
	}
}

func TestTextsByLocale(t *testing.T) {
	all := words.Default()
	for tag, text := range map[string]string{
		"no": "{code} er koden din hos {app}. Den virker i {span}. Ikke gi den til noen.", "pt": "{code} é o seu código {app} {span}",
		"pt-BR": "{code} é seu código {app} {span}", "ru": "{code} — ваш код для {app}. Он действует {span}. Никому его не сообщайте.",
		"zh-Hant": "{app} 驗證碼:{code} {span}",
	} {
		var err error
		if all, err = all.With(tag, map[string]string{"sms.code": text}); err != nil {
			t.Fatal(err)
		}
	}
	locale := ""
	f := newFactor(t, func(c *Config) {
		c.Words = all
		c.Locale = func(u mfa.User, _ mfa.Client) string {
			if u.ID != ada.ID {
				t.Errorf("the locale of %v", u)
			}
			return locale
		}
	})
	for l, want := range map[string]struct {
		text     string
		segments int
	}{
		"":                         {"is your Example code", 1},
		"en-GB":                    {"is your Example code", 1},
		"no":                       {"er koden din hos Example. Den virker i 5 minutes", 1},
		"no-NO":                    {"er koden din", 1},
		"pt":                       {"é o seu código", 1},
		"pt-PT":                    {"é o seu código", 1},
		"pt-BR":                    {"é seu código", 1},
		"ru":                       {"ваш код для Example", 2},
		"zh-Hant-TW":               {"驗證碼", 1},
		"-":                        {"is your Example code", 1},
		"---no":                    {"is your Example code", 1},
		strings.Repeat("-", 1<<20): {"is your Example code", 1},
		"../../etc\x00":            {"is your Example code", 1},
	} {
		locale = l
		text := asked(t, f).Delivery.Message.Text
		if !strings.Contains(text, want.text) {
			t.Errorf("%.40q: %q", l, text)
		}
		if got := Segments(text); got != want.segments {
			t.Errorf("%.40q: %d messages, want %d: %q", l, got, want.segments, text)
		}
		if host, _, _, ok := bound(text); !ok || host != "example.com" {
			t.Errorf("%.40q: %q", l, text)
		}
	}
	own := newFactor(t, withTexts(t, "en", "Your own: "+most, most+" {action}"))
	if text := asked(t, own).Delivery.Message.Text; !strings.HasPrefix(text, "Your own: ") {
		t.Errorf("%q", text)
	}
}

func TestTextsThatAreRefused(t *testing.T) {
	const fine, named = "{app} {span} {code}", "{app} {span} {code}: {action}"
	for name, tc := range map[string]struct{ code, action, says string }{
		"no code for some":      {"{span} {app, select, example {{code}} other {}}", named, "sms.code in the language no: it does not say {code}"},
		"another's last line":   {fine + "\n@evil.example #{code}", named, "a line that begins with @"},
		"only another's line":   {"@{app} #{code} {span}", named, "a line that begins with @"},
		"indented":              {fine + "\n  @evil.example #1\nx", named, "a line that begins with @"},
		"hidden":                {fine + "\n\u2068@evil.example #1\u2069\nx", named, "a line that begins with @"},
		"carriage return":       {fine + "\r@evil.example #1", named, "control characters"},
		"NUL":                   {fine + "\x00", named, "control characters"},
		"escape":                {fine + "\x1b[0m", named, "control characters"},
		"too long":              {fine + strings.Repeat("long ", 200), named, "more than 4 messages"},
		"too long outside GSM":  {fine + strings.Repeat("д", 300), named, "more than 4 messages"},
		"no action for some":    {fine, "{span} {code} {app, select, example {{action}} other {}}", "sms.code.action in the language no: it does not say, after {code}"},
		"action before code":    {fine, "{action}: " + fine, "the {action} that people approve"},
		"no code with action":   {fine, "{span} {action} {app, select, example {{code}} other {}}", "the {action} that people approve"},
		"action's own line":     {fine, fine + "\n {action}", "a line that begins with {action}"},
		"no room for an action": {fine, named + strings.Repeat("long ", 50), "in another script it costs more"},
	} {
		_, err := New(config(withTexts(t, "no", tc.code, tc.action)))
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "sms: Config.Words: sms.code") {
			t.Errorf("%s: %v, want …%s…", name, err, tc.says)
		}
	}
}

// TestTextThatFailsLaterSendsNothing: a condition that was not met when the text
// was tried. The error does not hold the code.
func TestTextThatFailsLaterSendsNothing(t *testing.T) {
	for _, pay := range []string{"{code}\n@evil.example #1", "no code"} {
		f := newFactor(t, withTexts(t, "en", most, "{action, select, pay {"+pay+"} other {"+most+": {action}}}"))
		step, err := approving(f, "pay")
		if err == nil || step.Delivery != nil || strings.ContainsAny(err.Error(), "0123456789") {
			t.Errorf("%v", err)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, tc := range []struct {
		text string
		want int
	}{
		{"", 1}, {strings.Repeat("a", 160), 1}, {strings.Repeat("a", 161), 2}, {strings.Repeat("a", 306), 2}, {strings.Repeat("a", 307), 3},
		{strings.Repeat("€", 80), 1}, {strings.Repeat("€", 81), 2}, {strings.Repeat("д", 70), 1}, {strings.Repeat("д", 71), 2},
		{strings.Repeat("🔑", 35), 1}, {strings.Repeat("🔑", 36), 2},
	} {
		if got := Segments(tc.text); got != tc.want {
			t.Errorf("%d of %.4q: %d messages, want %d", len([]rune(tc.text)), tc.text, got, tc.want)
		}
	}
}
