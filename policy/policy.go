// Package policy is an [mfa.Policy] as data: what a deployment asks of its
// users, in a Go value or in a JSON file that an operator edits.
//
//	p, err := policy.Parse(file)
//	if err == nil {
//		err = p.Validate([]string{"totp", "recovery"})
//	}
//	m, err := mfa.New(mfa.Config{Policy: p, …})
//
// A file, with every member that there is; all of them may be left out:
//
//	{
//	  "mode": "offer",
//	  "methods": ["webauthn", "totp"],
//	  "implicit": ["email"],
//	  "not_first": ["webauthn"],
//	  "aal": 2,
//	  "phishing_resistant": false,
//	  "accept_restricted": false,
//	  "changes": {"password": true, "methods": ["totp"], "max_age": "5m"},
//	  "first_enrollment": {"methods": ["email"]},
//	  "session_lifetime": "120h"
//	}
//
// Mode offer asks whoever has enrolled and leaves the others alone. Mode
// required, which is what an empty file says, also makes the others enrol. The
// members are described at the fields of [Policy].
package policy

import (
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// recovery is the name of recovery codes. They stand in for a lost factor, so
// they go with whatever methods are allowed.
const recovery = "recovery"

// restricted are the methods that go through the telephone network; see
// mfa.Method.Restricted. A policy is checked without the factors, by their names.
var restricted = []string{"sms", "voice"}

// A Mode says whom a policy asks for a second proof.
type Mode string

// The modes. The zero value, like anything that is not Offer, is Required.
const (
	Required Mode = "required" // everybody; who has not enrolled has to do so to get in
	Offer    Mode = "offer"    // whoever has enrolled; enrolling is free
)

// A Policy is an [mfa.Policy]. The zero value requires a second proof, by any
// configured method, of everybody. It must not be changed once it is in use;
// until then it is safe for use by any number of goroutines.
type Policy struct {
	// Mode says who is asked. Zero: Required.
	Mode Mode

	// Methods are the methods that may be used and enrolled, in the order in
	// which they are offered. Recovery codes need not be among them: they are
	// always allowed, and offered last unless they are listed. Empty: all that
	// are configured.
	Methods []string

	// Implicit are methods by which an address that the host has verified counts as
	// enrolled, without having been set up: ["email"]. Nobody is asked for a second
	// proof because of it in mode Offer. It is one way among others for those who
	// have enrolled something better, unless AAL or PhishingResistant asks for that.
	// Empty: none.
	Implicit []string

	// NotFirst are methods that may be enrolled only by users who have enrolled
	// another one, which is not among these: ["webauthn"] for a security key only
	// after an authenticator app. That other one cannot go while they stay. Empty:
	// any method may be the first.
	NotFirst []string

	// AAL is the assurance level that the sign-in of those who are asked must
	// reach: 0 for any second proof; mfa.AAL2 for two different kinds of proof,
	// which a mailed code does not give (NIST SP 800-63B-4 section 3.1.3); or
	// mfa.AAL3, for which one of them has to be a key whose attestation shows that it
	// cannot leave its authenticator (section 2.3), and so a factor that demands that.
	AAL mfa.AAL

	// PhishingResistant asks for a proof that is bound to the site, such as a
	// passkey. Recovery codes are no such proof.
	PhishingResistant bool

	// AcceptRestricted takes a policy that leaves users nothing but text messages:
	// numbers are taken over and messages read on their way, so that NIST SP
	// 800-63B-4 (section 3.2.9) has whoever uses them offer something else beside.
	// It is false unless somebody has weighed that; see Validate.
	AcceptRestricted bool

	// Changes is what changes to a user's enrollments ask for, beyond the
	// engine's default.
	Changes Changes

	// FirstEnrollment is what a user's first enrollment asks for, beyond the
	// password and Changes.
	FirstEnrollment FirstEnrollment

	// SessionLifetime is how long the host should let a session live. It is
	// advice: the engine hands it on in the evidence. Zero: none.
	SessionLifetime time.Duration
}

// Changes is what adding, replacing and removing enrollments asks for. The zero
// value adds nothing to the engine's default: a proof that is not older than ten
// minutes, of a factor where one is enrolled.
type Changes struct {
	// Password asks for the first factor too.
	Password bool

	// Methods asks for a proof by one of these, or by a recovery code, of
	// whoever has one of these enrolled. Nobody is asked for what they do not
	// have. Empty: a proof by any method does.
	Methods []string

	// MaxAge is how old the proofs may be. It can only shorten the engine's ten
	// minutes. Zero: those.
	MaxAge time.Duration
}

// FirstEnrollment is what the first enrollment of a user asks for. The zero
// value adds nothing, so that whoever has the password of an account without a
// second factor can enrol one of their own.
type FirstEnrollment struct {
	// Methods asks for a proof by one of these: ["email"] for a code to the
	// address on file. They have to be methods that a user can answer before
	// having enrolled anything. Empty: none.
	Methods []string
}

var _ mfa.Policy = (*Policy)(nil)

// Decide says what the policy asks of s. It keeps nothing and reads no clock.
func (p *Policy) Decide(s mfa.Subject) mfa.Decision {
	return mfa.Decision{
		Require:         p.require(s),
		Methods:         withRecovery(p.Methods),
		Implicit:        slices.Clone(p.Implicit),
		NotFirst:        slices.Clone(p.NotFirst),
		Change:          p.Changes.require(s),
		FirstEnrollment: mfa.Requirement{Methods: slices.Clone(p.FirstEnrollment.Methods)},
		SessionLifetime: p.SessionLifetime,
	}
}

func (p *Policy) require(s mfa.Subject) mfa.Requirement {
	if p.Mode == Offer && !mfa.AskEnrolled(s).Require.SecondFactor {
		return mfa.Requirement{}
	}
	return mfa.Requirement{SecondFactor: true, AAL: p.AAL, PhishingResistant: p.PhishingResistant}
}

func (c Changes) require(s mfa.Subject) mfa.Requirement {
	r := mfa.Requirement{Password: c.Password, MaxAge: c.MaxAge}
	if slices.ContainsFunc(s.Enrollments, func(e mfa.Enrollment) bool { return slices.Contains(c.Methods, e.Method) }) {
		r.Methods = withRecovery(c.Methods)
	}
	return r
}

// withRecovery is a copy of methods that ends with recovery codes, unless it
// has them. No methods stay none, which means all.
func withRecovery(methods []string) []string {
	out := slices.Clone(methods)
	if len(out) > 0 && !slices.Contains(out, recovery) {
		out = append(out, recovery)
	}
	return out
}
