//go:build !race

package spa_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

const address, password = "ada@example.org", "correct horse battery"

// register makes an account, which is asked to set something up.
func (b *tab) register() {
	b.t.Helper()
	b.is("Sign in")
	b.press("Create an account")
	b.is("Create an account")
	b.put("email", address)
	b.put("password", password)
	b.press("Create the account")
	b.is("Add a second step")
}

// signIn gives the password.
func (b *tab) signIn() {
	b.t.Helper()
	b.is("Sign in")
	b.put("email", address)
	b.put("password", password)
	b.press("Sign in")
}

func (b *tab) signOut() {
	b.t.Helper()
	b.press("Sign out")
	b.is("Sign in")
	b.says("You are signed out.")
}

// code is what an authenticator app with this key shows after a minute.
func (b *tab) code(secret string) string {
	b.t.Helper()
	b.site.advance(time.Minute)
	key, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		b.t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(b.site.now().Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000) // RFC 4226 section 5.3
}

// addApp sets up an authenticator app, from its first view on, and returns its key.
func (b *tab) addApp() (secret string) {
	b.t.Helper()
	b.is("Set up an authenticator app")
	if uri := b.attribute("a[data-link]", "href"); !strings.HasPrefix(uri, "otpauth://totp/") {
		b.t.Errorf("the app is opened by %q", uri)
	}
	secret = strings.ReplaceAll(browser.Evaluate[string](b, `return document.querySelector("code").textContent;`), " ", "")
	b.put("code", "000000")
	b.press("Confirm")
	b.says("not right")
	b.picture("Set up wrong")
	code := b.code(secret)
	b.put("code", code[:3]+" "+code[3:])
	b.press("Confirm")
	return secret
}

func (b *tab) attribute(selector, name string) string {
	b.t.Helper()
	return browser.Evaluate[string](b, `return document.querySelector(args[0]).getAttribute(args[1]) ?? "";`, selector, name)
}

// recoveryCodes keeps the codes that are shown.
func (b *tab) recoveryCodes() []string {
	b.t.Helper()
	b.is("Your recovery codes")
	codes := strings.Fields(b.text(".codes"))
	if len(codes) != 10 {
		b.t.Fatalf("%d recovery codes: %q", len(codes), codes)
	}
	if saved := b.Download("a[download]"); saved != strings.Join(codes, "\n")+"\n" {
		b.t.Errorf("the file has %q, and shown is %q", saved, codes)
	}
	b.press("I have kept them")
	b.is("How you sign in")
	return codes
}

// An app in a sign-in, out and in again, with wrong codes on the way and a reload.
func TestAuthenticatorApp(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "app")
	b.register()
	for width, open := range map[int64]bool{320: false, 1280: true} { // a phone has its own camera in its way
		b.Do(chromedp.EmulateViewport(width, 800))
		b.press("Authenticator app")
		b.is("Set up an authenticator app")
		if got := browser.Evaluate[bool](b, `return document.querySelector(".qr").open;`); got != open {
			t.Errorf("at %d the QR code is shown: %v", width, got)
		}
		b.picture(fmt.Sprint("Set up at ", width))
		b.press("Cancel")
		b.is("Add a second step")
	}
	b.press("Authenticator app")
	b.is("Set up an authenticator app")
	if drawn := browser.Evaluate[int](b, `await document.querySelector(".qr img").decode(); return document.querySelector(".qr img").naturalWidth;`); drawn < 100 {
		t.Errorf("the QR code is %d pixels wide", drawn)
	}
	secret := b.addApp()
	codes := b.recoveryCodes()
	if text := b.text("main"); !strings.Contains(text, address) || !strings.Contains(text, "10 codes left.") {
		t.Errorf("the settings: %s", text)
	}
	b.signOut()

	b.signIn()
	b.is("One more step")
	if at := browser.Evaluate[string](b, `return document.activeElement.tagName + document.title;`); at != "H1One more step – Example" {
		t.Errorf("the focus and the title are at %q", at)
	}
	b.put("code", "000000")
	b.press("Confirm")
	b.says("not right")
	b.picture("Wrong code")
	if field := b.attribute("[name=code]", "aria-invalid") + b.attribute("[name=code]", "aria-describedby"); field != "trueproblem-code" {
		t.Errorf("the field is not tied to its problem: %q", field)
	}
	b.Do(chromedp.Reload())
	b.is("One more step") // the flow goes on
	b.put("code", b.code(secret))
	b.press("Confirm")
	b.is("How you sign in")

	b.signOut()
	b.signIn()
	b.is("One more step")
	b.press("Recovery code")
	b.Until(`document.querySelector("[name=code]").inputMode == "text"`)
	b.picture("Recovery code")
	b.put("code", strings.ToUpper(codes[3]))
	b.press("Confirm")
	b.is("How you sign in")
	if text := b.text("main"); !strings.Contains(text, "9 codes left.") {
		t.Errorf("the settings: %s", text)
	}
}

// Changes after a while: the person is asked, and the change is made.
func TestChangesStepUp(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "change")
	b.register()
	b.press("Authenticator app")
	secret := b.addApp()
	b.recoveryCodes()
	b.site.advance(time.Hour)

	b.press("Change")
	b.put("label", "<b>Ada’s</b> phone")
	b.press("Rename")
	b.is("Confirm that it is you")
	b.press("Cancel")
	b.is("How you sign in")
	b.press("Change")
	b.picture("Change")
	b.put("label", "<b>Ada’s</b> phone")
	b.press("Rename")
	b.is("Confirm that it is you")
	b.put("code", b.code(secret))
	b.press("Confirm")
	b.is("How you sign in")
	b.says("Renamed.")
	if text := b.text(".list"); !strings.Contains(text, "<b>Ada’s</b> phone") {
		t.Errorf("the list: %s", text)
	}

	b.press("Make new ones")
	b.recoveryCodes()
	b.press("Change")
	b.press("Remove")
	b.is("Remove <b>Ada’s</b> phone?")
	b.press("Remove")
	b.is("How you sign in")
	b.says("Your account needs this.") // the policy asks everybody for one
	b.press("Codes by mail")
	b.is("Enter the code that we sent")
	b.put("code", b.site.code(0))
	b.press("Confirm")
	b.is("How you sign in")
	b.says("It is set up.")
	b.press("Change")
	b.press("Remove")
	b.press("Remove")
	b.is("How you sign in")
	b.says("Removed.")

	b.press("Devices")
	b.is("Devices")
	if text := b.text(".list"); !strings.Contains(text, "this browser") {
		t.Errorf("the devices: %s", text)
	}
	b.press("Activity")
	b.is("Activity")
	b.press("This was not me")
	b.is("Was it not you?")
	b.press("It was not me")
	b.is("Sign in")
	b.says("signed out everywhere")
}

// Codes by mail: put off, set up, sent again when it is time, and not before.
func TestMail(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "mail")
	b.register()
	b.press("Codes by mail")
	b.is("Enter the code that we sent")
	b.put("code", b.site.code(0))
	b.press("Confirm")
	b.is("How you sign in") // recovery codes come with what makes two factors alone
	b.signOut()

	b.signIn()
	b.is("One more step")
	b.says("A code is on its way to a")
	first := b.site.code(1)
	again := `document.querySelector("[data-do=resend]")`
	b.Until(again + `.ariaDisabled == "true" && /^Send again \(\d:\d\d\)$/.test(` + again + `.textContent)`)
	b.press("Send again")
	if n := len(b.site.codes()); n != 2 {
		t.Errorf("%d codes were mailed before it was time", n)
	}
	b.site.advance(2 * time.Minute)
	browser.Evaluate[bool](b, `const now = Date.now; Date.now = () => now() + 120000; return true;`)
	b.says("you can have the code sent again")
	b.press("Send again")
	second := b.site.code(2)
	b.put("code", first)
	b.press("Confirm")
	b.says("not right")
	b.put("code", second)
	b.press("remember")
	b.press("Confirm")
	b.is("How you sign in")
	b.signOut()
	b.signIn()
	b.is("How you sign in") // the browser is remembered
}

// What is put off can be done later, when the password is asked for again.
func TestNotNow(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "later")
	b.register()
	b.press("Not now")
	b.is("How you sign in")
	b.site.advance(time.Hour)
	b.press("Authenticator app")
	b.is("Your password, please")
	b.put("password", "wrong password")
	b.press("Go on")
	b.says("not right")
	b.put("password", password)
	b.press("Go on")
	b.addApp()
	b.recoveryCodes()
	b.says("It is set up.")
}

// A passkey: set up in a sign-in, a way in by itself, by button and by suggestion.
func TestPasskey(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "passkey")
	b.PlugIn(browser.Platform)
	b.register()
	b.press("Security key or passkey")
	b.is("Add a security key or passkey")
	b.press("Go on")
	b.recoveryCodes()
	b.site.advance(time.Hour)
	b.press("Security key or passkey")
	b.is("Add a security key or passkey")
	b.press("Go on")
	b.is("Confirm that it is you")
	b.press("Use my key or passkey")
	b.is("How you sign in")
	b.says("registered already")
	b.press("Sign out")
	b.is("How you sign in") // by the suggestions of the field, at once
}

// Whoever has lost everything asks for a reset; whoever is unsure goes back.
func TestLost(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "lost")
	b.register()
	b.press("Authenticator app")
	b.addApp()
	b.recoveryCodes()
	b.signOut()
	b.signIn()
	b.is("One more step")
	b.press("I have lost all of them")
	b.is("Lost everything?")
	b.press("Ask for it")
	b.is("Now wait, please")
	b.press("Close")
	b.is("Sign in")
}

// A flow that is too old says so, and where to begin.
func TestTooLate(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "late")
	b.register()
	b.press("Authenticator app")
	b.addApp()
	b.recoveryCodes()
	b.signOut()
	b.signIn()
	b.is("One more step")
	b.site.advance(time.Hour)
	b.put("code", "123456")
	b.press("Confirm")
	b.is("Sign in")
	b.says("took too long")
}

// Whoever guesses is held up, and is told for how long; and whoever's session is over is
// led to where one begins.
func TestLockedAndSignedOut(t *testing.T) {
	t.Parallel()
	b := newTab(t, start(t), "locked")
	b.register()
	b.press("Authenticator app")
	b.addApp()
	b.recoveryCodes()
	browser.Evaluate[int](b, `return (await fetch("/logout", { method: "POST" })).status;`)
	b.press("Make new ones")
	b.is("Sign in")
	b.says("Please sign in.")
	b.signIn()
	b.is("One more step")
	for _, said := range []string{"not right", "3 tries left.", "2 tries left.", "1 try left.", "not any more.", "Too many wrong codes. Please try again after"} {
		b.put("code", "000000")
		b.press("Confirm")
		b.Until(`!document.querySelector("[aria-busy=true]")`)
		b.says(said)
	}
	b.picture("Locked")
}
