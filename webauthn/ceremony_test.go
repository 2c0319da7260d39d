package webauthn_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"testing"
)

// Flags of authenticator data (WebAuthn Level 3 §6.1).
const (
	up = 1 << 0
	uv = 1 << 2
	be = 1 << 3
	bs = 1 << 4
	at = 1 << 6
	ed = 1 << 7
)

var b64 = base64.RawURLEncoding.EncodeToString

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return b
}

// clientData is what the browser says of the ceremony (WebAuthn Level 3 §5.8.1).
type clientData struct {
	Type, Challenge, Origin string
	Members                 string              // more of them, as JSON text that begins with a comma
	Edit                    func(string) string // the text, before it is hashed and signed
}

func (c clientData) bytes(t testing.TB) []byte {
	text := fmt.Sprintf(`{"type":%s,"challenge":%s,"origin":%s%s}`,
		encode(t, c.Type), encode(t, c.Challenge), encode(t, c.Origin), c.Members)
	if c.Edit != nil {
		text = c.Edit(text)
	}
	return []byte(text)
}

// authData is what the authenticator says and signs (WebAuthn Level 3 §6.1).
type authData struct {
	RPID         string
	Flags        byte
	Counter      uint32
	AAGUID       [16]byte
	CredentialID []byte
	Public       item                // with AT: the COSE_Key
	Extensions   item                // with ED: a CBOR map
	Edit         func([]byte) []byte // the whole, before it is signed
}

func (a authData) bytes() []byte {
	hash := sha256.Sum256([]byte(a.RPID))
	b := append(hash[:], a.Flags)
	b = binary.BigEndian.AppendUint32(b, a.Counter)
	if a.Flags&at != 0 {
		b = append(b, a.AAGUID[:]...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.CredentialID)))
		b = slices.Concat(b, a.CredentialID, a.Public)
	}
	b = append(b, a.Extensions...)
	if a.Edit != nil {
		b = a.Edit(b)
	}
	return b
}

// An attest makes the format and statement of an attestation over authenticator
// data and the hash of client data.
type attest func(t testing.TB, r registration, auth, hash []byte) (format string, statement item)

// A registration is a registration ceremony as browser and authenticator are
// about to answer it. Every piece can be changed before it is signed, so that
// what is wrong is validly signed.
type registration struct {
	Client clientData
	Auth   authData
	Key    privateKey // the credential's
	Attest attest
	Object func(item) item      // the attestation object
	JSON   func(map[string]any) // the answer
}

func (r registration) answer(t testing.TB) []byte {
	t.Helper()
	client, auth := r.Client.bytes(t), r.Auth.bytes()
	hash := sha256.Sum256(client)
	format, statement := r.Attest(t, r, auth, hash[:])
	object := cborMap(cborText("fmt"), cborText(format), cborText("attStmt"), statement, cborText("authData"), cborBytes(auth))
	if r.Object != nil {
		object = r.Object(object)
	}
	m := map[string]any{
		"id": b64(r.Auth.CredentialID), "rawId": b64(r.Auth.CredentialID), "type": "public-key",
		"authenticatorAttachment": "cross-platform", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64(client), "attestationObject": b64(object), "transports": []string{"nfc", "usb"},
		},
	}
	if r.JSON != nil {
		r.JSON(m)
	}
	return encode(t, m)
}

// attestNone is no attestation (WebAuthn Level 3 §8.7).
func attestNone(testing.TB, registration, []byte, []byte) (string, item) { return "none", cborMap() }

// attestSelf is packed attestation by the credential's own key (§8.2).
func attestSelf(t testing.TB, r registration, auth, hash []byte) (string, item) {
	sig := r.Key.sign(t, slices.Concat(auth, hash))
	return "packed", cborMap(cborText("alg"), cborInt(r.Key.alg), cborText("sig"), cborBytes(sig))
}

// A maker is a manufacturer of authenticators: a root, and a certificate for
// one model under it.
type maker struct {
	root *x509.Certificate
	cert []byte
	key  privateKey // of cert
}

// roots is a pool with nothing but this maker's root.
func (m maker) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(m.root)
	return pool
}

// oidAAGUID is id-fido-gen-ce-aaguid (§8.2.1).
var oidAAGUID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}

// newMaker makes a manufacturer whose certificate is for a model. edit changes
// the certificate before it is signed; nil: it is as §8.2.1 wants it.
func newMaker(t testing.TB, rootKey, certKey privateKey, aaguid [16]byte, edit func(*x509.Certificate)) maker {
	t.Helper()
	from, to := date(2020), date(2120)
	rootTemplate := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Maker Root"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, rootTemplate, rootTemplate, rootKey.Public(), rootKey.Signer)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	id, err := asn1.Marshal(aaguid[:])
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: to, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
		Subject: pkix.Name{
			Country: []string{"NO"}, Organization: []string{"Test Maker"},
			OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Test Model",
		},
		ExtraExtensions: []pkix.Extension{{Id: oidAAGUID, Value: id}},
	}
	if edit != nil {
		edit(template)
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, root, certKey.Public(), rootKey.Signer)
	if err != nil {
		t.Fatal(err)
	}
	return maker{root, cert, certKey}
}

// packed is packed attestation by a certificate of the maker (§8.2).
func (m maker) packed(t testing.TB, _ registration, auth, hash []byte) (string, item) {
	sig := m.key.sign(t, slices.Concat(auth, hash))
	return "packed", cborMap(cborText("alg"), cborInt(m.key.alg), cborText("sig"), cborBytes(sig), cborText("x5c"), cborArray(cborBytes(m.cert)))
}

// u2f is the attestation of authenticators from before FIDO2 (§8.6).
func (m maker) u2f(t testing.TB, r registration, _, hash []byte) (string, item) {
	x, y := r.Key.point(t)
	rp := sha256.Sum256([]byte(r.Auth.RPID))
	sig := m.key.sign(t, slices.Concat([]byte{0}, rp[:], hash, r.Auth.CredentialID, []byte{4}, x, y))
	return "fido-u2f", cborMap(cborText("sig"), cborBytes(sig), cborText("x5c"), cborArray(cborBytes(m.cert)))
}

// An assertion is a sign-in ceremony, like registration.
type assertion struct {
	Client     clientData
	Auth       authData
	Key        privateKey
	Options    crypto.SignerOpts   // how to sign; nil: as the algorithm says
	Signed     func([]byte) []byte // what is signed: authenticator data and hash
	Signature  func([]byte) []byte // the signature, afterwards
	UserHandle []byte              // nil: none
	JSON       func(map[string]any)
}

func (a assertion) answer(t testing.TB) []byte {
	t.Helper()
	client, auth := a.Client.bytes(t), a.Auth.bytes()
	hash := sha256.Sum256(client)
	message := slices.Concat(auth, hash[:])
	if a.Signed != nil {
		message = a.Signed(message)
	}
	var sig []byte
	if a.Options != nil {
		sig = a.Key.signWith(t, message, a.Options)
	} else {
		sig = a.Key.sign(t, message)
	}
	if a.Signature != nil {
		sig = a.Signature(sig)
	}
	response := map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(sig)}
	if a.UserHandle != nil {
		response["userHandle"] = b64(a.UserHandle)
	}
	m := map[string]any{
		"id": b64(a.Auth.CredentialID), "rawId": b64(a.Auth.CredentialID), "type": "public-key",
		"authenticatorAttachment": "cross-platform", "clientExtensionResults": map[string]any{}, "response": response,
	}
	if a.JSON != nil {
		a.JSON(m)
	}
	return encode(t, m)
}
