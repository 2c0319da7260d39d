package main

import (
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
)

// reasonText is a reason in words; where only its code is kept, that.
func reasonText(r mfa.RiskReason) string {
	if r.Text == "" {
		return strings.ReplaceAll(r.Code, "_", " ")
	}
	return r.Text
}

// kindWords names what sort of address one is; empty: an ordinary one.
func kindWords(k risk.IPKinds) string {
	var out []string
	for _, n := range ipKinds {
		if k.Has(n.kind) {
			out = append(out, n.text)
		}
	}
	return strings.Join(out, ", ")
}

// An ipKind is a kind of address, and what it is called by a flag and on pages.
type ipKind struct {
	flag, text string
	kind       risk.IPKinds
}

// ipKinds are the kinds that -iplist and the pages name.
var ipKinds = []ipKind{
	{"tor", "Tor", risk.Tor},
	{"vpn", "VPN", risk.VPN},
	{"proxy", "proxy", risk.Proxy},
	{"residential", "residential proxy", risk.ResidentialProxy},
	{"hosting", "data centre", risk.Hosting},
	{"mobile", "mobile carrier", risk.Mobile},
	{"satellite", "satellite", risk.Satellite},
	{"denied", "denied", risk.Denied},
	{"trusted", "trusted", risk.Trusted},
}
