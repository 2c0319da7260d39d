package mfa

import "time"

// An Enrollment is one user's registered use of a factor: this phone's
// authenticator app, that number, that key.
type Enrollment struct {
	ID        string    `json:"id"`
	Method    string    `json:"method"`
	Label     string    `json:"label"`
	Hint      string    `json:"hint,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	LastUsed  time.Time `json:"last_used_at,omitzero"`
	Disabled  bool      `json:"disabled"` // after too many failures; it has to be bound again
	Implicit  bool      `json:"-"`        // an address that the host has verified, not the user's own choice
	Remaining int       `json:"-"`        // recovery codes left
}

// hasOwn says whether one of the enrollments is the user's own choice.
func hasOwn(list []Enrollment) bool {
	for _, e := range list {
		if !e.Implicit && e.Method != methodRecovery && e.Method != methodBypass {
			return true
		}
	}
	return false
}

// A Caller says who asks for a change: the session of a signed-in user, or a
// flow with [StatusEnroll].
type Caller struct {
	User           User           // the session's
	Authentication Authentication // the session's
	FlowToken      string         `json:"-"` // or the flow's; with a session too, both must be of the same user
	Client         Client

	// Actor says that support acts for the user, as the host knows them, and
	// Reason why. Config.Support says whether they may. It must never come from
	// the user's own request. There is no Authentication and no FlowToken then, and
	// nothing can be done but to change an enrollment for a new one of the same
	// method: Enroll with Replaces, Resend and Activate.
	Actor  string
	Reason string
}

// Enroll asks for a new enrollment.
type Enroll struct {
	Method   string
	Label    string // at most 64 characters; empty: one is made up
	Params   EnrollParams
	Replaces string // the enrollment that goes when this one is confirmed; its label stays unless Label says otherwise
}

// Enrolling is an enrollment that waits to be confirmed.
type Enrolling struct {
	ID        string
	Method    string
	Challenge Challenge // what to show the user; never to be had again
	Expires   time.Time
	ResendAt  time.Time
	Activated *Activated // not nil: it needs no confirmation
}

// Activated is the outcome of a confirmed enrolment.
type Activated struct {
	Enrollment    Enrollment
	RecoveryCodes []string // to be shown once; nil unless this is the first enrollment that reaches AAL2
	Flow          *Flow    // how the flow went on, where one asked to enrol

	// Authentication is the session's evidence, renewed: without the proofs of
	// what was replaced. The zero value where a flow asked to enrol.
	Authentication Authentication
}

// A Reset ends a user's multi-factor authentication on behalf of somebody else.
type Reset struct {
	User   User   // whose; the addresses are told
	Actor  string // who did it, as the host knows them
	Reason string // for the audit; at most 256 characters
	Client Client // the actor's
}
