package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

const (
	maxRootLines = 450 // of a file, tests aside: each is one thing
	maxRootNames = 110 // exported types and functions, and groups of variables and constants
)

func TestRootFilesAreShort(t *testing.T) {
	for name, content := range files(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "/") {
			continue
		}
		if n := bytes.Count(content, []byte("\n")); n > maxRootLines {
			t.Errorf("%s has %d lines, at most %d: which two things is it?", name, n, maxRootLines)
		}
	}
}

// TestRootExportsFewNames counts what a reader of the root package's
// documentation has to get to know: a group of errors is one thing there;
// methods, and the constants of a type, are read with their type.
func TestRootExportsFewNames(t *testing.T) {
	var names []string
	for _, s := range sources(t) {
		if s.folder() == "." && !s.test() {
			names = append(names, exported(s)...)
		}
	}
	t.Logf("the root package exports %d types, functions and groups, at most %d", len(names), maxRootNames)
	if len(names) == 0 || len(names) > maxRootNames {
		t.Error(slices.Sorted(slices.Values(names)))
	}
}

// exported names a file's exported types and functions, and the first of each
// group of variables or constants.
func exported(s source) []string {
	var names []string
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.IsExported() {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			inGroup := exportedSpecs(d)
			if d.Tok == token.CONST && ofType(d) {
				continue
			}
			if d.Tok != token.TYPE && len(inGroup) > 0 {
				inGroup = inGroup[:1]
			}
			names = append(names, inGroup...)
		}
	}
	return names
}

// ofType says whether a group of constants belongs to an exported type.
func ofType(d *ast.GenDecl) bool {
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			return false
		}
		if t, ok := v.Type.(*ast.Ident); ok && !t.IsExported() || v.Type == nil && len(v.Values) > 0 {
			return false
		}
	}
	return true
}

func exportedSpecs(d *ast.GenDecl) []string {
	var names []string
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				names = append(names, spec.Name.Name)
			}
		case *ast.ValueSpec:
			for _, n := range spec.Names {
				if n.IsExported() {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

func TestExportedNamesAreCounted(t *testing.T) {
	s, err := parse("p.go", `package p
type T struct{}
type (
	S int
	u struct{}
)
const C = 1
const (
	d = 1
	D = 2
	E = 3
)
const (
	S1 S = 1
	S2 S = 2
)
var V, w int
func F() {}
func (T) M() {}
`)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(exported(s)); got != "[T S C D V F]" {
		t.Errorf("got %s", got)
	}
}

// undocumented finds exported names without a comment. A comment on a group of
// constants or variables, or at the end of a line of one, is a comment too.
func undocumented(s source) []string {
	var found []string
	missing := func(n ast.Node, name string) {
		found = append(found, s.at(n)+": "+name+" has no doc comment")
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc == nil && d.Name.IsExported() && !wellKnown(d) && exportedReceiver(d) {
				missing(d, d.Name.Name)
			}
		case *ast.GenDecl:
			if d.Doc != nil && d.Lparen == token.NoPos {
				continue
			}
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Doc == nil && spec.Name.IsExported() {
						missing(spec, spec.Name.Name)
					}
				case *ast.ValueSpec:
					if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && slices.ContainsFunc(spec.Names, (*ast.Ident).IsExported) {
						missing(spec, spec.Names[0].Name)
					}
				}
			}
		}
	}
	return found
}

// wellKnown are the methods whose meaning the standard library fixes.
func wellKnown(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"Error", "Is", "As", "Unwrap", "String", "GoString"}, d.Name.Name)
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	return ast.IsExported(nameOf(x))
}

func TestExportedNamesAreDocumented(t *testing.T) {
	// Every package of every module that others can import. A struct's fields and an
	// interface's methods may be told by the comment of their type.
	check(t, func(s source) bool {
		return !s.test() && !strings.HasPrefix(s.folder(), "examples") && !slices.Contains(strings.Split(s.folder(), "/"), "internal")
	}, undocumented)
	proves(t, undocumented, []breaks{
		{"a function", `func F() {}`, "F has no doc comment"},
		{"a type", `type T struct{}`, "T has no doc comment"},
		{"a type in a group", "// About.\ntype (\n\tT struct{}\n)", "T has no doc comment"},
		{"a method", "// T is.\ntype T struct{}\nfunc (t *T) M() {}", "M has no doc comment"},
		{"a variable", `var V int`, "V has no doc comment"},
		{"a constant in a group", "const (\n\tA = 1 // said\n\tB = 2\n)", "B has no doc comment"},
		{"a group that says it", "// Both.\nconst (\n\tA = 1\n\tB = 2\n)", ""},
		{"what is not exported", "func f() {}\ntype t struct{}\nfunc (t) M() {}", ""},
		{"an error's method", "// E is.\ntype E struct{}\nfunc (E) Error() string { return \"\" }", ""},
	})
}

// TestPackagesAreDocumented asks every package of every module for one comment
// that says what it is for.
func TestPackagesAreDocumented(t *testing.T) {
	documented := map[string]int{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		n := documented[s.folder()]
		if s.file.Doc != nil {
			n++
		}
		documented[s.folder()] = n
	}
	for folder, n := range documented {
		if n != 1 {
			t.Errorf("%s has %d package comments, wants 1", folder, n)
		}
	}
}
