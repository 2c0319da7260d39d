package snippets

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// site is a host with everything that docs/wiring.md tells of. It keeps its accounts,
// sessions and payments in memory.
type site struct {
	engine *mfa.Engine
	api    *mfahttp.Handler

	mu       sync.Mutex
	accounts map[string]account
	sessions map[string]mfa.Authentication
	payments map[string]payment
}

type account struct {
	user       mfa.User
	password   string
	generation uint64
}

type payment struct {
	user, text string
	done       bool
}

func (s *site) enter(w http.ResponseWriter, r *http.Request, a account, first mfa.First) {
	flow, err := s.engine.SignIn(r.Context(), mfa.SignIn{
		User:          a.user,
		First:         first, // mfa.Password, and the others of the table
		Client:        s.api.Client(r),
		MinGeneration: a.generation,
	})
	if err != nil {
		s.api.WriteError(w, r, err)
		return
	}
	s.api.WriteFlow(w, r, http.StatusOK, flow) // cookies, and Passed where nothing is asked
}

// Passed alone makes sessions, each under a new id.
func (s *site) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	s.keep(flow.User, flow.Generation)
	s.end(r) // the session that the request came with
	s.begin(w, flow.Authentication)
	return nil
}

// Session is who is signed in, while the evidence holds.
func (s *site) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	a, evidence, ok := s.find(r)
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	if evidence.Generation < a.generation { // something has changed since: is it void?
		caller := mfa.Caller{User: a.user, Authentication: evidence, Client: s.api.Client(r)}
		err := s.engine.Satisfies(r.Context(), caller, mfa.Requirement{})
		if errors.Is(err, mfa.ErrRequirement) {
			return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
		}
		if err != nil {
			return mfa.User{}, mfa.Authentication{}, err
		}
	}
	return a.user, evidence, nil
}

// Observe keeps the generation with the account.
func (s *site) Observe(_ context.Context, e mfa.Event) error {
	s.keep(e.User, e.Generation)
	return nil
}

// Renewed puts what a change has left of the evidence into the session. No evidence: the session ends.
func (s *site) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	s.endAll(s.user(r))
	if evidence.User != "" {
		s.begin(w, evidence)
	}
	return nil
}

func (s *site) routes(mux *http.ServeMux) {
	recent := mfa.Requirement{SecondFactor: true, MaxAge: time.Hour}
	keys := mfa.Requirement{PhishingResistant: true}
	mux.Handle("/reports/", s.api.Require(recent)(s.api.Protect(http.HandlerFunc(s.reports))))
	mux.Handle("/admin/", s.api.Require(keys)(s.api.Protect(http.HandlerFunc(s.admin))))
	mux.Handle("POST /pay/{id}", s.api.Protect(http.HandlerFunc(s.pay)))
}

func (s *site) pay(w http.ResponseWriter, r *http.Request) {
	approved, err := s.api.Redeem(r, r.PathValue("id")) // once, of this user, for this payment
	if err != nil {
		s.api.WriteError(w, r, err) // 403, missing "approval": the client begins with POST /mfa/stepup
		return
	}
	s.transfer(r.PathValue("id"), approved) // and nothing that could fail in between
	w.WriteHeader(http.StatusNoContent)
}

// Action says what the payment is, from what this host has recorded.
func (s *site) Action(_ *http.Request, u mfa.User, id string) (mfa.Action, mfa.Requirement, error) {
	p, ok := s.payment(id)
	if !ok || p.user != u.ID {
		return mfa.Action{}, mfa.Requirement{}, mfahttp.ErrNoAction
	}
	return mfa.Action{ID: id, Text: p.text}, mfa.Requirement{}, nil
}

func (s *site) reauthenticate(w http.ResponseWriter, r *http.Request) error {
	_, evidence, err := s.Session(r)
	if err != nil {
		return err
	}
	// The password was right just now.
	return s.Renewed(w, r, s.engine.Reauthenticated(evidence, mfa.Password))
}

func (s *site) changePassword(w http.ResponseWriter, r *http.Request, password string) error {
	caller, err := s.api.SessionCaller(r)
	if err != nil {
		return err
	}
	s.setPassword(caller.User.ID, password)
	evidence, err := s.engine.PasswordChanged(r.Context(), caller)
	if err != nil {
		return err
	}
	return s.Renewed(w, r, evidence)
}

func (s *site) logout(w http.ResponseWriter, r *http.Request) {
	s.end(r)
	s.api.ClearFlow(w)
}

func (s *site) logoutEverywhere(r *http.Request, user mfa.User) error {
	s.endAll(user.ID)
	return s.engine.SignOutEverywhere(r.Context(), user, s.api.Client(r))
}

func (s *site) closeAccount(ctx context.Context, user mfa.User) error {
	s.endAll(user.ID)
	return s.engine.Erase(ctx, user.ID) // again after an error, until it returns nil
}

func (s *site) token(w http.ResponseWriter, r *http.Request, a account) {
	// The client's secret was right.
	a.user.Kind = mfa.Service
	s.enter(w, r, a, mfa.ClientCredentials)
}

// What follows stands in no document: the rest of a host.

func (s *site) find(r *http.Request) (account, mfa.Authentication, bool) {
	c, err := r.Cookie("session")
	if err != nil {
		return account{}, mfa.Authentication{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	evidence, ok := s.sessions[c.Value]
	return s.accounts[evidence.User], evidence, ok
}

func (s *site) user(r *http.Request) string {
	a, _, _ := s.find(r)
	return a.user.ID
}

func (s *site) keep(user string, generation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, ok := s.accounts[user]; ok && a.generation < generation {
		a.generation = generation
		s.accounts[user] = a
	}
}

func (s *site) begin(w http.ResponseWriter, evidence mfa.Authentication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := rand.Text()
	s.sessions[id] = evidence
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (s *site) end(r *http.Request) {
	if c, err := r.Cookie("session"); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sessions, c.Value)
	}
}

func (s *site) endAll(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, evidence := range s.sessions {
		if evidence.User == user {
			delete(s.sessions, id)
		}
	}
}

func (s *site) setPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[user]
	a.password = password
	s.accounts[user] = a
}

func (s *site) payment(id string) (payment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.payments[id]
	return p, ok
}

func (s *site) transfer(id string, approved mfa.Authentication) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.payments[id]
	p.done = approved.Action != nil && approved.Action.ID == id
	s.payments[id] = p
}

func (s *site) reports(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "reports of", s.user(r))
}
func (s *site) admin(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "admin") }
