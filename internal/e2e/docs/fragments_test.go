package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Go in a document is a whole program, or stands in code that is compiled: in package
// snippets, whose tests run it wherever that can be, in an Example function, or under
// examples/. It stands there line by line. White space may differ, and a fragment may
// leave out the check of an error that is only handed on; it says "err" all the same.

// elsewhere are documents whose Go is put together, built and run by a test of its own.
var elsewhere = map[string]string{"docs/adapters.md": "examples/customstore/steps_test.go"}

func TestFragmentsAreCompiledCode(t *testing.T) {
	code, n := compiled(t), 0
	for place, b := range of(t, "go", "golang") {
		doc := strings.Split(place, ":")[0]
		if isProgram(b) || b.language == "go" && elsewhere[doc] != "" {
			continue
		}
		n++
		if !slices.ContainsFunc(code, func(c []string) bool { return within(c, lines(b.text)) }) {
			t.Errorf("%s is in no code that is compiled; add it to internal/e2e/docs/snippets:\n%s", place, b.text)
		}
	}
	if n < 20 {
		t.Errorf("only %d fragments were found", n)
	}
	for doc, by := range elsewhere {
		if !strings.Contains(read(t, by), doc) {
			t.Errorf("%s does not look at %s", by, doc)
		}
	}
}

// compiled are the places where a fragment may stand, as lines; each once as it is, and
// once without the checks of errors.
func compiled(t *testing.T) (code [][]string) {
	t.Helper()
	add := func(text string) {
		as := lines(text)
		code = append(code, as, unchecked(as))
	}
	for path, text := range files(t, func(path string) bool { return filepath.Ext(path) == ".go" }) {
		switch {
		case strings.HasPrefix(path, "examples/"), strings.HasPrefix(path, "internal/e2e/docs/snippets/"):
			add(text)
		case strings.HasSuffix(path, "_test.go"):
			for _, e := range examples(t, path, text) {
				add(e)
			}
		}
	}
	if len(code) < 100 {
		t.Fatalf("only %d places were found", len(code))
	}
	return code
}

// examples are the texts of a file's Example functions.
func examples(t *testing.T, path, text string) (found []string) {
	t.Helper()
	if !strings.Contains(text, "\nfunc Example") {
		return nil
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example") {
			found = append(found, text[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset])
		}
	}
	return found
}

var space = regexp.MustCompile(`\s+`)

// lines are those of a text that are not empty, each with single spaces.
func lines(text string) (out []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(space.ReplaceAllString(line, " ")); line != "" {
			out = append(out, line)
		}
	}
	return out
}

var handsOn = regexp.MustCompile(`^(return (.*, )?err|(t|log)\.Fatal\(err\)|panic\(err\))$`)

// unchecked is code without the checks of errors that are only handed on.
func unchecked(code []string) (out []string) {
	for i := 0; i < len(code); i++ {
		if code[i] == "if err != nil {" && i+2 < len(code) && handsOn.MatchString(code[i+1]) && code[i+2] == "}" {
			i += 2
			continue
		}
		out = append(out, code[i])
	}
	return out
}

// within says whether some lines stand in others one after the other.
func within(code, fragment []string) bool {
	for i := range len(code) - len(fragment) + 1 {
		if slices.Equal(code[i:i+len(fragment)], fragment) {
			return true
		}
	}
	return false
}

func TestFragmentsAreFound(t *testing.T) {
	const source = "func f() error {\n\ta, err :=  g() // why\n\tif err != nil {\n\t\treturn err\n\t}\n\n\th(a)\n\tif err != nil {\n\t\ttell(err)\n\t}\n\treturn nil\n}\n"
	code := unchecked(lines(source))
	for _, good := range []string{
		"    a, err := g()   // why\n    h(a)\n", "h(a)\nif err != nil {\ntell(err)\n}", source,
	} {
		if !within(code, lines(good)) && !within(lines(source), lines(good)) {
			t.Errorf("%q is not found", good)
		}
	}
	for _, bad := range []string{
		"a, err := g()\nh(a)", "a, err := g() // why\n// …\nh(a)", "h(a)\nreturn nil", "a, err := g() // why\nh(b)", "h()", source + source,
	} {
		if within(code, lines(bad)) || within(lines(source), lines(bad)) {
			t.Errorf("%q is found", bad)
		}
	}
	if got := examples(t, "x_test.go", "package x\n\nfunc ExampleA() { a() }\nfunc other() { b() }\n"); len(got) != 1 || got[0] != "func ExampleA() { a() }" {
		t.Errorf("examples: %q", got)
	}
}
