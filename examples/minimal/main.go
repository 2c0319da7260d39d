// Command minimal puts an authenticator app behind a password, with net/http
// alone. It is there to be copied: replace what is marked REPLACE.
package main

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"html/template"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

var (
	user     = mfa.User{ID: "1", Name: "ada"} // REPLACE: your users
	password = os.Getenv("DEMO_PASSWORD")     // REPLACE: an Argon2id hash for each, and a limit on tries
	sessions sync.Map                         // REPLACE: your sessions, kept on the server; random id to mfa.Authentication
	engine   = must(mfa.New(mfa.Config{
		Store:   memory.New(),           // REPLACE: store/sqlstore, and call engine.Check at start
		Keys:    must(mfa.NewKeyRing()), // REPLACE: ParseKeyRing of what MarshalText gave once, kept in a secret store
		Factors: []mfa.Factor{must(totp.New(totp.Config{Issuer: "Minimal"}))},
	}))
	pages = template.Must(template.New("").Parse(`{{define "home"}}{{if .}}You are in, by {{.}}. <form method=post action=/enroll><button>Add an authenticator app</button></form>
{{else}}<form method=post action=/login><input name=name aria-label=Name> <input name=password type=password aria-label=Password> <button>Sign in</button></form>{{end}}{{end}}
{{define "code"}}{{$token := .Token}}{{range .Options}}<form method=post action=/code><input type=hidden name=flow value="{{$token}}"><input type=hidden name=option value="{{.ID}}">
<label>Code from {{.Label}} <input name=code inputmode=numeric autocomplete=one-time-code></label> <button>Sign in</button></form>{{else}}You cannot sign in.{{end}}{{end}}
{{define "enroll"}}<div style="width:15em">{{.QR}}</div> Scan this with your authenticator app, or type its key: <code>{{.Key}}</code>
<form method=post action=/activate><input type=hidden name=id value="{{.ID}}"><input name=code aria-label=Code> <button>Confirm</button></form>{{end}}`))
)

func main() {
	s := &http.Server{Addr: "localhost:8080", Handler: handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	panic(s.ListenAndServe()) // REPLACE: https, without which browsers keep Secure cookies for localhost alone
}

func handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(w http.ResponseWriter, r *http.Request, c mfa.Caller) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			if err := h(w, r, caller(r)); err != nil {
				http.Error(w, err.Error(), http.StatusForbidden) // REPLACE: a page; errors.Is and errors.As tell what was wrong
			}
		})
	}
	handle("GET /{$}", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) error {
		return pages.ExecuteTemplate(w, "home", c.Authentication.AMR())
	})
	handle("POST /login", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) error {
		right := subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(password)) == 1
		if !right || password == "" || r.PostFormValue("name") != user.Name {
			return errors.New("wrong name or password")
		}
		flow, err := engine.SignIn(r.Context(), mfa.SignIn{User: user, First: mfa.Password, Client: c.Client})
		return proceed(w, r, flow, err)
	})
	handle("POST /code", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) error {
		flow, err := engine.Verify(r.Context(), r.PostFormValue("flow"), mfa.Answer{Option: r.PostFormValue("option"), Code: r.PostFormValue("code")}, c.Client)
		return proceed(w, r, flow, err)
	})
	handle("POST /enroll", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) error {
		begun, err := engine.Enroll(r.Context(), c, mfa.Enroll{Method: totp.Name})
		if err != nil {
			return err
		}
		key := begun.Challenge.(*totp.Challenge)
		return pages.ExecuteTemplate(w, "enroll", map[string]any{"ID": begun.ID, "Key": key.SecretGrouped(), "QR": template.HTML(must(key.SVG()))}) //nolint:gosec // drawn by package totp
	})
	handle("POST /activate", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) error {
		if _, err := engine.Activate(r.Context(), c, r.PostFormValue("id"), mfa.Answer{Code: r.PostFormValue("code")}); err != nil {
			return err
		}
		return pages.ExecuteTemplate(w, "home", c.Authentication.AMR())
	})
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, 8<<10))
}

// proceed alone makes sessions, and only of a flow that has passed.
func proceed(w http.ResponseWriter, r *http.Request, flow mfa.Flow, err error) error {
	if err != nil {
		return err
	}
	if flow.Status != mfa.StatusPassed {
		return pages.ExecuteTemplate(w, "code", flow)
	}
	id := rand.Text()
	sessions.Store(id, flow.Authentication)
	http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// caller is who asks: nobody, unless there is a session whose evidence still holds.
func caller(r *http.Request) mfa.Caller {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	c := mfa.Caller{Client: mfa.Client{IP: peer.Addr(), UserAgent: r.UserAgent()}}
	if cookie, err := r.Cookie("__Host-session"); err == nil {
		s, _ := sessions.Load(cookie.Value)
		evidence, _ := s.(mfa.Authentication)
		if time.Since(evidence.Time) < 12*time.Hour && engine.Satisfies(r.Context(), evidence.User, evidence, mfa.Requirement{}) == nil {
			c.User, c.Authentication = user, evidence
		}
	}
	return c
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
