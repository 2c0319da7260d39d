// Command minimal puts an authenticator app behind a password, with net/http alone. Copy it, and replace what is marked REPLACE.
package main

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
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
		Keys:    must(mfa.NewKeyRing()), // REPLACE: ParseKeyRing of what Export gave once, kept in a secret store
		Factors: []mfa.Factor{must(totp.New(totp.Config{Issuer: "Minimal"}))},
	}))
	//go:embed pages.html
	html  string
	pages = template.Must(template.New("").Funcs(template.FuncMap{"svg": func(b []byte) template.HTML { return template.HTML(b) }}).Parse(html)) //nolint:gosec // drawn by package totp
)

func main() {
	s := http.Server{Addr: "localhost:8080", Handler: handler(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	panic(s.ListenAndServe()) // REPLACE: https, without which browsers keep Secure cookies for localhost alone
}

func handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(w http.ResponseWriter, r *http.Request, c mfa.Caller) (page string, data any, err error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			page, data, err := h(w, r, caller(r))
			if err == nil && page != "" {
				err = pages.ExecuteTemplate(w, page, data)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusForbidden) // REPLACE: a page; errors.Is and errors.As tell what was wrong
			}
		})
	}
	handle("GET /{$}", func(_ http.ResponseWriter, _ *http.Request, c mfa.Caller) (string, any, error) {
		return "home", c.Authentication.AMR(), nil
	})
	handle("POST /login", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) (string, any, error) {
		if subtle.ConstantTimeCompare([]byte(r.PostFormValue("password")), []byte(password)) != 1 || password == "" || r.PostFormValue("name") != user.Name {
			return "", nil, errors.New("wrong name or password")
		}
		flow, err := engine.SignIn(r.Context(), mfa.SignIn{User: user, First: mfa.Password, Client: c.Client})
		return proceed(w, r, flow, err)
	})
	handle("POST /code", func(w http.ResponseWriter, r *http.Request, c mfa.Caller) (string, any, error) {
		flow, err := engine.Verify(r.Context(), r.PostFormValue("flow"), mfa.Answer{Option: r.PostFormValue("option"), Code: r.PostFormValue("code")}, c.Client)
		return proceed(w, r, flow, err)
	})
	handle("POST /enroll", func(_ http.ResponseWriter, r *http.Request, c mfa.Caller) (string, any, error) {
		begun, err := engine.Enroll(r.Context(), c, mfa.Enroll{Method: totp.Name})
		return "enroll", begun, err
	})
	handle("POST /activate", func(_ http.ResponseWriter, r *http.Request, c mfa.Caller) (string, any, error) {
		done, err := engine.Activate(r.Context(), c, r.PostFormValue("id"), mfa.Answer{Code: r.PostFormValue("code")})
		if session, _ := r.Cookie("__Host-session"); session != nil && done.Authentication.User != "" {
			sessions.Store(session.Value, done.Authentication) // the evidence as it is after the change
		}
		return "home", done.Authentication.AMR(), err
	})
	return http.NewCrossOriginProtection().Handler(http.MaxBytesHandler(mux, 8<<10))
}

// proceed alone makes sessions, and only of a flow that has passed.
func proceed(w http.ResponseWriter, r *http.Request, flow mfa.Flow, err error) (page string, data any, _ error) {
	if flow.DeviceToken != "" { // by it the owner's own browser is told from strangers'
		http.SetCookie(w, &http.Cookie{Name: "__Host-device", Value: flow.DeviceToken, Path: "/", MaxAge: 365 * 86400, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	if err != nil || flow.Status != mfa.StatusPassed {
		return "code", flow, err
	}
	id := rand.Text()
	sessions.Store(id, flow.Authentication)
	http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return "", nil, nil
}

// caller is who asks: nobody, unless there is a session whose evidence still holds.
func caller(r *http.Request) mfa.Caller {
	jar := map[string]string{}
	for _, c := range r.Cookies() {
		jar[c.Name] = c.Value
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	client := mfa.Client{IP: peer.Addr(), UserAgent: r.UserAgent(), DeviceToken: jar["__Host-device"]}
	s, _ := sessions.Load(jar["__Host-session"])
	evidence, _ := s.(mfa.Authentication)
	in := mfa.Caller{User: user, Authentication: evidence, Client: client}
	if time.Since(evidence.Time) < 12*time.Hour && engine.Satisfies(r.Context(), in, mfa.Requirement{}) == nil {
		return in
	}
	return mfa.Caller{Client: client}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
