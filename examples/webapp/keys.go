package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// relyingParty is what keys are registered with: the name in the origin, and no
// other page than the origin's. There is none where the origin is an IP address,
// which is no name (W3C WebAuthn Level 3, section 4, "RP ID": a domain).
func relyingParty(origin string) (webauthn.RelyingParty, bool) {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || isAddress(u.Hostname()) {
		return webauthn.RelyingParty{}, false
	}
	rp := webauthn.RelyingParty{ID: u.Hostname(), Name: appName, Origins: []string{origin}}
	_, err = webauthn.New(webauthn.Config{RP: rp}) // a host may have a name that no key can be bound to
	return rp, err == nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// methods are what a policy may name. An origin that is not known yet has a name:
// see originAt.
func (c config) methods() []string {
	list := []string{totp.Name, recovery.Name}
	if _, ok := relyingParty(c.origin); ok || c.origin == "" {
		list = append(list, webauthn.Name)
	}
	if c.dev || c.sms != "" {
		list = append(list, sms.Name)
	}
	if c.dev || c.smtp != "" {
		list = append(list, emailcode.Name)
	}
	return list
}

// A keyNote says why keys cannot be used, and where they can.
type keyNote struct{ Text, URL string }

// keysHere is nil where keys can be used on the page that is asked for.
func (a *app) keysHere(r *http.Request) *keyNote {
	own, _ := url.Parse(a.origin)
	if _, ok := relyingParty(a.origin); !ok {
		example := "https://app.example"
		if isLoopback(own.Hostname()) {
			example = strings.TrimSuffix("http://localhost:"+own.Port(), ":")
		}
		return &keyNote{Text: "Keys and passkeys need a name in this app’s address, and " + own.Host +
			" is none. Start it with -origin " + example + " to use them."}
	}
	if host, _, err := net.SplitHostPort(r.Host); err == nil && isAddress(strings.Trim(host, "[]")) && own.Hostname() == "localhost" {
		return &keyNote{Text: "Keys and passkeys do not work at this address, but at the app’s name:", URL: a.origin}
	}
	return nil
}
