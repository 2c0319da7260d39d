package mfahttp

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// activityJSON is an entry of the history as its owner sees it.
type activityJSON struct {
	ID         string          `json:"id,omitempty"`
	Time       time.Time       `json:"time"`
	Type       mfa.EventType   `json:"type"`
	Method     string          `json:"method,omitempty"`
	Enrollment string          `json:"enrollment,omitempty"`
	Label      string          `json:"label,omitempty"`
	Actor      string          `json:"actor,omitempty"`
	App        string          `json:"app,omitempty"`
	IP         string          `json:"ip,omitempty"`
	Place      string          `json:"place,omitempty"`
	UserAgent  string          `json:"user_agent,omitempty"`
	Count      int             `json:"count"`
	Risk       *mfa.Assessment `json:"risk,omitempty"` // whole: nobody but the owner is signed in
	Verdict    mfa.Verdict     `json:"verdict,omitempty"`
}

func (h *Handler) activity(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := h.holds(c.r, caller); err != nil {
		return err
	}
	list, err := h.engine.Activity(c.r.Context(), caller.User.ID)
	if err != nil {
		return err
	}
	out := []activityJSON{}
	for _, a := range list {
		entry := activityJSON{a.ID, a.Time.UTC(), a.Type, a.Method, a.Enrollment, a.Label, a.Actor, a.App, "", a.Place, a.UserAgent, a.Count, a.Risk, a.Verdict}
		if a.IP.IsValid() {
			entry.IP = a.IP.String()
		}
		out = append(out, entry)
	}
	return writeJSON(c.w, http.StatusOK, map[string][]activityJSON{"activity": out})
}

// dispute says of one of the user's sign-ins that it was somebody else's.
func (h *Handler) dispute(c *call) error {
	if _, err := h.sessionCaller(c.r); err != nil { // before the body, of which nobody else is told anything
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	if err := h.Dispute(c.w, c.r, c.id); err != nil {
		return err
	}
	return noContent(c.w)
}

// Dispute says of one of the sign-ins of the session's user that it was somebody else's, as
// POST activity/{id}/dispute does: for pages. The session ends with the others.
// [ErrNoSession], [mfa.ErrNoActivity].
func (h *Handler) Dispute(w http.ResponseWriter, r *http.Request, activity string) error {
	caller, err := h.sessionCaller(r)
	if err != nil {
		return err
	}
	// What follows is done whole, also for a client that goes away.
	c := &call{w: w, r: r.WithContext(context.WithoutCancel(r.Context()))}
	if err := h.engine.Feedback(c.r.Context(), caller, activity, mfa.NotMe); err != nil {
		return err
	}
	// Said again, from a session that has begun since, it changes nothing.
	if h.holds(c.r, caller) == nil {
		return nil
	}
	return errors.Join(h.renewed(c, mfa.Authentication{}), h.repudiated(c, caller.User.ID))
}
