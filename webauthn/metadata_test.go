package webauthn

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestW12_Metadata registers a key of a listed maker, and changes one thing each time.
func TestW12_Metadata(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(t *testing.T, l *list, k *testKey)
		demand  string // the refusal where an attestation is demanded; empty: accepted
		without string // and where none is
	}{
		"as it should be": {},
		"no file":         {func(t *testing.T, l *list, _ *testKey) { l.file += ".gone" }, "metadata_unavailable", ""},
		"damaged":         {func(t *testing.T, l *list, _ *testKey) { l.put(t, "x.y.z") }, "metadata_unavailable", ""},
		"empty":           {func(t *testing.T, l *list, _ *testKey) { l.put(t, "") }, "metadata_unavailable", ""},
		"signed by nobody": {func(t *testing.T, l *list, _ *testKey) {
			l.signed = func(string) []byte { return make([]byte, 64) }
			l.write(t)
		}, "metadata_unavailable", ""},
		"signed by another": {func(t *testing.T, l *list, _ *testKey) {
			l.signed = func(s string) []byte { return rawSignature(t, newPrivate(t), s) }
			l.write(t)
		}, "metadata_unavailable", ""},
		"old":              {func(t *testing.T, l *list, _ *testKey) { l.next = "2026-11-20"; l.write(t) }, "metadata_unavailable", ""},
		"the last day":     {func(t *testing.T, l *list, _ *testKey) { l.next = "2026-11-21"; l.write(t) }, "", ""},
		"of another model": {func(t *testing.T, _ *list, k *testKey) { k.aaguid = AAGUID{1} }, "attestation_untrusted", ""},
		"of another maker": {func(t *testing.T, _ *list, k *testKey) { _, k.statement = newAuthority(t).packed(t) }, "attestation_untrusted", ""},
		"no attestation":   {func(t *testing.T, _ *list, k *testKey) { k.statement = nil }, "attestation_missing", ""},
		"revoked":          {statuses("REVOKED", ""), "metadata_status", "metadata_status"},
		"broken into":      {statuses("USER_KEY_REMOTE_COMPROMISE", ""), "metadata_status", "metadata_status"},
		"to be revoked":    {statuses("REVOKED", "2026-11-22"), "", ""},
		"to be updated":    {statuses("UPDATE_AVAILABLE", ""), "", ""},
		"revoked, in an old list": {func(t *testing.T, l *list, k *testKey) {
			l.next = "2026-11-20"
			statuses("REVOKED", "")(t, l, k)
		}, "metadata_unavailable", "metadata_status"},
		"revoked, and the signer's certificate has run out since": {func(t *testing.T, l *list, k *testKey) {
			l.next, l.until = "2026-11-19", noon.Add(-time.Hour)
			statuses("REVOKED", "")(t, l, k)
		}, "metadata_unavailable", "metadata_status"},
		"the signer's certificate had run out": {func(t *testing.T, l *list, k *testKey) {
			l.until = noon.Add(-time.Hour)
			statuses("REVOKED", "")(t, l, k)
		}, "metadata_unavailable", ""},
		"another batch is broken": {func(t *testing.T, l *list, _ *testKey) {
			l.entry["statusReports"] = []map[string]any{{"status": "ATTESTATION_KEY_COMPROMISE", "batchCertificate": newAuthority(t).base64()}}
			l.write(t)
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			maker := newAuthority(t)
			l := newList(t, maker, newAuthority(t))
			l.write(t)
			k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05, aaguid: testModel}
			_, k.statement = maker.packed(t)
			if c.change != nil {
				c.change(t, l, k)
			}
			for demand, want := range map[bool]string{true: c.demand, false: c.without} {
				f := newFactor(t, l.policy(demand))
				v, err := k.register(t, f)
				if want != "" {
					wantRefused(t, err, want)
					continue
				}
				if err != nil {
					t.Errorf("demanded %v: %v", demand, err)
				}
				if v.DeviceBound != (c.demand == "") {
					t.Errorf("demanded %v: device-bound is %v", demand, v.DeviceBound)
				}
				if err := f.Recheck(k.state, k.attachment, noon); err != nil {
					t.Errorf("demanded %v: rechecked: %v", demand, err)
				}
				if _, err := k.signIn(t, f); err != nil {
					t.Errorf("demanded %v: no sign-in: %v", demand, err)
				}
			}
		})
	}
}

func statuses(status, effective string) func(*testing.T, *list, *testKey) {
	return func(t *testing.T, l *list, _ *testKey) {
		l.entry["statusReports"] = []map[string]any{{"status": status, "effectiveDate": effective}}
		l.write(t)
	}
}

// TestW12_MetadataIsReadAgain: a model that is revoked later is refused when it
// is registered or rechecked, and signs in as before. A file that is then
// damaged takes nothing back.
func TestW12_MetadataIsReadAgain(t *testing.T) {
	maker := newAuthority(t)
	l := newList(t, maker, newAuthority(t))
	l.write(t)
	f := newFactor(t, l.policy(true))
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05, aaguid: testModel}
	_, k.statement = maker.packed(t)
	if _, err := k.register(t, f); err != nil {
		t.Fatal(err)
	}
	statuses("REVOKED", "")(t, l, k)
	for range 2 {
		wantRefused(t, f.Recheck(k.state, k.attachment, noon), "metadata_status")
		other := *k
		_, err := other.register(t, f)
		wantRefused(t, err, "metadata_status")
		if v, err := k.signIn(t, f); err != nil || !v.DeviceBound {
			t.Errorf("a sign-in: %v, device-bound %v", err, v.DeviceBound)
		}
		l.put(t, "damaged")
	}
}

func TestRecheck(t *testing.T) {
	maker := newAuthority(t)
	trusting := func(a *authority, demand bool) *Factor {
		return newFactor(t, func(c *Config) { c.Attestation = Attestation{Roots: a.pool(), Demand: demand} })
	}
	f := trusting(maker, true)
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05, aaguid: testModel}
	_, k.statement = maker.packed(t)
	if _, err := k.register(t, f); err != nil {
		t.Fatal(err)
	}
	if err := f.Recheck(k.state, k.attachment, noon); err != nil {
		t.Errorf("as it was registered: %v", err)
	}
	if err := trusting(newAuthority(t), false).Recheck(k.state, k.attachment, noon); err != nil {
		t.Errorf("nothing is demanded: %v", err)
	}
	wantRefused(t, trusting(newAuthority(t), true).Recheck(k.state, k.attachment, noon), "attestation_untrusted")
	wantRefused(t, f.Recheck(k.state, k.attachment, noon.AddDate(2, 0, 0)), "attestation_untrusted")
	wantRefused(t, f.Recheck(k.state, nil, noon), "attestation_missing")
	wantRefused(t, newFactor(t, func(c *Config) { c.Deny = []AAGUID{testModel} }).Recheck(k.state, nil, noon), "authenticator_not_allowed")

	other := &testKey{private: newPrivate(t), id: []byte("another key here"), flags: 0x05}
	if _, err := other.register(t, newFactor(t, nil)); err != nil {
		t.Fatal(err)
	}
	mixed := func(change func(mine, its *State)) []byte {
		var mine, its State
		if err := errors.Join(json.Unmarshal(k.state, &mine), json.Unmarshal(other.state, &its)); err != nil {
			t.Fatal(err)
		}
		change(&mine, &its)
		return toJSON(t, mine)
	}
	for name, err := range map[string]error{
		"another key's attestation": f.Recheck(other.state, k.attachment, noon),
		"another key":               f.Recheck(mixed(func(a, b *State) { a.Credential.PublicKey = b.Credential.PublicKey }), k.attachment, noon),
		"another identifier":        f.Recheck(mixed(func(a, b *State) { a.Credential.ID = b.Credential.ID }), k.attachment, noon),
		"no attestation":            f.Recheck(k.state, []byte("{"), noon),
		"no state":                  f.Recheck(nil, k.attachment, noon),
	} {
		if err == nil || errors.Is(err, mfa.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestImportWithItsAttestation: a record that brings its attestation along shows
// by it that it is bound to its device.
func TestImportWithItsAttestation(t *testing.T) {
	maker := newAuthority(t)
	f := newFactor(t, func(c *Config) { c.Attestation = Attestation{Roots: maker.pool()} })
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05, aaguid: testModel}
	_, k.statement = maker.packed(t)
	if _, err := k.register(t, f); err != nil {
		t.Fatal(err)
	}
	var s State
	if err := errors.Join(json.Unmarshal(k.state, &s), json.Unmarshal(k.attachment, &s.Credential.Attestation)); err != nil {
		t.Fatal(err)
	}
	v, err := enrollImport(t, f, toJSON(t, s), nil)
	if err != nil || !v.DeviceBound || string(v.Attachment) != string(k.attachment) {
		t.Errorf("%v, device-bound %v", err, v.DeviceBound)
	}
	if strings.Contains(string(v.State), `"object"`) {
		t.Error("the attestation stays in the state")
	}
	s.Credential.Attestation.ClientDataJSON = []byte("{}")
	if v, err := enrollImport(t, f, toJSON(t, s), nil); err != nil || v.DeviceBound {
		t.Errorf("with another registration's client data: %v, device-bound %v", err, v.DeviceBound)
	}
}

// TestTheAlliancesRootIsThere: with no roots given, the list is the FIDO
// Alliance's, and no other site's that has a certificate of the same issuer.
func TestTheAlliancesRootIsThere(t *testing.T) {
	m := MetadataFile("blob.jwt", nil)
	if m.roots.Equal(x509.NewCertPool()) || m.name != "mds.fidoalliance.org" {
		t.Errorf("signed by anybody: %q", m.name)
	}
	maker, signer := newAuthority(t), newAuthority(t)
	l := newList(t, maker, signer)
	l.write(t)
	named := MetadataFile(l.file, signer.pool())
	for name, current := range map[string]bool{"mds.example.com": true, "mds.fidoalliance.org": false} {
		named.name, named.seen, named.list = name, fileStamp{}, nil
		if _, got := named.at(noon); got != current {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestW12_MetadataOfU2FKeys: such a key is found by the key that attests it, and
// by nothing that it says of its model, which no signature covers.
func TestW12_MetadataOfU2FKeys(t *testing.T) {
	maker := newAuthority(t)
	l := newList(t, maker, newAuthority(t))
	key := newPrivate(t)
	c := maker.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "U2F"}}, key)
	delete(l.entry, "aaguid")
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	l.entry["attestationCertificateKeyIdentifiers"] = []string{fmt.Sprintf("%X", sha1.Sum(point))}
	l.write(t)
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x01, aaguid: testModel}
	chain := slices.Concat([]byte{0x81}, cborString(cborBytes, string(c.Raw)))
	k.statement = func(t testing.TB, auth, digest []byte) (string, []byte) {
		own, err := k.private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		signature := sign(t, key, slices.Concat([]byte{0}, auth[:32], digest, k.id, own))
		return "fido-u2f", slices.Concat([]byte{0xa2}, cborString(cborText, "sig"), cborString(cborBytes, string(signature)),
			cborString(cborText, "x5c"), chain)
	}
	if v, err := k.register(t, newFactor(t, l.policy(true))); err != nil || !v.DeviceBound {
		t.Errorf("%v, device-bound %v", err, v.DeviceBound)
	}
	one := chain
	chain = slices.Concat([]byte{0x82}, one[1:], cborString(cborBytes, string(maker.cert.Raw)))
	_, err = k.register(t, newFactor(t, l.policy(true)))
	wantNotValid(t, err) // there is one certificate in it (WebAuthn Level 3 §8.6)
	chain = one
	denied := newFactor(t, func(c *Config) { l.policy(true)(c); c.Allow = []AAGUID{testModel} })
	_, err = k.register(t, denied)
	wantRefused(t, err, "authenticator_not_allowed")
	statuses("ATTESTATION_KEY_COMPROMISE", "")(t, l, k)
	_, err = k.register(t, newFactor(t, l.policy(false)))
	wantRefused(t, err, "metadata_status")
}

// TestSignedByRSA: as the Alliance signs.
func TestSignedByRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	payload := b64([]byte(`{"no":3,"nextUpdate":"2026-12-01"}`))
	blob := func(algorithm, extra string) string {
		header := `{"alg":"` + algorithm + `","x5c":["` + base64.StdEncoding.EncodeToString(der) + `"]` + extra + `}`
		signed := b64([]byte(header)) + "." + payload
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signed + "." + b64(signature)
	}
	if read, chain, err := readSigned(blob("RS256", "")); err != nil || read.Number != 3 || len(chain) != 1 {
		t.Errorf("%+v, %v", read, err)
	}
	good := blob("RS256", "")
	for name, bad := range map[string]string{
		"no algorithm":      blob("none", ""),
		"another algorithm": blob("ES256", ""),
		"a critical header": blob("RS256", `,"crit":["x"]`),
		"no signature":      good[:strings.LastIndex(good, ".")+1],
		"another payload":   strings.Replace(good, payload, b64([]byte(`{"no":4,"nextUpdate":"2026-12-01"}`)), 1),
		"no certificate":    b64([]byte(`{"alg":"RS256"}`)) + "." + payload + ".AAAA",
		"no payload":        "e30.AAAA",
		"one part":          "e30",
		"no JSON":           "AAAA.AAAA.AAAA",
	} {
		if _, _, err := readSigned(bad); err == nil {
			t.Errorf("%s is signed", name)
		}
	}
}
