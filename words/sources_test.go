package words

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCodeHasWords reads the sources: whatever a program is told by a code, a
// person is told in words.
func TestEveryCodeHasWords(t *testing.T) {
	english := Default().Pick()
	for _, c := range []struct {
		folder, files string // of the sources; empty files: all of the folder
		find          func(ast.Node) []string
		prefix        string
		least         int
		not           string // codes that are never told to people
	}{
		{"../mfahttp", "", field("Code"), "error.", 25, ""},
		{"../mfahttp", "problem.go", constants("code"), "error.", 1, ""},
		{"../sms", "number.go", constants("Reason"), "error.refused.", 8, ""},
		{"../emailcode", "address.go", constants("Reason"), "error.refused.", 3, ""},
		{"../webauthn", "attestation.go", keys("refusals"), "error.refused.", 7, ""},
		{"../totp", "", field("Reason"), "error.refused.", 1, ""},
		{"../recovery", "", field("Reason"), "error.refused.", 1, ""},
		{"..", "send.go", constants("Send"), "error.delivery.", 8, ""},
		{"..", "flow.go", constants("Reason"), "error.denied.", 5, ""},
		{"..", "evidence.go", constants("Missing"), "error.missing.", 7, ""},
		{"..", "errors.go", constants("Hint"), "error.", 1, ""},
		{"../risk", "reasons.go", constants("code"), "risk.", 25, ""},
		{"..", "event.go", notices, "mail.", 20, "enrollment.imported"}, // which is for the record
	} {
		codes := map[string]bool{}
		for _, file := range sources(t, c.folder, c.files) {
			ast.Inspect(file, func(n ast.Node) bool {
				for _, code := range c.find(n) {
					codes[code] = true
				}
				return true
			})
		}
		if len(codes) < c.least {
			t.Errorf("%s%s: found only %v", c.folder, c.files, codes)
		}
		for code := range codes {
			id := c.prefix + code
			if c.prefix == "mail." {
				id += ".subject"
			}
			if !english.Has(id) && code != c.not {
				t.Errorf("%s: %s has no words: %s", c.folder, code, id)
			}
		}
	}
}

// sources parses what is no test in a folder.
func sources(t *testing.T, folder, only string) []*ast.File {
	t.Helper()
	var files []*ast.File
	names, err := fs.Glob(os.DirFS(folder), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || only != "" && name != only {
			continue
		}
		file, err := goparser.ParseFile(token.NewFileSet(), folder+"/"+name, nil, goparser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

func text(x ast.Expr) []string {
	if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
			return []string{s}
		}
	}
	return nil
}

// field finds the values of a field in literals.
func field(name string) func(ast.Node) []string {
	return func(n ast.Node) []string {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok && id.Name == name {
				return text(kv.Value)
			}
		}
		return nil
	}
}

// constants finds constants by the beginning of their names.
func constants(prefix string) func(ast.Node) []string {
	return func(n ast.Node) []string {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 && strings.HasPrefix(v.Names[0].Name, prefix) {
			return text(v.Values[0])
		}
		return nil
	}
}

// keys finds the keys of a map.
func keys(name string) func(ast.Node) []string {
	return func(n ast.Node) []string {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != name || len(v.Values) != 1 {
			return nil
		}
		var out []string
		for _, e := range v.Values[0].(*ast.CompositeLit).Elts {
			out = append(out, text(e.(*ast.KeyValueExpr).Key)...)
		}
		return out
	}
}

// notices finds the types of events that users are told of, which have a star.
func notices(n ast.Node) []string {
	if v, ok := n.(*ast.ValueSpec); ok && v.Comment != nil && strings.HasPrefix(v.Comment.Text(), "*") {
		return text(v.Values[0])
	}
	return nil
}

// TestCountries: the names in English are those that package risk has.
func TestCountries(t *testing.T) {
	raw, err := os.ReadFile("../risk/countries.txt")
	if err != nil {
		t.Fatal(err)
	}
	l := lone(t, "en", "{c, country, sentence}")
	n := 0
	for line := range strings.Lines(string(raw)) {
		code, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n++
		if got := l.Text("x", "c", code); got != name {
			t.Errorf("%s is %q, and %q in package risk", code, got, name)
		}
	}
	if names := len(rawTexts(t, "en", "countries")); n < 240 || names < n {
		t.Errorf("%d countries, %d names", n, names)
	}
	for _, c := range []struct{ tag, code, alone, sentence string }{
		{"en", "NL", "Netherlands", "the Netherlands"}, {"de", "CH", "Schweiz", "der Schweiz"}, {"de", "NO", "Norwegen", "Norwegen"}, {"es", "GB", "Reino Unido", "el Reino Unido"},
		{"de", "GM", "Gambia", "Gambia"}, // not as in English, where it has an article
		{"ar", "US", "\u2068الولايات المتحدة\u2069", "\u2068الولايات المتحدة\u2069"},
	} {
		if got := lone(t, c.tag, "{c, country}").Text("x", "c", c.code); got != c.alone {
			t.Errorf("%s: %s", c.tag, got)
		}
		if got := lone(t, c.tag, "{c, country, sentence}").Text("x", "c", c.code); got != c.sentence {
			t.Errorf("%s: %s", c.tag, got)
		}
	}
}
