package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	goodPassword = "correct horse battery"
	badPassword  = "incorrect horse battery"
)

// A server is the app behind real HTTP, with its insides at hand.
type server struct {
	t    *testing.T
	app  *app
	data *data
	url  string
	file string // of the database
	log  *safeBuffer
}

// start runs the app on storeFlags, with -dev, and with further flags.
func start(t *testing.T, flags ...string) *server {
	t.Helper()
	return startWith(t, append([]string{"-dev"}, flags...)...)
}

func startWith(t *testing.T, flags ...string) *server {
	t.Helper()
	c, err := parseConfig(append(storeFlags(t), flags...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, log, now := context.Background(), new(safeBuffer), &clock{still: time.Now()}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d, err := openData(ctx, c, now.Now, logger)
	if err != nil {
		t.Fatal(err)
	}
	var messages *inbox
	if c.dev {
		messages = newInbox(now.Now)
	}
	s := httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	c.origin = c.originAt(port)
	out, err := newSenders(c, now, messages, reportSecret(d.keys))
	if err != nil {
		t.Fatal(err)
	}
	known, err := openPlaces(ctx, c, now, logger)
	if err != nil {
		t.Fatal(err)
	}
	scorer, err := newScorer(ctx, c, d, now, known, logger)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := newEngine(ctx, c, d, now, out, scorer, logger)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newApp(parts{config: c, db: d.db, engine: engine, scorer: scorer, known: known, clock: now, senders: out, inbox: messages, log: logger})
	if err != nil {
		t.Fatal(err)
	}
	s.Config.Handler = inTime(a.handler())
	s.Start()
	t.Cleanup(func() {
		s.Close()
		if err := closeEngine(ctx, engine); err != nil {
			t.Error(err)
		}
		known.end()
		if err := out.close(); err != nil {
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return &server{t: t, app: a, data: d, url: "http://localhost:" + port, file: c.tables.file, log: log}
}

func (s *server) advance(d time.Duration) {
	s.t.Helper()
	if !s.app.clock.advance(d) {
		s.t.Fatalf("the clock did not move by %v", d)
	}
}

// sessionsOf counts an account's sessions in the database.
func (s *server) sessionsOf(email string) (n int) {
	s.t.Helper()
	err := s.app.db.QueryRowContext(s.t.Context(), `SELECT count(*) FROM webapp_sessions s JOIN webapp_accounts a ON a.id = s.account WHERE a.email = ?`, email).Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// A browser keeps cookies and follows no redirect.
type browser struct {
	t      *testing.T
	s      *server
	client *http.Client
	header http.Header // with each request
}

func (s *server) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s.t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, http.Header{}}
}

// A reply is an answer that has been read.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("status %d, not JSON: %s", r.status, r.body)
	}
	return v
}

func (b *browser) do(method, path, mediaType, body string) reply {
	b.t.Helper()
	req, err := http.NewRequest(method, b.s.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for name, values := range b.header {
		req.Header[name] = values
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	r, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{r.StatusCode, r.Header, string(text)}
}

// send sends JSON, or no body for a nil value.
func (b *browser) send(method, path string, v any) reply {
	b.t.Helper()
	if v == nil {
		return b.do(method, path, "", "")
	}
	body, err := json.Marshal(v)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(method, path, "application/json", string(body))
}

// submit posts a form and asks for a page.
func (b *browser) submit(path string, fields ...string) reply {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	defer b.asPerson()()
	return b.do("POST", path, "application/x-www-form-urlencoded", form.Encode())
}

// page gets a page.
func (b *browser) page(path string) reply {
	b.t.Helper()
	defer b.asPerson()()
	return b.do("GET", path, "", "")
}

func (b *browser) asPerson() func() {
	b.header.Set("Accept", "text/html,application/xhtml+xml")
	return func() { b.header.Del("Accept") }
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.s.url)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	u, _ := url.Parse(b.s.url)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

type object = map[string]any

func want(t *testing.T, r reply, status int, code string) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	if code != "" && r.json(t)["code"] != code {
		t.Fatalf("code %v, want %s: %s", r.json(t)["code"], code, r.body)
	}
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func find(t *testing.T, page, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, page)
	}
	return m[1]
}

// A safeBuffer may be written to while it is read.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
