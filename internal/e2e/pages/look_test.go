//go:build !race

package pages_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// widths are a small phone's, a tablet's, and a desktop's.
var widths = []int64{320, 768, 1280}

// maxPage is what a page may weigh, with its style and scripts, in bytes.
const maxPage = 30 << 10

// TestPages looks at every page in every language, at every width, light and dark.
func TestPages(t *testing.T) {
	for _, language := range []string{"en", "de", "es", "ar"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			l := newLook(t, language)
			for n, s := range states {
				l.at(n, s)
			}
			for _, late := range l.b.Console() {
				t.Errorf("console: %s", late)
			}
			for _, odd := range shown.oddOf("/shown/" + language + "/") {
				t.Errorf("a page asks for something: %s", odd)
			}
		})
	}
}

// A look is a walk past all pages in one language.
type look struct {
	t        *testing.T
	b        *tab
	language string
	script   string
	axe      string // empty: the pages of another language have the same structure
	shots    string // the folder for pictures; empty: none are taken
}

func newLook(t *testing.T, language string) *look {
	t.Helper()
	l := &look{t: t, b: newTab(t), language: language, shots: os.Getenv("MFA_SHOTS")}
	script, err := os.ReadFile(filepath.Join("testdata", "look.js"))
	if err != nil {
		t.Fatal(err)
	}
	l.script = string(script)
	if language == "en" || language == "ar" { // one of each direction
		l.axe = axeScript(t)
	}
	return l
}

func (l *look) at(n int, s state) {
	l.t.Helper()
	url := shown.put(fmt.Sprintf("/shown/%s/%d", l.language, n), s.reach(newVisitor(l.t, l.language, s.set)))
	complain := func(what string, found []string) {
		for _, f := range found {
			l.t.Errorf("%s, %s: %s", s.name, what, f)
		}
	}
	b := l.b
	b.Scripts(!s.plain)
	b.Media("prefers-color-scheme", "light")
	b.Size(widths[0], 800)
	b.Open(url)
	if !s.plain {
		b.settled()
	}
	complain("weight", tooHeavy(b.weight()))
	looked := func(width int64, scheme, how string) {
		l.t.Helper()
		b.Size(width, 800)
		complain(fmt.Sprint(width, " ", scheme, how), b.looks(l.script))
	}
	for _, scheme := range []string{"light", "dark"} {
		b.Media("prefers-color-scheme", scheme)
		for _, width := range widths {
			if scheme == "light" || l.shots != "" { // by night it is laid out alike
				looked(width, scheme, "")
			}
			l.picture(n, s.name, width, scheme)
		}
	}
	// What can be opened is open from here on.
	if browser.Evaluate[bool](b, `for (const d of document.querySelectorAll("details")) d.open = true; return Boolean(document.querySelector("details"));`) {
		looked(widths[0], "dark", ", opened")
		looked(widths[2], "dark", ", opened")
	}
	if l.language == "en" {
		complain("spaced", slices.DeleteFunc(b.spaced(l.script), func(found string) bool { return strings.Contains(found, "is broken") }))
	}
	if l.axe != "" && !s.plain {
		complain("dark", b.barriers(l.axe))
		b.Media("prefers-color-scheme", "light")
		complain("light", b.barriers(l.axe, colours...))
	}
	complain("console", b.Console())
	complain("asked for", b.foreign(shown.url))
}

// spaced is what is wrong where people have text set wider (WCAG 2.2, 1.4.12), on a
// small phone.
func (b *tab) spaced(script string) []string {
	b.t.Helper()
	b.Size(widths[0], 800)
	browser.Evaluate[bool](b, `
		const wide = new CSSStyleSheet();
		wide.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }");
		document.adoptedStyleSheets = [wide];
		return true;`)
	defer browser.Evaluate[bool](b, `document.adoptedStyleSheets = []; return true;`)
	return b.looks(script)
}

// looks are what is wrong with how the page is laid out.
func (b *tab) looks(script string) []string {
	b.t.Helper()
	return browser.Get(b, chromedp.Evaluate[[]string](script))
}

// tooHeavy says so of a weight.
func tooHeavy(weight int) []string {
	if weight <= maxPage {
		return nil
	}
	return []string{fmt.Sprintf("%d bytes, at most %d", weight, maxPage)}
}

// weight is that of the page and of what it has loaded, before any compression.
func (b *tab) weight() int {
	b.t.Helper()
	return browser.Evaluate[int](b, `
		const list = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
		return list.reduce((sum, e) => sum + e.decodedBodySize, 0);`)
}

// picture keeps one of the page in front, where MFA_SHOTS names a folder.
func (l *look) picture(n int, name string, width int64, scheme string) {
	l.t.Helper()
	if l.shots == "" {
		return
	}
	l.b.Size(width, max(800, browser.Evaluate[int64](l.b, `return document.documentElement.scrollHeight;`))) // all of it in sight
	png := browser.Get(l.b, chromedp.CaptureScreenshot())
	plain := strings.NewReplacer(" ", "-", ",", "", "’", "").Replace(name)
	file := fmt.Sprintf("%s-%d-%s-%02d-%s.png", l.language, width, scheme, n, plain)
	if err := os.WriteFile(filepath.Join(l.shots, file), png, 0o600); err != nil {
		l.t.Fatal(err)
	}
}
