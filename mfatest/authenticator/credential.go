package authenticator

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/descope/virtualwebauthn"
)

// COSE algorithm identifiers (RFC 9053, RFC 8812).
const (
	es256 = -7
	rs256 = -257
)

// Authenticator data flags (W3C Level 3, 6.1).
const (
	flagUserPresent    = 1 << 0
	flagUserVerified   = 1 << 2
	flagBackupEligible = 1 << 3
	flagBackupState    = 1 << 4
	flagAttestedData   = 1 << 6
)

// credential is a key and what belongs to it.
type credential struct {
	Credential
	key       *virtualwebauthn.Key
	algorithm int64
}

func (c *credential) public() Credential {
	p := c.Credential
	p.ID, p.UserHandle = slices.Clone(p.ID), slices.Clone(p.UserHandle)
	return p
}

// newKey makes a key for the first algorithm that is known here.
func newKey(algorithms []int64) (*virtualwebauthn.Key, int64, error) {
	for _, a := range algorithms {
		switch a {
		case es256:
			return newES256(), a, nil
		case rs256:
			return virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA).Key, a, nil
		}
	}
	return nil, 0, ErrNotSupported
}

// newES256 makes keys until one has no leading zero in its coordinates, which
// virtualwebauthn would leave out: RFC 9053 section 7.1.1 wants all 32 bytes, and
// so do servers. One key in 128 is of that kind.
func newES256() *virtualwebauthn.Key {
	const full = 77 // bytes of a COSE key on P-256
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key
		if len(key.AttestationData()) == full {
			return key
		}
	}
}

// publicKey is the key as SubjectPublicKeyInfo, what getPublicKey() gives a page.
func (c *credential) publicKey() ([]byte, error) {
	private, err := x509.ParsePKCS8PrivateKey(c.key.Data)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("authenticator: a %T does not sign", private)
	}
	return x509.MarshalPKIXPublicKey(signer.Public())
}

// data is the authenticator data: W3C Level 3, 6.1. Attested is nil but for a
// registration.
func (c *credential) data(verified bool, attested []byte) []byte {
	flags := byte(flagUserPresent)
	if verified {
		flags |= flagUserVerified
	}
	if c.Eligible {
		flags |= flagBackupEligible
	}
	if c.BackedUp {
		flags |= flagBackupState
	}
	if attested != nil {
		flags |= flagAttestedData
	}
	rp := sha256.Sum256([]byte(c.RPID))
	data := append(rp[:], flags)
	data = binary.BigEndian.AppendUint32(data, c.Counter)
	return append(data, attested...)
}

// attested is the attested credential data: W3C Level 3, 6.5.1.
func (c *credential) attested(aaguid [16]byte) []byte {
	data := slices.Clone(aaguid[:])
	data = binary.BigEndian.AppendUint16(data, uint16(len(c.ID)))
	data = append(data, c.ID...)
	return append(data, c.key.AttestationData()...)
}

// digest is what is signed, by a credential or by its model's maker.
func digest(data, clientData []byte) []byte {
	client := sha256.Sum256(clientData)
	sum := sha256.Sum256(slices.Concat(data, client[:]))
	return sum[:]
}
