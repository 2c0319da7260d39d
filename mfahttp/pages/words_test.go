package pages_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

// bracketed is a catalogue whose messages are their ids in brackets, with the values of
// their variables: [page.sent.to +47 …].
func bracketed(t *testing.T) *words.Catalogue {
	t.Helper()
	names, err := filepath.Glob("../../words/en/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("%v %v", names, err)
	}
	all := map[string]string{}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]string
		if err := json.Unmarshal(raw, &messages); err != nil {
			t.Fatal(err)
		}
		for id := range messages {
			all[id] = "[" + id + "]"
		}
	}
	c := words.Default()
	for _, id := range slices.Sorted(maps.Keys(all)) {
		for !strings.HasPrefix(id, "country.") {
			with, err := c.With("en", map[string]string{id: all[id]})
			if err == nil {
				c = with
				break
			}
			missing := lacks.FindStringSubmatch(err.Error()) // {a variable}
			if missing == nil {
				t.Fatalf("%s: %v", all[id], err)
			}
			all[id] = strings.TrimSuffix(all[id], "]") + " " + missing[1] + "]"
		}
	}
	return c
}

// lacks is what With says of a message without one of its variables.
var lacks = regexp.MustCompile(`it has no (\{.*\})$`)

// data is what stands on pages that is not said by us.
var data = regexp.MustCompile(`Example|[a-z]+@example\.com|[a-z]•••@example\.com|\+47 [•0-9 ]+|••• \d\d|https://help\.example/|Firefox[^\[]*|[A-Z2-7]{4}( [A-Z2-7]{4})+|` +
	`\bTest\b|First time from Romania\.|Pay 100 euros to <b>Bob</b>|192\.0\.2\.7|[0-9/:.]+`)

// innermost are brackets without any within.
var innermost = regexp.MustCompile(`\[[^\[\]]*\]`)

// outside is what of a text is neither from the catalogue nor data; empty: nothing.
func outside(text string) string {
	for innermost.MatchString(text) {
		text = innermost.ReplaceAllString(text, "")
	}
	return strings.Trim(data.ReplaceAllString(text, ""), " \n\t·,.…()“”-–—\u2066\u2067\u2068\u2069")
}

// TestNoTextIsOutsideTheCatalogue goes past every page with a catalogue that can be told
// from anything else.
func TestNoTextIsOutsideTheCatalogue(t *testing.T) {
	t.Parallel()
	c := bracketed(t)
	said := map[string]bool{}
	for _, p := range tour(t, "en", change{pages: func(config *pages.Config) { config.Words = c }}) {
		check := func(where, text string) {
			if rest := outside(text); rest != "" {
				t.Errorf("%s: %s: %q is in no catalogue: %q", p.path, where, rest, text)
			}
		}
		p.root.first(named("body")).each(func(n *node) {
			for _, name := range []string{"placeholder", "aria-label", "alt", "title", "data-in", "data-offline", "data-is-failed", "data-is-delivered", "data-is-on_its_way"} {
				check(name, n.attr[name])
			}
			if n.name == "script" {
				var texts map[string]string
				if err := json.Unmarshal([]byte(n.words()), &texts); n.words() != "" && err != nil {
					t.Errorf("%s: %v", p.path, err)
				}
				for name, text := range texts {
					check(name, text)
				}
				n.children = nil
			}
			if slices.ContainsFunc(n.children, func(c *node) bool { return strings.TrimSpace(c.text) != "" }) {
				check(n.name, n.words())
			}
			for _, m := range regexp.MustCompile(`\[(page\.[a-z0-9_.]+)`).FindAllStringSubmatch(n.text, -1) {
				said[m[1]] = true
			}
		})
		check("title", p.root.first(named("title")).words())
	}
	if len(said) < 60 {
		t.Errorf("only %d messages of pages were seen", len(said))
	}
}

// TestEveryWordIsUsed finds messages of the pages that no page asks for any more.
func TestEveryWordIsUsed(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for _, pattern := range []string{"*.go", "templates/*.html", "../*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(raw)
		}
	}
	text := source.String()
	for _, id := range words.Default().IDs() {
		if !strings.HasPrefix(id, "page.") {
			continue
		}
		used := strings.Contains(text, `"`+id+`"`)
		for stem := id; !used && strings.Count(stem, ".") > 1; { // "page.ready." + method
			stem = stem[:strings.LastIndexByte(stem, '.')]
			used = strings.Contains(text, `"`+stem+`."`)
		}
		if parts := strings.Split(id, "."); !used && len(parts) == 3 { // "page." + what + ".title"
			used = strings.Contains(text, `"page."`) && strings.Contains(text, `"`+parts[1]+`"`) && strings.Contains(text, `".`+parts[2]+`"`)
		}
		if !used && !strings.HasPrefix(id, "page.link.") && !strings.HasPrefix(id, "page.notice.") {
			t.Errorf("%s is used nowhere", id)
		}
	}
}
