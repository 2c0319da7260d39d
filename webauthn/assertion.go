package webauthn

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/mfakit/mfa"
)

// Verify checks an answer to r.Pending: with mfa.ForEnrollment a registration,
// with the other purposes an assertion by one of r.Enrollments. It follows
// WebAuthn Level 3 §7.1 and §7.2, strictly.
//
// An answer that is wrong in any way gives an *mfa.NotValidError that does not
// say in which; an answer without a credential wraps mfa.ErrBadInput. A
// registration that is right, of an authenticator that the policy does not accept,
// gives an *mfa.RefusedError whose Reason is not_discoverable, attestation_missing,
// attestation_untrusted, authenticator_not_allowed, metadata_unavailable or
// metadata_status.
func (f *Factor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if len(r.Answer.Credential) == 0 {
		return mfa.Verified{}, fmt.Errorf("webauthn: %w: a credential is needed", mfa.ErrBadInput)
	}
	var v mfa.Verified
	var err error
	switch r.Purpose {
	case mfa.ForEnrollment:
		v, err = f.register(r)
	case mfa.ForAuthentication, mfa.ForDiscovery:
		v, err = f.authenticate(r)
	default:
		err = fmt.Errorf("webauthn: unknown purpose %q", r.Purpose)
	}
	if err != nil {
		return mfa.Verified{}, told(err)
	}
	return v, nil
}

func (f *Factor) authenticate(r mfa.VerifyRequest) (mfa.Verified, error) {
	rp := f.party(r.Client)
	s, err := readSession(r.Pending)
	if err != nil {
		return mfa.Verified{}, err
	}
	a, err := readAssertion(r.Answer.Credential)
	if err != nil {
		return mfa.Verified{}, err
	}
	if !s.open(rp, r.Now) || !rp.fromHere(&a.client, protocol.AssertCeremony, s) {
		return mfa.Verified{}, errWrong
	}
	auth, err := readAuthData(a.authRaw)
	if err != nil {
		return mfa.Verified{}, err
	}
	id, cred, err := f.answering(&a, s, rp, r)
	if err != nil {
		return mfa.Verified{}, err
	}
	verifyUser := s.verifiesUser() || r.Purpose == mfa.ForDiscovery
	if !assertionHolds(&a, auth, cred, s, rp, verifyUser) {
		return mfa.Verified{}, errWrong
	}
	alarm, err := f.update(cred, auth, id)
	if err != nil {
		return mfa.Verified{}, err
	}
	state, err := cred.MarshalJSON()
	if err != nil {
		return mfa.Verified{}, errState
	}
	return mfa.Verified{
		EnrollmentID: id,
		State:        state,
		AMR:          methods(auth.Flags),
		UserVerified: auth.Flags.HasUserVerified(),
		DeviceBound:  cred.Attested && !auth.Flags.HasBackupEligible(),
		Alarm:        alarm,
	}, nil
}

// answering finds the credential that the answer says it is of: one of the
// user's, registered here, among those that were asked for, with the user handle
// that it was made with (§7.2 steps 5 and 6). A user whose handle is not known has none
// that an answer could name.
func (f *Factor) answering(a *answer, s *session, rp *RelyingParty, r mfa.VerifyRequest) (string, *State, error) {
	asked := func(id []byte) bool { return bytes.Equal(id, a.id) }
	if len(s.AllowedCredentialIDs) > 0 && !slices.ContainsFunc(s.AllowedCredentialIDs, asked) {
		return "", nil, errWrong
	}
	id, cred, err := find(r.Enrollments, a.id)
	if err != nil {
		return "", nil, err
	}
	if f.scope(cred) != rp.ID {
		return "", nil, errWrong
	}
	handle := cred.UserHandle
	if len(handle) == 0 {
		if handle, err = handleOf(r.UserState); err != nil {
			return "", nil, err
		}
	}
	discovery := r.Purpose == mfa.ForDiscovery
	if len(handle) == 0 && !discovery {
		handle = s.UserID
	}
	// Without a list of credentials the user handle alone says whose this is. A list
	// was made for a name that was typed, and then a key need not have kept one.
	if discovery && (len(s.UserID) > 0 || len(a.userHandle) == 0 && len(s.AllowedCredentialIDs) == 0) {
		return "", nil, errWrong
	}
	if len(a.userHandle) > 0 && !bytes.Equal(a.userHandle, handle) {
		return "", nil, errWrong
	}
	return id, cred, nil
}

// find decodes the credential with this identifier. As there can be many, it
// first looks where the identifier is to be seen in the state as this package
// writes it, then into all of them.
func find(list []mfa.Enrolled, id []byte) (string, *State, error) {
	seen := base64.StdEncoding.AppendEncode(nil, id)
	for _, likely := range []bool{true, false} {
		for _, e := range list {
			if bytes.Contains(e.State, seen) != likely {
				continue
			}
			s, err := decodeState(e.State)
			if err != nil {
				return "", nil, err
			}
			if bytes.Equal(s.Credential.ID, id) {
				return e.ID, &s, nil
			}
		}
	}
	return "", nil, errWrong
}

// assertionHolds leaves to go-webauthn what it is good at: the hash of the RP
// ID, the flags and the signature. It is handed the client data that was read
// here, and the bytes that the browser hashed.
func assertionHolds(a *answer, auth protocol.AuthenticatorData, cred *State, s *session, rp *RelyingParty, verifyUser bool) bool {
	p := protocol.ParsedCredentialAssertionData{
		Response: protocol.ParsedAssertionResponse{CollectedClientData: a.client, AuthenticatorData: auth, Signature: a.signature},
		Raw: protocol.CredentialAssertionResponse{AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: a.clientJSON},
			AuthenticatorData:     a.authRaw,
		}},
	}
	// It compares origins loosely, and is told the one that fromHere has found.
	return nil == p.Verify(s.Challenge, rp.ID, "", []string{a.client.Origin}, nil, rp.TopOrigins, protocol.TopOriginExplicitVerificationMode,
		len(rp.TopOrigins) > 0, verifyUser, true, cred.Credential.PublicKey, protocol.SignaturePolicy{})
}

// update takes over what an assertion says of its credential, once it holds (§7.2 steps 18 to 24).
func (f *Factor) update(s *State, auth protocol.AuthenticatorData, id string) (alarm mfa.EventType, err error) {
	flags := auth.Flags
	if flags.HasBackupState() && !flags.HasBackupEligible() {
		return "", errWrong
	}
	c := &s.Credential
	if !s.unknownBE && c.Flags.BackupEligible != flags.HasBackupEligible() {
		return "", errWrong
	}
	s.unknownBE = false
	if a := &c.Authenticator; auth.Counter <= a.SignCount && a.SignCount > 0 {
		// Passkeys that are synced do not count; one that begins to is not a copy.
		if !flags.HasBackupEligible() || auth.Counter != 0 {
			if f.counter == CounterRefuse {
				return "", &mfa.NotValidError{Alarm: mfa.EventCloneSuspected, Enrollment: id}
			}
			alarm = mfa.EventCloneSuspected
		}
	}
	if !flags.HasBackupEligible() || auth.Counter != 0 {
		c.Authenticator.UpdateCounter(auth.Counter) // never down
	}
	c.Flags = c.Flags.Update(flags) // uvInitialized is raised at registration alone
	return alarm, nil
}

// methods are the authentication method references of a proof (RFC 8176 §2): a
// key in hardware, or one that can be copied to other devices, and that somebody
// was there.
func methods(flags protocol.AuthenticatorFlags) []string {
	list := []string{"hwk"}
	if flags.HasBackupEligible() {
		list[0] = "swk"
	}
	if flags.HasUserPresent() {
		list = append(list, "user")
	}
	return list
}
