package policy

import (
	"net/netip"
	"time"

	"github.com/mfakit/mfa"
)

// A Mode says whom rules ask for a second proof.
type Mode string

// The modes, from the least to the most. The zero value, like anything that is
// none of these, is Required; in a phase the zero value is the base's. Above all of
// them but Off stands what the risk of a sign-in asks for.
const (
	Off      Mode = "off"      // nobody, those who have enrolled included; nothing may be enrolled
	Offer    Mode = "offer"    // whoever has enrolled; enrolling is free
	Adaptive Mode = "adaptive" // whoever can give one, but for known browsers at a low risk; enrolling is free
	Required Mode = "required" // everybody; who cannot give one has to enrol to get in
)

var modes = []Mode{Off, Offer, Adaptive, Required}

// A Policy is an [mfa.Policy]. The zero value requires a second proof, by any
// configured method, of everybody. It must not be changed once it is in use;
// until then it is safe for use by any number of goroutines. See [Live] for one
// that is replaced.
type Policy struct {
	// Rules are the base: they hold wherever no phase says otherwise.
	Rules

	// TimeZone is where the dates of a file are local that have no offset: a name of
	// the IANA time zone database, such as "Europe/Oslo", or "UTC". In Go dates are
	// instants, and it is only kept. Empty: such dates are refused.
	TimeZone string

	// Phases change the rules from a date on, for some users. The last one in the
	// list that has begun and that the user is in decides. At most 64.
	Phases []Phase

	// Cohorts are groups of users that phases name. At most 256.
	Cohorts []Cohort

	// Services says from where service accounts (mfa.Service) may sign in. They are
	// never asked for anything: they are exempt, or denied.
	Services Services

	// ExemptService exempts service accounts for which it says so, besides those of
	// Services. It must be quick, must not store anything, and gives the same answer
	// to the same subject. It comes from Go alone; a file has none. Nil: none.
	ExemptService func(mfa.Subject) bool

	// AcceptRestricted takes a policy that leaves users nothing but text messages:
	// numbers are taken over and messages read on their way, so that NIST SP
	// 800-63B-4 (section 3.2.9) has whoever uses them offer something else beside.
	// It is false unless somebody has weighed that; see Validate.
	AcceptRestricted bool

	// Support tells those who cannot go on where to turn, in words or as an address.
	// At most 500 bytes.
	Support string
}

// Services are the networks from which service accounts are exempt. The zero
// value denies them all.
type Services struct {
	// Networks hold the addresses that a service may come from: as the host sees
	// them, see mfa.Client.IP. Networks of all addresses are refused. At most 64.
	Networks []netip.Prefix
}

// Rules say what is asked. In the base zero fields are what their comments say;
// in a phase they are the base's. Grace, Remember, Changes and FirstEnrollment are
// each one thing: a phase that sets one of their fields replaces the whole.
type Rules struct {
	// Mode says who is asked. Zero: Required.
	Mode Mode

	// Methods are the methods that may be used and enrolled, in the order in
	// which they are offered. Recovery codes need not be among them: they are
	// always allowed, and offered last unless they are listed. Empty: all that
	// are configured.
	Methods []string

	// Suggested are the methods that are offered first, in this order. Empty: none.
	Suggested []string

	// Forbidden are methods that may be neither used nor enrolled, recovery codes too
	// if they are named. Empty: none.
	Forbidden []string

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

	// Prerequisites are, for a method, those of which one has to be enrolled before
	// it, and has to stay: {"webauthn": ["totp", "sms"]}. Empty: there are none.
	Prerequisites map[string][]string

	// AAL is the assurance level that the sign-in of those who are asked must
	// reach: 0 for any second proof; mfa.AAL2 for two different kinds of proof,
	// which a mailed code does not give (NIST SP 800-63B-4 section 3.1.3); or
	// mfa.AAL3, for which one of them has to be a key whose attestation shows that it
	// cannot leave its authenticator (section 2.3), and so a factor that demands that.
	AAL mfa.AAL

	// PhishingResistant asks for a proof that is bound to the site, such as a
	// passkey. Recovery codes are no such proof.
	PhishingResistant bool

	// DenySevere denies sign-ins of severe risk, in every mode, instead of asking for
	// what high risk asks for. It denies owners whom the scorer takes for strangers,
	// too, whatever they have enrolled: Support tells them where to turn. False:
	// nobody is denied for a risk. Without mfa.Config.Risk it has no effect, and it
	// has none on service accounts.
	DenySevere bool

	// AtLeast is how many enrollments of their own everybody must have, up to 10. It
	// demands in mode Required alone. 0 and 1: as many as it takes to sign in.
	AtLeast int

	// Nudge is how many enrollments of their own users are told that they should
	// have, up to 10. 0: they are told nothing.
	Nudge int

	// Grace lets users put off the enrolment that Required asks for.
	Grace Grace

	// Remember lets browsers be remembered, so that they are not asked for a while.
	Remember Remember

	// Changes is what changes to a user's enrollments ask for, beyond the
	// engine's default.
	Changes Changes

	// FirstEnrollment is what a user's first enrollment asks for, beyond the
	// password and Changes.
	FirstEnrollment FirstEnrollment

	// DelayedReset lets somebody who has the password alone reset their methods,
	// after this long, in which all channels are told and any can stop it: 72 hours
	// are usual; 24 hours to 30 days. It is a way in for whoever has the password and
	// the mailbox. 0: there is none.
	DelayedReset time.Duration

	// SessionLifetime is how long the host should let a session live. It is
	// advice: the engine hands it on in the evidence. Zero: none.
	SessionLifetime time.Duration
}

// Grace lets users put off an enrolment that is required, as long as all that it
// sets allows it. The zero value does not.
type Grace struct {
	// Until is when it ends for everybody. Zero: it does not end by date.
	Until time.Time

	// For is how long after the user was first asked to enrol it ends, which signing
	// in again does not move. Zero: it does not end so.
	For time.Duration

	// Skips is how often it may be used, up to 100. Zero: it is not counted.
	Skips int
}

// Remember lets a browser be remembered. It has no effect where the rules ask for
// more than some second proof: a remembered browser is none (NIST SP 800-63B-4
// section 5.1). The zero value remembers nothing.
type Remember struct {
	// Days is for how many at most, counted from the sign-in: 1 to 30.
	Days int

	// Idle ends it earlier for browsers that do not come back in that time. Zero: it
	// does not.
	Idle time.Duration

	// Session lets the session of the sign-in that asks for it live as long, for
	// products that promise to keep people signed in. False: SessionLifetime holds.
	Session bool

	// InsecureLong takes up to 366 Days: whoever gets hold of a browser's cookies or
	// of the machine has them that long.
	InsecureLong bool
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

	// InsecurePasswordAlone takes a password that was just checked in the place of
	// the factor: then whoever has the password can remove the factors (OWASP ASVS
	// 5.0, 7.5.1). It excludes Methods.
	InsecurePasswordAlone bool
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
