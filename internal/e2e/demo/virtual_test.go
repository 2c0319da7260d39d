//go:build !race

package demo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mfakit/mfa/internal/e2e/browser"
)

// The kinds of authenticators that people have. Unless told otherwise, each is
// touched as soon as it blinks.
var (
	// A key without a PIN, and without memory for accounts.
	plainKey = webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true,
	}
	// A key from before FIDO2.
	oldKey = webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolU2f, Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true,
	}
	platform = browser.Platform
)

// A virtual is an authenticator that a tab's browser has.
type virtual struct {
	b  *tab
	id webauthn.AuthenticatorID
}

func (b *tab) plugIn(kind webauthn.VirtualAuthenticatorOptions) *virtual {
	b.t.Helper()
	return &virtual{b, b.PlugIn(kind)}
}

// touched says whether somebody touches it when it blinks.
func (v *virtual) touched(on bool) {
	v.b.t.Helper()
	browser.Ask(v.b, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: v.id, Enabled: on})
}

// knows says whether it recognizes who uses it.
func (v *virtual) knows(on bool) {
	v.b.t.Helper()
	browser.Ask(v.b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: v.id, IsUserVerified: on})
}

func (v *virtual) unplug() {
	v.b.t.Helper()
	browser.Ask(v.b, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: v.id})
}

func (v *virtual) credentials() []*webauthn.Credential {
	v.b.t.Helper()
	return browser.Ask(v.b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: v.id}).Credentials
}

// only is its credential, if it has one alone.
func (v *virtual) only() *webauthn.Credential {
	v.b.t.Helper()
	all := v.credentials()
	if len(all) != 1 {
		v.b.t.Fatalf("the authenticator has %d credentials", len(all))
	}
	return all[0]
}

// put stores a credential, in place of one with this id.
func (v *virtual) put(c *webauthn.Credential) {
	v.b.t.Helper()
	for _, old := range v.credentials() {
		if bytes.Equal(old.CredentialID, c.CredentialID) {
			v.forget(c)
		}
	}
	browser.Ask(v.b, addCredential, addCredentialParams{v.id, stored{
		c.CredentialID, c.IsResidentCredential, "localhost", c.PrivateKey, c.UserHandle, c.SignCount, c.BackupEligibility, c.BackupState, c.UserName, c.UserDisplayName,
	}})
}

// addCredential is webauthn.AddCredential without the members of an extension,
// which an authenticator that does not have it refuses even where they are empty.
var addCredential = cdp.Command[addCredentialParams, cdp.Empty]{Method: webauthn.CommandAddCredential}

type addCredentialParams struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      stored                   `json:"credential"`
}

type stored struct {
	ID                []byte  `json:"credentialId"`
	Resident          bool    `json:"isResidentCredential"`
	RPID              string  `json:"rpId"`
	PrivateKey        []byte  `json:"privateKey"`
	UserHandle        []byte  `json:"userHandle,omitempty"`
	SignCount         float64 `json:"signCount"`
	BackupEligibility bool    `json:"backupEligibility"`
	BackupState       bool    `json:"backupState"`
	UserName          string  `json:"userName,omitempty"`
	UserDisplayName   string  `json:"userDisplayName,omitempty"`
}

func (v *virtual) forget(c *webauthn.Credential) {
	v.b.t.Helper()
	browser.Ask(v.b, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: v.id, CredentialID: c.CredentialID})
}

// change sets what an authenticator says of a credential.
func (v *virtual) change(p webauthn.SetCredentialPropertiesParams) {
	v.b.t.Helper()
	p.AuthenticatorID, p.CredentialID = v.id, v.only().CredentialID
	browser.Ask(v.b, webauthn.SetCredentialProperties, p)
}

// newcomer makes an account on the pages, with an address of its own unless one is
// given; the tab is signed in with the password alone.
func (b *tab) newcomer(email ...string) *person {
	b.t.Helper()
	p := b.app.stranger(b.t)
	if len(email) > 0 {
		p.email = email[0]
	}
	b.open("/register")
	b.typeInto("#email", p.email)
	b.typeInto("#password", p.password)
	b.click("main form button")
	b.is("You are signed in")
	return p
}

// is checks the page's heading.
func (b *tab) is(heading string) {
	b.t.Helper()
	if got := b.text("h1"); got != heading {
		b.t.Fatalf("%s shows %q, want %q: %s", b.Where(), got, heading, b.text("main"))
	}
}

// addKey adds whatever is plugged in, with a name or none, and ends on the settings.
func (b *tab) addKey(label string) {
	b.t.Helper()
	b.open("/setup/key")
	b.is("Add a security key or passkey")
	if label != "" {
		b.typeInto("#label", label)
	}
	b.click("#key-button")
	if b.text("h1") == "Your recovery codes" {
		b.codes()
		b.open("/settings")
	}
	b.is("Security settings")
}

// openKey opens the page of a key that the settings list.
func (b *tab) openKey(label string) {
	b.t.Helper()
	b.open(browser.Evaluate[string](b, `
		return [...document.querySelectorAll("#keys li")].find((li) => li.querySelector("strong").textContent == args[0]).querySelector("a").getAttribute("href");`, label))
	b.is(label)
}

// signOut ends the session.
func (b *tab) signOut() {
	b.t.Helper()
	b.open("/")
	b.click("nav button")
}

// password gives the password, and is at what is asked for next.
func (b *tab) password(p *person) {
	b.t.Helper()
	b.open("/login")
	b.typeInto("#email", p.email)
	b.typeInto("#password", p.password)
	b.click(`form[action="/login"] button`)
}

// refused presses the button for keys and is what the page says then.
func (b *tab) refused() string {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS("#key-button")))
	return b.said()
}

// said waits until the page says that something went wrong with a key.
func (b *tab) said() string {
	b.t.Helper()
	b.Until(`!!document.getElementById("key-problem")?.textContent`)
	return b.text("#key-problem")
}

// wants checks what a page says.
func (b *tab) wants(said, part string) {
	b.t.Helper()
	if !strings.Contains(said, part) {
		b.t.Errorf("%s says %q, want %q", b.Where(), said, part)
	}
}

// fetched is the API's answer to a page's script.
type fetched struct {
	Status int
	Body   string
}

func (b *tab) fetch(method, path string, body any) fetched {
	b.t.Helper()
	return browser.Evaluate[fetched](b, `
		const [method, path, body] = args;
		const r = await fetch(path, { method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json" } });
		return { Status: r.status, Body: await r.text() };`, method, path, body)
}

func (f fetched) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal([]byte(f.Body), &p) // then there is none
	return p.Code
}

// me is whom the tab is signed in as.
func (b *tab) me() me {
	b.t.Helper()
	var m me
	r := b.fetch("GET", "/me", nil)
	if r.Status != 200 || json.Unmarshal([]byte(r.Body), &m) != nil {
		b.t.Fatalf("GET /me at %s: %d %s", b.Where(), r.Status, r.Body)
	}
	return m
}

// another is another tab of the same browser.
func (b *tab) another() *tab {
	return &tab{Tab: b.Another(), t: b.t, app: b.app, name: b.name, scripts: true}
}

// arrives waits until the tab shows a page with this heading, to which a script leads.
func (b *tab) arrives(heading string) {
	b.t.Helper()
	b.Until(`document.readyState == "complete" && document.querySelector("h1")?.textContent == ` + strconv.Quote(heading))
}

// press presses a button and goes on at once.
func (b *tab) press(selector string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(selector)))
}

// option is the flow's option for keys that the page asks with.
func (b *tab) option() string {
	b.t.Helper()
	return browser.Evaluate[string](b, `return document.querySelector("#key-form [name=option]").value;`)
}

// answerAny answers the flow with any passkey that the authenticator has, whether
// the server has asked for it or not: what an attacker's browser would do.
func (b *tab) answerAny() fetched {
	b.t.Helper()
	return browser.Evaluate[fetched](b, `
		const { get } = await import("/mfa/mfa.js");
		const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
		const { publicKey } = await (await post("/mfa/flow/challenge", { option: args[0] })).json();
		delete publicKey.allowCredentials;
		const credential = await get(publicKey);
		const r = await post("/mfa/flow/verify", { option: args[0], credential });
		return { Status: r.status, Body: await r.text() };`, b.option())
}

// into reads an answer's body.
func into(t testing.TB, r fetched, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), v); err != nil || r.Status >= 300 {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
}

// encode is how the API writes bytes.
func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
