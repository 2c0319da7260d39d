// Package docs_test holds the documents to the code: the programs in them build
// and run, their fragments stand in code that is compiled and run, their policies
// are read, and what they link to is there.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the repository.
const root = "../../.."

// documents are the repository's Markdown files, by their path in it.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := files(t, func(path string) bool { return filepath.Ext(path) == ".md" })
	for _, must := range []string{"README.md", "docs/architecture.md"} {
		if found[must] == "" {
			t.Fatalf("%s was not found", must)
		}
	}
	return found
}

// files are the texts of the repository's files that are wanted, by their path in it.
func files(t *testing.T, want func(path string) bool) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || path == "bin"):
			return fs.SkipDir
		case d.IsDir() || !want(path):
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A block is a fenced block of a document.
type block struct {
	language, text string
	line           int // of its first line
}

var fence = regexp.MustCompile("^( {0,3})(```+|~~~+)[ \t]*([^ \t`]*)")

// split separates a document's blocks from its prose, in which code in
// backticks is blanked out.
func split(text string) (blocks []block, prose []string) {
	open := ""
	for n, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open == "" && m != nil:
			open = m[2]
			blocks = append(blocks, block{language: m[3], line: n + 2})
			line = ""
		case open != "" && m != nil && strings.HasPrefix(m[2], open) && m[3] == "":
			open, line = "", ""
		case open != "":
			blocks[len(blocks)-1].text += line + "\n"
			line = ""
		}
		prose = append(prose, inline.ReplaceAllString(line, "`code`"))
	}
	return blocks, prose
}

var inline = regexp.MustCompile("`[^`]+`")

func TestSplit(t *testing.T) {
	blocks, prose := split("a\n```go\nx := \"[y](z)\"\n```\n[`b`](c)\n~~~\n```\n~~~\n")
	if len(blocks) != 2 || blocks[0] != (block{"go", "x := \"[y](z)\"\n", 3}) || blocks[1].text != "```\n" {
		t.Errorf("blocks: %+v", blocks)
	}
	if got := strings.Join(prose, "|"); got != "a||||[`code`](c)||||" {
		t.Errorf("prose: %q", got)
	}
}

// of are the blocks of all documents that have one of the languages, each with its place.
func of(t *testing.T, languages ...string) map[string]block {
	t.Helper()
	found := map[string]block{}
	for path, text := range documents(t) {
		blocks, _ := split(text)
		for _, b := range blocks {
			for _, l := range languages {
				if b.language == l {
					found[place(path, b.line)] = b
				}
			}
		}
	}
	return found
}
