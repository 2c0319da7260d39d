package policy

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// recovery is the name of recovery codes. They stand in for a lost factor, so
// they go with whatever methods are allowed.
const recovery = "recovery"

var _ mfa.Policy = (*Policy)(nil)

// Decide says what the policy asks of s. It keeps nothing and reads no clock.
func (p *Policy) Decide(s mfa.Subject) mfa.Decision {
	if s.User.Kind == mfa.Service {
		return p.service(s)
	}
	phase, r := p.rules(&s)
	d := mfa.Decision{
		Phase:                   phase,
		DenySevere:              r.DenySevere,
		Nudge:                   r.Nudge,
		Remember:                r.remember(),
		Methods:                 withRecovery(r.Methods),
		Suggested:               slices.Clone(r.Suggested),
		Forbidden:               slices.Clone(r.Forbidden),
		Implicit:                slices.Clone(r.Implicit),
		NotFirst:                slices.Clone(r.NotFirst),
		Prerequisites:           copied(r.Prerequisites),
		Change:                  r.Changes.require(&s),
		FirstEnrollment:         mfa.Requirement{Methods: slices.Clone(r.FirstEnrollment.Methods)},
		InsecurePasswordChanges: r.Changes.InsecurePasswordAlone,
		DelayedReset:            r.DelayedReset,
		SessionLifetime:         r.SessionLifetime,
		Support:                 p.Support,
	}
	switch r.Mode {
	case Off:
		d.Closed, d.Nudge, d.Remember, d.InsecureIgnoreRisk = true, 0, mfa.Remember{}, true
	case Offer:
		if s.Enrolled() {
			d.Require = r.require()
		}
	case Adaptive:
		d.Require = r.adapt(&s)
	default:
		d.Require, d.Grace, d.AtLeast = r.require(), r.Grace.at(&s), r.AtLeast
	}
	return d
}

// rules are those that hold for s, and the phase that they are of; its name is
// empty where they are the base.
func (p *Policy) rules(s *mfa.Subject) (phase string, r Rules) {
	if len(p.Phases) == 0 {
		return "", p.Rules
	}
	who := personOf(&s.User)
	for i := len(p.Phases) - 1; i >= 0; i-- {
		if ph := &p.Phases[i]; ph.takes(p, s, who) {
			return ph.Name, p.Rules.overriddenBy(&ph.Rules)
		}
	}
	return "", p.Rules
}

// service decides on a program: it is exempt, or it is denied. Should that be
// overlooked, it is asked for what it does not have and cannot get.
func (p *Policy) service(s mfa.Subject) mfa.Decision {
	if p.Services.have(s.Client.IP) || p.ExemptService != nil && p.ExemptService(s) {
		return mfa.Decision{Exempt: true, Closed: true, Support: p.Support}
	}
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Closed: true, Support: p.Support}
}

// have says whether an address is in one of the networks. A network of all
// addresses, which Validate refuses, would exempt whoever has the password.
func (v Services) have(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(v.Networks, func(n netip.Prefix) bool { return n.Bits() > 0 && n.Contains(ip) })
}

// overriddenBy is r with what o sets.
func (r Rules) overriddenBy(o *Rules) Rules {
	set(&r.Mode, o.Mode)
	setList(&r.Methods, o.Methods)
	setList(&r.Suggested, o.Suggested)
	setList(&r.Forbidden, o.Forbidden)
	setList(&r.Implicit, o.Implicit)
	setList(&r.NotFirst, o.NotFirst)
	if len(o.Prerequisites) > 0 {
		r.Prerequisites = o.Prerequisites
	}
	set(&r.AAL, o.AAL)
	set(&r.PhishingResistant, o.PhishingResistant)
	set(&r.DenySevere, o.DenySevere)
	set(&r.AtLeast, o.AtLeast)
	set(&r.Nudge, o.Nudge)
	set(&r.Grace, o.Grace)
	set(&r.Remember, o.Remember)
	if o.Changes.set() {
		r.Changes = o.Changes
	}
	setList(&r.FirstEnrollment.Methods, o.FirstEnrollment.Methods)
	set(&r.DelayedReset, o.DelayedReset)
	set(&r.SessionLifetime, o.SessionLifetime)
	return r
}

func set[T comparable](to *T, v T) {
	var zero T
	if v != zero {
		*to = v
	}
}

func setList(to *[]string, v []string) {
	if len(v) > 0 {
		*to = v
	}
}

func (c Changes) set() bool {
	return c.Password || len(c.Methods) > 0 || c.MaxAge != 0 || c.InsecurePasswordAlone
}

// require is what those are asked for who are asked.
func (r *Rules) require() mfa.Requirement {
	return mfa.Requirement{SecondFactor: true, AAL: r.AAL, PhishingResistant: r.PhishingResistant}
}

// special says whether the rules ask for more than some second proof.
func (r *Rules) special() bool { return r.AAL > mfa.AAL1 || r.PhishingResistant }

// adapt asks whoever can give a second proof, but for a known browser, unless the
// risk asks: it takes the place of a question, and never of an assurance level. Who
// has no more than an address is asked for that and not for the level, which would
// make them enrol. Who has nothing is not asked at any risk: a stranger who has the
// password would be asked to enrol, and that is what a stranger wants.
func (r *Rules) adapt(s *mfa.Subject) mfa.Requirement {
	switch {
	case s.Known && !s.Risk.Asks() && !r.special():
		return mfa.Requirement{}
	case s.Enrolled():
		return r.require()
	case slices.ContainsFunc(r.Implicit, func(m string) bool { return r.allows(m) && hasImplicit(s, m) }):
		return mfa.Requirement{SecondFactor: true}
	}
	return mfa.Requirement{}
}

func (r *Rules) allows(method string) bool {
	return (len(r.Methods) == 0 || slices.Contains(r.Methods, method)) && !slices.Contains(r.Forbidden, method)
}

// hasImplicit says whether a method counts as enrolled without having been set
// up: the address, if it is verified now; another, if the engine has said so.
func hasImplicit(s *mfa.Subject, method string) bool {
	if method == "email" {
		// Whoever has come in by the mailbox proves nothing more by it.
		return s.User.Email != "" && s.User.EmailVerified && s.First != mfa.EmailLink && s.First != mfa.EmailReset
	}
	return slices.ContainsFunc(s.Enrollments, func(e mfa.Enrollment) bool { return e.Implicit && e.Method == method })
}

// at is the grace that is left to s.
func (g Grace) at(s *mfa.Subject) mfa.Grace {
	if g == (Grace{}) {
		return mfa.Grace{}
	}
	out := mfa.Grace{Skip: true, Until: g.Until}
	if g.For != 0 {
		asked := s.FirstAsked
		if asked.IsZero() || asked.After(s.Now) {
			asked = s.Now
		}
		if end := asked.Add(g.For); out.Until.IsZero() || end.Before(out.Until) {
			out.Until = end
		}
	}
	if g.Skips != 0 {
		out.Left = g.Skips - s.Skips
	}
	if !out.Until.IsZero() && !s.Now.Before(out.Until) || g.Skips != 0 && out.Left <= 0 {
		return mfa.Grace{}
	}
	return out
}

func (r *Rules) remember() mfa.Remember {
	days := r.Remember.Days
	if days <= 0 || r.special() {
		return mfa.Remember{}
	}
	if !r.Remember.InsecureLong {
		days = min(days, maxDays)
	}
	return mfa.Remember{
		For:          time.Duration(days) * day,
		Idle:         r.Remember.Idle,
		Session:      r.Remember.Session,
		InsecureLong: r.Remember.InsecureLong,
	}
}

func (c *Changes) require(s *mfa.Subject) mfa.Requirement {
	r := mfa.Requirement{Password: c.Password, MaxAge: c.MaxAge}
	if slices.ContainsFunc(s.Enrollments, func(e mfa.Enrollment) bool { return slices.Contains(c.Methods, e.Method) }) {
		r.Methods = withRecovery(c.Methods)
	}
	return r
}

// withRecovery is a copy of methods that ends with recovery codes, unless it
// has them. No methods stay none, which means all.
func withRecovery(methods []string) []string {
	if len(methods) == 0 {
		return nil
	}
	out := append(make([]string, 0, len(methods)+1), methods...)
	if !slices.Contains(out, recovery) {
		out = append(out, recovery)
	}
	return out
}

// copied is m with lists of its own, which share one array: a decision is made at
// every sign-in.
func copied(m map[string][]string) map[string][]string {
	if len(m) == 0 {
		return nil
	}
	n := 0
	for _, list := range m {
		n += len(list)
	}
	all, out := make([]string, 0, n), make(map[string][]string, len(m))
	for name, list := range m {
		begin := len(all)
		all = append(all, list...)
		out[name] = all[begin:len(all):len(all)]
	}
	return out
}
