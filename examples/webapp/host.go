package main

import (
	"net/http"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/recovery"
)

// host is what the library asks of this app.
type host struct{ a *app }

func (h host) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s, err := h.a.stored(r)
	return s.Account.user(), s.Evidence, asProblem(err)
}

func (h host) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return asProblem(h.a.passed(w, r, flow))
}

func (h host) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	return asProblem(h.a.renewed(w, r, evidence))
}

var errElsewhere = badRequest("this flow was begun at the app's other front end")

// passed ends the account's other sessions where something was enrolled, as
// renewed does, and where a recovery code or one from support was used: whoever has lost a phone may
// have lost a signed-in browser with it.
func (a *app) passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	g, err := a.signedIn(flow)
	if err != nil {
		return err
	}
	if flow.Authentication.App != a.client(r).App {
		return errElsewhere
	}
	if flow.Purpose == mfa.SteppingUp {
		s, err := a.stored(r)
		if err != nil {
			return err
		}
		if g, err = s.with(flow.Authentication); err != nil {
			return err
		}
	}
	if flow.Enrolled || wasLost(flow) {
		if err := a.sessions.endAll(r.Context(), g.account); err != nil {
			return err
		}
	}
	return a.mintSession(w, r, g)
}

// renewed ends the account's other sessions: something was added, removed or
// replaced, and if somebody else is signed in, that is when they have to go.
// Without evidence this one ends too.
func (a *app) renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	s, err := a.stored(r)
	if err != nil {
		return err
	}
	if err := a.sessions.endAll(r.Context(), s.Account.ID); err != nil {
		return err
	}
	if evidence.User == "" {
		return a.endSession(w, r)
	}
	g, err := s.with(evidence)
	if err != nil {
		return err
	}
	return a.mintSession(w, r, g)
}

// wasLost says whether something stood in for what the user has lost.
func wasLost(flow mfa.Flow) bool {
	return slices.ContainsFunc(flow.Authentication.Proofs, func(p mfa.Proof) bool {
		return p.Method == recovery.Name || p.Method == bypassMethod
	})
}
