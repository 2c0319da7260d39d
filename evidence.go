package mfa

import (
	"slices"
	"time"
)

// A First is how the first factor was proved, before the engine was asked. The
// host names it; the engine knows what each is worth.
type First string

// The first factors.
const (
	Password      First = "password"       // checked by the host
	Federated     First = "federated"      // OAuth, OpenID Connect or SAML, whose own second factors are not relied on
	EmailLink     First = "email_link"     // a link or code that was mailed
	EmailReset    First = "email_reset"    // a password that was reset by mail in this sign-in
	SMSReset      First = "sms_reset"      // a password that was reset by text message in this sign-in
	DirectorySync First = "directory_sync" // an invitation or a directory vouches for who this is

	// ClientCredentials are what programs have: an API key, a client's secret. It is
	// the one first factor that a service account is expected to come with.
	ClientCredentials First = "client_credentials"
)

// firsts says what each first factor proves, and by which channel.
var firsts = map[First]struct {
	kind    Kind
	channel string
	amr     string
}{
	Password:      {Know, "", "pwd"},
	Federated:     {Know, "", "fed"},
	EmailLink:     {Neither, "email", "email"},
	EmailReset:    {Neither, "email", "email"},
	SMSReset:      {Neither, "sms", "sms"},
	DirectorySync: {Neither, "", "user"},

	ClientCredentials: {Know, "", "client_credentials"},
}

// An AAL is an authentication assurance level (NIST SP 800-63B-4, section 2).
type AAL int

// The assurance levels.
const (
	AAL1 AAL = 1 // one factor
	AAL2 AAL = 2 // two different kinds of factor
	AAL3 AAL = 3 // two, of which one is a key that cannot be exported, and resists phishing
)

// A Proof is one thing that was proved.
type Proof struct {
	Method            string    `json:"method"`               // a factor's name, or a First
	Enrollment        string    `json:"enrollment,omitempty"` // empty for a first factor
	First             bool      `json:"first,omitempty"`      // proved to the host, before the flow
	Kind              Kind      `json:"kind,omitempty"`
	AMR               []string  `json:"amr,omitempty"`
	Time              time.Time `json:"time"`
	UserVerified      bool      `json:"user_verified,omitempty"`
	PhishingResistant bool      `json:"phishing_resistant,omitempty"`
	Restricted        bool      `json:"restricted,omitempty"`
	DeviceBound       bool      `json:"device_bound,omitempty"` // a trusted attestation says that the key cannot leave its authenticator
}

// Authentication is the evidence that a passed flow yields. The host keeps it
// in its server-side session and gives it back for step-ups and changes. It
// holds no secret, but whoever can write it can claim anything: it must not
// travel through the client unsigned.
//
// The zero value is evidence of nothing.
type Authentication struct {
	User            string        `json:"user"`
	App             string        `json:"app,omitempty"`
	Proofs          []Proof       `json:"proofs"`
	Time            time.Time     `json:"auth_time"`                  // of the newest proof
	Generation      uint64        `json:"generation"`                 // the user's, when the flow passed
	SessionLifetime time.Duration `json:"session_lifetime,omitempty"` // how long the policy lets the session live, in nanoseconds; 0: it does not say

	// Remembered is the device because of which no second proof was asked for, so
	// that the sign-in rests on its first factor alone; see [Remember]. Empty: none was.
	Remembered string `json:"remembered,omitempty"`

	// Action is what was approved, in the words that the user was shown. Such
	// evidence is for that action, and for nothing else; see Engine.Redeem. Nil:
	// evidence for a session.
	Action *Action `json:"action,omitempty"`
}

// An Action is something that has to be approved by itself, a payment, whatever
// the session's evidence is worth. The host makes it of what it knows: neither of
// its fields may come from the client.
type Action struct {
	ID   string `json:"id"`   // the host's own, never used for another action: at most 256 bytes
	Text string `json:"text"` // what the user approves, one line for the page and the message: at most 256 bytes
}

// AAL is the level that the proofs reach together: two different kinds make
// AAL2, and so does an authenticator that verified its user by itself. Where one
// of them resists phishing and is a key that provably cannot leave its
// authenticator, it is AAL3.
func (a Authentication) AAL() AAL {
	return level(a.Proofs)
}

func level(proofs []Proof) AAL {
	var know, have, hard bool
	for _, p := range proofs {
		know = know || p.Kind == Know || p.Kind == Have && p.UserVerified
		have = have || p.Kind == Have
		hard = hard || p.hard()
	}
	switch {
	case know && have && hard:
		return AAL3
	case know && have:
		return AAL2
	case len(proofs) > 0:
		return AAL1
	}
	return 0
}

// by says whether a proof is by one of the methods. A code from support goes where
// recovery codes go: it is for those who have lost them, too.
func (p Proof) by(methods []string) bool {
	return slices.Contains(methods, p.Method) || p.Method == methodBypass && slices.Contains(methods, methodRecovery)
}

// hard says whether a proof is of the kind that AAL3 needs.
func (p Proof) hard() bool { return p.Kind == Have && p.PhishingResistant && p.DeviceBound }

// AMR are the authentication method references (RFC 8176) of all proofs, in
// the order in which they were given, with "mfa" where they reach AAL2.
func (a Authentication) AMR() []string {
	var amr []string
	for _, p := range a.Proofs {
		for _, m := range p.AMR {
			if !slices.Contains(amr, m) {
				amr = append(amr, m)
			}
		}
	}
	if a.AAL() >= AAL2 {
		amr = append(amr, "mfa")
	}
	return amr
}

// PhishingResistant says whether one of the proofs was bound to the origin.
func (a Authentication) PhishingResistant() bool {
	return slices.ContainsFunc(a.Proofs, func(p Proof) bool { return p.PhishingResistant })
}

// Restricted says whether one of the proofs went over the telephone network.
func (a Authentication) Restricted() bool {
	return slices.ContainsFunc(a.Proofs, func(p Proof) bool { return p.Restricted })
}

// A Requirement is what evidence must satisfy. The zero value asks for any
// passed sign-in.
type Requirement struct {
	Password          bool          `json:"password,omitempty"`           // a first factor
	SecondFactor      bool          `json:"second_factor,omitempty"`      // a proof beyond the first factor
	AAL               AAL           `json:"aal,omitempty"`                // at least this level; 0: any
	Methods           []string      `json:"methods,omitempty"`            // a proof by one of these; empty: any
	PhishingResistant bool          `json:"phishing_resistant,omitempty"` // a proof that is
	MaxAge            time.Duration `json:"max_age,omitempty"`            // proofs older than this do not count; 0: all do
}

// And is the requirement that asks for all that either asks for. Where both
// name methods, those that both name; where they have none in common, nothing
// can satisfy it.
func (r Requirement) And(o Requirement) Requirement {
	r.Password = r.Password || o.Password
	r.SecondFactor = r.SecondFactor || o.SecondFactor
	r.PhishingResistant = r.PhishingResistant || o.PhishingResistant
	r.AAL = max(r.AAL, o.AAL)
	if r.MaxAge == 0 || o.MaxAge > 0 && o.MaxAge < r.MaxAge {
		r.MaxAge = o.MaxAge
	}
	switch {
	case len(r.Methods) == 0:
		r.Methods = o.Methods
	case len(o.Methods) > 0:
		var both []string
		for _, m := range r.Methods {
			if slices.Contains(o.Methods, m) {
				both = append(both, m)
			}
		}
		if both == nil {
			both = []string{""} // no factor has this name
		}
		r.Methods = both
	}
	return r
}

// What a [RequirementError] names as missing.
const (
	MissingSignIn            = "sign_in"            // the evidence is void: sign in again
	MissingPassword          = "password"           // the first factor, proved recently enough
	MissingSecondFactor      = "second_factor"      // a proof beyond the first factor, recent enough
	MissingAAL               = "aal"                // a higher assurance level
	MissingMethod            = "method"             // a proof by one of the methods asked for
	MissingPhishingResistant = "phishing_resistant" // a proof that is bound to the origin
	MissingApproval          = "approval"           // the action was not approved, or that was redeemed; see Engine.Redeem
)

// missing says what proofs lack of r at now. Proofs from the future (a clock
// that went back) count as old ones.
func (r Requirement) missing(proofs []Proof, now time.Time) []string {
	fresh := proofs
	if r.MaxAge > 0 {
		fresh = nil
		for _, p := range proofs {
			if age := now.Sub(p.Time); age >= -clockTolerance && age <= r.MaxAge {
				fresh = append(fresh, p)
			}
		}
	}
	has := func(f func(Proof) bool) bool { return slices.ContainsFunc(fresh, f) }
	// An old second factor is no recent AAL2, even beside a fresh password.
	second := r.SecondFactor || r.AAL >= AAL2 && r.MaxAge > 0
	var out []string
	// Whatever else is asked for by name is recent by itself.
	other := second || len(r.Methods) > 0 || r.PhishingResistant
	if (r.Password || len(fresh) == 0 && !other) && !has(func(p Proof) bool { return p.First }) {
		out = append(out, MissingPassword)
	}
	if second && !has(func(p Proof) bool { return !p.First || p.UserVerified }) {
		out = append(out, MissingSecondFactor)
	}
	if r.AAL > level(proofs) || r.AAL >= AAL3 && !has(Proof.hard) {
		out = append(out, MissingAAL)
	}
	if len(r.Methods) > 0 && !has(func(p Proof) bool { return p.by(r.Methods) }) {
		out = append(out, MissingMethod)
	}
	if r.PhishingResistant && !has(func(p Proof) bool { return p.PhishingResistant }) {
		out = append(out, MissingPhishingResistant)
	}
	return out
}
