package mfahttp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
)

func TestC14_OtherOriginsChangeNothing(t *testing.T) {
	s := newSite(t)
	phone, id, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	before := b.send(t, "GET", "/mfa/enrollments", "").Body.String()
	option := b.login(t, "ada").option(t, "totp")
	calls := append([][3]string{
		{"POST", "/mfa/flow/verify", `{"option":"` + option + `","code":"` + phone.Code() + `"}`},
		{"POST", "/mfa/flow/challenge", `{"option":"` + option + `"}`},
		{"POST", "/login", `{"name":"ada"}`},
		{"POST", "/no/such/call", ``},
	}, managing...)
	for _, from := range [][]string{
		{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://other.app.example", "Sec-Fetch-Site", "same-site"},
		{"Origin", "null", "Sec-Fetch-Site", "cross-site"},
		{"Origin", "https://evil.example", "Sec-Fetch-Site", ""},
		{"Origin", "https://app.example:8443", "Sec-Fetch-Site", ""},
	} {
		for _, call := range calls {
			if call[0] == "GET" || strings.HasPrefix(call[1], "/no") {
				continue
			}
			b.send(t, call[0], strings.Replace(call[1], "ID", id, 1), call[2], from...).want(t, 403, "cross_origin")
		}
	}
	// A form needs no permission of the browser's to be sent.
	for _, mediaType := range []string{"text/plain", "application/x-www-form-urlencoded"} {
		b.send(t, "POST", "/mfa/flow/verify", calls[0][2], "Content-Type", mediaType).want(t, 415, "unsupported_media_type")
	}
	if after := b.send(t, "GET", "/mfa/enrollments", "").Body.String(); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
	b.verify(t, option, phone.Code()).want(t, 200, "")
}

func TestC14_GetConsumesNothing(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	query := "?" + url.Values{"option": {option}, "code": {phone.Code()}}.Encode()
	for path, status := range map[string]int{"/mfa/flow/verify": 405, "/mfa/flow/challenge": 405, "/mfa/flow": 200} {
		for _, method := range []string{"GET", "HEAD"} {
			if r := b.send(t, method, path+query, ""); r.Code != status {
				t.Errorf("%s %s: %d", method, path, r.Code)
			}
		}
	}
	b.send(t, "POST", "/mfa/flow/verify"+query, `{}`).want(t, 400, "bad_request")
	b.verify(t, option, phone.Code()).want(t, 200, "")
}

func TestUnknownCalls(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, path := range []string{"/mfa/", "/mfa/nothing", "/mfa/flow/", "/mfa/flow/verify/x", "/mfa/enrollments/", "/mfa/Flow"} {
		b.send(t, "GET", path, "").want(t, 404, "not_found")
	}
	for path, allow := range map[string]string{"/mfa/flow": "GET", "/mfa/enrollments": "DELETE, GET, POST", "/mfa/enrollments/x": "DELETE, PATCH"} {
		for _, method := range []string{"PUT", "OPTIONS", "BREW"} {
			r := b.send(t, method, path, "").want(t, 405, "http_method_not_allowed")
			if r.Header().Get("Allow") != allow {
				t.Errorf("%s: Allow is %q", path, r.Header().Get("Allow"))
			}
		}
	}
}

func TestC18_ALargeBodyIsNotRead(t *testing.T) {
	s := newSite(t)
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	for name, length := range map[string]int64{"declared": 1 << 20, "chunked": -1} {
		for _, path := range []string{"/mfa/flow/verify", "/login"} {
			body := io.MultiReader(strings.NewReader(`{"option":"`), io.LimitReader(endless{}, 1<<20-11))
			r, err := http.NewRequest("POST", server.URL+path, body)
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = length
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer x")
			answer, err := server.Client().Do(r)
			if err != nil {
				t.Fatalf("%s %s: %v", name, path, err)
			}
			answer.Body.Close()
			if answer.StatusCode != 413 {
				t.Errorf("%s %s: %d", name, path, answer.StatusCode)
			}
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestRequire(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	b.send(t, "GET", "/admin", "", "Accept", "text/html").want(t, 401, "unauthenticated")
	b.signIn(t, "ada", phone)
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
	s.Clock.Advance(2 * time.Hour)
	b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
	r := b.send(t, "GET", "/admin", "", "Accept", "application/json").want(t, 403, "requirement")
	if need := r.json["requirement"].(map[string]any); need["max_age"] != 3600.0 || r.json["missing"].([]any)[0] != "second_factor" {
		t.Errorf("%s", r.Body)
	}
	page := []string{"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
	r = b.send(t, "GET", "/admin?tab=2&x=%26", "", page...)
	if want := "/stepup?max_age=3600&return=%2Fadmin%3Ftab%3D2%26x%3D%2526&second_factor=true"; r.Code != 303 || r.Header().Get("Location") != want {
		t.Errorf("%d to %q, want %q", r.Code, r.Header().Get("Location"), want)
	}
	to := httptest.NewRequest("GET", r.Header().Get("Location"), nil)
	if path := mfahttp.ReturnPath(to); path != "/admin?tab=2&x=%26" {
		t.Errorf("and back to %q", path)
	}
	if req, err := mfahttp.RequirementOf(to); err != nil || !req.SecondFactor || req.MaxAge != time.Hour {
		t.Errorf("and asks for %+v, %v", req, err)
	}
	// What no page is waited for, or what would have to be sent again, gets no page.
	b.send(t, "POST", "/admin", "", page...).want(t, 403, "requirement")
	b.send(t, "GET", "/admin", "", append(page, "Sec-Fetch-Mode", "cors")...).want(t, 403, "requirement")
	b.send(t, "GET", "/admin", "", "Connection", "Upgrade", "Upgrade", "websocket").want(t, 403, "requirement")

	option := b.send(t, "POST", "/mfa/stepup", `{"max_age":3600}`).want(t, 200, "").option(t, "totp")
	b.verify(t, option, phone.Code()).want(t, 200, "")
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
	if err := s.Reset(t.Context(), resetOf("ada")); err != nil {
		t.Fatal(err)
	}
	b.send(t, "GET", "/account", "").want(t, 403, "requirement")
}

// What Require asks for is what the page is told of, whatever it is: were it less,
// the page would be content, and browsers would go to and fro for ever.
// A request that upgrades to another protocol is gated like any other, before the
// handler that would take the connection over.
func TestA42_RequireGatesUpgrades(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket"}
	b.send(t, "GET", "/admin", "", upgrade...).want(t, 401, "unauthenticated")
	b.signIn(t, "ada", phone)
	b.send(t, "GET", "/admin", "", upgrade...).want(t, http.StatusTeapot, "")
	s.Clock.Advance(2 * time.Hour)
	b.send(t, "GET", "/admin", "", upgrade...).want(t, 403, "requirement")
}

func TestRequirementIsCarriedWhole(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	for name, c := range map[string]struct{ asked, carried mfa.Requirement }{
		"password":           {asked: mfa.Requirement{Password: true, MaxAge: time.Second}},
		"second factor":      {asked: mfa.Requirement{SecondFactor: true}},
		"level":              {asked: mfa.Requirement{AAL: mfa.AAL2}},
		"highest level":      {asked: mfa.Requirement{AAL: mfa.AAL3}},
		"methods":            {asked: mfa.Requirement{Methods: []string{"totp", "letter"}}},
		"no possible method": {asked: mfa.Requirement{Methods: []string{"totp"}}.And(mfa.Requirement{Methods: []string{"letter"}})},
		"phishing":           {asked: mfa.Requirement{PhishingResistant: true}},
		"all": {asked: mfa.Requirement{Password: true, SecondFactor: true, AAL: mfa.AAL2, Methods: []string{"letter"},
			PhishingResistant: true, MaxAge: 5 * time.Minute}},
		"a part of a second": {mfa.Requirement{SecondFactor: true, MaxAge: 90*time.Second + 1}, mfa.Requirement{SecondFactor: true, MaxAge: 90 * time.Second}},
		"ten years":          {mfa.Requirement{SecondFactor: true, MaxAge: 3653 * 24 * time.Hour}, mfa.Requirement{SecondFactor: true, MaxAge: 366 * 24 * time.Hour}},
	} {
		if c.carried.MaxAge == 0 {
			c.carried = c.asked
		}
		s.Clock.Advance(2 * time.Second) // the sign-in is not of this second
		path := "/carried/" + strings.ReplaceAll(name, " ", "-")
		s.mux.Handle(path, s.h.Require(c.asked)(http.HandlerFunc(ok)))
		r := b.send(t, "GET", path, "", "Accept", "text/html")
		if r.Code != 303 {
			t.Fatalf("%s: %d %s", name, r.Code, r.Body)
		}
		to := httptest.NewRequest("GET", r.Header().Get("Location"), nil)
		if got, err := mfahttp.RequirementOf(to); err != nil || !reflect.DeepEqual(got, c.carried) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.carried)
		}
		if mfahttp.ReturnPath(to) != path {
			t.Errorf("%s: back to %q", name, mfahttp.ReturnPath(to))
		}
	}
}

func TestRequirementOfARequest(t *testing.T) {
	for _, query := range []string{"", "?return=/a", "?unknown=1"} {
		req, err := mfahttp.RequirementOf(httptest.NewRequest("GET", "/stepup"+query, nil))
		if err != nil || !reflect.DeepEqual(req, mfa.Requirement{}) {
			t.Errorf("%q: %+v, %v", query, req, err)
		}
	}
	for _, query := range []string{
		"max_age=0", "max_age=-1", "max_age=31622401", "max_age=9223372036854775807", "max_age=99999999999999999999", "max_age=1.5",
		"max_age=", "max_age=x", "max_age=1&max_age=2", "aal=0", "aal=4", "aal=x", "aal=1&aal=3", "password=false", "password=1", "password",
		"second_factor=", "second_factor=true&second_factor=true", "phishing_resistant=TRUE", "method=" + strings.Repeat("x", 65),
		strings.Repeat("&method=x", 17), "max_age=%zz", "a;b",
	} {
		r := httptest.NewRequest("GET", "/stepup", nil)
		r.URL.RawQuery = query
		req, err := mfahttp.RequirementOf(r)
		if p := (*mfahttp.Problem)(nil); !errors.As(err, &p) || p.Status != 400 || p.Code != "bad_request" {
			t.Errorf("%.40q: %+v, %v", query, req, err)
		}
	}
	// A form's fields are not the page's query.
	r := httptest.NewRequest("POST", "/stepup?max_age=60", strings.NewReader("max_age=3600&aal=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if req, err := mfahttp.RequirementOf(r); err != nil || req.MaxAge != time.Minute {
		t.Errorf("%+v, %v", req, err)
	}
}

// Evidence is of the front end where it was given: a sign-in to one that asks for
// little opens nothing in another that asks for more.
func TestRequireRefusesEvidenceOfAnotherApp(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	for _, app := range []string{"web", "admin"} {
		h, err := mfahttp.New(mfahttp.Config{Engine: s.Engine.Engine, Host: s, Origin: origin, App: app, Now: s.Clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		s.mux.Handle("/of/"+app, h.Require(mfa.Requirement{})(http.HandlerFunc(ok)))
	}
	b := s.browser()
	b.signIn(t, "ada", phone) // by the handler of "web"
	b.send(t, "GET", "/of/web", "").want(t, http.StatusTeapot, "")
	r := b.send(t, "GET", "/of/admin", "").want(t, 403, "requirement")
	if missing := r.json["missing"].([]any); len(missing) != 1 || missing[0] != mfa.MissingSignIn {
		t.Errorf("%s", r.Body)
	}
}

func TestReturnPathOfARequest(t *testing.T) {
	for target, want := range map[string]string{
		"/stepup": "/", "/stepup?return=/a?b": "/a?b", "/stepup?return=//evil.example": "/", "/stepup?return=https://evil.example": "/",
		"/stepup?return=%2F%09%2Fevil.example": "/",
	} {
		if got := mfahttp.ReturnPath(httptest.NewRequest("GET", target, nil)); got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// TestC20_A53_T13_WhatIsSaidAndWhatIsNot walks through the API and then looks
// at everything that was answered and logged on the way.
func TestC20_A53_T13_WhatIsSaidAndWhatIsNot(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 201, "")
	if strings.Contains(begun.Header().Get("Location"), begun.text("secret")) {
		t.Error("the secret is in a URL")
	}
	secret := begun.text("secret")
	phone, err := mfatest.NewAuthenticator(begun.text("uri"), s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	done := b.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", `{"code":"`+phone.Code()+`"}`).want(t, 200, "")
	recovery := done.json["recovery_codes"].([]any)[0].(string)
	for _, r := range []reply{begun, done} {
		if r.Header().Get("Cache-Control") != "no-store" || r.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%v", r.Header())
		}
	}
	s.Clock.Advance(phone.Period)

	// From here on, nothing is shown again.
	n := s.browser()
	secrets := []string{secret, recovery}
	flow := n.login(t, "ada")
	secrets = append(secrets, phone.Code())
	cookie := n.cookies["__Host-mfa-flow"]
	n.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+flow.option(t, "totp")+`"}`).want(t, 200, "")
	n.verify(t, flow.option(t, "totp"), "999999").want(t, 401, "code_not_valid")
	n.verify(t, flow.option(t, "recovery"), recovery).want(t, 200, "")
	letter := n.send(t, "POST", "/mfa/enrollments", `{"method":"letter"}`).want(t, 201, "")
	secrets = append(secrets, s.letter.last())
	n.send(t, "POST", "/mfa/enrollments/"+letter.text("id")+"/activate", `{"code":"`+s.letter.last()+`"}`).want(t, 200, "")
	s.Clock.Advance(time.Hour)
	step := n.send(t, "POST", "/mfa/stepup", "").want(t, 200, "")
	n.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+step.option(t, "letter")+`"}`).want(t, 200, "")
	secrets = append(secrets, s.letter.last())
	n.verify(t, step.option(t, "letter"), s.letter.last()).want(t, 200, "")
	n.send(t, "GET", "/mfa/enrollments", "").want(t, 200, "")
	n.send(t, "GET", "/mfa/activity", "").want(t, 200, "")
	s.broken = errTest
	s.Clock.Advance(time.Hour)
	again := s.browser()
	again.verify(t, again.login(t, "ada").option(t, "totp"), phone.Code()).want(t, 500, "internal")
	secrets = append(secrets, phone.Code())

	for _, code := range secrets {
		if strings.Contains(n.all.String(), code) {
			t.Errorf("%q was answered", code)
		}
		if strings.Contains(s.log.String(), code) {
			t.Errorf("%q was logged", code)
		}
	}
	if !strings.Contains(s.log.String(), errTest.Error()) {
		t.Fatal("nothing was logged, so nothing was shown")
	}
	for _, token := range []string{cookie, n.cookies["session"], n.cookies["__Host-mfa-device"]} {
		if strings.Contains(s.log.String(), token) {
			t.Error("a token was logged")
		}
	}
}
