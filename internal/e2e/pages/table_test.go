//go:build !race

package pages_test

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mfakit/mfa/mfahttp/pages"
)

// TestTableIsWhole: the table of states leaves out no template, so that a page that is
// added is looked at, too.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	const open = `{{define "content"}}`
	marked, missing := fstest.MapFS{}, map[string]bool{}
	err := fs.WalkDir(pages.Templates(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(pages.Templates(), name)
		if strings.Contains(string(text), open) {
			missing[name] = true
			marked[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(text), open, fmt.Sprintf(`%s<i data-template="%s"></i>`, open, name), 1))}
		}
		return err
	})
	if err != nil || len(missing) < 15 {
		t.Fatalf("%d templates: %v", len(missing), err)
	}
	mark := regexp.MustCompile(`data-template="([^"]*)"`)
	for _, s := range states {
		s.set.own = marked
		if m := mark.FindStringSubmatch(s.reach(newVisitor(t, "en", s.set)).body); m != nil {
			delete(missing, m[1])
		}
	}
	if len(missing) > 0 {
		t.Errorf("no state shows %v", slices.Sorted(maps.Keys(missing)))
	}
}
