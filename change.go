package mfa

import (
	"context"
	"errors"
	"slices"
)

// Enrollments lists a user's confirmed enrollments, oldest first. The one with
// Method "recovery" is the set of recovery codes; Remaining is how many are
// left. One Load.
func (e *Engine) Enrollments(ctx context.Context, user string) ([]Enrollment, error) {
	if err := checkUserID(user); err != nil {
		return nil, err
	}
	st, err := e.look(ctx, user)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(st.list(), func(r Enrollment) bool { return r.Implicit || r.Method == methodBypass }), nil
}

// Rename gives an enrollment another label. It asks for what every change asks
// for: labels are what people tell their enrollments by. [*RequirementError],
// [ErrNoEnrollment], [ErrBadInput].
func (e *Engine) Rename(ctx context.Context, c Caller, id, label string) (Enrollment, error) {
	label, err := cleanLabel(label)
	if err != nil {
		return Enrollment{}, err
	}
	if label == "" {
		return Enrollment{}, badInput("label is empty")
	}
	return change(ctx, e, c, changing, func(st *state, act acting) (Enrollment, error) {
		r := st.enrollment(id)
		if r == nil || !r.own() {
			return Enrollment{}, ErrNoEnrollment
		}
		if r.Label == label {
			return r.public(), nil
		}
		r.Label = label
		st.touch(secEnrollments)
		return r.public(), e.note(st, Event{Type: EventRenamed, Method: r.Method, Enrollment: id, Label: label}, act.user, act.client)
	})
}

// change is commit for a caller who has been authorized.
func change[T any](ctx context.Context, e *Engine, c Caller, w want, f func(*state, acting) (T, error)) (T, error) {
	user, flowID, err := e.callerID(c)
	if err != nil {
		var zero T
		return zero, err
	}
	return commit(ctx, e, user, func(st *state) (T, error) {
		act, err := e.authorize(st, c, flowID, w)
		if err != nil {
			var zero T
			return zero, err
		}
		return f(st, act)
	})
}

// Remove ends one of the session's user's enrollments; recovery codes go with
// the last one. It returns the session's evidence, renewed: all other evidence is
// void, and so is this session's for what was removed. The host puts it into
// the session and ends the user's others. [*RequirementError],
// [ErrNoEnrollment], [ErrEnrollmentRequired].
func (e *Engine) Remove(ctx context.Context, c Caller, id string) (Authentication, error) {
	return change(ctx, e, c, changing, func(st *state, act acting) (Authentication, error) {
		r := st.enrollment(id)
		if r == nil || !r.own() {
			return Authentication{}, ErrNoEnrollment
		}
		gone := *r
		st.enrolled = slices.DeleteFunc(st.enrolled, func(o enrollment) bool { return o.ID == id })
		if err := e.stillSatisfies(st, act); err != nil {
			return Authentication{}, err
		}
		if !st.hasOwn() {
			st.endMFA()
		}
		st.void()
		st.touch(secEnrollments)
		if err := errors.Join(e.endReset(st, act.user, act.client), st.dropFlows()); err != nil {
			return Authentication{}, err
		}
		return st.renew(act.auth), e.note(st, Event{Type: EventRemoved, Notice: true, Method: gone.Method, Enrollment: id,
			Label: gone.Label, Hint: gone.Hint, Also: addresses(gone.Address)}, act.user, act.client)
	})
}

// stillSatisfies refuses a removal after which the user could not satisfy what
// the policy requires of them.
func (e *Engine) stillSatisfies(st *state, act acting) error {
	d := e.decide(st, act.user, act.client)
	if st.alone(d.choice()) {
		return ErrEnrollmentRequired
	}
	body := &flowBody{Choice: d.choice(), Require: d.Require, Implicit: d.Implicit, Channel: channelOf(act.auth.Proofs), Client: act.client}
	// The next sign-in begins with the host's first factor: with the one that this
	// session knows of, or, where it began with a passkey, with a password.
	body.Proofs = []Proof{{Method: string(Password), First: true, Kind: Know, Time: st.now}}
	for _, p := range act.auth.Proofs {
		if p.First && p.Enrollment == "" {
			p.Time = st.now
			body.Proofs = []Proof{p}
		}
	}
	if len(d.Require.missing(body.Proofs, st.now)) == 0 {
		return nil
	}
	left := slices.DeleteFunc(e.candidates(st, body), func(c candidate) bool { return c.method.Recovery })
	if len(useful(d.Require, body.Proofs, left, st.now)) == 0 {
		return ErrEnrollmentRequired
	}
	return nil
}

// endMFA drops what is of use only beside an enrollment of the user's own.
func (st *state) endMFA() {
	st.enrolled = slices.DeleteFunc(st.enrolled, func(r enrollment) bool { return r.Method == methodRecovery })
	st.touch(secEnrollments)
}

// dropFlows ends the flows and enrolments in progress: they rested on
// what is no more.
func (st *state) dropFlows() error {
	if err := st.openPending(); err != nil {
		return err
	}
	st.flows, st.pending, st.current, st.body = nil, nil, nil, nil
	st.touch(secFlows, secPending)
	return nil
}

// endOtherFlows ends the flows in progress but the current one.
func (st *state) endOtherFlows() {
	if st.current == nil {
		st.flows = nil
	} else {
		st.flows = []flow{*st.current}
		st.current = &st.flows[0]
	}
	st.touch(secFlows)
}

// RemoveAll ends all of the session's user's enrollments. Where the policy then
// requires one, the flow that it returns has StatusEnroll; else it has
// StatusPassed. In both cases its Authentication is the session's evidence,
// renewed; with StatusEnroll the host ends the session, and the flow leads to the
// next one. [*RequirementError], [ErrNoEnrollment] where there is nothing to remove.
func (e *Engine) RemoveAll(ctx context.Context, c Caller) (Flow, error) {
	token, id, err := e.newFlowToken(c.User.ID)
	if err != nil {
		return Flow{}, err
	}
	deviceToken := c.Client.DeviceToken
	return change(ctx, e, c, changing, func(st *state, act acting) (Flow, error) {
		if !st.hasOwn() {
			return Flow{}, ErrNoEnrollment
		}
		count := st.ownCount()
		also := st.addresses()
		if err := st.reset(); err != nil {
			return Flow{}, err
		}
		if err := e.note(st, Event{Type: EventReset, Notice: true, Count: count, Also: also}, act.user, act.client); err != nil {
			return Flow{}, err
		}
		renewed := st.renew(act.auth)
		d := e.decide(st, act.user, act.client)
		// What they had was proved for this change: FirstEnrollment, which is for those
		// who have proved nothing, is not asked for.
		body := &flowBody{Purpose: SigningIn, User: act.user, Client: act.client, Channel: channelOf(renewed.Proofs), Proofs: renewed.Proofs}
		body.decided(d)
		body.First, body.Grace = Requirement{}, Grace{}
		if len(d.Require.missing(renewed.Proofs, st.now)) == 0 {
			return Flow{Status: StatusPassed, Purpose: SigningIn, User: st.user, Expires: st.now, Authentication: renewed,
				Methods: e.offered(st, d.choice()), Generation: st.head.Generation}, nil
		}
		if err := e.begin(st, id, body, deviceToken); err != nil {
			return Flow{}, err
		}
		flow, err := e.advance(st, token, deviceToken)
		flow.Authentication = renewed
		return flow, err
	})
}

// addresses are those that are to be told of the end of what is enrolled.
func (st *state) addresses() []string {
	var out []string
	for _, r := range st.enrolled {
		out = append(out, addresses(r.Address)...)
	}
	return out
}

// reset ends everything that the user has enrolled, and all that rested on it.
// The history stays, and so does a tombstone: what was removed cannot come back
// as if it had never been.
func (st *state) reset() error {
	if err := errors.Join(st.openAll(), st.dropFlows()); err != nil { // in this order: what is opened later would be there again
		return err
	}
	st.enrolled, st.devices, st.factors = nil, nil, nil
	for _, s := range []int{secEnrollments, secDevices, secFactors} {
		st.decoded[s] = true
		st.touch(s)
	}
	st.head.Recovery, st.head.Undo = nil, ""
	st.forgive()
	st.void()
	return nil
}

// forgive forgets the account's failures, and that its owner was told of some.
func (st *state) forgive() {
	h := &st.head
	h.Guesses, h.Recoveries, h.Untold, h.Told, h.LockTold = tally{}, tally{}, 0, 0, 0
	st.touch(secHead)
}

// RecoveryCodes makes a new set of recovery codes, to be shown once; the old
// ones are dead. [*RequirementError]; [ErrEnrollmentRequired] where nothing is
// enrolled that they could stand in for; [ErrMethodNotAllowed] without the factor.
func (e *Engine) RecoveryCodes(ctx context.Context, c Caller) ([]string, error) {
	if e.factor(methodRecovery) < 0 {
		return nil, ErrMethodNotAllowed
	}
	codes := e.codesOnce()
	return change(ctx, e, c, changing, func(st *state, act acting) ([]string, error) {
		if !st.hasOwn() {
			return nil, ErrEnrollmentRequired
		}
		if err := e.endReset(st, act.user, act.client); err != nil {
			return nil, err
		}
		return e.issue(ctx, st, act, codes)
	})
}

// Reset ends all of a user's enrollments, flows and known devices on behalf of
// support, if Config.Support lets it: [ErrSupport]. It tells the user, and voids all
// evidence: the host ends the user's sessions.
func (e *Engine) Reset(ctx context.Context, r Reset) error {
	if err := r.User.check(); err != nil {
		return err
	}
	if err := e.permit(ctx, SupportRequest{SupportReset, r.Actor, r.Reason, r.User, r.Client}); err != nil {
		return err
	}
	_, err := commit(ctx, e, r.User.ID, func(st *state) (struct{}, error) {
		if err := st.openAll(); err != nil {
			return struct{}{}, err
		}
		count, also := len(st.enrolled), st.addresses()
		if err := st.reset(); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, e.note(st, Event{Type: EventReset, Notice: true, Actor: cut(r.Actor, maxText), Reason: cut(r.Reason, maxText), Count: count, Also: also},
			r.User, r.Client.bounded())
	})
	return err
}

// Erase removes all that is stored of a user; after an error, call it again. What stays is a sealed tombstone
// without personal data: the generation, below which all evidence is void.
func (e *Engine) Erase(ctx context.Context, user string) error {
	if err := checkUserID(user); err != nil {
		return err
	}
	var left []string // what the value referred to
	_, err := commit(ctx, e, user, func(st *state) (struct{}, error) {
		if st.version == 0 || st.head.Erased {
			left = st.head.Leftover
			return struct{}{}, nil
		}
		if err := st.openAll(); err != nil { // what it refers to goes too
			return struct{}{}, err
		}
		left = slices.Clone(st.head.Leftover)
		for _, r := range st.held {
			left = append(left, r.key())
		}
		st.held = nil
		h := st.head
		st.raw, st.recorded, st.decoded = [sections][]byte{}, nil, [sections]bool{}
		st.enrolled, st.flows, st.pending, st.devices, st.outbox, st.factors = nil, nil, nil, nil, nil, nil
		st.head = head{Generation: h.Generation, Recent: h.Recent, Erased: true, Leftover: left}
		st.void()
		st.events = append(st.events, Event{ID: newID(), Type: EventErased, Time: st.now, User: user, Generation: st.head.Generation})
		return struct{}{}, nil
	})
	if err != nil || len(left) == 0 {
		return err
	}
	if err := e.sweep(ctx, user, left); err != nil {
		return err
	}
	_, err = commit(ctx, e, user, func(st *state) (struct{}, error) {
		if len(st.head.Leftover) > 0 {
			st.head.Leftover = nil
			st.touch(secHead)
		}
		return struct{}{}, nil
	})
	return err
}

// PasswordChanged tells the engine that the host has changed or reset a user's
// password. Flows in progress die, all other evidence is void, and the account's
// budget of failures, which somebody with the old password may have used up, is
// given back; the failures in a row of each enrollment stay. It returns the
// session's evidence, renewed: the zero value where there is no session.
//
// Call it once the new password is stored. A sign-in whose password was checked
// before that, and which calls SignIn after this, is a race that only the host can
// see: it compares the account's password, or its version, once more before SignIn.
func (e *Engine) PasswordChanged(ctx context.Context, c Caller) (Authentication, error) {
	if err := c.User.check(); err != nil {
		return Authentication{}, err
	}
	if c.Authentication.User != "" && c.Authentication.User != c.User.ID {
		return Authentication{}, ErrCaller
	}
	client := c.Client.bounded()
	return commit(ctx, e, c.User.ID, func(st *state) (Authentication, error) {
		if err := st.openAll(); err != nil {
			return Authentication{}, err
		}
		_, void := st.evidence(c.Authentication, client)
		if err := errors.Join(e.endReset(st, c.User, client), st.dropFlows()); err != nil {
			return Authentication{}, err
		}
		st.head.RecoverFrom = 0 // whoever asked for it had the old password
		st.forgive()
		st.void()
		if err := e.note(st, Event{Type: EventPasswordChanged, Notice: true, Actor: cut(c.Actor, maxText), Reason: cut(c.Reason, maxText)}, c.User, client); err != nil {
			return Authentication{}, err
		}
		if void != nil {
			return Authentication{}, nil
		}
		return st.renew(c.Authentication), nil
	})
}

// SignOutEverywhere tells the engine that the host ends all of a user's sessions:
// all evidence that was given out is void, flows in progress die, and no browser
// is remembered any more. The host's own sessions are the host's to end.
func (e *Engine) SignOutEverywhere(ctx context.Context, u User, c Client) error {
	if err := u.check(); err != nil {
		return err
	}
	c = c.bounded()
	_, err := commit(ctx, e, u.ID, func(st *state) (struct{}, error) {
		if st.version == 0 {
			return struct{}{}, nil // there is nothing
		}
		if err := errors.Join(st.openAll(), e.endReset(st, u, c), st.dropFlows()); err != nil {
			return struct{}{}, err
		}
		st.void()
		return struct{}{}, e.note(st, Event{Type: EventSignedOut}, u, c)
	})
	return err
}
