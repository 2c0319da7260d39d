package mfa

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// A Verdict is what somebody says of a sign-in afterwards.
type Verdict string

// The verdicts.
const (
	NotMe Verdict = "not_me" // it was somebody else
	WasMe Verdict = "was_me" // it was the user, whatever it looked like
)

// Feedback says of one of the user's activities whose it was: the user by a
// session's evidence that holds, however old, or support with Caller.Actor, if
// Config.Support lets it ([SupportVerdict]).
//
// After NotMe what was learned from it is unlearned, its browser is no longer known
// and all evidence is void, the session's own too, since nobody can say which of
// the sessions is the stranger's: everybody signs in again, and is asked. The host
// ends its sessions, and asks for a new password. WasMe is for the record.
// [ErrNoActivity], [*RequirementError], [ErrSupport], [ErrBadInput].
func (e *Engine) Feedback(ctx context.Context, c Caller, activity string, v Verdict) error {
	if v != NotMe && v != WasMe {
		return badInput("verdict is %q", cut(string(v), maxApp))
	}
	if c.FlowToken != "" {
		return ErrCaller
	}
	user, _, err := e.callerID(c)
	if err != nil {
		return err
	}
	if c.Actor != "" {
		if err := e.permit(ctx, c.supportRequest(SupportVerdict)); err != nil {
			return err
		}
	}
	client := c.Client.bounded()
	_, err = commit(ctx, e, user, func(st *state) (struct{}, error) {
		if err := st.openAll(); err != nil {
			return struct{}{}, err
		}
		if c.Actor == "" {
			if _, err := st.evidence(c.Authentication, client); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, e.judge(st, c, client, activity, v)
	})
	return err
}

// judge notes a verdict, once, and does what follows from it.
func (e *Engine) judge(st *state, c Caller, client Client, activity string, v Verdict) error {
	list, err := st.history()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(n entry) bool { return n.ID == activity && activity != "" && n.Type.signIn() })
	if i < 0 {
		return ErrNoActivity
	}
	if list[i].Verdict == v {
		return nil
	}
	list[i].Verdict = v
	device := list[i].Device
	after := list[:i+1] // newest first
	if err := st.setHistory(list); err != nil {
		return err
	}
	ev := Event{Type: EventVerdict, Notice: v == NotMe, Reason: string(v), Label: activity, Actor: cut(c.Actor, maxText)}
	if v == NotMe {
		// What the same browser was let in for since, because it had become a known one,
		// was the stranger's too.
		for _, n := range after {
			if n.ID == activity || device != "" && n.Device == device {
				e.unlearn(st, n.ID)
			}
		}
		if err := errors.Join(st.dropDevice(device), e.endReset(st, c.User, client), st.dropFlows()); err != nil {
			return err
		}
		st.void()
	}
	return e.note(st, ev, c.User, client)
}

// signIn says whether an entry tells how a sign-in went.
func (t EventType) signIn() bool {
	return t == EventFlowPassed || t == EventFlowDenied || t == EventFailed || t == EventNewDevice
}

// dropDevice forgets the device whose identifier begins so, if there is one.
func (st *state) dropDevice(id string) error {
	if id == "" {
		return nil
	}
	if err := st.openDevices(); err != nil {
		return err
	}
	st.devices = slices.DeleteFunc(st.devices, func(d device) bool { return strings.HasPrefix(d.ID, id) })
	st.touch(secDevices)
	return nil
}
