package pages

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/words"
)

// Pages are the pages below their prefix. They are safe for use by any number of
// goroutines.
type Pages struct {
	config    Config
	engine    *mfa.Engine
	api       *mfahttp.Handler
	prefix    string // without a slash at its end; may be empty
	templates templates
	files     files
	handler   http.Handler
}

// New makes the pages. The error names the field that is wrong.
func New(c Config) (*Pages, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &Pages{config: c, engine: c.Engine, api: c.API, prefix: strings.TrimSuffix(c.Prefix, "/")}
	p.files = newFiles(c.Theme.css())
	var err error
	if p.templates, err = parseTemplates(c.Templates, p.funcs()); err != nil {
		return nil, err
	}
	if err := p.tryFrame(); err != nil {
		return nil, err
	}
	p.handler = c.API.Protect(p.routes())
	return p, nil
}

// ServeHTTP answers with a page, or leads to one.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Stylesheet is the path of the stylesheet, which changes when its content does: for pages
// of the host's that are to look like these.
func (p *Pages) Stylesheet() string { return p.file("style.css") }

// file is the path of a static file.
func (p *Pages) file(name string) string { return p.prefix + "/static/" + p.files.versioned(name) }

// A page answers one request; what it returns becomes a page that says so.
type page func(v *visit) error

// A visit is one request on its way.
type visit struct {
	*Pages
	w     http.ResponseWriter
	r     *http.Request
	words *words.Language
	zone  *time.Location
	form  form
}

// routes are the pages. What a page changes, it changes by POST; what asks for fresh
// evidence has a GET page, at which the change begins anew after it was given.
func (p *Pages) routes() http.Handler {
	mux := http.NewServeMux()
	for _, table := range []map[string]page{signInRoutes, setupRoutes, settingsRoutes} {
		for pattern, serve := range table {
			method, path, _ := strings.Cut(pattern, " ")
			mux.Handle(method+" "+p.prefix+path, p.serve(serve))
		}
	}
	mux.Handle("GET "+p.prefix+"/static/{file}", p.files)
	mux.Handle(p.prefix+"/", p.serve((*visit).notFound))
	return mux
}

// maxForm bounds what a browser may post. A credential with its attestation is the largest.
const maxForm = 64 << 10

// serve runs a page.
func (p *Pages) serve(serve page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.headers(w.Header())
		v := p.visit(w, r)
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			if err := r.ParseForm(); err != nil {
				v.fail(errForm)
				return
			}
			v.form = form(r.PostForm)
		}
		if err := serve(v); err != nil {
			v.fail(err)
		}
	})
}

func (p *Pages) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{Pages: p, w: w, r: r, zone: time.UTC}
	wanted := r.Header.Get("Accept-Language")
	if p.config.Language != nil {
		if own := p.config.Language(r); own != "" {
			wanted = own
		}
	}
	v.words = p.config.Words.Pick(wanted)
	if p.config.Zone != nil {
		if zone := p.config.Zone(r); zone != nil {
			v.zone = zone
		}
	}
	return v
}

// form is what was posted.
type form map[string][]string

// get is a field's first value; empty: there is none.
func (f form) get(name string) string {
	if list := f[name]; len(list) > 0 {
		return list[0]
	}
	return ""
}

// path is the path of a page of ours.
func (p *Pages) path(path string) string { return p.prefix + path }

// redirect leads to a path of this origin, as GET. A script of ours that has sent the
// form is told where to: were it redirected, it would ask for a page of the host's that
// the browser then loads once more.
func (v *visit) redirect(path string) error {
	path = mfahttp.LocalPath(path)
	v.w.Header().Set("Cache-Control", "no-store")
	if v.r.Header.Get("Mfa-Page") != "" {
		v.w.Header().Set("Mfa-Location", path)
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther) //nolint:gosec // by LocalPath
	return nil
}

// back is where the flow or the step-up leads once it has passed.
func (v *visit) back() string {
	if path := mfahttp.ReturnPath(v.r); path != "/" {
		return path
	}
	return v.config.Home
}

var errNotFound = &mfahttp.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing at this address"}

// errForm is a form that cannot be read.
var errForm = &mfahttp.Problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the form cannot be read"}

// isProgram says whether nobody is there to read a page.
func (v *visit) isProgram() bool { return v.config.Program != nil && v.config.Program(v.r) }

// fail answers an error that no page of its own tells: to programs as the API does. Who is
// not signed in is led to where they can be.
func (v *visit) fail(err error) {
	switch {
	case v.isProgram():
		v.api.WriteError(v.w, v.r, err)
	case errors.Is(err, mfahttp.ErrNoSession):
		back := v.config.Home
		if v.r.Method == http.MethodGet {
			back = mfahttp.LocalPath(v.r.URL.RequestURI())
		}
		_ = v.redirect(v.signIn(back))
	case errors.Is(err, mfa.ErrNoFlow), errors.Is(err, mfa.ErrFlowExpired):
		v.write(http.StatusGone, "message", v.over())
	default:
		p := v.api.Problem(err)
		if p.Status >= http.StatusInternalServerError {
			v.config.Logger.ErrorContext(v.r.Context(), "pages: request failed", "method", v.r.Method, "error", err)
		}
		v.write(p.Status, "message", view{Title: v.text("page.failed.title"), Data: message{Text: v.tell(err), URL: v.config.Home, Link: v.text("page.home")}})
	}
}

// write renders, and has no more to say if that fails.
func (v *visit) write(status int, name string, what view) {
	if err := v.render(status, name, what); err != nil {
		v.config.Logger.ErrorContext(v.r.Context(), "pages: no page", "page", name, "error", err)
		http.Error(v.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

func (v *visit) notFound() error {
	if v.isProgram() {
		return errNotFound
	}
	return v.render(http.StatusNotFound, "message", view{Title: v.text("page.not_found.title"),
		Data: message{Text: v.text("page.not_found.text"), URL: v.config.Home, Link: v.text("page.home")}})
}

// over says that a sign-in has come to its end, and where the next one begins; or, to
// whoever is signed in, that a step-up has.
func (v *visit) over() view {
	if v.user() != "" {
		return view{Title: v.text("page.over.confirm.title"), Data: message{Text: v.text("page.over.confirm"), URL: v.path("/settings"), Link: v.text("page.settings.title")}}
	}
	return view{Title: v.text("page.over.title"), Data: message{Text: v.text("error.flow_expired"), URL: v.config.SignIn, Link: v.text("page.sign_in")}}
}

// A message is a page with one paragraph and one way on.
type message struct{ Text, URL, Link string }

// headers are those of every page, but for what the host has set before.
func (p *Pages) headers(h http.Header) {
	for name, value := range map[string]string{
		"Content-Security-Policy": contentPolicy,
		"Referrer-Policy":         "same-origin", // with no-referrer some browsers send "Origin: null" with forms
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
		"Permissions-Policy":      "publickey-credentials-get=(self), publickey-credentials-create=(self), otp-credentials=(self)",
	} {
		if h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	h.Set("Cache-Control", "no-store")
}

// contentPolicy lets pages load what this origin serves and nothing else. Nothing is
// inline, so an injected script or style does not run. QR codes are data: images.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
