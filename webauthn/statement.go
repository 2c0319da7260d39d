package webauthn

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// verifyStatement checks that an attestation statement is what its format says
// and that its signature holds (WebAuthn Level 3 §7.1 step 22), and notes its
// type in o. Whether its certificates are trusted, and valid now, is for assess
// to say. The two formats that security keys have are checked here, since
// go-webauthn mixes the clock of the machine into them, so that a
// certificate that has run out would look like a wrong answer.
func verifyStatement(o *protocol.AttestationObject, digest []byte) error {
	paths, err := trustPaths(o)
	if err != nil {
		return err
	}
	switch format := protocol.AttestationFormat(o.Format); {
	case format == protocol.AttestationFormatPacked && len(paths) == 1:
		err = packedHolds(o, digest, paths[0][0])
	case format == protocol.AttestationFormatFIDOUniversalSecondFactor:
		err = errWrong
		if len(paths) == 1 && len(paths[0]) == 1 {
			err = u2fHolds(o, digest, paths[0][0])
		}
	default:
		if o.VerifyAttestation(digest, nil, protocol.AttestationPolicy{}, protocol.SignaturePolicy{}) != nil {
			err = errWrong // the cause quotes the answer
		}
		return err
	}
	o.Type = string(metadata.BasicFull)
	return err
}

// packedHolds is §8.2 with a certificate.
func packedHolds(o *protocol.AttestationObject, digest []byte, c *x509.Certificate) error {
	algorithm, ok := o.AttStatement["alg"].(int64)
	signature, ok2 := o.AttStatement["sig"].([]byte)
	if !ok || !ok2 || len(o.AttStatement) != 3 {
		return errWrong
	}
	how := webauthncose.SigAlgFromCOSEAlg(webauthncose.COSEAlgorithmIdentifier(algorithm))
	if c.CheckSignature(how, slices.Concat(o.RawAuthData, digest), signature) != nil {
		return errWrong
	}
	// §8.2.1
	s := c.Subject
	if c.Version != 3 || c.IsCA || len(s.Country) != 1 || len(s.Country[0]) != 2 || len(s.Organization) == 0 ||
		!slices.Equal(s.OrganizationalUnit, []string{"Authenticator Attestation"}) || s.CommonName == "" {
		return errWrong
	}
	return sameModel(o, c)
}

// sameModel compares the model that a certificate is for, if it says one, with
// the one that the authenticator says it is.
func sameModel(o *protocol.AttestationObject, c *x509.Certificate) error {
	fidoModel := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}
	for _, e := range c.Extensions {
		if !e.Id.Equal(fidoModel) {
			continue
		}
		var model []byte
		if rest, err := asn1.Unmarshal(e.Value, &model); err != nil || len(rest) > 0 || e.Critical ||
			!bytes.Equal(model, o.AuthData.AttData.AAGUID) {
			return errWrong
		}
	}
	return nil
}

// u2fHolds is §8.6.
func u2fHolds(o *protocol.AttestationObject, digest []byte, c *x509.Certificate) error {
	signature, ok := o.AttStatement["sig"].([]byte)
	attesting, ok2 := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || !ok2 || attesting.Curve != elliptic.P256() || len(o.AttStatement) != 2 {
		return errWrong
	}
	parsed, err := webauthncose.ParsePublicKey(o.AuthData.AttData.CredentialPublicKey)
	if err != nil {
		return errKey
	}
	key, ok := parsed.(webauthncose.EC2PublicKeyData)
	if !ok || key.Algorithm != int64(webauthncose.AlgES256) {
		return errKey
	}
	signed := slices.Concat([]byte{0}, o.AuthData.RPIDHash, digest, o.AuthData.AttData.CredentialID, []byte{4}, key.XCoord, key.YCoord)
	if c.CheckSignature(x509.ECDSAWithSHA256, signed, signature) != nil {
		return errWrong
	}
	return nil
}
