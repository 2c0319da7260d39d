package main

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/mfakit/mfa/mfahttp"
)

// pageRoutes are the pages of people: the app's own, and those of package mfahttp/pages
// at every address that is nothing else's.
func (a *app) pageRoutes(mux *http.ServeMux) {
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":                       a.startPage,
		"GET /register":                  a.emptyRegisterPage,
		"GET /login":                     a.emptyLoginPage,
		"GET /settings/password":         a.passwordPage,
		"POST /settings/sign-out-others": a.signOutOthers,
	} {
		mux.Handle(pattern, a.serve(h))
	}
	mux.Handle("GET /health", a.serve(a.health))
	mux.Handle("GET /settings/export", a.guarded(exportNeeds, a.exportPage))
	mux.Handle("GET /static/demo.css", cached(http.FileServerFS(staticFiles)))
	mux.Handle("GET /static/icon.svg", cached(http.FileServerFS(staticFiles)))
	mux.Handle("/", a.ready)
}

// cached lets browsers keep what is the same for everybody.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		next.ServeHTTP(w, r)
	})
}

func (a *app) startPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if errors.Is(err, mfahttp.ErrNoSession) {
		return a.render(w, r, http.StatusOK, "welcome", view{Title: "Welcome", Data: a.senders.told(a.inbox)})
	}
	if err != nil {
		return err
	}
	choices, err := a.engine.Choices(r.Context(), a.callerOf(r, s))
	if err != nil {
		return err
	}
	own, err := a.ownMethods(r.Context(), s.Account.ID)
	if err != nil {
		return err
	}
	rank, err := a.desk.rankOf(r.Context(), s.Account)
	if err != nil {
		return err
	}
	return a.render(w, r, http.StatusOK, "start", view{Title: "host.start.title", Email: s.Account.Email, Data: struct {
		Methods   []string // of the session, by their ids
		Time      time.Time
		AAL       int
		Protected bool
		Open      bool // something can be set up
		More      int  // methods that there should be besides
		Staff     bool
	}{proofs(s.Evidence), s.Evidence.Time, int(s.Evidence.AAL()), own > 0, len(choices.Methods) > 0, choices.More, rank.atLeast(support)}})
}

func (a *app) emptyRegisterPage(w http.ResponseWriter, r *http.Request) error {
	return a.registerPage(w, r, registration{}, nil)
}

func (a *app) registerPage(w http.ResponseWriter, r *http.Request, in registration, err error) error {
	v := view{Title: "host.register.title", Data: struct {
		Email, Phone string
		Min, Max     int
	}{in.Email, in.Phone, minPassword, maxPassword}}
	return a.renderForm(w, r, "register", v, err)
}

func (a *app) emptyLoginPage(w http.ResponseWriter, r *http.Request) error {
	return a.loginPage(w, r, "", nil)
}

func (a *app) loginPage(w http.ResponseWriter, r *http.Request, email string, err error) error {
	back := mfahttp.ReturnPath(r)
	data := struct {
		Email   string
		Return  string
		Passkey template.HTML // empty: there are none here
		Note    *keyNote
		Others  []otherWay
	}{Email: email, Return: back, Note: a.keysHere(r), Others: a.otherWays()}
	if data.Note == nil {
		var failed error
		if data.Passkey, failed = a.ready.Passkey(r, back); failed != nil {
			return failed
		}
	}
	return a.renderForm(w, r, "login", view{Title: "page.sign_in", Data: data}, err)
}

func (a *app) passwordPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	return a.passwordPageWith(w, r, s, nil)
}

func (a *app) passwordPageWith(w http.ResponseWriter, r *http.Request, s session, err error) error {
	return a.renderForm(w, r, "password", view{Title: "host.password.title", Email: s.Account.Email, Data: struct{ Min, Max int }{minPassword, maxPassword}}, err)
}

func (a *app) signOutOthers(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	if err := a.sessions.endOthers(r.Context(), s.Account.ID, a.sessionID(r)); err != nil {
		return err
	}
	http.Redirect(w, r, "/settings?said=others", http.StatusSeeOther)
	return nil
}

// notFound answers programs.
func (a *app) notFound(http.ResponseWriter, *http.Request) error { return errNoPage }
