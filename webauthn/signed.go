package webauthn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"

	"github.com/go-webauthn/webauthn/metadata"
)

// go-webauthn's decoder of the metadata blob fetches revocation lists while it
// decodes, and reads the clock. A factor does neither, so the signature around
// the blob, a JWS (RFC 7515), is checked here; the payload is go-webauthn's.

var errSigned = errors.New("webauthn: not a signed metadata blob")

// readSigned reads a blob whose signature is by the first of the certificates
// that it brings along. Whether they are trusted is not looked at.
func readSigned(blob string) (*metadata.PayloadJSON, []*x509.Certificate, error) {
	signed, signature, ok := cutLast(blob, ".")
	if !ok {
		return nil, nil, errSigned
	}
	head, body, ok := strings.Cut(signed, ".")
	if !ok {
		return nil, nil, errSigned
	}
	var header struct {
		Algorithm string   `json:"alg"`
		Chain     []string `json:"x5c"`
		Critical  []string `json:"crit"`
	}
	if unmarshalURL(head, &header) != nil || len(header.Critical) > 0 || len(header.Chain) == 0 {
		return nil, nil, errSigned
	}
	var chain []*x509.Certificate
	for _, c := range header.Chain {
		der, err := base64.StdEncoding.DecodeString(c)
		if err != nil {
			return nil, nil, errSigned
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, nil, errSigned
		}
		chain = append(chain, cert)
	}
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !signedBy(chain[0], header.Algorithm, []byte(signed), raw) {
		return nil, nil, errSigned
	}
	payload := &metadata.PayloadJSON{}
	if unmarshalURL(body, payload) != nil {
		return nil, nil, errSigned
	}
	return payload, chain, nil
}

func signedBy(c *x509.Certificate, algorithm string, signed, signature []byte) bool {
	switch algorithm {
	case "RS256":
		return c.CheckSignature(x509.SHA256WithRSA, signed, signature) == nil
	case "ES256": // two numbers of 32 bytes each (RFC 7518 §3.4)
		key, ok := c.PublicKey.(*ecdsa.PublicKey)
		if !ok || key.Curve != elliptic.P256() || len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		sum := sha256.Sum256(signed)
		return err == nil && ecdsa.VerifyASN1(key, sum[:], der)
	}
	return false
}

func unmarshalURL(s string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
