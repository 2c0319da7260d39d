package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

// The pages of a sign-in, of setting something up and of the settings are those of package
// mfahttp/pages, in this app's layout. Here are the others: the app's own.

//go:embed pages
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// newReady makes the ready pages, at the root of the app.
func (a *app) newReady() (*pages.Pages, error) {
	own, err := fs.Sub(pageFiles, "pages/ready")
	if err != nil {
		return nil, err
	}
	return pages.New(pages.Config{
		Engine: a.engine, API: a.mfa, App: appName, Prefix: "/", SignIn: "/login", SignOut: "/logout", Password: "/reauthenticate",
		Words: a.words, Frame: a.layout, Templates: own, Countries: countryList,
		Program: func(r *http.Request) bool { return !wantsPage(r) }, Now: a.clock.Now, Logger: a.log,
	})
}

// parseLayout makes what stands around every page, made of a pages.Frame.
func (a *app) parseLayout() *template.Template {
	return template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"app":     func() string { return appName },
		"dev":     func() bool { return a.inbox != nil },
		"playing": a.playing,
		"say":     func(lang, id string) string { return a.words.Pick(lang).Text(id) },
	}).ParseFS(pageFiles, "pages/layout.html"))
}

// staffPages, and those for developers, are in English alone.
var staffPages = []string{"admin", "adminuser", "admincode", "adminchange", "adminpolicy", "adminrisk", "inbox", "play", "exampleid", "welcome"}

// templates are the parsed pages by name.
type templates map[string]*template.Template

func parsePages() templates {
	all := templates{}
	parts := template.Must(template.New("").Funcs(pageFuncs).ParseFS(pageFiles, "pages/parts.html"))
	for _, name := range append([]string{"start", "register", "login", "askmail", "press", "newpassword", "password", "export", "transfers", "transfer", "message"}, staffPages...) {
		all[name] = template.Must(template.Must(parts.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return all
}

var pageFuncs = template.FuncMap{
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"address": splitAddress,
	"kinds":   kindWords,
}

// An address is in two parts, between which a line may break.
type address struct{ Local, Domain string }

func splitAddress(email string) address {
	at := max(0, strings.LastIndexByte(email, '@'))
	return address{email[:at], email[at:]}
}

// A view is what a page shows. Title is needed: a text, or the id of a message.
type view struct {
	Title   string
	Email   string // of the account that is signed in
	Notice  string // something went well
	Problem string // something did not
	Field   string // the field that Problem is about
	Data    any

	App     string          // set by render, like the rest
	Dev     bool            // -dev
	Playing string          // the client that is played; empty: none is
	words   *words.Language // of the page
}

// T is a message of the catalogue.
func (v view) T(id string, pairs ...any) string { return v.words.Text(id, pairs...) }

// Time is a time in words.
func (v view) Time(t time.Time) string { return v.words.Time(t.UTC()) }

// Date is its date alone.
func (v view) Date(t time.Time) string { return v.words.Date(t.UTC()) }

// render writes a page in one piece, so that a fault in it is an error and not
// half a page.
func (a *app) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	v.App, v.Dev, v.Playing, v.words = appName, a.inbox != nil, a.playing(r), a.speak(r, name)
	if v.words.Has(v.Title) {
		v.Title = v.T(v.Title)
	}
	if v.Notice == "" {
		v.Notice = said(v.words, r)
	}
	var main, page bytes.Buffer
	if err := a.templates[name].ExecuteTemplate(&main, "page", v); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	err := a.layout.Execute(&page, pages.Frame{
		Lang: v.words.Tag(), Dir: v.words.Dir(), Title: v.Title, User: v.Email, Request: r, Main: template.HTML(main.String()), //nolint:gosec // made by html/template
		Head: template.HTML(`<link rel="stylesheet" href="` + template.HTMLEscapeString(a.ready.Stylesheet()) + `">`), //nolint:gosec // escaped
	})
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.words.Tag())
	w.Header().Add("Vary", "Accept-Language")
	w.WriteHeader(status)
	w.Write(page.Bytes()) // an error means that the client has gone
	return nil
}

// said are what a page tells once of a change that went well, by the word in the address,
// so that nobody else can put words on it.
func said(l *words.Language, r *http.Request) string {
	word := r.URL.Query().Get("said")
	for _, id := range []string{"page.said." + word, "host.said." + word} {
		if l.Has(id) {
			return l.Text(id)
		}
	}
	return ""
}

// A notice is a page with one paragraph and one way on.
type notice struct{ Text, URL, Link string }

// errorPage says that something did not work. What it was stands in the log.
func (a *app) errorPage(w http.ResponseWriter, r *http.Request, err error) {
	status := a.statusOf(err)
	if status >= http.StatusInternalServerError {
		a.log.ErrorContext(r.Context(), "webapp: request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	v := view{Title: "page.failed.title", Email: a.emailOf(r), Data: notice{a.tell(r, err), "/", a.speak(r, "message").Text("page.home")}}
	if err := a.render(w, r, status, "message", v); err != nil {
		a.log.ErrorContext(r.Context(), "webapp: no error page", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// renderForm shows a form again with what was wrong about it, if anything.
func (a *app) renderForm(w http.ResponseWriter, r *http.Request, name string, v view, err error) error {
	if err == nil {
		return a.render(w, r, http.StatusOK, name, v)
	}
	status := a.statusOf(err)
	if status == http.StatusInternalServerError {
		return err
	}
	v.Problem, v.Field = a.tell(a.asked(r, name), err), fieldOf(err)
	return a.render(w, r, status, name, v)
}

// emailOf is the address of who is signed in, for pages that are for everybody;
// empty if nobody is, or if it cannot be told now.
func (a *app) emailOf(r *http.Request) string {
	s, err := a.current(r)
	if err != nil {
		return ""
	}
	return s.Account.Email
}
