package webauthn

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/seal"
)

// mapStore is the smallest store with compare-and-swap, whose content can be put back.
type mapStore map[string]mfa.Item

func (s mapStore) Load(_ context.Context, key string) (mfa.Item, error) {
	item, ok := s[key]
	if !ok {
		return mfa.Item{}, mfa.ErrNotFound
	}
	item.Value = append([]byte(nil), item.Value...)
	return item, nil
}

func (s mapStore) Save(_ context.Context, key string, old int64, item mfa.Item) error {
	if s[key].Version != old {
		return mfa.ErrConflict
	}
	item.Value = append([]byte(nil), item.Value...)
	s[key] = item
	return nil
}

func (s mapStore) Delete(context.Context, string, int64) error { return nil }

// BenchmarkFinish is the end of a sign-in over the engine, by key as the second
// factor and by passkey alone, beside its floor: go-webauthn's own parse and
// validation, from the records' JSON and back, with the opening and sealing of
// the same value. Compare lines of one run.
func BenchmarkFinish(b *testing.B) {
	ctx := context.Background()
	f := newFactor(b, nil)
	k := &testKey{private: newPrivate(b), id: []byte("0123456789abcdef"), flags: 0x05}
	store := mapStore{}
	u := mfa.User{ID: "5f0c6a7e-8d21-4e0b-9a43-0d8a2f4f9e11", Name: "ada@example.com"}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		b.Fatal(err)
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{f}, Now: func() time.Time { return noon },
		Users: func(context.Context, string) (mfa.User, uint64, error) { return u, 0, nil }})
	if err != nil {
		b.Fatal(err)
	}
	flow, err := m.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil {
		b.Fatal(err)
	}
	caller := mfa.Caller{User: u, Authentication: flow.Authentication}
	begun, err := m.Enroll(ctx, caller, mfa.Enroll{Method: Name})
	if err != nil {
		b.Fatal(err)
	}
	options := begun.Challenge.(*RegistrationChallenge).PublicKey
	handle := []byte(options.User.ID.(protocol.URLEncodedBase64))
	if _, err := m.Activate(ctx, caller, begun.ID, mfa.Answer{Credential: k.create(b, options.Challenge.String())}); err != nil {
		b.Fatal(err)
	}
	if flow, err = m.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password}); err != nil {
		b.Fatal(err)
	}
	asked, err := m.Challenge(ctx, flow.Token, flow.Options[0].ID, mfa.Client{})
	if err != nil {
		b.Fatal(err)
	}
	challenge := asked.Challenge.(*AssertionChallenge).PublicKey.Challenge.String()
	second := mfa.Answer{Option: flow.Options[0].ID, Credential: k.assert(b, challenge, nil)}
	passkey, err := m.BeginPasskey(ctx, mfa.Client{})
	if err != nil {
		b.Fatal(err)
	}
	alone := mfa.Answer{Credential: k.assert(b, passkey.Challenge.(*AssertionChallenge).PublicKey.Challenge.String(), handle)}
	before := maps.Clone(store)
	value := before["user/"+u.ID].Value

	floor := newFloor(b, k, handle, second.Credential, challenge, value)
	once := map[string]func() error{
		"floor": floor,
		"second_factor": func() error {
			out, err := m.Verify(ctx, flow.Token, second, mfa.Client{})
			return passed(out, err)
		},
		"passkey": func() error {
			out, err := m.FinishPasskey(ctx, passkey.Token, alone, mfa.Client{})
			return passed(out, err)
		},
	}
	for _, name := range []string{"floor", "second_factor", "passkey", "floor-again", "second_factor-again", "passkey-again"} {
		f := once[strings.TrimSuffix(name, "-again")]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				clear(store)
				maps.Copy(store, before)
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(value)), "bytes/value")
		})
	}
}

func passed(f mfa.Flow, err error) error {
	if err == nil && f.Status != mfa.StatusPassed {
		err = errors.New("the flow has not passed")
	}
	return err
}

// newFloor is what a host would do with go-webauthn alone and a sealed record.
func newFloor(b *testing.B, k *testKey, handle, answer []byte, challenge string, value []byte) func() error {
	b.Helper()
	w, err := lib.New(&lib.Config{RPID: "example.com", RPDisplayName: "Example", RPOrigins: []string{testOrigin}})
	if err != nil {
		b.Fatal(err)
	}
	record := lib.Credential{ID: k.id, PublicKey: k.public(b), Flags: lib.NewCredentialFlags(protocol.AuthenticatorFlags(k.flags))}
	credential := toJSON(b, record)
	session := toJSON(b, lib.SessionData{Challenge: challenge, RelyingPartyID: "example.com", UserID: handle, AllowedCredentialIDs: [][]byte{k.id}})
	ring, err := seal.New()
	if err != nil {
		b.Fatal(err)
	}
	sealed, err := ring.Encrypt(value, []byte("user"))
	if err != nil {
		b.Fatal(err)
	}
	return func() error {
		plain, err := ring.Decrypt(sealed, []byte("user"))
		if err != nil {
			return err
		}
		var s lib.SessionData
		var c lib.Credential
		if err := errors.Join(json.Unmarshal(session, &s), json.Unmarshal(credential, &c)); err != nil {
			return err
		}
		parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
		if err != nil {
			return err
		}
		done, err := w.ValidateLogin(owner{handle, c}, s, parsed)
		if err != nil {
			return err
		}
		if _, err := json.Marshal(done); err != nil {
			return err
		}
		_, err = ring.Encrypt(plain, []byte("user"))
		return err
	}
}
