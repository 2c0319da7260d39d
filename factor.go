package mfa

import (
	"context"
	"time"
)

// A Factor is one method of proof: totp, webauthn, sms, email, recovery.
//
// A Factor is a pure step over state that the engine hands it. It stores
// nothing, reads no clock and keeps no limits: persistence, expiry, counting,
// replay protection between processes and auditing are the engine's, once, for
// all factors. Methods may be called from any number of goroutines, and more
// than once for one request when processes race for one user, so they must not
// have effects of their own; what has to be sent goes into [Step.Delivery].
type Factor interface {
	// Method says what this factor is. It must always return the same value.
	Method() Method

	// Enroll begins an enrolment. The step's Pending comes back in
	// VerifyRequest.Pending with purpose [ForEnrollment]; a step with Done set
	// is active without a confirmation.
	Enroll(ctx context.Context, r EnrollRequest) (Step, error)

	// Challenge prepares what to ask for. Factors with nothing to ask first (totp,
	// recovery) return the zero Step.
	Challenge(ctx context.Context, r ChallengeRequest) (Step, error)

	// Verify checks an answer. It returns an error that wraps [ErrNotValid]
	// for an answer that is well formed and wrong, which is the only error
	// that counts as a guess, and one that wraps [ErrBadInput] for an answer
	// that cannot be one (letters where digits belong), which is not counted
	// and must not depend on any secret.
	Verify(ctx context.Context, r VerifyRequest) (Verified, error)
}

// A Method describes a [Factor]. Its zero fields are the cautious ones.
type Method struct {
	Name              string // "totp"; lower case letters, digits and underscores
	Label             string // what a new enrollment is called that its user gave no name ("Authenticator app")
	Kind              Kind   // Neither: it never raises the assurance level
	Channel           string // what carries the secret ("email", "sms"); a first factor by the same channel excludes it; empty: nothing does
	Restricted        bool   // restricted in the sense of NIST SP 800-63B (the telephone network)
	Guessable         bool   // short codes, which share the account's budget of failures
	PhishingResistant bool   // bound to the origin; never blocked by limits
	Together          bool   // one option covers all of a user's enrollments of this factor, instead of one each
	Recovery          bool   // look-up secrets that stand in for a lost factor; issued by the engine, never chosen as the first one
}

// A Kind is what an authenticator proves: two different kinds make two-factor
// authentication.
type Kind string

// The kinds. The zero value proves neither.
const (
	Neither Kind = ""
	Know    Kind = "know" // something you know
	Have    Kind = "have" // something you have
)

// A Purpose is what an answer is for. An answer for one serves no other.
type Purpose string

// The purposes of a factor's step.
const (
	ForEnrollment     Purpose = "enroll"
	ForAuthentication Purpose = "authenticate"
)

// Enrolled is one of the user's enrollments, as its factor sees it.
type Enrolled struct {
	ID    string
	State []byte // what the factor last returned in Verified.State
}

// EnrollParams are what a client may choose about a new enrollment, and what
// only the host's own code may (Import).
type EnrollParams struct {
	Phone  string // the number to enrol; empty: the user's number on file
	Email  string // the address to enrol; empty: the user's address on file
	Import []byte // state in the factor's documented JSON, brought from elsewhere; never from a client
}

// EnrollRequest asks a [Factor] to begin an enrolment.
type EnrollRequest struct {
	User      User
	ID        string // the enrollment's identifier, if it comes to be
	Params    EnrollParams
	Existing  []Enrolled // the user's other enrollments of this factor
	UserState []byte     // this factor's state per user, nil at first
	Implicit  bool       // only an address that the host has verified, without a confirmation: Done, or an error
	Now       time.Time
	Slow      SlowFunc
}

// ChallengeRequest asks a [Factor] what to ask for.
type ChallengeRequest struct {
	User        User
	Client      Client
	Purpose     Purpose
	Flow        string     // identifies the flow or the pending enrollment; a code is bound to it
	Enrollments []Enrolled // those that the option covers
	UserState   []byte
	Previous    []byte // the pending state that this challenge replaces; nil: the first
	Now         time.Time
	Slow        SlowFunc
}

// VerifyRequest asks a [Factor] to check an answer.
type VerifyRequest struct {
	User        User
	Client      Client
	Purpose     Purpose
	Flow        string
	Enrollments []Enrolled // ForAuthentication: those that the option covers; ForEnrollment: the others of this factor
	ID          string     // ForEnrollment: the enrollment that is being confirmed
	Pending     []byte     // what Challenge or Enroll returned
	UserState   []byte
	Answer      Answer
	Now         time.Time
	Slow        SlowFunc
}

// A SlowFunc runs compute at most once per request and name, however often the
// engine has to call the factor, and under a bound on how many run in this
// process at a time. Factors use it for deliberately slow digests.
type SlowFunc func(ctx context.Context, name string, compute func() ([]byte, error)) ([]byte, error)

// A Step is what a [Factor] wants done next.
type Step struct {
	Challenge Challenge // what the user is shown; nil: nothing to ask first
	Pending   []byte    // the ceremony's state; kept sealed until it is answered or expires
	Expires   time.Time // when the challenge stops being answerable; zero, or later than the flow: with the flow
	Delivery  *Delivery // must be sent
	Hint      string    // tells this enrollment from others without giving it away ("+47 ••• ••67")
	Codes     []string  // recovery codes to show once
	Done      *Verified // active without a confirmation
}

// A Challenge is what the user is asked to do. Each factor returns its own
// exported type, which marshals to the JSON object that a client needs and
// which Go hosts use directly.
type Challenge interface {
	// Method is the name of the method that asks.
	Method() string
}

// A Delivery is a message that has to go out. The engine sends it after its
// state has been saved, on a context that outlives the request.
type Delivery struct {
	// Send hands the message over and returns the carrier's reference.
	Send func(ctx context.Context) (ref string, err error)
}

// Verified is what a right answer proved and changed.
type Verified struct {
	EnrollmentID string   // which of the enrollments; empty with ForEnrollment
	State        []byte   // the enrollment's new state, in the factor's documented JSON
	UserState    []byte   // the factor's new state per user; nil: as it was
	AMR          []string // authentication method references (RFC 8176)
	Hint         string   // as Step.Hint; empty: as it was
	UserVerified bool     // the authenticator verified its user, so that it is two factors by itself
	Remaining    int      // recovery codes left
}

// An Answer is what the user gave back.
type Answer struct {
	Option     string // which of the flow's options this answers
	Code       string // a typed code; at most 128 bytes
	Credential []byte // a credential as JSON; at most 64 KiB
}
