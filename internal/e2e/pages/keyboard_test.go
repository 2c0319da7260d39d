//go:build !race

package pages_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/mfatest"
)

// A stop is where the keyboard's focus is.
type stop struct {
	Name        string
	Problems    []string
	At, Of      int // among the page's stops
	Top, Bottom float64
	Start       float64 // from where lines begin
}

// A keyboard is a person's who has nothing else.
type keyboard struct {
	*tab
	script string
}

func newKeyboard(t testing.TB) *keyboard {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "focus.js"))
	if err != nil {
		t.Fatal(err)
	}
	k := &keyboard{newTab(t), string(script)}
	k.Size(1280, 800)
	return k
}

func (k *keyboard) key(keys string) {
	k.t.Helper()
	k.Do(chromedp.KeyEvent(keys))
}

// focus is where the focus is.
func (k *keyboard) focus() stop {
	k.t.Helper()
	return browser.Get(k, chromedp.Evaluate[stop](k.script))
}

// stop is where the focus is; a problem with it is one of the test.
func (k *keyboard) stop() stop {
	k.t.Helper()
	s := k.focus()
	for _, p := range s.Problems {
		k.t.Errorf("%s: %s: %s", k.Where(), s.Name, p)
	}
	return s
}

// to presses Tab until something has the focus that matches a selector and begins with a
// text; each stop on the way is looked at.
func (k *keyboard) to(selector, text string) {
	k.t.Helper()
	matches := func() bool {
		return browser.Evaluate[bool](k.tab, `const e = document.activeElement; return e.matches(args[0]) && (e.textContent || "").trim().startsWith(args[1]);`, selector, text)
	}
	var before stop
	var passed []string
	for range 60 {
		if matches() {
			if s := k.stop(); s.Name != "" {
				return
			}
		}
		k.key(kb.Tab)
		s := k.stop()
		k.inOrder(before, s)
		before = s
		passed = append(passed, s.Name)
	}
	k.t.Fatalf("%s: Tab never comes to %s %q; it came to %s", k.Where(), selector, text, strings.Join(passed, ", "))
}

// inOrder checks that one stop comes after the other on the page: further down, or
// further on in the same line.
func (k *keyboard) inOrder(a, b stop) {
	k.t.Helper()
	if a.Name == "" || b.Name == "" {
		return
	}
	if b.At != a.At+1 {
		k.t.Errorf("%s: after %s (%d) comes %s (%d)", k.Where(), a.Name, a.At, b.Name, b.At)
	}
	beside := b.Top < a.Bottom && a.Top < b.Bottom && b.Start >= a.Start
	if b.Top < a.Top-1 && !beside {
		k.t.Errorf("%s: from %s the focus goes up to %s", k.Where(), a.Name, b.Name)
	}
}

// press goes to a link or button by Tab, and presses it.
func (k *keyboard) press(selector, text string) {
	k.t.Helper()
	k.to(selector, text)
	if strings.HasPrefix(selector, "button") {
		k.key(" ")
	} else {
		k.key(kb.Enter)
	}
}

// fill goes to a field by Tab, and types.
func (k *keyboard) fill(selector, text string) {
	k.t.Helper()
	k.to(selector, "")
	k.key(text)
}

// login is the host's own page.
func (k *keyboard) login(h *host, name string) {
	k.t.Helper()
	k.Until(`document.querySelector("#password") && document.readyState == "complete"`)
	browser.Evaluate[bool](k.tab, `document.getElementById("name").focus(); return true;`) // a page that is not ours
	k.key(name + kb.Tab + password + kb.Enter)
}

// scanned is the app that has read the page's secret, by its link.
func (b *tab) scanned(h *host) *mfatest.Authenticator {
	b.t.Helper()
	uri := browser.Evaluate[string](b, `return document.querySelector("a[href^='otpauth:']").href;`)
	phone, err := mfatest.NewAuthenticator(uri, h.Clock.Now)
	if err != nil {
		b.t.Fatal(err)
	}
	return phone
}

// TestKeyboardAlone sets up an app, a number and a passkey, and signs in with each, by Tab,
// Enter, Space and typing; the focus is seen wherever it stops.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	k := newKeyboard(t)
	h := listen(t)
	h.policy.Require = mfa.Requirement{SecondFactor: true}
	k.PlugIn(browser.Platform)
	k.Open(h.origin + "/login")
	k.login(h, "ada")

	k.is("Choose a second step")
	k.press(`a`, "Set up an authenticator app")
	k.is("Set up an authenticator app")
	k.fill("#label", "My phone")
	k.press("button", "Continue")
	k.Until(`document.querySelector("#manual")`)
	k.press("summary", "Cannot scan")
	k.Until(`document.querySelector("#manual[open]") && document.querySelector("#secret").checkVisibility()`)
	phone := k.scanned(h)
	k.fill("#code", "000000")
	k.key(kb.Enter)
	k.Until(`document.querySelector("#code[aria-invalid]") && document.activeElement.id == "code" && document.querySelector("[role=alert]").textContent`)
	k.fill("#code", phone.Code())
	k.key(kb.Enter)
	k.is("Your recovery codes")
	k.press("a", "I have kept them")
	k.is("Add a second way, in case you lose the first")
	k.press("a", "Get codes by text message")
	k.is("Codes by text message")
	k.press("button", "Send a code there")
	k.is("Enter the code")
	k.fill("#code", h.lastCode("sms"))
	k.key(kb.Enter)
	k.is("Home")
	h.Clock.Advance(time.Minute)
	k.Open(h.origin + "/account/settings")
	k.is("Security settings")
	k.press("a", "Add a security key or passkey")
	k.is("Add a security key or passkey")
	k.fill("#label", "This computer")
	k.press("button", "Add")
	k.is("Security settings")

	for _, way := range []string{"app", "text", "passkey"} {
		k.press("button", "Sign out")
		k.is("Sign in")
		h.Clock.Advance(11 * time.Minute)
		k.login(h, "ada")
		k.Until(`document.readyState == "complete" && document.querySelector("#mfa form")`)
		switch way {
		case "app":
			k.other("#code", "Use My phone")
			k.fill("#code", phone.Code())
			k.key(kb.Enter)
		case "text":
			k.other("#send", "Get a text message")
			k.press("button", "Send a code")
			k.is("Enter your code")
			k.fill("#code", h.lastCode("sms"))
			k.key(kb.Enter)
		case "passkey":
			k.other("#key-button", "Use a security key or passkey")
			k.Until(`!document.querySelector("#key-button").disabled`)
			k.press("button", "Use")
		}
		k.is("Home")
		k.Open(h.origin + "/account/settings")
		k.is("Security settings")
	}
	for _, m := range k.Console() {
		t.Errorf("console: %s", m)
	}
}

// other goes to another way of signing in, if the page is not of it already: the one that
// has an element of that id.
func (k *keyboard) other(own, text string) {
	k.t.Helper()
	if browser.Evaluate[bool](k.tab, `return ![...document.querySelectorAll(".others a")].some((a) => a.textContent.startsWith(args[0]));`, text) {
		return
	}
	k.press(".others a", text)
	k.Until(fmt.Sprintf(`document.querySelector(%q) && ![...document.querySelectorAll(".others a")].some((a) => a.textContent.startsWith(%q))`, own, text))
}
