// Command quickstart is a small application with accounts, a login and sessions, and an
// authenticator app behind its passwords. docs/start.md makes it of the one in before/:
// what was added is mfa.go, and the lines of this file that are marked MFA.
package main

import (
	"crypto/rand"
	"html/template"
	"log"
	"net/http"
	"sync"

	"github.com/mfakit/mfa"               // MFA
	"github.com/mfakit/mfa/mfahttp/pages" // MFA
	"golang.org/x/crypto/bcrypt"
)

type app struct {
	mu       sync.Mutex
	users    map[string][]byte  // by e-mail: the password, hashed
	sessions map[string]session // by the cookie's value
	engine   *mfa.Engine        // MFA
	pages    *pages.Pages       // MFA
}

type session struct {
	user     string
	evidence mfa.Authentication // MFA
}

func main() {
	a := &app{users: map[string][]byte{}, sessions: map[string]session{}}
	log.Print("http://localhost:8080")
	log.Fatal(http.ListenAndServe("localhost:8080", a.handler())) //nolint:gosec // REPLACE: a http.Server with timeouts
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { show(w, "login", "") })
	mux.HandleFunc("POST /register", a.register)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	a.mount(mux) // MFA
	return http.NewCrossOriginProtection().Handler(mux)
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s, _ := a.session(r)
	if _, _, err := a.Session(r); err != nil { // MFA
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	show(w, "home", s.user)
}

func (a *app) register(w http.ResponseWriter, r *http.Request) {
	email := r.FormValue("email")
	hash, err := bcrypt.GenerateFromPassword([]byte(r.FormValue("password")), bcrypt.DefaultCost)
	a.mu.Lock()
	taken := a.users[email] != nil
	if err == nil && !taken {
		a.users[email] = hash
	}
	a.mu.Unlock()
	if err != nil || taken {
		show(w, "login", "There is an account already, or the password is too long.")
		return
	}
	a.enter(w, r, email)
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	email := r.FormValue("email")
	a.mu.Lock()
	hash := a.users[email]
	a.mu.Unlock()
	if bcrypt.CompareHashAndPassword(hash, []byte(r.FormValue("password"))) != nil { // REPLACE: a limit on tries
		show(w, "login", "The e-mail address or the password is wrong.")
		return
	}
	a.enter(w, r, email)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	a.end(r)
	a.pages.API().ClearFlow(w) // MFA
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// begin makes a session, and ends the one that the request came with.
func (a *app) begin(w http.ResponseWriter, r *http.Request, s session) {
	a.end(r)
	id := rand.Text()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[id] = s
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) // REPLACE: Secure, with https
}

func (a *app) session(r *http.Request) (session, bool) {
	c, err := r.Cookie("session")
	if err != nil {
		return session{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s, ok := a.sessions[c.Value]
	return s, ok
}

func (a *app) end(r *http.Request) {
	if c, err := r.Cookie("session"); err == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.sessions, c.Value)
	}
}

var page = template.Must(template.New("").Parse(`
{{define "login"}}<!doctype html><title>Example</title><h1>Example</h1><p role="alert">{{.}}</p>
<form method="post"><p><label>E-mail <input name="email" type="email" required autocomplete="username"></label>
<p><label>Password <input name="password" type="password" required autocomplete="current-password"></label>
<p><button formaction="/login">Sign in</button> <button formaction="/register">Create an account</button></form>{{end}}
{{define "home"}}<!doctype html><title>Example</title><h1>Hello, {{.}}</h1>
<p><a href="/account/settings">Security settings</a>
<form method="post" action="/logout"><button>Sign out</button></form>{{end}}`))

func show(w http.ResponseWriter, name string, data any) {
	if err := page.ExecuteTemplate(w, name, data); err != nil {
		log.Print(err)
	}
}
