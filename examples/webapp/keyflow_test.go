package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/webauthn"
)

func TestKeyIsAddedAndAskedFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{})
	page := b.page("/setup/key")
	want(t, page, http.StatusOK, "")
	for _, part := range []string{`id="key-form"`, `data-module="/static/key.js`, `name="credential"`, "<noscript>"} {
		if !strings.Contains(page.body, part) {
			t.Errorf("the page has no %s", part)
		}
	}
	_, codes := b.addKey(k, "")
	want(t, codes, http.StatusOK, "")
	if n := strings.Count(codes.body, "<li><code>"); n != 10 {
		t.Fatalf("%d recovery codes: %s", n, codes.body)
	}
	if page := b.page("/settings").body; !strings.Contains(page, "Security key") || !strings.Contains(page, `href="/settings/enrollments/`) {
		t.Error("the settings do not list the key")
	}
	b.submit("/logout").wantRedirect(t, "/?said=out")

	b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	asking := b.page("/challenge").body
	option := hiddenField(t, asking, "option")
	if !strings.Contains(asking, "<h1>Use your key</h1>") || !strings.Contains(asking, `name="return" value="/"`) || strings.Contains(asking, `name="code"`) {
		t.Errorf("it does not ask for a key: %s", asking)
	}
	if other := b.page("/challenge?option=recovery").body; !strings.Contains(other, "<h1>Enter a recovery code</h1>") || !strings.Contains(other, "Use a security key or passkey") {
		t.Errorf("no other way: %s", other)
	}
	want(t, b.useKey(k, option), http.StatusOK, "")
	me := b.send("GET", "/me", nil).json(t)
	if me["aal"] != 2.0 || me["phishing_resistant"] != true || !slices.Contains(strs(me["amr"]), "hwk") {
		t.Errorf("me %v", me)
	}
	if page := b.page("/").body; !strings.Contains(page, "Password, Security key or passkey") {
		t.Error("the start page does not say how")
	}
	if page := b.page("/settings").body; !strings.Contains(page, "last used") {
		t.Error("the settings do not say when it was used")
	}
	data := b.send("GET", "/settings/export", nil).json(t)
	if len(data["security_keys_and_passkeys"].([]any)) != 1 || len(data["authenticator_apps"].([]any)) != 0 {
		t.Errorf("exported %v", data)
	}
}

func TestPasskeySignsInAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{Synced: true})
	b.addKey(k, "")
	b.submit("/logout")
	page := b.page("/login").body
	if !strings.Contains(page, `autocomplete="username webauthn"`) || !strings.Contains(page, "Sign in with a passkey") || !strings.Contains(page, "/static/passkey.js") {
		t.Errorf("no passkeys at the sign-in: %s", page)
	}
	r := b.passkey(k)
	want(t, r, http.StatusOK, "")
	if r.json(t)["status"] != "passed" {
		t.Fatalf("asked for more: %s", r.body)
	}
	me := b.send("GET", "/me", nil).json(t)
	if me["email"] != "ada@example.org" || me["aal"] != 2.0 || me["phishing_resistant"] != true {
		t.Errorf("me %v", me)
	}
	if page := b.page("/settings").body; !strings.Contains(page, "Signed in with a security key or passkey") {
		t.Error("the history does not say how")
	}
}

// The accounts decide whether there still is somebody to sign in.
func TestPasskeyOfAnAccountThatIsGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{Synced: true})
	b.addKey(k, "")
	for _, drop := range []string{`DELETE FROM webapp_sessions`, `DELETE FROM webapp_accounts`} {
		if _, err := s.app.db.ExecContext(s.t.Context(), drop); err != nil {
			t.Fatal(err)
		}
	}
	want(t, s.browser().passkey(k), http.StatusUnauthorized, "code_not_valid")
}

func TestRemovedKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	gone, kept := s.key(authenticator.Options{Synced: true}), s.key(authenticator.Options{})
	id, _ := b.addKey(gone, "My phone")
	b.signInByKey("ada@example.org", gone) // what is set up asks for itself before there is more
	b.addKey(kept, "")
	signals := func() []any {
		var v struct {
			RPID string `json:"rpId"`
			All  []any  `json:"allAcceptedCredentialIds"`
		}
		text := strings.NewReplacer("&#34;", `"`, "&amp;", "&").Replace(find(t, b.page("/settings").body, `data-signal="([^"]+)"`))
		if err := json.Unmarshal([]byte(text), &v); err != nil || v.RPID != "localhost" {
			t.Fatalf("%s: %v", text, err)
		}
		return v.All
	}
	if all := signals(); len(all) != 2 {
		t.Errorf("the browser is told of %v", all)
	}
	b.submit("/settings/enrollments/"+id+"/rename", "label", "Old phone").wantRedirect(t, "/settings?said=renamed")
	page := b.page("/settings/enrollments/" + id).body
	if !strings.Contains(page, "<h1><bdi>Old phone</bdi></h1>") || !strings.Contains(page, "is offered no more") {
		t.Errorf("the key's page: %s", page)
	}
	b.submit("/settings/enrollments/"+id+"/remove").wantRedirect(t, "/settings?said=removed")
	if all := signals(); len(all) != 1 {
		t.Errorf("after the removal, the browser is told of %v", all)
	}
	want(t, s.browser().passkey(gone), http.StatusUnauthorized, "code_not_valid")
	if s.browser().passkey(kept).status != http.StatusOK {
		t.Error("the other key is refused, too")
	}
	other := s.browser()
	option := optionOf(t, other.login("ada@example.org"), webauthn.Name)
	asked := other.send("POST", "/mfa/flow/challenge", object{"option": option})
	if _, err := gone.Get(json.RawMessage(asked.body)); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("it is asked for: %v", err)
	}
	want(t, other.send("POST", "/mfa/flow/verify", object{"option": option, "credential": sign(t, gone.Get, anyKey(t, asked))}), http.StatusUnauthorized, "code_not_valid")
	if other.signedIn() {
		t.Error("in by a removed key")
	}
}

// anyKey is a challenge without the list of keys, so that whoever has the
// challenge can sign it with any.
func anyKey(t *testing.T, asked reply) reply {
	t.Helper()
	v := asked.json(t)
	delete(v["publicKey"].(map[string]any), "allowCredentials")
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	asked.body = string(text)
	return asked
}

func TestKeysOfOthersAndOfOtherPagesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, bob := s.browser(), s.browser()
	ada.register("ada@example.org")
	bob.register("bob@example.org")
	adas, bobs := s.key(authenticator.Options{Synced: true}), s.key(authenticator.Options{Synced: true})
	ada.addKey(adas, "")
	bob.addKey(bobs, "")
	for name, wrong := range map[string]*authenticator.Authenticator{"key of another": adas, "another origin": bobs.At("http://localhost:1")} {
		b := s.browser()
		option := optionOf(t, b.login("bob@example.org"), webauthn.Name)
		asked := b.send("POST", "/mfa/flow/challenge", object{"option": option})
		want(t, b.send("POST", "/mfa/flow/verify", object{"option": option, "credential": sign(t, wrong.Get, anyKey(t, asked))}), http.StatusUnauthorized, "code_not_valid")
		if b.signedIn() {
			t.Errorf("%s: in", name)
		}
		want(t, b.useKey(bobs, option), http.StatusOK, "") // and again with the right one, without a new sign-in
	}
	want(t, s.browser().passkey(adas.At("http://localhost:1")), http.StatusUnauthorized, "code_not_valid")
}

func TestConfirmingByKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{})
	b.addKey(k, "")
	b.signInByKey("ada@example.org", k)
	s.advance(11 * time.Minute)
	const to = "/confirm?return=%2Fsetup%2Fkey"
	b.page("/setup/key").wantRedirect(t, to)
	want(t, b.send("POST", "/mfa/enrollments", object{"method": webauthn.Name}), http.StatusForbidden, "requirement")
	if page := b.page(to).body; !strings.Contains(page, "your key") {
		t.Errorf("it does not ask for the key: %s", page)
	}
	b.submit("/confirm", "return", "/setup/key").wantRedirect(t, "/challenge?return=%2Fsetup%2Fkey")
	page := b.page("/challenge?return=/setup/key").body
	if !strings.Contains(page, `name="return" value="/setup/key"`) || !strings.Contains(page, "<h1>Confirm that it is you</h1>") {
		t.Errorf("%s", page)
	}
	want(t, b.useKey(k, hiddenField(t, page, "option")), http.StatusOK, "")
	want(t, b.page("/setup/key"), http.StatusOK, "")
}

func TestOwnerIsToldOfKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{})
	id, _ := b.addKey(k, "")
	thief := k.Clone()
	b.signInByKey("ada@example.org", k)
	r := s.browser()
	want(t, r.useKey(thief, optionOf(t, r.login("ada@example.org"), webauthn.Name)), http.StatusUnauthorized, "code_not_valid")
	if page := b.page("/settings").body; !strings.Contains(page, "There may be a copy of a security key") {
		t.Error("the history does not say so")
	}
	b.submit("/settings/enrollments/"+id+"/remove").wantRedirect(t, "/settings?said=removed")
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	mails := s.app.inbox.messages()
	for _, text := range []string{"added to your MFA demo account: Passkey.", "That happens when there is a copy of it", "removed from your MFA demo account: Passkey."} {
		if !slices.ContainsFunc(mails, func(m message) bool { return strings.Contains(m.Body, text) }) {
			t.Errorf("no mail %q in %v", text, mails)
		}
	}
}
