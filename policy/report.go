package policy

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mfakit/mfa"
)

// A Report is what a [Preview] has found. Its names of phases, cohorts and users
// come from outside: what writes it out has to escape them, as
// [Report.WriteCSV] and [Report.WriteHTML] do. It is a plain value, safe for
// any number of readers.
type Report struct {
	Title    string     // PreviewConfig.Title
	Users    int        // whom the sequence had, those that failed included
	Times    []Forecast // the earliest first; at least one
	Failures []Failure  // some of those who could not be looked at
}

// A Forecast is what the policy means at one time.
type Forecast struct {
	At    time.Time
	Total Counts

	// Phases are the rules that decided, by mfa.Decision.Phase. Each user is in one of
	// them, but those who failed. In the order of their names.
	Phases []Group

	// Cohorts are what PreviewConfig.Groups says. A user may be in several of them, or
	// in none. In the order of their names.
	Cohorts []Group

	// LockedOut are some of those who would be locked out.
	LockedOut []LockedOut
}

// A Group is the users who have a phase or a cohort in common. Names are cut
// at 128 bytes, and control characters in them replaced.
type Group struct {
	Name string

	// More says that this is all groups beyond the first 200, in one; Name is empty.
	// A policy that has so many makes up names for users.
	More bool

	Counts
}

// Counts say what sign-ins by password, from browsers that are not known, would
// meet. Users is the sum of the next eight: each user is in exactly one of them.
type Counts struct {
	Users int

	Passed         int // people who are let in and not asked for anything
	Exempt         int // service accounts that are let in
	Asked          int // people who are asked for a proof that they can give, and for nothing more
	MayPutOff      int // people who are led to enrol, and may put it off
	MustEnroll     int // people who must enrol to get in, and can
	DeniedServices int // service accounts that are not let in
	LockedOut      int // people who would not get in, whatever they did
	Failed         int // nothing is known of them: something went wrong

	// Why people are locked out; the sum of these is LockedOut.
	Unreachable int // must enrol, and there is no method that they could
	Disabled    int // what they have is disabled after too many failures
	NoMethod    int // nothing that they may use would be enough
	Other       int // anything else
}

// Why somebody is locked out, in [LockedOut].Reason; other reasons are the engine's.
const (
	ReasonUnreachable = "unreachable"      // must enrol, and there is no method that they could
	ReasonDisabled    = mfa.ReasonDisabled // what they have is disabled after too many failures
	ReasonNoMethod    = mfa.ReasonNoMethod // nothing that they may use would be enough
)

// LockedOut is somebody who would be locked out.
type LockedOut struct {
	User   string // the ID
	Phase  string // the rule that decided
	Reason string // ReasonUnreachable or its like
}

// A Failure is a user who could not be looked at.
type Failure struct {
	User string // the ID; empty if the sequence did not have it
	Err  error
}

// An outcome is what a user's sign-in comes to, as an index of outcomes.
type outcome int

const (
	passed outcome = iota
	exempt
	asked
	mayPutOff
	mustEnroll
	deniedService
	lockedOut
	failed
)

// outcomes describe the counters, in the order in which they are shown.
var outcomes = []struct {
	column string // in CSV
	label  string
	of     func(*Counts) *int
}{
	passed:        {"passed", "Let in, not asked", func(c *Counts) *int { return &c.Passed }},
	exempt:        {"exempt", "Service accounts let in", func(c *Counts) *int { return &c.Exempt }},
	asked:         {"asked", "Asked for a proof", func(c *Counts) *int { return &c.Asked }},
	mayPutOff:     {"may_put_off", "May put off enrolling", func(c *Counts) *int { return &c.MayPutOff }},
	mustEnroll:    {"must_enroll", "Must enrol", func(c *Counts) *int { return &c.MustEnroll }},
	deniedService: {"denied_services", "Service accounts denied", func(c *Counts) *int { return &c.DeniedServices }},
	lockedOut:     {"locked_out", "Locked out", func(c *Counts) *int { return &c.LockedOut }},
	failed:        {"failed", "Not known: errors", func(c *Counts) *int { return &c.Failed }},
}

// reasons describe why people are locked out.
var reasons = []struct {
	reason string // any other one, where it is empty
	column string
	label  string
	of     func(*Counts) *int
}{
	{ReasonUnreachable, "unreachable", "No method to enrol", func(c *Counts) *int { return &c.Unreachable }},
	{ReasonDisabled, "disabled", "Disabled", func(c *Counts) *int { return &c.Disabled }},
	{ReasonNoMethod, "no_method", "No method is enough", func(c *Counts) *int { return &c.NoMethod }},
	{"", "other", "Other", func(c *Counts) *int { return &c.Other }},
}

// add counts one user more; reason is that of lockedOut.
func (c *Counts) add(o outcome, reason string) {
	c.Users++
	*outcomes[o].of(c)++
	if o != lockedOut {
		return
	}
	for _, r := range reasons {
		if r.reason == reason || r.reason == "" {
			*r.of(c)++
			return
		}
	}
}

// outcomeOf says what a sign-in comes to, and why, if somebody is locked out. The
// outlook's status is one of the four that there are.
func outcomeOf(u mfa.User, o mfa.Outlook) (outcome, string) {
	enrol := o.Enroll || o.Status == mfa.StatusEnroll
	switch {
	case u.Kind == mfa.Service && o.Status == mfa.StatusPassed:
		return exempt, ""
	case u.Kind == mfa.Service:
		return deniedService, ""
	case o.Status == mfa.StatusDenied:
		return lockedOut, o.Reason
	case enrol && !o.MaySkip && len(o.Reachable) == 0:
		return lockedOut, ReasonUnreachable
	case enrol && o.MaySkip:
		return mayPutOff, ""
	case enrol:
		return mustEnroll, ""
	case o.Status == mfa.StatusChallenge:
		return asked, ""
	}
	return passed, ""
}

const (
	maxGroups     = 200 // of phases, and of cohorts: more would be a counter per user
	maxGroupBytes = 128
	maxIDBytes    = 256 // of a user's ID; mfa.User has the same bound
	maxErrorBytes = 200
)

// clean is s for people to read: valid, on one line, at most so many bytes.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(clip(s, most), string(unicode.ReplacementChar)))
	return clip(s, most)
}

// clip cuts s where a character begins.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return strings.Clone(s[:most]) // a row of a database may be kept alive by a part of it
}

// cleanAll are names for people to read, each once.
func cleanAll(names []string) []string {
	var out []string
	for _, n := range names {
		if n = clean(n, maxGroupBytes); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
