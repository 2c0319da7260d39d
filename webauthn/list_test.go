package webauthn

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// An authority signs certificates: a manufacturer's, or the metadata's.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: newPrivate(t)}
	a.cert = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Test root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, a.key)
	return a
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func (a *authority) base64() string { return base64.StdEncoding.EncodeToString(a.cert.Raw) }

func (a *authority) sign(t testing.TB, c *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	c.SerialNumber = big.NewInt(1)
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0)
	}
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// packed makes an authenticator attest itself by a certificate of the authority's.
func (a *authority) packed(t testing.TB) (*x509.Certificate, func(testing.TB, []byte, []byte) (string, []byte)) {
	t.Helper()
	key := newPrivate(t)
	c := a.sign(t, &x509.Certificate{
		Subject:               pkix.Name{Country: []string{"NO"}, Organization: []string{"Example"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Key"},
		BasicConstraintsValid: true,
	}, key)
	return c, func(t testing.TB, auth, digest []byte) (string, []byte) {
		signature := sign(t, key, slices.Concat(auth, digest))
		return "packed", slices.Concat([]byte{0xa3}, cborString(cborText, "alg"), []byte{0x26}, cborString(cborText, "sig"), cborString(cborBytes, string(signature)),
			cborString(cborText, "x5c"), []byte{0x81}, cborString(cborBytes, string(c.Raw)))
	}
}

// A list is a metadata blob that is to be written.
type list struct {
	file   string
	signer *authority
	next   string
	until  time.Time // of the signer's certificate; zero: a year
	entry  map[string]any
	signed func(signed string) []byte // instead of the signature
}

var testModel = AAGUID{0xaa, 15: 1}

func newList(t testing.TB, maker, signer *authority) *list {
	t.Helper()
	return &list{
		file: filepath.Join(t.TempDir(), "blob.jwt"), signer: signer, next: "2026-12-01",
		entry: map[string]any{
			"aaguid": testModel.String(), "timeOfLastStatusChange": "2026-01-01",
			"metadataStatement": map[string]any{
				"aaguid": testModel.String(), "description": "Test", "attestationTypes": []string{"basic_full"},
				"attestationRootCertificates": []string{maker.base64()},
			},
			"statusReports": []map[string]any{{"status": "FIDO_CERTIFIED_L1", "effectiveDate": "2026-01-01"}},
		},
	}
}

// write signs the list and puts it into its file.
func (l *list) write(t testing.TB) {
	t.Helper()
	key := newPrivate(t)
	leaf := l.signer.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Signer"}, DNSNames: []string{"mds.example.com"}, NotBefore: noon.AddDate(-1, 0, 0), NotAfter: l.until,
	}, key)
	header := toJSON(t, map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{base64.StdEncoding.EncodeToString(leaf.Raw), l.signer.base64()}})
	payload := toJSON(t, map[string]any{"legalHeader": "Test", "no": 1, "nextUpdate": l.next, "entries": []any{l.entry}})
	signed := b64(header) + "." + b64(payload)
	signature := rawSignature(t, key, signed)
	if l.signed != nil {
		signature = l.signed(signed)
	}
	l.put(t, signed+"."+b64(signature)+"\n")
}

// put replaces the file, with a time of its own each time.
func (l *list) put(t testing.TB, content string) {
	t.Helper()
	later := noon
	if info, err := os.Stat(l.file); err == nil {
		later = info.ModTime().Add(time.Second)
	}
	if err := errors.Join(os.WriteFile(l.file, []byte(content), 0o600), os.Chtimes(l.file, later, later)); err != nil {
		t.Fatal(err)
	}
}

func rawSignature(t testing.TB, key *ecdsa.PrivateKey, signed string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(signed))
	der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	var n struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &n); err != nil {
		t.Fatal(err)
	}
	return append(n.R.FillBytes(make([]byte, 32)), n.S.FillBytes(make([]byte, 32))...)
}

func (l *list) policy(demand bool) func(*Config) {
	m := MetadataFile(l.file, l.signer.pool())
	return func(c *Config) { c.Attestation = Attestation{Metadata: m, Demand: demand} }
}
