package mfa

import (
	"context"
	"slices"
	"time"
)

// advance brings the current flow to where it stands now, and is what the
// client is told of it. A flow that passes is spent by the save of this try.
func (e *Engine) advance(st *state, token, deviceToken string) (Flow, error) {
	now := e.next(st)
	if now.enrolls && st.head.FirstAsked == 0 {
		st.head.FirstAsked = st.now.Unix()
		st.touch(secHead)
	}
	if now.status == StatusDenied {
		return e.deny(st, token, now.reason)
	}
	st.current.Status = now.status
	st.touch(secFlows)
	out := e.view(st, token, now)
	if now.status != StatusPassed {
		return out, nil
	}
	return e.pass(st, out, deviceToken)
}

// pass ends the current flow with its evidence.
func (e *Engine) pass(st *state, out Flow, deviceToken string) (Flow, error) {
	b := st.body
	out.Authentication = b.authentication(st)
	out.Methods = e.offered(st, b.Choice)
	out.Nudge = b.Purpose == SigningIn && st.ownCount() < b.Nudge && len(out.Methods) > 0
	here := b.Device
	// The answer may have been taken by an instance whose clock is behind that of the
	// one that began the flow.
	began := st.current.Created - clockTolerance.Milliseconds()
	if slices.ContainsFunc(b.Proofs, func(p Proof) bool { return p.Enrollment != "" && p.Time.UnixMilli() >= began }) {
		d, keep, strange, err := st.seeDevice(b.Client, deviceToken)
		if err != nil {
			return Flow{}, err
		}
		out.DeviceToken, here = keep, d.ID
		if strange {
			if err := e.note(st, Event{Type: EventNewDevice, Notice: true, Device: d.ID}, b.User, b.Client); err != nil {
				return Flow{}, err
			}
		}
		remembered, err := e.remember(st, b, d)
		if err != nil {
			return Flow{}, err
		}
		if remembered && b.Remember.Session {
			out.Authentication.SessionLifetime = b.Remember.For
		}
		if err := e.ownerIsHere(st, b); err != nil {
			return Flow{}, err
		}
	}
	ev := Event{Type: EventFlowPassed, Method: b.Proofs[len(b.Proofs)-1].Method, Reason: b.spared(), Device: here, Risk: b.assessed()}
	err := e.note(st, ev, b.User, b.Client)
	e.learn(st, b, st.noted)
	if b.Action != nil {
		out.Authentication.Proofs, out.Authentication.Time = b.Session, newest(b.Session)
		st.current.Held = true
		*b = flowBody{Attempts: b.Attempts, Action: b.Action, Proofs: b.Proofs, Client: Client{App: b.Client.App}, Generation: st.head.Generation}
		return out, err
	}
	*b = flowBody{Attempts: b.Attempts} // all that a spent flow is still needed for
	return out, err
}

// remember has a browser remembered, where its user asked for that and the
// policy grants it. A code that stands in for a lost factor is no reason to.
func (e *Engine) remember(st *state, b *flowBody, d *device) (bool, error) {
	standsIn := func(p Proof) bool { return p.Method == methodRecovery || p.Method == methodBypass }
	if !b.Asks || b.Remember.For <= 0 || b.Purpose != SigningIn || slices.ContainsFunc(b.Proofs, standsIn) {
		return false, nil
	}
	d.Granted, d.For, d.Idle = st.now.Unix(), int64(b.Remember.For/time.Second), int64(b.Remember.Idle/time.Second)
	return true, e.note(st, Event{Type: EventDeviceRemembered, Notice: true, Label: d.ID, Count: int(b.Remember.For / (24 * time.Hour))}, b.User, b.Client)
}

// spared says why no second proof was asked for, where one would have been.
func (b *flowBody) spared() string {
	switch {
	case b.Skipped:
		return "put_off"
	case b.Remembered != "" && b.Purpose == SigningIn:
		return "remembered"
	}
	return ""
}

func (e *Engine) deny(st *state, token, reason string) (Flow, error) {
	st.current.Status, st.body.Reason = StatusDenied, reason
	st.touch(secFlows)
	return e.view(st, token, standing{}), e.note(st, Event{Type: EventFlowDenied, Reason: reason, Risk: st.body.assessed()}, st.body.User, st.body.Client)
}

// view is the current flow as its client sees it.
func (e *Engine) view(st *state, token string, now standing) Flow {
	b := st.body
	out := Flow{
		Token: token, Status: st.current.Status, Purpose: b.Purpose, User: st.user, Reason: b.Reason,
		Options: e.options(st, b, now.list), Methods: now.methods, Expires: fromUnix(st.current.Expires), Generation: st.head.Generation,
		Enrolled: b.Enrolled, Approved: b.Approved, Action: b.Action, Support: b.Support, Risk: b.Risk,
	}
	if now.skip {
		out.Grace = b.Grace
	}
	if now.status == StatusChallenge && !now.enrolls && b.Purpose == SigningIn {
		out.Remember = b.Remember.For
	}
	if st.current.Status != StatusPassed && st.grantsReset(b) {
		out.Reset = st.resetOffer(b)
	}
	return out
}

// authentication is the evidence of a passed flow.
func (b *flowBody) authentication(st *state) Authentication {
	a := Authentication{User: st.user, App: b.Client.App, Proofs: b.Proofs, Generation: st.head.Generation, SessionLifetime: b.Lifetime,
		Remembered: b.Remembered}
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
		return e.view(st, token, standing{}), nil
	case StatusPassed:
		return Flow{}, ErrFlowExpired
	}
	now := e.next(st)
	if now.status == StatusPassed && st.body.Approved {
		now.status = StatusChallenge // until Continue takes it
	}
	if now.status == StatusDenied || now.status == StatusPassed { // what it rested on was removed since
		return Flow{}, ErrFlowExpired
	}
	st.current.Status = now.status
	return e.view(st, token, now), nil
}
