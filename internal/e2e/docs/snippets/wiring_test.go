package snippets

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
)

var ada = mfa.User{ID: "7", Name: "ada@example.com", Email: "ada@example.com", EmailVerified: true}

func (s *site) account(id string) account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[id]
}

func (s *site) signedIn() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// A visitor is a browser at a site.
type visitor struct {
	t      *testing.T
	client *http.Client
	url    string
}

// open serves a site, with ada's account and one of a program.
func open(t *testing.T) (*site, *mfatest.Engine, func() visitor) {
	t.Helper()
	s := &site{
		accounts: map[string]account{"7": {user: ada, password: "old"}, "robot": {user: mfa.User{ID: "robot"}}},
		sessions: map[string]mfa.Authentication{}, payments: map[string]payment{"pay-1": {user: "7", text: "Pay 100 EUR to Bob"}},
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	rules, err := policy.Parse([]byte(`{"mode": "offer", "services": {"networks": ["127.0.0.0/8", "::1/128"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	engine := mfatest.NewEngine(t, func(c *mfa.Config) { c.Policy, c.Observers = rules, append(c.Observers, s) })
	s.engine = engine.Engine
	if s.api, err = mfahttp.New(mfahttp.Config{Engine: s.engine, Host: s, Origin: server.URL, Now: engine.Clock.Now}); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/mfa/", s.api)
	s.routes(mux)
	handle := func(path string, f func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			if err := f(w, r); err != nil {
				s.api.WriteError(w, r, err)
			}
		})
	}
	handle("/login", func(w http.ResponseWriter, r *http.Request) error {
		a := s.account("7")
		if r.FormValue("password") != a.password {
			return &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"}
		}
		s.enter(w, r, a, mfa.Password)
		return nil
	})
	handle("/token", func(w http.ResponseWriter, r *http.Request) error { s.token(w, r, s.account("robot")); return nil })
	handle("/again", s.reauthenticate)
	handle("/password", func(w http.ResponseWriter, r *http.Request) error { return s.changePassword(w, r, "new") })
	handle("/logout", func(w http.ResponseWriter, r *http.Request) error { s.logout(w, r); return nil })
	handle("/everywhere", func(_ http.ResponseWriter, r *http.Request) error { return s.logoutEverywhere(r, ada) })
	return s, engine, func() visitor {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return visitor{t, &http.Client{Jar: jar}, server.URL}
	}
}

// ask sends a request, JSON or a form, and wants a status.
func (v visitor) ask(method, path, body string, want int) map[string]any {
	v.t.Helper()
	r, err := http.NewRequest(method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(path, "/mfa/") {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if answer.StatusCode != want {
		v.t.Fatalf("%s %s: %d, want %d: %s", method, path, answer.StatusCode, want, text)
	}
	var out map[string]any
	if strings.Contains(answer.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &out); err != nil {
			v.t.Fatal(err)
		}
	}
	return out
}

// prove answers the flow that an answer of the API shows, by the app.
func (v visitor) prove(flow map[string]any, phone *mfatest.Authenticator) {
	v.t.Helper()
	options, _ := flow["options"].([]any)
	if len(options) == 0 {
		v.t.Fatalf("no options: %v", flow)
	}
	for _, o := range options {
		if o := o.(map[string]any); o["method"] == "totp" {
			if done := v.ask("POST", "/mfa/flow/verify", `{"option":"`+o["id"].(string)+`","code":"`+phone.Code()+`"}`, 200); done["status"] != "passed" {
				v.t.Fatalf("%v", done)
			}
		}
	}
}

func TestWiring(t *testing.T) {
	s, engine, browser := open(t)
	v := browser()
	v.ask("POST", "/login", "password=wrong", 401)
	if flow := v.ask("POST", "/login", "password=old", 200); flow["status"] != "passed" {
		t.Fatalf("%v", flow)
	}
	v.ask("GET", "/reports/", "", 403) // no second factor yet
	v.ask("POST", "/again", "", 200)
	phone, _ := engine.EnrollTOTP(t, ada)

	// From now on she is asked; the session of before is still hers, and no more than it was.
	other := browser()
	flow := other.ask("POST", "/login", "password=old", 200)
	if flow["status"] != "challenge" {
		t.Fatalf("%v", flow)
	}
	other.ask("GET", "/reports/", "", 401)
	other.prove(flow, phone)
	other.ask("GET", "/reports/", "", 200)
	other.ask("GET", "/admin/", "", 403) // an app does not resist phishing

	// A payment is approved by itself, once.
	engine.Clock.Advance(30 * time.Second)
	other.ask("POST", "/pay/pay-1", "", 403)
	other.prove(other.ask("POST", "/mfa/stepup", `{"action":"pay-1"}`, 200), phone)
	other.ask("POST", "/pay/pay-1", "", 204)
	other.ask("POST", "/pay/pay-1", "", 403)
	if p, _ := s.payment("pay-1"); !p.done {
		t.Error("the payment was not made")
	}
	other.ask("POST", "/mfa/stepup", `{"action":"pay-2"}`, 404)

	// A new password ends the other session; the generation is kept with the account.
	before := s.account("7").generation
	other.ask("POST", "/password", "", 200)
	if after, n := s.account("7").generation, s.signedIn(); after < before || n != 1 {
		t.Errorf("generation %d, before %d; %d sessions", after, before, n)
	}
	v.ask("GET", "/reports/", "", 401)
	other.ask("GET", "/reports/", "", 200)

	// Logging out, here and everywhere.
	other.ask("POST", "/logout", "", 200)
	other.ask("GET", "/reports/", "", 401)
	v.ask("POST", "/login", "password=new", 200)
	v.ask("POST", "/everywhere", "", 200)
	if err := s.closeAccount(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
}

// Evidence that is void is found out by the generation alone, with one look at the store.
func TestWiringVoidEvidence(t *testing.T) {
	s, engine, browser := open(t)
	v := browser()
	v.ask("POST", "/login", "password=old", 200)
	if _, err := engine.PasswordChanged(t.Context(), mfa.Caller{User: ada}); err != nil {
		t.Fatal(err)
	}
	if err := engine.Close(t.Context()); err != nil { // observers are told
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	for id := range s.sessions {
		r.AddCookie(&http.Cookie{Name: "session", Value: id})
	}
	if _, _, err := s.Session(r); err == nil {
		t.Error("the session still holds")
	}
}

func TestWiringServiceAccount(t *testing.T) {
	_, _, browser := open(t)
	if flow := browser().ask("POST", "/token", "", 200); flow["status"] != "passed" {
		t.Errorf("%v", flow)
	}
}
