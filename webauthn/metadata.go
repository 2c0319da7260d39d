package webauthn

import (
	"crypto/sha1" // RFC 5280 §4.2.1.2 method 1 names keys by it
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
)

// Metadata is the FIDO Alliance's list of authenticators: their roots, and what
// is known against them. It is read from a file and never fetched: the blob that
// https://mds3.fidoalliance.org serves, as it is, replaced from time to time.
//
// It is read when a registration asks for it, and again when the file has
// changed. A file that is not there, not signed as it should be, or older than
// its own date for the next one, stops no sign-in and no start: it stops those
// registrations alone that Attestation.Demand is for. What an old list says
// against a model goes on to count.
//
// It is safe for concurrent use.
type Metadata struct {
	path  string
	roots *x509.CertPool
	name  string // that the signer's certificate must be for; empty: any

	mu   sync.Mutex
	seen fileStamp
	list *models
}

// fileStamp tells one version of a file from the next.
type fileStamp struct {
	modified time.Time
	size     int64
}

// MetadataFile is the list in the file at path, signed by somebody whom roots
// lead to. With nil roots that is the FIDO Alliance itself.
func MetadataFile(path string, roots *x509.CertPool) *Metadata {
	m := &Metadata{path: path, roots: roots}
	if roots == nil {
		// The Alliance's root is a public one, that signs for all the world.
		m.roots, m.name = fidoRoots(), "mds.fidoalliance.org"
	}
	return m
}

func fidoRoots() *x509.CertPool {
	pool := x509.NewCertPool()
	if der, err := base64.StdEncoding.DecodeString(metadata.ProductionMDSRoot); err == nil {
		if root, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(root)
		}
	}
	return pool
}

// models is a list that was read. Nil is the empty one.
type models struct {
	next   time.Time // when it is out of date
	byID   map[AAGUID]*metadata.Entry
	byKeys map[string]*metadata.Entry // by the attestation key's identifier, in hexadecimal: U2F
}

// at returns the list, and whether it is up to date. A newer file that does not
// read leaves the last one that did.
func (m *Metadata) at(now time.Time) (list *models, current bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refresh(now)
	return m.list, m.list != nil && now.Before(m.list.next)
}

func (m *Metadata) refresh(now time.Time) {
	file, err := os.Open(m.path)
	if err != nil {
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return
	}
	stamp := fileStamp{info.ModTime(), info.Size()}
	if stamp == m.seen {
		return
	}
	data, err := io.ReadAll(io.LimitReader(file, maxMetadataBytes+1))
	if err != nil || len(data) > maxMetadataBytes {
		return
	}
	m.seen = stamp
	if list, err := m.parse(strings.TrimSpace(string(data)), now); err == nil {
		m.list = list
	}
}

func (m *Metadata) parse(blob string, now time.Time) (*models, error) {
	payload, chain, err := readSigned(blob)
	if err != nil {
		return nil, err
	}
	decoder, err := metadata.NewDecoder(metadata.WithIgnoreEntryParsingErrors())
	if err != nil {
		return nil, err
	}
	parsed, err := decoder.Parse(payload)
	if err != nil {
		return nil, err
	}
	list := &models{
		next:   parsed.Parsed.NextUpdate.AddDate(0, 0, 1), // the whole of that day
		byID:   map[AAGUID]*metadata.Entry{},
		byKeys: map[string]*metadata.Entry{},
	}
	// A list that was signed well is not undone by its signer's certificate
	// running out after the list itself has.
	at := now
	if at.After(list.next) {
		at = list.next
	}
	if err := m.trusts(chain, at); err != nil {
		return nil, err
	}
	for i := range parsed.Parsed.Entries {
		e := &parsed.Parsed.Entries[i]
		if id := AAGUID(e.AaGUID); id != (AAGUID{}) {
			list.byID[id] = e
		}
		for _, key := range e.AttestationCertificateKeyIdentifiers {
			list.byKeys[strings.ToLower(key)] = e
		}
	}
	return list, nil
}

func (m *Metadata) trusts(chain []*x509.Certificate, at time.Time) error {
	if m.roots == nil || len(chain) == 0 {
		return errors.New("webauthn: metadata without a signer")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: m.roots, Intermediates: between, CurrentTime: at, DNSName: m.name, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

// entry is what is known of a model; nil: nothing. One that has no AAGUID is
// found by the key that attests it.
func (l *models) entry(model AAGUID, paths [][]*x509.Certificate) *metadata.Entry {
	if l == nil {
		return nil
	}
	if model != (AAGUID{}) {
		return l.byID[model]
	}
	for _, path := range paths {
		for _, id := range keyIdentifiers(path[0]) {
			if e := l.byKeys[id]; e != nil {
				return e
			}
		}
	}
	return nil
}

// keyIdentifiers are the names of a certificate's key: what it says itself, and
// what RFC 5280 §4.2.1.2 makes of the key.
func keyIdentifiers(c *x509.Certificate) []string {
	var ids []string
	if len(c.SubjectKeyId) > 0 {
		ids = append(ids, hex.EncodeToString(c.SubjectKeyId))
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err == nil {
		sum := sha1.Sum(info.Key.Bytes) // #nosec G401 -- a name, and no signature
		ids = append(ids, hex.EncodeToString(sum[:]))
	}
	return ids
}

// compromised says whether a model has a status that means that its keys may not
// be its own: revoked, or broken into. A report on one batch counts for what that batch
// attests.
func compromised(e *metadata.Entry, paths [][]*x509.Certificate, now time.Time) bool {
	for _, r := range metadata.EffectiveStatusReports(e.StatusReports, now) {
		if !metadata.IsUndesiredAuthenticatorStatus(r.Status) {
			continue
		}
		if r.Certificate == nil && r.BatchCertificate == nil {
			return true
		}
		for _, path := range paths {
			if slices.ContainsFunc(path, func(c *x509.Certificate) bool { return c.Equal(r.Certificate) || c.Equal(r.BatchCertificate) }) {
				return true
			}
		}
	}
	return false
}
