//go:build !race

package demo_test

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// asPasskeyUser checks that the tab is signed in with a passkey and nothing else.
func (b *tab) asPasskeyUser(p *person) {
	b.t.Helper()
	m := b.me()
	if m.Email != p.email || m.AAL != 2 || !m.PhishingResistant || slices.Contains(m.AMR, "pwd") || !slices.Contains(m.AMR, "user") {
		b.t.Errorf("signed in as %+v, want %s by passkey alone", m, p.email)
	}
	b.open("/")
	b.wants(b.text("dl"), "Two factors")
}

func TestPasskeySignsInByButton(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "passkey")
	pk := b.plugIn(platform)
	p := b.newcomer()
	b.addKey("")
	b.wants(b.text("#keys"), "Passkey")
	b.signOut()
	pk.touched(false) // or the suggestions of the e-mail field would answer before the button
	b.open("/login")
	b.shows("Sign in")
	b.press("#key-button")
	b.Do(chromedp.WaitVisible(chromedp.CSS("#key-cancel")))
	b.picture("Sign in busy")
	b.press("#key-cancel")
	b.wants(b.said(), "Stopped")
	b.picture("Sign in stopped")
	b.withoutSuggestions("/login")
	pk.touched(true)
	b.press("#key-button")
	b.arrives("You are signed in")
	b.asPasskeyUser(p)
	b.picture("Signed in by passkey")
}

// The suggestions of the e-mail field: the request waits on the page until
// somebody picks one, which is what touching stands for here.
func TestPasskeySignsInByAutofill(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "passkey")
	pk := b.plugIn(platform)
	p := b.newcomer()
	b.addKey("")
	b.signOut()
	if n := pk.only().SignCount; n == 0 {
		t.Fatalf("count %v", n)
	}
	pk.touched(false)
	b.open("/login")
	pk.touched(true)
	b.arrives("You are signed in")
	b.asPasskeyUser(p)
}

func TestPasskeysOfTwoPeopleOnOneAuthenticator(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "two-people")
	pk := b.plugIn(platform)
	var people []*person
	var passkeys []*webauthn.Credential
	for range 2 {
		p := b.newcomer()
		b.addKey("")
		b.signOut()
		for _, c := range pk.credentials() {
			if c.UserName == p.email {
				people, passkeys = append(people, p), append(passkeys, c)
			}
		}
	}
	if len(passkeys) != 2 || len(pk.credentials()) != 2 {
		t.Fatalf("%d passkeys of %d people", len(pk.credentials()), len(people))
	}
	for i, p := range people {
		pk.forget(passkeys[1-i])
		b.open("/login")
		b.arrives("You are signed in")
		b.asPasskeyUser(p)
		b.signOut()
		now := pk.only()
		pk.put(passkeys[1-i])
		passkeys[i] = now
	}
}

// withoutSuggestions opens a page to sign in at as a browser without
// conditional mediation has it: nothing answers there but by the button.
func (b *tab) withoutSuggestions(path string) {
	b.t.Helper()
	browser.Ask(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: "delete PublicKeyCredential.isConditionalMediationAvailable",
	})
	b.open(path)
}
