//go:build !race

package demo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/internal/testserver"
)

// attribute is an element's attribute; empty if it has none.
func (b *tab) attribute(selector, name string) string {
	b.t.Helper()
	return browser.Get(b, chromedp.Evaluate[string](`document.querySelector("`+selector+`").getAttribute("`+name+`") ?? ""`))
}

// asksForCode checks the page for a code that was sent: phones fill the field in,
// another code has to wait, and there is help.
func (b *tab) asksForCode(masked string) {
	b.t.Helper()
	for name, want := range map[string]string{"autocomplete": "one-time-code", "inputmode": "numeric"} {
		if got := b.attribute("#code", name); got != want {
			b.t.Errorf("%s: %s of the field is %q, want %q", b.Where(), name, got, want)
		}
	}
	if got := b.text("#code-form"); !strings.Contains(got, masked) {
		b.t.Errorf("%s: no %q in %q", b.Where(), masked, got)
	}
	if b.scripts {
		b.countsDown()
	} else if got := b.text("#send-wait"); !b.visible("#send-wait") || !strings.Contains(got, "Another code can be sent in") {
		b.t.Errorf("%s: without scripts: %q", b.Where(), got)
	}
	b.Do(chromedp.Click(chromedp.CSS("#help summary")))
	if !b.visible("#help li") {
		b.t.Errorf("%s: the help does not open", b.Where())
	}
}

// countsDown waits until the button's text changes while it cannot be pressed.
func (b *tab) countsDown() {
	b.t.Helper()
	testserver.Until(b.t, "the script of the button", func() bool { return b.Holds(`document.querySelector("#send").disabled`) })
	first := b.text("#send")
	if !strings.HasPrefix(first, "Send again in ") || b.visible("#send-wait") {
		b.t.Errorf("%s: the button says %q", b.Where(), first)
	}
	testserver.Until(b.t, "the countdown", func() bool { return b.text("#send") != first })
}

// byText is the way of a person who gets codes by text message; code is the
// nth one that came to a number. submit ends a form.
func (b *tab) byText(submit func(field string), code func(to string, n int) string) {
	p := b.app.stranger(b.t)
	b.open("/register")
	b.typeInto("#email", p.email)
	b.typeInto("#password", p.password)
	submit("#password")
	b.open("/setup/sms")
	b.shows("Codes by text message")
	b.typeInto("#phone", "+46 70 123 45 67")
	submit("#phone")
	if got := b.text("#problem"); !strings.Contains(got, "the country of this number") || b.text("#instead") == "" {
		b.t.Errorf("a country that is not allowed: %q", got)
	}
	b.picture("Country refused")
	b.Do(chromedp.Clear(chromedp.CSS("#phone")))
	b.typeInto("#phone", "+47 406 12 345")
	b.typeInto("#label", "Ada’s phone")
	submit("#label")
	b.shows("Enter the code")
	b.asksForCode("+47 ••• ••45")
	b.picture("Set up code help")
	sent := code(number, 1)
	b.typeInto("#code", notCode(sent))
	submit("#code")
	if got := b.text("#problem"); !strings.Contains(got, "not match") {
		b.t.Errorf("a wrong code: %q", got)
	}
	b.picture("Set up code wrong")
	b.typeInto("#code", sent)
	submit("#code")
	b.shows("Your recovery codes")
	b.codes()
	b.kept()
	b.shows("Security settings")
	if got := b.text("#phones"); !strings.Contains(got, "Ada’s phone") || !strings.Contains(got, "+47 ••• ••45") {
		b.t.Errorf("O-12: the settings: %q", got)
	}

	b.picture("Settings with a phone")
	b.in(p, submit, code)
	b.addMailbox(submit)
	b.changeNumber(submit, code)
}

// in signs in again with a code by text message.
func (b *tab) in(p *person, submit func(field string), code func(to string, n int) string) {
	b.click("nav button")
	b.app.advance(3 * time.Minute)
	b.open("/login")
	b.typeInto("#email", p.email)
	b.typeInto("#password", p.password)
	submit("#password")
	b.shows("Enter your code")
	b.asksForCode("+47 ••• ••45")
	b.picture("Code help")
	if b.scripts {
		testserver.Until(b.t, "what became of the message", func() bool { return strings.HasPrefix(b.text("#delivery"), "Delivered") })
		b.picture("Code delivered")
	}
	first := code(number, 2)
	if !b.scripts { // nothing keeps the button from being pressed too early
		b.click("#send")
		if got := b.text("#problem"); !strings.Contains(got, "you can ask for another in") {
			b.t.Errorf("too soon: %q", got)
		}
		b.picture("Code too soon")
	}
	b.app.advance(2 * time.Minute)
	b.open("/challenge") // which has forgotten the countdown
	b.click("#send")
	b.shows("Enter your code")
	b.asksForCode("+47 ••• ••45")
	if second := code(number, 3); first != second {
		b.typeInto("#code", first)
		submit("#code")
		if got := b.text("#problem"); !strings.Contains(got, "not match") {
			b.t.Errorf("O-03: the code before the last: %q", got)
		}
		b.picture("Code wrong")
	}
	b.typeInto("#code", code(number, 3))
	submit("#code")
	b.shows("You are signed in")
	if got := b.text("dl"); !strings.Contains(got, "Two factors") {
		b.t.Errorf("signed in: %s", got)
	}
}

// changeNumber puts another number in the place of the one that there is.
func (b *tab) changeNumber(submit func(field string), code func(to string, n int) string) {
	b.open("/settings")
	b.click("#phones .list a")
	b.shows("Ada’s phone")
	b.click("#change a")
	b.shows("Change number")
	b.typeInto("#phone", otherNumber)
	submit("#phone")
	b.shows("Enter the code")
	b.typeInto("#code", code(otherNumber, 1))
	submit("#code")
	b.shows("Security settings")
	if got := b.text("#phones"); !strings.Contains(got, "Ada’s phone") || !strings.Contains(got, "••32") || strings.Contains(got, "••45") {
		b.t.Errorf("the changed number: %q", got)
	}
	b.picture("Settings with both")
}

// addMailbox has codes sent to the address of the account, too.
func (b *tab) addMailbox(submit func(field string)) {
	b.open("/settings")
	b.click(`#addresses a[href="/setup/email"]`)
	b.shows("Codes by mail")
	b.click("#onfile-form button")
	b.shows("Enter the code")
	b.picture("Mail code")
	var to string
	for _, m := range b.app.inbox() {
		if codeInMail.MatchString(m.Body) {
			to = m.To
			break
		}
	}
	b.typeInto("#code", b.app.lastCode(to))
	submit("#code")
	b.shows("Security settings")
	b.click("#addresses .list a")
	b.picture("Address")
}

// The text messages go by a real gateway, so that the page shows what became of them.
func TestBrowser_Codes(t *testing.T) {
	t.Parallel()
	k := testserver.NewKannel(t)
	c := carried{app: start(t, "-sms", kannelFlag(t, k)), kannel: k}
	b := newTab(t, c.app, "codes")
	submit := func(field string) {
		b.follow(chromedp.Click(chromedp.CSS("form:has(" + field + ") button")))
	}
	b.byText(submit, func(to string, n int) string { return c.text(to, n) })
}

// Without JavaScript, without a mouse, and in the dark.
func TestBrowser_CodesWithoutScripts(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "codes-no-scripts")
	b.withoutScripts()
	b.inDark()
	b.byText(func(field string) { b.follow(chromedp.SendKeys(chromedp.CSS(field), "\r")) }, a.nthCode)
}
