package snippets

import (
	"context"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// everyMethod is an engine that a policy can have offer anything.
func everyMethod(store mfa.Store, ring *mfa.KeyRing, live mfa.Policy, carrier, mailer mfa.Sender, lookUp func(context.Context, string) (mfa.User, uint64, error)) (*mfa.Engine, error) {
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: "example.com", Origins: []string{"https://www.example.com"}}})
	if err != nil {
		return nil, err
	}
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		return nil, err
	}
	texts, err := sms.New(sms.Config{AppName: "Example", Origin: "https://www.example.com", Countries: sms.Countries("NO"), Sender: carrier})
	if err != nil {
		return nil, err
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: mailer})
	if err != nil {
		return nil, err
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		return nil, err
	}
	engine, err := mfa.New(mfa.Config{
		Store: store, Keys: ring, Policy: live, Users: lookUp,
		Factors: []mfa.Factor{keys, apps, texts, mails, codes},
	})
	return engine, err
}
