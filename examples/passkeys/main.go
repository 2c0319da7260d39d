// Command passkeys signs people in without a password, with net/http and
// package mfahttp: an account is a name and a passkey. Copy it, and replace
// what is marked REPLACE.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"flag"
	"html/template"
	"log"
	"net/http"
	"sync"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/webauthn"
)

const (
	cookie = "__Host-session"
	life   = 12 * time.Hour
)

//go:embed page.html
var html string

// An app is accounts and sessions, which the host has already, and the library.
type app struct {
	users    sync.Map // REPLACE: your accounts; ID to mfa.User
	sessions sync.Map // REPLACE: your sessions, kept on the server; random id to mfa.Authentication
	engine   *mfa.Engine
	mfa      *mfahttp.Handler
	page     *template.Template
}

func main() {
	address := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	origin := "http://" + *address // REPLACE: https://your.domain, and the ID below
	s := http.Server{Addr: *address, Handler: newApp(origin).handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	log.Print("open ", origin)
	log.Fatal(s.ListenAndServe())
}

func newApp(origin string) *app {
	a := &app{page: template.Must(template.New("page").Parse(html))}
	passkeys := must(webauthn.New(webauthn.Config{UserVerification: webauthn.Required, Discoverable: true, RP: webauthn.RelyingParty{ID: "localhost", Name: "Passkeys", Origins: []string{origin}}}))
	a.engine = must(mfa.New(mfa.Config{
		Store:   memory.New(),           // REPLACE: store/sqlstore, and call engine.Check at start
		Keys:    must(mfa.NewKeyRing()), // REPLACE: ParseKeyRing of what Export gave once, kept in a secret store
		Factors: []mfa.Factor{passkeys},
		Policy:  &policy.Policy{Rules: policy.Rules{AAL: mfa.AAL2}}, // of everybody: a passkey reaches it alone, and the last one cannot be removed
		Users:   a.user,
	}))
	a.mfa = must(mfahttp.New(mfahttp.Config{Engine: a.engine, Host: a, Origin: origin}))
	return a
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mfa/", a.mfa) // sign-in, enrolment and mfa.js are all here
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("POST /signup", a.signUp)
	mux.HandleFunc("POST /signout", a.signOut)
	return a.mfa.Protect(mux)
}

// user is how the engine finds out who a passkey's owner is.
func (a *app) user(_ context.Context, id string) (mfa.User, uint64, error) {
	u, ok := a.users.Load(id)
	if !ok {
		return mfa.User{}, 0, mfa.ErrNotFound
	}
	return u.(mfa.User), 0, nil
}

// signUp makes an account. Nothing vouches for it yet, so its flow asks to
// enrol, and passes once there is a passkey.
func (a *app) signUp(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	err := mfahttp.ReadJSON(w, r, &in)
	u, flow := mfa.User{ID: rand.Text(), Name: cmp.Or(in.Name, "somebody"), CreatedAt: time.Now()}, mfa.Flow{}
	if err == nil {
		flow, err = a.engine.SignIn(r.Context(), mfa.SignIn{User: u, First: mfa.DirectorySync, Client: a.mfa.Client(r)})
	}
	if err != nil {
		a.mfa.WriteError(w, r, err)
		return
	}
	a.users.Store(u.ID, u) // REPLACE: and sweep accounts that never got a passkey
	a.mfa.WriteFlow(w, r, http.StatusCreated, flow)
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	user, _, _ := a.Session(r)
	keys, _ := a.engine.Enrollments(r.Context(), user.ID)
	w.Header().Set("Cache-Control", "no-store")
	if err := a.page.Execute(w, map[string]any{"User": user, "Keys": keys}); err != nil {
		log.Print(err)
	}
}

func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	a.end(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// Session, Passed and Renewed are what the library asks of a host.
func (a *app) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	c, _ := r.Cookie(cookie)
	if c == nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	s, _ := a.sessions.Load(c.Value)
	evidence, _ := s.(mfa.Authentication)
	u, _, err := a.user(r.Context(), evidence.User)
	if err != nil || time.Since(evidence.Time) > life ||
		a.engine.Satisfies(r.Context(), mfa.Caller{User: u, Authentication: evidence}, mfa.Requirement{}) != nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return u, evidence, nil
}

// Passed alone makes sessions.
func (a *app) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	a.end(w, r)
	id := rand.Text()
	a.sessions.Store(id, flow.Authentication)
	setCookie(w, id, int(life/time.Second))
	return nil
}

// Renewed takes what a change has left of the session's evidence.
func (a *app) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	if c, err := r.Cookie(cookie); err == nil && evidence.User != "" {
		a.sessions.Store(c.Value, evidence)
		return nil
	}
	a.end(w, r)
	return nil
}

func (a *app) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		a.sessions.Delete(c.Value)
		setCookie(w, "", -1)
	}
}

func setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
