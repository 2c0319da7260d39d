package risk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

func TestAgents(t *testing.T) {
	const androidChrome = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
	for _, c := range []struct {
		name      string
		userAgent string
		hints     mfa.Hints
		want      Agent
	}{
		{"nothing", "", mfa.Hints{}, Agent{}},
		{"Chrome on Windows", chromeWindows, mfa.Hints{}, Agent{"Chrome", "Windows", "desktop"}},
		{"Firefox on Linux", firefoxLinux, mfa.Hints{}, Agent{"Firefox", "Linux", "desktop"}},
		{"Safari on a phone", safariPhone, mfa.Hints{}, Agent{"Safari", "iOS", "mobile"}},
		{"Chrome on a phone", androidChrome, mfa.Hints{}, Agent{"Chrome", "Android", "mobile"}},
		{"Edge", chromeWindows + " Edg/126.0.0.0", mfa.Hints{}, Agent{"Edge", "Windows", "desktop"}},
		{"a phone's Edge", androidChrome + " EdgA/126.0.0.0", mfa.Hints{}, Agent{"Edge", "Android", "mobile"}},
		{"an iPad", strings.ReplaceAll(safariPhone, "iPhone", "iPad"), mfa.Hints{}, Agent{"Safari", "iOS", "tablet"}},
		{"a robot", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", mfa.Hints{}, Agent{"another browser", "", "bot"}},
		{"a script", "python-requests/2.31", mfa.Hints{}, Agent{"a script", "", ""}},
		{"what it names itself is not repeated", "Approved by your bank/1.0 (TrustMe 1)", mfa.Hints{}, Agent{"another browser", "", ""}},
		{"hints come first", chromeWindows, mfa.Hints{Brands: `"Not/A)Brand";v="8", "Chromium";v="126", "Brave";v="126"`, Mobile: "?0", Platform: `"macOS"`},
			Agent{"Brave", "macOS", "desktop"}},
		{"hints alone", "", mfa.Hints{Brands: `"Chromium";v="126", "Google Chrome";v="126"`, Mobile: "?1", Platform: `"Android"`},
			Agent{"Chrome", "Android", "mobile"}},
		{"Chromium beside nothing", "", mfa.Hints{Brands: `"Not;A=Brand";v="8", "Chromium";v="126"`}, Agent{"Chromium", "", ""}},
		{"a tablet is not mobile", chromeWindows, mfa.Hints{Mobile: "?0", Platform: `"Android"`}, Agent{"Chrome", "Android", "tablet"}},
		{"hints that say nothing", firefoxLinux, mfa.Hints{Brands: `"`, Mobile: "?7", Platform: `""`}, Agent{"Firefox", "Linux", "desktop"}},
		{"hints that nobody knows", firefoxLinux, mfa.Hints{Brands: `"Evil";v="1"`, Platform: `"Evil"`}, Agent{"Firefox", "Linux", "desktop"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scorer(t)
			a := from("", c.userAgent, noon)
			a.Client.Hints = c.hints
			is(t, sight(t, s, nil, a).Agent, c.want)
			if v := strings.Replace(c.userAgent, "126.0.0.0", "127.0.6533.72", 1); v != c.userAgent {
				a.Client.UserAgent = v
				is(t, sight(t, s, nil, a).Agent, c.want) // an update changes nothing
			}
		})
	}
}

// TestModels: what is left of a header does not change with an update, and tells models and apps apart.
func TestModels(t *testing.T) {
	const phone = "Mozilla/5.0 (Linux; Android 14; SM-G973F Build/QP1A.190711.020; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36"
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{chromeWindows, strings.Replace(chromeWindows, "126.0.0.0", "127.1.2.3", 1), true},
		{chromeWindows, strings.Replace(chromeWindows, "NT 10.0", "NT 6.1", 1), true},
		{safariPhone, strings.NewReplacer("17_5", "18_0", "17.5", "18.0", "15E148", "16A100").Replace(safariPhone), true},
		{firefoxLinux, strings.ReplaceAll(firefoxLinux, "127.0", "128.0"), true},
		{phone, strings.NewReplacer("QP1A.190711.020", "RP1A.200720.012", "Android 14", "Android 15", "126.0.6478.71", "9").Replace(phone), true},
		{phone, strings.Replace(phone, "SM-G973F", "SM-G980F", 1), false},
		{phone, phone + " Instagram 330.0", false},
		{phone, chromeWindows, false},
		{chromeWindows, chromeWindows + " Edg/126.0.0.0", false},
	} {
		a, b := string(withoutVersions(c.a, nil)), string(withoutVersions(c.b, nil))
		if (a == b) != c.same {
			t.Errorf("%q\n%q", a, b)
		}
	}
}

// TestSpoofedHeaders: whatever is sent is bounded, and named by our own names alone.
func TestSpoofedHeaders(t *testing.T) {
	s := scorer(t)
	history := learn(t, s, nil, daily("192.0.2.1", chromeWindows, 3)...)
	huge := strings.Repeat("Firefox/1.0 (", 100_000)
	for _, h := range []string{huge, "\x00\xff\n<script>", "(((((((", `"""""""`, strings.Repeat(`"Brave",`, 100_000)} {
		a := from("192.0.2.1", h, noon)
		a.Client.Hints = mfa.Hints{Brands: h, Mobile: h, Platform: h}
		said, seen, err := s.Score(t.Context(), a, history)
		if err != nil || len(seen) > observationMost {
			t.Fatal(len(seen), err)
		}
		for _, r := range said.Reasons {
			if len(r.Text)+len(r.Usual) > 200 || strings.ContainsAny(r.Text+r.Usual, "<\x00\n") || !utf8.ValidString(r.Text+r.Usual) {
				t.Errorf("%q", r.Text)
			}
		}
		k := keyOf(a.Client)
		if n := len(k.userAgent) + len(k.brands) + len(k.mobile) + len(k.platform); n > 2*maxUserAgent+2*maxHint {
			t.Errorf("%d bytes are read of", n)
		}
	}
	// Browsers beyond the bound of what is remembered cost a parse each and no memory.
	for n := range 3 * agentsCached {
		s.agents.get(agentKey{userAgent: fmt.Sprintf("Firefox/%d", n)}, s.print)
	}
	if n := len(s.agents.now) + len(s.agents.old); n > agentsCached {
		t.Errorf("%d browsers are remembered", n)
	}
	for range 2 {
		is(t, s.agents.get(agentKey{userAgent: firefoxLinux}, s.print).agentID, parseAgent(agentKey{userAgent: firefoxLinux}))
	}
}

// TestNamesStayWhereTheyAre: their positions are stored.
func TestNamesStayWhereTheyAre(t *testing.T) {
	for i, name := range []string{"", "another browser", "Chrome", "Firefox", "Safari", "Edge", "Opera", "Samsung Browser", "Internet Explorer"} {
		is(t, browsers[i], name)
	}
	for i, name := range []string{"", "another system", "Windows", "macOS", "iOS", "Android", "Linux", "ChromeOS"} {
		is(t, systems[i], name)
	}
	is(t, classes, []string{"", "desktop", "mobile", "tablet", "bot"})
	is(t, browsers[len(browsers)-1], "Coc Coc") // add behind it, here and there
	is(t, systems[len(systems)-1], "HarmonyOS")
	for from, to := range agentNames {
		if !slices.Contains(browsers, to) && !slices.Contains(systems, to) {
			t.Errorf("%q leads to %q, which is nothing", from, to)
		}
	}
}

func TestCountryCodes(t *testing.T) {
	if len(countryNames) != 250 {
		t.Errorf("%d countries", len(countryNames))
	}
	for code := range countryNames {
		is(t, countryCode(countryID(code)), code)
	}
	is(t, countryCode(countryID("ZZ")), "ZZ")
	for _, bad := range []string{"", "N", "NOR", "no", "N1", "é"} {
		is(t, countryID(bad), 0)
	}
	is(t, countryCode(0), "")
	is(t, countryName("NL"), "the Netherlands")
	is(t, countryName("ZZ"), "ZZ")
}

func FuzzAgent(f *testing.F) {
	f.Add(chromeWindows, `"Brave";v="1"`, "?0", `"Windows"`)
	f.Add("", `"`, "", "")
	f.Add("((((", `"Chromium",,,"`, "?1", "\xff")
	f.Fuzz(func(t *testing.T, ua, brands, mobile, platform string) {
		c := mfa.Client{UserAgent: ua, Hints: mfa.Hints{Brands: brands, Mobile: mobile, Platform: platform}}
		if id := parseAgent(keyOf(c)); !id.valid() {
			t.Fatal(id)
		}
	})
}
