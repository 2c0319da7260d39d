package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static
var staticFiles embed.FS

// pages are the parsed pages by name, each with the layout around it.
type pages map[string]*template.Template

func parsePages() pages {
	all := pages{}
	layout := template.Must(template.New("").Funcs(pageFuncs).ParseFS(pageFiles, "pages/layout.html", "pages/sent.html"))
	for _, name := range []string{"start", "register", "login", "challenge", "usekey", "sendcode", "choose", "setup", "addkey", "scan", "destination",
		"sentcode", "codes", "lost", "keep", "settings", "devices", "activity", "transfers", "transfer", "enrollment", "newcodes", "password", "export", "confirm", "message", "inbox", "play",
		"admin", "adminuser", "admincode", "adminchange", "adminpolicy", "adminrisk", "askmail", "press", "newpassword", "exampleid"} {
		all[name] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+name+".html"))
	}
	return all
}

var pageFuncs = template.FuncMap{
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"date":    func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	"day":     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
	"address": splitAddress,
	"kinds":   kindWords,
	"asking": func(c ceremony, problem string) ceremony {
		c.Problem = problem
		return c
	},
	"sendbutton": func(s *sent, text string) sendButton { return sendButton{text, s.Wait, s.Waiting()} },
	"field":      func(words, focus bool, problem string) codeField { return codeField{words, focus, problem} },
}

// A ceremony is the part of a page that asks for a key or passkey: what the
// button says, and where the script leads afterwards.
type ceremony struct {
	Button  string
	Problem string // with the last answer
	Option  string // of the flow
	Next    string // once the flow has passed
	Again   string // where a flow that asks for more goes on
}

// An address is in two parts, between which a line may break.
type address struct{ Local, Domain string }

func splitAddress(email string) address {
	at := max(0, strings.LastIndexByte(email, '@'))
	return address{email[:at], email[at:]}
}

// A codeField is the field for a code: digits, or the words of a recovery code.
// It is not focused where there is something to look at first: a phone would
// cover that with its keyboard.
type codeField struct {
	Words   bool
	Focus   bool
	Problem string
}

// A sendButton sends a code, once the wait is over.
type sendButton struct {
	Text    string
	Wait    int // seconds
	Waiting string
}

// A view is what a page shows. Title is needed.
type view struct {
	Title   string
	Email   string // of the account that is signed in
	Notice  string // something went well
	Problem string // something did not
	Field   string // the field that Problem is about
	Data    any
	Aside   *aside // of a flow; nil: there is none

	App     string // set by render, like Dev
	Dev     bool
	Playing string // the client that is played; empty: none is
}

// render writes a page in one piece, so that a fault in it is an error and not
// half a page.
func (a *app) render(w http.ResponseWriter, r *http.Request, status int, name string, v view) error {
	v.App, v.Dev, v.Playing = appName, a.inbox != nil, a.playing(r)
	if v.Notice == "" {
		v.Notice = sayings[r.URL.Query().Get("said")]
	}
	var page bytes.Buffer
	if err := a.pages[name].ExecuteTemplate(&page, "layout", v); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(page.Bytes()) // an error means that the client has gone
	return nil
}

// A notice is a page with one paragraph and one way on.
type notice struct{ Text, URL, Link string }

// errorPage says that something did not work. What it was stands in the log.
func (a *app) errorPage(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	title := "That did not work"
	if status >= http.StatusInternalServerError {
		a.log.ErrorContext(r.Context(), "webapp: request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	v := view{Title: title, Email: a.emailOf(r), Data: notice{words(err, a.clock.Now()), "/", "To the start page"}}
	if err := a.render(w, r, status, "message", v); err != nil {
		a.log.ErrorContext(r.Context(), "webapp: no error page", "error", err)
		http.Error(w, title, http.StatusInternalServerError)
	}
}

func (a *app) notFound(w http.ResponseWriter, r *http.Request) error {
	if !wantsPage(r) {
		return errNoPage
	}
	return a.render(w, r, http.StatusNotFound, "message", view{Title: "There is no such page", Email: a.emailOf(r),
		Data: notice{"The address may be mistyped, or the page may have moved.", "/", "To the start page"}})
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

// span is a time to wait, in words, rounded up.
func span(d time.Duration) string {
	n, unit := int((d+time.Second-1)/time.Second), "second"
	if n > 90 {
		n, unit = (n+59)/60, "minute"
	}
	if n > 90 && unit == "minute" {
		n, unit = (n+59)/60, "hour"
	}
	if n > 48 && unit == "hour" {
		n, unit = (n+23)/24, "day"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", max(n, 1), unit)
}
