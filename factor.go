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
	OneShot           bool   // a challenge takes one answer, right or wrong; the next needs a new challenge
	DeviceBound       bool   // its keys may be shown to be unable to leave their device; see Verified.DeviceBound
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
	ForDiscovery      Purpose = "discover" // a sign-in by somebody who has not said who they are; see Discoverer
)

// Enrolled is one of the user's enrollments, as its factor sees it.
type Enrolled struct {
	ID    string
	State []byte `json:"-"` // what the factor last returned in Verified.State
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
	Client    Client
	ID        string // the enrollment's identifier, if it comes to be
	Params    EnrollParams
	Existing  []Enrolled // the user's other enrollments of this factor
	UserState []byte     `json:"-"` // this factor's state per user, nil at first
	// Only an address that the host has verified, without a confirmation: Done, or
	// [ErrBadInput], [ErrRefused] or [ErrNotValid] where there is none. Any other error is a
	// fault, and the sign-in's.
	Implicit bool
	Now      time.Time
	Slow     SlowFunc

	// UserVerification says that the flow that asks to enrol gets no further by an
	// authenticator that cannot verify its user; see ChallengeRequest.
	UserVerification bool
}

// ChallengeRequest asks a [Factor] what to ask for.
type ChallengeRequest struct {
	User        User
	Client      Client
	Purpose     Purpose
	Flow        string     // identifies the flow or the pending enrollment; a code is bound to it
	Enrollments []Enrolled // those that the option covers; ForEnrollment: the others of this factor
	UserState   []byte     `json:"-"`
	Previous    []byte     `json:"-"` // the pending state that this challenge replaces; nil: the first
	Now         time.Time
	Slow        SlowFunc

	// UserVerification says that the flow gets no further by a proof without
	// user verification, so that one has to be refused.
	UserVerification bool

	// Action is what the answer approves, for the message that asks; empty: a sign-in,
	// or whatever else needs no approval of its own. See Action.Text.
	Action string

	// Elsewhere makes a token by which the answer may come from another browser than
	// the one that asked; see Engine.VerifyElsewhere. Whoever has it can let that
	// browser in. Nil: ForEnrollment.
	Elsewhere func() (string, error)
}

// VerifyRequest asks a [Factor] to check an answer.
type VerifyRequest struct {
	User        User
	Client      Client
	Purpose     Purpose
	Flow        string
	Enrollments []Enrolled // ForEnrollment: the others of this factor; else those that may answer
	ID          string     // ForEnrollment: the enrollment that is being confirmed
	Pending     []byte     `json:"-"` // what Challenge or Enroll returned
	UserState   []byte     `json:"-"`
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
	Pending   []byte    `json:"-"` // the ceremony's state; kept sealed until it is answered or expires
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
//
// Before that the message is charged to its budgets; and to the user's own, which
// every message falls under.
type Delivery struct {
	Sender  Sender
	Message Message // ID and Report are filled in by the engine

	// Budgets are what the message falls under. The pause between two messages to
	// one destination is the engine's own, also where none is named here.
	Budgets []Budget
	Known   bool // the destination was verified before; see Budget.Reserve

	// Before is asked once, before anything is charged, and has three seconds. An error refuses the
	// message: a [*RefusedError] with its reason. Nil: no question.
	Before func(ctx context.Context) error
}

// Verified is what a right answer proved and changed.
type Verified struct {
	EnrollmentID string   // which of the enrollments; empty with ForEnrollment
	State        []byte   `json:"-"` // the enrollment's new state, in the factor's documented JSON
	UserState    []byte   `json:"-"` // the factor's new state per user; nil: as it was
	AMR          []string // authentication method references (RFC 8176)
	Hint         string   // as Step.Hint; empty: as it was
	UserVerified bool     // the authenticator verified its user, so that it is two factors by itself
	Remaining    int      // recovery codes left

	// DeviceBound says that the key cannot leave its authenticator, and that an
	// attestation which the factor trusts says so: with PhishingResistant and two
	// kinds of factor it makes AAL3. ForEnrollment it is kept, as what this
	// enrollment may be expected to prove.
	DeviceBound bool

	// Alarm is a security notice to raise besides; empty: none.
	Alarm EventType

	// The rest counts with ForEnrollment only.

	Label      string   // what to call an enrollment that its user gave no name; empty: Method.Label
	Claims     []string // what is this enrollment's alone among all users (a credential's identifier), and leads to its user
	Scope      string   // where it can be used, see Scoper; empty: everywhere
	Address    string   // an e-mail address that is to be told when this enrollment is changed or removed
	Attachment []byte   `json:"-"` // what no sign-in needs, kept apart; at most 64 KiB; see Engine.Attachment
}

// A Discoverer is a [Factor] by which users can sign in without having said who
// they are: passkeys. It is optional.
type Discoverer interface {
	Factor

	// Discover prepares what to ask of somebody who is not known yet. The step's
	// Pending travels through the client, sealed, and comes back in
	// VerifyRequest.Pending with [ForDiscovery]; it should be short.
	Discover(ctx context.Context, r DiscoverRequest) (Step, error)

	// Find returns the claims by which the user who gave this answer is found,
	// in the order in which to try them. An answer to something else than
	// pending, or to nothing, is an [ErrNotValid].
	Find(pending []byte, a Answer) (claims []string, err error)
}

// A Signaler is a [Factor] whose authenticators can be told, through the browser
// of their user, what is still accepted, so that they stop offering what was
// removed (W3C WebAuthn Level 3, section 5.1.10). It is optional.
type Signaler interface {
	// Signals returns what to tell a client, as a value that marshals to JSON;
	// nil: nothing. It is for the signed-in user alone.
	Signals(r SignalsRequest) (any, error)
}

// SignalsRequest asks a [Signaler] what to tell a user's authenticators.
type SignalsRequest struct {
	User        User
	Client      Client
	Enrollments []Enrolled // all of the user's of this factor
	UserState   []byte     `json:"-"`
}

// DiscoverRequest asks a [Discoverer] what to ask of somebody who is not known yet.
type DiscoverRequest struct {
	Client Client
	Now    time.Time

	// Decoy is not nil where somebody has typed a name: what to ask for is then
	// listed. It is of Enrollments, or, where there are none, made up from Decoy, so that
	// a name which nobody has looks like any other, and always alike.
	Decoy       []byte `json:"-"`
	Enrollments []Enrolled
}

// A Teller is a [Factor] that can bring a short notice to its enrollments, where
// mail alone is not enough. It is optional.
type Teller interface {
	// Tell returns one message for each enrollment, or fewer. They fall under the
	// same budgets as codes.
	Tell(r TellRequest) []Delivery
}

// TellRequest asks a [Teller] to tell of an event.
type TellRequest struct {
	User        User
	Client      Client
	Event       Event // EventResetRequested
	Enrollments []Enrolled
}

// A Scoper is a [Factor] whose enrollments can each be used in one place only:
// a key on the site that it was registered for. It is optional.
type Scoper interface {
	// Scope is where this client is. Enrollments with another one (see
	// Verified.Scope) are not asked for there.
	Scope(c Client) string
}

// An Answer is what the user gave back.
type Answer struct {
	Option     string // which of the flow's options this answers
	Code       string // a typed code; at most 128 bytes
	Credential []byte // a credential as JSON; at most 64 KiB
	Remember   bool   // that this browser be remembered, where Flow.Remember offers it
}
