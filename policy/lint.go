package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
)

// A Finding is what [Lint] has to say.
type Finding struct {
	Severity Severity
	Where    string // the phase; empty: the policy as a whole, or its base
	Member   string // of the phase or the file, "grace.until"; empty: the whole
	Text     string
}

func (f Finding) String() string {
	out := string(f.Severity) + ": "
	if f.Where != "" {
		out += "phase " + quote(f.Where) + ": "
	}
	if f.Member != "" {
		out += f.Member + ": "
	}
	return out + f.Text
}

// A Severity says how much a [Finding] matters.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // it cannot do what it says, keeps people out, or takes back what it asked for
	SeverityWarning Severity = "warning" // it has no effect, or is weak
	SeverityNote    Severity = "note"    // worth knowing
)

// Lint tells what a policy says and cannot mean, for an engine that has the given
// methods ([mfa.Factor].Method of each): contradictions, phases that never decide,
// rules that nobody can satisfy or that have no effect, what is weak and what is
// called insecure. What [Policy.Validate] finds is among it. It reads no clock and
// knows no users: for who would be asked and who locked out see [Preview].
//
// Findings are in the order of the policy: the base, then its phases, then the
// cohorts. A phase is not told of again what it has from the base.
func Lint(p *Policy, methods []mfa.Method) []Finding {
	l := linter{policy: p, methods: methods}
	l.faults()
	l.scope(scope{rules: p.Rules, set: p.Rules})
	for i := range p.Phases {
		ph := &p.Phases[i]
		l.scope(scope{phase: ph, rules: p.Rules.overriddenBy(&ph.Rules), set: ph.Rules})
		l.order(i)
	}
	l.unused()
	l.cohorts()
	return l.found
}

type linter struct {
	policy  *Policy
	methods []mfa.Method
	found   []Finding
}

// A scope is the base or a phase.
type scope struct {
	phase *Phase // nil: the base
	rules Rules  // that hold in it
	set   Rules  // those that it sets itself
}

func (s scope) name() string {
	if s.phase == nil {
		return ""
	}
	return s.phase.Name
}

// add notes a finding, unless the base has it already.
func (l *linter) add(severity Severity, where, member, text string, args ...any) {
	f := Finding{severity, where, member, fmt.Sprintf(text, args...)}
	base := f
	base.Where = ""
	if !slices.Contains(l.found, base) {
		l.found = append(l.found, f)
	}
}

// wrong says whether something is wrong with a member already.
func (l *linter) wrong(where, member string) bool {
	return slices.ContainsFunc(l.found, func(f Finding) bool {
		return f.Severity == SeverityError && f.Member == member && (f.Where == where || f.Where == "")
	})
}

// faults are those of Validate.
func (l *linter) faults() {
	var known []string
	for _, m := range l.methods {
		known = append(known, m.Name)
	}
	for _, e := range l.policy.faults(known) {
		where, member := "", e.Member
		for i, ph := range l.policy.Phases {
			if rest, ok := strings.CutPrefix(member, index("phases", i)); ok {
				where, member = ph.Name, strings.TrimPrefix(rest, ".")
			}
		}
		l.add(SeverityError, where, member, "%v", e.Err)
	}
}

// scope looks at the rules that hold together.
func (l *linter) scope(s scope) {
	l.insecure(s)
	l.severe(s)
	l.idle(s)
	if s.rules.Mode == Off {
		l.add(SeverityNote, s.name(), "mode", "off: whoever has enrolled is not asked either, whatever the risk")
		return
	}
	l.unable(s)
	l.lists(s)
	l.without(s)
}

// insecure names what is called so.
func (l *linter) insecure(s scope) {
	if s.phase == nil && l.policy.AcceptRestricted {
		l.add(SeverityWarning, "", "accept_restricted", "text messages may be all that users have: numbers are taken over, and messages read on their way")
	}
	if s.set.Changes.InsecurePasswordAlone {
		l.add(SeverityWarning, s.name(), "changes.insecure_password_alone", "whoever has the password can remove every factor")
	}
	if s.set.Remember.InsecureLong {
		l.add(SeverityWarning, s.name(), "remember.insecure_long", "a browser is remembered for %d days, and more than %d are insecure", s.set.Remember.Days, maxDays)
	}
}

// severe looks at what is denied for its risk.
func (l *linter) severe(s scope) {
	if s.set.DenySevere && l.policy.Support == "" {
		l.add(SeverityWarning, s.name(), "deny_severe", "whoever is denied, owners too, is not told where to turn: there is no support")
	}
	if s.rules.DenySevere && s.rules.Mode == Off {
		l.add(SeverityNote, s.name(), "deny_severe", "in mode off too: nobody has to prove anything, and sign-ins of severe risk are denied")
	}
}

// idle finds what has no effect.
func (l *linter) idle(s scope) {
	r, set := s.rules, s.set
	required := r.mode() == Required
	if s.phase != nil && !required {
		if set.Grace != (Grace{}) {
			l.add(SeverityWarning, s.name(), "grace", "has no effect in mode %s: nobody has to enrol", r.mode())
		}
		if set.AtLeast > 1 {
			l.add(SeverityWarning, s.name(), "at_least", "has no effect in mode %s: nobody has to enrol", r.mode())
		}
	}
	if r.Remember != (Remember{}) && r.special() {
		l.add(SeverityWarning, s.name(), "remember", "has no effect: an assurance level and resistance to phishing are asked for in remembered browsers too")
	}
	if r.Remember.Idle >= durationOf(r.Remember.Days) && r.Remember.Days > 0 {
		l.add(SeverityWarning, s.name(), "remember.idle", "has no effect: it is not less than the days")
	}
	if r.Mode == Adaptive && r.special() {
		l.add(SeverityNote, s.name(), "mode", "adaptive: known browsers are asked all the same, for an assurance level or resistance to phishing")
	}
	if r.Nudge > 0 && r.Nudge <= r.AtLeast && required {
		l.add(SeverityNote, s.name(), "nudge", "has no effect: as many are demanded by at_least")
	}
	if s.phase != nil && required && !set.Grace.Until.IsZero() && !set.Grace.Until.After(s.phase.From) {
		l.add(SeverityWarning, s.name(), "grace.until", "has ended before the phase begins")
	}
}

// unused finds what the base says for nobody.
func (l *linter) unused() {
	base := l.policy.Rules
	inherited := func(set func(Rules) bool) bool {
		return base.mode() == Required || slices.ContainsFunc(l.policy.Phases, func(ph Phase) bool {
			r := base.overriddenBy(&ph.Rules)
			return r.mode() == Required && !set(ph.Rules)
		})
	}
	if base.Grace != (Grace{}) && !inherited(func(r Rules) bool { return r.Grace != (Grace{}) }) {
		l.add(SeverityWarning, "", "grace", "has no effect: nowhere does anybody have to enrol by it")
	}
	if base.AtLeast > 1 && !inherited(func(r Rules) bool { return r.AtLeast > 0 }) {
		l.add(SeverityWarning, "", "at_least", "has no effect: nowhere does anybody have to enrol by it")
	}
}
