//go:build !race

package pages_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// TestFocus goes through every page by Tab, from its beginning to its end: it comes to all
// that can be used, in order, and can be seen there.
func TestFocus(t *testing.T) {
	for _, row := range []struct {
		language string
		width    int64
		scheme   string
	}{{"en", 1280, "light"}, {"ar", 320, "dark"}} {
		t.Run(row.language, func(t *testing.T) {
			t.Parallel()
			k := newKeyboard(t)
			k.Size(row.width, 600)
			k.Media("prefers-color-scheme", row.scheme)
			for n, s := range states {
				if s.plain {
					continue
				}
				k.Open(shown.put(fmt.Sprintf("/tabbed/%s/%d", row.language, n), s.reach(newVisitor(t, row.language, s.set))))
				k.settled()
				k.through(s.name)
			}
		})
	}
}

// through goes through a page.
func (k *keyboard) through(name string) {
	k.t.Helper()
	browser.Evaluate[bool](k.tab, `
		for (const d of document.querySelectorAll("details")) d.open = true;
		document.body.tabIndex = -1;
		document.body.focus();
		document.body.removeAttribute("tabindex");
		scrollTo(0, 0);
		return true;`)
	var before stop
	for range 100 {
		k.key(kb.Tab)
		s := k.focus()
		for _, p := range s.Problems {
			k.t.Errorf("%s: %s: %s", name, s.Name, p)
		}
		if s.Name == "" || before.Name == "" && s.At != 0 {
			k.t.Errorf("%s: the focus begins at %s (%d of %d)", name, s.Name, s.At, s.Of)
			return
		}
		k.inOrder(before, s)
		if before = s; s.At == s.Of-1 {
			return
		}
	}
	k.t.Errorf("%s: the focus never comes to the end", name)
}
