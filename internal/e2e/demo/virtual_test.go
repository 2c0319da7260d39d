//go:build !race

package demo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
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
	// A computer or phone that keeps passkeys behind its lock.
	platform = webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
)

// A virtual is an authenticator that a tab's browser has.
type virtual struct {
	b  *tab
	id webauthn.AuthenticatorID
}

func (b *tab) plugIn(kind webauthn.VirtualAuthenticatorOptions) *virtual {
	b.t.Helper()
	ask(b, webauthn.Enable, webauthn.EnableParams{})
	made := ask(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &kind})
	return &virtual{b, made.AuthenticatorID}
}

// ask sends a command of the browser's protocol, and is its answer.
func ask[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	var out R
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		out, err = cdp.Call(ctx, t, command, params)
		return err
	}))
	return out
}

// touched says whether somebody touches it when it blinks.
func (v *virtual) touched(on bool) {
	v.b.t.Helper()
	ask(v.b, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: v.id, Enabled: on})
}

// knows says whether it recognizes who uses it.
func (v *virtual) knows(on bool) {
	v.b.t.Helper()
	ask(v.b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: v.id, IsUserVerified: on})
}

func (v *virtual) unplug() {
	v.b.t.Helper()
	ask(v.b, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: v.id})
}

func (v *virtual) credentials() []*webauthn.Credential {
	v.b.t.Helper()
	return ask(v.b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: v.id}).Credentials
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
	ask(v.b, addCredential, addCredentialParams{v.id, stored{
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
	ask(v.b, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: v.id, CredentialID: c.CredentialID})
}

// change sets what an authenticator says of a credential.
func (v *virtual) change(p webauthn.SetCredentialPropertiesParams) {
	v.b.t.Helper()
	p.AuthenticatorID, p.CredentialID = v.id, v.only().CredentialID
	ask(v.b, webauthn.SetCredentialProperties, p)
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
		b.t.Fatalf("%s shows %q, want %q: %s", b.where(), got, heading, b.text("main"))
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
	b.open(evaluate[string](b, `
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
	b.do(chromedp.Click(chromedp.CSS("#key-button")))
	return b.said()
}

// said waits until the page says that something went wrong with a key.
func (b *tab) said() string {
	b.t.Helper()
	b.until(`!!document.getElementById("key-problem")?.textContent`)
	return b.text("#key-problem")
}

// wants checks what a page says.
func (b *tab) wants(said, part string) {
	b.t.Helper()
	if !strings.Contains(said, part) {
		b.t.Errorf("%s says %q, want %q", b.where(), said, part)
	}
}

// evaluate runs a script's body in the page, where return gives the result and await works.
func evaluate[T any](b *tab, body string, args ...any) T {
	b.t.Helper()
	got, err := attempt[T](b, body, args...)
	if err != nil {
		b.t.Fatalf("%s: %s: %v", b.where(), body, err)
	}
	return got
}

func attempt[T any](b *tab, body string, args ...any) (T, error) {
	list, err := json.Marshal(args)
	if err != nil {
		b.t.Fatal(err)
	}
	return chromedp.Run(b.ctx, chromedp.Evaluate[T](fmt.Sprintf(`(async (args) => {%s})(%s)`, body, list), chromedp.EvalAwaitPromise))
}

// fetched is the API's answer to a page's script.
type fetched struct {
	Status int
	Body   string
}

func (b *tab) fetch(method, path string, body any) fetched {
	b.t.Helper()
	return evaluate[fetched](b, `
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
		b.t.Fatalf("GET /me at %s: %d %s", b.where(), r.Status, r.Body)
	}
	return m
}

// another is another tab of the same browser.
func (b *tab) another() *tab {
	ctx, closeTab := chromedp.NewContext(b.ctx)
	b.t.Cleanup(closeTab)
	return &tab{t: b.t, app: b.app, ctx: ctx, name: b.name, scripts: true}
}

// arrives waits until the tab shows a page with this heading, to which a script leads.
func (b *tab) arrives(heading string) {
	b.t.Helper()
	b.until(`document.readyState == "complete" && document.querySelector("h1")?.textContent == ` + strconv.Quote(heading))
}

// until waits until something is true of the page in front, whichever that is by then.
func (b *tab) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// Between two pages there is none to ask.
		if yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`)) // as far as there is one
			b.t.Fatalf("%s is still not where %s: %s", b.where(), expression, text)
		}
	}
}

// press presses a button and goes on at once.
func (b *tab) press(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// option is the flow's option for keys that the page asks with.
func (b *tab) option() string {
	b.t.Helper()
	return evaluate[string](b, `return document.querySelector("#key-form [name=option]").value;`)
}

// answerAny answers the flow with any passkey that the authenticator has, whether
// the server has asked for it or not: what an attacker's browser would do.
func (b *tab) answerAny() fetched {
	b.t.Helper()
	return evaluate[fetched](b, `
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
