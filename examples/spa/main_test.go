package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
)

const origin, address, password = "http://localhost:8080", "ada@example.org", "a good password"

type object = map[string]any

// A browser keeps cookies as browsers do on localhost, where Secure ones are sent
// without https. Go's own cookie jar does not.
type browser struct {
	t       *testing.T
	site    http.Handler
	clock   *mfatest.Clock
	from    string // the origin of the page that sends
	cookies map[string]string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	clock := mfatest.NewClock(time.Now())
	a, err := newApp(origin, io.Discard, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, a.handler(), clock, origin, map[string]string{}}
}

func (b *browser) another() *browser {
	return &browser{b.t, b.site, b.clock, b.from, map[string]string{}}
}

// send sends JSON, unless there is none, and returns the answer's.
func (b *browser) send(method, path string, body any, want int) object {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	if body == nil {
		text = nil
	}
	r := httptest.NewRequest(method, origin+path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", b.from)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	if w.Code != want {
		b.t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, want)
	}
	out := object{"text": w.Body.String(), "header": w.Header()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

func ada() object { return object{"email": address, "password": password} }

func (b *browser) code(secret any) string {
	b.t.Helper()
	c, err := totp.GenerateCode(secret.(string), b.clock.Advance(time.Minute))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// member registers, and sets an authenticator app up as is asked.
func (b *browser) member() (secret any) {
	b.t.Helper()
	if flow := b.send("POST", "/register", ada(), http.StatusCreated); flow["status"] != "enroll" || flow["skip"] == nil {
		b.t.Fatalf("registered: %v", flow)
	}
	b.send("GET", "/me", nil, http.StatusUnauthorized)
	begun := b.send("POST", "/mfa/enrollments", object{"method": "totp"}, http.StatusCreated)
	done := b.send("POST", "/mfa/enrollments/"+begun["id"].(string)+"/activate", object{"code": b.code(begun["secret"])}, http.StatusOK)
	if flow := done["flow"].(object); flow["status"] != "passed" || len(done["recovery_codes"].([]any)) != 10 {
		b.t.Fatalf("set up: %v", done)
	}
	return begun["secret"]
}

func TestRegisterOutAndIn(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	secret := b.member()
	me := b.send("GET", "/me", nil, http.StatusOK)
	if methods := me["methods"].([]any); me["email"] != address || !slices.Equal(methods, []any{"webauthn", "totp", "email"}) {
		t.Errorf("me: %v", me)
	}
	first := b.cookies[cookie]
	b.send("POST", "/logout", nil, http.StatusNoContent)
	b.send("GET", "/me", nil, http.StatusUnauthorized)
	b.cookies[cookie] = first
	b.send("GET", "/me", nil, http.StatusUnauthorized)

	flow := b.send("POST", "/login", ada(), http.StatusOK)
	if flow["status"] != "challenge" || b.cookies[cookie] != "" {
		t.Fatalf("in without a code: %v", flow)
	}
	option := flow["options"].([]any)[0].(object)["id"]
	b.send("POST", "/mfa/flow/verify", object{"option": option, "code": "000000"}, http.StatusUnauthorized)
	b.send("GET", "/me", nil, http.StatusUnauthorized)
	b.send("POST", "/mfa/flow/verify", object{"option": option, "code": b.code(secret)}, http.StatusOK)
	b.send("GET", "/me", nil, http.StatusOK)

	b.clock.Advance(time.Hour)
	list := b.send("GET", "/mfa/enrollments", nil, http.StatusOK)["enrollments"].([]any)
	path := "/mfa/enrollments/" + list[0].(object)["id"].(string)
	if p := b.send("PATCH", path, object{"label": "Phone"}, http.StatusForbidden); p["code"] != "requirement" {
		t.Errorf("a change after an hour: %v", p)
	}
	old := b.cookies[cookie]
	b.send("POST", "/mfa/stepup", object{}, http.StatusOK)
	b.send("POST", "/mfa/flow/verify", object{"option": option, "code": b.code(secret)}, http.StatusOK)
	b.send("PATCH", path, object{"label": "Phone"}, http.StatusOK)
	stale := b.another()
	stale.cookies[cookie] = old
	stale.send("GET", "/me", nil, http.StatusUnauthorized)

	b.clock.Advance(life)
	b.send("GET", "/me", nil, http.StatusUnauthorized) // proving more does not make it live longer
}

// What is put off is asked again, three times; then it has to be.
func TestPutOff(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.send("POST", "/register", ada(), http.StatusCreated)
	for range 3 {
		b.send("POST", "/mfa/flow/skip", object{}, http.StatusOK)
		b.send("GET", "/me", nil, http.StatusOK)
		b.send("POST", "/login", ada(), http.StatusOK)
	}
	b.send("POST", "/mfa/flow/skip", object{}, http.StatusForbidden)
	b.send("GET", "/me", nil, http.StatusUnauthorized)
}

func TestPasswordAgain(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.send("POST", "/reauthenticate", object{"password": password}, http.StatusUnauthorized)
	b.send("POST", "/register", ada(), http.StatusCreated)
	b.send("POST", "/mfa/flow/skip", object{}, http.StatusOK)
	b.clock.Advance(time.Hour)
	enroll := object{"method": "totp"}
	if p := b.send("POST", "/mfa/enrollments", enroll, http.StatusForbidden); !slices.Contains(p["missing"].([]any), any("password")) {
		t.Errorf("missing: %v", p)
	}
	if p := b.send("POST", "/reauthenticate", object{"password": "wrong"}, http.StatusUnauthorized); p["code"] != "invalid_credentials" {
		t.Errorf("a wrong password: %v", p)
	}
	b.send("POST", "/mfa/enrollments", enroll, http.StatusForbidden)
	old := b.cookies[cookie]
	b.send("POST", "/reauthenticate", object{"password": password}, http.StatusNoContent)
	b.send("POST", "/mfa/enrollments", enroll, http.StatusCreated)
	if b.cookies[cookie] == old {
		t.Error("the session has kept its id")
	}
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.send("POST", "/register", ada(), http.StatusCreated)
	other := b.another()
	for _, c := range []struct {
		status int
		code   string
		in     object
	}{
		{409, "email_taken", object{"email": "ADA@example.org", "password": "another password"}},
		{422, "email_not_valid", object{"email": "Ada <ada@example.org>", "password": password}},
		{422, "password_not_valid", object{"email": "bob@example.org", "password": "short"}},
		{400, "bad_request", object{"email": "bob@example.org", "password": password, "admin": true}},
	} {
		if p := other.send("POST", "/register", c.in, c.status); p["code"] != c.code {
			t.Errorf("%v: %v", c.in, p)
		}
	}
	other.send("POST", "/login", object{"email": address, "password": "another password"}, http.StatusUnauthorized)
	other.send("POST", "/login", object{"email": "nobody@example.org", "password": ""}, http.StatusUnauthorized)
	other.send("POST", "/login", object{"email": "", "password": ""}, http.StatusUnauthorized)
	if len(other.cookies) > 0 {
		t.Errorf("cookies: %v", other.cookies)
	}
}

func TestC14_CrossOriginWriteIsRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.member()
	b.from = "https://evil.example"
	for _, path := range []string{"/register", "/login", "/reauthenticate", "/logout", "/mfa/stepup"} {
		if p := b.send("POST", path, object{}, http.StatusForbidden); p["code"] != "cross_origin" {
			t.Errorf("POST %s: %v", path, p)
		}
	}
	b.from = origin
	b.send("GET", "/me", nil, http.StatusOK)
}

// What the page is made of runs under the strictest policy, and shows what others have
// typed as text.
func TestThePageIsStrict(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	for path, want := range map[string]string{"/": "text/html", "/app.js": "text/javascript", "/style.css": "text/css", "/mfa/mfa.js": "text/javascript", "/me": "json"} {
		status := http.StatusOK
		if path == "/me" {
			status = http.StatusUnauthorized
		}
		got := b.send("GET", path, nil, status)["header"].(http.Header)
		csp := got.Get("Content-Security-Policy")
		if !strings.Contains(got.Get("Content-Type"), want) || !strings.Contains(csp, "default-src 'none'; script-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %v", path, got)
		}
	}
	for _, name := range []string{"main.go", "accounts.go", "main_test.go"} {
		b.send("GET", "/"+name, nil, http.StatusNotFound)
	}
	forbidden := map[string]string{
		"index.html": `<script>|<style|\sstyle=|\son\w+=|javascript:|https?:`,
		"app.js":     `innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(|localStorage|sessionStorage|indexedDB|https?:|setAttribute\("on`,
		"style.css":  `@import|url\(`,
	}
	for name, pattern := range forbidden {
		if found := regexp.MustCompile(pattern).FindString(read(t, name)); found != "" {
			t.Errorf("%s has %q", name, found)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Whatever the API and the host may say, a person reads a sentence.
func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	_, list, _ := strings.Cut(mfahttp.OpenAPI(), "          enum:\n            - bad_request\n")
	list, _, _ = strings.Cut("- bad_request\n"+list, "        attempts_left")
	codes := all(`- (\w+)`, list)
	if len(codes) < 25 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	reasons := all(`\w+`, strings.ReplaceAll(between(t, mfahttp.OpenAPI(), "        reason:\n          enum: [", "]"), ",", " "))
	codes = append(codes, "invalid_credentials", "email_taken", "email_not_valid", "password_not_valid")
	for id, want := range map[string][]string{"problems": codes, "reasons": reasons} {
		words := between(t, read(t, "index.html"), `<template id="`+id+`">`, "</template>")
		for _, code := range want {
			if !regexp.MustCompile(`<p data-code="` + code + `">[^<]+\.</p>`).MatchString(words) {
				t.Errorf("%s: there is no sentence for %s", id, code)
			}
		}
	}
}

// Every view that the script shows is there, and every button of a view does something.
func TestViewsAndScriptFit(t *testing.T) {
	t.Parallel()
	page, script := read(t, "index.html"), read(t, "app.js")
	for _, id := range all(`(?:show|ask|made)\("(\w+)"`, script) {
		if !strings.Contains(page, `<template id="`+id+`">`) {
			t.Errorf("there is no view %q", id)
		}
	}
	for _, name := range all(`data-do="(\w+)"`, page) {
		if !strings.Contains(script, `"`+name+`"`) && !strings.Contains(script, "data-do="+name) {
			t.Errorf("the button %q does nothing", name)
		}
	}
	for _, name := range all(`data-(?:text|if|list|link|src)="(\w+)"`, page) {
		if name != "uri" && !regexp.MustCompile(`\b`+name+`\b`).MatchString(script) { // which comes with the API's answer
			t.Errorf("nothing fills %q", name)
		}
	}
}

func all(pattern, text string) (found []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[len(m)-1])
	}
	return found
}

func between(t *testing.T, text, after, before string) string {
	t.Helper()
	_, text, ok := strings.Cut(text, after)
	text, _, end := strings.Cut(text, before)
	if !ok || !end {
		t.Fatalf("nothing is between %q and %q", after, before)
	}
	return text
}
