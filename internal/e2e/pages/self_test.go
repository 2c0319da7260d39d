//go:build !race

package pages_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// planted are pages with something wrong each, and the check that has to find it.
var planted = []struct {
	name, page string
	check      func(*self) []string
	want       string
}{
	{"image without a text", `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`, (*self).axed, "violation image-alt"},
	{"field without a label", `<input name="x">`, (*self).axed, "violation label"},
	{"faint text", `<p style="color:#aaa;background:#fff">Faint</p>`, (*self).axed, "violation color-contrast"},
	{"faint text, in the second scheme", `<p style="color:#aaa;background:#fff">Faint</p>`, (*self).coloured, "violation color-contrast"},
	{"link like its text", `<main style="color:#000"><p>One may <a href="/" style="color:#00c;text-decoration:none">go</a> there</p></main>`, (*self).coloured, "link-in-text-block"},
	{"text on a picture", `<p style="background:linear-gradient(#fff,#000)">Where?</p>`, (*self).axed, "unsure color-contrast"},
	{"two headings of the page", `<main>one</main><main>two</main>`, (*self).axed, "landmark-no-duplicate-main"},
	{"too wide", `<div style="width:400px">x</div>`, (*self).looked, "the page is 400 wide in 320"},
	{"cut", `<div style="width:50px;overflow:hidden;white-space:nowrap">more than there is room for</div>`, (*self).looked, "its content is cut"},
	{"out of sight", `<p style="position:absolute;left:-50px;width:100px">Out here</p>`, (*self).looked, "text at -50"},
	{"out of its box", `<div class="card" style="width:50px;white-space:nowrap">more than there is room for</div>`, (*self).looked, "text leaves its box"},
	{"over another", `<p>One text</p><p style="margin-top:-30px">Another text</p>`, (*self).looked, "is over"},
	{"small target", `<button style="width:20px;height:20px;padding:0">x</button>`, (*self).looked, "a target of 20 by 20"},
	{"small link of its own", `<ul><li><a href="/">go</a></li></ul>`, (*self).looked, "a target of"},
	{"placeholder", `<label>x<input placeholder="more than there is room for" style="width:60px"></label>`, (*self).looked, "is cut"},
	{"not mirrored", `<p dir="auto" style="text-align:left">في البداية</p>`, (*self).looked, "from its start"},
	{"broken word", `<p style="width:60px;overflow-wrap:anywhere">Wiederherstellungscode</p>`, (*self).looked, `the word "Wiederherstellungscode" is broken`},
	{"error in the console", `<script>console.error("planted")</script>`, (*self).console, "planted"},
	{"exception", `<script>planted()</script>`, (*self).console, "planted is not defined"},
	{"against the policy", `<meta http-equiv="Content-Security-Policy" content="style-src 'none'"><p style="color:red">x</p>`, (*self).console, "Content Security Policy"},
	{"from elsewhere", `<img alt="" src="http://elsewhere.example/x.png">`, (*self).foreign, "http://elsewhere.example/x.png"},
	{"from here", `<img alt="" src="/more.png">`, (*self).asked, "GET /more.png"},
	{"heavy", `<p>` + strings.Repeat("heavy ", 6000) + `</p>`, (*self).heavy, "bytes"},
	{"focus that is not seen", `<button style="outline:none">x</button>`, (*self).focused, "the focus cannot be seen"},
	{"focus that is hard to see", `<button style="outline:3px solid #eee">x</button>`, (*self).focused, "the focus is hard to see"},
	{"focus out of sight", `<button style="position:absolute;left:-99px">x</button>`, (*self).focused, "the focus is out of sight"},
	{"order by number", `<button tabindex="2">x</button>`, (*self).focused, "tabindex"},
}

// A self is the tests' test.
type self struct {
	*tab
	t         *testing.T
	axe, look string
	keys      *keyboard
	path      string
}

func (s *self) axed() []string     { return s.barriers(s.axe) }
func (s *self) coloured() []string { return s.barriers(s.axe, colours...) }
func (s *self) looked() []string   { return s.looks(s.look) }
func (s *self) console() []string  { return s.waits(s.Console) }
func (s *self) foreign() []string {
	return s.waits(func() []string { return s.tab.foreign(shown.url) })
}
func (s *self) heavy() []string { return tooHeavy(s.weight()) }
func (s *self) asked() []string { return s.waits(func() []string { return shown.oddOf(s.path) }) }

// waits is the first answer that is not empty, as browsers tell of these in their own time.
func (s *self) waits(check func() []string) []string {
	for range 1000 {
		if found := check(); len(found) > 0 {
			return found
		}
		browser.Evaluate[bool](s.tab, `await new Promise(requestAnimationFrame); return true;`)
	}
	return nil
}

func (s *self) focused() []string {
	s.keys.key(kb.Tab)
	return s.keys.focus().Problems
}

// TestChecks has each check find what was planted for it.
func TestChecks(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	script, err := os.ReadFile(filepath.Join("testdata", "look.js"))
	if err != nil {
		t.Fatal(err)
	}
	keys := newKeyboard(t)
	keys.tab = b
	s := &self{tab: b, t: t, axe: axeScript(t), look: string(script), keys: keys}
	b.Size(320, 800)
	for n, p := range planted {
		dir := "ltr"
		if p.name == "not mirrored" {
			dir = "rtl"
		}
		s.path = fmt.Sprintf("/planted/%d", n)
		b.Open(shown.put(s.path, &answer{header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: `<!doctype html><html lang="en" dir="` + dir +
			`"><meta name="viewport" content="width=device-width"><title>Planted</title><style>body{margin:0;background:#fff}</style><body>` + p.page}))
		found := p.check(s)
		if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, p.want) }) {
			t.Errorf("%s: found %q, want %q", p.name, found, p.want)
		}
		b.Console()
		b.foreign(shown.url)
	}
}
