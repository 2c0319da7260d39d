package openapi

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
)

const origin = "https://app.example"

// A site is a host whose every part can be made to fail.
type site struct {
	*mfatest.Engine
	h        http.Handler
	store    *faultyStore
	pigeon   *pigeon
	sessions map[string]mfa.Authentication
}

func newSite(t *testing.T, options ...func(*mfa.Config)) *site {
	t.Helper()
	s := &site{pigeon: &pigeon{}, sessions: map[string]mfa.Authentication{}}
	s.Engine = mfatest.NewEngine(t, append([]func(*mfa.Config){func(c *mfa.Config) {
		s.store = &faultyStore{Store: c.Store}
		c.Store, c.Factors = s.store, append(c.Factors, s.pigeon)
		c.Logger = slog.New(slog.DiscardHandler)
	}}, options...)...)
	h, err := mfahttp.New(mfahttp.Config{
		Engine: s.Engine.Engine, Host: s, Origin: origin, Now: s.Clock.Now, Logger: slog.New(slog.DiscardHandler),
		Reports: map[string]mfahttp.Reporter{"air": s.pigeon},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/login" {
			h.ServeHTTP(w, r)
			return
		}
		user := named(r.URL.Query().Get("user"))
		flow, err := s.SignIn(r.Context(), mfa.SignIn{User: user, First: mfa.Password, Client: h.Client(r)})
		if err != nil {
			h.WriteError(w, r, err)
			return
		}
		h.WriteFlow(w, r, http.StatusOK, flow)
	})
	return s
}

func (s *site) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	c, err := r.Cookie("session")
	if err != nil || s.sessions[c.Value].User == "" {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	a := s.sessions[c.Value]
	return named(a.User), a, nil
}

func named(id string) mfa.User {
	return mfa.User{ID: id, Name: "somebody", Email: id + "@example.com", EmailVerified: true}
}

// Action knows of one payment, which is whoever asks.
func (s *site) Action(_ *http.Request, _ mfa.User, id string) (mfa.Action, mfa.Requirement, error) {
	if id != "pay-1" {
		return mfa.Action{}, mfa.Requirement{}, mfahttp.ErrNoAction
	}
	return mfa.Action{ID: id, Text: "Pay 100 EUR"}, mfa.Requirement{}, nil
}

func (s *site) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return s.Renewed(w, r, flow.Authentication)
}

func (s *site) Renewed(w http.ResponseWriter, r *http.Request, a mfa.Authentication) error {
	if a.User == "" {
		if c, err := r.Cookie("session"); err == nil {
			delete(s.sessions, c.Value)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", MaxAge: -1})
		return nil
	}
	id := rand.Text()
	s.sessions[id] = a
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id})
	return nil
}

// A faultyStore fails when it is told to.
type faultyStore struct {
	mfa.Store
	mu sync.Mutex // the engine goes on after it has answered
	fault
}

type fault struct {
	err     error // of every call
	garbage bool  // nothing that is loaded opens
}

// set makes the store fail from now on; the zero value ends it.
func (f *faultyStore) set(now fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = now
}

func (f *faultyStore) now() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

func (f *faultyStore) Load(ctx context.Context, key string) (mfa.Item, error) {
	now := f.now()
	if now.err != nil {
		return mfa.Item{}, now.err
	}
	item, err := f.Store.Load(ctx, key)
	if now.garbage {
		item.Value = []byte{1, 2, 3}
	}
	return item, err
}

func (f *faultyStore) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if now := f.now(); now.err != nil {
		return now.err
	}
	return f.Store.Save(ctx, key, old, item)
}

// A walker sends requests, and holds each answer to the document.
type walker struct {
	t       *testing.T
	d       *document
	s       *site
	cookies map[string]string
	seen    map[string]bool // "METHOD /path status"
}

// on is the same walk at another site, with a fresh browser.
func (w *walker) on(s *site) *walker {
	return &walker{w.t, w.d, s, map[string]string{}, w.seen}
}

type reply struct {
	code   int
	header http.Header
	json   map[string]any
}

var templates = regexp.MustCompile(`^(/mfa/(?:enrollments|devices|activity)/)[^/]+`)
var senders = regexp.MustCompile(`^(/mfa/delivery/)[^/]+`)

// send sends a request and fails the test unless the answer has this status
// and is as documented. Headers are pairs of name and value.
func (w *walker) send(status int, method, path, body string, headers ...string) reply {
	w.t.Helper()
	r := w.sendAny(method, path, body, headers...)
	if r.code != status {
		w.t.Fatalf("%s %s %.100s: got %d %v, want %d", method, path, body, r.code, r.json, status)
	}
	return r
}

// sendAny takes any status that is documented.
func (w *walker) sendAny(method, path, body string, headers ...string) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, origin+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range w.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.s.h.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if w.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(w.cookies, c.Name)
		}
	}
	out := reply{code: rec.Code, header: rec.Header()}
	raw, _ := io.ReadAll(rec.Body)
	if strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &out.json); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	if path, _, _ := strings.Cut(path, "?"); strings.HasPrefix(path, "/mfa") {
		path = senders.ReplaceAllString(templates.ReplaceAllString(path, "${1}{id}"), "${1}{sender}")
		w.check(method, path, r.Header.Get("Content-Type"), body, out, raw)
	}
	return out
}

// check holds one answer, and the request if it was taken, to the document.
func (w *walker) check(method, path, sent, body string, r reply, raw []byte) {
	w.t.Helper()
	name := method + " " + path + " " + itoa(r.code)
	op := []string{"paths", path, strings.ToLower(method)}
	response := append(op, "responses", itoa(r.code))
	value, _, err := w.d.at(response...)
	if err != nil {
		w.t.Errorf("%s: %v", name, err)
		return
	}
	w.seen[name] = true
	media := r.header.Get("Content-Type")
	content, _ := value.(map[string]any)["content"].(map[string]any)
	switch {
	case len(raw) == 0 && content != nil, len(raw) > 0 && content[media] == nil:
		w.t.Errorf("%s: %q is not documented: %s", name, media, raw)
	case len(raw) > 0 && r.json != nil:
		if err := w.d.validate(raw, append(response, "content", media, "schema")...); err != nil {
			w.t.Errorf("%s: %v: %s", name, err, raw)
		}
	}
	wanted, _ := value.(map[string]any)["headers"].(map[string]any)
	for header := range wanted {
		if err := w.d.validate(headerJSON(r.header.Get(header)), append(response, "headers", header, "schema")...); err != nil {
			w.t.Errorf("%s: %s: %q: %v", name, header, r.header.Get(header), err)
		}
	}
	if r.code < 400 && body != "" {
		request := append(op, "requestBody", "content")
		if _, _, err := w.d.at(append(request, "*/*")...); err == nil {
			sent = "*/*"
		}
		if err := w.d.validate(bodyJSON(sent, body), append(request, sent, "schema")...); err != nil {
			w.t.Errorf("%s: took %s: %v", name, body, err)
		}
	}
}

// form is the type of what forms and some carriers send.
const form = "application/x-www-form-urlencoded"

// bodyJSON is a body as JSON: what is sent as a form is an object of strings.
func bodyJSON(sent, body string) []byte {
	if sent == "application/json" {
		return []byte(body)
	}
	members := map[string]string{}
	values, _ := url.ParseQuery(body) // what cannot be read lacks its members
	for name := range values {
		members[name] = values.Get(name)
	}
	raw, _ := json.Marshal(members) // of strings: it does not fail
	return raw
}

// headerJSON is a header's value as JSON: a number, or a string.
func headerJSON(value string) []byte {
	if _, err := strconv.Atoi(value); err == nil {
		return []byte(value)
	}
	raw, _ := json.Marshal(value) // of a string: it does not fail
	return raw
}
