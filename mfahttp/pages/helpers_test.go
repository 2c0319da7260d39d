package pages_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/sms"
)

const (
	origin        = "https://app.example"
	rightPassword = "correct horse"
	day           = 24 * time.Hour
)

// A host is an application with sessions in a map, and pages below /account. Its users
// may have an authenticator app, a key, and codes by text message and mail.
type host struct {
	*mfatest.Engine
	t     *testing.T
	api   *mfahttp.Handler
	pages *pages.Pages
	mux   *http.ServeMux
	texts *mfatest.Inbox
	mails *mfatest.Inbox
	log   *logged
	apps  map[string]*mfatest.Authenticator // of members, by name

	mu       sync.Mutex
	sessions map[string]session // by their ids
	passed   int                // how often Passed was called
	told     []string           // who was repudiated
	broken   error              // what Passed and Renewed fail with
}

type session struct {
	user     string
	evidence mfa.Authentication
}

// A change is what is different about a host; nil: nothing.
type change struct {
	codes  bool // there are recovery codes
	engine func(*mfa.Config)
	api    func(*mfahttp.Config)
	pages  func(*pages.Config)
}

// under has a policy that says the same of everybody; a test may change it later.
func under(d *mfa.Decision) change {
	return change{engine: func(c *mfa.Config) { c.Policy = always{d} }}
}

type always struct{ decision *mfa.Decision }

func (a always) Decide(mfa.Subject) mfa.Decision { return *a.decision }

// required has everybody prove something more.
func required() *mfa.Decision {
	return &mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
}

// withCodes gives recovery codes, which take their time to be hashed.
var withCodes = change{codes: true}

func newHost(t *testing.T, changes ...change) *host {
	t.Helper()
	t.Parallel()
	return another(t, changes...)
}

// another is a further host of the same test.
func another(t *testing.T, changes ...change) *host {
	t.Helper()
	h := &host{t: t, apps: map[string]*mfatest.Authenticator{}, sessions: map[string]session{}, mux: http.NewServeMux(), texts: new(mfatest.Inbox), mails: new(mfatest.Inbox), log: new(logged)}
	logger := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Logger = logger
		c.Factors = h.factors(c.Factors, slices.ContainsFunc(changes, func(c change) bool { return c.codes }))
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) {
			return userNamed(strings.TrimPrefix(id, "id-")), 0, nil
		}
		for _, change := range changes {
			if change.engine != nil {
				change.engine(c)
			}
		}
	})
	api := mfahttp.Config{
		Engine: h.Engine.Engine, Host: h, Origin: origin, App: "web", Now: h.Clock.Now, Logger: logger,
		StepUpPage: "/account/confirm", LinkDone: "/account/continue",
	}
	for _, change := range changes {
		if change.api != nil {
			change.api(&api)
		}
	}
	var err error
	if h.api, err = mfahttp.New(api); err != nil {
		t.Fatal(err)
	}
	config := pages.Config{
		Engine: h.Engine.Engine, API: h.api, App: "Example", SignIn: "/login", SignOut: "/logout", Password: "/reauthenticate",
		Now: h.Clock.Now, Logger: logger,
	}
	for _, change := range changes {
		if change.pages != nil {
			change.pages(&config)
		}
	}
	if h.pages, err = pages.New(config); err != nil {
		t.Fatal(err)
	}
	h.routes()
	return h
}

// factors are what a user may have, of the engine's own and beside them.
func (h *host) factors(own []mfa.Factor, codes bool) []mfa.Factor {
	if !codes {
		own = slices.DeleteFunc(own, func(f mfa.Factor) bool { return f.Method().Recovery })
	}
	texts, err1 := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("NO", "DE"), Sender: h.texts, Origin: origin})
	mails, err2 := emailcode.New(emailcode.Config{AppName: "Example", Sender: h.mails, Link: origin + "/mfa/link"})
	if err := errors.Join(err1, err2); err != nil {
		h.t.Fatal(err)
	}
	return append(own, new(keyFactor), texts, mails)
}

func (h *host) routes() {
	h.mux.Handle("/mfa/", h.api)
	h.mux.Handle("/account/", h.pages)
	h.mux.Handle("POST /login", h.api.Protect(h.serve(h.login)))
	h.mux.Handle("POST /logout", h.api.Protect(h.serve(h.logout)))
	h.mux.Handle("POST /reauthenticate", h.api.Protect(h.serve(h.reauthenticate)))
	h.mux.Handle("POST /pay", h.api.Protect(h.serve(h.pay)))
	h.mux.Handle("/admin", h.api.Require(mfa.Requirement{SecondFactor: true, MaxAge: time.Hour})(http.HandlerFunc(h.plain)))
	h.mux.Handle("/vault", h.api.Require(mfa.Requirement{PhishingResistant: true})(http.HandlerFunc(h.plain)))
	h.mux.Handle("/", http.HandlerFunc(h.plain))
}

// plain is whatever else a host shows: its own login page, its home.
func (h *host) plain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Write([]byte("the host's own"))
}

// serve answers an error of the host's as a host would that has no pages for it.
func (h *host) serve(do func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			h.api.WriteError(w, r, err)
		}
	})
}

var errWrongPassword = &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"}

func (h *host) login(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("password") != rightPassword {
		return errWrongPassword
	}
	flow, err := h.SignIn(r.Context(), mfa.SignIn{User: userNamed(r.PostFormValue("name")), First: mfa.Password, Client: h.api.Client(r)})
	if err != nil {
		return err
	}
	return h.pages.Proceed(w, r, flow, mfahttp.ReturnPath(r))
}

func (h *host) logout(w http.ResponseWriter, r *http.Request) error {
	h.end(r)
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
	h.api.ClearFlow(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (h *host) reauthenticate(w http.ResponseWriter, r *http.Request) error {
	user, evidence, err := h.Session(r)
	if err != nil {
		return err
	}
	if r.PostFormValue("password") != rightPassword {
		h.pages.AskPassword(w, r, errWrongPassword)
		return nil
	}
	if err := h.mint(w, r, session{user.ID, h.Reauthenticated(evidence, mfa.Password)}); err != nil {
		return err
	}
	http.Redirect(w, r, mfahttp.ReturnPath(r), http.StatusSeeOther)
	return nil
}

// pay is approved by itself.
func (h *host) pay(w http.ResponseWriter, r *http.Request) error {
	flow, err := h.api.Approve(r, mfa.Action{ID: "pay-1", Text: "Pay 100 euros to <b>Bob</b>"}, mfa.Requirement{SecondFactor: true})
	if err != nil {
		return err
	}
	return h.pages.Proceed(w, r, flow, "/paid")
}

func userNamed(name string) mfa.User {
	return mfa.User{ID: "id-" + name, Name: name + "@example.com", Email: name + "@example.com", EmailVerified: true, Phone: "+4791234567"}
}

func sessionID(r *http.Request) string {
	if c, err := r.Cookie("session"); err == nil {
		return c.Value
	}
	return ""
}

func (h *host) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.sessions[sessionID(r)]
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return userNamed(strings.TrimPrefix(found.user, "id-")), found.evidence, nil
}

func (h *host) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	h.mu.Lock()
	h.passed++
	h.mu.Unlock()
	return h.mint(w, r, session{flow.User, flow.Authentication})
}

func (h *host) Renewed(w http.ResponseWriter, r *http.Request, a mfa.Authentication) error {
	if a.User != "" {
		return h.mint(w, r, session{a.User, a})
	}
	h.end(r)
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
	return h.broken
}

func (h *host) Repudiated(_ http.ResponseWriter, _ *http.Request, user string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, user)
	return nil
}

func (h *host) end(r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sessions, sessionID(r))
}

func (h *host) mint(w http.ResponseWriter, r *http.Request, s session) error {
	if h.broken != nil {
		return h.broken
	}
	if s.user == "" || s.evidence.User != s.user {
		return errors.New("a session for nobody")
	}
	h.end(r)
	id := rand.Text()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[id] = s
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, Secure: true})
	return nil
}

// logged is what the engine, the API and the pages have logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
