// Command spa is a single-page app over the JSON API: index.html, style.css and app.js,
// with the library's own mfa.js for keys, no framework and no build step. This file
// makes the engine and serves the page; accounts.go is the host. Copy it, and replace
// what is marked REPLACE.
//
//	go run ./examples/spa
//
// It prints the mails that it would send.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

//go:embed index.html style.css app.js
var files embed.FS

// headers are what every answer carries. Nothing of the page is inline, and no script may
// write HTML (require-trusted-types-for): what others have typed is shown as text, or not
// at all.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"Permissions-Policy":         "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=()",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Referrer-Policy":            "same-origin",
	"X-Content-Type-Options":     "nosniff",
	"Cache-Control":              "no-cache",
}

// rules ask everybody for a second factor, which can be put off three times. Who has lost
// theirs may ask for a reset, where the host has verified their address.
var rules = policy.Rules{
	Grace:        policy.Grace{Skips: 3},
	Remember:     policy.Remember{Days: 30},
	DelayedReset: 72 * time.Hour,
}

func main() {
	address := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	origin := "http://" + *address // REPLACE: https://your.domain
	a, err := newApp(origin, os.Stdout, time.Now)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("open ", origin)
	s := http.Server{Addr: *address, Handler: a.handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second}
	log.Fatal(s.ListenAndServe())
}

// A printer is a sender that only prints. REPLACE: package mailer.
type printer struct{ io.Writer }

func (p printer) Send(_ context.Context, m mfa.Message) (string, error) {
	_, err := fmt.Fprintf(p, "--- mail to %s: %s\n%s\n", m.To, m.Subject, m.Text)
	return m.ID, err
}

func newApp(origin string, mails io.Writer, now func() time.Time) (*app, error) {
	a := &app{now: now}
	site, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	factors, err := newFactors(site, mails)
	if err != nil {
		return nil, err
	}
	notices, err := notify.New(notify.Config{
		Sender: printer{mails}, AppName: "Example", SettingsURL: origin + "/",
		Link: func(_ context.Context, e mfa.Event) (string, error) {
			token, err := a.engine.LinkToken(e)
			return a.mfa.NoticeURL(token), err
		},
	})
	if err != nil {
		return nil, err
	}
	keys, err := mfa.NewKeyRing() // REPLACE: ParseKeyRing of what Export gave once, kept in a secret store
	if err != nil {
		return nil, err
	}
	a.engine, err = mfa.New(mfa.Config{
		Store: memory.New(), // REPLACE: store/sqlstore, and call engine.Check at start
		Keys:  keys, Factors: factors, Policy: &policy.Policy{Rules: rules}, Users: a.user,
		Observers: []mfa.Observer{notices}, Now: now,
	})
	if err != nil {
		return nil, err
	}
	a.mfa, err = mfahttp.New(mfahttp.Config{Engine: a.engine, Host: a, Origin: origin, Now: now})
	return a, err
}

func newFactors(site *url.URL, mails io.Writer) ([]mfa.Factor, error) {
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	if err != nil {
		return nil, err
	}
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: site.Hostname(), Name: "Example", Origins: []string{site.String()}}})
	if err != nil {
		return nil, err
	}
	codes, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: printer{mails}})
	if err != nil {
		return nil, err
	}
	paper, err := recovery.New(recovery.Config{})
	return []mfa.Factor{keys, apps, codes, paper}, err
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mfa/", a.mfa)
	mux.HandleFunc("POST /register", a.register)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /reauthenticate", a.reauthenticate)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("GET /me", a.me)
	mux.Handle("/", http.FileServerFS(files))
	safe := a.mfa.Protect(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		safe.ServeHTTP(w, r)
	})
}
