package pages_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
)

func TestMount(t *testing.T) {
	h := newHost(t)
	for prefix, at := range map[string]string{"": "/account", "/me/security": "/me/security", "/": ""} {
		mux := http.NewServeMux()
		api := mfahttp.Config{Engine: h.Engine.Engine, Host: h, Origin: origin, Language: func(*http.Request) string { return "de" }, Now: h.Clock.Now}
		p, err := pages.Mount(mux, api, pages.Config{App: "Example", SignIn: "/login", Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		mux.Handle("GET /admin", p.API().Require(mfa.Requirement{SecondFactor: true, MaxAge: time.Hour})(http.HandlerFunc(h.plain)))
		get := func(path string) *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
			r.Header.Set("Accept", "text/html")
			r.AddCookie(&http.Cookie{Name: "session", Value: "ada"})
			mux.ServeHTTP(w, r)
			return w
		}
		if w := get("/mfa/flow"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"no_flow"`) {
			t.Errorf("%q: the API answers %d %s", prefix, w.Code, w.Body)
		}
		if w := get(at + "/challenge"); w.Code != http.StatusGone || !strings.Contains(w.Body.String(), `lang="de"`) {
			t.Errorf("%q: the pages answer %d %s", prefix, w.Code, w.Body)
		}
		// A page that asks for more leads to ours.
		h.mu.Lock()
		h.sessions["ada"] = session{"id-ada", mfa.Authentication{User: "id-ada", Time: h.Clock.Now()}}
		h.mu.Unlock()
		if w := get("/admin"); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), at+"/confirm?") {
			t.Errorf("%q: %d %s leads to %q", prefix, w.Code, w.Body, w.Header().Get("Location"))
		}
	}
}

func TestMountSaysWhatIsWrong(t *testing.T) {
	h := newHost(t)
	api := mfahttp.Config{Engine: h.Engine.Engine, Host: h, Origin: origin}
	for want, give := range map[string]struct {
		api mfahttp.Config
		c   pages.Config
	}{
		"Origin":     {mfahttp.Config{Engine: h.Engine.Engine, Host: h}, pages.Config{App: "Example", SignIn: "/login"}},
		"App":        {api, pages.Config{SignIn: "/login"}},
		"SignIn":     {api, pages.Config{App: "Example"}},
		"StepUpPage": {mfahttp.Config{Engine: h.Engine.Engine, Host: h, Origin: origin, StepUpPage: "https://evil.example"}, pages.Config{App: "Example", SignIn: "/login"}},
	} {
		mux := http.NewServeMux()
		if _, err := pages.Mount(mux, give.api, give.c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if _, pattern := mux.Handler(httptest.NewRequestWithContext(t.Context(), "GET", "/mfa/flow", nil)); pattern != "" {
			t.Errorf("%s: mounted all the same", want)
		}
	}
}
