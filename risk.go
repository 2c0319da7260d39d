package mfa

import (
	"context"
	"time"
)

// A Scorer says how likely it is that a sign-in is not its user's. What it learns of a
// user is kept in the user's value, sealed with the rest: scoring and learning
// cost no read and no write of their own. It must be safe for concurrent use.
//
// Risk only ever raises what a policy asks for. A Scorer that fails, or takes
// longer than a second, leaves the sign-in at [RiskUnknown], which is asked; unless it
// has a method Watching(now time.Time) bool that says that it decides nothing yet.
type Scorer interface {
	// Score assesses a sign-in whose first factor was right, beside what was learned
	// of its user (nil: nothing yet). The observation, of at most 1 KiB, is kept
	// with the flow and comes back to Learn if the flow passes. It must have no
	// effect of its own: it is called again when processes race for a user.
	Score(ctx context.Context, a Attempt, history []byte) (said Assessment, observation []byte, err error)

	// Learn returns history, of at most 2 KiB, with an observation in it, under the
	// identifier of the activity by which Unlearn finds it; several may have the
	// same. Delta is for Count. It must have no effect of its own.
	Learn(history, observation []byte, activity string) (learned, delta []byte, err error)

	// Unlearn returns history without what was learned under an identifier. One
	// that is not there changes nothing.
	Unlearn(history []byte, activity string) (left, delta []byte, err error)

	// Count is called once for each delta whose history was saved: here a Scorer may
	// learn of all users together. It must be quick.
	Count(delta []byte)
}

// An Attempt is a sign-in as a [Scorer] sees it: its first factor was right.
type Attempt struct {
	User   User
	Client Client // without the device's token
	First  First
	Now    time.Time

	// Known says that the browser showed a token of a device in which this user has
	// passed a whole flow before, and nothing about the account has changed since.
	Known bool

	// How many wrong answers there were within the last hour: of this account; from
	// this network; and whether the whole system sees many more than usual. WrongPasswords
	// are those that the host has counted for the account: [SignIn.WrongPasswords].
	AccountFailures, NetworkFailures int
	SystemAlarm                      bool
	WrongPasswords                   int
}

// A RiskLevel says what a sign-in's risk asks for. The zero value: nobody has
// scored it, or the score decides nothing.
type RiskLevel string

// The levels. Each asks for what the one before it asks for, or more.
const (
	RiskLow      RiskLevel = "low"      // what the policy says
	RiskElevated RiskLevel = "elevated" // a second factor, if the user has one; a remembered browser stands for it
	RiskUnknown  RiskLevel = "unknown"  // it could not be assessed: a second factor, if the user has one, in a remembered browser too
	RiskHigh     RiskLevel = "high"     // one that resists phishing, if the user has one; no browser is remembered
	RiskSevere   RiskLevel = "severe"   // the same, or Decision.DenySevere
)

// An Assessment is what a [Scorer] says of a sign-in.
type Assessment struct {
	Level   RiskLevel    `json:"level"`
	Score   float64      `json:"score"`             // log-odds that it is not the user, natural logarithm; only its order means anything across versions
	Reasons []RiskReason `json:"reasons,omitempty"` // the strongest first; five are kept
	Place   string       `json:"-"`                 // where the address is, in words: Client.Place where the host does not say

	// Shadow says that it decides nothing: it is kept for the record, and the policy
	// does not see it.
	Shadow bool `json:"shadow,omitempty"`
}

// A RiskReason is one piece of evidence, for or against.
type RiskReason struct {
	Code   string  `json:"code"`            // stable: "new_country"
	Text   string  `json:"text"`            // what was seen, for people: "first time from Romania"
	Usual  string  `json:"usual,omitempty"` // what is usual: "you usually sign in from Norway"; for the user alone, never for whoever is signing in
	Weight float64 `json:"weight"`          // its part of the score; above 0 speaks against the user

	// With and UsualWith are what stands in Text and Usual: {"country": "RO"}. By them
	// package words says the same in other languages (risk.CODE, risk.CODE.usual). At
	// most four each are kept, of 64 bytes; UsualWith is for the user alone, as Usual is.
	With      map[string]string `json:"with,omitempty"`
	UsualWith map[string]string `json:"usual_with,omitempty"`
}

// String is the whole of it in one line.
func (r RiskReason) String() string {
	if r.Usual == "" {
		return r.Text
	}
	return r.Text + "; " + r.Usual
}
