package mfahttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// methodRecovery is the name of the recovery codes' method. They are shown as a count,
// not among the enrollments that a user manages.
const methodRecovery = "recovery"

// enrollmentJSON is an enrollment as clients see it.
type enrollmentJSON struct {
	ID        string     `json:"id"`
	Method    string     `json:"method"`
	Label     string     `json:"label"`
	Hint      string     `json:"hint"`
	CreatedAt time.Time  `json:"created_at"`
	LastUsed  *time.Time `json:"last_used_at"` // null: never
	Disabled  bool       `json:"disabled"`
}

func toEnrollmentJSON(e mfa.Enrollment) enrollmentJSON {
	out := enrollmentJSON{ID: e.ID, Method: e.Method, Label: e.Label, Hint: e.Hint, CreatedAt: e.CreatedAt.UTC(), Disabled: e.Disabled}
	if !e.LastUsed.IsZero() {
		used := e.LastUsed.UTC()
		out.LastUsed = &used
	}
	return out
}

type activatedJSON struct {
	Enrollment    enrollmentJSON `json:"enrollment"`
	RecoveryCodes []string       `json:"recovery_codes,omitempty"`
	Flow          *flowJSON      `json:"flow,omitempty"`
}

func (h *Handler) listEnrollments(c *call) error {
	who, err := h.reader(c.r)
	if err != nil {
		return err
	}
	list, err := h.engine.Enrollments(c.r.Context(), who)
	if err != nil {
		return err
	}
	var out struct {
		Enrollments       []enrollmentJSON `json:"enrollments"`
		RecoveryCodesLeft int              `json:"recovery_codes_left"`
	}
	out.Enrollments = []enrollmentJSON{}
	for _, e := range list {
		if e.Method == methodRecovery {
			out.RecoveryCodesLeft += e.Remaining
			continue
		}
		out.Enrollments = append(out.Enrollments, toEnrollmentJSON(e))
	}
	return writeJSON(c.w, http.StatusOK, out)
}

func (h *Handler) enroll(c *call) error {
	caller, err := h.Caller(c.r)
	if err != nil {
		return err
	}
	var in struct {
		Method   string `json:"method"`
		Label    string `json:"label"`
		Phone    string `json:"phone"`
		Email    string `json:"email"`
		Replaces string `json:"replaces"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if in.Method == "" {
		return badRequest(`member "method" is missing`)
	}
	begun, err := h.engine.Enroll(c.r.Context(), caller, mfa.Enroll{
		Method: in.Method, Label: in.Label, Replaces: in.Replaces,
		Params: mfa.EnrollParams{Phone: in.Phone, Email: in.Email},
	})
	if errors.Is(err, mfa.ErrDelivery) && begun.ID != "" {
		// The message may arrive all the same, and can be sent again.
		p := h.problem(err)
		p.Members["id"], p.Members["method"], p.Members["expires_at"] = begun.ID, begun.Method, begun.Expires.UTC()
		return p
	}
	if err != nil {
		return err
	}
	if begun.Activated != nil {
		return h.writeActivated(c, http.StatusCreated, *begun.Activated)
	}
	own := timed(map[string]any{"id": begun.ID, "method": begun.Method}, begun.Expires, begun.ResendAt)
	out, err := merged(begun.Challenge, own)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusCreated, out)
}

func (h *Handler) resend(c *call) error {
	caller, err := h.Caller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	asked, err := h.engine.Resend(c.r.Context(), caller, c.id)
	if err != nil {
		return err
	}
	return writeAsked(c.w, asked)
}

func (h *Handler) activate(c *call) error {
	caller, err := h.Caller(c.r)
	if err != nil {
		return err
	}
	var in struct {
		Code       *string         `json:"code"`
		Credential json.RawMessage `json:"credential"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	a, err := toAnswer(in.Code, in.Credential)
	if err != nil {
		return err
	}
	done, err := h.engine.Activate(c.r.Context(), caller, c.id, a)
	if err != nil {
		return err
	}
	return h.writeActivated(c, http.StatusOK, done)
}

func (h *Handler) writeActivated(c *call, status int, done mfa.Activated) error {
	out := activatedJSON{Enrollment: toEnrollmentJSON(done.Enrollment), RecoveryCodes: done.RecoveryCodes}
	if done.Flow == nil {
		if err := h.renewed(c, done.Authentication); err != nil {
			return err
		}
	} else {
		if err := h.Proceed(c.w, c.r, *done.Flow); err != nil {
			return err
		}
		inBody, err := h.inBody(c.r, *done.Flow)
		if err != nil {
			return err
		}
		flow := toFlowJSON(*done.Flow, inBody)
		out.Flow = &flow
	}
	return writeJSON(c.w, status, out)
}

func (h *Handler) rename(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	var in struct {
		Label *string `json:"label"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if in.Label == nil {
		return badRequest(`member "label" is missing`)
	}
	e, err := h.engine.Rename(c.r.Context(), caller, c.id, *in.Label)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, toEnrollmentJSON(e))
}

func (h *Handler) remove(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	left, err := h.engine.Remove(c.r.Context(), caller, c.id)
	if err != nil {
		return err
	}
	if err := h.renewed(c, left); err != nil {
		return err
	}
	return noContent(c.w)
}

// removeAll ends all enrollments. Where the policy asks for one, the answer is
// the flow in which to enrol it, and the session ends: there is none for whoever
// lacks what the policy asks for.
func (h *Handler) removeAll(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	flow, err := h.engine.RemoveAll(c.r.Context(), caller)
	if err != nil {
		return err
	}
	if flow.Status == mfa.StatusPassed {
		if err := h.renewed(c, flow.Authentication); err != nil {
			return err
		}
		return noContent(c.w)
	}
	if err := h.renewed(c, mfa.Authentication{}); err != nil {
		return err
	}
	return h.writeFlow(c.w, c.r, http.StatusOK, flow)
}

func (h *Handler) recoveryCodes(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	codes, err := h.engine.RecoveryCodes(c.r.Context(), caller)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, map[string][]string{"codes": codes})
}

func noContent(w http.ResponseWriter) error {
	private(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
