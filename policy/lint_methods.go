package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

func durationOf(days int) time.Duration { return time.Duration(days) * day }

// mode is the mode as Decide takes it.
func (r *Rules) mode() Mode {
	if !slices.Contains(modes, r.Mode) {
		return Required
	}
	return r.Mode
}

// offered are the methods that somebody can come to have by the rules, recovery
// codes aside.
func (l *linter) offered(r *Rules) []mfa.Method {
	var names []string
	for _, m := range l.methods {
		if !m.Recovery && r.allows(m.Name) {
			names = append(names, m.Name)
		}
	}
	names = r.obtainable(names)
	return slices.DeleteFunc(slices.Clone(l.methods), func(m mfa.Method) bool { return !slices.Contains(names, m.Name) })
}

// unable finds what nobody can satisfy, and what can be satisfied by weak methods
// alone.
func (l *linter) unable(s scope) {
	r := s.rules
	offered := l.offered(&r)
	some := func(f func(mfa.Method) bool) bool { return slices.ContainsFunc(offered, f) }
	if len(offered) == 0 {
		if !l.wrong(s.name(), "methods") && !l.wrong(s.name(), "forbidden") && !l.wrong(s.name(), "not_first") && !l.wrong(s.name(), "prerequisites") {
			l.add(SeverityError, s.name(), "methods", "nobody can enrol anything")
		}
		return
	}
	phishing := some(func(m mfa.Method) bool { return m.PhishingResistant })
	switch {
	case r.AAL >= mfa.AAL3 && !some(func(m mfa.Method) bool { return m.PhishingResistant && m.DeviceBound }):
		l.add(SeverityError, s.name(), "aal", "nobody can reach level 3: no method that can be had proves that its keys cannot leave their authenticator")
	case r.AAL >= mfa.AAL2 && !some(func(m mfa.Method) bool { return m.Kind == mfa.Have }):
		l.add(SeverityError, s.name(), "aal", "nobody can reach level 2: %s is no second kind of proof beside a password", namesOf(offered))
	case r.AAL >= mfa.AAL2 && !phishing:
		// NIST SP 800-63B-4 section 2.2.2.
		l.add(SeverityNote, s.name(), "aal", "level 2 has one method at least offered that resists phishing, and here there is none")
	}
	if r.PhishingResistant && !phishing {
		l.add(SeverityError, s.name(), "phishing_resistant", "nobody can satisfy this: no method that can be had resists phishing")
	}
	if !some(func(m mfa.Method) bool { return !m.Restricted }) && !l.wrong(s.name(), "methods") {
		severity := SeverityError
		if l.policy.AcceptRestricted {
			severity = SeverityWarning
		}
		l.add(severity, s.name(), "methods", "nothing but %s, over the telephone network", namesOf(offered))
	}
	if r.AtLeast > len(offered) && r.mode() == Required {
		l.add(SeverityWarning, s.name(), "at_least", "%d, and there are %d methods to have (%s): nobody gets in without several of one", r.AtLeast, len(offered), namesOf(offered))
	}
}

// lists finds lists that do not go together.
func (l *linter) lists(s scope) {
	r := s.rules
	for _, list := range []struct {
		member  string
		methods []string
		none    string
	}{
		{"suggested", r.Suggested, "is suggested"},
		{"implicit", r.Implicit, "counts as enrolled"},
	} {
		for _, m := range list.methods {
			if !r.allows(m) {
				l.add(SeverityWarning, s.name(), list.member, "%s %s, and may not be used", m, list.none)
			}
		}
	}
	for _, m := range r.Suggested {
		if l.recovery(m) {
			l.add(SeverityWarning, s.name(), "suggested", "%s stands in for a lost factor, and is not chosen", m)
		}
	}
	for _, m := range r.Methods {
		if slices.Contains(r.Forbidden, m) {
			l.add(SeverityWarning, s.name(), "forbidden", "%s is among the methods too, and cannot be used", m)
		}
	}
	for _, m := range r.FirstEnrollment.Methods {
		if slices.Contains(r.Forbidden, m) {
			l.add(SeverityError, s.name(), "first_enrollment.methods", "%s is forbidden, so that nobody can prove it", m)
		}
	}
	l.prerequisites(s)
}

func (l *linter) recovery(name string) bool {
	return slices.ContainsFunc(l.methods, func(m mfa.Method) bool { return m.Name == name && m.Recovery })
}

func (l *linter) prerequisites(s scope) {
	r := s.rules
	offered := l.offered(&r)
	has := func(name string) bool {
		return slices.ContainsFunc(offered, func(m mfa.Method) bool { return m.Name == name })
	}
	for _, name := range slices.Sorted(maps.Keys(r.Prerequisites)) {
		before := r.Prerequisites[name]
		member := named("prerequisites", name)
		barred := slices.DeleteFunc(slices.Clone(before), r.allows)
		switch {
		case !r.allows(name):
			l.add(SeverityWarning, s.name(), member, "may not be enrolled at all")
		case !has(name) && len(barred) == len(before):
			l.add(SeverityError, s.name(), member, "can never be enrolled: %s may not be used", strings.Join(barred, ", "))
		case !has(name):
			l.add(SeverityError, s.name(), member, "can never be enrolled: what has to come before it comes after it")
		case len(barred) > 0:
			l.add(SeverityWarning, s.name(), member, "%s may not be used", strings.Join(barred, ", "))
		}
	}
}

// without finds what is not asked of people who have nothing yet.
func (l *linter) without(s scope) {
	if len(s.rules.FirstEnrollment.Methods) > 0 {
		return
	}
	if slices.ContainsFunc(l.methods, func(m mfa.Method) bool { return m.Channel == mfa.ChannelEmail }) {
		l.add(SeverityNote, "", "first_enrollment", "whoever has the password of an account without a second proof can enrol one of their own; a code to the address on file prevents it")
	}
}

func namesOf(methods []mfa.Method) string {
	var out []string
	for _, m := range methods {
		out = append(out, m.Name)
	}
	return strings.Join(out, ", ")
}
