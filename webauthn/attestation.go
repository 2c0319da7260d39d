package webauthn

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
)

// refusals are the words for people that go with each reason.
var refusals = map[string]string{
	"already_registered":        "This key is registered already.",
	"attestation_missing":       "This key did not say which model it is. Keys of a known make are needed here.",
	"attestation_untrusted":     "This key is not of a make that is trusted here.",
	"authenticator_not_allowed": "Keys of this model are not accepted here.",
	"not_discoverable":          "This key has no room for passkeys, or cannot keep them. Use another one.",
	"metadata_unavailable":      "Keys cannot be checked at the moment. Try again later.",
	"metadata_status":           "A weakness is known of this model. Use another key.",
}

func refused(reason string) error {
	return &mfa.RefusedError{Subject: mfa.SubjectAuthenticator, Reason: reason, Detail: refusals[reason]}
}

// assess applies the policy to an attestation whose signature holds, and says
// whether it leads to somebody who is trusted (WebAuthn Level 3 §7.1 steps 23 and 24).
func (p *Attestation) assess(f *Factor, o *protocol.AttestationObject, now time.Time) (trusted bool, err error) {
	model := modelOf(o)
	if slices.Contains(f.deny, model) {
		return false, refused("authenticator_not_allowed")
	}
	paths, err := trustPaths(o)
	if err != nil {
		return false, err
	}
	var anchors []*x509.CertPool
	if p.Roots != nil {
		anchors = append(anchors, p.Roots)
	}
	if p.Metadata != nil {
		list, current := p.Metadata.at(now)
		if !current && p.Demand {
			return false, refused("metadata_unavailable")
		}
		if e := list.entry(model, paths); e != nil {
			if compromised(e, paths, now) {
				return false, refused("metadata_status")
			}
			if current {
				anchors = append(anchors, e.MetadataStatement.Verifier(nil).Roots)
			}
		}
	}
	trusted = lead(paths, anchors, now)
	switch {
	case !p.Demand:
	case len(paths) == 0 && protocol.AttestationFormat(o.Format) == protocol.AttestationFormatNone:
		return false, refused("attestation_missing")
	case !trusted:
		return false, refused("attestation_untrusted")
	case len(f.allow) > 0 && !slices.Contains(f.allow, model):
		return false, refused("authenticator_not_allowed")
	}
	return trusted, nil
}

// modelOf is the AAGUID as far as the attestation covers it. The signature of a
// U2F key does not, so that any genuine U2F key could be told to be any model.
func modelOf(o *protocol.AttestationObject) (a AAGUID) {
	if protocol.AttestationFormat(o.Format) != protocol.AttestationFormatFIDOUniversalSecondFactor {
		copy(a[:], o.AuthData.AttData.AAGUID)
	}
	return a
}

// trustPaths are the chains of certificates of an attestation, each from the
// attesting one on: none for the formats none and self, several for a compound
// one, one for the others.
func trustPaths(o *protocol.AttestationObject) ([][]*x509.Certificate, error) {
	var paths [][]*x509.Certificate
	add := func(format string, statement map[string]any) error {
		list, ok := statement["x5c"].([]any)
		if !ok || len(list) == 0 {
			return nil
		}
		var path []*x509.Certificate
		for _, c := range list {
			der, _ := c.([]byte)
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return errWrong
			}
			path = append(path, cert)
		}
		if protocol.AttestationFormat(format) == protocol.AttestationFormatTPM {
			path[0] = withoutSubjectName(path[0])
		}
		paths = append(paths, path)
		return nil
	}
	if err := add(o.Format, o.AttStatement); err != nil {
		return nil, err
	}
	for _, s := range o.SubStatements {
		if err := add(s.Format, s.AttStatement); err != nil {
			return nil, err
		}
	}
	if n := len(o.SubStatements); n > 0 && n != len(paths) {
		return nil, nil // one of them proves nothing, so nothing is proved
	}
	return paths, nil
}

// withoutSubjectName lets a TPM's certificate pass crypto/x509, which does not
// know the names in it (its maker and model, TPM EK Profile §3.2.9). go-webauthn
// has read them.
func withoutSubjectName(c *x509.Certificate) *x509.Certificate {
	known := *c
	known.UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(c.UnhandledCriticalExtensions),
		func(id asn1.ObjectIdentifier) bool { return id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) })
	return &known
}

// lead says whether every path leads to one of the anchors, at now.
func lead(paths [][]*x509.Certificate, anchors []*x509.CertPool, now time.Time) bool {
	for _, path := range paths {
		between := x509.NewCertPool()
		for _, c := range path[1:] {
			between.AddCert(c)
		}
		if !slices.ContainsFunc(anchors, func(roots *x509.CertPool) bool {
			_, err := path[0].Verify(x509.VerifyOptions{
				Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			})
			return err == nil
		}) {
			return false
		}
	}
	return len(paths) > 0
}

// digestOf is the hash of the client data of a registration.
func digestOf(a *lib.CredentialAttestation) []byte {
	if len(a.ClientDataJSON) == 0 {
		return a.ClientDataHash
	}
	sum := sha256.Sum256(a.ClientDataJSON)
	return sum[:]
}
