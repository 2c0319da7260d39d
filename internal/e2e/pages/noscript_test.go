//go:build !race

package pages_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/mfatest"
)

// A plain is somebody whose browser runs no JavaScript.
type plain struct {
	*tab
	h     *host
	phone *mfatest.Authenticator
	codes []string // of recovery
}

func newPlain(t testing.TB) *plain {
	t.Helper()
	b := newTab(t)
	b.Size(320, 800)
	b.Scripts(false)
	return &plain{tab: b, h: listen(t)}
}

// at goes to a page of the host.
func (p *plain) at(path, heading string) {
	p.t.Helper()
	p.Open(p.h.origin + path)
	p.heads(heading)
}

// click presses something, and checks the heading of the page that comes then.
func (p *plain) click(selector, heading string) {
	p.t.Helper()
	if _, err := chromedp.RunResponse(p.Ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		p.t.Fatalf("%s: %s: %v", p.Where(), selector, err)
	}
	p.heads(heading)
}

func (p *plain) heads(heading string) {
	p.t.Helper()
	got, err := chromedp.Run(p.Ctx, chromedp.Evaluate[string](`document.querySelector("h1")?.textContent ?? ""`))
	if err != nil || got != heading {
		text, _ := chromedp.Run(p.Ctx, chromedp.Evaluate[string](`document.body.innerText`)) // as far as there is one
		p.t.Fatalf("%s shows %q, want %q, %v: %s", p.Where(), got, heading, err, text)
	}
}

// answer types a code and sends the form.
func (p *plain) answer(code, heading string) {
	p.t.Helper()
	p.put("#code", code)
	p.click(`form:has(#code) > button`, heading)
}

// put types into a field in place of what is there.
func (p *plain) put(selector, text string) {
	p.t.Helper()
	p.Do(chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// says checks that the page tells of something.
func (p *plain) says(selector, part string) {
	p.t.Helper()
	got, err := chromedp.Run(p.Ctx, chromedp.Evaluate[string](`document.querySelector("`+selector+`")?.innerText ?? ""`))
	if err != nil || !strings.Contains(got, part) {
		p.t.Fatalf("%s: %s says %q, want %q, %v", p.Where(), selector, got, part, err)
	}
}

// login gives the password to the host's own page.
func (p *plain) login(heading string) {
	p.t.Helper()
	p.at("/login", "Sign in")
	p.put("#name", "ada")
	p.put("#password", password)
	p.click("form > button", heading)
}

// out signs out.
func (p *plain) out() {
	p.t.Helper()
	p.h.Clock.Advance(11 * time.Minute)
	p.at("/account/settings", "Security settings")
	p.click("nav button", "Sign in")
}

// code is what the app shows, once.
func (p *plain) code() string {
	code := p.phone.Code()
	p.h.Clock.Advance(p.phone.Period)
	return code
}

// setUp is the first sign-in: an app, with its recovery codes, a number and an address.
func (p *plain) setUp() {
	p.t.Helper()
	p.login("Choose a second step")
	p.click(`a[href$="/setup/key"]`, "Add a security key or passkey")
	p.says(".problem:not(:empty)", "This needs JavaScript")
	p.at("/account/setup", "Choose a second step")
	p.click(`a[href$="/setup/app"]`, "Set up an authenticator app")
	p.put("#label", "My phone")
	p.click("form > button", "Set up an authenticator app")
	p.phone = p.scanned(p.h)
	p.answer("000000", "Set up an authenticator app")
	p.says("#problem", "does not match")
	code := p.code()
	p.answer(code[:3]+" "+code[3:], "Your recovery codes")
	p.codes = browser.Evaluate[[]string](p.tab, `return [...document.querySelectorAll("#codes code")].map((c) => c.textContent);`)
	if saved := browser.Evaluate[string](p.tab, `return decodeURIComponent(document.querySelector("a[download]").href);`); len(p.codes) != 10 || !strings.Contains(saved, p.codes[9]) {
		p.t.Errorf("%d codes, and the file to download has not all", len(p.codes))
	}
	p.click(`a[href*="/setup/more"]`, "Add a second way, in case you lose the first")
	p.click(`a[href*="/setup/sms"]`, "Codes by text message")
	p.click("#onfile-form button", "Enter the code")
	p.answer("000000", "Enter the code")
	p.says("#problem", "does not match")
	p.click("#send", "Enter the code")
	p.says("#problem", "A message was sent a moment ago")
	p.h.Clock.Advance(time.Minute)
	p.click("#send", "Enter the code")
	p.answer(p.h.lastCode("sms"), "Home")
	p.at("/account/settings", "Security settings")
	p.click(`a[href*="/setup/email"]`, "Codes by mail")
	p.click("#onfile-form button", "Enter the code")
	p.answer(p.h.lastCode("email"), "Security settings")
	p.says(".notice", "codes")
}

// TestWithoutJavaScript sets up all but keys, signs in with each, changes what can be
// changed, and confirms and approves, in a browser that runs no scripts.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	p := newPlain(t)
	h := p.h
	h.policy.Require, h.policy.DelayedReset = mfa.Requirement{SecondFactor: true}, 72*time.Hour
	h.policy.Remember = mfa.Remember{For: 30 * 24 * time.Hour}
	p.setUp()

	p.out() // the app
	p.login("Enter your code")
	p.answer(p.code(), "Home")

	p.out() // a text message
	p.login("Enter your code")
	p.way("Get a text message", "Get a code")
	p.click("#send", "Enter your code")
	p.answer(h.lastCode("sms"), "Home")

	p.out() // a mail's code, and its link
	p.login("Enter your code")
	p.way("Get a mail", "Get a code")
	p.click("#send", "Enter your code")
	p.answer(h.lastCode("email"), "Home")
	p.out()
	p.login("Enter your code")
	p.way("Get a mail", "Get a code")
	p.click("#send", "Enter your code")
	p.at(strings.TrimPrefix(h.mails.Link(userNamed("ada").Email), h.origin), "Is it you?")
	p.click("button", "Home")

	p.out() // a recovery code
	p.login("Enter your code")
	p.way("Use a recovery code", "Enter a recovery code")
	p.answer("no-such-code", "Enter a recovery code")
	p.answer(p.codes[3], "Home")

	p.changes()
	p.browsers()
	p.confirms()
	p.lost()
	for _, m := range p.Console() {
		t.Errorf("console: %s", m)
	}
}

// way goes to another way of signing in.
func (p *plain) way(text, heading string) {
	p.t.Helper()
	href := browser.Evaluate[string](p.tab, `return [...document.querySelectorAll(".others a")].find((a) => a.textContent.startsWith(args[0])).getAttribute("href");`, text)
	p.at(href, heading)
}

// changes renames and removes, moves to another number, and makes recovery codes.
func (p *plain) changes() {
	p.t.Helper()
	p.at("/account/settings", "Security settings")
	p.click("#phones .list a", "Text message")
	p.put("#label", "Ada’s number")
	p.click("#rename button", "Security settings")
	p.says("#phones", "Ada’s number")
	p.click("#phones .list a", "Ada’s number")
	p.click("#change a", "Change number")
	p.put("#phone", "+4791234590")
	p.click("#phone-form button", "Enter the code")
	p.answer(p.h.lastCode("sms"), "Security settings")
	p.says("#phones", "90")
	p.click("#addresses .list a", "E-mail")
	p.click("#remove button", "Security settings")
	p.says(".notice", "Removed")
	p.click(`#recovery a`, "New recovery codes")
	p.click("form.card button", "Your recovery codes")
	p.at("/account/settings", "Security settings")
	p.says("#recovery", "10 left")
}

// browsers is remembered, looks at the list, and ends it all.
func (p *plain) browsers() {
	p.t.Helper()
	p.out()
	p.login("Enter your code")
	p.Do(chromedp.Click(chromedp.CSS("#remember")))
	p.answer(p.code(), "Home")
	p.at("/account/settings/devices", "Your browsers")
	p.says("#devices", "This browser")
	p.click("#devices .list form button", "Your browsers")
	p.says(".notice", "Forgotten")
	p.at("/account/settings/devices", "Your browsers")
	p.click("#everywhere button", "You are signed out everywhere")
	p.login("Enter your code")
	p.answer(p.code(), "Home")
	p.at("/account/settings/activity", "Your activity")
	p.Do(chromedp.Click(chromedp.CSS(".dispute summary")))
	p.click(".dispute button", "Everybody is signed out")
	p.login("Enter your code")
	p.answer(p.code(), "Home")
}

// confirms that it is who is signed in, and approves a payment.
func (p *plain) confirms() {
	p.t.Helper()
	p.h.Clock.Advance(2 * time.Hour)
	p.at("/admin", "Confirm that it is you")
	p.click("#confirm-form button", "Confirm that it is you")
	p.answer(p.code(), "Admin")
	p.at("/", "Home")
	p.click("form button", "Approve this")
	p.says(".action", "Pay 100 euros to Bob")
	p.answer(p.code(), "Paid")
}

// lost asks for a reset in another browser, and cancels it here.
func (p *plain) lost() {
	p.t.Helper()
	other := newTab(p.t)
	other.Scripts(false)
	thief := &plain{tab: other, h: p.h, phone: p.phone}
	thief.login("Enter your code")
	thief.click(`a[href$="/lost"]`, "I have lost everything")
	thief.click("#lost-form button", "I have lost everything")
	thief.says(".card", "A reset was asked for")
	p.at("/account/settings", "Security settings")
	p.click("#reset a", "Somebody has asked for a reset")
	p.click("#keep button", "Security settings")
	if browser.Evaluate[bool](p.tab, `return Boolean(document.querySelector("#reset"));`) {
		p.t.Error("the reset still waits")
	}
}
