package pages_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// SignIn is the whole of a host's login after the password.
func TestSignInFromTheHostsLogin(t *testing.T) {
	h := newHost(t)
	h.member("ada")
	begin := func(name string) *http.Response {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/", nil)
		r.Header.Set("User-Agent", "a browser of "+name)
		h.pages.SignIn(w, r, mfa.SignIn{User: userNamed(name), First: mfa.Password, Client: mfa.Client{UserAgent: "made up"}}, "/reports")
		return w.Result()
	}
	for name, want := range map[string]string{"ada": "/account/challenge?return=%2Freports", "bob": "/reports"} {
		r := begin(name)
		if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != want {
			t.Errorf("%s: %d, %s", name, r.StatusCode, r.Header.Get("Location"))
		}
	}
	if h.passed != 1 {
		t.Errorf("passed %d times", h.passed)
	}
	history, err := h.Activity(t.Context(), "id-bob")
	if err != nil || len(history) == 0 || !strings.Contains(history[0].UserAgent, "of bob") {
		t.Errorf("the client is not the request's: %+v, %v", history, err)
	}
	h.broken = errors.New("sessions are broken")
	r := begin("bob")
	if r.StatusCode != http.StatusInternalServerError || r.Header.Get("Content-Security-Policy") == "" || !strings.Contains(h.log.String(), "sessions are broken") {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}
