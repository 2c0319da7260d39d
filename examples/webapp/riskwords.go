package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
)

// A levelLook is what a level of risk is called, and the class of its badge.
type levelLook struct{ Text, Class string }

var levelLooks = map[mfa.RiskLevel]levelLook{
	mfa.RiskLow:      {"As usual", "good"},
	mfa.RiskUnknown:  {"Could not be assessed", "warn"},
	mfa.RiskElevated: {"Unusual", "warn"},
	mfa.RiskHigh:     {"Very unusual", "bad"},
	mfa.RiskSevere:   {"Alarming", "bad"},
}

// whyAsked are the reasons why a sign-in is asked for more, for whoever is signing in.
// That may be a stranger who has the password: it is what was seen and speaks against
// them, which they know, and never what is usual for the owner, nor what speaks for them, which
// would confirm a guess.
func whyAsked(a mfa.Assessment) []string {
	if !a.Asks() {
		return nil
	}
	var out []string
	for _, r := range a.Reasons {
		// What was there before may weigh against whoever comes with it, where many have it.
		if r.Weight >= 0 && r.Text != "" && !strings.HasPrefix(r.Code, "known_") {
			out = append(out, sentence(r.Text))
		}
	}
	if len(out) == 0 && a.Level == mfa.RiskUnknown {
		out = append(out, "How risky it is could not be found out.")
	}
	return out
}

// sentence makes one of a reason, which has neither a capital nor a full stop.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

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
