package main

import (
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// mount puts the second factor behind the login: its engine, its API and its pages.
func (a *app) mount(mux *http.ServeMux) {
	factors := []mfa.Factor{must(totp.New(totp.Config{Issuer: "Example"})), must(recovery.New(recovery.Config{}))}
	keys, store := must(mfa.NewKeyRing()), memory.New() // REPLACE: what outlives the process
	a.engine = must(mfa.New(mfa.Config{Store: store, Keys: keys, Factors: factors}))
	api := mfahttp.Config{Engine: a.engine, Host: a, Origin: "http://localhost:8080"} // REPLACE: your https origin
	a.pages = must(pages.Mount(mux, api, pages.Config{App: "Example", SignIn: "/login", SignOut: "/logout"}))
}

// enter is where the password was right. The pages ask for the code, and then call Passed.
func (a *app) enter(w http.ResponseWriter, r *http.Request, email string) {
	a.pages.SignIn(w, r, mfa.SignIn{User: person(email), First: mfa.Password}, "/")
}

// Passed alone begins sessions.
func (a *app) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return a.Renewed(w, r, flow.Authentication)
}

// Renewed puts what a change has left of the evidence into the session, or ends it.
func (a *app) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	if a.end(r); evidence.User != "" {
		a.begin(w, r, session{evidence.User, evidence})
	}
	return nil
}

// Session is who is signed in, while what they have proved still counts: nobody, if that cannot be told.
func (a *app) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s, ok := a.session(r)
	if user := person(s.user); ok && a.engine.Satisfies(r.Context(), mfa.Caller{User: user, Authentication: s.evidence}, mfa.Requirement{}) == nil {
		return user, s.evidence, nil
	}
	return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
}

func person(email string) mfa.User { return mfa.User{ID: email, Name: email, Email: email} }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
