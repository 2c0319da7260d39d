package mfa

import (
	"context"
	"slices"
)

// acting is a caller whose right to act has been checked.
type acting struct {
	user    User
	client  Client
	auth    Authentication // the session's; not with a flow
	flow    *flow          // the flow that asked to enrol; nil: a session
	methods []string       // what may be enrolled
	decided Decision       // for a session
	known   bool           // the request comes from a known device
	actor   string         // support, who acts for the user
	reason  string
}

func flowOf(a acting) []byte {
	if a.flow == nil {
		return nil
	}
	return a.flow.ID
}

// What a caller wants to do.
type want int

const (
	enrolling want = iota // begin an enrolment
	finishing             // go on with one: the evidence may be older by the time that it could wait, and must be enough for the account as it is now
	changing              // any other change
	holding               // have evidence that stands; whether it is enough is asked once it is known for what
)

// callerID says which user's value is concerned.
func (e *Engine) callerID(c Caller) (user string, flow []byte, err error) {
	if c.Actor != "" {
		if c.Authentication.User != "" || c.FlowToken != "" {
			return "", nil, ErrCaller
		}
		if len(c.Actor) > maxText || len(c.Reason) > maxText {
			return "", nil, badInput("caller: want an actor, and a reason, of at most %d bytes", maxText)
		}
		return c.User.ID, nil, c.User.check()
	}
	if c.Authentication.User != c.User.ID {
		return "", nil, ErrCaller
	}
	if c.User.ID != "" {
		if err := c.User.check(); err != nil {
			return "", nil, err
		}
	}
	if c.FlowToken != "" {
		if user, flow, err = e.parseFlowToken(c.FlowToken); err != nil {
			return "", nil, err
		}
		if c.User.ID != "" && c.User.ID != user {
			return "", nil, ErrCaller
		}
		return user, flow, nil
	}
	if c.User.ID == "" {
		return "", nil, ErrCaller
	}
	return c.User.ID, nil, nil
}

// authorize checks the caller's right: a flow that asked to enrol may enrol what
// it asked for and nothing else; a session needs evidence that is good enough.
func (e *Engine) authorize(st *state, c Caller, flowID []byte, w want) (acting, error) {
	if err := st.openAll(); err != nil {
		return acting{}, err
	}
	known, err := st.knownDevice(c.Client.DeviceToken)
	if err != nil {
		return acting{}, err
	}
	act := acting{user: c.User, client: c.Client.bounded(), auth: c.Authentication, known: known != nil}
	if c.Actor != "" {
		if w == changing {
			return acting{}, ErrCaller
		}
		act.actor, act.reason = cut(c.Actor, maxText), cut(c.Reason, maxText)
		act.decided = e.decide(st, act.user, act.client)
		act.methods = e.offered(st, act.decided.choice())
		return act, nil
	}
	if flowID != nil {
		err := st.findFlow(flowID)
		if err == nil && w != changing {
			if now := e.next(st); now.status == StatusEnroll {
				act.flow, act.user, act.methods, act.auth = st.current, st.body.User, now.methods, Authentication{}
				return act, nil
			}
		}
		if c.User.ID == "" {
			if err != nil {
				return acting{}, err
			}
			return acting{}, &RequirementError{Missing: []string{MissingSignIn}} // a pending sign-in manages nothing
		}
		st.current, st.body = nil, nil
	}
	proofs, err := st.evidence(c.Authentication, act.client)
	if err != nil {
		return acting{}, err
	}
	act.auth.Proofs = proofs
	act.decided = e.decide(st, act.user, act.client)
	act.methods = e.offered(st, act.decided.choice())
	return act, e.enough(st, act, w)
}

// enough refuses a session whose evidence is not good enough for what it wants.
func (e *Engine) enough(st *state, act acting, w want) error {
	if w == holding || act.flow != nil || act.actor != "" {
		return nil
	}
	r := e.changeRequirement(st, act.decided)
	if w != changing && !st.hasOwn() {
		r = r.And(act.decided.FirstEnrollment)
	}
	if w == finishing {
		r.MaxAge += pendingLifetime
	}
	if missing := r.missing(act.auth.Proofs, st.now); len(missing) > 0 {
		return &RequirementError{Require: r, Missing: missing}
	}
	return nil
}

// changeRequirement is what a change asks for: recent evidence of a factor
// where one is enrolled, and of one that is something the user has where one
// of those is (an address by mail is not enough to change a key); a recent
// password otherwise; and what the policy adds.
func (e *Engine) changeRequirement(st *state, d Decision) Requirement {
	r := Requirement{MaxAge: changeMaxAge} // the policy can only shorten it
	if !st.hasOwn() || d.InsecurePasswordChanges {
		r.Password = true
		return r.And(d.Change)
	}
	r.SecondFactor = true
	var have, less bool
	for i := range st.enrolled {
		one := &st.enrolled[i]
		if one.Method == methodBypass || one.Method == methodRecovery && one.Left == 0 {
			continue // nobody could prove it
		}
		if m := e.factor(one.Method); m >= 0 && e.methods[m].Kind == Have {
			have = true
		} else {
			less = true
		}
	}
	if have && less {
		for _, m := range e.methods {
			if m.Kind == Have {
				r.Methods = append(r.Methods, m.Name)
			}
		}
	}
	return r.And(d.Change)
}

// ChangeRequirement is what changes ask of this session now, for a host that
// wants to ask for it beforehand. One Load.
func (e *Engine) ChangeRequirement(ctx context.Context, c Caller) (Requirement, error) {
	user, _, err := e.callerID(c)
	if err != nil {
		return Requirement{}, err
	}
	st, err := e.look(ctx, user)
	if err != nil {
		return Requirement{}, err
	}
	d := e.decide(st, c.User, c.Client.bounded())
	r := e.changeRequirement(st, d)
	if !st.hasOwn() {
		r = r.And(d.FirstEnrollment) // the only change there is
	}
	return r, nil
}

// evidence are the proofs of a session that still hold. Evidence from before a
// reset or a removal, from another app, or from a future that was rolled back,
// is worth nothing; a proof by an enrollment that is gone or disabled neither.
func (st *state) evidence(a Authentication, c Client) ([]Proof, error) {
	if err := st.open(secEnrollments, &st.enrolled); err != nil {
		return nil, err
	}
	void := &RequirementError{Missing: []string{MissingSignIn}}
	if a.Action != nil {
		return nil, void // given for that action alone
	}
	if a.User != st.user || len(a.Proofs) > maxProofs || a.Generation < st.head.Floor || a.Generation > st.head.Generation {
		return nil, void
	}
	if a.App != "" && c.App != "" && a.App != c.App {
		return nil, void
	}
	proofs := st.standing(a.Proofs)
	if len(proofs) == 0 {
		return nil, void
	}
	return proofs, nil
}

// standing are the proofs whose enrollments are still there.
func (st *state) standing(proofs []Proof) []Proof {
	return slices.DeleteFunc(slices.Clone(proofs), st.gone)
}

// gone says whether a proof's enrollment is not there any more.
func (st *state) gone(p Proof) bool {
	if p.Enrollment == "" {
		return !p.First
	}
	r := st.enrollment(p.Enrollment)
	return r == nil || r.Disabled
}

// void ends the worth of all evidence that was given out before.
func (st *state) void() {
	st.rise()
	st.head.Floor = st.head.Generation
}

// rise marks a security change: what rests on the time before is asked again.
// Devices stay known, so that somebody else's failures do not shut their owner out.
func (st *state) rise() {
	st.head.Generation++
	st.head.DeviceFloor = st.head.Generation
	st.touch(secHead)
}

// renew is a session's evidence after a change that it made itself.
func (st *state) renew(a Authentication) Authentication {
	a.Proofs, a.Generation = st.standing(a.Proofs), st.head.Generation
	a.Time = newest(a.Proofs)
	return a
}

// Reauthenticated is a session's evidence with a first factor that the host has
// just checked again. Without a session's evidence, or for a first factor that
// is not known, it is returned as it was.
func (e *Engine) Reauthenticated(a Authentication, first First) Authentication {
	f, ok := firsts[first]
	if !ok || a.User == "" {
		return a
	}
	now := e.now().UTC()
	a.Proofs = withProof(a.Proofs, Proof{Method: string(first), First: true, Kind: f.kind, AMR: []string{f.amr}, Time: now})
	a.Time = now
	return a
}

// Satisfies returns nil if a session's evidence still holds and satisfies r, and
// otherwise a [*RequirementError]. Evidence of a user whose factors were reset or
// removed since, or of another app than c.Client.App, is void: MissingSignIn. A
// caller's flow counts for nothing here. One Load.
func (e *Engine) Satisfies(ctx context.Context, c Caller, r Requirement) error {
	if err := checkUserID(c.User.ID); err != nil {
		return err
	}
	st, err := e.load(ctx, c.User.ID)
	if err != nil {
		return err
	}
	proofs, err := st.evidence(c.Authentication, c.Client)
	if err != nil {
		return err
	}
	if missing := r.missing(proofs, st.now); len(missing) > 0 {
		return &RequirementError{Require: r, Missing: missing}
	}
	return nil
}
