package snippets

import (
	"context"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/sms/gateway"
)

// guarded is a factor with a budget, and its carrier.
func guarded(sid, token string, lookUp func(context.Context, sms.Destination) error) (*sms.Factor, *gateway.Twilio, error) {
	carrier, err := gateway.NewTwilio(gateway.TwilioConfig{
		AccountSID: sid, AuthToken: token, From: "+15005550006",
		ReportURL: "https://example.com/mfa/delivery/twilio",
	})
	if err != nil {
		return nil, nil, err
	}
	texts, err := sms.New(sms.Config{
		AppName:   "Example",
		Origin:    "https://example.com",           // phones offer the code on this site alone
		Countries: sms.Countries("NO", "SE", "DK"), // where your customers are
		Sender:    carrier,
		Before:    lookUp,                                            // your carrier's word on the number: SIM swapped, kind of line
		Limits:    sms.Limits{System: sms.Rate{Hour: 150, Day: 500}}, // what you are ready to pay
	})
	return texts, carrier, err
}

// reported takes the carrier's delivery reports.
func reported(engine *mfa.Engine, host mfahttp.Host, carrier *gateway.Twilio) (*mfahttp.Handler, error) {
	api, err := mfahttp.New(mfahttp.Config{
		Engine: engine, Host: host, Origin: "https://example.com",
		Reports: map[string]mfahttp.Reporter{"twilio": carrier},
	})
	return api, err
}
