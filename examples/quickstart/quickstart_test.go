package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// What a host writes for MFA: mfa.go below its imports, and the marked lines of main.go.
func TestFewLines(t *testing.T) {
	_, body, _ := strings.Cut(read(t, "mfa.go"), "\n)\n")
	n := 0
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	marked := 0
	for line := range strings.Lines(read(t, "main.go")) {
		if strings.HasSuffix(line, mark) && !strings.HasPrefix(line, "\t\"") {
			marked++
		}
	}
	if n < 20 || marked < 4 || n+marked > 40 {
		t.Errorf("%d lines and %d marked ones", n, marked)
	}
	t.Logf("%d lines and %d marked ones", n, marked)
}

const mark = "// MFA\n"

// What is not marked stands in the application as it was before.
func TestTheRestIsAsBefore(t *testing.T) {
	before := space.Split(read(t, "before", "main.go"), -1)
	_, body, _ := strings.Cut(read(t, "main.go"), "package main\n")
	for line := range strings.Lines(body) {
		if strings.HasSuffix(line, mark) {
			continue
		}
		for _, word := range strings.Fields(line) {
			for len(before) > 0 && before[0] != word {
				before = before[1:]
			}
			if len(before) == 0 {
				t.Fatalf("%q is new and is not marked", line)
			}
			before = before[1:]
		}
	}
}

var space = regexp.MustCompile(`\s+`)

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(strings.Join(path, "/"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An account, an app set up, and a sign-in with a code, by somebody whose browser runs
// no scripts.
func TestSignInWithACode(t *testing.T) {
	a := &app{users: map[string][]byte{}, sessions: map[string]session{}}
	server := httptest.NewServer(a.handler())
	defer server.Close()
	who := []string{"email", "ada@example.com", "password", "correct horse"}

	phone := newBrowser(t, server)
	phone.post("/register", who...).on("/", "Hello, ada@example.com")
	phone.get("/account/settings").on("/account/settings", "Security")
	p := phone.get("/account/setup/app")
	p = phone.post("/account/setup", p.hidden()...).on("/account/setup", "id=\"secret\"")
	secret := strings.ReplaceAll(p.find(`id="secret">([A-Z2-7 ]+)<`), " ", "")
	now := time.Now()
	p = phone.post("/account/setup/confirm", append(p.hidden(), "code", code(t, secret, now))...)
	if kept := regexp.MustCompile(`<li><code>`).FindAllString(p.body, -1); len(kept) != 10 {
		t.Errorf("%d recovery codes: %s", len(kept), p.body)
	}
	phone.post("/logout").on("/login", "")
	phone.get("/").on("/login", "")

	p = phone.post("/login", who...).on("/account/challenge", "code")
	phone.get("/").on("/login", "") // the password alone opens nothing
	used := phone.post("/account/challenge", append(p.hidden(), "code", code(t, secret, now))...)
	used.on("/account/challenge", `role="alert"`)
	if used.status != http.StatusUnauthorized {
		t.Errorf("a code that was used: %d", used.status)
	}
	phone.get("/").on("/login", "")
	next := code(t, secret, now.Add(30*time.Second)) // a phone whose clock is ahead
	phone.post("/account/challenge", append(p.hidden(), "code", next)...).on("/", "Hello, ada@example.com")

	// A sign-in that is given up leaves nothing behind.
	other := newBrowser(t, server)
	other.post("/login", who...).on("/account/challenge", "code")
	other.post("/logout").on("/login", "")
	if p := other.get("/account/challenge"); p.status != http.StatusGone {
		t.Errorf("%d %s", p.status, p.body)
	}
	wrong := newBrowser(t, server)
	wrong.post("/login", "email", "ada@example.com", "password", "wrong").on("/login", "wrong")
	wrong.get("/").on("/login", "")
}

// A session whose evidence is void opens nothing, also of the host's own pages.
func TestOldSessionsEnd(t *testing.T) {
	a := &app{users: map[string][]byte{}, sessions: map[string]session{}}
	server := httptest.NewServer(a.handler())
	defer server.Close()
	b := newBrowser(t, server)
	b.post("/register", "email", "ada@example.com", "password", "correct horse").on("/", "Hello")
	if err := a.engine.SignOutEverywhere(t.Context(), person("ada@example.com"), a.pages.API().Client(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))); err != nil {
		t.Fatal(err)
	}
	b.get("/").on("/login", "")
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
	// Cookies are kept for localhost, which is the origin that the program has.
	return browser{t, s.URL, &http.Client{Jar: jar, Transport: s.Client().Transport}}
}

func (b browser) get(path string) answer {
	b.t.Helper()
	return b.answer(b.client.Get(b.base + path))
}

func (b browser) post(path string, fields ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.answer(b.client.PostForm(b.base+path, form))
}

func (b browser) answer(r *http.Response, err error) answer {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{b.t, r.StatusCode, r.Request.URL.Path, string(body)}
}

// An answer is the page where a browser has come to.
type answer struct {
	t      *testing.T
	status int
	path   string
	body   string
}

func (a answer) on(path, text string) answer {
	a.t.Helper()
	if a.path != path || !strings.Contains(a.body, text) {
		a.t.Fatalf("on %s with status %d, want %s with %q: %s", a.path, a.status, path, text, a.body)
	}
	return a
}

func (a answer) find(pattern string) string {
	a.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.body)
	if m == nil {
		a.t.Fatalf("no %s in %s", pattern, a.body)
	}
	return m[1]
}

// hidden are the hidden fields of a page's form, as it sends them.
func (a answer) hidden() (fields []string) {
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(a.body, -1) {
		fields = append(fields, m[1], html.UnescapeString(m[2]))
	}
	return fields
}

func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
