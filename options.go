package mfa

import (
	"cmp"
	"slices"
	"time"
)

// A candidate is one way in which a user could prove something more.
type candidate struct {
	id      string
	factor  Factor
	method  Method
	covered []*enrollment
}

// candidates are the user's usable enrollments, grouped as their methods say,
// in the policy's order, the most recently used first and recovery codes last.
func (e *Engine) candidates(st *state, body *flowBody) []candidate {
	out := make([]candidate, 0, len(st.enrolled))
	var last []candidate
	for _, i := range e.allowed(body.Choice) {
		m := e.methods[i]
		if m.Channel != "" && m.Channel == body.Channel {
			continue // the first factor came that way already
		}
		if m.Name == methodBypass && body.Purpose != SigningIn {
			continue // it lets in, and approves nothing
		}
		covered := st.usable(m, scope(e.factors[i], body.Client), body.Implicit)
		into := &out
		if m.Recovery {
			into = &last
		}
		if m.Together && len(covered) > 0 {
			*into = append(*into, candidate{m.Name, e.factors[i], m, covered})
			continue
		}
		for at, r := range covered {
			*into = append(*into, candidate{r.ID, e.factors[i], m, covered[at : at+1 : at+1]})
		}
	}
	return append(out, last...)
}

// usable are a method's enrollments that can be used in this place, the most
// recently used first.
func (st *state) usable(m Method, scope string, implicit []string) []*enrollment {
	var out []*enrollment
	for i := range st.enrolled {
		r := &st.enrolled[i]
		if r.Method == m.Name && !r.Disabled && !r.over(st.now) && (!r.Implicit || slices.Contains(implicit, m.Name)) && (r.Scope == "" || r.Scope == scope) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *enrollment) int { return cmp.Compare(b.Used, a.Used) })
	return out
}

// scope is where a client is, for a factor whose enrollments are each good in one place.
func scope(f Factor, c Client) string {
	if s, ok := f.(Scoper); ok {
		return s.Scope(c)
	}
	return ""
}

// choice is what a policy says of methods.
type choice struct {
	Methods       []string            `cbor:"1,keyasint,omitempty"`
	Suggested     []string            `cbor:"2,keyasint,omitempty"`
	Forbidden     []string            `cbor:"3,keyasint,omitempty"`
	NotFirst      []string            `cbor:"4,keyasint,omitempty"`
	Prerequisites map[string][]string `cbor:"5,keyasint,omitempty"`
	Closed        bool                `cbor:"6,keyasint,omitempty"`
}

func (d Decision) choice() choice {
	return choice{d.Methods, d.Suggested, d.Forbidden, d.NotFirst, d.Prerequisites, d.Closed}
}

// allows says whether a proof by this method counts.
func (c choice) allows(method string) bool {
	return method == methodBypass || !slices.Contains(c.Forbidden, method) && (len(c.Methods) == 0 || slices.Contains(c.Methods, method))
}

// allowed are the indexes of the factors that may be used, in the order in which to
// offer them.
func (e *Engine) allowed(c choice) []int {
	out := make([]int, 0, len(e.methods))
	add := func(name string) {
		i := e.factor(name)
		if i >= 0 && !slices.Contains(out, i) && !slices.Contains(c.Forbidden, name) && (len(c.Methods) == 0 || slices.Contains(c.Methods, name)) {
			out = append(out, i)
		}
	}
	for _, name := range c.Suggested {
		add(name)
	}
	for _, name := range c.Methods {
		add(name)
	}
	if len(c.Methods) == 0 {
		for i := range e.methods {
			add(e.methods[i].Name)
		}
	}
	if i := e.factor(methodBypass); !slices.Contains(out, i) {
		out = append(out, i) // support's to give, whatever the policy offers
	}
	return out
}

// proof is what an answer by this candidate would prove, at best.
func (c candidate) proof(now time.Time) Proof {
	p := c.method.proof(now)
	p.Enrollment = c.covered[0].ID
	p.DeviceBound = slices.ContainsFunc(c.covered, func(r *enrollment) bool { return r.Bound })
	return p
}

// needsUserVerification says whether the flow gets further by a proof of this
// candidate's only if its user is verified.
func (c candidate) needsUserVerification(r Requirement, proofs []Proof, now time.Time) bool {
	return c.method.PhishingResistant && onlyVerified(c.proof(now), r, proofs, now)
}

func onlyVerified(with Proof, r Requirement, proofs []Proof, now time.Time) bool {
	without := with
	without.UserVerified = false
	return len(r.missing(withProof(proofs, with), now)) < len(r.missing(withProof(proofs, without), now))
}

func (m Method) proof(now time.Time) Proof {
	return Proof{Method: m.Name, Kind: m.Kind, Time: now, UserVerified: m.PhishingResistant,
		PhishingResistant: m.PhishingResistant, Restricted: m.Restricted, DeviceBound: m.DeviceBound}
}

// withProof is proofs with p in the place of an older one of the same thing: of
// the host's first factor, or of an enrollment, which stays a first factor where
// it was one.
func withProof(proofs []Proof, p Proof) []Proof {
	var out []Proof
	for _, o := range proofs {
		switch {
		case p.Enrollment == "" && o.First && o.Enrollment == "":
		case p.Enrollment != "" && o.Method == p.Method && o.Enrollment == p.Enrollment:
			p.First = p.First || o.First
		default:
			out = append(out, o)
		}
	}
	return appendCapped(out, p, maxProofs)
}

// useful are the candidates with which the flow gets further: those that
// satisfy the requirement by themselves; where none does, those that all
// together would; and none where even all would not. It uses up the list of all.
func useful(r Requirement, proofs []Proof, all []candidate, now time.Time) []candidate {
	// One more proof never takes anything away, so an older one of the same thing may stay.
	with := append(make([]Proof, 0, len(proofs)+len(all)), proofs...)
	before := len(r.missing(with, now))
	after := func(c candidate) int { return len(r.missing(append(with[:len(proofs)], c.proof(now)), now)) }
	if slices.ContainsFunc(all, func(c candidate) bool { return after(c) == 0 }) {
		return slices.DeleteFunc(all, func(c candidate) bool { return after(c) > 0 })
	}
	for _, c := range all {
		with = append(with, c.proof(now))
	}
	if len(r.missing(with, now)) > 0 {
		return nil
	}
	return slices.DeleteFunc(all, func(c candidate) bool { return after(c) >= before })
}

// enrollable are the methods whose enrolment would get the flow further; where the
// requirement is met and only more enrollments are asked for, those that there may be.
func (e *Engine) enrollable(st *state, body *flowBody, proofs []Proof) []string {
	if len(st.enrolled) >= maxEnrollments {
		return nil
	}
	var out []string
	for _, name := range e.offered(st, body.Choice) {
		m := e.methods[e.factor(name)]
		if m.Channel != "" && m.Channel == body.Channel {
			continue
		}
		if len(body.Require.missing(append(slices.Clone(proofs), m.proof(st.now)), st.now)) == 0 {
			out = append(out, m.Name)
		}
	}
	return out
}

// offered are the methods that may be enrolled at all.
func (e *Engine) offered(st *state, c choice) []string {
	if c.Closed {
		return nil
	}
	var out []string
	for _, i := range e.allowed(c) {
		if m := e.methods[i]; !m.Recovery && st.grounded(c, m.Name) {
			out = append(out, m.Name)
		}
	}
	return out
}

// grounded says whether the user has the enrollment beside which alone one of this
// method is allowed.
func (st *state) grounded(c choice, method string) bool {
	if slices.Contains(c.NotFirst, method) && !st.hasAny(func(m string) bool { return !slices.Contains(c.NotFirst, m) }) {
		return false
	}
	before := c.Prerequisites[method]
	return len(before) == 0 || st.hasAny(func(m string) bool { return slices.Contains(before, m) })
}

// hasAny says whether the user has an enrollment of their own of such a method.
func (st *state) hasAny(of func(method string) bool) bool {
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.own() && of(r.Method) })
}

// alone says whether the user has an enrollment that was allowed only beside
// another, and not that other.
func (st *state) alone(c choice) bool {
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.own() && !st.grounded(c, r.Method) })
}

// options are what is shown of candidates.
func (e *Engine) options(st *state, body *flowBody, list []candidate) []Option {
	if len(list) == 0 {
		return nil
	}
	network := ""
	if !body.Known {
		network = e.network(body.Client)
	}
	out := make([]Option, 0, len(list))
	for _, c := range list {
		o := Option{ID: c.id, Method: c.method.Name, Label: c.covered[0].Label, Hint: c.covered[0].Hint}
		if len(c.covered) > 1 {
			o.Label, o.Hint = c.method.Label, ""
		}
		if asked := body.Asked[c.id]; asked.Message != "" && asked.live(st.now) != nil {
			o.Sent, o.Delivery = true, asked.Delivery
		}
		for i, r := range c.covered {
			if until := e.lockedUntil(st, c.method, r, body.Known, network); i == 0 || until.Before(o.LockedUntil) {
				o.LockedUntil = until
			}
		}
		out = append(out, o)
	}
	return out
}

// lockedUntil is when an answer by r is taken from this network, all limits counted; zero:
// now. The network counts for browsers that are not known.
func (e *Engine) lockedUntil(st *state, m Method, r *enrollment, known bool, network string) time.Time {
	until := st.locked(m, r, known)
	if m.Guessable && !known {
		if n := e.networkUntil(network, st.now); n.After(until) {
			until = n
		}
	}
	return until
}
