package testneed

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// fake is a test that remembers how it ended.
type fake struct {
	testing.TB
	failed, skipped string
}

func (f *fake) Helper()      {}
func (f *fake) Name() string { return "TestFake" }

func (f *fake) Fatalf(format string, args ...any) {
	f.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *fake) Skipf(format string, args ...any) {
	f.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run lets a fake test end its own goroutine.
func run(test func(testing.TB)) *fake {
	f := &fake{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f
}

func needsTheImpossible(t testing.TB) { Program(t, "no-such-program-anywhere", "cannot be had") }

func TestMissingSkipsAndIsListed(t *testing.T) {
	list := filepath.Join(t.TempDir(), "skips")
	t.Setenv("MFA_TEST_REQUIRE", "")
	t.Setenv("MFA_TEST_SKIPS", list)
	for range 2 {
		f := run(needsTheImpossible)
		if f.failed != "" || f.skipped != "needs no-such-program-anywhere: cannot be had" {
			t.Fatalf("failed %q, skipped %q", f.failed, f.skipped)
		}
	}
	got, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	line := "github.com/mfakit/mfa/internal/testneed TestFake needs no-such-program-anywhere: cannot be had\n"
	if string(got) != line+line {
		t.Errorf("listed: %q", got)
	}
}

func TestMissingFailsWhereAllIsRequired(t *testing.T) {
	t.Setenv("MFA_TEST_REQUIRE", "all")
	f := run(needsTheImpossible)
	if f.skipped != "" || !strings.Contains(f.failed, "no-such-program-anywhere") {
		t.Errorf("failed %q, skipped %q", f.failed, f.skipped)
	}
}

func TestMissingFailsWhereTheSkipCannotBeListed(t *testing.T) {
	t.Setenv("MFA_TEST_REQUIRE", "")
	t.Setenv("MFA_TEST_SKIPS", filepath.Join(t.TempDir(), "no", "such", "folder"))
	f := run(needsTheImpossible)
	if f.skipped != "" || f.failed == "" {
		t.Errorf("failed %q, skipped %q", f.failed, f.skipped)
	}
}

func TestProgramIsFound(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	file := filepath.Join(os.Getenv("PATH"), "there")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var path string
	if f := run(func(t testing.TB) { path = Program(t, "there", "") }); f.failed+f.skipped != "" || path != file {
		t.Errorf("path %q, failed %q, skipped %q", path, f.failed, f.skipped)
	}
}
