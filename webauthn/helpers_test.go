package webauthn

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const testOrigin = "https://www.example.com"

func newFactor(t testing.TB, change func(*Config)) *Factor {
	t.Helper()
	c := Config{RP: RelyingParty{ID: "example.com", Name: "Example", Origins: []string{testOrigin}}}
	if change != nil {
		change(&c)
	}
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func toJSON(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A testKey is an authenticator with one ES256 credential, which is registered.
type testKey struct {
	private     *ecdsa.PrivateKey
	id, handle  []byte
	aaguid      AAGUID
	flags       byte   // of what it signs
	ceremony    string // that its assertions say they are of; empty: what they are
	counter     uint32
	state, user []byte // what the factor has stored
	attachment  []byte
	results     map[string]any // clientExtensionResults of a registration
	statement   func(t testing.TB, authData, digest []byte) (format string, statement []byte)
}

func newKey(t testing.TB, f *Factor) *testKey {
	t.Helper()
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05}
	if _, err := k.register(t, f); err != nil {
		t.Fatal(err)
	}
	return k
}

func newPrivate(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// public is the COSE_Key.
func (k *testKey) public(t testing.TB) []byte {
	t.Helper()
	point, err := k.private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, point[1:33],
		[]byte{0x22, 0x58, 0x20}, point[33:])
}

// register goes through a registration, and keeps what is stored then.
func (k *testKey) register(t testing.TB, f *Factor) (mfa.Verified, error) {
	t.Helper()
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{User: mfa.User{ID: "7", Name: "alice"}, UserState: k.user, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	o := step.Challenge.(*RegistrationChallenge).PublicKey
	v, err := f.Verify(context.Background(), mfa.VerifyRequest{
		Purpose: mfa.ForEnrollment, ID: "key", Pending: step.Pending, UserState: k.user,
		Answer: mfa.Answer{Credential: k.create(t, o.Challenge.String())}, Now: noon,
	})
	if err != nil {
		return v, err
	}
	var s State
	if err := json.Unmarshal(v.State, &s); err != nil {
		t.Fatal(err)
	}
	k.state, k.attachment, k.handle = v.State, v.Attachment, s.UserHandle
	if v.UserState != nil {
		k.user = v.UserState
	}
	return v, nil
}

func (k *testKey) authData(t testing.TB, attested bool) []byte {
	party := sha256.Sum256([]byte("example.com"))
	flags := k.flags
	if attested {
		flags |= 0x40
	}
	out := binary.BigEndian.AppendUint32(append(party[:], flags), k.counter)
	if attested {
		out = append(out, k.aaguid[:]...)
		out = binary.BigEndian.AppendUint16(out, uint16(len(k.id)))
		out = slices.Concat(out, k.id, k.public(t))
	}
	return out
}

// create is the answer to a registration.
func (k *testKey) create(t testing.TB, challenge string) []byte {
	t.Helper()
	clientData := toJSON(t, map[string]any{"type": "webauthn.create", "challenge": challenge, "origin": testOrigin})
	auth := k.authData(t, true)
	format, statement := "none", []byte{0xa0}
	if k.statement != nil {
		digest := sha256.Sum256(clientData)
		format, statement = k.statement(t, auth, digest[:])
	}
	object := slices.Concat([]byte{0xa3}, cborString(cborText, "fmt"), cborString(cborText, format),
		cborString(cborText, "attStmt"), statement, cborString(cborText, "authData"), cborString(cborBytes, string(auth)))
	answer := map[string]any{
		"id": b64(k.id), "rawId": b64(k.id), "type": "public-key",
		"response": map[string]any{"clientDataJSON": b64(clientData), "attestationObject": b64(object)},
	}
	if k.results != nil {
		answer["clientExtensionResults"] = k.results
	}
	return toJSON(t, answer)
}

// cborString is a text or a byte string.
func cborString(major byte, s string) []byte {
	out := []byte{major<<5 | 25, byte(len(s) >> 8), byte(len(s))}
	switch {
	case len(s) < 24:
		out = []byte{major<<5 | byte(len(s))}
	case len(s) < 1<<8:
		out = []byte{major<<5 | 24, byte(len(s))}
	}
	return append(out, s...)
}

// ask begins a sign-in.
func (k *testKey) ask(t testing.TB, f *Factor) (challenge string, pending []byte) {
	t.Helper()
	step, err := f.Challenge(context.Background(), mfa.ChallengeRequest{
		Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}}, UserState: k.user, Now: noon,
	})
	if err != nil {
		t.Fatal(err)
	}
	return step.Challenge.(*AssertionChallenge).PublicKey.Challenge.String(), step.Pending
}

// assert is the answer to a sign-in.
func (k *testKey) assert(t testing.TB, challenge string, handle []byte) []byte {
	t.Helper()
	clientData := toJSON(t, map[string]any{"type": cmp.Or(k.ceremony, "webauthn.get"), "challenge": challenge, "origin": testOrigin, "crossOrigin": false})
	auth := k.authData(t, false)
	digest := sha256.Sum256(clientData)
	signature := sign(t, k.private, slices.Concat(auth, digest[:]))
	response := map[string]any{"clientDataJSON": b64(clientData), "authenticatorData": b64(auth), "signature": b64(signature)}
	if handle != nil {
		response["userHandle"] = b64(handle)
	}
	return toJSON(t, map[string]any{
		"id": b64(k.id), "rawId": b64(k.id), "type": "public-key", "authenticatorAttachment": "cross-platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
}

func sign(t testing.TB, private *ecdsa.PrivateKey, data []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(data)
	signature, err := private.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// signIn goes through a sign-in, and keeps what is stored then.
func (k *testKey) signIn(t testing.TB, f *Factor) (mfa.Verified, error) {
	t.Helper()
	challenge, pending := k.ask(t, f)
	v, err := f.Verify(context.Background(), mfa.VerifyRequest{
		Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}},
		Pending: pending, UserState: k.user, Answer: mfa.Answer{Credential: k.assert(t, challenge, k.handle)}, Now: noon,
	})
	if err == nil {
		k.state = v.State
	}
	return v, err
}

func wantNotValid(t testing.TB, err error) {
	t.Helper()
	var n *mfa.NotValidError
	if !errors.As(err, &n) {
		t.Errorf("error %v, want a NotValidError", err)
	}
}

func wantRefused(t testing.TB, err error, reason string) {
	t.Helper()
	var r *mfa.RefusedError
	if !errors.As(err, &r) || r.Reason != reason || r.Subject != mfa.SubjectAuthenticator || r.Detail == "" {
		t.Errorf("error %v, want a refusal for %s", err, reason)
	}
}
