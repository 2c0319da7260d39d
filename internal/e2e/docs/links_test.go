package docs_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

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

// The list of guides leaves none out.
func TestEveryGuideIsListed(t *testing.T) {
	all := documents(t)
	for path := range all {
		name, guide := strings.CutPrefix(path, "docs/")
		if guide && name != "README.md" && !strings.Contains(all["docs/README.md"], "]("+name+")") {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

var requirement = regexp.MustCompile(`\b([A-Z])-(\d\d)\b`)

// Where a document names a security requirement, docs/security.md has it.
func TestRequirementsThatAreNamedAreRows(t *testing.T) {
	all, n := documents(t), 0
	rows := all["docs/security.md"]
	for path, text := range all {
		_, prose := split(text)
		for i, line := range prose {
			for _, id := range requirement.FindAllString(line, -1) {
				n++
				if !strings.Contains(rows, "\n| "+id+" |") {
					t.Errorf("%s:%d: docs/security.md has no row %s", path, i+1, id)
				}
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d were found", n)
	}
}
