//go:build !race

package demo_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// stopped presses the button, and then the one that stops it.
func (b *tab) stopped(picture string) {
	b.t.Helper()
	b.press("#key-button")
	b.Do(chromedp.WaitVisible(chromedp.CSS("#key-cancel")))
	b.wants(b.text("#key-status"), "touch your key")
	b.picture(picture)
	// Until the browser has come to ask for a key, there is nothing to stop.
	b.Until(`document.getElementById("key-cancel").click(), !!document.getElementById("key-problem").textContent`)
	b.wants(b.said(), "Stopped")
	if b.visible("#key-cancel") || !b.visible("#key-button") {
		b.t.Error("it cannot be tried again")
	}
}

// Whoever stops half-way can try again, on every page.
func TestKeyStoppedHalfWay(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "stopped")
	pk := b.plugIn(platform)
	p := b.newcomer()

	pk.touched(false)
	b.open("/setup/key")
	b.typeInto("#label", "Mine")
	b.stopped("Add a key busy")
	b.picture("Add a key stopped")
	pk.touched(true)
	b.click("#key-button")
	b.codes()
	b.open("/settings")
	b.wants(b.text("#keys"), "Mine")
	pk.only()

	pk.touched(false)
	b.signOut()
	b.password(p)
	b.stopped("Use your key busy")
	b.picture("Use your key stopped")
	pk.touched(true)
	b.click("#key-button")
	b.is("You are signed in")

	pk.touched(false)
	b.signOut()
	b.withoutSuggestions("/login")
	b.stopped("Sign in by passkey busy")
	pk.touched(true)
	b.press("#key-button")
	b.arrives("You are signed in")
	b.asPasskeyUser(p)
}

// An authenticator that is not there, or was taken out.
func TestKeyIsMissing(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "missing")
	key := b.plugIn(plainKey)
	p := b.newcomer()
	b.addKey("")
	mine := key.only()
	key.forget(mine)
	b.signOut()
	b.password(p)
	b.wants(b.refused(), "no key here fits")
	b.picture("Use your key refused")
	key.put(mine)
	b.click("#key-button")
	b.is("You are signed in")
}

// Without JavaScript nothing on a page can be pressed in vain, and it says why.
func TestKeyPagesWithoutScripts(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "no-scripts")
	key := b.plugIn(plainKey)
	p := b.newcomer()
	b.addKey("")
	b.withoutScripts()
	says := func() {
		t.Helper()
		b.wants(b.text("noscript"), "needs JavaScript")
		if !b.visible("noscript .problem") || b.visible("#key-button") {
			t.Errorf("%s: the sentence is to be seen %v, the button %v", b.Where(), b.visible("noscript .problem"), b.visible("#key-button"))
		}
	}
	b.signOut()
	b.open("/login")
	says()
	b.picture("Sign in")
	b.password(p)
	b.is("Use your key")
	says()
	b.picture("Use your key")
	b.wants(b.text(".others"), "Use a recovery code")
	key.only()

	// Its owner, on a page that is in order but for that.
	q := b.app.stranger(t)
	b.open("/register")
	b.typeInto("#email", q.email)
	b.typeInto("#password", q.password)
	b.click("main form button")
	b.open("/setup/key")
	says()
	b.picture("Add a key")
}

// Keys are bound to names, so that an address has none. All else works there.
func TestKeysAtAnAddress(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "address")
	b.plugIn(platform)
	p := b.newcomer()
	b.addKey("")
	b.signOut()
	q := b.newcomer() // without any
	b.signOut()

	named := a.url
	b.app = &app{url: strings.Replace(named, "localhost", "127.0.0.1", 1)}
	b.open("/login")
	b.picture("Sign in")
	b.wants(b.text("main"), "Keys and passkeys do not work at this address, but at the app’s name: "+named)
	b.password(q)
	b.is("You are signed in")
	b.open("/setup/key")
	b.wants(b.refused(), "do not work at this address")
	b.picture("Add a key")
	b.signOut()
	b.password(p)
	b.is("Use your key")
	b.wants(b.refused(), "do not work at this address")
	b.picture("Use your key")
	b.wants(b.text(".others"), "Use a recovery code")
}

// A challenge is good for one answer, even with the cookie that came with it.
func TestW01_A77_AnsweredTwice(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "replay")
	b.plugIn(platform)
	p := b.newcomer()
	b.addKey("")
	b.signOut()
	b.withoutSuggestions("/login")
	var kept []*network.CookieParam
	browser.Evaluate[bool](b, `
		const real = window.fetch;
		window.fetch = (url, init) => {
			if (String(url).endsWith("/passkey/finish")) {
				sessionStorage.setItem("sent", init.body);
				return new Promise((go) => { window.release = () => go(real(url, init)); });
			}
			return real(url, init);
		};
		return true;`)
	b.press("#key-button")
	b.Until(`!!window.release`)
	for _, c := range browser.Ask(b, network.GetCookies, network.GetCookiesParams{}).Cookies {
		kept = append(kept, &network.CookieParam{Name: c.Name, Value: c.Value, URL: a.url, HTTPOnly: c.HTTPOnly})
		a.seen.secret("a cookie "+c.Name, c.Value)
	}
	browser.Evaluate[bool](b, `window.release(); return true;`)
	b.arrives("You are signed in")
	b.asPasskeyUser(p)

	again := func() fetched {
		return browser.Evaluate[fetched](b, `
			const r = await fetch("/mfa/passkey/finish", { method: "POST", body: sessionStorage.getItem("sent"), headers: { "Content-Type": "application/json" } });
			return { Status: r.status, Body: await r.text() };`)
	}
	b.signOut()
	if r := again(); r.Status != 404 || r.code() != "no_flow" {
		t.Errorf("again, without what it was the answer to: %d %s", r.Status, r.Body)
	}
	if len(kept) == 0 {
		t.Fatal("there was no cookie")
	}
	browser.Ask(b, network.SetCookies, network.SetCookiesParams{Cookies: kept})
	if r := again(); r.Status != 410 || r.code() != "flow_expired" {
		t.Errorf("again, with it: %d %s", r.Status, r.Body)
	}
	if r := b.fetch("GET", "/me", nil); r.Status != 401 {
		t.Errorf("in by an answer that was used: %s", r.Body)
	}
}

// Both tabs of a login page have begun. Whichever is late finds what it has spent
// by the other, says so, and can begin anew.
func TestTwoTabsOfTheLoginPage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"at once", "one after the other"} {
		t.Run(name, func(t *testing.T) {
			a := start(t)
			first := newTab(t, a, "tabs")
			kind := platform // one that is synced between two devices, as each tab has its own here
			kind.DefaultBackupEligibility, kind.DefaultBackupState = true, true
			pk := first.plugIn(kind)
			p := first.newcomer()
			first.addKey("")
			none := -1.0
			pk.change(webauthn.SetCredentialPropertiesParams{SignCount: &none})
			first.signOut()
			second := first.another()
			second.open("/") // where no passkey is asked for yet
			second.plugIn(kind).put(pk.only())
			tabs := []*tab{first, second}
			for _, b := range tabs {
				// Or browsers would ask for nothing in the one behind.
				browser.Ask(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
				b.withoutSuggestions("/login")
				hold(b)
			}
			answer := func(b *tab) {
				// A tab behind draws nothing and has no pointer.
				b.Do(chromedp.Evaluate[chromedp.Void](`document.getElementById("key-button").click()`))
				b.Until(`!!window.release`)
			}
			answer(first)
			answer(second)
			send := func(b *tab) { b.Do(chromedp.Evaluate[chromedp.Void](`window.release()`)) }
			send(first)
			if name == "one after the other" {
				first.arrives("You are signed in")
			}
			send(second)
			in := 0
			for _, b := range tabs {
				if b.settles() {
					in++
				}
			}
			if in == 0 {
				t.Error("nobody is in")
			}
			for _, b := range tabs {
				if b.text("h1") == "Sign in" {
					b.wants(b.said(), "Please sign in again")
					answer(b)
					send(b)
					b.arrives("You are signed in")
				}
				b.open("/")
				b.asPasskeyUser(p)
			}
		})
	}
}

// hold keeps a page from sending what the passkey answered until window.release.
func hold(b *tab) {
	b.t.Helper()
	browser.Evaluate[bool](b, `
		const real = window.fetch;
		window.fetch = (url, init) => String(url).endsWith("/passkey/finish")
			? new Promise((go) => { window.release = () => { delete window.release; go(real(url, init)); }; }) : real(url, init);
		return true;`)
}

// settles waits until the page to sign in at has led on, or said why not, and says which.
func (b *tab) settles() bool {
	b.t.Helper()
	const in = `document.querySelector("h1")?.textContent == "You are signed in"`
	b.Until(`document.readyState == "complete" && (` + in + ` || !!document.getElementById("key-problem")?.textContent)`)
	return browser.Evaluate[bool](b, "return "+in)
}
