package mfa

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// place puts a confirmed enrollment where it belongs: in the place of the one
// that it replaces, or after the others. It returns what to tell of it.
func (e *Engine) place(st *state, act acting, p pending, label string) (Event, error) {
	m := e.methods[e.factor(p.Method)]
	r := enrollment{ID: p.ID, Method: p.Method, Label: p.Label, Hint: p.Hint, Created: st.now.Unix()}
	ev := Event{Type: EventEnrolled, Notice: true, Method: r.Method, Enrollment: r.ID, Hint: r.Hint, First: !st.hasOwn()}
	if i := slices.IndexFunc(st.enrolled, func(o enrollment) bool { return o.ID == p.Replaces }); p.Replaces != "" && i >= 0 {
		if r.Label == "" {
			r.Label = st.enrolled[i].Label
		}
		ev.Replaced, ev.OldHint, ev.Also = p.Replaces, st.enrolled[i].Hint, addresses(st.enrolled[i].Address)
		before := e.stillSatisfies(st, act)
		choice := e.decide(st, act.user, act.client).choice()
		alone := st.alone(choice)
		st.enrolled[i] = r
		if !alone && st.alone(choice) {
			return Event{}, ErrEnrollmentRequired
		}
		if err := e.stillSatisfies(st, act); before == nil && err != nil {
			return Event{}, err // else replacing would be a way around what Remove refuses
		}
		st.void()
		st.endOtherFlows()
		ev.Type, ev.Label = EventReplaced, r.Label
		return ev, nil
	}
	// The user's own takes the place of an address that merely counted.
	st.enrolled = slices.DeleteFunc(st.enrolled, func(o enrollment) bool { return o.Implicit && o.Method == p.Method })
	if len(st.enrolled) >= maxEnrollments {
		return Event{}, ErrTooMany
	}
	if r.Label == "" {
		r.Label = st.freeLabel(cmp.Or(label, m.Label, m.Name))
	}
	st.enrolled = append(st.enrolled, r)
	if ev.First {
		st.head.Undo = r.ID
	}
	st.rise()
	ev.Label = r.Label
	return ev, nil
}

// activate puts a confirmed enrollment in, in one save with what it replaces and
// the recovery codes that come with it.
func (e *Engine) activate(ctx context.Context, st *state, act acting, p pending, v Verified, c Caller, codes codesFunc) (Activated, error) {
	m := e.methods[e.factor(p.Method)]
	label, err := cleanLabel(v.Label)
	if err != nil {
		return Activated{}, err
	}
	ev, err := e.place(st, act, p, label)
	if err == nil {
		err = e.endReset(st, act.user, act.client) // whoever enrols is in
	}
	if err != nil {
		return Activated{}, err
	}
	kept := st.enrollment(p.ID)
	if err := st.keep(kept, v); err != nil {
		return Activated{}, err
	}
	if kept.Claims, err = e.claimNames(p.Method, v.Claims); err != nil {
		return Activated{}, err
	}
	kept.Scope, kept.Bound, kept.Attached = v.Scope, v.DeviceBound, len(v.Attachment) > 0
	if len(v.Attachment) > maxAttachment {
		return Activated{}, ErrTooLarge
	}
	st.attach = append(st.attach, attachment{p.ID, v.Attachment})
	kept.Address = v.Address
	ev.Also = append(ev.Also, addresses(v.Address)...)
	ev.Actor, ev.Reason = act.actor, act.reason
	kept.Used = 0
	st.touch(secEnrollments)
	if err := e.note(st, ev, act.user, act.client); err != nil {
		return Activated{}, err
	}
	if v.Alarm != "" {
		alarm := Event{Type: v.Alarm, Notice: true, Method: p.Method, Enrollment: p.ID, Label: kept.Label}
		if err := e.note(st, alarm, act.user, act.client); err != nil {
			return Activated{}, err
		}
	}
	out := Activated{}
	if act.actor == "" && m.Kind == Have && e.factor(methodRecovery) >= 0 && !slices.ContainsFunc(st.enrolled, func(o enrollment) bool { return o.Method == methodRecovery }) {
		var err error
		if out.RecoveryCodes, err = e.issue(ctx, st, act, codes); err != nil {
			return Activated{}, err
		}
	}
	out.Enrollment = st.enrollment(p.ID).public()
	if act.actor != "" {
		return out, nil
	}
	if act.flow == nil {
		out.Authentication = st.renew(act.auth)
		return out, nil
	}
	st.body.Proofs, st.body.Enrolled = withProof(st.body.Proofs, m.proved(p.ID, v, st.now)), true
	flow, err := e.advance(st, c.FlowToken, c.Client.DeviceToken)
	out.Flow = &flow
	return out, err
}

// addresses is a list of the one, if there is one.
func addresses(a string) []string {
	if a == "" || len(a) > maxText {
		return nil
	}
	return []string{a}
}

// A codesFunc makes a set of recovery codes, once for one request.
type codesFunc func(ctx context.Context, u User, now time.Time) (Step, error)

func (e *Engine) codesOnce() codesFunc {
	var step *Step
	slow := e.slowOnce()
	return func(ctx context.Context, u User, now time.Time) (Step, error) {
		if step != nil {
			return *step, nil
		}
		s, err := e.factors[e.factor(methodRecovery)].Enroll(ctx, EnrollRequest{User: u, ID: newID(), Now: now, Slow: slow})
		if err != nil {
			return Step{}, err
		}
		if s.Done == nil || len(s.Codes) == 0 {
			return Step{}, errors.New("mfa: the recovery factor made no codes")
		}
		step = &s
		return s, nil
	}
}

// issue puts a new set of recovery codes in the place of the old one.
func (e *Engine) issue(ctx context.Context, st *state, act acting, codes codesFunc) ([]string, error) {
	step, err := codes(ctx, act.user, st.now)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(st.enrolled, func(o enrollment) bool { return o.Method == methodRecovery })
	if i < 0 {
		st.enrolled = append(st.enrolled, enrollment{ID: newID(), Method: methodRecovery, Label: e.methods[e.factor(methodRecovery)].Label})
		i = len(st.enrolled) - 1
	}
	r := &st.enrolled[i]
	r.Created, r.Used, r.Disabled, r.Unknown, r.Known = st.now.Unix(), 0, false, lane{}, lane{}
	if err := st.keep(r, *step.Done); err != nil {
		return nil, err
	}
	st.rise()
	return step.Codes, e.note(st, Event{Type: EventRecoveryCodes, Notice: true, Method: methodRecovery, Enrollment: r.ID, Count: step.Done.Remaining}, act.user, act.client)
}
