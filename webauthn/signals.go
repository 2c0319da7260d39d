package webauthn

import (
	"github.com/go-webauthn/webauthn/protocol"

	"github.com/mfakit/mfa"
)

var _ mfa.Signaler = (*Factor)(nil)

// Signals is what PublicKeyCredential.signalAllAcceptedCredentials takes (WebAuthn
// Level 3 §5.1.10), as go-webauthn's SignalAllAcceptedCredentials: all of the
// user's credentials at this client's relying party, so that a password manager
// stops offering those that were removed. It is nil for a user who never had one.
func (f *Factor) Signals(r mfa.SignalsRequest) (any, error) {
	handle, err := handleOf(r.UserState)
	if err != nil {
		return nil, err
	}
	if len(handle) == 0 {
		return nil, nil
	}
	states, err := f.states(r.Enrollments)
	if err != nil {
		return nil, err
	}
	s := &protocol.SignalAllAcceptedCredentials{
		RPID: f.Scope(r.Client), UserID: handle, AllAcceptedCredentialIDs: []protocol.URLEncodedBase64{},
	}
	for i := range states {
		if f.scope(&states[i]) == s.RPID {
			s.AllAcceptedCredentialIDs = append(s.AllAcceptedCredentialIDs, states[i].Credential.ID)
		}
	}
	return s, nil
}
