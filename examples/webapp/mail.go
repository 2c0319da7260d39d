package main

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
	"github.com/mfakit/mfa/notify"
)

const smtpHelp = "mail server as `host:port`: in the clear on this machine, with STARTTLS elsewhere. Mails are from no-reply@ and the origin's name. " +
	"Default: with -dev the inbox, else there are neither mails nor codes by mail"

// newMailer reads -smtp. A server on this machine is taken for one of a test or a
// relay, and spoken to in the clear: what is sent does not leave the machine that way.
func newMailer(server, origin string, clock *clock) (*mailer.Sender, string, error) {
	host, _, err := net.SplitHostPort(server)
	if err != nil {
		return nil, "", fmt.Errorf("-smtp %q is not of the form host:port", server)
	}
	u, err := url.Parse(origin)
	if err != nil {
		return nil, "", err
	}
	domain := u.Hostname()
	if isAddress(domain) {
		domain = "localhost"
	}
	from := "no-reply@" + domain
	mails, err := mailer.New(mailer.Config{Addr: server, From: appName + " <" + from + ">", InsecurePlaintext: isLoopback(host), Now: clock.Now})
	if err != nil {
		return nil, "", fmt.Errorf("-smtp: %w", err)
	}
	return mails, from, nil
}

// newNotices tells people by mail what happened to their account, in the language of that.
// link makes the address of the page on which they can do something about it.
func newNotices(mails mfa.Sender, origin string, users accounts, link func(mfa.Event) (string, error)) (mfa.Observer, error) {
	c, err := newWords(true)
	if err != nil {
		return nil, err
	}
	help := map[string]string{}
	for _, tag := range c.Tags() {
		help[tag] = c.Pick(tag).Text("host.help")
	}
	return notify.New(notify.Config{
		Sender: mails, AppName: appName, SettingsURL: origin + "/settings",
		Link: func(_ context.Context, e mfa.Event) (string, error) { return link(e) },
		Locale: func(ctx context.Context, e mfa.Event) string {
			acc, err := users.byID(ctx, e.User)
			if err != nil {
				return "" // English is better than no mail
			}
			return acc.Attributes[languageAttribute]
		},
		Words: c, SupportText: help["en"], SupportTexts: help,
	})
}
