package mfahttp

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
)

//go:embed mfa.js
var script string

// scriptTag changes with the script.
var scriptTag = func() string {
	sum := sha256.Sum256([]byte(script))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
}()

// Script is mfa.js, the browser's side of security keys and passkeys: one ES
// module that depends on nothing. The handler serves it at mfa.js under its
// prefix; a host may serve it itself (type text/javascript), or bundle it.
//
//	import { autofill, signIn, message } from "/mfa/mfa.js";
//
//	autofill().then(go).catch(tell); // with <input autocomplete="username webauthn">
//	button.onclick = () => signIn().then(go).catch(tell);
//
// where go takes the flow, which may be null from autofill, and tell shows
// message(error). These do one ceremony each, with their calls to the API:
//
//	enroll({label, replaces})  adds a key: {enrollment, recovery_codes?, flow?}
//	verify({option, remember}) answers the flow's option, by default the one for keys: the flow
//	signIn()                   signs in by passkey: the flow
//	autofill()                 the same, from the suggestions of a form field: the flow;
//	                           null if the browser has none, or if another ceremony began
//
// All of them take base, which is where the API is ("/mfa"; by default the
// folder that the module is from, so needed if that is not the handler's), and
// headers to send along. Only one ceremony may be pending in a page: another
// one, or abort(), ends it, and it rejects with an AbortError. After a wrong
// answer, call again: a challenge is good for one. autofill asks for a new one
// by itself while the page stays open.
//
// They reject with the browser's DOMException, or with an Error whose name is
// Problem (with the members of the problem document: code, status, detail),
// NetworkError, InsecureError (no https) or UnsupportedError. message(error) is
// an English sentence for any of them, as text and not as HTML. A host with other
// languages gives message(error, texts) its own, by code and name, and in other
// that for all the rest.
//
// create(publicKey) and get(publicKey, mediation) are the ceremonies alone, for
// hosts with fetches of their own: from publicKey as the API sends it to the
// credential as the API takes it. signal() tells the browser's passkeys what
// the signed-in user has enrolled, so that it stops offering what was removed: for
// a page that lists the keys. It takes base and headers too. A host that knows
// better gives it {rpId, userId, allAcceptedCredentialIds}, or {rpId,
// credentialId} for a credential that is gone, all in base64url. It resolves to
// whether the browser took it.
func Script() string { return script }

// script answers with mfa.js. It is the same for everybody, so browsers may
// keep it; but they ask before they use it again, so that it never is of another
// version than the API.
func (h *Handler) script(c *call) error {
	header := c.w.Header()
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", scriptTag)
	header.Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(c.r.Header.Get("If-None-Match"), scriptTag) {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", "text/javascript; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	c.w.Write([]byte(script)) // an error means that the client has gone
	return nil
}
