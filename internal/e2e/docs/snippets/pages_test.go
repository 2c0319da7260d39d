package snippets

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/mfatest"
)

// signedIn is a host with one session.
type signedIn struct{ evidence mfa.Authentication }

func (s *signedIn) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	if s.evidence.User == "" {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return ada, s.evidence, nil
}

func (s *signedIn) Passed(_ http.ResponseWriter, _ *http.Request, f mfa.Flow) error {
	s.evidence = f.Authentication
	return nil
}

func (s *signedIn) Renewed(_ http.ResponseWriter, _ *http.Request, a mfa.Authentication) error {
	s.evidence = a
	return nil
}

func TestPages(t *testing.T) {
	m := mfatest.NewEngine(t)
	host, mux := &signedIn{}, http.NewServeMux()
	p, err := ready(mux, m.Engine, host, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("POST /reauthenticate", p.API().Protect(again(m.Engine, p, host, func(user, password string) bool { return user == ada.ID && password == "right" })))
	send := func(method, path string, form url.Values) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		mux.ServeHTTP(w, r)
		return w
	}
	if w := send("GET", "/account/nothing", nil); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `class="ours"`) || !strings.Contains(w.Body.String(), "site.css") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := send("GET", "/account/static/style.css", nil); !strings.Contains(w.Body.String(), "#0b6e4f") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := send("POST", "/reauthenticate", url.Values{"password": {"right"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") == "/x" {
		t.Errorf("nobody is signed in: %d %s", w.Code, w.Body)
	}
	w := httptest.NewRecorder()
	p.SignIn(w, httptest.NewRequestWithContext(t.Context(), "POST", "/login", nil), mfa.SignIn{User: ada, First: mfa.Password}, "/")
	before := host.evidence
	if before.User != ada.ID {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := send("POST", "/reauthenticate", url.Values{"password": {"wrong"}, "return": {"/x"}}); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "password") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := send("POST", "/reauthenticate", url.Values{"password": {"right"}, "return": {"/x"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/x" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, err := pages.New(pages.Config{}); err == nil {
		t.Error("pages of nothing")
	}
}
