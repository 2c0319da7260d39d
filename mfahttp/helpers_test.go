package mfahttp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
)

const origin = "https://app.example"

// site is a host with sessions in a map, whose login takes any name that it
// knows, and a page that asks for a second factor of the last hour.
type site struct {
	*mfatest.Engine
	h      *mfahttp.Handler
	mux    *http.ServeMux
	letter *letterFactor
	log    logged
	broken error // what Passed and Renewed fail with

	mu       sync.Mutex
	sessions map[string]session
	actions  map[string]action // by their identifiers
	told     []string          // by whom it was repudiated
}

// logged is what the engine and the handler have logged; the former goes on after
// it has answered.
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

type session struct {
	user     string
	evidence mfa.Authentication
}

func newSite(t *testing.T, options ...func(*mfa.Config)) *site {
	t.Helper()
	t.Parallel()
	return another(t, options...)
}

// another is a further site of the same test.
func another(t *testing.T, options ...func(*mfa.Config)) *site {
	t.Helper()
	s := &site{sessions: map[string]session{}, mux: http.NewServeMux(), letter: &letterFactor{}}
	log := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options = append([]func(*mfa.Config){func(c *mfa.Config) { c.Factors, c.Logger = append(c.Factors, s.letter), log }}, options...)
	s.Engine = mfatest.NewEngine(t, options...)
	var err error
	s.h, err = mfahttp.New(mfahttp.Config{
		Engine: s.Engine.Engine, Host: s, Origin: origin, App: "web", StepUpPage: "/stepup", Now: s.Clock.Now,
		Reports: map[string]mfahttp.Reporter{"post": s.letter, "other": &letterFactor{}}, LinkDone: "/signed-in?by=link",
		Logger: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mux.Handle("/mfa/", s.h)
	s.mux.Handle("POST /login", s.h.Protect(http.HandlerFunc(s.login)))
	s.mux.Handle("/admin", s.h.Require(mfa.Requirement{SecondFactor: true, MaxAge: 3600e9})(http.HandlerFunc(ok)))
	s.mux.Handle("/account", s.h.Require(mfa.Requirement{})(http.HandlerFunc(ok)))
	return s
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }

var errTest = errors.New("sessions are broken")

func resetOf(name string) mfa.Reset { return mfa.Reset{User: userNamed(name), Actor: "support"} }

func userNamed(name string) mfa.User {
	return mfa.User{ID: "id-" + name, Name: name + "@example.com", Email: name + "@example.com", EmailVerified: true}
}

func (s *site) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	if err := mfahttp.ReadJSON(w, r, &in); err != nil {
		s.h.WriteError(w, r, err)
		return
	}
	flow, err := s.SignIn(r.Context(), mfa.SignIn{User: userNamed(in.Name), First: mfa.Password, Client: s.h.Client(r)})
	if err != nil {
		s.h.WriteError(w, r, err)
		return
	}
	s.h.WriteFlow(w, r, http.StatusOK, flow)
}

func (s *site) sessionID(r *http.Request) string {
	if c, err := r.Cookie("session"); err == nil {
		return c.Value
	}
	return r.Header.Get("X-Session")
}

func (s *site) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[s.sessionID(r)]
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return userNamed(strings.TrimPrefix(found.user, "id-")), found.evidence, nil
}

func (s *site) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return s.mint(w, r, session{flow.User, flow.Authentication})
}

func (s *site) Renewed(w http.ResponseWriter, r *http.Request, a mfa.Authentication) error {
	if a.User != "" {
		return s.mint(w, r, session{a.User, a})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, s.sessionID(r))
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
	return s.broken
}

func (s *site) mint(w http.ResponseWriter, r *http.Request, new session) error {
	if s.broken != nil {
		return s.broken
	}
	if new.user == "" || new.evidence.User != new.user {
		return errors.New("a session for nobody")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, s.sessionID(r))
	id := rand.Text()
	s.sessions[id] = new
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, Secure: true})
	w.Header().Set("X-Session", id) // for clients without cookies
	return nil
}

// A client sends requests to a site, with cookies if it is a browser.
type client struct {
	s       *site
	cookies map[string]string // nil: no browser
	header  http.Header       // sent with every request
	all     *strings.Builder  // everything that was ever answered
}

func (s *site) browser() *client {
	return &client{s: s, cookies: map[string]string{}, header: http.Header{}, all: new(strings.Builder)}
}

func (s *site) native() *client {
	return &client{s: s, header: http.Header{}, all: new(strings.Builder)}
}

type reply struct {
	*httptest.ResponseRecorder
	json map[string]any
}

// send sends a request; headers are pairs of name and value.
func (c *client) send(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, origin+path, strings.NewReader(body))
	r.RequestURI = path
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.cookies != nil && method != "GET" {
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	out := c.s.reply(r)
	c.keep(out.ResponseRecorder)
	return out
}

// reply answers a request as it is.
func (s *site) reply(r *http.Request) reply {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	out := reply{ResponseRecorder: w}
	if strings.Contains(w.Header().Get("Content-Type"), "json") && json.Unmarshal(w.Body.Bytes(), &out.json) != nil {
		out.json = map[string]any{"code": "no JSON at all"}
	}
	return out
}

func (c *client) keep(w *httptest.ResponseRecorder) {
	for name, values := range w.Header() {
		c.all.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
	}
	c.all.Write(w.Body.Bytes())
	if c.cookies == nil {
		return
	}
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
}

// want fails the test unless the answer has this status and, for problems, code.
func (r reply) want(t *testing.T, status int, code string) reply {
	t.Helper()
	got, _ := r.json["code"].(string)
	if r.Code != status || got != code {
		t.Fatalf("got %d %s, want %d %s", r.Code, r.Body, status, code)
	}
	return r
}

func (r reply) text(name string) string {
	s, _ := r.json[name].(string)
	return s
}

// option is the id of the flow's option of a method.
func (r reply) option(t *testing.T, method string) string {
	t.Helper()
	options, _ := r.json["options"].([]any)
	for _, o := range options {
		if o := o.(map[string]any); o["method"] == method {
			return o["id"].(string)
		}
	}
	t.Fatalf("no option of %s in %s", method, r.Body)
	return ""
}

func (c *client) login(t *testing.T, name string) reply {
	t.Helper()
	return c.send(t, "POST", "/login", `{"name":"`+name+`"}`).want(t, 200, "")
}

// enrollApp sets an authenticator app up for a signed-in client.
func (c *client) enrollApp(t *testing.T) (phone *mfatest.Authenticator, id string, codes []string) {
	t.Helper()
	begun := c.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 201, "")
	phone, err := mfatest.NewAuthenticator(begun.text("uri"), c.s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	done := c.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", `{"code":"`+phone.Code()+`"}`).want(t, 200, "")
	issued, _ := done.json["recovery_codes"].([]any) // with the first enrollment
	for _, code := range issued {
		codes = append(codes, code.(string))
	}
	c.s.Clock.Advance(phone.Period)
	return phone, begun.text("id"), codes
}

// member is a user with an app, and no browser yet.
func (s *site) member(t *testing.T, name string) (phone *mfatest.Authenticator, id string, codes []string) {
	t.Helper()
	b := s.browser()
	b.login(t, name)
	return b.enrollApp(t)
}

func (c *client) verify(t *testing.T, option, code string) reply {
	t.Helper()
	return c.send(t, "POST", "/mfa/flow/verify", `{"option":"`+option+`","code":"`+code+`"}`)
}

// signIn passes both factors.
func (c *client) signIn(t *testing.T, name string, phone *mfatest.Authenticator) reply {
	t.Helper()
	option := c.login(t, name).option(t, "totp")
	r := c.verify(t, option, phone.Code()).want(t, 200, "")
	c.s.Clock.Advance(phone.Period)
	return r
}

// required is a policy under which everybody needs a second factor.
func required(c *mfa.Config) { c.Policy = everybody{} }

type everybody struct{}

func (everybody) Decide(mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
}

// decides is a policy.
type decides func(mfa.Subject) mfa.Decision

func (f decides) Decide(s mfa.Subject) mfa.Decision { return f(s) }

// under is a policy that says the same of everybody, and that a test may change. There
// are no recovery codes under it: to hash them is most of what such a test would do.
func under(d *mfa.Decision) func(*mfa.Config) {
	return func(c *mfa.Config) {
		c.Policy = decides(func(mfa.Subject) mfa.Decision { return *d })
		c.Factors = slices.DeleteFunc(slices.Clone(c.Factors), func(f mfa.Factor) bool { return f.Method().Recovery })
	}
}

const day = 24 * time.Hour

// await waits for the nth event of a kind.
func (s *site) await(t *testing.T, kind mfa.EventType, n int) mfa.Event {
	t.Helper()
	list, err := s.Events.Await(t.Context(), kind, n)
	if err != nil {
		t.Fatal(err)
	}
	return list[n-1]
}
