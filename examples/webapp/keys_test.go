package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/webauthn"
)

// key is a security key in the browser's machine, with the app's page open.
func (s *server) key(o authenticator.Options) *authenticator.Authenticator {
	if o.Origin == "" {
		o.Origin = s.url
	}
	return authenticator.New(o)
}

type ceremonyOf func(json.RawMessage) (json.RawMessage, error)

// sign is what the key answers to a challenge, as the script puts it into JSON.
func sign(t *testing.T, ask ceremonyOf, challenge reply) json.RawMessage {
	t.Helper()
	credential, err := ask(json.RawMessage(challenge.body))
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

// beginKey begins an enrolment as the script does.
func (b *browser) beginKey(label string) (id string, begun reply) {
	b.t.Helper()
	begun = b.send("POST", "/mfa/enrollments", object{"method": webauthn.Name, "label": label})
	want(b.t, begun, http.StatusCreated, "")
	return begun.json(b.t)["id"].(string), begun
}

// addKey enrols a key by the page: the answer is a page, too.
func (b *browser) addKey(k *authenticator.Authenticator, label string) (id string, page reply) {
	b.t.Helper()
	id, begun := b.beginKey(label)
	credential := sign(b.t, k.Create, begun)
	return id, b.submit("/setup/key", "id", id, "label", label, "credential", string(credential))
}

// useKey answers the flow by a key.
func (b *browser) useKey(k *authenticator.Authenticator, option string) reply {
	b.t.Helper()
	asked := b.send("POST", "/mfa/flow/challenge", object{"option": option})
	want(b.t, asked, http.StatusOK, "")
	return b.send("POST", "/mfa/flow/verify", object{"option": option, "credential": sign(b.t, k.Get, asked)})
}

// signInByKey signs in with password and key.
func (b *browser) signInByKey(email string, k *authenticator.Authenticator) {
	b.t.Helper()
	r := b.useKey(k, optionOf(b.t, b.login(email), webauthn.Name))
	want(b.t, r, http.StatusOK, "")
	if r.json(b.t)["status"] != "passed" {
		b.t.Fatalf("not passed: %s", r.body)
	}
}

// passkey signs in with nothing but a passkey.
func (b *browser) passkey(k *authenticator.Authenticator) reply {
	b.t.Helper()
	begun := b.send("POST", "/mfa/passkey/begin", object{})
	want(b.t, begun, http.StatusOK, "")
	return b.send("POST", "/mfa/passkey/finish", object{"credential": sign(b.t, k.Get, begun)})
}
