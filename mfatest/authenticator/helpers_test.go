package authenticator_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

const (
	site  = "example.com"
	page  = "https://www.example.com"
	other = "https://other.example"
)

// server is a relying party that somebody else wrote.
type server struct {
	*webauthn.WebAuthn
}

func newServer(t *testing.T, change ...func(*webauthn.Config)) server {
	t.Helper()
	c := &webauthn.Config{RPID: site, RPDisplayName: "Example", RPOrigins: []string{page}}
	for _, f := range change {
		f(c)
	}
	w, err := webauthn.New(c)
	must(t, err)
	return server{w}
}

// account is a user of a server.
type account struct {
	handle      []byte
	name        string
	credentials []webauthn.Credential
}

func (a *account) WebAuthnID() []byte                         { return a.handle }
func (a *account) WebAuthnName() string                       { return a.name }
func (a *account) WebAuthnDisplayName() string                { return a.name }
func (a *account) WebAuthnCredentials() []webauthn.Credential { return a.credentials }

func newAccount(name string) *account {
	return &account{handle: []byte("handle of " + name), name: name}
}

// register runs a registration and returns what the authenticator or the server
// had against it.
func (s server) register(t *testing.T, u *account, key *authenticator.Authenticator, o ...webauthn.RegistrationOption) (*webauthn.Credential, error) {
	t.Helper()
	options, session, err := s.BeginRegistration(u, o...)
	must(t, err)
	answer, err := key.Create(marshal(t, options))
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	must(t, err)
	c, err := s.CreateCredential(u, *session, parsed)
	if err != nil {
		return nil, explain(err)
	}
	u.credentials = append(u.credentials, *c)
	return c, nil
}

// signIn runs a sign-in by one of the user's credentials.
func (s server) signIn(t *testing.T, u *account, key *authenticator.Authenticator, o ...webauthn.LoginOption) (*webauthn.Credential, error) {
	t.Helper()
	options, session, err := s.BeginLogin(u, o...)
	must(t, err)
	answer, err := key.Get(marshal(t, options))
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	must(t, err)
	c, err := s.ValidateLogin(u, *session, parsed)
	if err != nil {
		return nil, explain(err)
	}
	return c, nil
}

// passkey runs a sign-in by somebody who has given no name, and returns who it was.
func (s server) passkey(t *testing.T, get func(json.RawMessage) (json.RawMessage, error), users ...*account) (string, error) {
	t.Helper()
	options, session, err := s.BeginDiscoverableLogin()
	must(t, err)
	answer, err := get(marshal(t, options))
	if err != nil {
		return "", err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	must(t, err)
	u, _, err := s.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		for _, u := range users {
			if string(u.handle) == string(handle) {
				return u, nil
			}
		}
		return nil, errors.New("nobody has this handle")
	}, *session, parsed)
	if err != nil {
		return "", explain(err)
	}
	return u.WebAuthnName(), nil
}

// explain adds what go-webauthn keeps for developers.
func explain(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return errors.New(e.Details + ": " + e.DevInfo)
	}
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return text
}
