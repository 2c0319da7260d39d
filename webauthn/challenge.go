package webauthn

import (
	"github.com/go-webauthn/webauthn/protocol"

	"github.com/mfakit/mfa"
)

// A RegistrationChallenge is what a browser needs to make a credential. PublicKey
// has the form that PublicKeyCredential.parseCreationOptionsFromJSON reads, and
// what that returns is the publicKey of navigator.credentials.create. It holds no
// secret.
type RegistrationChallenge struct {
	PublicKey protocol.PublicKeyCredentialCreationOptions `json:"publicKey"`
}

// An AssertionChallenge is what a browser needs to sign in. PublicKey has the
// form that PublicKeyCredential.parseRequestOptionsFromJSON reads, and what that
// returns is the publicKey of navigator.credentials.get. It holds no secret, but
// lists the user's credentials: it is for somebody who has proved something already.
// The one that [Factor.Discover] makes lists none, unless a name was typed: then
// its owner's, or what is made up.
type AssertionChallenge struct {
	PublicKey protocol.PublicKeyCredentialRequestOptions `json:"publicKey"`
}

var _, _ mfa.Challenge = (*RegistrationChallenge)(nil), (*AssertionChallenge)(nil)

// Method returns "webauthn".
func (RegistrationChallenge) Method() string { return Name }

// Method returns "webauthn".
func (AssertionChallenge) Method() string { return Name }
