package webauthn

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// TestC15_W22_A78_NamesLookAlike: a name that nobody has gets identifiers too,
// always the same ones, in the form of a real answer.
func TestC15_W22_A78_NamesLookAlike(t *testing.T) {
	ctx := context.Background()
	f := newFactor(t, nil)
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	u := mfa.User{ID: "7", Name: "ada"}
	m, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{f},
		Users: func(_ context.Context, id string) (mfa.User, uint64, error) {
			if id != u.ID {
				return mfa.User{}, 0, mfa.ErrNotFound
			}
			return u, 0, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05}
	flow, err := m.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil {
		t.Fatal(err)
	}
	caller := mfa.Caller{User: u, Authentication: flow.Authentication}
	begun, err := m.Enroll(ctx, caller, mfa.Enroll{Method: Name})
	if err != nil {
		t.Fatal(err)
	}
	answer := k.create(t, begun.Challenge.(*RegistrationChallenge).PublicKey.Challenge.String())
	if _, err := m.Activate(ctx, caller, begun.ID, mfa.Answer{Credential: answer}); err != nil {
		t.Fatal(err)
	}

	begin := func(name, user string) (mfa.Passkey, *AssertionChallenge) {
		t.Helper()
		p, err := m.BeginPasskeyFor(ctx, name, user, mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		c := p.Challenge.(*AssertionChallenge)
		if n := len(c.PublicKey.AllowedCredentials); n < 1 || n > 3 {
			t.Fatalf("%s: %d credentials", name, n)
		}
		return p, c
	}
	p, real := begin("ada", "7")
	if got := real.PublicKey.AllowedCredentials[0]; !bytes.Equal(got.CredentialID, k.id) {
		t.Error("the owner's key is not asked for")
	}
	_, a := begin("nobody", "")
	_, b := begin("nobody", "")
	_, other := begin("somebody", "")
	_, without := begin("bob", "8") // has an account and no key
	_, again := begin("bob", "")    // and has none
	same := func(x, y *AssertionChallenge) bool {
		return reflect.DeepEqual(x.PublicKey.AllowedCredentials, y.PublicKey.AllowedCredentials)
	}
	if !same(a, b) || same(a, other) || !same(without, again) || bytes.Equal(a.PublicKey.Challenge, b.PublicKey.Challenge) {
		t.Error("made-up identifiers are not a name's own")
	}
	for _, c := range []*AssertionChallenge{a, other, without} {
		want, got := *real, *c
		for _, p := range []*AssertionChallenge{&want, &got} {
			p.PublicKey.Challenge, p.PublicKey.AllowedCredentials = nil, nil
		}
		if d := c.PublicKey.AllowedCredentials[0]; !reflect.DeepEqual(want, got) || len(d.CredentialID) < 16 || d.Type != "public-key" {
			t.Errorf("%+v does not look like %+v", got, want)
		}
	}

	// A key that keeps no user handle signs in by name, and in no other way.
	k.flags = 0x05
	out, err := m.FinishPasskey(ctx, p.Token, mfa.Answer{Credential: k.assert(t, real.PublicKey.Challenge.String(), nil)}, mfa.Client{})
	if err != nil || out.Status != mfa.StatusPassed || out.User != "7" {
		t.Errorf("%v, %v", out, err)
	}
	q, decoys := begin("nobody", "")
	_, err = m.FinishPasskey(ctx, q.Token, mfa.Answer{Credential: k.assert(t, decoys.PublicKey.Challenge.String(), nil)}, mfa.Client{})
	if !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("a key that was not asked for: %v", err)
	}
	free, err := m.BeginPasskey(ctx, mfa.Client{})
	if err != nil {
		t.Fatal(err)
	}
	challenge := free.Challenge.(*AssertionChallenge).PublicKey.Challenge.String()
	if _, err := m.FinishPasskey(ctx, free.Token, mfa.Answer{Credential: k.assert(t, challenge, nil)}, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("without a name and without a user handle: %v", err)
	}
	if _, err := m.BeginPasskeyFor(ctx, "", "", mfa.Client{}); !errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("no name: %v", err)
	}
}
