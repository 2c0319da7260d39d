// Package testneed lets a test say what it needs of the machine. What is
// missing skips the test and is listed at the end of make test; with
// MFA_TEST_REQUIRE=all it fails the test instead, so that no suite can be
// silently absent. No test skips in another way.
package testneed

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
)

// Program returns the path of a program that the test runs, and otherwise
// skips or fails the test, saying how to get it.
func Program(t testing.TB, name, how string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name+": "+how)
	}
	return path
}

// Missing skips the test for want of something, and notes that in the file that
// MFA_TEST_SKIPS names; with MFA_TEST_REQUIRE=all it fails the test.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("MFA_TEST_REQUIRE") == "all" {
		t.Fatalf("this run allows no skips, and there is no %s", what)
	}
	if list := os.Getenv("MFA_TEST_SKIPS"); list != "" {
		if err := note(list, fmt.Sprintf("%s %s needs %s\n", tested(), t.Name(), what)); err != nil {
			t.Fatalf("a skip that nobody would hear of: %v", err)
		}
	}
	t.Skipf("needs %s", what)
}

// note appends a line to a file that several test binaries share: one write,
// which lands whole.
func note(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// tested is the import path of the package whose tests run.
func tested() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "?"
	}
	return strings.TrimSuffix(info.Path, ".test")
}
