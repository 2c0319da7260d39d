// Package demo_test holds examples/webapp to its contract from outside: the
// program is built, started on a free port over a file of its own, and talked to
// over HTTP.
package demo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/internal/e2e/program"
)

// webapp is the path of the built demo.
var webapp string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mfa-demo-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return browser.Run(m)
}

// build makes the demo.
func build(dir string) error {
	webapp = filepath.Join(dir, "webapp")
	if err := buildExample("webapp", webapp); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755) // some tests run it as another user
}

// buildExample makes a program of the folder examples, with the race detector
// where the tests have it.
func buildExample(name, file string) error {
	var flags []string
	if raceDetector {
		// Without it in what takes long, as scripts/test has it.
		flags = []string{"-race", "-gcflags=golang.org/x/crypto/argon2=-race=false"}
	}
	return program.Build(filepath.Join("..", "..", ".."), name, file, flags...)
}
