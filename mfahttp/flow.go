package mfahttp

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// flowJSON is a flow as clients see it.
type flowJSON struct {
	Status      mfa.Status      `json:"status"`
	Purpose     mfa.FlowPurpose `json:"purpose"`
	Options     []optionJSON    `json:"options"`
	Methods     []string        `json:"methods"`
	Remember    rememberJSON    `json:"remember"`
	Expires     time.Time       `json:"expires_at,omitzero"`
	Reason      string          `json:"reason,omitempty"`
	Approved    bool            `json:"approved,omitempty"`
	Token       string          `json:"token,omitempty"`        // native clients only
	DeviceToken string          `json:"device_token,omitempty"` // native clients only
}

type optionJSON struct {
	ID          string    `json:"id"`
	Method      string    `json:"method"`
	Label       string    `json:"label"`
	Hint        string    `json:"hint"`
	LockedUntil time.Time `json:"locked_until,omitzero"`

	Sent     bool              `json:"sent,omitempty"`
	Delivery mfa.DeliveryState `json:"delivery,omitempty"`
}

// rememberJSON says for how long this browser may be remembered: not at all, as
// no policy grants it.
type rememberJSON struct {
	Days int `json:"days"`
}

func toFlowJSON(f mfa.Flow, inBody bool) flowJSON {
	out := flowJSON{
		Status: f.Status, Purpose: f.Purpose, Reason: f.Reason, Approved: f.Approved, Expires: f.Expires.UTC(),
		Options: []optionJSON{}, Methods: append([]string{}, f.Methods...),
	}
	for _, o := range f.Options {
		out.Options = append(out.Options, optionJSON{o.ID, o.Method, o.Label, o.Hint, o.LockedUntil.UTC(), o.Sent, o.Delivery})
	}
	if inBody {
		out.DeviceToken = f.DeviceToken
		if f.Status != mfa.StatusPassed {
			out.Token = f.Token
		}
	}
	return out
}

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
		Remember   bool            `json:"remember"` // taken, and without effect: flows say remember.days 0
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
	a.Option = in.Option
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
