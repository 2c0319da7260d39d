//go:build !race

package pages_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// axeScript is axe-core, which looks for barriers.
func axeScript(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// colours are axe's rules that look at colours: what there is to see again of a page in
// its other scheme, where all else is as it was.
var colours = []string{"color-contrast", "link-in-text-block"}

// barriers are what axe finds on the page in front: what is wrong by WCAG 2.2 AA and by
// good practice, and contrasts that it cannot tell. Rules may be named, for these alone.
func (b *tab) barriers(axe string, rules ...string) []string {
	b.t.Helper()
	if !browser.Evaluate[bool](b, `return "axe" in window;`) {
		browser.Evaluate[bool](b, axe+`; return true;`)
	}
	found := browser.Evaluate[[]struct {
		Rule, Help, Node, Why string
		Unsure                bool
	}](b, `
		const results = await axe.run(document, {
			runOnly: args[0] ? { type: "rule", values: args[0] } :
				{ type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
			resultTypes: ["violations", "incomplete"],
		});
		const lines = (list, Unsure) => list.flatMap((r) => r.nodes.map((n) => ({ Rule: r.id, Help: r.help, Node: n.html.slice(0, 160), Why: n.failureSummary ?? "", Unsure })));
		return [...lines(results.violations, false), ...lines(results.incomplete, true)];`, rules)
	var out []string
	for _, f := range found {
		kind := "violation"
		if f.Unsure {
			kind = "unsure"
		}
		out = append(out, fmt.Sprintf("%s %s (%s): %s: %s", kind, f.Rule, f.Help, f.Node, f.Why))
	}
	return out
}
