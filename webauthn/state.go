package webauthn

import (
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"
)

// A State is what is stored of one credential. Its JSON is go-webauthn's
// Credential record, whole, with three members more:
//
//	{"id":…,"publicKey":…,"flags":{…},"authenticator":{…},…,
//	 "rpId":"example.com","userHandle":"MTIz…","attested":true}
//
// So a Credential that another program stored is a State as it is. What is left
// out means: rpId, that of Config.RP; userHandle, the one in the factor's state
// of the user; attested, that nothing is proved. A record from before
// go-webauthn kept the backup flags (no flags, or no backupEligible in them) is
// mended by the first assertion.
//
// The attestation of a registration is not in it but in the enrollment's
// attachment, as it is large and no sign-in needs it.
//
// A State holds no secret, but tells which key a person has.
type State struct {
	Credential lib.Credential
	RPID       string // the relying party that it was registered with
	UserHandle []byte // the user handle that the authenticator keeps with it
	Attested   bool   // its registration had an attestation that was trusted

	// unknownBE says that nobody noted whether the credential can be backed up.
	unknownBE bool
}

var errState = errors.New("webauthn: stored state is not valid")

// record is lib.Credential without its methods, so that a struct that embeds it
// is read and written in one go.
type record lib.Credential

type stateJSON struct {
	record
	Flags       flagsJSON                  `json:"flags"`                 // instead of record's
	Attestation *lib.CredentialAttestation `json:"attestation,omitempty"` // instead of record's
	RPID        string                     `json:"rpId,omitempty"`
	UserHandle  string                     `json:"userHandle,omitempty"` // base64url
	Attested    bool                       `json:"attested,omitempty"`
}

// flagsJSON is lib.CredentialFlags with an unknown value.
type flagsJSON struct {
	UserPresent    bool  `json:"userPresent"`
	UserVerified   bool  `json:"userVerified"`
	BackupEligible *bool `json:"backupEligible,omitempty"`
	BackupState    bool  `json:"backupState"`
}

// MarshalJSON writes the one object that UnmarshalJSON reads.
func (s State) MarshalJSON() ([]byte, error) {
	f := s.Credential.Flags
	out := stateJSON{
		record:     record(s.Credential),
		Flags:      flagsJSON{f.UserPresent, f.UserVerified, &f.BackupEligible, f.BackupState},
		RPID:       s.RPID,
		UserHandle: base64.RawURLEncoding.EncodeToString(s.UserHandle),
		Attested:   s.Attested,
	}
	if s.unknownBE {
		out.Flags.BackupEligible = nil
	}
	if a := &s.Credential.Attestation; len(a.Object) > 0 || len(a.ClientDataJSON) > 0 || len(a.AuthenticatorData) > 0 {
		out.Attestation = a
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a State, or a Credential of go-webauthn. Its error says
// nothing of what it read.
func (s *State) UnmarshalJSON(data []byte) error {
	var in stateJSON
	if json.Unmarshal(data, &in) != nil {
		return errState
	}
	handle, err := base64.RawURLEncoding.DecodeString(in.UserHandle)
	if err != nil || len(handle) > maxUserHandleBytes {
		return errState
	}
	*s = State{Credential: lib.Credential(in.record), RPID: in.RPID, Attested: in.Attested, unknownBE: in.Flags.BackupEligible == nil}
	if len(handle) > 0 {
		s.UserHandle = handle
	}
	if in.Attestation != nil {
		s.Credential.Attestation = *in.Attestation
	}
	s.Credential.Flags = lib.NewCredentialFlags(in.Flags.bits())
	// As Credential.UnmarshalJSON does: the format was once kept as the type.
	if c := &s.Credential; c.AttestationFormat == "" && protocol.IsAttestationFormatString(c.AttestationType) {
		c.AttestationFormat, c.AttestationType = c.AttestationType, ""
	}
	return nil
}

func (f flagsJSON) bits() (bits protocol.AuthenticatorFlags) {
	for _, b := range []struct {
		set bool
		bit protocol.AuthenticatorFlags
	}{
		{f.UserPresent, protocol.FlagUserPresent},
		{f.UserVerified, protocol.FlagUserVerified},
		{f.BackupEligible != nil && *f.BackupEligible, protocol.FlagBackupEligible},
		{f.BackupState, protocol.FlagBackupState},
	} {
		if b.set {
			bits |= b.bit
		}
	}
	return bits
}

// decodeState reads what this package has stored. That it does not read is not
// the user's doing, so the error is of no kind that is told or counted.
func decodeState(data []byte) (State, error) {
	var s State
	if len(data) > maxStateBytes || s.UnmarshalJSON(data) != nil {
		return State{}, errState
	}
	if n := len(s.Credential.ID); n == 0 || n > maxCredentialIDBytes || len(s.Credential.PublicKey) == 0 {
		return State{}, errState
	}
	return s, nil
}

// aaguid is the model, or zero.
func (s *State) aaguid() (a AAGUID) {
	if len(s.Credential.Authenticator.AAGUID) == len(a) {
		copy(a[:], s.Credential.Authenticator.AAGUID)
	}
	return a
}

// userState is what is stored of each user: the user handle, which new
// credentials get. It has nothing to do with who the user is (WebAuthn Level 3 §14.6.1).
type userState struct {
	UserHandle string `json:"user_handle"` // base64url
}

func encodeUserState(handle []byte) ([]byte, error) {
	return json.Marshal(userState{base64.RawURLEncoding.EncodeToString(handle)})
}

// handleOf is the user handle in the factor's state of a user; nil: none yet.
func handleOf(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var u userState
	if len(data) > maxStateBytes || json.Unmarshal(data, &u) != nil {
		return nil, errState
	}
	handle, err := base64.RawURLEncoding.DecodeString(u.UserHandle)
	if err != nil || len(handle) > maxUserHandleBytes {
		return nil, errState
	}
	return handle, nil
}
