package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/pquerna/otp/totp"
)

// The program as a browser meets it: over https, since its cookie is Secure.
func TestPasswordAndCode(t *testing.T) {
	password = "a good password"
	server := httptest.NewTLSServer(handler())
	defer server.Close()

	first := newBrowser(t, server)
	if status, _ := first.post("/login", "name", "ada", "password", "a bad password"); status != http.StatusForbidden {
		t.Fatalf("wrong password: status %d", status)
	}
	if status, page := first.post("/enroll"); status != http.StatusForbidden || strings.Contains(page, "<svg") {
		t.Fatalf("enrolling without a session: status %d, %s", status, page)
	}
	if _, page := first.post("/login", "name", "ada", "password", password); !strings.Contains(page, "You are in, by [pwd]") {
		t.Fatalf("before an app is added: %s", page)
	}
	_, page := first.post("/enroll")
	secret := strings.ReplaceAll(find(t, page, `<code>([A-Z2-7 ]+)</code>`), " ", "")
	if !strings.Contains(page, "<svg") {
		t.Error("no QR code")
	}
	now := time.Now()
	before := first.evidence()
	if status, page := first.post("/activate", "id", find(t, page, `name=id value="([^"]+)"`), "code", code(t, secret, now)); status != http.StatusOK || !strings.Contains(page, "You are in") {
		t.Fatalf("activate: status %d, %s", status, page)
	}
	if after := first.evidence(); after.User == "" || after.Generation <= before.Generation {
		t.Errorf("evidence after the change: %+v, before: %+v", after, before)
	}

	second := newBrowser(t, server)
	_, page = second.post("/login", "name", "ada", "password", password)
	flow, option := find(t, page, `name=flow value="([^"]+)"`), find(t, page, `name=option value="([^"]+)"`)
	if home := second.get("/"); strings.Contains(home, "You are in") {
		t.Fatal("in without a code")
	}
	for name, wrong := range map[string]string{"made up": "000000", "the enrolment's": code(t, secret, now)} {
		if status, _ := second.post("/code", "flow", flow, "option", option, "code", wrong); status != http.StatusForbidden {
			t.Fatalf("%s code: status %d", name, status)
		}
	}
	next := code(t, secret, now.Add(30*time.Second)) // a phone whose clock is ahead
	if _, page := second.post("/code", "flow", flow, "option", option, "code", next); !strings.Contains(page, "You are in, by [pwd otp mfa]") {
		t.Fatalf("right code: %s", page)
	}
	if !second.has("__Host-device") {
		t.Error("the device token was not kept")
	}
	if home := second.get("/"); !strings.Contains(home, "You are in") {
		t.Fatalf("after the right code: %s", home)
	}
	if status, _ := newBrowser(t, server).post("/code", "flow", flow, "option", option, "code", next); status != http.StatusForbidden {
		t.Fatalf("a flow and a code that were used: status %d", status)
	}
}

// Strangers with the password use up tries; the owner's own browser keeps a share
// of them, if the program gives back what it was given to keep.
func TestDeviceTokenComesBack(t *testing.T) {
	w := httptest.NewRecorder()
	if _, _, err := proceed(w, httptest.NewRequest("POST", "/code", nil), mfa.Flow{DeviceToken: "kept"}, nil); err != nil {
		t.Fatal(err)
	}
	list := w.Result().Cookies()
	if len(list) != 1 || !list[0].HttpOnly || !list[0].Secure || list[0].Path != "/" || list[0].Domain != "" ||
		list[0].SameSite != http.SameSiteLaxMode || list[0].MaxAge < 180*86400 || !strings.HasPrefix(list[0].Name, "__Host-") {
		t.Fatalf("cookies %+v", list)
	}
	r := httptest.NewRequest("POST", "/login", nil)
	if got := caller(r).Client.DeviceToken; got != "" {
		t.Errorf("without the cookie: %q", got)
	}
	r.AddCookie(list[0])
	if got := caller(r).Client.DeviceToken; got != "kept" {
		t.Errorf("with it: %q", got)
	}
}

func TestC14_CrossOriginWriteIsRefused(t *testing.T) {
	password = "a good password"
	r := httptest.NewRequest("POST", "https://app.example/login", strings.NewReader("name=ada&password=a+good+password"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("status %d, cookies %v", w.Code, w.Result().Cookies())
	}
}

func TestNoPasswordLetsNobodyIn(t *testing.T) {
	password = ""
	r := httptest.NewRequest("POST", "/login", strings.NewReader("name=ada&password="))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	handler().ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
		t.Errorf("status %d, cookies %v", w.Code, w.Result().Cookies())
	}
}

type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func newBrowser(t *testing.T, s *httptest.Server) browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{t, s.URL, &http.Client{Transport: s.Client().Transport, Jar: jar}}
}

func (b browser) post(path string, fields ...string) (int, string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := b.client.PostForm(b.base+path, form)
	if err != nil {
		b.t.Fatal(err)
	}
	return r.StatusCode, body(b.t, r)
}

func (b browser) get(path string) string {
	b.t.Helper()
	r, err := b.client.Get(b.base + path)
	if err != nil {
		b.t.Fatal(err)
	}
	return body(b.t, r)
}

func (b browser) has(cookie string) bool {
	b.t.Helper()
	u, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	return slices.ContainsFunc(b.client.Jar.Cookies(u), func(c *http.Cookie) bool { return c.Name == cookie })
}

// evidence is what the program keeps for this browser's session.
func (b browser) evidence() mfa.Authentication {
	b.t.Helper()
	u, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if s, ok := sessions.Load(c.Value); ok {
			return s.(mfa.Authentication)
		}
	}
	b.t.Fatal("no session")
	return mfa.Authentication{}
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func find(t *testing.T, page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, page)
	}
	return m[1]
}

func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
