package mfahttp

import (
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// ErrNoAction says that there is no such action of this user's.
var ErrNoAction = errors.New("mfahttp: no such action")

// maxActionID is the engine's bound on the identifier of an action.
const maxActionID = 256 // bytes

// An Actioner is a [Host] with actions that have to be approved one by one, whatever
// the session has proved: payments. A client names an action by its identifier and
// nothing else (POST stepup); what the user is shown, and what the approval
// asks for, is what the host has recorded. A Host that is none has no actions.
type Actioner interface {
	// Action finds an action that waits for this user's approval. It changes
	// nothing. An error that wraps [ErrNoAction] says that there is none by this
	// identifier, or that it is another user's. The Action that it returns has the
	// identifier that [Handler.Redeem] is called with.
	Action(r *http.Request, u mfa.User, id string) (mfa.Action, mfa.Requirement, error)
}

// StepUp begins a step-up of the request's session: to what changes ask for, and
// to raise beyond it. The flow goes to [Handler.WriteFlow] or [Handler.Proceed].
func (h *Handler) StepUp(r *http.Request, raise mfa.Requirement) (mfa.Flow, error) {
	caller, err := h.sessionCaller(r)
	if err != nil {
		return mfa.Flow{}, err
	}
	base, err := h.engine.ChangeRequirement(r.Context(), caller)
	if err != nil {
		return mfa.Flow{}, err
	}
	return h.engine.StepUp(r.Context(), mfa.StepUp{
		User: caller.User, Authentication: caller.Authentication, Require: base.And(raise), Client: caller.Client,
	})
}

// Approve begins a step-up in which the request's user approves an action, as
// POST stepup does for clients: for the host's own pages. Neither the action nor req
// may come from the client. The flow goes to [Handler.WriteFlow] or
// [Handler.Proceed]; when it has passed, [Handler.Redeem] takes the approval.
func (h *Handler) Approve(r *http.Request, a mfa.Action, req mfa.Requirement) (mfa.Flow, error) {
	caller, err := h.sessionCaller(r)
	if err != nil {
		return mfa.Flow{}, err
	}
	flow, err := h.engine.StepUp(r.Context(), mfa.StepUp{
		User: caller.User, Authentication: caller.Authentication, Require: req, Client: caller.Client, Action: &a,
	})
	if errors.Is(err, mfa.ErrBadInput) {
		return mfa.Flow{}, errors.Join(errHost, err) // all of it is the host's
	}
	return flow, err
}

// Redeem takes the approval of an action, once, for the request's session: call it
// right before the action is done, and do the action only then. What it returns
// is the evidence, for the host's records. Without an approval that is unused and
// fresh the error is a [*mfa.RequirementError] that misses "approval"; give it to
// [Handler.WriteError], and the client begins with stepup. See [mfa.Engine.Redeem].
func (h *Handler) Redeem(r *http.Request, action string) (mfa.Authentication, error) {
	caller, err := h.sessionCaller(r)
	if err != nil {
		return mfa.Authentication{}, err
	}
	return h.engine.Redeem(r.Context(), caller, action)
}

func (h *Handler) postStepUp(c *call) error {
	user, _, err := h.session(c.r)
	if err != nil {
		return err
	}
	var in struct {
		Action            *string `json:"action"`
		PhishingResistant bool    `json:"phishing_resistant"`
		MaxAge            *int64  `json:"max_age"`
	}
	if err := c.decodeOptional(&in); err != nil {
		return err
	}
	raise := mfa.Requirement{PhishingResistant: in.PhishingResistant}
	if in.MaxAge != nil {
		if *in.MaxAge < 1 || *in.MaxAge > int64(maxAge/time.Second) {
			return badRequest(`member "max_age" is not a number of seconds from 1 to 31622400`)
		}
		raise.MaxAge = time.Duration(*in.MaxAge) * time.Second
	}
	var flow mfa.Flow
	if in.Action == nil {
		flow, err = h.StepUp(c.r, raise)
	} else {
		flow, err = h.approveByID(c.r, user, *in.Action, raise)
	}
	if err != nil {
		return err
	}
	return h.writeFlow(c.w, c.r, http.StatusOK, flow)
}

// approveByID begins the approval of an action that the client has named.
func (h *Handler) approveByID(r *http.Request, user mfa.User, id string, raise mfa.Requirement) (mfa.Flow, error) {
	if id == "" || len(id) > maxActionID {
		return mfa.Flow{}, badRequest(`member "action" is empty or too long`)
	}
	host, ok := h.host.(Actioner)
	if !ok {
		return mfa.Flow{}, ErrNoAction
	}
	action, req, err := host.Action(r, user, id)
	switch {
	case errors.Is(err, ErrNoAction):
		return mfa.Flow{}, ErrNoAction
	case err != nil:
		return mfa.Flow{}, errors.Join(errHost, err)
	}
	return h.Approve(r, action, req.And(raise))
}
