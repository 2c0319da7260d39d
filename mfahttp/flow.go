package mfahttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// WriteFlow answers with a flow, after [Handler.Proceed]: for the host's login,
// and whatever else begins a flow. If the host's own part fails, the answer is
// a problem.
func (h *Handler) WriteFlow(w http.ResponseWriter, r *http.Request, status int, flow mfa.Flow) {
	if err := h.writeFlow(w, r, status, flow); err != nil {
		h.WriteError(w, r, err)
	}
}

func (h *Handler) writeFlow(w http.ResponseWriter, r *http.Request, status int, flow mfa.Flow) error {
	inBody, err := h.inBody(r, flow)
	if err != nil {
		return err
	}
	return h.answerFlow(w, r, status, flow, inBody)
}

func (h *Handler) answerFlow(w http.ResponseWriter, r *http.Request, status int, flow mfa.Flow, inBody bool) error {
	if err := h.proceed(w, r, flow, inBody); err != nil {
		return err
	}
	return writeJSON(w, status, toFlowJSON(flow, inBody))
}

// token finds the flow of a call that needs one.
func (h *Handler) token(c *call) (string, error) {
	token, err := h.flowToken(c.r)
	if err == nil && token == "" {
		err = mfa.ErrNoFlow
	}
	return token, err
}

func (h *Handler) getFlow(c *call) error {
	token, err := h.token(c)
	if err != nil {
		return err
	}
	flow, err := h.engine.Flow(c.r.Context(), token)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, toFlowJSON(flow, false))
}

func (h *Handler) challenge(c *call) error {
	token, err := h.token(c)
	if err != nil {
		return err
	}
	var in struct {
		Option string `json:"option"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if in.Option == "" {
		return badRequest(`member "option" is missing`)
	}
	asked, err := h.engine.Challenge(c.r.Context(), token, in.Option, h.Client(c.r))
	if err != nil {
		return err
	}
	return writeAsked(c.w, asked)
}

func writeAsked(w http.ResponseWriter, asked mfa.Asked) error {
	out, err := merged(asked.Challenge, timed(map[string]any{"method": asked.Method}, asked.Expires, asked.ResendAt))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, out)
}

// timed adds the times that are known.
func timed(m map[string]any, expires, resend time.Time) map[string]any {
	if !expires.IsZero() {
		m["expires_at"] = expires.UTC()
	}
	if !resend.IsZero() {
		m["resend_at"] = resend.UTC()
	}
	return m
}

func (h *Handler) verify(c *call) error {
	token, err := h.token(c)
	if err != nil {
		return err
	}
	var in struct {
		Option     string          `json:"option"`
		Code       *string         `json:"code"`
		Credential json.RawMessage `json:"credential"`
		Remember   bool            `json:"remember"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if in.Option == "" {
		return badRequest(`member "option" is missing`)
	}
	a, err := toAnswer(in.Code, in.Credential)
	if err != nil {
		return err
	}
	a.Option, a.Remember = in.Option, in.Remember
	flow, err := h.engine.Verify(c.r.Context(), token, a, h.Client(c.r))
	if err != nil {
		return err
	}
	return h.writeFlow(c.w, c.r, http.StatusOK, flow)
}

// goOn goes on with a flow that was answered from another browser.
func (h *Handler) goOn(c *call) error {
	token, err := h.token(c)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	flow, err := h.engine.Continue(c.r.Context(), token, h.Client(c.r))
	if err != nil {
		return err
	}
	return h.writeFlow(c.w, c.r, http.StatusOK, flow)
}

// skip puts off the enrolment that a flow leads to.
func (h *Handler) skip(c *call) error {
	token, err := h.token(c)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	flow, err := h.engine.Skip(c.r.Context(), token, h.Client(c.r))
	if errors.Is(err, mfa.ErrEnrollmentRequired) {
		return errNoSkip
	}
	if err != nil {
		return err
	}
	return h.writeFlow(c.w, c.r, http.StatusOK, flow)
}

// toAnswer makes an answer of the one thing that was given. That something was
// given is never left to the factor to find out: an empty code must not meet an
// empty record.
func toAnswer(code *string, credential json.RawMessage) (mfa.Answer, error) {
	switch {
	case code == nil && credential == nil:
		return mfa.Answer{}, badRequest(`neither "code" nor "credential"`)
	case code != nil && credential != nil:
		return mfa.Answer{}, badRequest(`both "code" and "credential"`)
	case code != nil && *code == "":
		return mfa.Answer{}, badRequest(`member "code" is empty`)
	case code != nil:
		return mfa.Answer{Code: *code}, nil
	case credential[0] != '{':
		return mfa.Answer{}, badRequest(`member "credential" is of the wrong type`)
	}
	return mfa.Answer{Credential: credential}, nil
}
