// Package docs_test holds the documents to the code: the programs in them build
// and run, and what they link to is there.
package docs_test

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
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
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		found[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"README.md", "docs/architecture.md"} {
		if found[must] == "" {
			t.Fatalf("%s was not found", must)
		}
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

// Every whole program in a document builds and passes vet; what the README
// shows first also runs.
func TestProgramsInDocuments(t *testing.T) {
	programs := map[string]string{}
	for path, text := range documents(t) {
		blocks, _ := split(text)
		for _, b := range blocks {
			if b.language == "go" && strings.HasPrefix(strings.TrimSpace(b.text), "package ") {
				programs[fmt.Sprintf("%s:%d", path, b.line)] = b.text
			}
		}
	}
	quick := 0
	for place, text := range programs {
		t.Run(place, func(t *testing.T) {
			dir := module(t, text)
			command(t, dir, "vet", "./...")
			if !strings.Contains(text, "package main") {
				return
			}
			program := filepath.Join(dir, "program")
			command(t, dir, "build", "-o", program, ".")
			if !strings.HasPrefix(place, "README.md:") {
				return
			}
			quick++
			cmd := exec.Command(program)
			cmd.Dir = t.TempDir()
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("it does not run: %v\n%s", err, out)
			}
		})
	}
	if quick == 0 {
		t.Error("the README has no program to start with")
	}
}

// module makes a module of one file, over the repository as it is.
func module(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	mod := strings.Join([]string{"module example.com/program", "", "go 1.26.0", "",
		"require github.com/mfakit/mfa v0.0.0", "", "replace github.com/mfakit/mfa => " + here, ""}, "\n")
	for name, content := range map[string]string{"program.go": text, "go.mod": mod, "go.sum": string(sum)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// command runs the go command in a module, as a stranger to this repository's go.work.
func command(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", args[0], err, out)
	}
}

// links finds inline links and pictures, references, and the src and href of HTML.
var links = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$|(?:src|href)="([^"]+)"`)

func TestRelativeLinksLeadSomewhere(t *testing.T) {
	all, n := documents(t), 0
	for path, text := range all {
		_, prose := split(text)
		for i, line := range prose {
			for _, m := range links.FindAllStringSubmatch(line, -1) {
				n++
				if why := broken(all, path, m[1]+m[2]+m[3]); why != "" {
					t.Errorf("%s:%d: %s", path, i+1, why)
				}
			}
		}
	}
	if n < 3 {
		t.Errorf("only %d links were found", n)
	}
}

// broken says what is wrong with a link of a document; empty: nothing.
func broken(all map[string]string, from, link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no link", link)
	case u.Scheme != "" || u.Host != "":
		return "" // elsewhere: no test reaches the network
	}
	to := from
	if u.Path != "" {
		to = filepath.ToSlash(filepath.Join(filepath.Dir(from), filepath.FromSlash(u.Path)))
		if strings.HasPrefix(u.Path, "/") || strings.HasPrefix(to, "..") {
			return fmt.Sprintf("%q leads out of the repository", link)
		}
		if _, err := os.Stat(filepath.Join(root, to)); err != nil {
			return fmt.Sprintf("%q leads nowhere", link)
		}
	}
	if u.Fragment == "" || filepath.Ext(to) != ".md" {
		return ""
	}
	_, prose := split(all[to])
	for _, line := range strings.Split(all[to], "\n") {
		if strings.HasPrefix(line, "#") && anchor(line) == u.Fragment {
			return ""
		}
	}
	if strings.Contains(strings.Join(prose, "\n"), `id="`+u.Fragment+`"`) {
		return ""
	}
	return fmt.Sprintf("%q: %s has no such heading", link, to)
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor is the name that a heading gets when it is shown.
func anchor(heading string) string {
	text := strings.TrimSpace(strings.TrimLeft(heading, "#"))
	return strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(text), ""), " ", "-")
}

func TestBrokenLinksAreFound(t *testing.T) {
	all := map[string]string{"README.md": "# A heading: of `one`, two\n", "docs/architecture.md": "# Architecture\n"}
	for _, good := range []string{"docs/architecture.md", "docs", "LICENSE", "https://example.com/x", "#a-heading-of-one-two", "docs/architecture.md#architecture", "mailto:a@example.com"} {
		if why := broken(all, "README.md", good); why != "" {
			t.Error(why)
		}
	}
	for _, bad := range []string{"docs/nothing.md", "../README.md", "/docs", "#nothing", "docs/architecture.md#nothing", "%zz"} {
		if broken(all, "README.md", bad) == "" {
			t.Errorf("%q is not found", bad)
		}
	}
	if why := broken(all, "docs/architecture.md", "../README.md#a-heading-of-one-two"); why != "" {
		t.Error(why)
	}
}
