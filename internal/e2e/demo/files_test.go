package demo_test

import (
	"os"
	"path/filepath"
	"testing"
)

func policyFile(t testing.TB, text string) string {
	t.Helper()
	return newFile(t, "policy.json", text)
}

// newFile writes a file into a folder of its own.
func newFile(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
