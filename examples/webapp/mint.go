package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

var errNotPassed = errors.New("webapp: the flow has not passed")

// A grant is leave to make a session. Its fields are set here alone, from a
// flow that has passed or from a session that exists: whatever route signs
// people in, there is no other way to a session, and so none around the second
// factor.
type grant struct {
	account  string
	evidence mfa.Authentication
	expires  time.Time
}

// signedIn turns a sign-in that has passed into leave to make a session.
func (a *app) signedIn(flow mfa.Flow) (grant, error) {
	if flow.Status != mfa.StatusPassed || flow.User == "" || flow.Authentication.User != flow.User {
		return grant{}, errNotPassed
	}
	life := sessionLife
	if advice := flow.Authentication.SessionLifetime; advice > 0 {
		life = advice
	}
	return grant{flow.User, flow.Authentication, a.clock.Now().Add(life)}, nil
}

// with is leave to go on with other evidence, for as long as the session had
// left: proving something again does not make it live longer.
func (s session) with(evidence mfa.Authentication) (grant, error) {
	if s.Account.ID == "" || evidence.User != s.Account.ID {
		return grant{}, errNotPassed
	}
	return grant{s.Account.ID, evidence, s.Expires}, nil
}

// mintSession gives the client a session under a new id, and ends the one that it
// had.
func (a *app) mintSession(w http.ResponseWriter, r *http.Request, g grant) error {
	if old := a.sessionID(r); old != "" {
		if err := a.sessions.end(r.Context(), old); err != nil {
			return err
		}
	}
	id, err := a.sessions.create(r.Context(), g)
	if err != nil {
		return err
	}
	a.handOver(w, r, id, g.expires.Sub(a.clock.Now()))
	return nil
}

// endSession signs the client out.
func (a *app) endSession(w http.ResponseWriter, r *http.Request) error {
	id := a.sessionID(r)
	if id == "" {
		return nil
	}
	a.handOver(w, r, "", 0)
	return a.sessions.end(r.Context(), id)
}

// current is the session of a request, if its evidence still holds: a reset or
// a removal, in this process or in another, ends the sessions that rest on what
// is gone. mfahttp.ErrNoSession.
func (a *app) current(r *http.Request) (session, error) {
	s, err := a.stored(r)
	if err != nil {
		return session{}, err
	}
	err = a.engine.Satisfies(r.Context(), a.callerOf(r, s), mfa.Requirement{})
	if errors.Is(err, mfa.ErrRequirement) {
		return session{}, errors.Join(mfahttp.ErrNoSession, a.sessions.end(r.Context(), a.sessionID(r)))
	}
	return s, err
}

// callerOf is somebody who is signed in, for the engine.
func (a *app) callerOf(r *http.Request, s session) mfa.Caller {
	return mfa.Caller{User: s.Account.user(), Authentication: s.Evidence, Client: a.client(r)}
}

// stored is the session of a request as it was made, at the front end where it was
// made.
func (a *app) stored(r *http.Request) (session, error) {
	id := a.sessionID(r)
	if id == "" {
		return session{}, mfahttp.ErrNoSession
	}
	s, err := a.sessions.find(r.Context(), id)
	if errors.Is(err, errNoSession) || err == nil && s.Evidence.App != a.client(r).App {
		return session{}, mfahttp.ErrNoSession
	}
	return s, err
}
