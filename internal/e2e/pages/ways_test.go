//go:build !race

package pages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// show opens the state of a name.
func (b *tab) show(path, name, language string) {
	b.t.Helper()
	i := slices.IndexFunc(states, func(s state) bool { return s.name == name })
	if i < 0 {
		b.t.Fatalf("there is no state %q", name)
	}
	b.Open(shown.put(path, states[i].reach(newVisitor(b.t, language, states[i].set))))
	b.settled()
}

// TestPhoneOpensItsApp: who reads the page on the phone that has the app is offered to
// open it, first; the picture to scan is behind a line for those who set up another device.
func TestPhoneOpensItsApp(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	b.Size(320, 800)
	b.show("/phone", "scan", "en")
	const offers = `
		const seen = (selector) => [...document.querySelectorAll(selector)].some((e) => e.checkVisibility());
		const first = [...document.querySelectorAll("#app-key a, #app-key summary")].find((e) => e.checkVisibility());
		return [seen("#open-app") ? "app" : "no app", seen(".qr img") ? "picture" : "no picture", first.id === "open-app" ? "app first" : "not first"].join(", ");`
	check := func(device, want string) {
		t.Helper()
		if got := browser.Evaluate[string](b, offers); got != want {
			t.Errorf("on %s: %s; want %s", device, got, want)
		}
	}
	const phone, desktop = "app, no picture, app first", "no app, picture, not first"
	check("a phone", phone)
	browser.Evaluate[bool](b, `document.querySelector("#app-key details summary").click(); return true;`)
	check("a phone that sets up another device", "app, picture, app first")
	browser.Evaluate[bool](b, `document.querySelector("#app-key details").open = false; return true;`)
	browser.Ask(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
	b.Do(chromedp.EmulateViewport(844, 390, chromedp.EmulateMobile, chromedp.EmulateTouch))
	check("a phone that lies on its side", phone)
	b.Do(chromedp.EmulateViewport(1024, 768, chromedp.EmulateMobile, chromedp.EmulateTouch))
	check("a tablet", desktop)
	browser.Ask(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: false})
	b.Size(1280, 800)
	check("a desktop", desktop)
}

// TestCodesOnPaper: recovery codes are printed with what they are for, and without what
// can only be pressed.
func TestCodesOnPaper(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	b.show("/paper", "codes", "en")
	browser.Ask(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	text := browser.Evaluate[string](b, `return document.body.innerText;`)
	for _, part := range []string{"Download", "Print", "Sign out", "Skip to", "I have kept them", "Step"} {
		if strings.Contains(text, part) {
			t.Errorf("on paper there is %q: %s", part, text)
		}
	}
	if n := len(regexp.MustCompile(`[a-z2-7]{4}(-[a-z2-7]{4}){3}`).FindAllString(text, -1)); n != 10 || !strings.Contains(text, "Example") {
		t.Errorf("on paper there are %d codes: %s", n, text)
	}
}

// TestReducedMotion: nothing moves for those who ask for that.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	b := newTab(t)
	const moving = `
		const form = document.querySelector("form.card");
		form.setAttribute("aria-busy", "true");
		return [...document.querySelectorAll("*")].flatMap((e) => [null, "::before", "::after"].map((part) => getComputedStyle(e, part)))
			.filter((style) => style.content !== "none" && (style.animationName !== "none" || parseFloat(style.transitionDuration) > 0)).length;`
	b.show("/moving", "challenge app", "en")
	if n := browser.Evaluate[int](b, moving); n != 1 {
		t.Errorf("while a form is sent %d things move, want the button's mark", n)
	}
	b.Media("prefers-reduced-motion", "reduce")
	if n := browser.Evaluate[int](b, moving); n != 0 {
		t.Errorf("%d things move", n)
	}
}

// TestForcedColours: where the browser draws with a person's own few colours, backgrounds
// go, and what they set apart has a border.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join("testdata", "look.js"))
	if err != nil {
		t.Fatal(err)
	}
	k := newKeyboard(t)
	for _, scheme := range []string{"light", "dark"} {
		k.Media("forced-colors", "active", "prefers-color-scheme", scheme)
		for _, name := range []string{"challenge app wrong", "scan", "codes", "key wrong", "settings, one way", "devices", "activity"} {
			k.show("/forced", name, "en")
			if !browser.Evaluate[bool](k.tab, `return matchMedia("(forced-colors: active)").matches;`) {
				t.Fatal("the browser does not force colours")
			}
			for _, plain := range browser.Evaluate[[]string](k.tab, `
				return [...document.querySelectorAll(".card, .problem, .notice, .badge, button:not(.link), .button, input")].filter((e) => e.checkVisibility()).filter((e) => {
					const style = getComputedStyle(e), [r, g, b, a = 1] = style.borderTopColor.match(/[\d.]+/g).map(Number);
					return style.borderTopStyle !== "solid" || parseFloat(style.borderTopWidth) < 1 || a === 0 || style.borderTopColor === getComputedStyle(document.body).backgroundColor;
				}).map((e) => e.className + " " + e.textContent.trim());`) {
				t.Errorf("%s, %s: nothing sets apart: %s", name, scheme, plain)
			}
			if qr := browser.Evaluate[string](k.tab, `const e = document.querySelector(".qr"); return e ? getComputedStyle(e).backgroundColor : "";`); qr != "" && qr != "rgb(255, 255, 255)" {
				t.Errorf("%s: the picture to scan is on %s", scheme, qr)
			}
			for _, found := range k.looks(string(script)) {
				t.Errorf("%s, %s: %s", name, scheme, found)
			}
			k.through(name)
		}
	}
}
