package authenticator

import (
	"bytes"
	"encoding/json"
)

// Get is navigator.credentials.get: it signs a challenge. publicKey is the
// object of that name that the server sent, or the whole answer with it as a
// member; what comes back is the JSON of the credential (toJSON), for the server.
//
// Of several credentials that would do it takes the newest. Where the server
// names none, only passkeys will do, and the answer says whose it is.
//
// Its errors are [ErrNoCredential], [ErrSecurity] and [ErrNotAllowed] (user
// verification is required, and it has none).
func (a *Authenticator) Get(publicKey json.RawMessage) (json.RawMessage, error) {
	return a.get(publicKey, func(*credential) bool { return true })
}

// GetWith is [Authenticator.Get] by one credential: what a person does who has
// several accounts and picks one. [ErrNoCredential] if that is not among those
// that the server takes.
func (a *Authenticator) GetWith(id []byte, publicKey json.RawMessage) (json.RawMessage, error) {
	return a.get(publicKey, func(c *credential) bool { return bytes.Equal(c.ID, id) })
}

func (a *Authenticator) get(publicKey json.RawMessage, picked func(*credential) bool) (json.RawMessage, error) {
	o, err := parseRequest(publicKey)
	if err != nil {
		return nil, err
	}
	rp, err := a.options.relyingParty(o.RPID)
	if err != nil {
		return nil, err
	}
	verified, err := a.options.verifies(o.UserVerification)
	if err != nil {
		return nil, err
	}
	client, err := a.options.client("webauthn.get", *o.Challenge)
	if err != nil {
		return nil, err
	}

	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	c := a.memory.newest(func(c *credential) bool {
		named := len(o.Allow) == 0 && c.Passkey || c.in(o.Allow)
		return c.RPID == rp && named && picked(c)
	})
	if c == nil {
		return nil, ErrNoCredential
	}
	if !a.options.Synced {
		c.Counter++
	}
	data := c.data(verified, nil)
	signature, err := c.key.Sign(digest(data, client))
	if err != nil {
		return nil, err
	}
	return a.options.write(c.ID, assertionJSON{
		ClientData: client, AuthenticatorData: data, Signature: signature, UserHandle: c.UserHandle,
	}, nil)
}

func (m *memory) newest(fits func(*credential) bool) *credential {
	for i := len(m.credentials) - 1; i >= 0; i-- {
		if fits(m.credentials[i]) {
			return m.credentials[i]
		}
	}
	return nil
}
