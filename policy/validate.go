package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

const (
	maxMethods  = 16                   // in one list
	maxName     = 32                   // bytes of a method's name
	minDuration = time.Minute          // shorter ones lock people out
	maxDuration = 366 * 24 * time.Hour // longer ones are slips of the pen
)

// Validate says what is wrong with the policy for an engine that has the known
// methods (the names of [mfa.Config].Factors), and names the member. What
// [Parse] has returned can only fail it for a method that is not known, and for
// what the methods together leave: none that may be the first, or nothing but text
// messages without AcceptRestricted.
func (p *Policy) Validate(known []string) error {
	return errors.Join(
		named("mode", checkMode(p.Mode)),
		named("methods", checkAllowed(p.Methods), checkKnown(p.Methods, known), p.checkRestricted(known)),
		named("implicit", checkMethods(p.Implicit), checkKnown(p.Implicit, known)),
		named("not_first", checkMethods(p.NotFirst), checkKnown(p.NotFirst, known), p.checkFirst(known)),
		named("aal", checkAAL(p.AAL)),
		named("changes: methods", checkMethods(p.Changes.Methods), checkKnown(p.Changes.Methods, known)),
		named("changes: max_age", checkDuration(p.Changes.MaxAge)),
		named("first_enrollment: methods", checkMethods(p.FirstEnrollment.Methods), checkKnown(p.FirstEnrollment.Methods, known)),
		named("session_lifetime", checkDuration(p.SessionLifetime)),
	)
}

// named is the first of the errors, with the member that it is about.
func named(member string, errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("policy: %s: %w", member, err)
		}
	}
	return nil
}

func checkMode(m Mode) error {
	if m != "" && m != Required && m != Offer {
		return fmt.Errorf("unknown mode %s; there are %q and %q", quote(string(m)), Offer, Required)
	}
	return nil
}

func checkAAL(a mfa.AAL) error {
	if a != 0 && a != mfa.AAL2 && a != mfa.AAL3 {
		return fmt.Errorf("level %d; there are 0 (any second proof), 2 and 3", a)
	}
	return nil
}

// checkAllowed checks the methods that may be enrolled.
func checkAllowed(methods []string) error {
	if len(methods) == 1 && methods[0] == recovery {
		return errors.New("recovery codes alone leave nothing to enrol")
	}
	return checkMethods(methods)
}

// checkRestricted makes sure that there is something else than text messages, or
// that somebody means it.
func (p *Policy) checkRestricted(known []string) error {
	texts, others := false, false
	for _, m := range p.may(known) {
		texts = texts || slices.Contains(restricted, m)
		others = others || m != recovery && !slices.Contains(restricted, m)
	}
	if p.AcceptRestricted || others || !texts {
		return nil
	}
	return errors.New("leave nothing but text messages, which can be taken over; add another, or set accept_restricted")
}

// may are the methods that users may have.
func (p *Policy) may(known []string) []string {
	if len(p.Methods) > 0 {
		return p.Methods
	}
	return known
}

// checkFirst makes sure that there is a method to begin with.
func (p *Policy) checkFirst(known []string) error {
	if len(p.NotFirst) > 0 && !slices.ContainsFunc(p.may(known), func(m string) bool { return m != recovery && !slices.Contains(p.NotFirst, m) }) {
		return errors.New("leaves no method that may be the first")
	}
	return nil
}

func checkMethods(methods []string) error {
	if len(methods) > maxMethods {
		return fmt.Errorf("more than %d methods", maxMethods)
	}
	for i, m := range methods {
		if !isName(m) {
			return fmt.Errorf("%s is not the name of a method: a lower case letter, then those, digits and underscores", quote(m))
		}
		if slices.Contains(methods[:i], m) {
			return fmt.Errorf("%q is listed twice", m)
		}
	}
	return nil
}

func checkKnown(methods, known []string) error {
	for _, m := range methods {
		if !slices.Contains(known, m) {
			return fmt.Errorf("%q is not configured; there are %s", m, strings.Join(known, ", "))
		}
	}
	return nil
}

// checkDuration takes 0 as not set.
func checkDuration(d time.Duration) error {
	if d != 0 && (d < minDuration || d > maxDuration) {
		return fmt.Errorf("%v is not between 1m and 8784h", d)
	}
	return nil
}

// isName says whether s could be the name of a method; see mfa.Method.
func isName(s string) bool {
	const first, rest = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789_"
	return s != "" && len(s) <= maxName && strings.Contains(first, s[:1]) && strings.Trim(s, rest) == ""
}

// quote is s for a message, cut where it is long.
func quote(s string) string { return fmt.Sprintf("%.40q", s) }
