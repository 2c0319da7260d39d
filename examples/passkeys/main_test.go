package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

const origin = "http://localhost:8080"

// A browser keeps cookies as browsers do on localhost, where Secure ones are
// sent without https. Go's own cookie jar does not.
type browser struct {
	t       *testing.T
	site    http.Handler
	origin  string // of the page that sends
	cookies map[string]string
}

func newBrowser(t *testing.T, site http.Handler) *browser {
	return &browser{t, site, origin, map[string]string{}}
}

type object map[string]any

// send sends JSON, unless there is none, and returns the answer's.
func (b *browser) send(method, path string, body any, want int) object {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	r := httptest.NewRequest(method, origin+path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	if body == nil {
		r = httptest.NewRequest(method, origin+path, nil)
	}
	r.Header.Set("Origin", b.origin)
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
	out := object{"text": w.Body.String()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

// ceremony begins at one address, has the answer made, and finishes at another.
func (b *browser) ceremony(make func(json.RawMessage) (json.RawMessage, error), begin string, body any, created int, finish string, want int) object {
	b.t.Helper()
	begun := b.send("POST", begin, body, created)
	text, err := json.Marshal(begun["publicKey"])
	if err != nil {
		b.t.Fatal(err)
	}
	credential, err := make(text)
	if err != nil {
		b.t.Fatal(err)
	}
	id, _ := begun["id"].(string)
	answer := object{"credential": credential}
	if option, ok := body.(object)["option"]; ok {
		answer["option"] = option
	}
	return b.send("POST", strings.Replace(finish, "{id}", id, 1), answer, want)
}

func (b *browser) add(a *authenticator.Authenticator) object {
	b.t.Helper()
	return b.ceremony(a.Create, "/mfa/enrollments", object{"method": "webauthn"}, 201, "/mfa/enrollments/{id}/activate", 200)
}

func (b *browser) signIn(a *authenticator.Authenticator, want int) object {
	b.t.Helper()
	return b.ceremony(a.Get, "/mfa/passkey/begin", object{}, 200, "/mfa/passkey/finish", want)
}

func (b *browser) home() string {
	b.t.Helper()
	return b.send("GET", "/", nil, 200)["text"].(string)
}

func (b *browser) ids() []string {
	b.t.Helper()
	var ids []string
	for _, e := range b.send("GET", "/mfa/enrollments", nil, 200)["enrollments"].([]any) {
		ids = append(ids, e.(map[string]any)["id"].(string))
	}
	return ids
}

func newPhone() *authenticator.Authenticator {
	return authenticator.New(authenticator.Options{Origin: origin, Synced: true})
}

// member signs up with a new phone.
func member(t *testing.T, site http.Handler) (*browser, *authenticator.Authenticator) {
	t.Helper()
	b, phone := newBrowser(t, site), newPhone()
	if flow := b.send("POST", "/signup", object{"name": "Ada"}, 201); flow["status"] != "enroll" || b.cookies[cookie] != "" {
		t.Fatalf("signed up: %v", flow)
	}
	if home := b.home(); strings.Contains(home, "Hello") {
		t.Fatal("in before there is a passkey")
	}
	done := b.add(phone)
	if flow, _ := done["flow"].(map[string]any); flow["status"] != "passed" || b.cookies[cookie] == "" {
		t.Fatalf("enrolled: %v", done)
	}
	return b, phone
}

func TestSignUpSignOutAndIn(t *testing.T) {
	b, phone := member(t, newApp(origin).handler())
	if home := b.home(); !strings.Contains(home, "Hello Ada, you are in.") || !strings.Contains(home, "Add a second one") {
		t.Errorf("signed up: %s", home)
	}
	old := b.cookies[cookie]
	b.send("POST", "/signout", nil, http.StatusSeeOther)
	b.cookies[cookie] = old
	if home := b.home(); strings.Contains(home, "Hello") || !strings.Contains(home, `autocomplete="username webauthn"`) {
		t.Errorf("signed out: %s", home)
	}
	if flow := b.signIn(phone, 200); flow["status"] != "passed" || b.cookies[cookie] == old {
		t.Errorf("signed in: %v", flow)
	}
	if home := b.home(); !strings.Contains(home, "Hello Ada") {
		t.Errorf("signed in: %s", home)
	}
}

func TestSecondPasskeyAndTheLastOne(t *testing.T) {
	site := newApp(origin).handler()
	b, phone := member(t, site)
	first := b.ids()
	if len(first) != 1 {
		t.Fatalf("%d passkeys", len(first))
	}
	if refused := b.send("DELETE", "/mfa/enrollments/"+first[0], nil, http.StatusConflict); refused["code"] != "enrollment_required" {
		t.Errorf("the last passkey: %v", refused)
	}
	laptop := newPhone()
	b.add(laptop)
	if home := b.home(); strings.Contains(home, "Add a second one") || strings.Count(home, "<li>") != 2 {
		t.Errorf("two passkeys: %s", home)
	}
	b.send("DELETE", "/mfa/enrollments/"+first[0], nil, http.StatusNoContent)
	if refused := newBrowser(t, site).signIn(phone, http.StatusUnauthorized); refused["code"] != "code_not_valid" {
		t.Errorf("the removed passkey: %v", refused)
	}
	b = newBrowser(t, site)
	b.signIn(laptop, 200)
	b.send("DELETE", "/mfa/enrollments/"+b.ids()[0], nil, http.StatusConflict)
}

func TestPeopleAreKeptApart(t *testing.T) {
	site := newApp(origin).handler()
	b, phone := member(t, site)
	other, _ := member(t, site)
	if b.cookies[cookie] == other.cookies[cookie] || b.ids()[0] == other.ids()[0] {
		t.Error("two people are one")
	}
	stranger := newBrowser(t, site)
	stranger.send("GET", "/mfa/enrollments", nil, http.StatusUnauthorized)
	stranger.signIn(phone.At("http://localhost:8081"), http.StatusUnauthorized)
	stranger.cookies[cookie] = "made up"
	if strings.Contains(stranger.home(), "Hello") {
		t.Error("in by a cookie that is made up")
	}
}

func TestOtherOriginsAreRefused(t *testing.T) {
	b, _ := member(t, newApp(origin).handler())
	b.origin = "https://evil.example"
	for _, path := range []string{"/signup", "/signout", "/mfa/passkey/begin", "/mfa/enrollments"} {
		b.send("POST", path, object{}, http.StatusForbidden)
	}
	b.origin = origin
	if !strings.Contains(b.home(), "Hello Ada") {
		t.Error("signed out by another site")
	}
}

// The promise of an example is that it can be read in one sitting.
func TestIsShort(t *testing.T) {
	lines := 0
	for _, name := range []string{"main.go", "page.html"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines += bytes.Count(text, []byte("\n"))
	}
	if lines >= 200 {
		t.Errorf("%d lines", lines)
	}
}
