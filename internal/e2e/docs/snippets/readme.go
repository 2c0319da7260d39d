package snippets

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/sms/gateway"
	"github.com/mfakit/mfa/webauthn"
)

func readmeKeys(store mfa.Store, ring *mfa.KeyRing, apps, codes mfa.Factor, lookUp func(context.Context, string) (mfa.User, uint64, error)) (*mfa.Engine, error) {
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{
		ID:      "example.com",                       // the domain that keys are bound to, for good
		Origins: []string{"https://www.example.com"}, // where your pages are
	}})
	if err != nil {
		return nil, err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: ring, Factors: []mfa.Factor{keys, apps, codes}, Users: lookUp})
	return m, err
}

func readmeSent(store mfa.Store, ring *mfa.KeyRing, apps, keys, codes mfa.Factor, password string, mailer mfa.Sender) (*mfa.Engine, error) {
	carrier, err := gateway.NewKannel(gateway.KannelConfig{ // or NewTwilio, or NewHTTP for any other by template
		URL: "http://127.0.0.1:13013", Username: "mfa", Password: password,
	})
	if err != nil {
		return nil, err
	}
	texts, err := sms.New(sms.Config{AppName: "Example", Origin: "https://example.com",
		Countries: sms.Countries("US", "CA", "GB"), Sender: carrier})
	if err != nil {
		return nil, err
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: mailer, Link: "https://example.com/mfa/link"})
	if err != nil {
		return nil, err
	}
	notices, err := notify.New(notify.Config{AppName: "Example", Sender: mailer, SettingsURL: "https://example.com/settings"})
	if err != nil {
		return nil, err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: ring,
		Factors: []mfa.Factor{apps, keys, texts, mails, codes}, Observers: []mfa.Observer{notices}})
	return m, err
}

func readmeRollout(ctx context.Context, store mfa.Store, ring *mfa.KeyRing, factors []mfa.Factor, file, edited []byte, next *policy.Policy, everybody iter.Seq2[mfa.User, error], page io.Writer) error {
	rollout, err := policy.ParseFor(file, []string{"totp", "webauthn", "sms", "recovery"}) // wrong: the line, and why
	if err != nil {
		return err
	}
	live, err := policy.NewLive(rollout, []string{"totp", "webauthn", "sms", "recovery"})
	if err != nil {
		return err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: ring, Factors: factors, Policy: live})
	if err != nil {
		return err
	}

	report, err := policy.Preview(ctx, policy.PreviewConfig{Engine: m, Policy: next, Users: everybody, At: next.Times(time.Now())})
	if err != nil {
		return err
	}
	err = report.WriteHTML(page) // who would be asked, must enrol, or would be locked out, at each date
	if err != nil {
		return err
	}
	err = live.Replace(edited) // from now on; what is wrong changes nothing
	return err
}

func readmeRisk(ctx context.Context, store mfa.Store, ring *mfa.KeyRing, factors []mfa.Factor) (*mfa.Engine, error) {
	known, err := geo.Open(geo.Config{Databases: []geo.Source{{Path: "GeoLite2-City.mmdb"}}, Lists: []geo.Source{{Path: "tor.txt", Kinds: risk.Tor}}})
	if err != nil {
		return nil, err
	}
	scorer, err := risk.New(risk.Config{Keys: ring, Store: store, Intel: known})
	if err != nil {
		return nil, err
	}
	m, err := mfa.New(mfa.Config{Store: store, Keys: ring, Factors: factors, Risk: scorer, Observers: []mfa.Observer{scorer}})
	if err != nil {
		return nil, err
	}
	go scorer.Run(ctx) // shares what is learned of all users with the other processes
	return m, nil
}
