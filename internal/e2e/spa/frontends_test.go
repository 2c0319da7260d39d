package spa_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What docs/frontends.md quotes is in the examples, which are built and tested; and so it
// compiles there.
func TestWhatIsQuotedIsInTheExamples(t *testing.T) {
	t.Parallel()
	root := filepath.FromSlash("../../..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "frontends.md"))
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, pattern := range []string{"spa/*", "api/*", "routers/*", "sessions/*"} {
		names, err := filepath.Glob(filepath.Join(root, "examples", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("examples/%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code.Write(content)
		}
	}
	blocks := regexp.MustCompile("(?s)```(?:go|js)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 10 {
		t.Errorf("only %d blocks were found", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(code.String(), b[1]) {
			t.Errorf("this is in no example:\n%s", b[1])
		}
	}
}
