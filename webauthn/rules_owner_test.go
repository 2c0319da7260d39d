package webauthn_test

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha512"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// TestW14_OwnersOfSecondFactors: only the keys that were asked for answer, and
// only for their owner.
func TestW14_OwnersOfSecondFactors(t *testing.T) {
	ada, bob := newSite(t, nil), newSite(t, nil)
	bob.user = mfa.User{ID: "u-2", Name: "bob@example.com"}
	first, second := ada.register(es256, nil), ada.register(es256, nil)
	bobs := bob.register(es256, func(r *registration) { r.Auth.CredentialID = []byte("the key of Bob") })
	q, step := bob.ask(nil)
	for name, c := range map[string]struct {
		key  token
		edit func(*assertion)
	}{
		"A's key":                        {first, nil},
		"A's key without a handle":       {first, func(a *assertion) { a.UserHandle = nil }},
		"A's key with B's handle":        {first, func(a *assertion) { a.UserHandle = bobs.handle }},
		"A's key under the id of B's":    {first, func(a *assertion) { a.Auth.CredentialID, a.UserHandle = bobs.id, bobs.handle }},
		"B's key with A's handle":        {bobs, func(a *assertion) { a.UserHandle = first.handle }},
		"B's key with no user's handle":  {bobs, func(a *assertion) { a.UserHandle = []byte{0} }},
		"B's key under an unknown id":    {bobs, func(a *assertion) { a.Auth.CredentialID = []byte("unknown") }},
		"B's key under a part of its id": {bobs, func(a *assertion) { a.Auth.CredentialID = bobs.id[:len(bobs.id)-1] }},
		"B's key under no id":            {bobs, func(a *assertion) { a.Auth.CredentialID = nil }},
		"B's key with another id": {bobs, func(a *assertion) {
			a.JSON = func(m map[string]any) { m["id"] = b64(first.id) }
		}},
		"B's key with another rawId": {bobs, func(a *assertion) {
			a.JSON = func(m map[string]any) { m["rawId"] = b64(first.id) }
		}},
		"B's key of another type": {bobs, func(a *assertion) {
			a.JSON = func(m map[string]any) { m["type"] = "password" }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a := bob.assertion(q, c.key)
			if c.edit != nil {
				c.edit(&a)
			}
			v, err := bob.verify(mfa.ForAuthentication, step.Pending, a.answer(t), nil)
			wantNotValid(t, v, err)
		})
	}
	t.Run("the controls", func(t *testing.T) {
		for _, handle := range [][]byte{bobs.handle, nil} {
			a := bob.assertion(q, bobs)
			a.UserHandle = handle
			if v, err := bob.verify(mfa.ForAuthentication, step.Pending, a.answer(t), nil); err != nil || v.EnrollmentID != "key0" {
				t.Errorf("%v, %q", err, v.EnrollmentID)
			}
		}
	})
	t.Run("a key of the user's that was not asked for", func(t *testing.T) {
		q, step := ada.ask(func(r *mfa.ChallengeRequest) { r.Enrollments = r.Enrollments[:1] })
		v, err := ada.verify(mfa.ForAuthentication, step.Pending, ada.assertion(q, second).answer(t), nil)
		wantNotValid(t, v, err)
		if _, err := ada.verify(mfa.ForAuthentication, step.Pending, ada.assertion(q, first).answer(t), nil); err != nil {
			t.Errorf("the control is refused: %v", err)
		}
	})
	t.Run("a key that was asked for and is gone", func(t *testing.T) {
		q, step := ada.ask(nil)
		v, err := ada.verify(mfa.ForAuthentication, step.Pending, ada.assertion(q, second).answer(t), func(r *mfa.VerifyRequest) {
			r.Enrollments = r.Enrollments[:1]
		})
		wantNotValid(t, v, err)
	})
}

// TestA73_UserWithoutAHandle: nobody's key opens the account of somebody of
// whom no handle is known.
func TestA73_UserWithoutAHandle(t *testing.T) {
	ada, bob := newSite(t, nil), newSite(t, nil)
	adas := ada.register(es256, nil)
	bobs := bob.register(es256, func(r *registration) { r.Auth.CredentialID = []byte("the key of Bob") })
	m := members(t, bob.enrolled[0].State)
	delete(m, "userHandle")
	bob.enrolled[0].State, bob.userState = encode(t, m), nil
	q, step := bob.ask(nil)
	for _, handle := range [][]byte{adas.handle, {}, nil} {
		a := bob.assertion(q, adas)
		a.UserHandle = handle
		v, err := bob.verify(mfa.ForAuthentication, step.Pending, a.answer(t), nil)
		wantNotValid(t, v, err)
	}
	a := bob.assertion(q, bobs)
	a.UserHandle = nil
	if _, err := bob.verify(mfa.ForAuthentication, step.Pending, a.answer(t), nil); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
}

func TestW14_A73_OwnersOfPasskeys(t *testing.T) {
	ada, bob := newSite(t, nil), newSite(t, nil)
	adas := ada.register(es256, nil)
	bobs := bob.register(es256, func(r *registration) { r.Auth.CredentialID = []byte("the key of Bob") })
	q, step := bob.discover()
	for name, c := range map[string]struct {
		key  token
		edit func(*assertion)
	}{
		"no handle":           {bobs, func(a *assertion) { a.UserHandle = nil }},
		"an empty handle":     {bobs, func(a *assertion) { a.UserHandle = []byte{} }},
		"another's handle":    {bobs, func(a *assertion) { a.UserHandle = adas.handle }},
		"more than a handle":  {bobs, func(a *assertion) { a.UserHandle = append(slices.Clone(bobs.handle), 0) }},
		"A's key, B's handle": {adas, func(a *assertion) { a.UserHandle = bobs.handle }},
		"A's key, A's handle": {adas, nil},
		"A's key, B's id":     {adas, func(a *assertion) { a.UserHandle, a.Auth.CredentialID = bobs.handle, bobs.id }},
	} {
		t.Run(name, func(t *testing.T) {
			a := bob.assertion(q, c.key)
			if c.edit != nil {
				c.edit(&a)
			}
			v, err := bob.verify(mfa.ForDiscovery, step.Pending, a.answer(t), nil)
			wantNotValid(t, v, err)
		})
	}
	a := bob.assertion(q, bobs)
	if v, err := bob.verify(mfa.ForDiscovery, step.Pending, a.answer(t), nil); err != nil || v.EnrollmentID != "key0" {
		t.Errorf("the control: %v, %q", err, v.EnrollmentID)
	}
	claims, err := bob.Find(step.Pending, mfa.Answer{Credential: a.answer(t)})
	if want := []string{"user:" + b64(bobs.handle), "credential:" + b64(bobs.id)}; err != nil || !slices.Equal(claims, want) {
		t.Errorf("%v, %q, want %q", err, claims, want)
	}
	_, other := bob.discover()
	if claims, err := bob.Find(other.Pending, mfa.Answer{Credential: a.answer(t)}); err == nil {
		t.Errorf("an answer to something else finds %q", claims)
	}
}

// reencode takes an ECDSA signature apart and writes its two numbers otherwise.
func reencode(t testing.TB, f func(r, s *big.Int) []byte) func([]byte) []byte {
	return func(sig []byte) []byte {
		var n struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(sig, &n); err != nil {
			t.Fatal(err)
		}
		return f(n.R, n.S)
	}
}

// der writes a sequence of integers with as many zeroes before each as asked.
func der(zeroes int, of ...*big.Int) []byte {
	var body []byte
	for _, n := range of {
		b := n.Bytes()
		if len(b) == 0 || b[0] > 127 {
			b = append([]byte{0}, b...)
		}
		b = append(make([]byte, zeroes), b...)
		body = append(append(body, 2, byte(len(b))), b...)
	}
	return append([]byte{0x30, byte(len(body))}, body...)
}

func TestW15_Signatures(t *testing.T) {
	set := func(f func([]byte) []byte) func(*assertion) { return func(a *assertion) { a.Signature = f } }
	numbers := func(f func(r, s *big.Int) []byte) func(*assertion) { return set(reencode(t, f)) }
	signed := func(f func([]byte) []byte) func(*assertion) { return func(a *assertion) { a.Signed = f } }
	how := func(o crypto.SignerOpts) func(*assertion) { return func(a *assertion) { a.Options = o } }
	zero := new(big.Int)
	for _, c := range []struct {
		name         string
		alg          int64
		right, wrong func(*assertion)
	}{
		{"another key", es256, nil, func(a *assertion) { a.Key = newKey(t, es256) }},
		{"another algorithm", es256, nil, func(a *assertion) { a.Key = newKey(t, eddsa) }},
		{"nothing", es256, nil, set(func([]byte) []byte { return nil })},
		{"no signature", es256, nil, func(a *assertion) {
			a.JSON = func(m map[string]any) { delete(m["response"].(map[string]any), "signature") }
		}},
		{"of the client data alone", es256, nil, signed(func(b []byte) []byte { return b[len(b)-32:] })},
		{"of the authenticator data alone", es256, nil, signed(func(b []byte) []byte { return b[:len(b)-32] })},
		{"of both the other way round", es256, nil, signed(func(b []byte) []byte { return slices.Concat(b[len(b)-32:], b[:len(b)-32]) })},
		{"of other client data", es256, nil, signed(func(b []byte) []byte { b[len(b)-1] ^= 1; return b })},
		{"of other authenticator data", es256, nil, signed(func(b []byte) []byte { b[36] ^= 1; return b })},
		{"of nothing", es256, nil, signed(func([]byte) []byte { return nil })},
		{"under another hash", es256, how(crypto.SHA256), how(crypto.SHA384)},
		{"of two bare numbers", es256, numbers(func(r, s *big.Int) []byte { return der(0, r, s) }), numbers(func(r, s *big.Int) []byte {
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		})},
		{"with zeroes before its numbers", es256, nil, numbers(func(r, s *big.Int) []byte { return der(1, r, s) })},
		{"with three numbers", es256, nil, numbers(func(r, s *big.Int) []byte { return der(0, r, s, s) })},
		{"with one number", es256, nil, numbers(func(r, _ *big.Int) []byte { return der(0, r) })},
		{"with more after it", es256, nil, set(func(b []byte) []byte { return append(b, 0) })},
		{"with a long length", es256, nil, set(func(b []byte) []byte { return slices.Concat([]byte{0x30, 0x81}, b[1:]) })},
		{"of no stated length", es256, nil, set(func(b []byte) []byte { return slices.Concat([]byte{0x30, 0x80}, b[2:], []byte{0, 0}) })},
		{"of zeroes", es256, nil, numbers(func(_, _ *big.Int) []byte { return der(0, zero, zero) })},
		{"of ones", es256, nil, numbers(func(_, _ *big.Int) []byte { return der(0, big.NewInt(1), big.NewInt(1)) })},
		{"one number zero", es256, nil, numbers(func(r, _ *big.Int) []byte { return der(0, r, zero) })},
		{"numbers swapped", es256, nil, numbers(func(r, s *big.Int) []byte { return der(0, s, r) })},
		{"a number beyond the curve's order", es256, nil, numbers(func(r, s *big.Int) []byte {
			c, _ := curve(es256)
			return der(0, r, new(big.Int).Add(s, c.Params().N))
		})},
		{"under another hash", es384, how(crypto.SHA384), how(crypto.SHA256)},
		{"under another hash", es512, how(crypto.SHA512), how(crypto.SHA256)},
		{"under another hash", rs256, how(crypto.SHA256), how(crypto.SHA512)},
		{"in another padding", rs256, nil, how(&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})},
		{"with more after it", rs256, nil, set(func(b []byte) []byte { return append(b, 0) })},
		{"with a zero before it", rs256, nil, set(func(b []byte) []byte { return append([]byte{0}, b...) })},
		{"of one bit else", rs256, nil, set(func(b []byte) []byte { b[0] ^= 1; return b })},
		{"with more after it", eddsa, nil, set(func(b []byte) []byte { return append(b, 0) })},
		{"half of it", eddsa, nil, set(func(b []byte) []byte { return b[:32] })},
		{"over a digest", eddsa, nil, how(crypto.SHA512)},
		{"of zeroes", eddsa, nil, set(func(b []byte) []byte { return make([]byte, len(b)) })},
	} {
		t.Run(fmt.Sprint(c.name, c.alg), func(t *testing.T) {
			s := newSite(t, nil)
			k := s.register(c.alg, nil)
			if _, err := s.signIn(k, c.right); err != nil {
				t.Fatalf("the control is refused: %v", err)
			}
			v, err := s.signIn(k, func(a *assertion) {
				if c.right != nil {
					c.right(a)
				}
				c.wrong(a)
			})
			wantNotValid(t, v, err)
		})
	}
}

// TestW11_W15_EachAlgorithmSignsIn: and a key of the one is not taken for one
// of another.
func TestW11_W15_EachAlgorithmSignsIn(t *testing.T) {
	for _, alg := range []int64{es256, eddsa, es384, es512, rs256} {
		t.Run(fmt.Sprint(alg), func(t *testing.T) {
			s := newSite(t, nil)
			k := s.register(alg, nil)
			for name, how := range map[string]func(token, func(*assertion)) (mfa.Verified, error){"second factor": s.signIn, "passkey": s.discovered} {
				if _, err := how(k, nil); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	if _, err := webauthn.New(webauthn.Config{
		RP: webauthn.RelyingParty{ID: rpID, Origins: []string{origin}}, Algorithms: []int64{-65535}, // RS1, which is SHA-1
	}); err == nil {
		t.Error("New offers an algorithm that is broken")
	}
}
