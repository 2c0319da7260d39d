package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// switches are what a package with mistakes is built with beside its files.
const switches = `package %s

import (
	"os"
	"strconv"
	"sync/atomic"
)

var mutantNow = func() int { n, err := strconv.Atoi(os.Getenv("MUTANT")); if err != nil { return -1 }; return n }()
var mutantReached [%d]atomic.Bool
var mutantList = func() *os.File { f, _ := os.OpenFile(os.Getenv("MUTANTS_REACHED"), os.O_APPEND|os.O_WRONLY, 0); return f }()

func mutantOn(n int) bool {
	if mutantList != nil && !mutantReached[n].Swap(true) {
		mutantList.WriteString(strconv.Itoa(n) + "\n")
	}
	return n == mutantNow
}
func mutantPick[T any](n int, other, right T) T {
	if mutantOn(n) { return other }
	return right
}
func mutantZero[T any](n int, right T) T {
	if mutantOn(n) { var zero T; return zero }
	return right
}
`

// build makes a test binary of the package in folder with the mistakes of its named files
// in it. The folder itself is not touched.
func build(folder string, files []string, tmp string) (binary string, all []mutant, err error) {
	fset := token.NewFileSet()
	var parsed []*ast.File
	sources := map[*ast.File][]byte{}
	for _, name := range list("./"+folder, `{{range .GoFiles}}{{.}}{{"\n"}}{{end}}`) {
		source, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return "", nil, err
		}
		f, err := parser.ParseFile(fset, filepath.Join(folder, name), source, parser.SkipObjectResolution)
		if err != nil {
			return "", nil, err
		}
		parsed = append(parsed, f)
		sources[f] = source
	}
	if len(parsed) == 0 {
		return "", nil, errors.New("no package in " + folder)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: compiled(fset, "./"+folder)}).Check(folder, fset, parsed, info)
	if err != nil {
		return "", nil, err
	}
	here, err := filepath.Abs(folder)
	if err != nil {
		return "", nil, err
	}
	replace := map[string]string{}
	put := func(name, text string) {
		to := filepath.Join(tmp, strings.ReplaceAll(filepath.ToSlash(filepath.Join(folder, name)), "/", "-"))
		replace[filepath.Join(here, name)] = to
		err = errors.Join(err, os.WriteFile(to, []byte(text), 0o600))
	}
	for _, f := range parsed {
		name := filepath.Base(fset.Position(f.Pos()).Filename)
		if slices.Contains(files, name) {
			in := &instrumenter{fset: fset, info: info, pkg: pkg, file: f, source: sources[f], name: filepath.ToSlash(filepath.Join(folder, name)), all: &all}
			put(name, in.instrumented())
		}
	}
	put("zz_mutants.go", fmt.Sprintf(switches, pkg.Name(), len(all)))
	overlay, binary := filepath.Join(tmp, "overlay.json"), filepath.Join(tmp, "tests")
	text, jsonErr := json.Marshal(map[string]any{"Replace": replace})
	if err = errors.Join(err, jsonErr, os.WriteFile(overlay, text, 0o600)); err != nil {
		return "", nil, err
	}
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+folder).CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(out))
	}
	return binary, all, nil
}

// compiled imports a package, and what it rests on, as the compiler left them.
func compiled(fset *token.FileSet, pattern string) types.Importer {
	files := map[string]string{}
	for _, line := range list(pattern, `{{.ImportPath}} {{.Export}}`, "-export", "-deps") {
		path, file, _ := strings.Cut(line, " ")
		files[path] = file
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

func list(pattern, format string, flags ...string) []string {
	out, err := exec.Command("go", append(append([]string{"list", "-f", format}, flags...), pattern)...).Output()
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
