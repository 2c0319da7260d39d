// Package stories_test plays the help pages of five products, promise by promise:
// each product is a policy of examples/webapp/policies. What depends on dates is
// played on an engine whose clock stands where the page says; what does not, on
// the program, over HTTP.
package stories_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// examples is the folder of the programs and their policies.
var examples = filepath.Join("..", "..", "..", "examples")

// webapp is the path of the built demo.
var webapp string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mfa-stories-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	webapp = filepath.Join(dir, "webapp")
	if err := program.Build(filepath.Dir(examples), "webapp", webapp); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// policyFile is a product's policy.
func policyFile(product string) string {
	return filepath.Join(examples, "webapp", "policies", product+".json")
}

// promise plays one promise of a page. What comes after it builds on it, so that a
// story ends with the first one that is broken.
func promise(t *testing.T, words string, kept func(*testing.T)) {
	t.Helper()
	if !t.Run(words, kept) {
		t.FailNow()
	}
}
