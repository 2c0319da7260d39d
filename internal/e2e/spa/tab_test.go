//go:build !race

package spa_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// A tab is a person's browser, in front of the page.
type tab struct {
	*browser.Tab
	t    testing.TB
	site *site
	name string // of its pictures
}

// newTab opens a window in front of a site.
func newTab(t testing.TB, s *site, name string) *tab {
	t.Helper()
	b := &tab{browser.New(t), t, s, name}
	b.Open(s.url + "/")
	return b
}

// is waits for a view, by its heading, and takes pictures of it.
func (b *tab) is(heading string) {
	b.t.Helper()
	b.Until(`document.querySelector("h1")?.textContent == ` + strconv.Quote(heading) + ` && !document.querySelector("[aria-busy=true]")`)
	b.picture(heading)
}

// says waits until the view, or the line above it, says something.
func (b *tab) says(part string) {
	b.t.Helper()
	b.Until(`[...document.querySelectorAll("[role=alert], [role=status]")].some((e) => e.textContent.includes(` + strconv.Quote(part) + `))`)
}

// put fills the field of a name in, in place of what is there.
func (b *tab) put(name, text string) {
	b.t.Helper()
	field := `main [name="` + name + `"]`
	browser.Evaluate[bool](b, `document.querySelector(args[0]).select(); return true;`, field)
	b.Fill(field, text)
}

// press presses the first button or link that is seen and begins with a text.
func (b *tab) press(text string) {
	b.t.Helper()
	const find = `[...document.querySelectorAll("button, a, summary, input[type=checkbox]")].filter((e) => e.checkVisibility() && (e.textContent || e.name).trim().startsWith(%s))`
	b.Until(fmt.Sprintf(find, strconv.Quote(text)) + `.length > 0`)
	browser.Evaluate[bool](b, fmt.Sprintf(find, "args[0]")+`[0].click(); return true;`, text)
}

func (b *tab) text(selector string) string {
	b.t.Helper()
	return browser.Evaluate[string](b, `return document.querySelector(args[0])?.innerText ?? "";`, selector)
}

// picture holds the view to fitting its width, in light and dark, and keeps pictures of
// it where MFA_SCREENSHOTS names a folder.
func (b *tab) picture(title string) {
	b.t.Helper()
	for _, width := range []int64{320, 1280} {
		b.Size(width, 800)
		if wide := browser.Evaluate[int64](b, `return document.documentElement.scrollWidth;`); wide > width {
			b.t.Errorf("%s is %d wide in %d", title, wide, width)
		}
		dir := os.Getenv("MFA_SCREENSHOTS")
		for _, scheme := range []string{"light", "dark"} {
			if dir == "" {
				continue
			}
			b.Media("prefers-color-scheme", scheme)
			png := browser.Get(b, chromedp.FullScreenshot(100))
			file := strings.ToLower(strings.Map(func(r rune) rune {
				if r == ' ' || r == '/' {
					return '-'
				}
				return r
			}, fmt.Sprintf("%s-%s-%d-%s.png", b.name, title, width, scheme)))
			if err := os.WriteFile(filepath.Join(dir, file), png, 0o600); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}
