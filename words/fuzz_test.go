package words

import (
	"testing"
)

// FuzzParse: nothing that a file holds stops the parser, and what it takes can be
// written with and without values, by the rules of every language.
func FuzzParse(f *testing.F) {
	for _, l := range Default().languages {
		n := 0
		for _, name := range []string{"mail", "risk", "errors", "format", "codes"} {
			texts := rawTexts(f, l.name, name)
			for _, text := range texts {
				if n++; n%9 == 0 {
					f.Add(text)
				}
			}
		}
	}
	for _, text := range []string{"", "'", "'{", "{", "}", "{a", "{a,plural,", "{a, plural, =0 {} one {#} other {'#'}}", "{a, select, a {{a, select, other {}}} other {}}", "{c, country, sentence}", "\xff", "''''"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := parse(text)
		if err != nil {
			if parts != nil && err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		for _, l := range Default().languages {
			l := l.clone()
			l.messages["x"] = parts
			_ = l.complete(parts)
			pairs := []any{}
			for _, name := range variables(parts) {
				pairs = append(pairs, name, 3)
			}
			if out := l.Text("x", pairs...) + l.Text("x"); len(parts) > 0 && len(out) > 1<<20 {
				t.Errorf("%d bytes", len(out))
			}
		}
	})
}
