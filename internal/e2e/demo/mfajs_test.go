//go:build !race

package demo_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"

	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/mfahttp"
)

// old takes functions away that browsers have had for a few years only.
const old = `
	delete PublicKeyCredential.parseCreationOptionsFromJSON;
	delete PublicKeyCredential.parseRequestOptionsFromJSON;
	delete PublicKeyCredential.prototype.toJSON;`

// What the API sends is what the browser's own functions read, and what they
// write is what the API takes; and mfa.js does the same where there are none.
func TestW25_JSONForms(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{"by the browser": "", "by hand": old} {
		t.Run(name, func(t *testing.T) {
			a := start(t)
			b := newTab(t, a, "json")
			pk := b.plugIn(platform)
			if script != "" {
				browser.Ask(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
			}
			p := b.newcomer()
			if has := browser.Evaluate[bool](b, `return "parseCreationOptionsFromJSON" in PublicKeyCredential && "toJSON" in PublicKeyCredential.prototype;`); has != (script == "") {
				t.Fatalf("the browser has the functions: %v", has)
			}
			r := browser.Evaluate[struct {
				Read, Written string
				Answer        fetched
			}](b, apiInScript+`
				const begun = await (await post("/mfa/enrollments", { method: "webauthn", label: "Mine" })).json();
				let read = "", written = "";
				if ("parseCreationOptionsFromJSON" in PublicKeyCredential) {
					const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey);
					read = [publicKey.challenge.byteLength, publicKey.user.id.byteLength, publicKey.pubKeyCredParams.length > 1, publicKey.extensions?.credProps,
						publicKey.rp.id, publicKey.timeout, publicKey.attestation, publicKey.authenticatorSelection.residentKey].join();
					const made = await navigator.credentials.create({ publicKey });
					written = JSON.stringify(made.toJSON());
				} else {
					written = JSON.stringify(await (await import("/mfa/mfa.js")).create(begun.publicKey));
				}
				const answer = await post("/mfa/enrollments/" + begun.id + "/activate", { credential: JSON.parse(written) });
				return { Read: read, Written: written, Answer: { Status: answer.status, Body: await answer.text() } };`)
			if want := "32,64,true,true,localhost,300000,none,preferred"; script == "" && r.Read != want {
				t.Errorf("the browser reads %s, want %s", r.Read, want)
			}
			var done activated
			into(t, r.Answer, &done)
			for _, code := range done.RecoveryCodes {
				a.seen.recovery(code)
			}
			if done.Enrollment.Label != "Mine" || len(done.RecoveryCodes) != 10 {
				t.Errorf("activated %+v", done.Enrollment)
			}
			for _, member := range []string{`"id":"`, `"rawId":"`, `"type":"public-key"`, `"clientDataJSON":"`, `"attestationObject":"`, `"transports":["internal"]`, `"authenticatorAttachment":"platform"`, `"credProps":{"rk":true}`} {
				if !strings.Contains(r.Written, member) {
					t.Errorf("what is written has no %s: %s", member, r.Written)
				}
			}

			// The same key again, so that there is a list to read.
			b.signOut()
			pk.touched(false)
			b.password(p)
			pk.touched(true)
			got := browser.Evaluate[string](b, apiInScript+`
				const { publicKey } = await (await post("/mfa/flow/challenge", { option: args[0] })).json();
				if (!("parseRequestOptionsFromJSON" in PublicKeyCredential)) return "";
				const o = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
				return [o.challenge.byteLength, o.allowCredentials.length, o.allowCredentials[0].id.byteLength, o.allowCredentials[0].transports, o.rpId].join();`, b.option())
			if want := "32,1,32,internal,localhost"; script == "" && got != want {
				t.Errorf("the browser reads %s, want %s", got, want)
			}
			b.open("/challenge")
			b.click("#key-button")
			b.is("You are signed in")
			b.signOut()
			b.open("/login")
			b.arrives("You are signed in") // by its suggestions
			b.asPasskeyUser(p)
			if id := browser.Evaluate[string](b, `return JSON.parse(args[0]).id;`, r.Written); id != encode(pk.only().CredentialID) {
				t.Errorf("the credential is %s", id)
			}
		})
	}
}

const apiInScript = `
	const post = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });`

// What the browser says of a failure, and the sentence that a person can act on.
func TestMessagesOfTheScript(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "messages")
	pk := b.plugIn(platform)
	b.newcomer()
	b.addKey("")
	b.Means("http://localhost:1/") // which the page may not ask
	failed := func(call string) string {
		t.Helper()
		return browser.Evaluate[string](b, `
			const mfa = await import("/mfa/mfa.js");
			const options = (more) => ({ challenge: "AAAAAAAAAAAAAAAAAAAAAA", rp: { name: "x" }, user: { id: "AAAA", name: "x", displayName: "x" }, timeout: 1000,
				pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -257 }], ...more });
			const known = [{ type: "public-key", id: args[0] }];
			try {
				await (`+call+`);
				return "nothing";
			} catch (e) {
				return e.name + ": " + mfa.message(e);
			}`, encode(pk.only().CredentialID))
	}
	for _, row := range []struct{ call, want string }{
		{`mfa.create(options({ excludeCredentials: known }))`, "InvalidStateError: This key is registered already."},
		{`Promise.reject(new DOMException("", "NotSupportedError"))`, "NotSupportedError: This key cannot do what is needed."},
		{`mfa.create(options({ rp: { name: "x", id: "example.com" } }))`, "SecurityError: Keys do not work at this address."},
		{`mfa.get({ challenge: "AAAA", rpId: "example.com" })`, "SecurityError: Keys do not work at this address."},
		{`mfa.get({ challenge: "AAAA", timeout: 1000, allowCredentials: [{ type: "public-key", id: "AAAA" }] })`, "NotAllowedError: Cancelled, too late, or no fitting key."},
		{`(() => { const p = mfa.signIn(); mfa.abort(); return p; })()`, "AbortError: Cancelled."},
		{`(() => { const p = mfa.signIn(); p.catch(() => {}); mfa.get({ challenge: "AAAA" }).catch(() => {}); return p; })()`, "AbortError: Cancelled."},                                                 // by another
		{`(() => { const real = fetch; window.fetch = async (u, o) => { window.fetch = real; const r = await real(u, o); mfa.abort(); return r; }; return mfa.signIn(); })()`, "AbortError: Cancelled."}, // between the answer's head and body
		{`mfa.signIn({ base: "http://localhost:1" })`, "NetworkError: The server cannot be reached."},
		{`mfa.verify()`, "Problem: That took too long, or was used already."},
		{`mfa.enroll({ base: "/nowhere" })`, "Problem: Something went wrong."},
		{`Promise.reject({ name: "Problem", code: "authenticator_refused", detail: "Not this model." })`, "Problem: Not this model."},
		{`Promise.reject(new DOMException("", "ConstraintError"))`, "ConstraintError: This key cannot check that it is you."},
		{`Promise.reject(new TypeError("x is not a function"))`, "TypeError: Something went wrong."},
	} {
		if got := failed(row.call); !strings.HasPrefix(got, row.want) {
			t.Errorf("%s: %q, want %q", row.call, got, row.want)
		}
	}
}

// A page without https, or of a browser without any of it.
func TestScriptWithoutWebAuthn(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "none")
	browser.Ask(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `delete window.PublicKeyCredential`})
	b.open("/login")
	b.wants(b.refused(), "This browser cannot use keys.")
	b.picture("Sign in with an old browser")
	p := a.register(t)
	b.password(p)
	b.is("You are signed in")

	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mfa.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write([]byte(mfahttp.Script())) // a browser that has gone is noticed by its test
		}
	}))
	defer site.Close()
	b.app = &app{url: strings.Replace(site.URL, "127.0.0.1", browser.InsecureHost, 1)}
	b.open("/")
	got := browser.Evaluate[string](b, `
		const { signIn, autofill, message } = await import("/mfa.js");
		if (isSecureContext || await autofill() !== null) return "it is secure";
		return signIn().catch(message);`)
	b.wants(got, "Keys need a secure connection. Please use https.")
}

// The browser's passkeys hear of what is gone, in both ways that there are.
func TestW23_Signals(t *testing.T) {
	t.Parallel()
	a := start(t)
	b := newTab(t, a, "signals")
	pk := b.plugIn(platform)
	b.newcomer()
	b.addKey("")
	signal := func(details string) bool {
		t.Helper()
		return browser.Evaluate[bool](b, `
			const { signal } = await import("/mfa/mfa.js");
			return signal(`+details+`);`)
	}
	c := pk.only()
	user, id := encode(c.UserHandle), encode(c.CredentialID)
	if !signal(`{ rpId: "localhost", userId: "`+user+`", allAcceptedCredentialIds: ["`+id+`"] }`) || len(pk.credentials()) != 1 {
		t.Error("a passkey that is still good is gone, or the browser cannot be told")
	}
	// Without details, the user's own are asked for.
	if !signal(``) || len(pk.credentials()) != 1 {
		t.Error("a passkey that is still good is gone, or nobody was asked")
	}
	stale := *c
	stale.CredentialID = []byte("removed when this was elsewhere.")
	pk.forget(c)
	pk.put(&stale)
	if !signal(``) || len(pk.credentials()) != 0 {
		t.Error("a passkey that was removed is not gone")
	}
	pk.put(c)
	if signal(`{ rpId: "example.com", credentialId: "`+id+`" }`) || len(pk.credentials()) != 1 {
		t.Error("another site's passkeys can be told")
	}
	if !signal(`{ rpId: "localhost", credentialId: "`+id+`" }`) || len(pk.credentials()) != 0 {
		t.Error("an unknown passkey is not gone")
	}
	pk.put(c)
	if !signal(`{ rpId: "localhost", userId: "`+user+`", allAcceptedCredentialIds: [] }`) || len(pk.credentials()) != 0 {
		t.Error("a passkey that is not in the list is not gone")
	}
	browser.Ask(b, webauthn.Disable, cdp.Empty{})
	browser.Evaluate[bool](b, `delete PublicKeyCredential.signalUnknownCredential; return true;`)
	if signal(`{ rpId: "localhost", credentialId: "` + id + `" }`) {
		t.Error("a browser that cannot be told was told")
	}
}
