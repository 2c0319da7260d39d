package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func (r reply) wantRedirect(t *testing.T, path string) {
	t.Helper()
	if r.status != http.StatusSeeOther || r.header.Get("Location") != path {
		t.Fatalf("status %d to %q, want %s: %s", r.status, r.header.Get("Location"), path, r.body)
	}
}

// A person is asked for a code where the route asks for fresh evidence, and is
// back at it then.
func TestExportAsksForFreshEvidence(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.page("/settings/export").wantRedirect(t, "/login?return=%2Fsettings%2Fexport")
	want(t, b.send("GET", "/settings/export", nil), http.StatusUnauthorized, "unauthenticated")
	b.register("ada@example.org")
	p := b.enroll()
	b.signIn("ada@example.org", p)
	want(t, b.page("/settings/export"), http.StatusOK, "")

	s.advance(5*time.Minute + time.Second) // which is recent enough for changes
	want(t, b.page("/settings/recovery-codes"), http.StatusOK, "")
	r := b.send("GET", "/settings/export", nil)
	want(t, r, http.StatusForbidden, "requirement")
	if need := r.json(t)["requirement"].(map[string]any); need["max_age"] != 300.0 {
		t.Errorf("requirement %v", need)
	}
	confirm := "/confirm?max_age=300&return=%2Fsettings%2Fexport"
	b.page("/settings/export").wantRedirect(t, confirm)
	page := b.page(confirm)
	want(t, page, http.StatusOK, "")
	if form := find(t, page.body, `<form class="card" id="confirm-form"([^>]*)>`); strings.Contains(form, "action") {
		t.Errorf("the form %q leaves what the address asks for behind", form)
	}
	next := find(t, page.body, `name="return" value="([^"]+)"`)
	b.submit(confirm, "return", next).wantRedirect(t, "/challenge?return=%2Fsettings%2Fexport")
	page = b.page("/challenge?return=%2Fsettings%2Fexport")
	if !strings.Contains(page.body, `<nav aria-label="Account">`) {
		t.Error("whoever is signed in sees no account navigation")
	}
	option := find(t, page.body, `name="option" value="([^"]+)"`)
	b.submit("/challenge", "option", option, "code", p.next(), "return", find(t, page.body, `name="return" value="([^"]+)"`)).
		wantRedirect(t, "/settings/export")
	page = b.page("/settings/export")
	want(t, page, http.StatusOK, "")
	if !strings.Contains(page.body, `download="your-data.json"`) || !strings.Contains(page.body, "180 days") || !strings.Contains(page.body, "first_sign_in") || !strings.Contains(page.body, "ada@example.org") {
		t.Errorf("%s", page.body)
	}

	r = b.send("GET", "/settings/export", nil)
	want(t, r, http.StatusOK, "")
	var all export
	if err := json.Unmarshal([]byte(r.body), &all); err != nil || all.Email != "ada@example.org" || len(all.Apps) != 1 || all.CodesLeft != 10 || len(all.Activity) == 0 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, secret := range append([]string{p.secret, goodPassword, "argon2"}, p.codes...) {
		if strings.Contains(r.body, secret) {
			t.Errorf("%q is in the export", secret)
		}
	}
}

// Where nothing is enrolled, the password is the fresh evidence.
func TestExportAsksForThePasswordAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	s.advance(6 * time.Minute)
	b.page("/settings/export").wantRedirect(t, "/confirm?max_age=300&return=%2Fsettings%2Fexport")
	page := b.page("/confirm?max_age=300&return=%2Fsettings%2Fexport")
	want(t, page, http.StatusOK, "")
	b.submit(find(t, page.body, `id="password-form" method="post" action="([^"]+)"`), "password", goodPassword,
		"return", find(t, page.body, `name="return" value="([^"]+)"`)).wantRedirect(t, "/settings/export")
	want(t, b.page("/settings/export"), http.StatusOK, "")
}

// Whatever a route asks for by Require, the page that it leads to is never content
// while the route is not: the browser would go to and fro for ever.
func TestConfirmAsksForAllThatRequireDoes(t *testing.T) {
	t.Parallel()
	s := start(t)
	plain, enrolled := s.browser(), s.browser()
	plain.register("bob@example.org")
	enrolled.register("ada@example.org")
	enrolled.signIn("ada@example.org", enrolled.enroll())
	s.advance(3 * time.Minute)
	for name, need := range map[string]mfa.Requirement{
		"recent":               {MaxAge: 2 * time.Minute},
		"recent password":      {Password: true, MaxAge: 2 * time.Minute},
		"second factor":        {SecondFactor: true},
		"recent second factor": {SecondFactor: true, MaxAge: 2 * time.Minute},
		"level 2":              {AAL: mfa.AAL2},
		"level 3":              {AAL: mfa.AAL3},
		"app":                  {Methods: []string{"totp"}, MaxAge: 2 * time.Minute},
		"recovery code":        {Methods: []string{"recovery"}, MaxAge: 24 * time.Hour},
		"another method":       {Methods: []string{"webauthn", "sms"}},
		"phishing resistant":   {PhishingResistant: true},
	} {
		guarded := s.app.mfa.Require(need)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
		refused := 0
		for who, b := range map[string]*browser{"password alone": plain, "with an app": enrolled} {
			r := httptest.NewRequest("GET", s.url+"/somewhere", nil)
			r.Header.Set("Accept", "text/html")
			r.AddCookie(&http.Cookie{Name: "session", Value: b.cookie("session")})
			w := httptest.NewRecorder()
			guarded.ServeHTTP(w, r)
			if w.Code == http.StatusTeapot {
				continue
			}
			refused++
			page := b.page(w.Header().Get("Location"))
			if page.status != http.StatusOK && page.status != http.StatusForbidden {
				t.Errorf("%s, %s: %d to %q", name, who, page.status, page.header.Get("Location"))
			}
			if !strings.Contains(page.body, `<nav aria-label="Account">`) {
				t.Errorf("%s, %s: no account navigation", name, who)
			}
		}
		if refused == 0 {
			t.Errorf("%s: nobody was refused", name)
		}
	}
}

// Whom no code helps is told what does, and is not sent round in circles.
func TestConfirmSaysWhatToDoWhereNoCodeHelps(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	for _, query := range []string{"second_factor=true", "aal=2", "phishing_resistant=true", "method=totp", "second_factor=true&max_age=1"} {
		s.advance(2 * time.Second)
		page := b.page("/confirm?" + query + "&return=/settings")
		want(t, page, http.StatusForbidden, "")
		if !strings.Contains(page.body, "Set up a second step first") {
			t.Errorf("%s: %s", query, page.body)
		}
		page = b.submit("/confirm?"+query, "return", "/settings")
		if query == "second_factor=true&max_age=1" { // and so a password, which is asked for first
			page.wantRedirect(t, "/confirm?"+url.Values{"max_age": {"1"}, "return": {"/settings"}, "second_factor": {"true"}}.Encode())
			continue
		}
		want(t, page, http.StatusForbidden, "")
		if !strings.Contains(page.body, "Set up a second step first") {
			t.Errorf("%s, posted: %s", query, page.body)
		}
	}
	b.signIn("ada@example.org", b.enroll())
	for _, query := range []string{"aal=3", "phishing_resistant=true", "method=webauthn"} {
		page := b.submit("/confirm?"+query, "return", "/settings")
		want(t, page, http.StatusForbidden, "")
		if !strings.Contains(page.body, "stronger proof") || strings.Contains(page.body, "cannot sign in") {
			t.Errorf("%s: %s", query, page.body)
		}
	}
	for _, bad := range []string{"max_age=0", "max_age=x", "aal=9", "password=no"} {
		want(t, b.page("/confirm?"+bad), http.StatusBadRequest, "")
		want(t, b.submit("/confirm?"+bad, "return", "/"), http.StatusBadRequest, "")
	}
}
