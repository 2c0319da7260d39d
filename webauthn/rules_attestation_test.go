package webauthn_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

var (
	model   = webauthn.AAGUID{0xaa, 1, 2, 3}
	another = webauthn.AAGUID{0xbb, 1, 2, 3}
)

// attested enrols a key whose attestation is made by how, and returns what came of it.
func attested(t testing.TB, config func(*webauthn.Config), how attest, edit func(*registration)) (mfa.Verified, error) {
	t.Helper()
	return attestedAt(t, noon, config, how, edit)
}

func attestedAt(t testing.TB, now time.Time, config func(*webauthn.Config), how attest, edit func(*registration)) (mfa.Verified, error) {
	t.Helper()
	s := newSite(t, config)
	s.now = now
	c, step := s.begin()
	r := s.registration(c, newKey(t, es256))
	r.Auth.AAGUID, r.Attest = model, how
	if edit != nil {
		edit(&r)
	}
	return s.finish(step.Pending, r.answer(t))
}

func date(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

func TestW12_ConveyanceIsAskedForWhereItMatters(t *testing.T) {
	m := newMaker(t, newKey(t, es256), newKey(t, es256), model, nil)
	for want, config := range map[string]func(*webauthn.Config){
		"none":   nil,
		"direct": func(c *webauthn.Config) { c.Attestation.Roots = m.roots() },
	} {
		c, _ := newSite(t, config).begin()
		if c.Attestation != want && (want != "none" || c.Attestation != "") {
			t.Errorf("%q is asked for, want %q", c.Attestation, want)
		}
	}
}

// TestW12_StatementsAreVerified: a statement that came is right or the
// registration is not, even where none was asked for.
func TestW12_StatementsAreVerified(t *testing.T) {
	m := newMaker(t, newKey(t, es256), newKey(t, es256), model, nil)
	spoil := func(how attest, old, with item) attest {
		return func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			format, statement := how(t, r, auth, hash)
			i := slices.Index(asStrings(statement, len(old)), string(old))
			if i < 0 {
				t.Fatal("nothing to spoil")
			}
			return format, slices.Concat(statement[:i], with, statement[i+len(old):])
		}
	}
	over := func(how attest) attest { // a right signature of something else
		return func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			hash = slices.Clone(hash)
			hash[0] ^= 1
			return how(t, r, auth, hash)
		}
	}
	cert := func(edit func(*x509.Certificate)) attest {
		return newMaker(t, newKey(t, es256), newKey(t, es256), model, edit).packed
	}
	foreign := newMaker(t, newKey(t, es256), newKey(t, es256), another, nil)
	p384 := newMaker(t, newKey(t, es256), privateKey{es256, newKey(t, es384).Signer}, model, nil)
	empty := func(format string) attest {
		return func(testing.TB, registration, []byte, []byte) (string, item) { return format, cborMap() }
	}
	for _, c := range []struct {
		name         string
		right, wrong attest
	}{
		{"self, of something else", attestSelf, over(attestSelf)},
		{"self, by another key", attestSelf, func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			r.Key = newKey(t, es256)
			return attestSelf(t, r, auth, hash)
		}},
		{"self, by another algorithm than the key's", attestSelf, func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			r.Key = newKey(t, es384)
			return attestSelf(t, r, auth, hash)
		}},
		{"self, that names another algorithm", attestSelf, spoil(attestSelf, append(cborText("alg"), cborInt(es256)...), append(cborText("alg"), cborInt(eddsa)...))},
		{"certified, of something else", m.packed, over(m.packed)},
		{"certified for another model", m.packed, foreign.packed},
		{"certified by a CA's certificate", m.packed, cert(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })},
		{"certified by one that is not for attestation", m.packed, cert(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"Sales"} })},
		{"certified by one of no country", m.packed, cert(func(c *x509.Certificate) { c.Subject.Country = nil })},
		{"certified by one of no organisation", m.packed, cert(func(c *x509.Certificate) { c.Subject.Organization = nil })},
		{"certified by one of no name", m.packed, cert(func(c *x509.Certificate) { c.Subject.CommonName = "" })},
		{"certified, and names another algorithm", m.packed, spoil(m.packed, append(cborText("alg"), cborInt(es256)...), append(cborText("alg"), cborInt(eddsa)...))},
		{"certified with a critical extension", m.packed, cert(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: oidAAGUID, Critical: true, Value: c.ExtraExtensions[0].Value}}
		})},
		{"certified with nothing for a certificate", m.packed, spoil(m.packed, cborBytes(m.cert), cborBytes(nil))},
		{"certified with something for a certificate", m.packed, spoil(m.packed, cborBytes(m.cert), cborBytes([]byte("certificate")))},
		{"certified with no certificate", m.packed, spoil(m.packed, cborArray(cborBytes(m.cert)), cborArray())},
		{"certified with a text for a certificate", m.packed, spoil(m.packed, cborBytes(m.cert), cborText("certificate"))},
		{"certified with a number for a signature", m.packed, func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			return "packed", cborMap(cborText("alg"), cborInt(es256), cborText("sig"), cborInt(1), cborText("x5c"), cborArray(cborBytes(m.cert)))
		}},
		{"U2F, of something else", m.u2f, over(m.u2f)},
		{"U2F, by a key on another curve", m.u2f, p384.u2f},
		{"a statement where the format is none", attestNone, func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			_, statement := attestSelf(t, r, auth, hash)
			return "none", statement
		}},
		{"an unknown format", attestNone, empty("exampleFormat")},
		{"no format", attestNone, empty("")},
		{"another case", attestNone, empty("NONE")},
		{"packed and empty", attestNone, empty("packed")},
		{"U2F and empty", attestNone, empty("fido-u2f")},
		{"TPM and empty", attestNone, empty("tpm")},
		{"Android and empty", attestNone, empty("android-key")},
		{"SafetyNet and empty", attestNone, empty("android-safetynet")},
		{"Apple and empty", attestNone, empty("apple")},
		{"compound and empty", attestNone, empty("compound")},
		{"compound of nothing", attestNone, func(testing.TB, registration, []byte, []byte) (string, item) { return "compound", cborArray() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v, err := attested(t, nil, c.right, nil); err != nil || v.DeviceBound {
				t.Fatalf("the control: %v, device bound %v", err, v.DeviceBound)
			}
			v, err := attested(t, nil, c.wrong, nil)
			wantNotValid(t, v, err)
		})
	}
}

// asStrings are all parts of b of a length.
func asStrings(b []byte, n int) (all []string) {
	for i := 0; i+n <= len(b); i++ {
		all = append(all, string(b[i:i+n]))
	}
	return all
}

func TestW12_W10_TrustedRoots(t *testing.T) {
	ours := newMaker(t, newKey(t, es256), newKey(t, es256), model, nil)
	theirs := newMaker(t, newKey(t, es256), newKey(t, es256), model, nil)
	brief := newMaker(t, newKey(t, es256), newKey(t, es256), model, func(c *x509.Certificate) { c.NotAfter = date(2090) })
	trust := func(m maker, demand bool) func(*webauthn.Config) {
		return func(c *webauthn.Config) { c.Attestation = webauthn.Attestation{Roots: m.roots(), Demand: demand} }
	}
	for _, c := range []struct {
		name   string
		now    time.Time // as the engine says; the machine's clock is another
		roots  maker
		how    attest
		flags  byte
		reason string // with Demand
		bound  bool   // without
	}{
		{"trusted", noon, ours, ours.packed, 0, "", true},
		{"trusted, U2F", noon, ours, ours.u2f, 0, "", true},
		{"trusted and synced", noon, ours, ours.packed, be, "", false},
		{"of another root of the same name", noon, ours, theirs.packed, 0, "attestation_untrusted", false},
		{"before it expires", date(2089), brief, brief.packed, 0, "", true},
		{"expired", date(2091), brief, brief.packed, 0, "attestation_untrusted", false},
		{"not yet valid", date(2019), ours, ours.packed, 0, "attestation_untrusted", false},
		{"its own", noon, ours, attestSelf, 0, "attestation_untrusted", false},
		{"none", noon, ours, attestNone, 0, "attestation_missing", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			edit := func(r *registration) { r.Auth.Flags |= c.flags }
			v, err := attestedAt(t, c.now, trust(c.roots, false), c.how, edit)
			if err != nil || v.DeviceBound != c.bound {
				t.Errorf("not demanded: %v, device bound %v, want %v", err, v.DeviceBound, c.bound)
			}
			v, err = attestedAt(t, c.now, trust(c.roots, true), c.how, edit)
			if c.reason != "" {
				wantRefused(t, v, err, c.reason)
			} else if err != nil || v.DeviceBound != c.bound {
				t.Errorf("demanded: %v, device bound %v, want %v", err, v.DeviceBound, c.bound)
			}
		})
	}
}

func TestW12_Intermediates(t *testing.T) {
	rootKey, middleKey := newKey(t, es256), newKey(t, es256)
	root := newMaker(t, rootKey, newKey(t, es256), model, nil)
	leaf := newMaker(t, middleKey, newKey(t, es256), model, nil)
	middle, err := x509.CreateCertificate(rand.Reader, leaf.root, root.root, middleKey.Public(), rootKey.Signer)
	if err != nil {
		t.Fatal(err)
	}
	demand := func(c *webauthn.Config) { c.Attestation = webauthn.Attestation{Roots: root.roots(), Demand: true} }
	chain := func(certs ...[]byte) attest {
		return func(t testing.TB, _ registration, auth, hash []byte) (string, item) {
			var x5c []item
			for _, c := range certs {
				x5c = append(x5c, cborBytes(c))
			}
			sig := leaf.key.sign(t, slices.Concat(auth, hash))
			return "packed", cborMap(cborText("alg"), cborInt(es256), cborText("sig"), cborBytes(sig), cborText("x5c"), cborArray(x5c...))
		}
	}
	if v, err := attested(t, demand, chain(leaf.cert, middle), nil); err != nil || !v.DeviceBound {
		t.Errorf("the control: %v, device bound %v", err, v.DeviceBound)
	}
	for name, how := range map[string]attest{
		"without it": chain(leaf.cert), "with another": chain(leaf.cert, root.cert), "with one that it made itself": chain(leaf.cert, leaf.root.Raw),
	} {
		t.Run(name, func(t *testing.T) {
			v, err := attested(t, demand, how, nil)
			wantRefused(t, v, err, "attestation_untrusted")
		})
	}
	v, err := attested(t, demand, chain(middle, leaf.cert), nil)
	wantNotValid(t, v, err)
}

// TestW10_DeviceBoundIsRemembered: at sign-in it is what the registration's
// attestation has shown, and nothing that the assertion says.
func TestW10_DeviceBoundIsRemembered(t *testing.T) {
	m := newMaker(t, newKey(t, es256), newKey(t, es256), model, nil)
	trust := func(c *webauthn.Config) { c.Attestation.Roots = m.roots() }
	for _, c := range []struct {
		name  string
		how   attest
		flags byte
		bound bool
	}{
		{"trusted", m.packed, 0, true}, {"its own", attestSelf, 0, false}, {"none", attestNone, 0, false}, {"synced", m.packed, be, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, trust)
			k := s.register(es256, func(r *registration) {
				r.Auth.AAGUID, r.Attest, r.Auth.Flags = model, c.how, r.Auth.Flags|c.flags
			})
			for range 2 {
				v, err := s.signIn(k, nil)
				if err != nil || v.DeviceBound != c.bound {
					t.Fatalf("%v, device bound %v, want %v", err, v.DeviceBound, c.bound)
				}
				s.keep(&k, v)
				k.counter++
			}
		})
	}
}

func TestW12_ModelsDeniedAndAllowed(t *testing.T) {
	m := newMaker(t, newKey(t, es256), newKey(t, es256), model, nil)
	nameless := newMaker(t, newKey(t, es256), newKey(t, es256), model, func(c *x509.Certificate) { c.ExtraExtensions = nil })
	lists := func(deny, allow []webauthn.AAGUID) func(*webauthn.Config) {
		return func(c *webauthn.Config) {
			c.Deny, c.Allow = deny, allow
			c.Attestation = webauthn.Attestation{Roots: m.roots(), Demand: true}
			c.Attestation.Roots.AddCert(nameless.root)
		}
	}
	zero := func(r *registration) { r.Auth.AAGUID = [16]byte{} }
	for _, c := range []struct {
		name   string
		config func(*webauthn.Config)
		how    attest
		edit   func(*registration)
		reason string
	}{
		{"denied", lists([]webauthn.AAGUID{another, model}, nil), m.packed, nil, "authenticator_not_allowed"},
		{"another is denied", lists([]webauthn.AAGUID{another}, nil), m.packed, nil, ""},
		{"denied without attestation", func(c *webauthn.Config) { c.Deny = []webauthn.AAGUID{model} }, attestNone, nil, "authenticator_not_allowed"},
		{"allowed", lists(nil, []webauthn.AAGUID{another, model}), m.packed, nil, ""},
		{"another is allowed", lists(nil, []webauthn.AAGUID{another}), m.packed, nil, "authenticator_not_allowed"},
		{"no model where one is allowed", lists(nil, []webauthn.AAGUID{model}), nameless.packed, zero, "authenticator_not_allowed"},
		{"a U2F key where a model is allowed", lists(nil, []webauthn.AAGUID{model}), m.u2f, zero, "authenticator_not_allowed"},
		{"a U2F key that says it is of the model, which it does not sign", lists(nil, []webauthn.AAGUID{model}), m.u2f, nil, "authenticator_not_allowed"},
		{"no model", lists(nil, nil), nameless.packed, zero, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := attested(t, c.config, c.how, c.edit)
			if c.reason != "" {
				wantRefused(t, v, err, c.reason)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a list that nothing proves", func(t *testing.T) {
		c := webauthn.Config{RP: webauthn.RelyingParty{ID: rpID, Origins: []string{origin}}, Allow: []webauthn.AAGUID{model}}
		if _, err := webauthn.New(c); err == nil {
			t.Error("New takes Allow without a trusted attestation")
		}
	})
	t.Run("a wrong statement is not valid, whatever the policy", func(t *testing.T) {
		v, err := attested(t, lists([]webauthn.AAGUID{model}, nil), func(t testing.TB, r registration, auth, hash []byte) (string, item) {
			return m.packed(t, r, hash, auth)
		}, nil)
		wantNotValid(t, v, err)
	})
}
