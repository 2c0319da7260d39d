package mfa

import (
	"cmp"
	"context"
	"errors"
	"slices"
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

	// WrongPasswords is how many wrong passwords the host has counted for this account
	// within the last hour. It is for Config.Risk, and may be 0.
	WrongPasswords int
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
	e.jobs.begin()
	defer e.jobs.end()
	flow, err := commit(ctx, e, s.User.ID, func(st *state) (Flow, error) {
		body := &flowBody{
			Purpose: SigningIn, User: s.User, Client: client, Channel: first.channel,
			Proofs: []Proof{{Method: string(s.First), First: true, Kind: first.kind, AMR: []string{first.amr}, Time: st.now.UTC()}},
		}
		return e.enter(ctx, st, entering{body: body, id: id, token: token, deviceToken: s.Client.DeviceToken, minGeneration: s.MinGeneration,
			wrongPasswords: s.WrongPasswords})
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

	wrongPasswords int
}

// enter begins the flow of a sign-in, and says where it stands.
func (e *Engine) enter(ctx context.Context, st *state, in entering) (Flow, error) {
	client := in.body.Client
	if err := e.begin(st, in.id, in.body, in.deviceToken); err != nil {
		return Flow{}, err
	}
	d, keep, err := e.useDevice(st, in.deviceToken, in.body.User, in.body.Client)
	if err != nil {
		return Flow{}, err
	}
	if d != nil {
		in.body.Device = d.ID
	}
	in.body.Risk, in.body.Seen = e.assess(ctx, st, e.attempt(st, in, client, d))
	if in.body.Client.Place == "" {
		in.body.Client.Place = in.body.Risk.Place
	}
	if err := e.note(st, Event{Type: EventFlowStarted, Risk: in.body.assessed()}, in.body.User, in.body.Client); err != nil {
		return Flow{}, err
	}
	flow, err := e.entered(ctx, st, in, d)
	flow.DeviceToken = cmp.Or(flow.DeviceToken, keep)
	return flow, err
}

// entered is enter for a browser that is this device of the user's; nil: it is not known.
func (e *Engine) entered(ctx context.Context, st *state, in entering, here *device) (Flow, error) {
	body := in.body
	if in.minGeneration > 0 && st.head.Generation < in.minGeneration {
		if err := e.note(st, Event{Type: EventRollbackSuspected, Notice: true}, body.User, body.Client); err != nil {
			return Flow{}, err
		}
		return e.deny(st, in.token, ReasonRollback)
	}
	// While somebody waits for a delayed reset, every browser is asked: an owner who
	// answers ends it. It is over when the address on file is another.
	if r := st.pendingReset(); r != nil {
		here = nil
		if r.Address != e.mailbox(body.User) {
			if err := e.cancelReset(st, body.User, body.Client); err != nil {
				return Flow{}, err
			}
		}
	}
	subject := st.subject(body.User, body.Client)
	subject.First, subject.Known = First(body.Proofs[0].Method), here != nil && here.known(&st.head, st.now)
	level := body.Risk.acting()
	if level != "" {
		subject.Risk = body.Risk
	}
	d := e.policy.Decide(subject).forKind(body.User.Kind)
	body.decided(d)
	if body.User.Kind == Service {
		if first := body.Proofs[0].Method; first != string(ClientCredentials) {
			if err := e.note(st, Event{Type: EventServiceInteractive, Notice: true, Method: first}, body.User, body.Client); err != nil {
				return Flow{}, err
			}
		}
		if !d.Exempt {
			return e.deny(st, in.token, ReasonService)
		}
	}
	if level == RiskSevere && d.DenySevere {
		return e.deny(st, in.token, ReasonRisk)
	}
	if in.method != "" && len(d.Methods) > 0 && !slices.Contains(d.Methods, in.method) || slices.Contains(d.Forbidden, in.method) {
		return e.deny(st, in.token, ReasonNoMethod)
	}
	if err := e.enrollImplicit(ctx, st, body.User, body.Client, slices.Concat(d.Implicit, d.FirstEnrollment.Methods)); err != nil {
		return Flow{}, err
	}
	if d.InsecureIgnoreRisk || body.User.Kind == Service { // a program has nothing that it could be asked for
		level = ""
	}
	e.raise(st, body, level)
	if here != nil && level.trusts() && d.Require.remembers(d.Remember) && !here.remembered(&st.head, d.Remember, st.now).IsZero() && e.reachable(st, body, body.Require) {
		body.Require.SecondFactor, body.Remembered = false, here.ID
		here.see(body.Client, st.now)
	}
	return e.advance(st, in.token, in.deviceToken)
}

// decided takes over what a policy says of a sign-in.
func (b *flowBody) decided(d Decision) {
	b.Require, b.First, b.Lifetime, b.Implicit, b.Choice = d.Require, d.FirstEnrollment, d.SessionLifetime, d.Implicit, d.choice()
	b.Grace, b.AtLeast, b.Nudge, b.Support, b.Wait = d.Grace, d.AtLeast, d.Nudge, cut(d.Support, maxText), d.DelayedReset
	if d.Require.remembers(d.Remember) {
		b.Remember = d.Remember.bounded()
	}
}

// StepUp asks a signed-in user for more evidence.
type StepUp struct {
	User           User
	Authentication Authentication // what the session has
	Require        Requirement    // what it should have
	Client         Client

	// Action is to be approved by this step-up, and by nothing that was proved before
	// or for anything else; see [Engine.Redeem]. Nil: the session's own evidence is raised.
	Action *Action
}

// StepUp begins a step-up: a flow that ends with evidence that satisfies
// s.Require, the session's own and what is proved now together. Evidence that
// already does passes at once, and nothing is stored. A password is asked for
// by the host: where it is missing, or the session's evidence is void, the
// error is a [*RequirementError]. With an Action a second factor is always asked
// for, and the session's evidence stays as it was.
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
		choice := d.choice()
		choice.Methods = methodsWith(d.Methods, s.Require.Methods)
		body := &flowBody{Purpose: SteppingUp, User: s.User, Client: client, Require: s.Require, Choice: choice, Support: cut(d.Support, maxText),
			Implicit: slices.Concat(d.Implicit, s.Require.Methods), Lifetime: s.Authentication.SessionLifetime, Proofs: proofs, Channel: channelOf(proofs)}
		if s.Action != nil {
			if err := body.approve(*s.Action, s.Authentication.Remembered); err != nil {
				return Flow{}, err
			}
		}
		missing := body.Require.missing(e.counted(st, body), st.now)
		if len(missing) == 0 {
			return Flow{Status: StatusPassed, Purpose: SteppingUp, User: st.user, Expires: st.now,
				Authentication: body.authentication(st), Generation: st.head.Generation}, nil
		}
		if slices.Contains(missing, MissingPassword) {
			return Flow{}, &RequirementError{Require: body.Require, Missing: missing}
		}
		if err := e.begin(st, id, body, s.Client.DeviceToken); err != nil {
			return Flow{}, err
		}
		if err := e.note(st, Event{Type: EventFlowStarted}, s.User, client); err != nil {
			return Flow{}, err
		}
		if err := e.enrollImplicit(ctx, st, s.User, client, body.Implicit); err != nil {
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
func (e *Engine) begin(st *state, id []byte, body *flowBody, deviceToken string) error {
	if err := st.openAll(); err != nil {
		return err
	}
	known, err := st.knownDevice(deviceToken)
	if err != nil {
		return err
	}
	st.dropBypass()
	body.Known = known != nil
	body.Client.DeviceToken, body.Client.Hints = "", Hints{}
	st.addFlow(flow{ID: id, Network: []byte(e.network(body.Client)), Created: st.now.UnixMilli(),
		Expires: st.now.Add(flowLifetime).Unix(), Known: body.Known}, body)
	return nil
}

// decide asks the policy, for what is not a sign-in.
func (e *Engine) decide(st *state, u User, c Client) Decision {
	return e.policy.Decide(st.subject(u, c)).forKind(u.Kind)
}

func (st *state) subject(u User, c Client) Subject {
	c.DeviceToken = ""
	list := slices.DeleteFunc(st.list(), func(r Enrollment) bool { return r.Method == methodBypass })
	return Subject{User: u, Client: c, Enrollments: list, Now: st.now, Skips: st.head.Skips, FirstAsked: fromUnix(st.head.FirstAsked)}
}

// forKind is what is left of a decision for a program: it has nothing to prove
// beside what it came with, and nothing to enrol.
func (d Decision) forKind(k UserKind) Decision {
	if k != Service {
		d.Exempt = false
		return d
	}
	return Decision{Phase: d.Phase, Exempt: d.Exempt, Closed: true, SessionLifetime: d.SessionLifetime, Support: d.Support}
}

// enrollImplicit lets addresses that the host has verified count as enrolled.
// They are kept like other enrollments, so that their failures count, follow
// the address on file, of which the user is told, and are neither listed nor a choice of theirs.
func (e *Engine) enrollImplicit(ctx context.Context, st *state, u User, c Client, methods []string) error {
	for _, name := range methods {
		i := e.factor(name)
		if i < 0 || slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.Method == name && !r.Implicit }) {
			continue
		}
		step, err := e.factors[i].Enroll(ctx, EnrollRequest{User: u, Implicit: true, Now: st.now})
		old := slices.IndexFunc(st.enrolled, func(r enrollment) bool { return r.Method == name })
		if err != nil && !errors.Is(err, ErrBadInput) && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrNotValid) {
			return err // what there is stays, with the failures that it has counted
		}
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
		r := &st.enrolled[old]
		before, hint := r.Address, r.Hint
		r.State, r.Hint, r.Address = step.Done.State, cut(step.Hint, maxText), step.Done.Address
		st.touch(secEnrollments)
		if before != "" && before != r.Address { // whoever reads the old mailbox hears of it, too
			st.rise()
			ev := Event{Type: EventReplaced, Notice: true, Method: name, Enrollment: r.ID, Replaced: r.ID, Label: r.Label,
				Hint: r.Hint, OldHint: hint, Also: addresses(before)}
			if err := e.note(st, ev, u, c); err != nil {
				return err
			}
		}
	}
	return nil
}
