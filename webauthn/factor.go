package webauthn

import (
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/mfakit/mfa"
)

// Name is the name of the method.
const Name = "webauthn"

// A Factor is the factor for security keys and passkeys, to be put into
// mfa.Config.Factors. Make it with [New]. It holds no secret and never changes.
type Factor struct {
	rp           *RelyingParty
	apps         map[string]*RelyingParty
	uv           protocol.UserVerificationRequirement
	counter      CounterPolicy
	attestation  Attestation
	deny, allow  []AAGUID
	discoverable bool
	params       []protocol.CredentialParameter
}

var (
	_ mfa.Discoverer = (*Factor)(nil)
	_ mfa.Scoper     = (*Factor)(nil)
)

// Method describes the factor: something that the user has, which cannot be
// phished. One option covers all of a user's keys, since the browser finds the
// one that is there.
func (f *Factor) Method() mfa.Method {
	return mfa.Method{
		Name: Name, Label: "Security key", Kind: mfa.Have,
		PhishingResistant: true, Together: true, OneShot: true,
		DeviceBound: f.attestation.Demand,
	}
}

// Scope is the relying party's ID for this client.
func (f *Factor) Scope(c mfa.Client) string { return f.party(c).ID }

func (f *Factor) party(c mfa.Client) *RelyingParty {
	if rp, ok := f.apps[c.App]; ok {
		return rp
	}
	return f.rp
}

// scope is where a credential can be used.
func (f *Factor) scope(s *State) string {
	if s.RPID == "" {
		return f.rp.ID
	}
	return s.RPID
}

// serves says whether an RP ID is one of this factor's.
func (f *Factor) serves(id string) bool {
	for _, rp := range f.apps {
		if rp.ID == id {
			return true
		}
	}
	return id == f.rp.ID
}

// told is an error as the engine is told it: what is wrong with an answer
// becomes one thing, whatever it was.
func told(err error) error {
	for _, wrong := range []error{errWrong, errJSON, errCBOR, errAuthData, errKey} {
		if errors.Is(err, wrong) {
			return &mfa.NotValidError{}
		}
	}
	return err
}

func algorithmID(n int64) webauthncose.COSEAlgorithmIdentifier {
	return webauthncose.COSEAlgorithmIdentifier(n)
}
