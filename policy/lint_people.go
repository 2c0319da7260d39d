package policy

import (
	"slices"
	"time"
)

// order holds phase i against what comes before and after it.
func (l *linter) order(i int) {
	p, ph := l.policy, &l.policy.Phases[i]
	if why := l.empty(ph); why != "" {
		l.add(SeverityWarning, ph.Name, "", "never decides: %s", why)
		return
	}
	for j := i + 1; j < len(p.Phases); j++ {
		if later := &p.Phases[j]; !later.From.After(ph.From) && l.covers(later, ph) {
			l.add(SeverityWarning, ph.Name, "", "never decides: phase %s comes later in the list, begins no later, and is for all of its users", quote(later.Name))
			return
		}
	}
	mode := func(r *Rules) Mode { o := p.Rules.overriddenBy(r); return o.mode() }
	falls := func(from Mode) bool { return slices.Index(modes, mode(&ph.Rules)) < slices.Index(modes, from) }
	for j := i - 1; j >= 0; j-- {
		earlier := &p.Phases[j]
		if !l.covers(ph, earlier) || earlier.From.After(ph.From) {
			continue
		}
		if falls(mode(&earlier.Rules)) {
			l.add(SeverityError, ph.Name, "mode", "%s takes back what phase %s asks of the same users: %s", mode(&ph.Rules), quote(earlier.Name), mode(&earlier.Rules))
			return
		}
	}
	switch {
	case !falls(p.Rules.mode()):
	case l.covers(ph, &Phase{}):
		l.add(SeverityError, ph.Name, "mode", "%s takes back what the base asks of everybody: %s", mode(&ph.Rules), p.Rules.mode())
	default:
		l.add(SeverityNote, ph.Name, "mode", "%s asks less of some users than the base does: %s", mode(&ph.Rules), p.Rules.mode())
	}
}

// covers says whether a is for all users and sign-ins that b is for. Shares of
// two names have nothing to do with each other.
func (l *linter) covers(a, b *Phase) bool {
	within := func(outer, inner []string) bool {
		return len(outer) == 0 || len(inner) > 0 && !slices.ContainsFunc(inner, func(s string) bool { return !slices.Contains(outer, s) })
	}
	return a.Share.Percent() >= 100 && !b.CreatedFrom.Before(a.CreatedFrom) && within(a.Apps, b.Apps) && within(a.Cohorts, b.Cohorts)
}

// empty says why a phase is for nobody; empty: as far as can be seen it is for
// somebody.
func (l *linter) empty(ph *Phase) string {
	if ph.Share.Percent() <= 0 {
		return "its share is 0"
	}
	why := ""
	for _, name := range ph.Cohorts {
		c := l.policy.cohort(name)
		if c == nil {
			continue // Validate says so
		}
		switch {
		case c.nobody() != "":
			why = "its cohorts have nobody in them"
		case !before(ph.CreatedFrom, c.CreatedBefore):
			why = "its accounts are made after those of its cohorts"
		default:
			return ""
		}
	}
	return why
}

// before says whether an account can be made from one date on and before the other.
func before(from, end time.Time) bool { return end.IsZero() || from.Before(end) }

// nobody says why a cohort is empty; empty: as far as can be seen it is not.
func (c *Cohort) nobody() string {
	switch {
	case c.empty():
		return "it has no condition"
	case c.Share.Percent() <= 0:
		return "its share is 0"
	case !before(c.CreatedFrom, c.CreatedBefore):
		return "created_from is not before created_before"
	}
	return ""
}

// cohorts finds those that do nothing.
func (l *linter) cohorts() {
	for i := range l.policy.Cohorts {
		c, path := &l.policy.Cohorts[i], index("cohorts", i)
		if why := c.nobody(); why != "" && !c.empty() { // Validate says so of that
			l.add(SeverityWarning, "", path, "%s has nobody in it: %s", quote(c.Name), why)
		}
		if !slices.ContainsFunc(l.policy.Phases, func(ph Phase) bool { return slices.Contains(ph.Cohorts, c.Name) }) {
			l.add(SeverityNote, "", path, "no phase is for %s", quote(c.Name))
		}
	}
}
