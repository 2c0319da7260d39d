//go:build !race

package pages_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

const password = "correct horse battery"

// A host is an application with the pages below /account, and sessions in a map. Its
// users exist as soon as they are named.
type host struct {
	*mfatest.Engine
	t      testing.TB
	origin string
	api    *mfahttp.Handler
	pages  *pages.Pages
	mux    *http.ServeMux
	texts  *mfatest.Inbox
	mails  *mfatest.Inbox
	policy *mfa.Decision
	scorer *scorer

	mu       sync.Mutex
	sessions map[string]session
}

type session struct {
	user     string
	evidence mfa.Authentication
}

// A setting is what is different about a host.
type setting struct {
	app      string     // its name; empty: "Example"
	codes    mfa.Factor // nil: recovery codes
	anywhere bool       // mailed links work in every browser
	scored   bool       // sign-ins are, as host.scorer says
	own      fs.FS      // templates in place of the built-in ones
}

// newHost makes one for browsers that see it at origin.
func newHost(t testing.TB, origin string, s setting) *host {
	t.Helper()
	h := &host{t: t, origin: origin, mux: http.NewServeMux(), sessions: map[string]session{}, texts: new(mfatest.Inbox), mails: new(mfatest.Inbox),
		policy: &mfa.Decision{}, scorer: new(scorer)}
	if s.app == "" {
		s.app = "Example"
	}
	quiet := slog.New(slog.DiscardHandler)
	h.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Logger, c.Policy = quiet, h
		if s.scored {
			c.Risk = h.scorer
		}
		c.Factors = h.factors(s)
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) { return userOf(id), 0, nil }
	})
	var err error
	h.api, err = mfahttp.New(mfahttp.Config{
		Engine: h.Engine.Engine, Host: h, Origin: origin, App: "web", Now: h.Clock.Now, Logger: quiet,
		StepUpPage: "/account/confirm", LinkDone: "/account/continue",
		Place: func(netip.Addr) string { return "Oslo, Norway" },
	})
	if err == nil {
		h.pages, err = pages.New(pages.Config{
			Engine: h.Engine.Engine, API: h.api, App: s.app, SignIn: "/login", SignOut: "/logout", Password: "/reauthenticate",
			Templates: s.own, Now: h.Clock.Now, Logger: quiet,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	h.routes()
	return h
}

func (h *host) factors(s setting) []mfa.Factor {
	apps, err1 := totp.New(totp.Config{Issuer: "Example"})
	texts, err2 := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("NO", "DE"), Sender: h.texts})
	mails, err3 := emailcode.New(emailcode.Config{AppName: "Example", Sender: h.mails, Link: h.origin + "/mfa/link", InsecureLinkAnywhere: s.anywhere})
	keys, err4 := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: "localhost", Name: "Example", Origins: []string{h.origin}}})
	codes := s.codes
	var err5 error
	if codes == nil {
		codes, err5 = recovery.New(recovery.Config{})
	}
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		h.t.Fatal(err)
	}
	return []mfa.Factor{apps, keys, texts, mails, codes}
}

// Decide is the policy: who has something is asked for it; and what a test says.
func (h *host) Decide(s mfa.Subject) mfa.Decision {
	d := *h.policy
	if asked := mfa.AskEnrolled(s).Require; asked.SecondFactor {
		d.Require.SecondFactor = true
	}
	return d
}

// scorer says of every sign-in what it is told to.
type scorer struct{ says mfa.Assessment }

func (s *scorer) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return s.says, nil, nil
}
func (*scorer) Learn(history, _ []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }
func (*scorer) Unlearn(history []byte, _ string) ([]byte, []byte, error)  { return history, nil, nil }
func (*scorer) Count([]byte)                                              {}

// Long names: an address that is as long as they come, and a name without a space.
const (
	longName  = "maximiliane-konstantinopel.von-und-zu-hohenstein"
	longLabel = "DonaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichenXYZW"
)

func userOf(id string) mfa.User {
	email := strings.TrimPrefix(id, "id-") + "@example.com"
	if id == "id-"+longName {
		email = longName + "@mail.a-company-with-a-long-name.example.org"
	}
	return mfa.User{ID: id, Name: email, Email: email, EmailVerified: true, Phone: "+4791234567"}
}

func userNamed(name string) mfa.User { return userOf("id-" + name) }

func (h *host) routes() {
	h.mux.Handle("/mfa/", h.api)
	h.mux.Handle("/account/", h.pages)
	h.mux.Handle("POST /login", h.api.Protect(h.serve(h.login)))
	h.mux.Handle("POST /logout", h.api.Protect(h.serve(h.logout)))
	h.mux.Handle("POST /reauthenticate", h.api.Protect(h.serve(h.reauthenticate)))
	h.mux.Handle("POST /pay", h.api.Protect(h.serve(h.pay)))
	h.mux.Handle("GET /admin", h.api.Require(mfa.Requirement{SecondFactor: true, MaxAge: time.Hour})(own("Admin", "")))
	h.mux.Handle("GET /login", own("Sign in", `<form method="post" action="/login">
<label for="name">Name</label><input id="name" name="name" autocomplete="username" required>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button></form>`))
	h.mux.Handle("GET /{$}", own("Home", `<a href="/account/settings">Security settings</a>
<form method="post" action="/pay"><button>Pay</button></form>`))
	h.mux.Handle("GET /paid", own("Paid", ""))
	h.mux.Handle("GET /welcome", h.serve(h.welcome))
}

// welcome is a page of the host's to sign in at by passkey, in the looks of ours.
func (h *host) welcome(w http.ResponseWriter, r *http.Request) error {
	part, err := h.pages.Passkey(r, "/")
	if err != nil {
		return err
	}
	lang, dir := "en", "ltr"
	if asked := r.Header.Get("Accept-Language"); asked == "ar" {
		lang, dir = asked, "rtl"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'")
	_, err = fmt.Fprintf(w, `<!doctype html><html lang="%s" dir="%s"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Example</title><link rel="stylesheet" href="/account/static/style.css"><main><h1>Example</h1>
<label for="name">user</label><input id="name" name="name" autocomplete="username webauthn">%s</main>`, lang, dir, part)
	return err
}

// own is a page of the host's.
func own(title, content string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>`+title+
			`</title><link rel="icon" href="data:,"><h1>`+title+`</h1>`+content) // an error means that the client has gone
	})
}

func (h *host) serve(do func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			h.api.WriteError(w, r, err)
		}
	})
}

var errWrongPassword = &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"}

func (h *host) login(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("password") != password {
		return errWrongPassword
	}
	flow, err := h.SignIn(r.Context(), mfa.SignIn{User: userNamed(r.PostFormValue("name")), First: mfa.Password, Client: h.api.Client(r)})
	if err != nil {
		return err
	}
	return h.pages.Proceed(w, r, flow, mfahttp.ReturnPath(r))
}

func (h *host) logout(w http.ResponseWriter, r *http.Request) error {
	h.end(w, r)
	h.api.ClearFlow(w)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}

func (h *host) reauthenticate(w http.ResponseWriter, r *http.Request) error {
	user, evidence, err := h.Session(r)
	if err != nil {
		return err
	}
	if r.PostFormValue("password") != password {
		h.pages.AskPassword(w, r, errWrongPassword)
		return nil
	}
	h.mint(w, r, session{user.ID, h.Reauthenticated(evidence, mfa.Password)})
	http.Redirect(w, r, mfahttp.ReturnPath(r), http.StatusSeeOther)
	return nil
}

// pay is approved by itself.
func (h *host) pay(w http.ResponseWriter, r *http.Request) error {
	flow, err := h.api.Approve(r, mfa.Action{ID: "pay-1", Text: "Pay 100 euros to Bob"}, mfa.Requirement{SecondFactor: true})
	if err != nil {
		return err
	}
	return h.pages.Proceed(w, r, flow, "/paid")
}

func (h *host) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, err := r.Cookie("session")
	if err != nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	found, ok := h.sessions[c.Value]
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return userOf(found.user), found.evidence, nil
}

func (h *host) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	h.mint(w, r, session{flow.User, flow.Authentication})
	return nil
}

func (h *host) Renewed(w http.ResponseWriter, r *http.Request, a mfa.Authentication) error {
	if a.User == "" {
		h.end(w, r)
		return nil
	}
	h.mint(w, r, session{a.User, a})
	return nil
}

func (h *host) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("session"); err == nil {
		h.mu.Lock()
		delete(h.sessions, c.Value)
		h.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: "session", Path: "/", MaxAge: -1})
}

func (h *host) mint(w http.ResponseWriter, r *http.Request, s session) {
	h.end(w, r)
	id := rand.Text()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions[id] = s
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true})
}

// listen serves a host of its own to a browser, at localhost, which is a name that may
// have passkeys.
func listen(t testing.TB) *host {
	t.Helper()
	var serve http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	h := newHost(t, strings.Replace(server.URL, "127.0.0.1", "localhost", 1), setting{})
	serve = h.mux
	return h
}
