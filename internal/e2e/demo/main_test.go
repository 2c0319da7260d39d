// Package demo_test holds examples/webapp to its contract from outside: the
// program is built, started on a free port over a file of its own, and talked to
// over HTTP.
package demo_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the path of the built demo.
var program string

// stopBrowser ends the browser that tests share, where one of them has started it.
var stopBrowser = func() error { return nil }

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
	code := m.Run()
	if err := stopBrowser(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// build makes the demo.
func build(dir string) error {
	program = filepath.Join(dir, "webapp")
	if err := buildExample("webapp", program); err != nil {
		return err
	}
	return os.Chmod(dir, 0o755) // some tests run it as another user
}

// buildExample makes a program of the folder examples, with the race detector
// where the tests have it.
func buildExample(name, file string) error {
	args := []string{"build", "-o", file}
	if raceDetector {
		// Without it in what takes long, as scripts/test has it.
		args = append(args, "-race", "-gcflags=golang.org/x/crypto/argon2=-race=false")
	}
	cmd := exec.Command("go", append(args, "./"+name)...)
	cmd.Dir = filepath.Join("..", "..", "..", "examples")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build of examples/%s: %w\n%s", name, err, out)
	}
	return nil
}
