package policy

import (
	"errors"
	"fmt"
	"maps"
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

	maxPhases   = 64
	maxCohorts  = 256
	maxRefs     = 32 // cohorts and apps of a phase
	maxUsers    = 1000
	maxDomains  = 100
	maxAttrs    = 16
	maxValues   = 100 // of one attribute
	maxNetworks = 64
	maxText     = 64  // bytes of the name of a phase, a cohort, an app, an attribute
	maxValue    = 256 // bytes of an ID, a domain, an attribute's value
	maxSupport  = 500 // bytes

	maxEnrollments = 10 // that may be asked for; a user may have a few more
	maxSkips       = 100
	maxDays        = 30  // that a browser may be remembered, as everybody can tell what a month is
	maxLongDays    = 366 // by Remember.InsecureLong

	// A reset that takes less than a day is over before its victim has looked.
	minReset = 24 * time.Hour
	maxReset = 30 * 24 * time.Hour

	firstYear, lastYear = 1990, 2199 // of dates; others are slips of the pen
)

// Validate says what is wrong with the policy for an engine that has the known
// methods (the names of [mfa.Config].Factors): each fault is an [*Error], joined.
// What [Parse] has returned can only fail it for a method that is not known, for
// what the methods together leave (none, none that may be the first, or nothing
// but text messages without AcceptRestricted), and for a cohort without
// conditions, which waits for a Match.
func (p *Policy) Validate(known []string) error {
	var errs []error
	for _, e := range p.faults(known) {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// faults are all that is wrong with the policy for these methods.
func (p *Policy) faults(known []string) []*Error {
	c := checks{known: known, whole: true}
	c.policy(p)
	return c.found
}

// checks collects what is wrong.
type checks struct {
	path  string // what is being checked
	known []string
	whole bool // known is told, and so is Match
	found []*Error
}

// say notes the first of the errors.
func (c *checks) say(member string, errs ...error) {
	for _, err := range errs {
		if err != nil {
			c.found = append(c.found, &Error{Member: member, Err: err})
			return
		}
	}
}

// at is the path of a member of what is being checked.
func (c *checks) at(member string) string { return join(c.path, member) }

func (c *checks) within(path string, check func()) {
	outer := c.path
	c.path = path
	check()
	c.path = outer
}

func (c *checks) policy(p *Policy) {
	c.rules(&p.Rules)
	if c.whole {
		c.left(p, p.Rules)
	}
	if p.TimeZone != "" {
		_, err := location(p.TimeZone)
		c.say("time_zone", err)
	}
	c.phases(p)
	c.cohorts(p.Cohorts)
	c.networks(p.Services.Networks)
	if p.Support != "" {
		c.say("support", checkText(p.Support, maxSupport))
	}
}

// rules checks each rule by itself.
func (c *checks) rules(r *Rules) {
	c.say(c.at("mode"), checkMode(r.Mode))
	c.methods(c.at("methods"), r.Methods)
	if len(r.Methods) == 1 && r.Methods[0] == recovery {
		c.say(c.at("methods"), errors.New("recovery codes alone leave nothing to enrol"))
	}
	c.methods(c.at("suggested"), r.Suggested)
	c.methods(c.at("forbidden"), r.Forbidden)
	c.methods(c.at("implicit"), r.Implicit)
	c.methods(c.at("not_first"), r.NotFirst)
	c.prerequisites(r.Prerequisites)
	c.say(c.at("aal"), checkAAL(r.AAL))
	c.say(c.at("at_least"), checkNumber(r.AtLeast, maxEnrollments))
	c.say(c.at("nudge"), checkNumber(r.Nudge, maxEnrollments))
	c.say(c.at("grace.until"), checkDate(r.Grace.Until))
	c.say(c.at("grace.for"), checkDuration(r.Grace.For, minDuration, maxDuration))
	c.say(c.at("grace.skips"), checkNumber(r.Grace.Skips, maxSkips))
	c.remember(r.Remember)
	c.methods(c.at("changes.methods"), r.Changes.Methods)
	c.say(c.at("changes.max_age"), checkDuration(r.Changes.MaxAge, minDuration, maxDuration))
	if r.Changes.InsecurePasswordAlone && len(r.Changes.Methods) > 0 {
		c.say(c.at("changes.insecure_password_alone"), errors.New("says that a password is enough, and methods that it is not"))
	}
	c.methods(c.at("first_enrollment.methods"), r.FirstEnrollment.Methods)
	c.say(c.at("delayed_reset"), checkDuration(r.DelayedReset, minReset, maxReset))
	c.say(c.at("session_lifetime"), checkDuration(r.SessionLifetime, minDuration, maxDuration))
}

func (c *checks) remember(r Remember) {
	most := maxDays
	if r.InsecureLong {
		most = maxLongDays
	}
	err := checkNumber(r.Days, most)
	if err != nil && r.Days > maxDays && !r.InsecureLong {
		err = fmt.Errorf("%w; more needs insecure_long", err)
	}
	c.say(c.at("remember.days"), err)
	c.say(c.at("remember.idle"), checkDuration(r.Idle, minDuration, maxDuration))
	if r.Days == 0 && r != (Remember{}) {
		c.say(c.at("remember"), errors.New("does not say for how many days"))
	}
}

func (c *checks) prerequisites(m map[string][]string) {
	if len(m) > maxMethods {
		c.say(c.at("prerequisites"), fmt.Errorf("more than %d methods", maxMethods))
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		path := named(c.at("prerequisites"), name)
		c.say(path, c.checkMethod(name))
		c.methods(path, m[name])
		if len(m[name]) == 0 {
			c.say(path, errors.New("an empty list; leave the member out instead"))
		}
		if slices.Contains(m[name], name) {
			c.say(path, errors.New("a method cannot come before itself"))
		}
	}
}

// methods checks a list of names of methods.
func (c *checks) methods(path string, list []string) {
	if len(list) > maxMethods {
		c.say(path, fmt.Errorf("more than %d methods", maxMethods))
	}
	for i, m := range list {
		c.say(index(path, i), c.checkMethod(m), checkTwice(list, i))
	}
}

func (c *checks) checkMethod(m string) error {
	if !isName(m) {
		return fmt.Errorf("%s is not the name of a method: a lower case letter, then those, digits and underscores", quote(m))
	}
	if c.whole && !slices.Contains(c.known, m) {
		return fmt.Errorf("%q is not configured; there are %s", m, strings.Join(c.known, ", "))
	}
	return nil
}

func checkTwice(list []string, i int) error {
	if slices.Contains(list[:i], list[i]) {
		return fmt.Errorf("%s is listed twice", quote(list[i]))
	}
	return nil
}

func checkMode(m Mode) error {
	if m != "" && !slices.Contains(modes, m) {
		return fmt.Errorf("unknown mode %s; there are off, offer, adaptive and required", quote(string(m)))
	}
	return nil
}

func checkAAL(a mfa.AAL) error {
	if a != 0 && a != mfa.AAL2 && a != mfa.AAL3 {
		return fmt.Errorf("level %d; there are 0 (any second proof), 2 and 3", a)
	}
	return nil
}

// checkNumber takes 0 as not set.
func checkNumber(n, most int) error {
	if n < 0 || n > most {
		return fmt.Errorf("%d is not between 1 and %d", n, most)
	}
	return nil
}

// checkDuration takes 0 as not set.
func checkDuration(d, least, most time.Duration) error {
	if d != 0 && (d < least || d > most) {
		return fmt.Errorf("%v is not between %s and %s", d, short(least), short(most))
	}
	return nil
}

// short is a duration of whole hours or minutes as a file would have it.
func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dm", d/time.Minute)
}

// checkDate takes the zero time as not set.
func checkDate(t time.Time) error {
	if y := t.UTC().Year(); !t.IsZero() && (y < firstYear || y > lastYear) {
		return fmt.Errorf("the year %d is not between %d and %d", y, firstYear, lastYear)
	}
	return nil
}

// isName says whether s could be the name of a method; see mfa.Method.
func isName(s string) bool {
	const first, rest = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789_"
	return s != "" && len(s) <= maxName && strings.Contains(first, s[:1]) && strings.Trim(s, rest) == ""
}
