package mfahttp

import (
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// session asks the host who is signed in.
func (h *Handler) session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	user, a, err := h.host.Session(r)
	switch {
	case errors.Is(err, ErrNoSession):
		return mfa.User{}, mfa.Authentication{}, ErrNoSession
	case err != nil:
		return mfa.User{}, mfa.Authentication{}, errors.Join(errHost, err)
	case user.ID == "":
		return mfa.User{}, mfa.Authentication{}, ErrNoSession
	}
	return user, a, nil
}

// Caller says who asks to enrol: the session; or, with nobody signed in, the
// flow that asks to enrol; or both, where they are of one user. A flow that
// waits for an answer makes nobody a caller, and beside a session it counts for
// nothing. [ErrNoSession] if there is no caller; [mfa.ErrCaller] for a session of
// one user and a flow, which asks to enrol, of another.
func (h *Handler) Caller(r *http.Request) (mfa.Caller, error) {
	caller, err := h.sessionCaller(r)
	if err != nil && !errors.Is(err, ErrNoSession) {
		return mfa.Caller{}, err
	}
	signedIn := err == nil
	token := h.sessionFlowToken(r)
	if !signedIn {
		if token, err = h.flowToken(r); err != nil {
			return mfa.Caller{}, err
		}
	}
	enrolls, err := h.enrolls(r, token)
	switch {
	case err != nil:
		return mfa.Caller{}, err
	case enrolls == "" && !signedIn:
		return mfa.Caller{}, ErrNoSession
	case enrolls == "":
		return caller, nil
	case signedIn && enrolls != caller.User.ID:
		return mfa.Caller{}, mfa.ErrCaller
	}
	caller.FlowToken, caller.Client = token, h.Client(r)
	return caller, nil
}

// enrolls returns the user of a flow that asks to enrol. Empty: it is no such flow.
func (h *Handler) enrolls(r *http.Request, token string) (user string, err error) {
	if token == "" {
		return "", nil
	}
	flow, err := h.engine.Flow(r.Context(), token)
	switch {
	case errors.Is(err, mfa.ErrNoFlow), errors.Is(err, mfa.ErrFlowExpired):
		return "", nil
	case err != nil:
		return "", err
	case flow.Status != mfa.StatusEnroll:
		return "", nil
	}
	return flow.User, nil
}

// sessionCaller is for changes that a sign-in in progress may never make.
func (h *Handler) sessionCaller(r *http.Request) (mfa.Caller, error) {
	user, a, err := h.session(r)
	if err != nil {
		return mfa.Caller{}, err
	}
	return mfa.Caller{User: user, Authentication: a, Client: h.Client(r)}, nil
}

// SessionCaller is who asks for a change that no sign-in in progress may make: the
// session. [ErrNoSession].
func (h *Handler) SessionCaller(r *http.Request) (mfa.Caller, error) { return h.sessionCaller(r) }

// Renewed hands what is left of the session's evidence after a change to the host, as
// the API does; see [Host]. For pages that call the engine themselves.
func (h *Handler) Renewed(w http.ResponseWriter, r *http.Request, a mfa.Authentication) error {
	return h.renewed(&call{w: w, r: r}, a)
}

// Prefix is the path that the handler is mounted at ([Config.Prefix]).
func (h *Handler) Prefix() string { return h.prefix }

// reader returns the user who may see what is enrolled: of a session whose
// evidence still holds, or of a flow that asks to enrol.
func (h *Handler) reader(r *http.Request) (user string, err error) {
	caller, err := h.Caller(r)
	if err != nil {
		return "", err
	}
	if caller.User.ID == "" {
		return h.enrolls(r, caller.FlowToken)
	}
	return caller.User.ID, h.holds(r, caller)
}

// holds refuses evidence from before a reset, or of something that was removed.
func (h *Handler) holds(r *http.Request, c mfa.Caller) error {
	return h.engine.Satisfies(r.Context(), c, mfa.Requirement{})
}

// renewed hands what is left of the session's evidence to the host; nothing, if
// the session has to end.
func (h *Handler) renewed(c *call, a mfa.Authentication) error {
	if err := h.host.Renewed(c.w, c.r, a); err != nil {
		return errors.Join(errHost, err)
	}
	return nil
}
