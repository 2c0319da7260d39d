//go:build !race

// The steps are compiled one by one, of which the race detector has nothing to say.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// page goes from an empty file to store.go, and quotes what the kit says on the
// way. Its code is put together here, and the kit run on it.
const page = "../../docs/adapters.md"

var update = flag.Bool("update", false, "write what the kit says into docs/adapters.md")

// blocks are Go code, and commands with what they print.
var blocks = regexp.MustCompile("(?ms)^```(go|console)\n(.*?)^```$")

// TestStepsOfThePage runs each command of the page on the code as it stands there.
func TestStepsOfThePage(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var so code
	kit, built := "", ""
	commands := 0
	updated := blocks.ReplaceAllStringFunc(string(raw), func(block string) string {
		m := blocks.FindStringSubmatch(block)
		if m[1] == "go" {
			so.take(t, m[2])
			return block
		}
		commands++
		if file := so.file(); file != built {
			kit, built = build(t, file), file
		}
		command, want, _ := strings.Cut(m[2], "\n")
		got := run1(t, kit, command)
		if !*update && plain(got) != plain(want) {
			t.Errorf("%s prints\n%s\nand the page says\n%s", command, got, want)
		}
		return "```console\n" + command + "\n" + got + "```"
	})
	if commands < 5 {
		t.Errorf("only %d commands were found", commands)
	}
	if *update {
		if err := os.WriteFile(page, []byte(updated), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The page ends where this program begins.
func TestPageEndsAtTheStore(t *testing.T) {
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	store, err := os.ReadFile("store.go")
	if err != nil {
		t.Fatal(err)
	}
	var onPage, here code
	for _, m := range blocks.FindAllStringSubmatch(string(raw), -1) {
		if m[1] == "go" {
			onPage.take(t, m[2])
		}
	}
	_, declarations, _ := strings.Cut(string(store), "\n)\n")
	here.take(t, declarations)
	if len(here) < 8 {
		t.Errorf("store.go has only %d declarations", len(here))
	}
	for _, d := range here {
		i := slices.IndexFunc(onPage, func(p declaration) bool { return p.name == d.name })
		switch {
		case i < 0:
			t.Errorf("the page does not have %s", d.name)
		case onPage[i].text != d.text:
			t.Errorf("the page ends with\n%s\nand store.go has\n%s", onPage[i].text, d.text)
		}
	}
}

// code is what was declared so far. What is declared again takes the place of
// what was there.
type code []declaration

type declaration struct{ name, text string }

func (c *code) take(t *testing.T, block string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "page", "package main\n"+block, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v in\n%s", err, block)
	}
	for _, d := range file.Decls {
		var b bytes.Buffer
		if err := format.Node(&b, set, d); err != nil {
			t.Fatal(err)
		}
		// Without comments, of which the page has others, and what they leave behind.
		text := regexp.MustCompile(`\n\s*\n`).ReplaceAllString(b.String(), "\n")
		taken := declaration{nameOf(d), text}
		if i := slices.IndexFunc(*c, func(old declaration) bool { return old.name == taken.name }); i >= 0 {
			(*c)[i] = taken
		} else {
			*c = append(*c, taken)
		}
	}
}

func nameOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil {
			return "method " + d.Name.Name
		}
		return d.Name.Name
	case *ast.GenDecl:
		switch s := d.Specs[0].(type) {
		case *ast.TypeSpec:
			return s.Name.Name
		case *ast.ValueSpec:
			return s.Names[0].Name
		}
	}
	return fmt.Sprintf("%T", d)
}

// file is a test file of all that was declared, with the imports that it needs.
func (c code) file() string {
	var all strings.Builder
	for _, d := range c {
		all.WriteString(d.text + "\n")
	}
	file := "package customstore\n"
	for _, path := range []string{
		"context", "encoding/binary", "errors", "fmt", "path/filepath", "slices", "strings", "testing", "time",
		"github.com/mfakit/mfa", "github.com/mfakit/mfa/store/storetest", "go.etcd.io/bbolt",
	} {
		if strings.Contains(all.String(), path[strings.LastIndex(path, "/")+1:]+".") {
			file += fmt.Sprintf("import %q\n", path)
		}
	}
	return file + all.String()
}

// build makes a test binary of a file that is in no folder of this module.
func build(t *testing.T, file string) (binary string) {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(here, "step", "step_test.go"): filepath.Join(dir, "step_test.go"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"step_test.go": []byte(file), "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	binary = filepath.Join(dir, "step.test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./step")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the code of the page does not build: %v\n%s\n%s", err, out, file)
	}
	return binary
}

var commands = regexp.MustCompile(`^\$ go test( -run '([^']+)')?$`)

// run1 runs a command of the page, and returns what go test prints for it.
func run1(t *testing.T, kit, command string) string {
	t.Helper()
	m := commands.FindStringSubmatch(command)
	if m == nil {
		t.Fatalf("the page has a command that is not known: %s", command)
	}
	cmd := exec.CommandContext(t.Context(), kit, "-test.run", m[2], "-test.timeout", "5m")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "ok  \texample.com/customstore\n"
	}
	var failed *exec.ExitError
	if !errors.As(err, &failed) || !strings.HasPrefix(string(out), "--- FAIL") {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

var varies = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\(\d+\.\d+s\)`), "(0.00s)"},
	{regexp.MustCompile(`storetest\.go:\d+`), "storetest.go:1"},
	{regexp.MustCompile(`\d+ of 32 goroutines`), "2 of 32 goroutines"},
}

// plain leaves out of an output what is different each time.
func plain(output string) string {
	for _, v := range varies {
		output = v.what.ReplaceAllString(output, v.as)
	}
	return output
}
