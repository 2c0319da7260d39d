//go:build !race

package demo_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// startPasskeys starts examples/passkeys, and ends it with the test.
func startPasskeys(t *testing.T) (url string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passkeys")
	if err := buildExample("passkeys", file); err != nil {
		t.Fatal(err)
	}
	return "http://" + program.Listen(t, new(program.Output), func(addr string) *exec.Cmd { return exec.Command(file, "-addr", addr) })
}

// The example's page: an account by passkey, out, in by button and by the
// suggestions, a second passkey.
func TestExamplePasskeys(t *testing.T) {
	t.Parallel()
	b := newTab(t, &app{url: startPasskeys(t)}, "example-passkeys")
	pk := b.plugIn(platform)
	inside := `document.querySelector("main, body").textContent.includes("Hello Ada, you are in.")`
	outside := `!!document.getElementById("signin")`
	signOut := func() {
		t.Helper()
		b.open("/") // since the page has led itself here, and may do so still
		b.click(`form[action="/signout"] button`)
		b.Until(outside)
	}
	b.open("/")
	b.picture("Outside")
	pk.knows(false)
	b.press("#signin")
	b.Until(`document.getElementById("said").textContent.includes("no fitting key")`)
	pk.knows(true)
	b.typeInto("#name", "Ada")
	b.press("#signup")
	b.Until(inside)
	b.open("/")
	b.picture("Inside")
	if c := pk.only(); c.UserName != "Ada" || !c.IsResidentCredential {
		t.Errorf("the passkey of %q, resident %v", c.UserName, c.IsResidentCredential)
	}

	b.press("#add")
	b.Until(`document.getElementById("said").textContent.includes("registered already")`)
	b.picture("Inside refused")
	pk.touched(false)
	plain := b.plugIn(plainKey) // which could never sign in here
	b.press("#add")
	b.Until(`document.getElementById("said").textContent.includes("no fitting key")`)
	plain.unplug()
	kind := platform
	kind.Transport = webauthn.AuthenticatorTransportUsb
	second := b.plugIn(kind)
	b.press("#add")
	b.Until(`document.querySelectorAll("li").length == 2`)
	second.only()
	second.unplug()

	signOut()
	pk.touched(true)
	b.open("/")
	b.Until(inside) // by the suggestions of the field
	pk.touched(false)
	signOut()
	b.withoutSuggestions("/")
	pk.touched(true)
	b.press("#signin")
	b.Until(inside)
	b.Do(chromedp.Reload())
	b.Until(inside)
}
