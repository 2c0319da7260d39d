package main

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

const (
	cookie = "__Host-session"
	life   = 12 * time.Hour
)

var user = mfa.User{ID: "1", Name: "ada"} // REPLACE: your users

// An app is what no router knows of: a password, sessions, and the library.
type app struct {
	password string   // REPLACE: an Argon2id hash for each user, and a limit on tries
	sessions sync.Map // REPLACE: your sessions, kept on the server (see examples/sessions); random id to mfa.Authentication
	engine   *mfa.Engine
	mfa      *mfahttp.Handler
	recent   func(http.Handler) http.Handler // lets through who has given a second factor within five minutes
	now      func() time.Time
}

func newApp(origin, password string, now func() time.Time) (*app, error) {
	a := &app{password: password, now: now}
	apps, err := totp.New(totp.Config{Issuer: "Routers"})
	if err != nil {
		return nil, err
	}
	keys, err := mfa.NewKeyRing() // REPLACE: ParseKeyRing of what Export gave once, kept in a secret store
	if err != nil {
		return nil, err
	}
	// REPLACE the store: store/sqlstore, and call engine.Check at start.
	a.engine, err = mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}, Now: now})
	if err != nil {
		return nil, err
	}
	a.mfa, err = mfahttp.New(mfahttp.Config{Engine: a.engine, Host: a, Origin: origin, Now: now})
	if err != nil {
		return nil, err
	}
	a.recent = a.mfa.Require(mfa.Requirement{SecondFactor: true, MaxAge: 5 * time.Minute})
	return a, nil
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	err := mfahttp.ReadJSON(w, r, &in)
	if err == nil && (a.password == "" || in.Name != user.Name || subtle.ConstantTimeCompare([]byte(in.Password), []byte(a.password)) != 1) {
		err = &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"}
	}
	var flow mfa.Flow
	if err == nil {
		flow, err = a.engine.SignIn(r.Context(), mfa.SignIn{User: user, First: mfa.Password, Client: a.mfa.Client(r)})
	}
	if err != nil {
		a.mfa.WriteError(w, r, err)
		return
	}
	a.mfa.WriteFlow(w, r, http.StatusOK, flow)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	a.end(r)
	setCookie(w, "", -1)
	a.mfa.ClearFlow(w)
	w.WriteHeader(http.StatusNoContent)
}

// secret needs no check of its own: recent stands before it.
func (a *app) secret(w http.ResponseWriter, r *http.Request) {
	u, evidence, err := a.Session(r)
	if err != nil {
		a.mfa.WriteError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write(fmt.Appendf(nil, "For %s alone, who is in by %s.\n", u.Name, evidence.AMR())) //nolint:gosec // no browser takes it for HTML
}

// Session, Passed and Renewed are what the library asks of a host.
func (a *app) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	s, _ := a.sessions.Load(c.Value)
	evidence, _ := s.(mfa.Authentication)
	if evidence.User != user.ID || a.now().Sub(evidence.Time) > life ||
		a.engine.Satisfies(r.Context(), mfa.Caller{User: user, Authentication: evidence}, mfa.Requirement{}) != nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return user, evidence, nil
}

// Passed alone makes sessions.
func (a *app) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return a.Renewed(w, r, flow.Authentication)
}

// Renewed goes on under another id with what a change has left of the evidence.
func (a *app) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	a.end(r)
	if evidence.User == "" { // a change has left none: sign in again
		setCookie(w, "", -1)
		return nil
	}
	id := rand.Text()
	a.sessions.Store(id, evidence)
	setCookie(w, id, int(life/time.Second))
	return nil
}

func (a *app) end(r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		a.sessions.Delete(c.Value)
	}
}

func setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
