package migrate

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/fxamacker/cbor/v2"
)

// credential is the JSON of webauthn.State, which is go-webauthn's Credential with two
// members more.
type credential struct {
	ID                []byte        `json:"id"`
	PublicKey         []byte        `json:"publicKey"`
	AttestationFormat string        `json:"attestationFormat,omitempty"`
	Transport         []string      `json:"transport,omitempty"`
	Flags             flags         `json:"flags"`
	Authenticator     authenticator `json:"authenticator"`
	Attestation       attestation   `json:"attestation"`
	Extensions        struct {
		RK *bool `json:"rk,omitempty"`
	} `json:"extensions,omitzero"`
	RPID       string `json:"rpId,omitempty"`
	UserHandle string `json:"userHandle,omitempty"` // base64url
}

type flags struct {
	UserPresent    bool `json:"userPresent"`
	UserVerified   bool `json:"userVerified"`
	BackupEligible bool `json:"backupEligible"`
	BackupState    bool `json:"backupState"`
}

type authenticator struct {
	AAGUID     []byte `json:"AAGUID"`
	SignCount  uint32 `json:"signCount"`
	Attachment string `json:"attachment,omitempty"`
}

type attestation struct {
	ClientDataJSON    []byte `json:"clientDataJSON,omitempty"`
	AuthenticatorData []byte `json:"authenticatorData,omitempty"`
	Object            []byte `json:"object,omitempty"`
}

// registration is what a browser answered (WebAuthn Level 3 section 5.1.8,
// RegistrationResponseJSON).
type registration struct {
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		ClientDataJSON    b64url   `json:"clientDataJSON"`
		AttestationObject b64url   `json:"attestationObject"`
		Transports        []string `json:"transports"`
	} `json:"response"`
	Extensions struct {
		CredProps struct {
			RK *bool `json:"rk"`
		} `json:"credProps"`
	} `json:"clientExtensionResults"`
}

// b64url is base64url without padding.
type b64url []byte

func (v *b64url) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return errValue
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	*v = raw
	return err
}

func (b *builder) allauthKey(a Allauth, h holding, user string, data []byte) {
	var d struct {
		Name       string       `json:"name"`
		Credential registration `json:"credential"`
	}
	if json.Unmarshal(data, &d) != nil {
		b.left(h.id, methodWebAuthn, ReasonMalformed)
		return
	}
	c, site, err := d.Credential.read()
	switch {
	case err != nil:
		b.left(h.id, methodWebAuthn, ReasonMalformed)
		return
	case a.RPID != "" && !sameSite(a.RPID, site):
		b.left(h.id, methodWebAuthn, ReasonOtherSite)
		return
	}
	c.RPID = a.RPID
	c.UserHandle = base64.RawURLEncoding.EncodeToString(a.handle(user))
	h.label = d.Name
	b.add(methodWebAuthn, h, c)
}

func sameSite(rpID string, hash []byte) bool {
	sum := sha256.Sum256([]byte(rpID))
	return bytes.Equal(sum[:], hash)
}

var errRegistration = errors.New("migrate: not the answer of a registration")

// read takes the credential out of the attestation object. Whether its key can be
// used, and whether the attestation holds, is for the factor to say, which gets both.
func (r registration) read() (c credential, site []byte, err error) {
	var object struct {
		Format   string `cbor:"fmt"`
		AuthData []byte `cbor:"authData"`
	}
	if decoder.Unmarshal(r.Response.AttestationObject, &object) != nil {
		return c, nil, errRegistration
	}
	// WebAuthn Level 3 section 6.1: the hash of the relying party's ID, flags, a counter;
	// with attested data the model, the identifier behind its length, and the key.
	const fixed, model, length = 32 + 1 + 4, 16, 2
	data := object.AuthData
	if len(data) < fixed+model+length || data[32]&flagAttested == 0 {
		return c, nil, errRegistration
	}
	rest := data[fixed+model:]
	n := int(binary.BigEndian.Uint16(rest))
	rest = rest[length:]
	if n == 0 || n >= len(rest) {
		return c, nil, errRegistration
	}
	var key cbor.RawMessage
	after, err := decoder.UnmarshalFirst(rest[n:], &key)
	if err != nil || len(after) > 0 && data[32]&flagExtensions == 0 {
		return c, nil, errRegistration
	}
	c = credential{
		ID: rest[:n], PublicKey: key, AttestationFormat: object.Format, Transport: r.Response.Transports,
		Flags: flags{UserPresent: data[32]&flagPresent != 0, UserVerified: data[32]&flagVerified != 0,
			BackupEligible: data[32]&flagEligible != 0, BackupState: data[32]&flagBackedUp != 0},
		Authenticator: authenticator{AAGUID: data[fixed : fixed+model], SignCount: binary.BigEndian.Uint32(data[33:]), Attachment: r.Attachment},
		Attestation: attestation{ClientDataJSON: r.Response.ClientDataJSON, AuthenticatorData: data,
			Object: r.Response.AttestationObject},
	}
	c.Extensions.RK = r.Extensions.CredProps.RK
	return c, data[:32], nil
}

const (
	flagPresent    = 1 << 0
	flagVerified   = 1 << 2
	flagEligible   = 1 << 3
	flagBackedUp   = 1 << 4
	flagAttested   = 1 << 6
	flagExtensions = 1 << 7
)

// decoder keeps a small input from asking for much memory: CTAP2's canonical form
// nests four deep, and certificates beneath a statement a little more.
var decoder = func() cbor.DecMode {
	d, err := cbor.DecOptions{IndefLength: cbor.IndefLengthForbidden, MaxNestedLevels: 8, MaxArrayElements: 64, MaxMapPairs: 64}.DecMode()
	if err != nil {
		panic(err)
	}
	return d
}()
