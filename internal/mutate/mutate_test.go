package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

const sample = `package p

import "slices"

type point struct{ x, y int }

func f(a, b int, list []string) (out []string) {
	if a < b && !slices.Contains(list, "x") {
		return nil
	}
	switch {
	case a == 3:
		a = b + 1
	}
	p := point{x: a}
	for range p.x {
		out = append(out, "y")
	}
	return slices.Clone(out)
}
`

// TestMistakesAreMadeAndCompile: the sample has the mistakes that a reader would think of,
// each once, and is a package still with all of them in it.
func TestMistakesAreMadeAndCompile(t *testing.T) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", sample, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: compiled(fset, "slices")}).Check("p", fset, []*ast.File{f}, info)
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	in := &instrumenter{fset: fset, info: info, pkg: pkg, file: f, source: []byte(sample), name: "p.go", all: &all}
	out := in.instrumented()
	var got []string
	for _, m := range all {
		got = append(got, m.text)
	}
	slices.Sort(got)
	want := []string{
		`1 => +1`, `a < b && !slices.Contains(list, "x") => false`, `a < b => <=`, `a < b => true`,
		`a = b + 1 => dropped`, `a == 3 => false`, `a == 3 => true`, `a => zero`, `b + 1 => -`,
		`out = append(out, "y") => dropped`, `slices.Clone(out) => the same`, `slices.Clone(out) => zero`,
		`slices.Contains(list, "x") => false`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("made\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	mistaken, err := parser.ParseFile(fset, "m.go", out, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, helpers, _ := strings.Cut(switches, "func mutantOn")
	helpers = "package p\n\nvar mutantList *int\nvar mutantNow int\nfunc mutantOn(n int) bool { return n == mutantNow }\n" + helpers[strings.Index(helpers, "func mutantPick"):]
	also, err := parser.ParseFile(fset, "h.go", helpers, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&types.Config{Importer: compiled(fset, "slices")}).Check("p", fset, []*ast.File{mistaken, also}, nil); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTheListIsRead, and refuses what has no reason.
func TestTheListIsRead(t *testing.T) {
	got, err := readKnown("equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, reason := range got {
		if strings.TrimSpace(reason) == "" || !strings.Contains(name, " => ") {
			t.Errorf("%s | %s", name, reason)
		}
	}
}
