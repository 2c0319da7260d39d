package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/mfakit/mfa/mfatest"
)

const origin, password = "http://localhost:8080", "a good password"

type object = map[string]any

// A browser walks through the app on one router, at a time of its own.
type browser struct {
	t       *testing.T
	site    http.Handler
	cookies map[string]string
	from    string // the origin of the page that sends
	clock   *mfatest.Clock
}

// on starts the app on one router.
func on(t *testing.T, router func(*app) http.Handler) *browser {
	b := &browser{t: t, cookies: map[string]string{}, from: origin, clock: mfatest.NewClock(time.Now())}
	a, err := newApp(origin, password, b.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	b.site = router(a)
	return b
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
	out := object{"text": w.Body.String()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

func (b *browser) login() object {
	b.t.Helper()
	return b.send("POST", "/login", object{"name": "ada", "password": password}, http.StatusOK)
}

// code is what the app on a phone shows after a minute.
func (b *browser) code(secret any) string {
	b.t.Helper()
	c, err := totp.GenerateCode(secret.(string), b.clock.Advance(time.Minute))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// answer gives a flow the code that it asks for.
func (b *browser) answer(flow object, code string, want int) object {
	b.t.Helper()
	option := flow["options"].([]any)[0].(object)["id"]
	return b.send("POST", "/mfa/flow/verify", object{"option": option, "code": code}, want)
}

// enroll adds an authenticator app to the session, and returns its secret.
func (b *browser) enroll() any {
	b.t.Helper()
	begun := b.send("POST", "/mfa/enrollments", object{"method": "totp"}, http.StatusCreated)
	b.send("POST", "/mfa/enrollments/"+begun["id"].(string)+"/activate", object{"code": b.code(begun["secret"])}, http.StatusOK)
	return begun["secret"]
}

// each runs a test on every router.
func each(t *testing.T, test func(t *testing.T, b *browser)) {
	for name, router := range routers {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			t.Parallel()
			test(t, on(t, router))
		})
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *browser) {
		b.send("GET", "/secret", nil, http.StatusUnauthorized)
		b.send("POST", "/login", object{"name": "ada", "password": "wrong"}, http.StatusUnauthorized)
		if flow := b.login(); flow["status"] != "passed" {
			t.Fatalf("before there is an app: %v", flow)
		}
		if refused := b.send("GET", "/secret", nil, http.StatusForbidden); refused["code"] != "requirement" {
			t.Errorf("by password alone: %v", refused)
		}
		secret := b.enroll()
		b.send("POST", "/logout", nil, http.StatusNoContent)
		b.send("GET", "/secret", nil, http.StatusUnauthorized)

		flow := b.login()
		if flow["status"] != "challenge" || b.cookies[cookie] != "" {
			t.Fatalf("in without a code: %v", flow)
		}
		b.send("GET", "/secret", nil, http.StatusUnauthorized)
		b.answer(flow, "000000", http.StatusUnauthorized)
		b.answer(flow, b.code(secret), http.StatusOK)
		if page := b.send("GET", "/secret", nil, http.StatusOK)["text"].(string); !strings.Contains(page, "For ada alone, who is in by [pwd otp mfa]") {
			t.Errorf("the page: %s", page)
		}

		b.clock.Advance(6 * time.Minute) // longer than what the page asks for
		refused := b.send("GET", "/secret", nil, http.StatusForbidden)
		if refused["code"] != "requirement" || strings.Contains(refused["text"].(string), "For ada") {
			t.Errorf("with a code that is too old: %v", refused)
		}
		old := b.cookies[cookie]
		flow = b.send("POST", "/mfa/stepup", object{"max_age": 300}, http.StatusOK)
		b.answer(flow, b.code(secret), http.StatusOK)
		if b.cookies[cookie] == old {
			t.Error("the session has kept its id")
		}
		b.send("GET", "/secret", nil, http.StatusOK)
		b.cookies[cookie] = old
		b.send("GET", "/secret", nil, http.StatusUnauthorized)
	})
}

// Every method and every path below the prefix has to come through.
func TestTheWholeAPIIsReached(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *browser) {
		b.login()
		secret := b.enroll()
		b.answer(b.send("POST", "/mfa/stepup", object{}, http.StatusOK), b.code(secret), http.StatusOK)
		if script := b.send("GET", "/mfa/mfa.js", nil, http.StatusOK)["text"].(string); !strings.Contains(script, "export") {
			t.Error("mfa.js is not served")
		}
		list := b.send("GET", "/mfa/enrollments", nil, http.StatusOK)["enrollments"].([]any)
		path := "/mfa/enrollments/" + list[0].(object)["id"].(string)
		if renamed := b.send("PATCH", path, object{"label": "My phone"}, http.StatusOK); renamed["label"] != "My phone" {
			t.Errorf("renamed: %v", renamed)
		}
		b.send("DELETE", path, nil, http.StatusNoContent)
		if p := b.send("GET", "/mfa/nothing", nil, http.StatusNotFound); p["code"] != "not_found" {
			t.Errorf("an unknown call: %v", p)
		}
		if p := b.send("PUT", "/mfa/enrollments", object{}, http.StatusMethodNotAllowed); p["code"] != "http_method_not_allowed" {
			t.Errorf("an unknown method: %v", p)
		}
	})
}

// What is refused before a handler must not reach it: neither by way of the app's own
// routes nor by the API's.
func TestC14_CrossOriginWriteIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *browser) {
		b.login()
		b.from = "https://evil.example"
		for _, path := range []string{"/login", "/logout", "/mfa/stepup"} {
			p := b.send("POST", path, object{}, http.StatusForbidden)
			if text := p["text"].(string); p["code"] != "cross_origin" || strings.Count(text, "{") != 1 {
				t.Errorf("POST %s: %s", path, text)
			}
		}
		b.from = origin
		b.send("GET", "/mfa/enrollments", nil, http.StatusOK) // still signed in
	})
}

func TestNoPasswordLetsNobodyIn(t *testing.T) {
	t.Parallel()
	b := on(t, func(a *app) http.Handler {
		a.password = ""
		return onNetHTTP(a)
	})
	b.send("POST", "/login", object{"name": "ada", "password": ""}, http.StatusUnauthorized)
}

// A router costs a few lines, or this example shows it badly.
func TestRoutersAreShort(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nethttp.go", "chi.go", "echo.go", "gin.go"} {
		text, err := os.ReadFile(filepath.Clean(name))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte("\n")); n > 40 {
			t.Errorf("%s has %d lines", name, n)
		}
	}
}
