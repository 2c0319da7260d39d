package pages

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/mfakit/mfa"
)

//go:embed templates
var templateFiles embed.FS

// Templates are the built-in templates, by name, for hosts that replace some.
func Templates() fs.FS {
	sub, _ := fs.Sub(templateFiles, "templates") // it is there
	return sub
}

// templates are parsed pages, each with the parts that all share.
type templates map[string]*template.Template

// sharedTemplates are parts of other pages, and no pages.
var sharedTemplates = []string{"layout.html", "parts.html", "flow.html", "setup_parts.html", "extra.html"}

// parseTemplates takes each file from the host where it has one.
func parseTemplates(own fs.FS, funcs template.FuncMap) (templates, error) {
	built := Templates()
	read := func(name string) (string, error) {
		if own != nil {
			text, err := fs.ReadFile(own, name)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return string(text), err
			}
		}
		text, err := fs.ReadFile(built, name)
		return string(text), err
	}
	shared := template.New("").Funcs(funcs)
	names, err := fs.Glob(built, "*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range sharedTemplates {
		text, err := read(name)
		if err == nil {
			_, err = shared.New(name).Parse(text)
		}
		if err != nil {
			return nil, fmt.Errorf("pages: Config.Templates: %s: %w", name, err)
		}
	}
	out := templates{}
	for _, name := range names {
		text, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("pages: Config.Templates: %s: %w", name, err)
		}
		t := template.Must(shared.Clone())
		if _, err := t.New(name).Parse(text); err != nil {
			return nil, fmt.Errorf("pages: Config.Templates: %s: %w", name, err)
		}
		out[strings.TrimSuffix(name, ".html")] = t
	}
	return out, nil
}

// A view is what a page shows. Title is needed.
type view struct {
	Title   string
	Notice  string // something went well
	Problem string // something did not
	Field   string // the field that Problem is about
	User    string // the name of who is signed in; empty: nobody is
	Public  bool   // it is of a sign-in: who is signed in here besides is left out
	Data    any
	Aside   *aside // of a flow; nil: there is none

	*visit // set by render: words, and where things are
}

// T is a message of the catalogue; in templates {{.T "id" "name" value}}, and {{$.T …}}
// where the dot is something else.
func (v view) T(id string, pairs ...any) string { return v.words.Text(id, pairs...) }

// App is the application's name.
func (v view) App() string { return v.config.App }

// Path is the path of a page of ours.
func (v view) Path(path string) string { return v.path(path) }

// File is the path of a static file, which changes when the file does.
func (v view) File(name string) string { return v.file(name) }

// API is where the JSON API is, for scripts.
func (v view) API() string { return v.api.Prefix() }

// Config is what the host has configured, for paths and names.
func (v view) Config() Config { return v.config }

// Time is a time in words, in the zone of whoever looks.
func (v view) Time(t time.Time) string { return v.words.Time(t.In(v.zone)) }

// Date is its date alone.
func (v view) Date(t time.Time) string { return v.words.Date(t.In(v.zone)) }

// Span is how long something takes, in words.
func (v view) Span(d time.Duration) string { return v.words.Span(d) }

// Left is how long there is until a time, in words.
func (v view) Left(t time.Time) string { return v.until(t) }

// Lang and Dir are the page's.
func (v view) Lang() string { return v.words.Tag() }

// Dir is "ltr" or "rtl".
func (v view) Dir() string { return v.words.Dir() }

// funcs are those that need no page.
func (p *Pages) funcs() template.FuncMap {
	return template.FuncMap{
		"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"address": splitAddress,
		"field": func(words, focus, hint bool, field string) codeField {
			return codeField{words, focus, hint, field == "code"}
		},
	}
}

// text is a message of the catalogue.
func (v *visit) text(id string, pairs ...any) string { return v.words.Text(id, pairs...) }

// said are what pages tell once of a change that went well, by the word in the address.
// Anything else there says nothing.
func (v *visit) said() string {
	word := v.r.URL.Query().Get("said")
	return v.first("page.said."+word, "host.said."+word)
}

// render writes a page in one piece, so that a fault in it is an error and not half a page.
func (v *visit) render(status int, name string, what view) error {
	what.visit = v
	v.headers(v.w.Header())
	if what.Notice == "" {
		what.Notice = v.said()
	}
	if what.User == "" && !what.Public {
		what.User = v.user()
	}
	t := v.templates[name]
	if t == nil {
		return fmt.Errorf("pages: there is no page %q", name)
	}
	var out bytes.Buffer
	if v.config.Frame == nil {
		if err := t.ExecuteTemplate(&out, "layout", what); err != nil {
			return fmt.Errorf("pages: %s: %w", name, err)
		}
	} else if err := v.framed(&out, t, what); err != nil {
		return fmt.Errorf("pages: %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.words.Tag())
	v.w.Header().Add("Vary", "Accept-Language")
	v.w.WriteHeader(status)
	v.w.Write(out.Bytes()) // an error means that the client has gone
	return nil
}

// framed puts a page into the host's layout.
func (v *visit) framed(out io.Writer, t *template.Template, what view) error {
	var head, body bytes.Buffer
	if err := errors.Join(t.ExecuteTemplate(&head, "head", what), t.ExecuteTemplate(&body, "body", what)); err != nil {
		return err
	}
	return v.config.Frame.Execute(out, Frame{
		Lang: v.words.Tag(), Dir: v.words.Dir(), Title: what.Title, User: what.User, Request: v.r,
		Head: template.HTML(head.String()), Main: template.HTML(body.String()), //nolint:gosec // made by html/template
	})
}

// tryFrame finds out whether the host's layout shows a page.
func (p *Pages) tryFrame() error {
	if p.config.Frame == nil {
		return nil
	}
	const mark = "<p>main</p>"
	var out bytes.Buffer
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: p.path("/challenge")}, Header: http.Header{}}
	err := p.config.Frame.Execute(&out, Frame{Lang: "en", Dir: "ltr", Title: "Title", Head: "<meta>", Main: mark, Request: r})
	if err == nil && !strings.Contains(out.String(), mark) {
		err = errors.New("it shows no {{.Main}}")
	}
	if err != nil {
		return fmt.Errorf("pages: Config.Frame: %w", err)
	}
	return nil
}

// user is the name of who is signed in, for a page that is for everybody; empty: nobody
// is, or it cannot be told now.
func (v *visit) user() string {
	caller, err := v.api.SessionCaller(v.r)
	if err != nil {
		return ""
	}
	if caller.User.Name != "" {
		return caller.User.Name
	}
	return caller.User.Email
}

// An address is in two parts, between which a line may break.
type address struct{ Local, Domain string }

func splitAddress(email string) address {
	at := max(0, strings.LastIndexByte(email, '@'))
	return address{email[:at], email[at:]}
}

// renderForm shows a form again with what was wrong about it, if anything.
func (v *visit) renderForm(name string, what view, err error) error {
	if err == nil {
		return v.render(http.StatusOK, name, what)
	}
	p := v.api.Problem(err)
	if p.Status == http.StatusInternalServerError {
		return err
	}
	if what.Field == "" {
		what.Field = fieldOf(err)
	}
	what.Problem = v.tell(err)
	return v.render(p.Status, name, what)
}

// A fieldError is one about a field of the form.
type fieldError struct {
	error
	field string
}

func (e *fieldError) Unwrap() error { return e.error }

// onField says which field an error is about.
func onField(field string, err error) error {
	if err == nil {
		return nil
	}
	return &fieldError{err, field}
}

// fieldOf is the field that an error is about; empty: it is about none.
func fieldOf(err error) string {
	var e *fieldError
	switch {
	case errors.As(err, &e):
		return e.field
	case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrBadInput):
		return "code"
	}
	return ""
}

// A codeField is the field for a code: digits, or the letters of a recovery code. It is
// not focused where there is something to look at first: a phone would cover that with
// its keyboard.
type codeField struct {
	Words   bool
	Focus   bool
	Hint    bool // the page has a hint for it
	Invalid bool // what was typed was wrong
}

// Strong is a message in HTML with the value of one of its variables made to stand out, and
// kept together in a text of the other direction.
func (v view) Strong(id, name, value string, pairs ...any) template.HTML {
	const mark = "\uE000" // of private use: in no message
	text := v.T(id, append(pairs, name, mark)...)
	before, after, _ := strings.Cut(text, mark)
	if strings.IndexFunc(value, unicode.IsLetter) < 0 { // a masked number stays on one line
		value = strings.ReplaceAll(value, " ", "\u00a0")
	}
	return template.HTML(template.HTMLEscapeString(before) + //nolint:gosec // all of it is escaped
		`<strong><bdi>` + template.HTMLEscapeString(value) + `</bdi></strong>` + template.HTMLEscapeString(after))
}
