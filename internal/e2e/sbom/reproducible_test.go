package main

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// copySources copies what mfactl is built from.
func copySources(t *testing.T, to string) {
	t.Helper()
	from := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel == "examples" || rel == "bin" || rel == filepath.Join("internal", "e2e") || strings.HasPrefix(d.Name(), ".") && rel != "." {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !d.Type().IsRegular() || strings.HasSuffix(rel, "_test.go") || strings.HasPrefix(rel, "go.work") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever builds a release gets the bytes that were released, wherever it is built.
func TestBuildIsReproducible(t *testing.T) {
	var digests [2][sha256.Size]byte
	for i := range digests {
		dir := t.TempDir()
		copySources(t, dir)
		program := filepath.Join(t.TempDir(), "mfactl")
		if _, err := goCommandFor("linux", filepath.Join(dir, "cmd", "mfactl"), "build", "-trimpath", "-buildvcs=false", "-o", program, "."); err != nil {
			t.Fatal(err)
		}
		built, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(built, []byte(dir)) {
			t.Error("the program says where it was built")
		}
		digests[i] = sha256.Sum256(built)
	}
	if digests[0] != digests[1] {
		t.Error("two builds of the same sources in two folders differ")
	}
}
