package webauthn

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
)

// BenchmarkSignIn compares the checking of one assertion: by this package, from
// stored bytes to bytes to store; by go-webauthn, from records that are decoded
// already and with those that have to be; and its ES256 signature alone.
func BenchmarkSignIn(b *testing.B) {
	f := newFactor(b, nil)
	k := newKey(b, f)
	challenge, pending := k.ask(b, f)
	answer := k.assert(b, challenge, nil)

	b.Run("factor", func(b *testing.B) {
		r := mfa.VerifyRequest{
			Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}},
			Pending: pending, UserState: k.user, Answer: mfa.Answer{Credential: answer}, Now: noon,
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f.Verify(context.Background(), r); err != nil {
				b.Fatal(err)
			}
		}
	})

	w, err := lib.New(&lib.Config{RPID: "example.com", RPDisplayName: "Example", RPOrigins: []string{testOrigin}})
	if err != nil {
		b.Fatal(err)
	}
	var s lib.SessionData
	var c lib.Credential
	decodeRecords := func() {
		s, c = lib.SessionData{}, lib.Credential{}
		if err := json.Unmarshal(pending, &s); err != nil {
			b.Fatal(err)
		}
		if err := json.Unmarshal(k.state, &c); err != nil {
			b.Fatal(err)
		}
	}
	validate := func() *lib.Credential {
		parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
		if err != nil {
			b.Fatal(err)
		}
		known := s
		known.Expires = known.Expires.AddDate(100, 0, 0) // it reads the machine's clock
		done, err := w.ValidateLogin(owner{k.handle, c}, known, parsed)
		if err != nil {
			b.Fatal(err)
		}
		return done
	}
	b.Run("library", func(b *testing.B) {
		decodeRecords()
		b.ReportAllocs()
		for b.Loop() {
			validate()
		}
	})
	b.Run("library_with_records", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			decodeRecords()
			if _, err := json.Marshal(validate()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ecdsa", func(b *testing.B) {
		a, err := readAssertion(answer)
		if err != nil {
			b.Fatal(err)
		}
		clientData := sha256.Sum256(a.clientJSON)
		sum := sha256.Sum256(slices.Concat(a.authRaw, clientData[:]))
		b.ReportAllocs()
		for b.Loop() {
			if !ecdsa.VerifyASN1(&k.private.PublicKey, sum[:], a.signature) {
				b.Fatal("not valid")
			}
		}
	})
}

// BenchmarkRefused is an answer that is refused before any signature is looked at.
func BenchmarkRefused(b *testing.B) {
	f := newFactor(b, nil)
	k := newKey(b, f)
	_, pending := k.ask(b, f)
	answer := k.assert(b, "another challenge than the one that was asked", nil)
	r := mfa.VerifyRequest{
		Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}},
		Pending: pending, UserState: k.user, Answer: mfa.Answer{Credential: answer}, Now: noon,
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Verify(context.Background(), r); err == nil {
			b.Fatal("accepted")
		}
	}
}

// owner is the user as go-webauthn wants one.
type owner struct {
	handle     []byte
	credential lib.Credential
}

func (o owner) WebAuthnID() []byte                    { return o.handle }
func (o owner) WebAuthnName() string                  { return "alice" }
func (o owner) WebAuthnDisplayName() string           { return "alice" }
func (o owner) WebAuthnCredentials() []lib.Credential { return []lib.Credential{o.credential} }
