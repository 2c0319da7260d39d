package words

import (
	"strings"
	"testing"
)

// lone is a language with one message.
func lone(t testing.TB, tag, text string) *Language {
	t.Helper()
	all, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all.languages {
		if l.name == tag {
			if err := l.add(map[string]string{"x": text}); err != nil {
				t.Fatal(err)
			}
			return l
		}
	}
	t.Fatalf("no language %s", tag)
	return nil
}

// TestText is ICU's syntax, as far as messages use it.
func TestText(t *testing.T) {
	for _, c := range []struct {
		text  string
		pairs []any
		want  string
	}{
		{"plain", nil, "plain"},
		{"{name}", []any{"name", "Ada"}, "Ada"},
		{"Hello { name }!", []any{"other", 1, "name", "Ada"}, "Hello Ada!"},
		{"{name}", nil, "{name}"},
		{"{name}", []any{"name"}, "{name}"},
		{"{name}", []any{7, "name"}, "{name}"},
		{"{name}", []any{"name", "{name} '{' # {x, plural, other {}}"}, "{name} '{' # {x, plural, other {}}"}, // a value is no syntax
		{"{a} {b}", []any{map[string]string{"a": "1"}, "b", "2"}, "1 2"},
		{"{a} {b}", []any{"b", "2", map[string]string{"a": "1"}}, "1 2"},
		{"{n} {ok}", []any{"n", uint8(7), "ok", true}, "7 true"},
		{"{n}", []any{"n", 1234567}, "1,234,567"},
		{"{n}", []any{"n", struct{ A int }{1}}, "{1}"},

		// Apostrophes, as ICU has them by default (DOUBLE_OPTIONAL).
		{"don't", nil, "don't"}, {"don''t", nil, "don't"}, {"'{'name'}'", nil, "{name}"}, {"'{name}'", nil, "{name}"}, {"it's {a}", []any{"a", "x"}, "it's x"},
		{"a ' b", nil, "a ' b"}, {"'{it''s}'", nil, "{it's}"}, {"'{ no end", nil, "{ no end"}, {"end '", nil, "end '"}, {"'#'", nil, "'#'"},
		{"{n, plural, other {'#' is #, don't}}", []any{"n", 2}, "# is 2, don't"},

		{"#", nil, "#"}, // outside of a plural
		{"{n, plural, =0 {none} one {# code} other {# codes}}", []any{"n", 0}, "none"},
		{"{n, plural, =0 {none} one {# code} other {# codes}}", []any{"n", 1}, "1 code"},
		{"{n, plural, =0 {none} one {# code} other {# codes}}", []any{"n", 1234}, "1,234 codes"},
		{"{n, plural, =0 {none} one {# code} other {# codes}}", []any{"n", "1"}, "1 code"},
		{"{n, plural, =0 {none} one {# code} other {# codes}}", []any{"n", int64(-1)}, "-1 code"},
		{"{n, plural, =0 {none} one {# code} other {# codes}}", []any{"n", "x"}, "{n} codes"},
		{"{n, plural, =0 {none} one {# code} other {# codes}}", nil, "{n} codes"},
		{"{n, plural, =1 {exactly} one {#} other {#}}", []any{"n", 1}, "exactly"},
		{"{n,plural,one{#}other{#{a}}}", []any{"n", 5, "a", "!"}, "5!"},
		{"{n, plural, one {{m, plural, one {#} other {# b}}} other {{m, plural, one {#} other {# b}} of #}}", []any{"n", 5, "m", 3}, "3 b of 5"},
		{"{n, plural, one {} other {{s, select, a {# a} other {#}}}}", []any{"n", 5, "s", "a"}, "5 a"},

		{"{s, select, a {A} other {O}}", []any{"s", "a"}, "A"},
		{"{s, select, a {A} other {O}}", []any{"s", "b"}, "O"},
		{"{s, select, a {A} other {O}}", []any{"s", "other"}, "O"},
		{"{s, select, a {A} other {O}}", nil, "O"},
		{"{s, select, true {A} other {O}}", []any{"s", true}, "A"},
		{"{s, select, empty {-} other {{s}}}", []any{"s", ""}, "-"},
		{"{s, select, empty {-} other {{s}}}", nil, "-"},
		{"{s, select, empty {-} other {{s}}}", []any{"s", "empty"}, "empty"}, // somebody's name
		{"{s, select, other {}}", nil, ""},

		{"from {c, country}", []any{"c", "NO"}, "from Norway"},
		{"{c, country}", []any{"c", "NL"}, "Netherlands"},
		{"from {c, country, sentence}", []any{"c", "NL"}, "from the Netherlands"},
		{"from {c, country, sentence}", []any{"c", "NO"}, "from Norway"},
		{"{c, country}", []any{"c", "ZZ"}, "ZZ"}, {"{c, country}", []any{"c", ""}, ""}, {"{c, country}", nil, ""}, {"{c, country}", []any{"c", 7}, ""},
		{"{c, country}", []any{"c", "no.sentence"}, "no.sentence"},
	} {
		if got := lone(t, "en", c.text).Text("x", c.pairs...); got != c.want {
			t.Errorf("%s with %v: %q, want %q", c.text, c.pairs, got, c.want)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	deep := strings.Repeat("{a, select, other {", maxDepth+1) + strings.Repeat("}}", maxDepth+1)
	many := "{a, select, "
	for n := range maxCases + 1 {
		many += "a" + strings.Repeat("b", n%30) + strings.Repeat("c", n/30) + " {} "
	}
	for text, want := range map[string]string{
		"}": "without its {", "a } b": "without its {", "{": "no name", "{}": "no name", "{ }": "no name", "{Name}": "no name", "{1}": "no name",
		"{na-me}": "neither } nor a comma", "{name": "neither } nor a comma", "{name,": "no name", "{name, date}": "none of country", "{name, number, x}": "none of country",
		"{n, plural}": "no comma", "{n, plural,": "no name", "{n, plural, }": "no other", "{n, plural, one {x}}": "no other", "{n, select, a {x}}": "no other",
		"{n, plural, lots {x} other {x}}": "no plural form", "{n, plural, = {x} other {x}}": "no number", "{n, plural, =x {x} other {x}}": "no number",
		"{n, plural, =01 {x} other {x}}": "no number", "{n, plural, =1000000 {x} other {x}}": "too large", "{n, select, =1 {x} other {x}}": "no name",
		"{n, plural, one x other {x}}": "no {", "{n, plural, one {x other {x}": "has no }", "{n, plural, other {x}": "no name",
		"{n, plural, other {x} other {y}}": "twice", "{n, plural, =1 {x} =1 {x} other {y}}": "twice", "{c, country": "no }", "{c, country, x}": "something else",
		"{c, country, sentence": "no }", "\xff": "UTF-8", "{" + strings.Repeat("a", maxName+1) + "}": "no name",
		strings.Repeat("a", maxMessage+1): "longer", deep: "within each other", many + " other {}}": "more than",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}

// TestPluralForms: the number decides by the rules of the language (CLDR).
func TestPluralForms(t *testing.T) {
	all := "{n, plural, zero {zero} one {one} two {two} few {few} many {many} other {other}}"
	for tag, forms := range map[string]map[int]string{
		"en": {0: "other", 1: "one", 2: "other", 11: "other", 101: "other", 1_000_001: "other"},
		"ar": {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 102: "other", 103: "few", 1_000_003: "few", -2: "two"},
		"pl": {1: "one", 2: "few", 4: "few", 5: "many", 12: "many", 22: "few", 112: "many", 1_000_000: "many"},
		"cy": {0: "zero", 1: "one", 2: "two", 3: "few", 6: "many", 7: "other"},
		"ja": {0: "other", 1: "other"},
		"no": {1: "one", 2: "other"},
	} {
		c, err := Default().With(tag, map[string]string{"error.attempts_left": all})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range forms {
			if got := c.Pick(tag).Text("error.attempts_left", "n", n); got != want {
				t.Errorf("%s: %d is %s, want %s", tag, n, got, want)
			}
		}
	}
}
