package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mfakit/mfa/sms/gateway"
)

const smsHelp = "where text messages go, as kannel:`URL` of a Kannel gateway: kannel:http://user:password@127.0.0.1:13013/cgi-bin/sendsms?from=NAME; " +
	"http on this machine only, else https. Other people on this machine can see the password in the list of processes. " +
	"Default: with -dev the inbox, else there are no codes by text message"

var errSMSFlag = errors.New("-sms is not of the form kannel:http://user:password@host:port/cgi-bin/sendsms?from=NAME")

// newGateway reads -sms. Errors do not repeat it, as it holds a password.
//
// Kannel reports deliveries to this app's own origin, where another instance may take
// them. Who knows the secret can forge reports.
func newGateway(flag, origin, secret string) (*gateway.Kannel, error) {
	kind, rest, _ := strings.Cut(flag, ":")
	u, err := url.Parse(rest)
	if kind != "kannel" || err != nil || u.Host == "" || u.User == nil {
		return nil, errSMSFlag
	}
	query, err := url.ParseQuery(u.RawQuery)
	from := query.Get("from")
	query.Del("from")
	if err != nil || len(query) > 0 {
		return nil, errSMSFlag
	}
	password, _ := u.User.Password()
	k, err := gateway.NewKannel(gateway.KannelConfig{
		URL:      (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(),
		Username: u.User.Username(), Password: password, From: from,
		ReportURL: origin + "/mfa/delivery/kannel", ReportSecret: secret,
	})
	if err != nil {
		return nil, fmt.Errorf("-sms: %w", err)
	}
	return k, nil
}
