package mfa

import (
	"time"
)

// A Status is where a flow stands.
type Status string

// The statuses of a flow. The zero value is none of them.
const (
	StatusChallenge Status = "challenge" // one of Options has to be answered
	StatusEnroll    Status = "enroll"    // one of Methods has to be enrolled
	StatusPassed    Status = "passed"    // Authentication is the evidence
	StatusDenied    Status = "denied"    // Reason says why; the flow is over
)

// What a flow is for.
const (
	SigningIn  FlowPurpose = "sign_in"
	SteppingUp FlowPurpose = "step_up"
)

// A FlowPurpose says what a flow is for.
type FlowPurpose string

// Why a flow was denied.
const (
	ReasonRollback = "rollback"  // the user's stored value is older than SignIn.MinGeneration
	ReasonNoMethod = "no_method" // nothing that the user may use can satisfy what is asked
	ReasonDisabled = "disabled"  // what the user has is disabled after too many failures
	ReasonRisk     = "risk"      // the sign-in is of severe risk, and the policy denies those

	// ReasonService: a service account signs in from the networks that the policy names,
	// and nowhere else. A person needs an account of their own.
	ReasonService = "service_account"
)

// A Flow is one passage from a first factor to an outcome, bound to one client
// by its token.
type Flow struct {
	Token          string         // the client's, and a secret; send it back with each call
	Status         Status         //
	Purpose        FlowPurpose    //
	User           string         // the user's identifier
	Reason         string         // why it was denied
	Options        []Option       // what can be answered now, best first
	Methods        []string       // what may be enrolled; with StatusEnroll one has to be
	Expires        time.Time      // when the token is worth nothing
	Authentication Authentication // the evidence, once passed
	Generation     uint64         // the user's; see SignIn.MinGeneration
	Approved       bool           // it was answered from another browser: Engine.Continue goes on
	Enrolled       bool           // something was enrolled in it: good practice is to end the user's other sessions when it passes
	DeviceToken    string         // not empty: keep this in the client (a long-lived HttpOnly cookie), and give it back in Client.DeviceToken

	Remember time.Duration // for how long this browser can be remembered, if Answer.Remember asks for it; 0: not at all
	Grace    Grace         // Skip: what is asked for leads to an enrolment, which Engine.Skip puts off
	Nudge    bool          // once passed: the user has fewer enrollments than they should
	Action   *Action       // what is being approved; nil: nothing but who they are
	Reset    *ResetOffer   // a delayed reset is open to those who cannot go on; nil: it is not
	Support  string        // where to turn, as the policy says
	Risk     Assessment    // of a sign-in; the zero value where nobody scored it. Usual in its reasons is not for who is signing in
}

// An Option is one way to go on.
type Option struct {
	ID          string    `json:"id"`
	Method      string    `json:"method"`
	Label       string    `json:"label"`                 // what the user called it
	Hint        string    `json:"hint,omitempty"`        // tells it from others
	LockedUntil time.Time `json:"locked_until,omitzero"` // no answer is taken before

	// Sent says that a message is out for this option, and Delivery what its
	// carrier has said of it.
	Sent     bool          `json:"sent,omitempty"`
	Delivery DeliveryState `json:"delivery,omitempty"`
}

// Asked is the answer to a request for a challenge.
type Asked struct {
	Method    string
	Challenge Challenge // nil: nothing to ask first, the user has the code already
	Expires   time.Time
	ResendAt  time.Time // when it can be sent again; zero: nothing was sent
}
