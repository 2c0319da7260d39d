package authenticator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Create is navigator.credentials.create: it makes a credential for the page's
// server. publicKey is the object of that name that the server sent, or the whole
// answer with it as a member; what comes back is the JSON of the credential
// (toJSON), for the server.
//
// As with a real authenticator, a passkey replaces the one that it has for the
// same user of the same relying party.
//
// Its errors are [ErrExcluded], [ErrSecurity], [ErrNotSupported] and
// [ErrNotAllowed] (user verification or a passkey is required, or another
// kind of attachment, and it has none).
func (a *Authenticator) Create(publicKey json.RawMessage) (json.RawMessage, error) {
	o, err := parseCreation(publicKey)
	if err != nil {
		return nil, err
	}
	id, err := a.options.relyingParty(o.RP.ID)
	if err != nil {
		return nil, err
	}
	verified, err := a.options.suits(o.Selection)
	if err != nil {
		return nil, err
	}

	a.memory.mu.Lock()
	defer a.memory.mu.Unlock()
	if a.memory.has(id, o.Exclude) {
		return nil, ErrExcluded
	}
	key, algorithm, err := newKey(o.algorithms())
	if err != nil {
		return nil, err
	}
	c := &credential{
		Credential: Credential{
			ID: randomID(), RPID: id, UserName: *o.User.Name,
			Passkey:  a.options.remembers(o.Selection),
			Eligible: a.options.Synced, BackedUp: a.options.Synced,
		},
		key: key, algorithm: algorithm,
	}
	if c.Passkey {
		c.UserHandle = *o.User.ID
	}
	answer, err := a.attestation(c, o, verified)
	if err != nil {
		return nil, err
	}
	a.memory.add(c)
	return answer, nil
}

// suits says whether this authenticator is one of those that the server would
// take, and whether it is going to verify its user.
func (o Options) suits(s selection) (verified bool, err error) {
	if s.Attachment != "" && s.Attachment != o.attachment() {
		return false, fmt.Errorf("%w: a %.20s authenticator is asked for, this one is %s", ErrNotAllowed, s.Attachment, o.attachment())
	}
	if s.residentKey() == "required" && o.NoPasskeys {
		return false, fmt.Errorf("%w: a passkey is required, and it has no memory for one", ErrNotAllowed)
	}
	return o.verifies(s.UserVerification)
}

// remembers says whether the new credential is going to be a passkey. Providers
// of synced ones make nothing else.
func (o Options) remembers(s selection) bool {
	return !o.NoPasskeys && (o.Synced || s.residentKey() != "discouraged")
}

// has says whether one of a list is here.
func (m *memory) has(rp string, list []descriptor) bool {
	return slices.ContainsFunc(m.credentials, func(c *credential) bool {
		return c.RPID == rp && c.in(list)
	})
}

func (c *credential) in(list []descriptor) bool {
	return slices.ContainsFunc(list, func(d descriptor) bool {
		return d.Type == "public-key" && bytes.Equal(d.ID, c.ID)
	})
}

func (m *memory) add(c *credential) {
	m.credentials = slices.DeleteFunc(m.credentials, func(old *credential) bool {
		return c.Passkey && old.Passkey && old.RPID == c.RPID && bytes.Equal(old.UserHandle, c.UserHandle)
	})
	m.credentials = append(m.credentials, c)
}

// attestation is the answer to a registration.
func (a *Authenticator) attestation(c *credential, o creationOptions, verified bool) (json.RawMessage, error) {
	client, err := a.options.client("webauthn.create", *o.Challenge)
	if err != nil {
		return nil, err
	}
	data := c.data(verified, c.attested(a.options.AAGUID))
	format, statement := "none", map[string]any{}
	if m := a.options.Maker; m != nil && o.Attestation != "" && o.Attestation != "none" {
		format = "packed"
		if statement, err = m.attest(a.options.AAGUID, digest(data, client)); err != nil {
			return nil, err
		}
	}
	object, err := canonical(map[string]any{"fmt": format, "attStmt": statement, "authData": data})
	if err != nil {
		return nil, err
	}
	spki, err := c.publicKey()
	if err != nil {
		return nil, err
	}
	extensions := map[string]any{}
	if o.Extensions.CredProps {
		extensions["credProps"] = map[string]bool{"rk": c.Passkey}
	}
	return a.options.write(c.ID, attestationJSON{
		ClientData: client, AuthenticatorData: data, Transports: a.options.transports(),
		PublicKey: spki, Algorithm: c.algorithm, AttestationObject: object,
	}, extensions)
}

// canonical encodes in the CTAP2 canonical form.
func canonical(v any) ([]byte, error) {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	encoded, err := mode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	return encoded, nil
}
