package sessions

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// SCS is a host whose sessions are kept by alexedwards/scs, on the server. Every
// request has to come through its LoadAndSave:
//
//	sessions := scs.New() // REPLACE its store: the default forgets all at a restart
//	sessions.Cookie.Name, sessions.Cookie.Secure = "__Host-session", true
//	http.ListenAndServe(addr, sessions.LoadAndSave(handler.Protect(mux)))
type SCS struct {
	Sessions *scs.SessionManager
	Engine   *mfa.Engine
	User     func(ctx context.Context, id string) (mfa.User, error) // mfa.ErrNotFound where there is none
}

const scsKey = "mfa" // of the evidence, among the host's own values

// Session is who is signed in, while the evidence still holds.
func (h *SCS) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	var evidence mfa.Authentication
	raw := h.Sessions.GetBytes(r.Context(), scsKey)
	if raw == nil || json.Unmarshal(raw, &evidence) != nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return holding(r.Context(), h.Engine, h.User, evidence)
}

// Passed alone makes sessions.
func (h *SCS) Passed(_ http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	ctx := r.Context()
	if flow.Purpose == mfa.SteppingUp {
		return h.renew(ctx, flow.Authentication, h.Sessions.Deadline(ctx))
	}
	if err := h.Sessions.Clear(ctx); err != nil { // what somebody else may have left here
		return err
	}
	life := h.Sessions.Lifetime
	if advice := flow.Authentication.SessionLifetime; advice > 0 {
		life = advice
	}
	return h.renew(ctx, flow.Authentication, time.Now().Add(life))
}

// Renewed takes what a change has left of the session's evidence; nothing, and the
// session ends.
func (h *SCS) Renewed(_ http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	if evidence.User == "" {
		return h.Sessions.Destroy(r.Context())
	}
	return h.renew(r.Context(), evidence, h.Sessions.Deadline(r.Context()))
}

// renew goes on under a new id, until the same time: RenewToken alone would begin
// the session's life again with each step-up.
func (h *SCS) renew(ctx context.Context, evidence mfa.Authentication, until time.Time) error {
	raw, err := json.Marshal(evidence)
	if err != nil {
		return err
	}
	if err := h.Sessions.RenewToken(ctx); err != nil {
		return err
	}
	h.Sessions.SetDeadline(ctx, until)
	h.Sessions.Put(ctx, scsKey, raw)
	return nil
}

// Logout ends the session. A flow that is under way ends by mfahttp.Handler.ClearFlow.
func (h *SCS) Logout(_ http.ResponseWriter, r *http.Request) error {
	return h.Sessions.Destroy(r.Context())
}
