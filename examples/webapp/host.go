package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/recovery"
)

// host is what the library asks of this app.
type host struct{ a *app }

func (h host) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s, err := h.a.stored(r)
	return s.Account.user(), s.Evidence, err
}

// Passed ends the account's other sessions where a recovery code was used:
// whoever has lost a phone may have lost a signed-in browser with it.
func (h host) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	g, err := h.a.signedIn(flow)
	if err != nil {
		return err
	}
	if flow.Purpose == mfa.SteppingUp {
		s, err := h.a.stored(r)
		if err != nil {
			return err
		}
		if g, err = s.with(flow.Authentication); err != nil {
			return err
		}
	}
	if usedRecovery(flow) {
		if err := h.a.sessions.endAll(r.Context(), g.account); err != nil {
			return err
		}
	}
	return h.a.mintSession(w, r, g)
}

// Renewed ends the account's other sessions: something was added, removed or
// replaced, and if somebody else is signed in, that is when they have to go.
func (h host) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	s, err := h.a.stored(r)
	if err != nil {
		return err
	}
	g, err := s.with(evidence)
	if err != nil {
		return err
	}
	if err := h.a.sessions.endAll(r.Context(), g.account); err != nil {
		return err
	}
	return h.a.mintSession(w, r, g)
}

func usedRecovery(flow mfa.Flow) bool {
	return slices.ContainsFunc(flow.Authentication.Proofs, func(p mfa.Proof) bool { return p.Method == recovery.Name })
}

// endOthers ends the account's sessions but the one of this request, which may
// have been made while it was answered.
func (a *app) endOthers(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	id := a.sessionID(r)
	for _, c := range (&http.Response{Header: w.Header()}).Cookies() {
		if c.Name == a.cookieName() {
			id = c.Value
		}
	}
	return a.sessions.endOthers(ctx, id)
}

// endingOthers ends the account's other sessions before the answer to a call of
// the API that succeeds. It is for enrolling within a sign-in, of which the host
// is told no more than that it has passed.
func (a *app) endingOthers(change http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change.ServeHTTP(&onSuccess{ResponseWriter: w, do: func() {
			if err := a.endOthers(r.Context(), w, r); err != nil {
				a.log.ErrorContext(r.Context(), "webapp: sessions were not ended", "error", err)
			}
		}}, r)
	})
}

// onSuccess is a ResponseWriter that does something before a 2xx is written.
type onSuccess struct {
	http.ResponseWriter
	do func()
}

func (w *onSuccess) WriteHeader(status int) {
	if status >= 200 && status < 300 && w.do != nil {
		w.do()
		w.do = nil
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *onSuccess) Unwrap() http.ResponseWriter { return w.ResponseWriter }
