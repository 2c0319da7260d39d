package mfa

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Enroll begins an enrolment: a secret to scan, a code on its way, a key to
// touch. Nothing counts until [Engine.Activate] has confirmed it, and an
// enrolment that is abandoned changes nothing. The secret in the Challenge is not
// to be had again. [*RequirementError], [ErrMethodNotAllowed], [ErrTooMany],
// [ErrNoEnrollment] (Replaces), [ErrRefused], [ErrBadInput], [*WaitError], [ErrDelivery].
func (e *Engine) Enroll(ctx context.Context, c Caller, r Enroll) (Enrolling, error) {
	user, flowID, err := e.callerID(c)
	if err != nil {
		return Enrolling{}, err
	}
	label, err := cleanLabel(r.Label)
	if err != nil {
		return Enrolling{}, err
	}
	if len(r.Params.Phone) > maxText || len(r.Params.Email) > maxText || len(r.Params.Import) > maxFactorState || len(r.Replaces) > maxLabel {
		return Enrolling{}, badInput("enrolment's parameters are too long")
	}
	if c.Actor != "" && r.Params.Import != nil {
		return Enrolling{}, badInput("support brings nothing along: the user confirms what is new")
	}
	if err := e.permit(ctx, c.supportRequest(SupportReplace)); err != nil {
		return Enrolling{}, err
	}
	e.jobs.begin()
	defer e.jobs.end()
	slow, codes, once := e.slowOnce(), e.codesOnce(), &message{id: newID(), user: user, option: newID()}
	defer e.settle(once)
	var open []string
	type begun struct {
		Enrolling
		asking
	}
	out, err := commit(ctx, e, user, func(st *state) (begun, error) {
		act, err := e.authorize(st, c, flowID, enrolling)
		if err != nil {
			return begun{}, err
		}
		open = act.methods
		if !slices.Contains(act.methods, r.Method) {
			return begun{}, ErrMethodNotAllowed
		}
		f := e.factors[e.factor(r.Method)]
		if r.Replaces != "" {
			old := st.enrollment(r.Replaces)
			if old == nil || !old.own() {
				return begun{}, ErrNoEnrollment
			}
			if act.actor != "" && old.Method != r.Method {
				return begun{}, ErrMethodNotAllowed // support changes a number, not what it is worth
			}
		} else if act.actor != "" {
			return begun{}, ErrCaller
		} else if len(st.enrolled) >= maxEnrollments {
			return begun{}, ErrTooMany
		}
		if err := errors.Join(st.openPending(), st.openFactors()); err != nil {
			return begun{}, err
		}
		p := pending{ID: once.option, Method: r.Method, Label: label, Replaces: r.Replaces, Flow: flowOf(act), Support: act.actor != "",
			Expires: st.now.Add(pendingLifetime).Unix()}
		step, err := f.Enroll(ctx, EnrollRequest{User: act.user, Client: act.client, ID: p.ID, Params: r.Params, Existing: st.others(r.Method),
			UserState: st.factors[r.Method], Now: st.now, Slow: slow, UserVerification: e.enrolsVerified(st, act, f.Method())})
		if err != nil {
			return begun{}, err
		}
		p.State, p.Hint = step.Pending, cut(step.Hint, maxText)
		out := begun{Enrolling{ID: p.ID, Method: r.Method, Challenge: step.Challenge, Expires: fromUnix(p.Expires)},
			asking{Asked{Method: r.Method, Expires: fromUnix(p.Expires)}, step.Delivery, once, act.user, act.client}}
		if step.Done != nil {
			done, err := e.activate(ctx, st, act, p, *step.Done, c, codes)
			out.Activated = &done
			return out, err
		}
		if err := e.prepare(st, &p, step, &out.asking); err != nil {
			return begun{}, err
		}
		st.pending = slices.DeleteFunc(st.pending, func(o pending) bool { return o.Expires <= st.now.Unix() })
		st.pending = appendCapped(st.pending, p, maxPending)
		st.touch(secPending)
		return out, nil
	})
	asked, err := e.deliverMessage(ctx, out.asking, once, err)
	out.Enrolling.ResendAt = asked.ResendAt
	if err != nil && !errors.Is(err, ErrDelivery) {
		return Enrolling{}, openInstead(err, open, r.Method)
	}
	return out.Enrolling, err
}

// enrolsVerified says whether a flow that asks to enrol is of no use with an
// authenticator that does not verify its user: it would have to be refused ever after.
func (e *Engine) enrolsVerified(st *state, act acting, m Method) bool {
	if act.flow == nil || !m.PhishingResistant {
		return false
	}
	p := m.proof(st.now)
	p.Enrollment = "new"
	return onlyVerified(p, st.body.Require, e.counted(st, st.body), st.now)
}

// openInstead adds to a refusal what is open to the user besides.
func openInstead(err error, methods []string, refused string) error {
	r := (*RefusedError)(nil)
	if !errors.As(err, &r) {
		return err
	}
	told := *r
	told.Methods = slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == refused })
	return &told
}

// Resend repeats the message of a pending enrolment. [ErrNoEnrollment],
// [ErrEnrollmentExpired], [*WaitError], [ErrDelivery]. For methods that send nothing
// it does nothing.
func (e *Engine) Resend(ctx context.Context, c Caller, id string) (Asked, error) {
	user, flowID, err := e.callerID(c)
	if err != nil {
		return Asked{}, err
	}
	if err := e.permit(ctx, c.supportRequest(SupportReplace)); err != nil {
		return Asked{}, err
	}
	e.jobs.begin()
	defer e.jobs.end()
	slow, once := e.slowOnce(), &message{id: newID(), user: user, option: id}
	defer e.settle(once)
	out, err := commit(ctx, e, user, func(st *state) (asking, error) {
		act, err := e.authorize(st, c, flowID, holding)
		if err != nil {
			return asking{}, err
		}
		p, f, err := e.pendingOf(st, act, id)
		if err != nil {
			return asking{}, err
		}
		step, err := f.Challenge(ctx, ChallengeRequest{User: act.user, Client: act.client, Purpose: ForEnrollment, Flow: p.ID,
			Enrollments: st.others(p.Method), UserState: st.factors[p.Method], Previous: p.State, Now: st.now, Slow: slow,
			UserVerification: e.enrolsVerified(st, act, f.Method())})
		if err != nil {
			return asking{}, err
		}
		out := asking{Asked{Method: p.Method, Challenge: step.Challenge, Expires: fromUnix(p.Expires)}, step.Delivery, once, act.user, act.client}
		if step.Pending == nil && step.Delivery == nil {
			return out, nil
		}
		p.State = step.Pending
		st.touch(secPending)
		err = e.prepare(st, p, step, &out)
		return out, err
	})
	return e.deliverMessage(ctx, out, once, err)
}

// Activate confirms a pending enrolment. With the user's first enrollment that
// can reach AAL2 come recovery codes, once; where a flow asked to enrol, it goes
// on. Wrong answers are a [*NotValidError] and count against the account, and a few
// of them end the enrolment: [ErrEnrollmentExpired]. [ErrNoEnrollment].
func (e *Engine) Activate(ctx context.Context, c Caller, id string, a Answer) (Activated, error) {
	user, flowID, err := e.callerID(c)
	if err != nil {
		return Activated{}, err
	}
	if err := a.check(); err != nil {
		return Activated{}, err
	}
	if err := e.permit(ctx, c.supportRequest(SupportReplace)); err != nil {
		return Activated{}, err
	}
	e.jobs.begin()
	defer e.jobs.end()
	slow, codes := e.slowOnce(), e.codesOnce()
	var spreads bool
	var confirmed pending
	var breakers []string
	out, err := commit(ctx, e, user, func(st *state) (Activated, error) {
		act, err := e.authorize(st, c, flowID, holding)
		if err != nil {
			return Activated{}, err
		}
		p, f, err := e.pendingOf(st, act, id)
		if err != nil {
			return Activated{}, err
		}
		m := f.Method()
		if until := st.budgetUntil(m, act.known); !until.IsZero() {
			return Activated{}, &LockedError{Until: until}
		}
		v, err := f.Verify(ctx, VerifyRequest{User: act.user, Client: act.client, Purpose: ForEnrollment, Flow: p.ID, ID: p.ID,
			Enrollments: st.others(p.Method), Pending: p.live(st.now), UserState: st.factors[p.Method], Answer: a, Now: st.now, Slow: slow})
		if m.OneShot && (errors.Is(err, ErrNotValid) || errors.Is(err, ErrRefused)) {
			p.State = nil
			st.touch(secPending)
		}
		if errors.Is(err, ErrNotValid) {
			told := e.failedPending(st, m, p, act, err)
			spreads = st.spreads(m)
			return Activated{}, told
		}
		if err != nil {
			return Activated{}, err
		}
		confirmed, breakers = *p, p.Breakers
		st.pending = slices.DeleteFunc(st.pending, func(o pending) bool { return o.ID == id })
		st.touch(secPending)
		return e.activate(ctx, st, act, confirmed, v, c, codes)
	})
	if errors.Is(err, ErrRefused) {
		e.spendPending(ctx, user, id) // a credential that turned out to be somebody else's has answered, too
	}
	if spreads && errors.Is(err, ErrNotValid) {
		client := c.Client.bounded()
		e.networkFailed(e.network(client), client, e.now())
	}
	if err == nil {
		e.cameBack(breakers)
	}
	if nv := (*NotValidError)(nil); errors.As(err, &nv) && nv.Resend {
		nv.Resend = false
		if asked, err := e.Resend(ctx, c, id); err == nil || errors.Is(err, ErrDelivery) {
			nv.Resent = &asked
		}
	}
	return out, err
}

// spendPending ends the challenge of a pending enrolment that takes one answer.
func (e *Engine) spendPending(ctx context.Context, user, id string) {
	_, err := commit(ctx, e, user, func(st *state) (struct{}, error) {
		if err := st.openPending(); err != nil {
			return struct{}{}, err
		}
		for i := range st.pending {
			p := &st.pending[i]
			if f := e.factor(p.Method); p.ID == id && p.State != nil && f >= 0 && e.methods[f].OneShot {
				p.State = nil
				st.touch(secPending)
			}
		}
		return struct{}{}, nil
	})
	if err != nil {
		e.log.Warn("mfa: a refused credential's challenge stays until it expires", "error", err)
	}
}

// pendingOf finds a pending enrolment of this caller's, whose evidence has to be
// enough for the account as it is by now: what was begun before the owner
// enrolled is not finished on a password alone.
func (e *Engine) pendingOf(st *state, act acting, id string) (*pending, Factor, error) {
	if err := errors.Join(st.openPending(), st.openFactors()); err != nil {
		return nil, nil, err
	}
	for i := range st.pending {
		p := &st.pending[i]
		if p.ID != id || !bytes.Equal(p.Flow, flowOf(act)) || p.Support != (act.actor != "") {
			continue
		}
		f := e.factor(p.Method)
		if p.Expires <= st.now.Unix() || p.Fails >= pendingAttempts || f < 0 {
			return nil, nil, ErrEnrollmentExpired
		}
		if p.Replaces != "" && st.enrollment(p.Replaces) == nil {
			return nil, nil, ErrEnrollmentExpired
		}
		return p, e.factors[f], e.enough(st, act, finishing)
	}
	return nil, nil, ErrNoEnrollment
}

// failedPending counts a wrong confirmation, against the account like any other
// guess, so that setting up is no way around its limit.
func (e *Engine) failedPending(st *state, m Method, p *pending, act acting, cause error) error {
	told, _ := toldOf(cause)
	p.Fails++
	st.charge(m)
	st.touch(secPending)
	told.AttemptsLeft = max(0, pendingAttempts-p.Fails)
	if t, b := st.class(m); t != nil {
		told.AttemptsLeft = min(told.AttemptsLeft, t.left(b, act.known, st.now))
	}
	events := []Event{{Type: EventFailed, Method: p.Method, Enrollment: p.ID, Count: 1}}
	if st.owed() {
		events = append(events, Event{Type: EventManyFailures, Notice: true, Method: p.Method, Enrollment: p.ID, Count: tellAt})
	}
	for _, ev := range events {
		ev.Actor, ev.Reason = act.actor, act.reason
		if err := e.note(st, ev, act.user, act.client); err != nil {
			return err
		}
	}
	return &told
}

// others are the user's enrollments of a method, as its factor sees them.
func (st *state) others(method string) []Enrolled {
	var out []Enrolled
	for i := range st.enrolled {
		if r := &st.enrolled[i]; r.Method == method {
			out = append(out, Enrolled{ID: r.ID, State: r.State})
		}
	}
	return out
}

// freeLabel is base, with a number where it is taken.
func (st *state) freeLabel(base string) string {
	label := base
	for n := 2; slices.ContainsFunc(st.enrolled, func(r enrollment) bool { return r.Label == label }); n++ {
		label = base + " " + strconv.Itoa(n)
	}
	return label
}

// cleanLabel is what is kept of a label that a user gave.
func cleanLabel(label string) (string, error) {
	if len(label) > 4*maxLabel || !utf8.ValidString(label) {
		return "", badInput("label: want at most %d characters", maxLabel)
	}
	label = strings.TrimSpace(cut(label, len(label)))
	if utf8.RuneCountInString(label) > maxLabel {
		return "", badInput("label: want at most %d characters", maxLabel)
	}
	return label, nil
}
