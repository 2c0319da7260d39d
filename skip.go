package mfa

import "context"

// Skip puts off the enrolment that a flow leads to, where the policy still lets the
// user do that (Flow.Grace): the flow passes with what was proved. Each time counts,
// and signing in again gives none back. [ErrEnrollmentRequired] where it may not be
// put off, [ErrNoFlow], [ErrFlowExpired].
func (e *Engine) Skip(ctx context.Context, token string, c Client) (Flow, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return Flow{}, err
	}
	return commit(ctx, e, user, func(st *state) (Flow, error) {
		if err := st.openFlow(id); err != nil {
			return Flow{}, err
		}
		b := st.body
		d := e.decide(st, b.User, b.Client) // what is granted now: another browser may have used it up
		if b.Grace.Skip = b.Grace.Skip && d.Grace.Skip; !e.next(st).skip {
			return Flow{}, ErrEnrollmentRequired
		}
		st.head.Skips++
		b.Skipped, b.Require, b.First, b.Grace = true, Requirement{}, Requirement{}, Grace{}
		st.touch(secHead)
		if err := e.note(st, Event{Type: EventSkipped, Count: st.head.Skips}, b.User, b.Client); err != nil {
			return Flow{}, err
		}
		return e.advance(st, token, c.DeviceToken)
	})
}
