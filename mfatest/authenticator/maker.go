package authenticator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// A Maker is a manufacturer: it signs for its models, so that a server which
// has its root can tell that a key is really one of them. It is safe for use by
// any number of goroutines.
type Maker struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewMaker makes a manufacturer with a root certificate of its own, valid from
// 2000 to 2100, so that the clock of a test may stand anywhere between.
func NewMaker() (*Maker, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	template := certificate(1, "Test Authenticators Root")
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign
	root, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Maker{root: root, key: key}, nil
}

// Roots are what a server trusts that takes this maker's models.
func (m *Maker) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(m.root)
	return pool
}

// aaguidExtension is id-fido-gen-ce-aaguid: W3C Level 3, 8.2.1.
var aaguidExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}

// attest makes the statement of a packed attestation (W3C Level 3, 8.2) by a
// key whose certificate names the model. Real ones share that key between many
// authenticators; a server sees no difference.
func (m *Maker) attest(aaguid [16]byte, digest []byte) (map[string]any, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	model, err := asn1.Marshal(aaguid[:])
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	template := certificate(2, "Test Authenticator")
	template.Subject.OrganizationalUnit = []string{"Authenticator Attestation"}
	template.ExtraExtensions = []pkix.Extension{{Id: aaguidExtension, Value: model}}
	leaf, err := sign(template, m.root, key.Public(), m.key)
	if err != nil {
		return nil, err
	}
	signature, err := key.Sign(rand.Reader, digest, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	return map[string]any{"alg": int64(es256), "sig": signature, "x5c": [][]byte{leaf.Raw}}, nil
}

func certificate(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{Country: []string{"NO"}, Organization: []string{"Test Authenticators"}, CommonName: name},
		NotBefore:             time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC),
		BasicConstraintsValid: true,
	}
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("authenticator: %w", err)
	}
	return made, nil
}
