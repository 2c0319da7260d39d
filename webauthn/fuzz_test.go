package webauthn_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// A seed is a right ceremony, the same in every process that fuzzes: the keys
// and the challenge are fixed, and only signatures differ. Whatever else passes
// as an answer to it must say the same thing.
type seed struct {
	site     *site
	purpose  mfa.Purpose
	pending  []byte
	answer   []byte
	client   []byte   // what is signed,
	auths    [][]byte // with one of these
	attested bool     // a registration whose attestation covers auths
}

// spoken is what is inside an answer, read as loosely as can be.
type spoken struct {
	ID       string
	Response struct{ ClientDataJSON, AuthenticatorData, AttestationObject, Signature, UserHandle string }
}

func parts(answer []byte) (id, client, auth, object, signature, handle []byte) {
	var s spoken
	_ = json.Unmarshal(answer, &s)
	part := func(text string) []byte { b, _ := base64.RawURLEncoding.DecodeString(text); return b }
	return part(s.ID), part(s.Response.ClientDataJSON), part(s.Response.AuthenticatorData),
		part(s.Response.AttestationObject), part(s.Response.Signature), part(s.Response.UserHandle)
}

func authDataOf(object []byte) []byte {
	var o struct {
		AuthData []byte `cbor:"authData"`
	}
	_ = cbor.Unmarshal(object, &o)
	return o.AuthData
}

var fixedChallenge = bytes.Repeat([]byte("challenge "), 4)[:32]

// registrationSeeds are ceremonies of the software authenticator, and all the
// published ones.
func registrationSeeds(t testing.TB) (seeds []seed) {
	m := newMaker(t, fixedKey(t, es256, "root"), fixedKey(t, es256, "model"), model, nil)
	open, strict := newSite(t, nil), newSite(t, func(c *webauthn.Config) {
		c.Attestation = webauthn.Attestation{Roots: m.roots(), Demand: true}
	})
	pending := vectorFile{RPID: rpID}.pendingRegistration(t, vector{Registration: struct {
		Challenge, ClientDataJSON, AttestationObject hexBytes
		CredentialID                                 hexBytes `json:"credential_id"`
	}{Challenge: fixedChallenge}})
	add := func(s *site, k privateKey, how attest, extensions item) {
		r := s.registration(creation{Challenge: b64(fixedChallenge), RP: struct{ ID, Name string }{ID: rpID}}, k)
		r.Attest, r.Auth.AAGUID = how, model
		if extensions != nil {
			r.Auth.Flags, r.Auth.Extensions = r.Auth.Flags|ed, extensions
		}
		seeds = append(seeds, seed{s, mfa.ForEnrollment, pending, r.answer(t), r.Client.bytes(t), [][]byte{r.Auth.bytes()}, s == strict})
	}
	ec, okp := fixedKey(t, es256, "credential"), fixedKey(t, eddsa, "credential")
	for _, k := range []privateKey{ec, okp} {
		add(open, k, attestNone, nil)
		add(open, k, attestSelf, cborMap(cborText("credProtect"), cborInt(2)))
		add(strict, k, m.packed, nil)
	}
	add(strict, ec, m.u2f, nil)
	var signed [][]byte // those of one site are for the same challenge: each may be given for the other
	for _, s := range seeds {
		if s.attested {
			signed = append(signed, s.auths...)
		}
	}
	for i := range seeds {
		if seeds[i].attested {
			seeds[i].auths = signed
		}
	}
	f := readVectors(t)
	everybody := f.site(t, webauthn.Attestation{})
	for _, v := range f.Vectors {
		seeds = append(seeds, seed{everybody, mfa.ForEnrollment, f.pendingRegistration(t, v), v.registration(t), v.Registration.ClientDataJSON, [][]byte{v.authData(t)}, false})
	}
	return seeds
}

func assertionSeeds(t testing.TB) (seeds []seed) {
	for _, alg := range []int64{es256, eddsa} {
		for _, purpose := range []mfa.Purpose{mfa.ForAuthentication, mfa.ForDiscovery} {
			s := newSite(t, nil)
			k := fixedKey(t, alg, "credential")
			r := s.registration(creation{}, k)
			s.enrolled = []mfa.Enrolled{{ID: "key", State: bareState(t, r.Auth.bytes())}}
			s.userState = encode(t, map[string]any{"user_handle": b64(vectorUser)})
			pending := map[string]any{"challenge": b64(fixedChallenge), "rpId": rpID, "expires": "0001-01-01T00:00:00Z", "userVerification": "preferred"}
			if purpose == mfa.ForAuthentication {
				pending["user_id"], pending["allowed_credentials"] = vectorUser, [][]byte{r.Auth.CredentialID}
			}
			a := s.assertion(request{Challenge: b64(fixedChallenge), RPID: rpID}, token{k, r.Auth.CredentialID, vectorUser, 0, up | uv, 7})
			seeds = append(seeds, seed{s, purpose, encode(t, pending), a.answer(t), a.Client.bytes(t), [][]byte{a.Auth.bytes()}, true})
		}
	}
	f := readVectors(t)
	for _, v := range f.Vectors {
		s := f.site(t, webauthn.Attestation{})
		s.enrolled, s.userState = []mfa.Enrolled{{ID: "key", State: v.state(t)}}, encode(t, map[string]any{"user_handle": b64(vectorUser)})
		a := v.Authentication
		seeds = append(seeds, seed{s, mfa.ForAuthentication, f.pendingAssertion(t, v), v.assertion(t), a.ClientDataJSON, [][]byte{a.AuthenticatorData}, true})
	}
	return seeds
}

// said is what client data mean; members that are not there are false or empty.
func said(t *testing.T, client []byte) (c struct {
	Type, Challenge, Origin, TopOrigin string
	CrossOrigin                        bool
}) {
	t.Helper()
	if err := json.Unmarshal(client, &c); err != nil {
		t.Fatalf("accepted: %q: %v", client, err)
	}
	return c
}

// try gives an answer to a seed's challenge and checks what comes of it.
func (s seed) try(t *testing.T, answer []byte) {
	v, err := s.site.verify(s.purpose, s.pending, answer, func(r *mfa.VerifyRequest) { r.ID = "new" })
	if err != nil {
		if !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrBadInput) && !errors.Is(err, mfa.ErrRefused) {
			t.Fatalf("an answer is no reason for %v", err)
		}
		wantNothing(t, v)
		return
	}
	_, client, auth, object, _, _ := parts(answer)
	if s.purpose == mfa.ForEnrollment {
		auth = authDataOf(object)
	}
	if !s.attested && s.purpose == mfa.ForEnrollment { // nobody has signed: it has to mean the same
		if said(t, client) != said(t, s.client) {
			t.Fatalf("accepted: %q, where %q was asked for", client, s.client)
		}
		client = s.client
	}
	if !bytes.Equal(client, s.client) || s.attested && !slices.ContainsFunc(s.auths, func(a []byte) bool { return bytes.Equal(a, auth) }) {
		t.Fatalf("accepted: %q, %x, where only %q, %x is signed", client, auth, s.client, s.auths)
	}
	if len(v.State) == 0 || s.purpose == mfa.ForEnrollment && len(v.Claims) == 0 {
		t.Fatalf("accepted, with state %q and claims %q", v.State, v.Claims)
	}
}

func FuzzRegistration(f *testing.F) {
	seeds := registrationSeeds(f)
	for i, s := range seeds {
		_, client, _, object, _, _ := parts(s.answer)
		f.Add(uint8(i), client, object, []byte(nil))
		f.Add(uint8(i), []byte(nil), []byte(nil), s.answer)
	}
	f.Fuzz(func(t *testing.T, n uint8, client, object, answer []byte) {
		s := seeds[int(n)%len(seeds)]
		if len(answer) == 0 { // else all mutations would end in base64
			id, _, _, _, _, _ := parts(s.answer)
			answer = encode(t, map[string]any{"id": b64(id), "rawId": b64(id), "type": "public-key", "response": map[string]any{
				"clientDataJSON": b64(client), "attestationObject": b64(object),
			}})
		}
		s.try(t, answer)
	})
}

func FuzzAssertion(f *testing.F) {
	seeds := assertionSeeds(f)
	for i, s := range seeds {
		_, client, auth, _, signature, handle := parts(s.answer)
		f.Add(uint8(i), client, auth, signature, handle, []byte(nil))
		f.Add(uint8(i), []byte(nil), []byte(nil), []byte(nil), []byte(nil), s.answer)
	}
	f.Fuzz(func(t *testing.T, n uint8, client, auth, signature, handle, answer []byte) {
		s := seeds[int(n)%len(seeds)]
		if len(answer) == 0 {
			id, _, _, _, _, _ := parts(s.answer)
			response := map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(signature)}
			if len(handle) > 0 {
				response["userHandle"] = b64(handle)
			}
			answer = encode(t, map[string]any{"id": b64(id), "rawId": b64(id), "type": "public-key", "response": response})
		}
		if s.purpose == mfa.ForDiscovery {
			if _, err := s.site.Find(s.pending, mfa.Answer{Credential: answer}); err != nil {
				if !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrBadInput) {
					t.Fatalf("an answer is no reason for %v", err)
				}
			}
		}
		s.try(t, answer)
	})
}

// TestSeedsAreRight: a seed that is refused would fuzz nothing but a refusal.
func TestSeedsAreRight(t *testing.T) {
	refused := 0
	for _, s := range append(registrationSeeds(t), assertionSeeds(t)...) {
		if _, err := s.site.verify(s.purpose, s.pending, s.answer, nil); err != nil {
			refused++
		}
	}
	want := 0
	for _, v := range vectorVerdicts {
		if v.register == no {
			want++
		}
		if v.signIn == no {
			want++
		}
	}
	if refused != want {
		t.Errorf("%d seeds are refused, want those %d of the vectors that are refused", refused, want)
	}
}
