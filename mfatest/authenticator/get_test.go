package authenticator_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

func TestServerTakesWhatIsSigned(t *testing.T) {
	for name, o := range map[string]authenticator.Options{
		"security key":      {},
		"without a PIN":     {NoUserVerification: true},
		"without a memory":  {NoPasskeys: true},
		"this device":       {Platform: true},
		"synced":            {Synced: true},
		"synced and no PIN": {Synced: true, NoUserVerification: true},
	} {
		t.Run(name, func(t *testing.T) {
			o.Origin = page
			s, u, key := newServer(t), newAccount("ada"), authenticator.New(o)
			_, err := s.register(t, u, key)
			must(t, err)
			for n := uint32(1); n <= 3; n++ {
				got, err := s.signIn(t, u, key)
				must(t, err)
				want := n
				if o.Synced {
					want = 0
				}
				if got.Authenticator.SignCount != want || got.Authenticator.CloneWarning {
					t.Errorf("counter %d, want %d; clone %v", got.Authenticator.SignCount, want, got.Authenticator.CloneWarning)
				}
				if got.Flags.UserVerified == o.NoUserVerification || got.Flags.BackupState != o.Synced {
					t.Errorf("flags %+v", got.Flags)
				}
				u.credentials[0] = *got
			}
		})
	}
}

func TestPasskeySaysWhoseItIs(t *testing.T) {
	s, key := newServer(t), authenticator.New(authenticator.Options{Origin: page})
	required := selecting(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired})
	ada, bob, eve := newAccount("ada"), newAccount("bob"), newAccount("eve")
	_, err := s.register(t, ada, key, required)
	must(t, err)
	_, err = s.register(t, bob, key, required)
	must(t, err)
	_, err = s.register(t, eve, key) // a second factor, not a passkey
	must(t, err)

	who, err := s.passkey(t, key.Get, ada, bob, eve)
	must(t, err)
	if who != "bob" {
		t.Errorf("the newest passkey is %s's", who)
	}
	with := func(u *account) func(json.RawMessage) (json.RawMessage, error) {
		return func(publicKey json.RawMessage) (json.RawMessage, error) {
			return key.GetWith(u.credentials[0].ID, publicKey)
		}
	}
	who, err = s.passkey(t, with(ada), ada, bob, eve)
	must(t, err)
	if who != "ada" {
		t.Errorf("ada's is %s's", who)
	}
	if _, err := s.passkey(t, with(eve), ada, bob, eve); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("one that is no passkey: %v", err)
	}
	if _, err := s.signIn(t, eve, key); err != nil {
		t.Errorf("where she gave her name: %v", err)
	}
}

func TestGetRefusesAsABrowserDoes(t *testing.T) {
	s, ada, bob := newServer(t), newAccount("ada"), newAccount("bob")
	mine := authenticator.New(authenticator.Options{Origin: page})
	_, err := s.register(t, ada, mine)
	must(t, err)
	_, err = s.register(t, bob, authenticator.New(authenticator.Options{Origin: page}))
	must(t, err)

	if _, err := s.signIn(t, bob, mine); !errors.Is(err, authenticator.ErrNoCredential) || !errors.Is(err, authenticator.ErrNotAllowed) {
		t.Errorf("another's credential: %v", err)
	}
	if _, err := s.passkey(t, mine.Get, ada); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("no passkey: %v", err)
	}
	if _, err := s.signIn(t, ada, mine.At(other)); !errors.Is(err, authenticator.ErrSecurity) {
		t.Errorf("on another site: %v", err)
	}
	if _, err := s.signIn(t, ada, mine.At(page)); err != nil {
		t.Errorf("back on the page: %v", err)
	}

	plain, u := authenticator.New(authenticator.Options{Origin: page, NoUserVerification: true}), newAccount("eve")
	_, err = s.register(t, u, plain)
	must(t, err)
	if _, err := s.signIn(t, u, plain, webauthn.WithUserVerification(protocol.VerificationRequired)); !errors.Is(err, authenticator.ErrNotAllowed) {
		t.Errorf("user verification is required: %v", err)
	}
	if n := plain.Credentials()[0].Counter; n != 0 {
		t.Errorf("what it refused counted: %d", n)
	}
	for _, options := range []string{``, `{`, `{}`, `{"challenge":""}`, `{"challenge":"AA=="}`, `{"publicKey":null}`, `{"challenge":"AAAA","allowCredentials":[{"type":"public-key","id":"?"}]}`} {
		if _, err := mine.Get(json.RawMessage(options)); err == nil {
			t.Errorf("%s: signed", options)
		}
	}
}

// One authenticator, two sites: a credential of one is not there for the other,
// even where the other asks for it by its ID.
func TestCredentialsBelongToOneRelyingParty(t *testing.T) {
	here, there := newServer(t), newServer(t, func(c *webauthn.Config) {
		c.RPID, c.RPOrigins = "other.example", []string{other}
	})
	required := selecting(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired})
	key, u := authenticator.New(authenticator.Options{Origin: page}), newAccount("ada")
	_, err := here.register(t, u, key, required)
	must(t, err)
	if _, err := there.signIn(t, u, key.At(other)); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("by its ID: %v", err)
	}
	if _, err := there.passkey(t, key.At(other).Get, u); !errors.Is(err, authenticator.ErrNoCredential) {
		t.Errorf("by none: %v", err)
	}
	_, err = there.register(t, newAccount("ada"), key.At(other), required)
	must(t, err)
	if n := len(key.Credentials()); n != 2 {
		t.Errorf("%d credentials: a site replaced another's", n)
	}
}

func TestNewPasskeyReplacesTheUsersOld(t *testing.T) {
	s, u, key := newServer(t), newAccount("ada"), authenticator.New(authenticator.Options{Origin: page, Synced: true})
	first, err := s.register(t, u, key)
	must(t, err)
	_, err = s.register(t, newAccount("bob"), key)
	must(t, err)
	second, err := s.register(t, u, key)
	must(t, err)
	for _, c := range key.Credentials() {
		if string(c.ID) == string(first.ID) {
			t.Error("the old one is still there")
		}
	}
	if all := key.Credentials(); len(all) != 2 || string(all[1].ID) != string(second.ID) {
		t.Errorf("stored: %d", len(all))
	}
}
