package mfa

import (
	"context"
	"slices"
	"time"
)

// SignIn is a first factor that was right. Every way into the host's accounts
// comes through it: passwords, OAuth, mailed links, password resets.
type SignIn struct {
	User   User
	First  First // how the first factor was proved
	Client Client
	// MinGeneration is the highest Flow.Generation or Event.Generation that the
	// host has kept for this user. A stored value that is older, or gone, was
	// rolled back or deleted by someone who can write to the database: the
	// sign-in is denied, and announced. 0: the host keeps none, and this is not
	// noticed.
	MinGeneration uint64
}

// SignIn begins a sign-in, after the host has checked the first factor. The
// flow that it returns has passed, or says what is asked. One Load, one Save.
func (e *Engine) SignIn(ctx context.Context, s SignIn) (Flow, error) {
	if err := s.User.check(); err != nil {
		return Flow{}, err
	}
	first, ok := firsts[s.First]
	if !ok {
		return Flow{}, badInput("SignIn.First is %q, which is no first factor", cut(string(s.First), maxApp))
	}
	client := s.Client.bounded()
	token, id, err := e.newFlowToken(s.User.ID)
	if err != nil {
		return Flow{}, err
	}
	flow, err := commit(ctx, e, s.User.ID, func(st *state) (Flow, error) {
		body := &flowBody{
			Purpose: SigningIn, User: s.User, Client: client, Channel: first.channel,
			Proofs: []Proof{{Method: string(s.First), First: true, Kind: first.kind, AMR: []string{first.amr}, Time: st.now.UTC()}},
		}
		return e.enter(ctx, st, entering{body: body, id: id, token: token, deviceToken: s.Client.DeviceToken, minGeneration: s.MinGeneration})
	})
	if err == nil {
		e.networkSeen(e.network(client), client, e.now())
	}
	return flow, err
}

// entering is a sign-in whose first factor was right.
type entering struct {
	body          *flowBody
	id            []byte // the flow's
	token         string
	deviceToken   string
	minGeneration uint64
	method        string // the factor that was the first one; empty: it was the host's
}

// enter begins the flow of a sign-in, and says where it stands.
func (e *Engine) enter(ctx context.Context, st *state, in entering) (Flow, error) {
	body := in.body
	if err := e.begin(st, in.id, body); err != nil {
		return Flow{}, err
	}
	if in.minGeneration > 0 && st.head.Generation < in.minGeneration {
		if err := e.note(st, Event{Type: EventRollbackSuspected, Notice: true}, body.User, body.Client); err != nil {
			return Flow{}, err
		}
		return e.deny(st, in.token, ReasonRollback)
	}
	d := e.decide(st, body.User, body.Client)
	if in.method != "" && len(d.Methods) > 0 && !slices.Contains(d.Methods, in.method) {
		return e.deny(st, in.token, ReasonNoMethod)
	}
	if err := e.enrollImplicit(ctx, st, body.User, slices.Concat(d.Implicit, d.FirstEnrollment.Methods)); err != nil {
		return Flow{}, err
	}
	body.Require, body.First, body.Methods, body.Lifetime = d.Require, d.FirstEnrollment, d.Methods, d.SessionLifetime
	body.Implicit, body.NotFirst = d.Implicit, d.NotFirst
	return e.advance(st, in.token, in.deviceToken)
}

// StepUp asks a signed-in user for more evidence.
type StepUp struct {
	User           User
	Authentication Authentication // what the session has
	Require        Requirement    // what it should have
	Client         Client
}

// StepUp begins a step-up: a flow that ends with evidence that satisfies
// s.Require, the session's own and what is proved now together. Evidence that
// already does passes at once, and nothing is stored. A password is asked for
// by the host: where it is missing, or the session's evidence is void, the
// error is a [*RequirementError].
func (e *Engine) StepUp(ctx context.Context, s StepUp) (Flow, error) {
	if err := s.User.check(); err != nil {
		return Flow{}, err
	}
	if s.Authentication.User != s.User.ID {
		return Flow{}, ErrCaller
	}
	client := s.Client.bounded()
	token, id, err := e.newFlowToken(s.User.ID)
	if err != nil {
		return Flow{}, err
	}
	return commit(ctx, e, s.User.ID, func(st *state) (Flow, error) {
		if err := st.openAll(); err != nil {
			return Flow{}, err
		}
		proofs, err := st.evidence(s.Authentication, client)
		if err != nil {
			return Flow{}, err
		}
		d := e.decide(st, s.User, client)
		body := &flowBody{Purpose: SteppingUp, User: s.User, Client: client, Require: s.Require, Methods: methodsWith(d.Methods, s.Require.Methods),
			Implicit: slices.Concat(d.Implicit, s.Require.Methods), Lifetime: s.Authentication.SessionLifetime, Proofs: proofs, Channel: channelOf(proofs),
			NotFirst: d.NotFirst}
		missing := s.Require.missing(st.counted(body), st.now)
		if len(missing) == 0 {
			return Flow{Status: StatusPassed, Purpose: SteppingUp, User: st.user, Expires: st.now,
				Authentication: body.authentication(st), Generation: st.head.Generation}, nil
		}
		if slices.Contains(missing, MissingPassword) {
			return Flow{}, &RequirementError{Require: s.Require, Missing: missing}
		}
		if err := e.begin(st, id, body); err != nil {
			return Flow{}, err
		}
		if err := e.enrollImplicit(ctx, st, s.User, body.Implicit); err != nil {
			return Flow{}, err
		}
		return e.advance(st, token, s.Client.DeviceToken)
	})
}

// channelOf is the channel of the host's first factor among proofs.
func channelOf(proofs []Proof) string {
	for _, p := range proofs {
		if p.First && p.Enrollment == "" {
			return firsts[First(p.Method)].channel
		}
	}
	return ""
}

// methodsWith are the policy's methods and those that a requirement names; none: all.
func methodsWith(allowed, required []string) []string {
	if len(allowed) == 0 {
		return nil
	}
	return slices.Concat(allowed, required)
}

// begin puts a new flow into the state, without a status yet.
func (e *Engine) begin(st *state, id []byte, body *flowBody) error {
	if err := st.openAll(); err != nil {
		return err
	}
	known, err := st.knownDevice(body.Client.DeviceToken)
	if err != nil {
		return err
	}
	body.Known = known != nil
	body.Client.DeviceToken = ""
	if err := e.note(st, Event{Type: EventFlowStarted}, body.User, body.Client); err != nil {
		return err
	}
	st.addFlow(flow{ID: id, Network: []byte(e.network(body.Client)), Created: st.now.UnixMilli(),
		Expires: st.now.Add(flowLifetime).Unix(), Known: body.Known}, body)
	return nil
}

func (e *Engine) decide(st *state, u User, c Client) Decision {
	c.DeviceToken = ""
	return e.policy.Decide(Subject{User: u, Client: c, Enrollments: st.list(), Now: st.now})
}

// enrollImplicit lets addresses that the host has verified count as enrolled.
// They are kept like other enrollments, so that their failures count, follow
// the address on file, and are neither listed nor a choice of the user's.
func (e *Engine) enrollImplicit(ctx context.Context, st *state, u User, methods []string) error {
	for _, name := range methods {
		i := e.factor(name)
		if i < 0 || slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.Method == name && !r.Implicit }) {
			continue
		}
		step, err := e.factors[i].Enroll(ctx, EnrollRequest{User: u, Implicit: true, Now: st.now})
		old := slices.IndexFunc(st.enrolled, func(r enrollment) bool { return r.Method == name })
		if err != nil || step.Done == nil { // no address, or none that is verified
			if old >= 0 {
				st.enrolled = slices.Delete(st.enrolled, old, old+1)
				st.touch(secEnrollments)
			}
			continue
		}
		if old < 0 {
			if len(st.enrolled) >= maxEnrollments {
				continue
			}
			st.enrolled = append(st.enrolled, enrollment{ID: newID(), Method: name, Label: e.methods[i].Label, Created: st.now.Unix(), Implicit: true})
			old = len(st.enrolled) - 1
		}
		st.enrolled[old].State, st.enrolled[old].Hint = step.Done.State, step.Hint
		st.touch(secEnrollments)
	}
	return nil
}

// next says where the current flow stands and what can be answered.
func (e *Engine) next(st *state) (status Status, reason string, list []candidate, methods []string) {
	b := st.body
	b.Proofs = st.standing(b.Proofs) // what was replaced or disabled since proves nothing
	proofs := st.counted(b)
	if len(b.Require.missing(proofs, st.now)) == 0 {
		return StatusPassed, "", nil, nil
	}
	all := e.candidates(st, b)
	if list = useful(b.Require, proofs, all, st.now); len(list) > 0 {
		return StatusChallenge, "", list, nil
	}
	if st.disabled(b.Implicit) {
		return StatusDenied, ReasonDisabled, nil, nil // else whoever guesses long enough could enrol instead
	}
	methods = e.enrollable(st, b, proofs)
	if b.Purpose != SigningIn || len(methods) == 0 {
		return StatusDenied, ReasonNoMethod, nil, nil
	}
	// Nothing that is enrolled could satisfy the policy. What is enrolled has to be
	// proved all the same before something better is.
	every := *b
	every.Methods = nil // a method that the policy has dropped still tells the owner from a stranger
	own := slices.DeleteFunc(e.candidates(st, &every), func(c candidate) bool { return !c.method.Recovery && !c.covered[0].own() })
	if st.hasOwn() {
		if !slices.ContainsFunc(b.Proofs, func(p Proof) bool { return p.Enrollment != "" && !st.enrollment(p.Enrollment).Implicit }) {
			if len(own) == 0 {
				return StatusDenied, ReasonNoMethod, nil, nil
			}
			return StatusChallenge, "", own, nil
		}
	} else if len(b.First.missing(b.Proofs, st.now)) > 0 {
		// What proves the address on file need not be a method to sign in with.
		with := *b
		with.Methods, with.Implicit = methodsWith(b.Methods, b.First.Methods), slices.Concat(b.Implicit, b.First.Methods)
		if list = useful(b.First, b.Proofs, e.candidates(st, &with), st.now); len(list) == 0 {
			return StatusDenied, ReasonNoMethod, nil, nil
		}
		return StatusChallenge, "", list, nil
	}
	return StatusEnroll, "", nil, methods
}

// counted are the flow's proofs that count towards what it requires: one by an
// address that was only asked for before the first enrolment does not.
func (st *state) counted(b *flowBody) []Proof {
	return slices.DeleteFunc(slices.Clone(b.Proofs), func(p Proof) bool {
		r := st.enrollment(p.Enrollment)
		return r != nil && r.Implicit && !slices.Contains(b.Implicit, r.Method)
	})
}

// disabled says whether an enrollment of the user's own is disabled, or, where
// they have none, an address that counts as one.
func (st *state) disabled(implicit []string) bool {
	own := st.hasOwn()
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool {
		return r.Disabled && (r.own() || !own && r.Implicit && slices.Contains(implicit, r.Method))
	})
}

func (st *state) hasOwn() bool {
	return slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.own() })
}

// advance brings the current flow to where it stands now, and is what the
// client is told of it. A flow that passes is spent by the save of this try.
func (e *Engine) advance(st *state, token, deviceToken string) (Flow, error) {
	status, reason, list, methods := e.next(st)
	if status == StatusDenied {
		return e.deny(st, token, reason)
	}
	b := st.body
	st.current.Status = status
	st.touch(secFlows)
	out := e.view(st, token, list, methods)
	if status != StatusPassed {
		return out, nil
	}
	out.Authentication = b.authentication(st)
	out.Methods = e.offered(st, b.Methods, b.NotFirst)
	if slices.ContainsFunc(b.Proofs, func(p Proof) bool { return p.Enrollment != "" && p.Time.UnixMilli() >= st.current.Created }) {
		c := b.Client
		c.DeviceToken = deviceToken
		var err error
		var strange bool
		if out.DeviceToken, strange, err = st.seeDevice(c); err != nil {
			return Flow{}, err
		}
		if strange {
			if err := e.note(st, Event{Type: EventNewDevice, Notice: true}, b.User, b.Client); err != nil {
				return Flow{}, err
			}
		}
	}
	err := e.note(st, Event{Type: EventFlowPassed, Method: b.Proofs[len(b.Proofs)-1].Method}, b.User, b.Client)
	*b = flowBody{Attempts: b.Attempts} // all that a spent flow is still needed for
	return out, err
}

func (e *Engine) deny(st *state, token, reason string) (Flow, error) {
	st.current.Status, st.body.Reason = StatusDenied, reason
	st.touch(secFlows)
	return e.view(st, token, nil, nil), e.note(st, Event{Type: EventFlowDenied, Reason: reason}, st.body.User, st.body.Client)
}

// view is the current flow as its client sees it.
func (e *Engine) view(st *state, token string, list []candidate, methods []string) Flow {
	return Flow{
		Token: token, Status: st.current.Status, Purpose: st.body.Purpose, User: st.user, Reason: st.body.Reason,
		Options: e.options(st, st.body, list), Methods: methods, Expires: fromUnix(st.current.Expires), Generation: st.head.Generation,
		Enrolled: st.body.Enrolled, Approved: st.body.Approved,
	}
}

// authentication is the evidence of a passed flow.
func (b *flowBody) authentication(st *state) Authentication {
	a := Authentication{User: st.user, App: b.Client.App, Proofs: b.Proofs, Generation: st.head.Generation, SessionLifetime: b.Lifetime}
	a.Time = newest(a.Proofs)
	return a
}

func newest(proofs []Proof) (t time.Time) {
	for _, p := range proofs {
		if p.Time.After(t) {
			t = p.Time
		}
	}
	return t
}

// Flow tells where a flow stands; it changes nothing. A flow that has passed is
// spent, and its evidence is not told twice: [ErrFlowExpired]. [ErrNoFlow]. One Load.
func (e *Engine) Flow(ctx context.Context, token string) (Flow, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return Flow{}, err
	}
	st, err := e.look(ctx, user)
	if err != nil {
		return Flow{}, err
	}
	if err := st.findFlow(id); err != nil {
		return Flow{}, err
	}
	switch st.current.Status {
	case StatusDenied:
		return e.view(st, token, nil, nil), nil
	case StatusPassed:
		return Flow{}, ErrFlowExpired
	}
	status, _, list, methods := e.next(st)
	if status == StatusPassed && st.body.Approved {
		status = StatusChallenge // until Continue takes it
	}
	if status == StatusDenied || status == StatusPassed { // what it rested on was removed since
		return Flow{}, ErrFlowExpired
	}
	st.current.Status = status
	return e.view(st, token, list, methods), nil
}
