package mfa

import "time"

// A Policy decides what a sign-in must prove. Decide must be quick, must not
// store anything, and must give the same answer to the same subject; it is
// called again whenever processes race for a user.
type Policy interface {
	Decide(Subject) Decision
}

// A Subject is what a policy decides about.
type Subject struct {
	User        User
	Client      Client
	Enrollments []Enrollment // confirmed ones, disabled ones too
	Now         time.Time

	// First is how the first factor was proved, or the method of a passkey that was
	// one; empty where there is no sign-in. A mailed code is no second proof after
	// [EmailLink] or [EmailReset], nor a text after [SMSReset].
	First First

	// Known says that this user has passed a whole flow in this browser before, and
	// that nothing about the account's security has changed since. A familiar network
	// is never that.
	Known bool

	// Risk is what the scorer says of the sign-in; the zero value where there is none, or
	// what it says decides nothing. Whatever a policy makes of it, the engine raises
	// what is asked to what the level asks for.
	Risk Assessment

	Skips      int       // how often the user has put off enrolling; it never goes down
	FirstAsked time.Time // when the user was first asked to enrol; zero: not yet
}

// Enrolled says whether the user has an enrollment of their own choosing, usable
// or disabled: recovery codes and addresses that were enrolled implicitly do not count.
func (s Subject) Enrolled() bool { return hasOwn(s.Enrollments) }

// A Decision is what a [Policy] says. The zero value lets anyone in on the
// first factor alone, for which [AskEnrolled] is the remedy. What it says of
// enrolling holds for changes too.
type Decision struct {
	Phase  string // the name of the rule that decided, for previews and reports
	Exempt bool   // a service account may sign in by its first factor alone; without this it is denied

	Require  Requirement // what the sign-in's evidence must satisfy
	Grace    Grace       // whether a user who would have to enrol may put it off
	AtLeast  int         // how many enrollments of their own users must have who are asked to prove one; 0 and 1: as Require says
	Nudge    int         // how many they should have: Flow.Nudge says who has fewer; 0: nobody is nudged
	Remember Remember    // whether a browser may be remembered, so that it is not asked again for a while

	Methods       []string            // which methods may be used and enrolled, in the order to offer them; empty: all
	Suggested     []string            // of these, the ones to offer first, in this order
	Forbidden     []string            // methods that may be neither used nor enrolled, whatever Methods says
	Implicit      []string            // methods by which an address that the host has verified counts as enrolled ("email")
	NotFirst      []string            // methods that may be enrolled only beside one that is not among these ("a security key only after an authenticator app")
	Prerequisites map[string][]string // per method, those of which one has to be enrolled before it, and has to stay
	Closed        bool                // nothing may be enrolled now

	DenySevere bool // a sign-in of severe risk is denied, and told Support

	// InsecureIgnoreRisk leaves what is asked as it is, whatever the risk: for an app
	// that cannot ask its users anything. DenySevere stands.
	InsecureIgnoreRisk bool

	Change          Requirement // what changes ask for, beyond the default
	FirstEnrollment Requirement // what the first enrollment asks for, beyond Change: {Methods: ["email"]} asks for a code to the address on file

	// InsecurePasswordChanges lets a password that was checked within the last ten
	// minutes stand in for the factor that changes ask for otherwise. Then whoever
	// has the password can remove all factors (OWASP ASVS 5.0, 7.5.1).
	InsecurePasswordChanges bool

	DelayedReset    time.Duration // how long somebody who has the password alone must wait for a reset; 0: there is none; see Engine.RequestReset
	SessionLifetime time.Duration // advice to the host; 0: none
	Support         string        // for those who cannot go on: where to turn, in words or as an address; Flow.Support
}

// Grace lets users put off an enrolment that a policy requires. The zero value
// does not. It is the policy's to say for how long: nothing that a user does,
// signing in again least of all, makes it longer.
type Grace struct {
	Skip  bool      // the user may put it off now
	Left  int       // how often, this time included; 0: not counted
	Until time.Time // when it ends; zero: not by date
}

// Remember lets a browser be remembered in which somebody has passed a whole
// flow and asked for it: until it ends, a sign-in there that needs no more than
// some second proof (no assurance level, no method, no resistance to phishing)
// needs none. The evidence says so, and is the first factor's alone. The zero value
// remembers nothing, and a browser that was remembered is asked.
type Remember struct {
	For  time.Duration // at most 30 days, counted from the flow that passed, whatever happens later
	Idle time.Duration // and only while the browser comes back in less than this; 0: no such limit

	// Session lets the session of the sign-in that asks for it live as long as For:
	// Authentication.SessionLifetime.
	Session bool

	// InsecureLong takes more than 30 days.
	InsecureLong bool
}

// AskEnrolled is the decision of a nil policy: whoever has enrolled is asked
// for a second factor, nobody has to enrol.
func AskEnrolled(s Subject) Decision {
	return Decision{Require: Requirement{SecondFactor: s.Enrolled()}}
}

type askEnrolled struct{}

func (askEnrolled) Decide(s Subject) Decision { return AskEnrolled(s) }
