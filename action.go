package mfa

import (
	"context"
	"slices"

	"github.com/mfakit/mfa/internal/codec"
)

// approve turns a step-up into the approval of one action: whatever the session
// has proved before, what is asked for is a proof for this.
func (b *flowBody) approve(a Action, remembered string) error {
	if a.ID == "" || a.Text == "" || cut(a.Text, maxText) != a.Text || cut(a.ID, maxText) != a.ID {
		return badInput("action: want an identifier and a text of 1 to %d bytes in one line", maxText)
	}
	b.Action, b.Session, b.Remembered = &a, b.Proofs, remembered
	b.Require.SecondFactor = true
	b.Proofs = slices.DeleteFunc(slices.Clone(b.Proofs), func(p Proof) bool { return p.Enrollment != "" })
	return nil
}

// text is what the user is told of an action; empty: there is none.
func (a *Action) text() string {
	if a == nil {
		return ""
	}
	return a.Text
}

// Redeem takes the approval of an action, once: of any number of calls one gets
// the evidence of it, which the host may keep as its record, and the others a
// [*RequirementError] that misses [MissingApproval]. The approval is of the caller's
// user, holds for ten minutes from the beginning of its step-up, and ends with any
// security change. Call it right before the action, and do the action only then.
// One Load, one Save.
func (e *Engine) Redeem(ctx context.Context, c Caller, action string) (Authentication, error) {
	return change(ctx, e, c, holding, func(st *state, act acting) (Authentication, error) {
		if act.actor != "" || act.flow != nil {
			return Authentication{}, ErrCaller
		}
		var got *Authentication
		for i := range st.flows {
			f := &st.flows[i]
			if !f.Held || f.Expires <= st.now.Unix() {
				continue
			}
			var b flowBody
			if err := codec.Unmarshal(f.Body, &b); err != nil {
				return Authentication{}, stateError(err)
			}
			if b.Action == nil || b.Action.ID != action || b.Client.App != act.client.App || b.Generation < st.head.DeviceFloor {
				continue
			}
			a := b.authentication(st)
			a.Action, got = b.Action, &a
			// All approvals of it are spent: two tabs are one payment.
			body, err := codec.Marshal(flowBody{Attempts: b.Attempts})
			if err != nil {
				return Authentication{}, err
			}
			f.Held, f.Body = false, body
			st.touch(secFlows)
		}
		if got != nil {
			return *got, e.note(st, Event{Type: EventApproved, Label: got.Action.Text, Reason: got.Action.ID}, act.user, act.client)
		}
		return Authentication{}, &RequirementError{Require: Requirement{SecondFactor: true}, Missing: []string{MissingApproval}}
	})
}
