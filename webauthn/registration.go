package webauthn

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
)

func (f *Factor) register(r mfa.VerifyRequest) (mfa.Verified, error) {
	rp := f.party(r.Client)
	s, err := readSession(r.Pending)
	if err != nil {
		return mfa.Verified{}, err
	}
	a, err := readRegistration(r.Answer.Credential)
	if err != nil {
		return mfa.Verified{}, err
	}
	if !s.open(rp, r.Now) || !rp.fromHere(&a.client, protocol.CreateCeremony, s) {
		return mfa.Verified{}, errWrong
	}
	object, err := readAttestation(a.attestation)
	if err != nil {
		return mfa.Verified{}, err
	}
	cred, err := newCredential(&a, object, s, rp)
	if err != nil {
		return mfa.Verified{}, err
	}
	if id, _, err := find(r.Enrollments, a.id); err == nil && id != r.ID {
		return mfa.Verified{}, refused("already_registered")
	} else if err != nil && !errors.Is(err, errWrong) {
		return mfa.Verified{}, err
	}
	trusted, err := f.attestation.assess(f, object, r.Now)
	if err != nil {
		return mfa.Verified{}, err
	}
	if f.discoverable && a.rk != nil && !*a.rk {
		return mfa.Verified{}, refused("not_discoverable")
	}
	return f.enrolled(State{Credential: *cred, RPID: rp.ID, UserHandle: s.UserID, Attested: trusted}, r.UserState)
}

// readAttestation reads an attestation object (WebAuthn Level 3 §6.5.4): its
// three members, in the one order that they have, around authenticator data with
// a credential and a key that can be used.
func readAttestation(raw []byte) (*protocol.AttestationObject, error) {
	length, pairs, err := readMap(raw)
	if err != nil || length != len(raw) || pairs != 3 || !slices.Equal(textKeys(raw), []string{"fmt", "attStmt", "authData"}) {
		return nil, errCBOR
	}
	o := &protocol.AttestationObject{}
	if err := webauthncbor.Unmarshal(raw, o); err != nil {
		return nil, errCBOR
	}
	if o.AuthData, err = readAuthData(o.RawAuthData); err != nil {
		return nil, err
	}
	if !o.AuthData.Flags.HasAttestedCredentialData() {
		return nil, errAuthData
	}
	if o.AuthData.Flags.HasExtensions() {
		if o.AuthData.Ext, err = protocol.ParseAuthenticatorExtensionOutputs(o.AuthData.ExtData); err != nil {
			return nil, errAuthData
		}
	}
	return o, nil
}

// newCredential runs the checks of §7.1 that are left, most of them
// go-webauthn's, and makes its record.
func newCredential(a *answer, o *protocol.AttestationObject, s *session, rp *RelyingParty) (*lib.Credential, error) {
	algorithm, err := readKey(o.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		return nil, err
	}
	flags := o.AuthData.Flags
	if !offered(s.CredParams, algorithm) || !bytes.Equal(a.id, o.AuthData.AttData.CredentialID) ||
		flags.HasBackupState() && !flags.HasBackupEligible() {
		return nil, errWrong
	}
	p := protocol.ParsedCredentialCreationData{
		ParsedPublicKeyCredential: protocol.ParsedPublicKeyCredential{
			ParsedCredential: protocol.ParsedCredential{ID: a.idText, Type: "public-key"}, RawID: a.id, AuthenticatorAttachment: a.attachment,
		},
		Response: protocol.ParsedAttestationResponse{CollectedClientData: a.client},
		Raw: protocol.CredentialCreationResponse{AttestationResponse: protocol.AuthenticatorAttestationResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: a.clientJSON},
			AuthenticatorData:     o.RawAuthData,
			PublicKeyAlgorithm:    algorithm,
			AttestationObject:     a.attestation,
		}},
	}
	for _, t := range a.transports {
		p.Response.Transports = append(p.Response.Transports, protocol.AuthenticatorTransport(t))
	}
	if slices.Contains(s.Extensions.Requested, protocol.ExtensionCredProps) && a.rk != nil {
		p.ClientExtensionResults.CredProps = &protocol.CredentialPropertiesOutput{RK: a.rk}
	}
	// A ceremony in passing (conditional mediation) has nobody touch anything.
	present := s.Mediation != protocol.MediationConditional
	party := sha256.Sum256([]byte(rp.ID))
	if o.AuthData.Verify(party[:], nil, s.verifiesUser(), present) != nil {
		return nil, errWrong // the cause quotes the answer
	}
	digest := sha256.Sum256(a.clientJSON)
	if err := verifyStatement(o, digest[:]); err != nil {
		return nil, err
	}
	p.Response.AttestationObject = *o
	cred, err := lib.NewCredential(digest[:], &p)
	if err != nil {
		return nil, errWrong
	}
	return cred, nil
}

// enrolled is the outcome of a registration, or of an import. The attestation
// goes into the attachment.
func (f *Factor) enrolled(s State, user []byte) (mfa.Verified, error) {
	kept := s.Credential.Attestation
	s.Credential.Attestation = lib.CredentialAttestation{}
	c := &s.Credential
	v := mfa.Verified{
		AMR:          methods(c.Flags.ProtocolValue()),
		UserVerified: c.Flags.UserVerified,
		DeviceBound:  s.Attested && !c.Flags.BackupEligible,
		Label:        label(&s),
		Claims:       claims(s.UserHandle, c.ID),
		Scope:        s.RPID,
	}
	// The credential first: one that is somebody else's is refused before its new
	// user handle has been claimed, else every try would leave a row behind.
	slices.Reverse(v.Claims)
	var err error
	if v.State, err = json.Marshal(s); err != nil {
		return mfa.Verified{}, errState
	}
	if len(kept.Object) > 0 {
		if v.Attachment, err = json.Marshal(kept); err != nil {
			return mfa.Verified{}, errState
		}
	}
	known, err := handleOf(user)
	if err != nil {
		return mfa.Verified{}, err
	}
	// Of two first registrations at once, the second keeps the handle that its
	// authenticator has; what comes after uses the first one's.
	if len(known) == 0 && len(s.UserHandle) > 0 {
		v.UserState, err = encodeUserState(s.UserHandle)
	}
	return v, err
}

// label is what to call a credential that its user gave no name; "": as the method.
func label(s *State) string {
	if name := s.aaguid().Name(); name != "" {
		return name
	}
	c := &s.Credential
	discoverable := c.Extensions.RK != nil && *c.Extensions.RK
	if discoverable || c.Flags.BackupEligible || c.Authenticator.Attachment == protocol.Platform {
		return "Passkey"
	}
	return ""
}

// Recheck says whether a stored credential would be accepted under the
// attestation policy of now: nil, or an *mfa.RefusedError as [Factor.Verify]
// gives it. It is for a host that walks its enrollments after a policy or the
// metadata has changed; sign-ins never ask. State and attachment are the
// enrollment's.
func (f *Factor) Recheck(state, attachment []byte, now time.Time) error {
	s, err := decodeState(state)
	if err != nil {
		return err
	}
	var kept lib.CredentialAttestation
	if len(attachment) > 0 && json.Unmarshal(attachment, &kept) != nil {
		return errState
	}
	if len(attachment) == 0 {
		kept = s.Credential.Attestation
	}
	o, err := verifyKept(&s, &kept)
	if err != nil {
		return err
	}
	_, err = f.attestation.assess(f, o, now)
	return err
}

// verifyKept reads the attestation of a stored credential again, with its
// signature. One that has none counts as one of the format none.
func verifyKept(s *State, kept *lib.CredentialAttestation) (*protocol.AttestationObject, error) {
	if len(kept.Object) == 0 {
		o := &protocol.AttestationObject{Format: string(protocol.AttestationFormatNone)}
		o.AuthData.AttData.AAGUID = s.Credential.Authenticator.AAGUID
		return o, nil
	}
	o, err := readAttestation(kept.Object)
	if err != nil {
		return nil, errState
	}
	if !bytes.Equal(o.AuthData.AttData.CredentialID, s.Credential.ID) ||
		!bytes.Equal(o.AuthData.AttData.CredentialPublicKey, s.Credential.PublicKey) {
		return nil, errState
	}
	if verifyStatement(o, digestOf(kept)) != nil {
		return nil, refused("attestation_untrusted")
	}
	return o, nil
}
