package webauthn

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/mfakit/mfa"
)

// Find returns the claims by which the user is found who gave this answer: the
// user handle that the authenticator has kept, if the answer has one, then the
// credential's identifier. It has not checked the signature; [Factor.Verify] does.
func (f *Factor) Find(pending []byte, a mfa.Answer) ([]string, error) {
	if len(a.Credential) == 0 {
		return nil, fmt.Errorf("webauthn: %w: a credential is needed", mfa.ErrBadInput)
	}
	s, err := readSession(pending)
	if err != nil {
		return nil, told(err)
	}
	read, err := readAssertion(a.Credential)
	if err != nil {
		return nil, told(err)
	}
	if read.client.Type != protocol.AssertCeremony || subtle.ConstantTimeCompare([]byte(read.client.Challenge), []byte(s.Challenge)) != 1 {
		return nil, told(errWrong)
	}
	return claims(read.userHandle, read.id), nil
}

// claims are what a credential is found by, and what no other user can have.
func claims(handle, id []byte) []string {
	var out []string
	if len(handle) > 0 {
		out = append(out, "user:"+base64.RawURLEncoding.EncodeToString(handle))
	}
	return append(out, "credential:"+base64.RawURLEncoding.EncodeToString(id))
}
