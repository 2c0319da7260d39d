package docs_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// place is where something stands in a document.
func place(path string, line int) string { return fmt.Sprintf("%s:%d", path, line) }

// isProgram says whether a block of Go is a file of its own.
func isProgram(b block) bool { return strings.HasPrefix(strings.TrimSpace(b.text), "package ") }

// Every whole program in a document builds and passes vet, and runs to its end,
// but for one that serves.
func TestProgramsInDocuments(t *testing.T) {
	quick := 0
	for place, b := range of(t, "go") {
		if !isProgram(b) {
			continue
		}
		t.Run(place, func(t *testing.T) {
			dir := module(t, b.text)
			command(t, dir, "vet", "./...")
			if !strings.Contains(b.text, "package main") {
				return
			}
			program := filepath.Join(dir, "program")
			command(t, dir, "build", "-o", program, ".")
			if strings.Contains(b.text, "ListenAndServe") {
				return
			}
			quick++
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program)
			cmd.Dir = t.TempDir()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("it does not run: %v\n%s", err, out)
			}
		})
	}
	if quick == 0 {
		t.Error("no document has a program that runs to its end")
	}
}

// module makes a module of one file, over the repository as it is. It needs what the
// root module needs, and where it imports more, a database's driver, what the examples do.
func module(t *testing.T, text string) string {
	t.Helper()
	base := "."
	for _, m := range imported.FindAllStringSubmatch(text, -1) {
		if m[1] != "github.com/mfakit/mfa" && !strings.HasPrefix(m[1], "github.com/mfakit/mfa/") {
			base = "examples"
		}
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	mod := strings.Join([]string{"module example.com/program", "", "go 1.26.0", "",
		"require github.com/mfakit/mfa v0.0.0", "", "replace github.com/mfakit/mfa => " + here, ""}, "\n")
	if base != "." {
		mod = "module example.com/program\n" + strings.SplitN(read(t, base, "go.mod"), "\n", 2)[1]
		mod = nested.ReplaceAllStringFunc(mod, func(to string) string { return "=> " + filepath.Join(here, base, strings.TrimPrefix(to, "=> ")) })
	}
	dir := t.TempDir()
	for name, content := range map[string]string{"program.go": text, "go.mod": mod, "go.sum": read(t, base, "go.sum")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var (
	imported = regexp.MustCompile(`(?m)^(?:import)?\s*(?:\w+ )?"([a-z0-9-]+\.[^"]+/[^"]+)"$`)
	nested   = regexp.MustCompile(`=> \.\.?\S*`)
)

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command runs the go command in a module, as a stranger to this repository's go.work.
func command(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
}
