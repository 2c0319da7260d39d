//go:build !race

package demo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// A key as a second factor, whatever it is able to do.
func TestKeyAsSecondFactor(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]webauthn.VirtualAuthenticatorOptions{"ctap2": plainKey, "u2f": oldKey} {
		t.Run(name, func(t *testing.T) {
			a := start(t)
			b := newTab(t, a, "key-"+name)
			key := b.plugIn(kind)
			p := b.newcomer()
			b.picture("Without a second factor")
			b.click(`a[href="/setup"]`)
			b.click(`a[href="/setup/key"]`)
			b.shows("Add a security key or passkey")
			b.click("#key-button")
			b.shows("Your recovery codes")
			p.recovery = b.codes()
			if len(p.recovery) != 10 {
				t.Errorf("%d recovery codes", len(p.recovery))
			}
			b.kept()
			b.picture("Settings with a key")
			b.wants(b.text("#keys"), "Security key Added") // a name, though none was given
			b.wants(b.text("#second"), "Add a second one")
			b.signOut()

			b.password(p)
			b.shows("Use your key")
			b.click("#key-button")
			b.shows("You are signed in")
			if m := b.me(); m.Email != p.email || m.AAL != 2 || !m.PhishingResistant || !slices.Contains(m.AMR, "hwk") || !slices.Contains(m.AMR, "user") {
				t.Errorf("signed in as %+v", m)
			}
			if c := key.only(); c.IsResidentCredential || c.SignCount == 0 {
				t.Errorf("the key has resident %v, count %v", c.IsResidentCredential, c.SignCount)
			}

			// Recovery codes were the first key's alone.
			b.signOut()
			b.password(p)
			b.click(".others a")
			b.is("Enter a recovery code")
			b.typeInto("#code", p.recovery[0])
			b.click("main form button:not(.link)")
			b.is("You are signed in")
		})
	}
}

// What a person does with keys in the settings; each change asks for a key that
// there is already.
func TestKeysAreManaged(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "keys")
	first := b.plugIn(plainKey)
	p := b.newcomer()
	b.addKey("Blue key")
	b.wants(b.text("#keys"), "Blue key")
	if !b.visible("#second") {
		t.Error("one method, and nobody says that another would be good")
	}

	b.open("/setup/key")
	b.shows("Confirm that it is you")
	b.wants(b.text("main"), "your key")
	b.click("main form button")
	b.picture("Confirm with a key")
	b.is("Confirm that it is you")
	b.click("#key-button")
	b.is("Add a security key or passkey")

	first.touched(false)
	second := b.plugIn(platform)
	b.click("#key-button")
	b.is("Security settings") // without new recovery codes
	b.wants(b.text(".notice"), "Your key is set up")
	b.picture("Settings with two keys")
	if got := b.inner("main"); strings.Contains(got, `id="second"`) {
		t.Errorf("two methods, and still: %s", got)
	}
	if c := second.only(); !c.IsResidentCredential || c.UserName != p.email {
		t.Errorf("the second is resident %v, of %q", c.IsResidentCredential, c.UserName)
	}

	b.openKey("Blue key")
	b.picture("Blue key")
	b.Do(chromedp.Clear(chromedp.CSS("#label")))
	b.typeInto("#label", "Old key")
	b.click(`form[action$="/rename"] button`)
	b.wants(b.text("#keys"), "Old key")
	b.openKey("Old key")
	b.click("button.danger")
	b.is("Security settings")
	b.wants(b.text(".notice"), "Removed")
	if got := b.text("#keys"); strings.Contains(got, "Old key") || !strings.Contains(got, "Passkey") {
		t.Errorf("after the removal: %s", got)
	}
	a.waitForMail(p.email, "was removed")

	// Some time later a change asks again.
	a.advance(11 * time.Minute)
	b.click(`#keys li a`) // there is no other
	b.is("Confirm that it is you")
	b.click("main form button")
	b.click("#key-button") // the second one answers, since the first is not asked for
	b.is("Passkey")
}

// An authenticator app and a key: either is a second factor.
func TestKeyBesideAnApp(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	b := newTab(t, a, "key-and-app")
	b.plugIn(plainKey)
	b.password(p)
	b.typeInto("#code", p.phone.next())
	b.click("main form button:not(.link)")
	b.is("You are signed in")
	b.addKey("")
	b.picture("Settings with an app and a key")
	b.signOut()
	b.password(p)
	b.picture("An app or a key")
	b.click(".others a") // the key comes first among the others
	b.shows("Use your key")
	b.wants(b.text(".others"), "Use Authenticator app")
	b.click("#key-button")
	b.is("You are signed in")
}
