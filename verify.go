package mfa

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Challenge begins one of the flow's options, or repeats it: the message is
// sent, the browser gets what it has to sign. Methods with nothing to ask first
// return an Asked without a Challenge. [ErrNoFlow], [ErrFlowExpired],
// [ErrNoOption], [*LockedError], [*WaitError], [ErrDelivery].
func (e *Engine) Challenge(ctx context.Context, token, option string, c Client) (Asked, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return Asked{}, err
	}
	e.jobs.begin()
	defer e.jobs.end()
	c = c.bounded()
	slow, once := e.slowOnce(), &message{id: newID(), user: user, flow: id, option: option}
	defer e.settle(once)
	out, err := commit(ctx, e, user, func(st *state) (asking, error) {
		cand, err := e.option(st, id, option)
		if err != nil {
			return asking{}, err
		}
		if err := e.checkLock(st, cand, c); err != nil {
			return asking{}, err
		}
		if err := st.openFactors(); err != nil {
			return asking{}, err
		}
		b := st.body
		step, err := cand.factor.Challenge(ctx, ChallengeRequest{
			User: b.User, Client: c, Purpose: ForAuthentication, Flow: hex.EncodeToString(id), Enrollments: enrolledOf(cand.covered),
			UserState: st.factors[cand.method.Name], Previous: b.Asked[option].State, Now: st.now, Slow: slow,
			UserVerification: cand.needsUserVerification(b.Require, e.counted(st, b), st.now), Action: b.Action.text(),
			Elsewhere: func() (string, error) { return e.elsewhereToken(user, id, option) },
		})
		if err != nil {
			return asking{}, err
		}
		out := asking{Asked: Asked{Method: cand.method.Name, Challenge: step.Challenge, Expires: fromUnix(st.current.Expires)}, delivery: step.Delivery,
			message: once, user: b.User, client: c}
		if step.Pending == nil && step.Delivery == nil {
			return out, nil
		}
		p := pending{ID: option, Method: cand.method.Name, State: step.Pending, Expires: st.current.Expires}
		if err := e.prepare(st, &p, step, &out); err != nil {
			return asking{}, err
		}
		if b.Asked == nil {
			b.Asked = map[string]pending{}
		}
		b.Asked[option] = p
		st.touch(secFlows)
		return out, nil
	})
	return e.deliverMessage(ctx, out, once, err)
}

// Verify checks an answer. A right one moves the flow on, possibly to passed;
// it is spent by the save that precedes this answer, so that of any number of
// equal ones exactly one is accepted. A wrong one is a [*NotValidError], and
// counted before it is told; too many are a [*LockedError]. One Load and one
// Save, whatever the outcome; a locked answer only a Load. Also [ErrNoFlow],
// [ErrFlowExpired], [ErrNoOption], [ErrBadInput], none of which counts.
func (e *Engine) Verify(ctx context.Context, token string, a Answer, c Client) (Flow, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return Flow{}, err
	}
	deviceToken := c.DeviceToken
	flow, err := e.answer(ctx, user, id, a, c, func(st *state) (Flow, error) { return e.advance(st, token, deviceToken) })
	if nv := (*NotValidError)(nil); errors.As(err, &nv) && nv.Resend {
		nv.Resend = false
		if asked, err := e.Challenge(ctx, token, a.Option, c); err == nil || errors.Is(err, ErrDelivery) { // the old code is dead either way
			nv.Resent = &asked
		}
	}
	return flow, err
}

// answer checks an answer, and lets right go on from there.
func (e *Engine) answer(ctx context.Context, user string, id []byte, a Answer, c Client, right func(*state) (Flow, error)) (Flow, error) {
	if err := a.check(); err != nil {
		return Flow{}, err
	}
	e.jobs.begin()
	defer e.jobs.end()
	c = c.bounded()
	slow := e.slowOnce()
	var spreads bool
	var breakers []string
	flow, err := commit(ctx, e, user, func(st *state) (Flow, error) {
		cand, err := e.option(st, id, a.Option)
		if err != nil {
			return Flow{}, err
		}
		if err := e.checkLock(st, cand, c); err != nil {
			return Flow{}, err
		}
		if err := st.openFactors(); err != nil {
			return Flow{}, err
		}
		b := st.body
		v, err := cand.factor.Verify(ctx, VerifyRequest{
			User: b.User, Client: c, Purpose: ForAuthentication, Flow: hex.EncodeToString(id), Enrollments: enrolledOf(cand.covered),
			Pending: b.Asked[a.Option].live(st.now), UserState: st.factors[cand.method.Name], Answer: a, Now: st.now, Slow: slow,
		})
		if cand.method.OneShot && (errors.Is(err, ErrNotValid) || errors.Is(err, ErrRefused)) {
			delete(b.Asked, a.Option)
			st.touch(secFlows)
		}
		if errors.Is(err, ErrNotValid) {
			told := e.failed(st, cand, c, err)
			spreads = st.spreads(cand.method)
			return Flow{}, told
		}
		if err != nil {
			return Flow{}, err
		}
		i := slices.IndexFunc(cand.covered, func(r *enrollment) bool { return r.ID == v.EnrollmentID })
		if i < 0 {
			return Flow{}, errNotAsked(cand.method)
		}
		r := cand.covered[i]
		r.succeed(st.now)
		if err := st.keep(r, v); err != nil {
			return Flow{}, err
		}
		breakers = b.Asked[a.Option].Breakers
		delete(b.Asked, a.Option)
		b.Proofs = withProof(b.Proofs, cand.method.proved(r.ID, v, st.now))
		b.Asks = b.Asks || a.Remember
		if err := e.verified(st, r, v, cand.method, b.User, c); err != nil {
			return Flow{}, err
		}
		return right(st)
	})
	if spreads && errors.Is(err, ErrNotValid) {
		e.networkFailed(e.network(c), c, e.now())
	}
	if err == nil {
		e.cameBack(breakers)
	}
	return flow, err
}

func errNotAsked(m Method) error {
	return fmt.Errorf("mfa: factor %s verified an enrollment that it was not asked about", m.Name)
}

// verified tells of a right answer, and of what the factor found odd about it.
func (e *Engine) verified(st *state, r *enrollment, v Verified, m Method, u User, c Client) error {
	ev := Event{Type: EventVerified, Method: r.Method, Enrollment: r.ID, Label: r.Label}
	if m.Recovery {
		ev.Type, ev.Notice, ev.Count = EventRecoveryUsed, true, v.Remaining
		if m.Name == methodBypass {
			ev.Type = EventBypassUsed
		}
		st.rise() // what stands in for a lost factor ends the trust in devices
	}
	if err := e.note(st, ev, u, c); err != nil || v.Alarm == "" {
		return err
	}
	return e.note(st, Event{Type: v.Alarm, Notice: true, Method: r.Method, Enrollment: r.ID, Label: r.Label}, u, c)
}

// check bounds what comes from outside.
func (a Answer) check() error {
	if len(a.Code) > maxCode || len(a.Credential) > maxCredential || len(a.Option) > maxLabel {
		return badInput("answer is too long")
	}
	if a.Code == "" && len(a.Credential) == 0 {
		return badInput("answer is empty")
	}
	return nil
}

// live is the pending state, unless its challenge has expired.
func (p pending) live(now time.Time) []byte {
	if p.Until != 0 && p.Until <= now.Unix() {
		return nil
	}
	return p.State
}

// option finds the flow and the option that is to be answered.
func (e *Engine) option(st *state, flow []byte, option string) (candidate, error) {
	if err := st.openFlow(flow); err != nil {
		return candidate{}, err
	}
	for _, c := range e.next(st).list {
		if c.id == option {
			return c, nil
		}
	}
	// One that is disabled was an option, and says so.
	if r := st.enrollment(option); r != nil && r.Disabled {
		return candidate{}, &LockedError{Disabled: true}
	}
	return candidate{}, ErrNoOption
}

// checkLock refuses an option that no answer is taken for now.
func (e *Engine) checkLock(st *state, c candidate, client Client) error {
	network := ""
	if !st.body.Known {
		network = e.network(client)
	}
	var soonest time.Time
	for _, r := range c.covered {
		until := e.lockedUntil(st, c.method, r, st.body.Known, network)
		if until.IsZero() {
			return nil
		}
		if soonest.IsZero() || until.Before(soonest) {
			soonest = until
		}
	}
	return &LockedError{Until: soonest}
}

// failed counts a wrong answer. What it returns is told after the save.
func (e *Engine) failed(st *state, c candidate, client Client, cause error) error {
	told, alarm := toldOf(cause)
	told.AttemptsLeft = st.fail(c.method, c.covered, st.body.Known)
	r := c.covered[0]
	events := []Event{{Type: EventFailed, Count: 1}}
	if st.owed() {
		events = append(events, Event{Type: EventManyFailures, Notice: true, Count: tellAt})
	}
	switch {
	case r.Disabled:
		events = append(events, Event{Type: EventDisabled, Notice: true, Count: r.inARow()})
	case told.AttemptsLeft == 0:
		events = append(events, Event{Type: EventLocked, Notice: st.lockOwed(), Count: r.inARow()})
	}
	if alarm.Type != "" {
		events = append(events, alarm)
	}
	for _, ev := range events {
		ev.Method, ev.Enrollment = c.method.Name, cmp.Or(ev.Enrollment, r.ID)
		if about := st.enrollment(ev.Enrollment); about != nil {
			ev.Label = about.Label
		}
		if err := e.note(st, ev, st.body.User, client); err != nil {
			return err
		}
	}
	st.touch(secFlows)
	return &told
}

// toldOf is what a client may be told of a wrong answer, and the alarm that the
// factor raises over it.
func toldOf(cause error) (told NotValidError, alarm Event) {
	if nv := (*NotValidError)(nil); errors.As(cause, &nv) {
		told.Hint, told.Resend = nv.Hint, nv.Resend
		alarm = Event{Type: nv.Alarm, Notice: true, Enrollment: nv.Enrollment}
	}
	return told, alarm
}

// keep stores what an answer has changed.
func (st *state) keep(r *enrollment, v Verified) error {
	if len(v.State) > maxFactorState || len(v.UserState) > maxFactorState {
		return ErrTooLarge
	}
	r.State, r.Left = v.State, v.Remaining
	if v.Hint != "" {
		r.Hint = cut(v.Hint, maxText)
	}
	st.touch(secEnrollments)
	if v.UserState != nil {
		if err := st.openFactors(); err != nil {
			return err
		}
		if st.factors == nil {
			st.factors = map[string][]byte{}
		}
		st.factors[r.Method] = v.UserState
		st.touch(secFactors)
	}
	return nil
}

// proved is the proof that an answer gave.
func (m Method) proved(enrollment string, v Verified, now time.Time) Proof {
	return Proof{Method: m.Name, Enrollment: enrollment, Kind: m.Kind, AMR: v.AMR, Time: now.UTC(),
		UserVerified: v.UserVerified, PhishingResistant: m.PhishingResistant, Restricted: m.Restricted, DeviceBound: v.DeviceBound}
}

func enrolledOf(list []*enrollment) []Enrolled {
	out := make([]Enrolled, len(list))
	for i, r := range list {
		out[i] = Enrolled{ID: r.ID, State: r.State}
	}
	return out
}

// slowOnce is the SlowFunc of one request.
func (e *Engine) slowOnce() SlowFunc {
	type result struct {
		digest []byte
		err    error
	}
	var done map[string]result
	return func(ctx context.Context, name string, compute func() ([]byte, error)) ([]byte, error) {
		if r, ok := done[name]; ok {
			return r.digest, r.err
		}
		select {
		case e.slow <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		defer func() { <-e.slow }()
		digest, err := compute()
		if done == nil {
			done = map[string]result{}
		}
		done[name] = result{digest, err}
		return digest, err
	}
}
