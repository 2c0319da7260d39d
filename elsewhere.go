package mfa

import (
	"context"
	"errors"

	"github.com/mfakit/mfa/internal/codec"
)

// An answer may come from another browser than the one that asked: somebody
// signs in on a desk and opens the mailed link on a phone. Then the proof is
// kept in the flow, and the browser that asked goes on with it. It is off unless
// a factor offers it, because a page that lies can have people open a link for
// its own browser.

// elsewhere is what such an answer's token carries, sealed.
type elsewhere struct {
	User   string `cbor:"1,keyasint"`
	Flow   []byte `cbor:"2,keyasint"`
	Option string `cbor:"3,keyasint"`
}

func (e *Engine) elsewhereToken(user string, flow []byte, option string) (string, error) {
	plain, err := codec.Marshal(elsewhere{user, flow, option})
	if err != nil {
		return "", err
	}
	return e.sealedToken(sealElsewhere, plain)
}

// VerifyElsewhere checks an answer from another browser than the one that began
// the flow. Flow is what ChallengeRequest.Elsewhere gave, a.Option is not needed.
// A right answer lets the other browser go on, see Flow.Approved, and yields
// nothing here. Errors as of [Engine.Verify].
func (e *Engine) VerifyElsewhere(ctx context.Context, flow string, a Answer, c Client) error {
	plain, err := e.openedToken(sealElsewhere, flow, maxToken)
	if err != nil {
		return ErrNoFlow
	}
	var of elsewhere
	if err := codec.Unmarshal(plain, &of); err != nil {
		return ErrNoFlow
	}
	a.Option = of.Option
	_, err = e.answer(ctx, of.User, of.Flow, a, c, func(st *state) (Flow, error) {
		st.body.Approved = true
		st.touch(secFlows)
		return Flow{}, nil
	})
	if nv := (*NotValidError)(nil); errors.As(err, &nv) {
		nv.Resend = false // the browser that asked can ask again
	}
	return err
}

// Continue goes on with a flow that was answered from another browser; see
// Flow.Approved. It is for the browser that began the flow, whose token it takes.
// A flow that was not is told as it stands. [ErrNoFlow], [ErrFlowExpired].
func (e *Engine) Continue(ctx context.Context, token string, c Client) (Flow, error) {
	user, id, err := e.parseFlowToken(token)
	if err != nil {
		return Flow{}, err
	}
	return commit(ctx, e, user, func(st *state) (Flow, error) {
		if err := st.openFlow(id); err != nil {
			return Flow{}, err
		}
		if !st.body.Approved {
			now := e.next(st)
			if now.status == StatusDenied || now.status == StatusPassed {
				return Flow{}, ErrFlowExpired
			}
			st.current.Status = now.status // as it is now, which is not kept
			return e.view(st, token, now), nil
		}
		st.body.Approved = false
		return e.advance(st, token, c.DeviceToken)
	})
}
