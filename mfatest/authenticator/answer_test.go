package authenticator_test

import (
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest/authenticator"
)

// asked is a challenge as package webauthn makes them.
type asked struct {
	PublicKey any `json:"publicKey"`
}

func (asked) Method() string { return "webauthn" }

func TestAnswersAreForTheEngine(t *testing.T) {
	s, u := newServer(t), newAccount("ada")
	key := authenticator.New(authenticator.Options{Origin: page, Synced: true})
	creation, session, err := s.BeginRegistration(u)
	must(t, err)
	enrolled, err := key.Enroll(asked{creation.Response})
	must(t, err)
	parsed, err := protocol.ParseCredentialCreationResponseBytes(enrolled.Credential)
	must(t, err)
	c, err := s.CreateCredential(u, *session, parsed)
	must(t, err)
	u.credentials = append(u.credentials, *c)

	request, _, err := s.BeginLogin(u)
	must(t, err)
	flow := mfa.Flow{Options: []mfa.Option{{ID: "1", Method: "totp"}, {ID: "2", Method: "webauthn"}, {ID: "3", Method: "webauthn"}}}
	signed, err := key.Answer(flow, asked{request.Response})
	must(t, err)
	if signed.Option != "2" || len(signed.Credential) == 0 || signed.Code != "" {
		t.Errorf("answered %+v", signed)
	}
	flow.Options = flow.Options[:1]
	if signed, err = key.Answer(flow, asked{request.Response}); err != nil || signed.Option != "" {
		t.Errorf("a flow without such an option: %q, %v", signed.Option, err)
	}
	discover, _, err := s.BeginDiscoverableLogin()
	must(t, err)
	if signed, err = key.SignIn(asked{discover.Response}); err != nil || signed.Option != "" || len(signed.Credential) == 0 {
		t.Errorf("by passkey: %+v, %v", signed, err)
	}
}

func TestAnswersNeedAChallenge(t *testing.T) {
	key := authenticator.New(authenticator.Options{Origin: page})
	for name, c := range map[string]mfa.Challenge{
		"none":                 nil,
		"another method's":     asked{},
		"one that has no JSON": asked{func() {}},
	} {
		if a, err := key.Enroll(c); err == nil || a.Credential != nil {
			t.Errorf("%s: enrolled: %v", name, err)
		}
		if a, err := key.Answer(mfa.Flow{}, c); err == nil || a.Credential != nil {
			t.Errorf("%s: answered: %v", name, err)
		}
		if a, err := key.SignIn(c); err == nil || a.Credential != nil {
			t.Errorf("%s: signed in: %v", name, err)
		}
	}
}
