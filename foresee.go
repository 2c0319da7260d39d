package mfa

import (
	"context"
	"slices"
	"time"
)

// An Outlook is what a sign-in by password, from a browser that is not known,
// would meet under some policy at some time.
type Outlook struct {
	At       time.Time
	Decision Decision
	Status   Status // StatusPassed, StatusChallenge, StatusEnroll or StatusDenied
	Reason   string // of StatusDenied
	Enrolled bool   // the user has an enrollment of their own choosing
	Enroll   bool   // the sign-in leads to an enrolment, at once or after a challenge
	MaySkip  bool   // which may be put off

	// Reachable are the methods that the user could enrol, with what is on file
	// alone: a number in a country that is served, an address that is verified. An
	// authenticator app and a key are always within reach. With Enroll only.
	Reachable []string
}

// LockedOut says that the user would not get in, whatever they did.
func (o Outlook) LockedOut() bool {
	return o.Status == StatusDenied || o.Enroll && !o.MaySkip && len(o.Reachable) == 0
}

// Foresee tells what a user's sign-ins would meet under a policy, which need not
// be the engine's own, at the times given, earliest first: whoever is first asked to
// enrol at one of them has a grace that counts from there. It changes nothing and
// sends nothing. One Load, however many times there are.
func (e *Engine) Foresee(ctx context.Context, u User, c Client, p Policy, at ...time.Time) ([]Outlook, error) {
	if err := u.check(); err != nil {
		return nil, err
	}
	now, err := e.look(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	f := foreseen{e: e, u: u, c: c.bounded(), now: now, reach: map[string]bool{}}
	f.c.DeviceToken = ""
	out := make([]Outlook, 0, len(at))
	for _, t := range at {
		o, err := f.at(ctx, p, t)
		if err != nil {
			return nil, err
		}
		if o.Enroll && now.head.FirstAsked == 0 {
			now.head.FirstAsked = t.Unix()
		}
		out = append(out, o)
	}
	return out, nil
}

// foreseen is one user about whom is asked.
type foreseen struct {
	e     *Engine
	u     User
	c     Client
	now   *state
	reach map[string]bool // per method, whether what is on file would do to enrol it
}

// at goes through a sign-in in memory.
func (f *foreseen) at(ctx context.Context, p Policy, t time.Time) (Outlook, error) {
	e := f.e
	st := &state{user: f.u.ID, version: f.now.version, now: t, head: f.now.head, enrolled: slices.Clone(f.now.enrolled)}
	for i := range st.decoded {
		st.decoded[i] = true
	}
	subject := st.subject(f.u, f.c)
	subject.First = Password
	d := p.Decide(subject).forKind(f.u.Kind)
	o := Outlook{At: t, Decision: d, Enrolled: st.hasOwn()}
	if f.u.Kind == Service {
		if o.Status = StatusPassed; !d.Exempt {
			o.Status, o.Reason = StatusDenied, ReasonService
		}
		return o, nil
	}
	b := &flowBody{Purpose: SigningIn, User: f.u, Client: f.c,
		Proofs: []Proof{{Method: string(Password), First: true, Kind: Know, Time: t}}}
	b.decided(d)
	st.addFlow(flow{Created: t.UnixMilli(), Expires: t.Add(flowLifetime).Unix()}, b)
	if err := e.enrollImplicit(ctx, st, f.u, f.c, slices.Concat(d.Implicit, d.FirstEnrollment.Methods)); err != nil {
		return Outlook{}, err
	}
	s := e.next(st)
	o.Status, o.Reason, o.Enroll, o.MaySkip = s.status, s.reason, s.enrolls, s.skip
	if !s.enrolls {
		return o, nil
	}
	for _, m := range e.enrollable(st, b, e.counted(st, b)) {
		if f.reaches(ctx, st, m) {
			o.Reachable = append(o.Reachable, m)
		}
	}
	return o, nil
}

// reaches says whether the user could enrol a method with what is on file. A factor
// has no effects of its own, so that it can be asked.
func (f *foreseen) reaches(ctx context.Context, st *state, method string) bool {
	known, asked := f.reach[method]
	if !asked {
		_, err := f.e.factors[f.e.factor(method)].Enroll(ctx, EnrollRequest{User: f.u, Client: f.c, ID: newID(), Existing: st.others(method), Now: st.now, Slow: f.e.slowOnce()})
		known = err == nil
		f.reach[method] = known
	}
	return known
}
