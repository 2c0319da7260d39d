package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/url"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/sms"
)

// senders are what messages go out by: a real server where a flag names one,
// the inbox in development, and nothing otherwise. A method that cannot send is
// left out.
type senders struct {
	sms, mail mfa.Sender                  // nil: there is none
	reports   map[string]mfahttp.Reporter // of what reports deliveries
	resend    bool                        // a wrong code by text message has a new one sent
	mailFrom  string                      // who the mails are from; empty: they go to the inbox
	close     func() error
}

// newSenders makes them, once the origin is known. They connect to nothing yet. secret is
// what delivery reports are known by.
func newSenders(c config, clock *clock, messages *inbox, secret string) (senders, error) {
	s := senders{resend: c.smsResend, close: func() error { return nil }}
	if messages != nil {
		s.sms, s.mail = messages, messages
	}
	if c.sms != "" {
		gateway, err := newGateway(c.sms, c.origin, secret)
		if err != nil {
			return senders{}, err
		}
		s.sms, s.reports = gateway, map[string]mfahttp.Reporter{"kannel": gateway}
	}
	if c.smtp != "" {
		mails, from, err := newMailer(c.smtp, c.origin, clock)
		if err != nil {
			return senders{}, err
		}
		s.mail, s.mailFrom, s.close = mails, from, mails.Close
	}
	return s, nil
}

// checkSenders finds a wrong flag before anything is opened.
func (c config) checkSenders() error {
	c.origin = c.originAt("1")
	s, err := newSenders(c, new(clock), nil, rand.Text())
	if err != nil {
		return err
	}
	return s.close()
}

// reportSecret is the same for all instances, and at the next start: messages are on
// their way meanwhile.
func reportSecret(keys *mfa.KeyRing) string {
	return hex.EncodeToString(keys.Index("webapp", "delivery reports"))
}

// codeLife is how long a code that was sent works.
const codeLife = 5 * time.Minute

// localeOf is the language in which somebody is sent codes: that of their account.
func localeOf(u mfa.User, _ mfa.Client) string { return u.Attributes[languageAttribute] }

// factors are the methods that send codes.
func (s senders) factors(origin string) ([]mfa.Factor, error) {
	var out []mfa.Factor
	var errs []error
	if s.sms != nil {
		f, err := sms.New(sms.Config{AppName: appName, Origin: boundTo(origin), Countries: sms.Countries(countries...), Sender: s.sms, Lifetime: codeLife, ResendWrong: s.resend, Locale: localeOf})
		out, errs = append(out, f), append(errs, err)
	}
	if s.mail != nil {
		f, err := emailcode.New(emailcode.Config{AppName: appName, Sender: s.mail, Link: origin + "/mfa/link", Lifetime: codeLife, Locale: localeOf})
		out, errs = append(out, f), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// boundTo is the site that codes in text messages are bound to, so that phones
// offer them there alone: the origin's name, if it has one. Messages name no port
// (WICG, Origin-bound one-time codes delivered via SMS, section 2.2).
func boundTo(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" || isAddress(u.Hostname()) {
		return ""
	}
	return "https://" + u.Hostname()
}

// A told is what the start page says of where messages go.
type told struct {
	SMS, Mail string
	Missing   bool // something is not sent
}

func (s senders) told(messages *inbox) told {
	where := func(to mfa.Sender, server, flag, without string) string {
		switch {
		case to == nil:
			return "None are sent, so there are no " + without + ". Start the app with " + flag + "."
		case to == mfa.Sender(messages):
			return "They land in the inbox. To send them, start the app with " + flag + "."
		}
		return server
	}
	return told{
		SMS:     where(s.sms, "Sent by the gateway that -sms names.", "-sms kannel:URL", "codes by text message"),
		Mail:    where(s.mail, "Sent by the server that -smtp names.", "-smtp host:port", "codes by mail, and nobody is told of changes"),
		Missing: s.sms == nil || s.mail == nil,
	}
}
