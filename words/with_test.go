package words

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// with adds to a catalogue what has to be fine.
func with(t testing.TB, c *Catalogue, tag string, messages map[string]string) *Catalogue {
	t.Helper()
	c, err := c.With(tag, messages)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWith(t *testing.T) {
	base := Default()
	own := with(t, base, "en", map[string]string{"error.internal": "Ours.", "format.minutes": "{n, plural, one {# min} other {# mins}}", "method.push": "Push", "risk.moon": "from {place}", "host.welcome": "Hello {name}"})
	own = with(t, own, "fr", map[string]string{"error.internal": "Désolé.", "method.push": "Notification", "host.welcome": "Bonjour {name}"})
	own = with(t, own, "de-at", map[string]string{"format.month.1": "Jänner", "country.no": "Norge"})
	january := time.Date(2026, time.January, 2, 0, 0, 0, 0, time.UTC)
	soon := base.Pick().Text("error.too_soon", "span", 2*time.Minute)
	for _, c := range []struct{ got, want string }{
		{base.Pick().Text("error.internal"), "Something went wrong on our side. Please try again in a moment."},
		{own.Pick().Text("error.internal"), "Ours."},
		{own.Pick("fr").Text("error.internal"), "Désolé."},
		{own.Pick("fr").Text("error.busy"), base.Pick().Text("error.busy")},
		{own.Pick("fr").Text("method.push"), "Notification"},
		{own.Pick("de").Text("method.push"), "Push"},
		{own.Pick("fr").Text("host.welcome", "name", "Ada"), "Bonjour Ada"},
		{own.Pick().Text("error.too_soon", "span", 2*time.Minute), strings.Replace(soon, "2 minutes", "2 mins", 1)}, // in a message that was there
		{own.Pick("de-AT").Date(january), "2. Jänner 2026"},
		{own.Pick("de-AT").Text("method.email"), "E-Mail"}, // of its parent
		{own.Pick("de-AT").Text("risk.new_country", "country", "NO"), "zum ersten Mal aus Norwegen"},
		{own.Pick("fr").Text("risk.moon", "place", "Luna"), "from Luna"},
		{own.Pick("fr").Text("no.such.message"), "no.such.message"},
		{strings.Join(own.Tags(), " "), "en ar de de-AT es fr"},
		{strings.Join(base.Tags(), " "), "en ar de es"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if !slices.Contains(own.IDs(), "method.push") || slices.Contains(base.IDs(), "method.push") || !slices.IsSorted(own.IDs()) {
		t.Error("IDs")
	}
	if !own.Pick("fr").Has("method.push") || own.Pick("fr").Has("method.pull") || base.Pick("de").Has("method.push") || !base.Pick("de").Has("error.busy") {
		t.Error("Has")
	}
}

func TestWithRefuses(t *testing.T) {
	const minutes = "format.minutes"
	for _, c := range []struct{ tag, id, text, want string }{
		{"", minutes, "", "no BCP 47 tag"}, {"not a tag", minutes, "", "no BCP 47 tag"}, {"und", minutes, "", "no BCP 47 tag"}, {strings.Repeat("x", 1000), minutes, "", "no BCP 47 tag"},
		{"fr", "no.such.message", "x", "no such message in English"}, {"fr", "method.push", "x", "no such message in English"}, {"fr", "host.welcome", "x", "no such message in English"},
		{"en", "no.such.message", "x", "no such message in English"}, {"en", "mail.pigeon.subject", "x", "no such message in English"},
		{"en", "method.Push", "x", "no such message in English"}, {"en", "method.", "x", "no such message in English"}, {"en", "error." + strings.Repeat("x", 100), "x", "no such message"},
		{"fr", "error.internal", "", "it is empty"}, {"fr", "error.internal", "{", "no name"}, {"fr", "error.internal", "{span}", "there is no {span}"},
		{"fr", "error.locked", "plus tard", "it has no {span}"}, {"fr", "error.locked", "{span, country}", "it has no {span}"},
		{"fr", "risk.new_country", "de {country}", "it has no {country, country}"}, {"fr", "country.xx.sentence", "x", "no such message in English"},
		{"fr", minutes, "{n, plural, other {# minutes}}", `no form "one", as for 0`}, {"fr", minutes, "{n, plural, =0 {x} =1 {x} other {# minutes}}", ""},
		{"pl", minutes, "{n, plural, one {#} few {#} other {#}}", `no form "many", as for 0`}, {"pl", minutes, "{n, plural, one {#} few {#} many {#} other {#}}", ""},
		{"ar", minutes, "{n, plural, zero {#} one {#} two {#} many {#} other {#}}", `no form "few", as for 3`},
		{"ar", minutes, "{n, plural, =0 {#} =1 {#} =2 {#} few {#} many {#} other {#}}", ""}, // each of these forms is of one number
		{"ar", minutes, "{n, plural, zero {#} one {#} two {#} few {#} many {{n, plural, other {#}}} other {#}}", `no form "zero"`},
		{"ja", minutes, "{n, plural, other {#分}}", ""}, {"en", "country.nz.sentence", "the New Zealand", ""},
	} {
		got, err := Default().With(c.tag, map[string]string{c.id: c.text})
		if c.want == "" && err != nil || c.want != "" && (err == nil || got != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "words: ")) {
			t.Errorf("%.20s, %.20s: %.60q: %v, want %q", c.tag, c.id, c.text, err, c.want)
		}
		if c.want != "" && err != nil && !strings.Contains(c.want, "BCP") && !strings.Contains(err.Error(), c.tag+": ") {
			t.Errorf("%v does not name the language", err)
		}
	}
}

// TestManyAtOnce is for the race detector: catalogues do not change.
func TestManyAtOnce(t *testing.T) {
	c := Default()
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for _, tag := range c.Tags() {
				if c.Pick(tag).Span(time.Minute) == "" {
					t.Error(tag)
				}
			}
			if _, err := c.With("fr", map[string]string{"error.internal": strings.Repeat("x", n+1)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
