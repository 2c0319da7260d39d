package webauthn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/mfakit/mfa"
)

// Enroll begins a registration: Step.Challenge is a [*RegistrationChallenge],
// Step.Pending go-webauthn's SessionData as JSON. All of the user's keys are excluded, so
// that none is registered twice.
//
// With Params.Import, which only the host's own code can set, a [State] from
// elsewhere is active at once (Step.Done): the host vouches that it is this
// user's, so that no policy is applied. It has to have the credential's
// identifier and a key that can be used, for a relying party of the Config. One that is not
// valid, and an implicit enrolment, give an error that wraps mfa.ErrBadInput.
func (f *Factor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, fmt.Errorf("webauthn: %w: a key has to be set up by its owner", mfa.ErrBadInput)
	}
	if r.Params.Import != nil {
		return f.enrollImport(r)
	}
	states, err := f.states(r.Existing)
	if err != nil {
		return mfa.Step{}, err
	}
	handle, err := f.handle(nil, r.UserState, states)
	if err != nil {
		return mfa.Step{}, err
	}
	uv := f.uv
	if r.UserVerification {
		uv = protocol.VerificationRequired
	}
	return f.creation(f.party(r.Client), r.User, handle, states, uv, r.Now)
}

func (f *Factor) enrollImport(r mfa.EnrollRequest) (mfa.Step, error) {
	s, err := f.readImport(r.Params.Import, r.Now)
	if err != nil {
		return mfa.Step{}, fmt.Errorf("webauthn: import: %w: %w", mfa.ErrBadInput, err)
	}
	v, err := f.enrolled(s, r.UserState)
	if err != nil {
		return mfa.Step{}, err
	}
	v.AMR, v.UserVerified = nil, false // nobody has proved anything
	return mfa.Step{Done: &v}, nil
}

// readImport reads a State from elsewhere. Its errors quote nothing of what it read.
func (f *Factor) readImport(data []byte, now time.Time) (State, error) {
	var s State
	if len(data) > maxImportBytes {
		return s, fmt.Errorf("more than %d bytes", maxImportBytes)
	}
	if s.UnmarshalJSON(data) != nil {
		return s, errors.New("not the JSON of a State")
	}
	c := &s.Credential
	if n := len(c.ID); n == 0 || n > maxCredentialIDBytes {
		return s, fmt.Errorf("id must have 1 to %d bytes", maxCredentialIDBytes)
	}
	if _, err := readKey(c.PublicKey); err != nil {
		return s, errors.New("publicKey is not a COSE_Key of a supported algorithm")
	}
	if n := len(c.Authenticator.AAGUID); n != 0 && n != len(AAGUID{}) {
		return s, errors.New("AAGUID must have 16 bytes, or none")
	}
	if c.Flags.BackupState && !c.Flags.BackupEligible && !s.unknownBE {
		return s, errors.New("backupState without backupEligible")
	}
	if s.RPID == "" {
		s.RPID = f.rp.ID
	}
	if !f.serves(s.RPID) {
		return s, errors.New("rpId is not the ID of a relying party of the Config")
	}
	// That it was attested is not believed but looked at again.
	s.Attested = false
	if o, err := verifyKept(&s, &c.Attestation); err == nil {
		s.Attested, _ = f.attestation.assess(f, o, now)
	}
	return s, nil
}
