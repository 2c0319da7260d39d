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
}

// Enrolled says whether the user has an enrollment of their own choosing, usable
// or disabled: recovery codes and addresses that were enrolled implicitly do not count.
func (s Subject) Enrolled() bool { return hasOwn(s.Enrollments) }

// A Decision is what a [Policy] says. The zero value lets anyone in on the
// first factor alone, for which [AskEnrolled] is the remedy.
type Decision struct {
	Require         Requirement   // what the sign-in's evidence must satisfy
	Methods         []string      // which methods may be used and enrolled, in the order to offer them; empty: all
	Implicit        []string      // methods by which an address that the host has verified counts as enrolled ("email")
	NotFirst        []string      // methods that may be enrolled only beside one that is not among these ("a security key only after an authenticator app")
	Change          Requirement   // what changes ask for, beyond the default
	FirstEnrollment Requirement   // what the first enrollment asks for, beyond Change: {Methods: ["email"]} asks for a code to the address on file
	SessionLifetime time.Duration // advice to the host; 0: none
}

// AskEnrolled is the decision of a nil policy: whoever has enrolled is asked
// for a second factor, nobody has to enrol.
func AskEnrolled(s Subject) Decision {
	return Decision{Require: Requirement{SecondFactor: s.Enrolled()}}
}

type askEnrolled struct{}

func (askEnrolled) Decide(s Subject) Decision { return AskEnrolled(s) }
