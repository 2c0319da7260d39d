package pages_test

import (
	"html/template"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mfakit/mfa/mfahttp/pages"
)

func TestNewNamesWhatIsWrong(t *testing.T) {
	h := newHost(t)
	good := pages.Config{Engine: h.Engine.Engine, API: h.api, App: "Example", SignIn: "/login"}
	if _, err := pages.New(good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*pages.Config){
		"Engine":            func(c *pages.Config) { c.Engine = nil },
		"API":               func(c *pages.Config) { c.API = nil },
		"App":               func(c *pages.Config) { c.App = " " },
		"SignIn":            func(c *pages.Config) { c.SignIn = "" },
		"Prefix":            func(c *pages.Config) { c.Prefix = "/account/" },
		"Home":              func(c *pages.Config) { c.Home = "https://evil.example" },
		"Password":          func(c *pages.Config) { c.Password = "//evil.example" },
		"SignOut":           func(c *pages.Config) { c.SignOut = "logout" },
		"Logo":              func(c *pages.Config) { c.Logo = "https://cdn.example/logo.svg" },
		"Theme.Accent":      func(c *pages.Config) { c.Theme.Accent = "red;}body{display:none" },
		"Theme.Font":        func(c *pages.Config) { c.Theme.Font = "url(https://evil.example)" },
		"Frame":             func(c *pages.Config) { c.Frame = template.Must(template.New("").Parse("no main")) },
		"Templates: a.html": nil,
	} {
		c := good
		if change == nil {
			want = "Templates"
			change = func(c *pages.Config) {
				c.Templates = fstest.MapFS{"challenge.html": {Data: []byte(`{{define "content"}}{{`)}}
			}
		}
		change(&c)
		if _, err := pages.New(c); err == nil || !strings.Contains(err.Error(), "Config."+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestTheHostsFrame(t *testing.T) {
	frame := template.Must(template.New("").Parse(`<!doctype html><html lang="{{.Lang}}" dir="{{.Dir}}"><head><title>{{.Title}} at ours</title>{{.Head}}</head>` +
		`<body><p id="whose">{{.User}} {{.Request.URL.Path}}</p><main>{{.Main}}</main></body></html>`))
	h := newHost(t, change{pages: func(c *pages.Config) { c.Frame = frame }})
	phone := h.member("ada")
	b := h.browser()
	b.header.Set("Accept-Language", "ar")
	p := b.login("ada")
	if got := p.root.first(named("title")).words(); !strings.HasSuffix(got, " at ours") || p.root.first(named("html")).attr["dir"] != "rtl" || p.id("mfa") == nil || p.id("whose").words() != "/account/challenge" {
		t.Errorf("%s", p.body)
	}
	p.submit("code-form", "code", h.code(phone)).at("/")
	h.Clock.Advance(2 * time.Hour)
	if got := b.get("/admin").id("whose").words(); got != "ada@example.com /account/confirm" {
		t.Errorf("%q", got)
	}
}

func TestTheHostsTemplates(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) {
		c.Templates = fstest.MapFS{
			"challenge.html": {Data: []byte(`{{define "content"}}<h1>Ours: {{.T "page.challenge.title"}}</h1>{{template "leave" .}}{{end}}`)},
			"parts.html":     {Data: []byte(`{{define "problem"}}{{end}}{{define "leave"}}<p id="ours">x</p>{{end}}`)},
		}
	}})
	h.member("ada")
	if p := h.browser().login("ada").want(http.StatusOK, "Ours: Enter your code"); p.id("ours") == nil {
		t.Errorf("%s", p.body)
	}
	names, err := fs.Glob(pages.Templates(), "*.html")
	if err != nil || len(names) < 10 {
		t.Errorf("%v, %v", names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(pages.Templates(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{" style=", "<style", "onclick", "javascript:", "http://", "https://"} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
}

func TestATemplateThatFailsIsLogged(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) {
		c.Templates = fstest.MapFS{"challenge.html": {Data: []byte(`{{define "content"}}<h1>x</h1>{{.Data.NoSuchField}}{{end}}`)}}
	}})
	h.member("ada")
	r := h.browser().send("POST", "/login", encode("name", "ada", "password", rightPassword)).follow()
	if r.status != http.StatusInternalServerError || strings.Contains(r.body, "NoSuchField") || !strings.Contains(h.log.String(), "NoSuchField") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestFiles(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) { c.Theme = pages.Theme{Accent: "#123456", DarkAccent: "rgb(1 2 3)"} }})
	b := h.browser()
	h.member("ada")
	for _, path := range b.login("ada").files() {
		r := b.send("GET", path, "")
		if r.status != http.StatusOK || r.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || r.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, r.status, r.header)
		}
		name, _, _ := strings.Cut(path, "?")
		for _, old := range []string{name, name + "?v=0"} {
			if r := b.send("GET", old, ""); r.status != http.StatusOK || r.header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s: %d %v", old, r.status, r.header)
			}
		}
	}
	css := b.send("GET", "/account/static/style.css", "")
	if css.header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(css.body, "--accent:#123456") || !strings.Contains(css.body, "--accent:rgb(1 2 3)") {
		t.Errorf("%v %s", css.header, css.body)
	}
	script := b.send("GET", "/account/static/pages.js", "")
	if script.header.Get("Content-Type") != "text/javascript; charset=utf-8" || strings.Contains(script.body, "\n//") || !strings.Contains(script.body, "export async function go") {
		t.Errorf("%v %s", script.header, script.body)
	}
	for _, path := range []string{"/account/static/", "/account/static/nothing.js", "/account/static/..%2fpages.go", "/account/static/style.css/x"} {
		if r := b.send("GET", path, ""); r.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestPrefixes(t *testing.T) {
	for prefix, at := range map[string]string{"": "/account", "/": "", "/a/b": "/a/b"} {
		h := another(t)
		p, err := pages.New(pages.Config{Engine: h.Engine.Engine, API: h.api, App: "Example", SignIn: "/login", Prefix: prefix, Now: h.Clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		h.pages, h.mux = p, http.NewServeMux()
		h.mux.Handle("/", p)
		h.mux.Handle("POST /login", h.serve(h.login))
		phone := h.member("ada")
		b := h.browser()
		got := b.send("POST", "/login", encode("name", "ada", "password", rightPassword))
		if to := got.header.Get("Location"); to != at+"/challenge" {
			t.Errorf("%q leads to %q", prefix, to)
		}
		page := b.send("GET", at+"/challenge", "")
		page.wellFormed()
		f := page.form("code-form")
		fields := f.fields()
		fields.Set("code", phone.Code())
		if r := b.send("POST", f.attr["action"], fields.Encode()); r.status != http.StatusSeeOther || b.cookies["session"] == "" {
			t.Errorf("%q: %d %s", prefix, r.status, r.body)
		}
	}
}

// What the host has set before stands.
func TestHeadersOfTheHost(t *testing.T) {
	h := newHost(t)
	w := httptest.NewRecorder()
	w.Header().Set("Content-Security-Policy", "default-src 'self'")
	w.Header().Set("Cache-Control", "public")
	h.pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/account/nothing", nil))
	if got := w.Header(); got.Get("Content-Security-Policy") != "default-src 'self'" || got.Get("Referrer-Policy") != "same-origin" || got.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got)
	}
}
