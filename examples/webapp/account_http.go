package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// accountRoutes are the calls of accounts and sessions. Each takes a form or
// JSON, and answers a browser that asks for a page with one.
func (a *app) accountRoutes(mux *http.ServeMux) {
	mux.Handle("POST /register", a.serve(a.register))
	mux.Handle("POST /login", a.serve(a.login))
	mux.Handle("POST /reauthenticate", a.serve(a.reauthenticate))
	mux.Handle("POST /password", a.serve(a.changePassword))
	mux.Handle("POST /logout", a.serve(a.logout))
	mux.Handle("GET /me", a.serve(a.me))
}

// serve runs a handler that returns its error instead of writing it.
func (a *app) serve(h func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

type registration struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Phone    string `json:"phone"`
}

func (a *app) register(w http.ResponseWriter, r *http.Request) error {
	var in registration
	if err := read(w, r, &in); err != nil {
		return err
	}
	flow, err := a.newAccount(r, in)
	if err != nil {
		if wantsPage(r) {
			return a.registerPage(w, r, in, err)
		}
		return err
	}
	return a.began(w, r, http.StatusCreated, flow)
}

func (a *app) newAccount(r *http.Request, in registration) (mfa.Flow, error) {
	email, err := normalEmail(in.Email)
	if err != nil {
		return mfa.Flow{}, err
	}
	phone, err := normalPhone(in.Phone)
	if err != nil {
		return mfa.Flow{}, err
	}
	if err := checkNewPassword(in.Password); err != nil {
		return mfa.Flow{}, onField("password", err)
	}
	hash, err := a.hashPassword(r.Context(), in.Password)
	if err != nil {
		return mfa.Flow{}, err
	}
	acc, err := a.accounts.create(r.Context(), account{Email: email, Phone: phone, Password: hash, Created: a.clock.Now(), Attributes: a.speaking(r, nil)})
	if err != nil {
		return mfa.Flow{}, err
	}
	return a.signIn(r, acc, mfa.Password)
}

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Return   string `json:"return"` // of the form: where it leads then
}

func (a *app) login(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := read(w, r, &in); err != nil {
		return err
	}
	acc, err := a.checkPassword(r, in.Email, in.Password)
	if err == nil {
		var flow mfa.Flow
		if flow, err = a.signIn(r, acc, mfa.Password); err == nil {
			return a.began(w, r, http.StatusOK, flow)
		}
	}
	if wantsPage(r) {
		return a.loginPage(w, r, in.Email, err)
	}
	return err
}

func (a *app) reauthenticate(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	var in struct {
		Password string `json:"password"`
		Return   string `json:"return"` // of the form: where to go then
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if _, err := a.checkPassword(r, s.Account.Email, in.Password); err != nil {
		if wantsPage(r) {
			a.ready.AskPassword(w, r, asProblem(err))
			return nil
		}
		return err
	}
	g, err := s.with(a.engine.Reauthenticated(s.Evidence, mfa.Password))
	if err != nil {
		return err
	}
	if err := a.mintSession(w, r, g); err != nil {
		return err
	}
	return a.done(w, r, mfahttp.ReturnPath(r))
}

func (a *app) changePassword(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	var in struct {
		Current string `json:"current"`
		New     string `json:"new"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	if err := a.replacePassword(w, r, s, in.Current, in.New); err != nil {
		if wantsPage(r) {
			return a.passwordPageWith(w, r, s, err)
		}
		return err
	}
	return a.done(w, r, "/settings?said=password")
}

// replacePassword ends all sessions in the transaction that changes the
// password, tells the engine, and gives this browser a new one.
func (a *app) replacePassword(w http.ResponseWriter, r *http.Request, s session, current, next string) error {
	if err := checkNewPassword(next); err != nil {
		return onField("new", err)
	}
	acc, err := a.checkPassword(r, s.Account.Email, current)
	if err != nil {
		return onField("current", err)
	}
	hash, err := a.hashPassword(r.Context(), next)
	if err != nil {
		return err
	}
	err = a.accounts.setPassword(r.Context(), acc, hash)
	if errors.Is(err, errNoAccount) { // it was changed meanwhile, and is right no more
		return onField("current", errWrongPassword)
	}
	if err != nil {
		return err
	}
	evidence, err := a.engine.PasswordChanged(r.Context(), mfa.Caller{
		User:           acc.user(),
		Authentication: a.engine.Reauthenticated(s.Evidence, mfa.Password),
		Client:         a.client(r),
	})
	if err != nil {
		return err
	}
	g, err := s.with(evidence)
	if err != nil {
		return err
	}
	return a.mintSession(w, r, g)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) error {
	if err := a.endSession(w, r); err != nil {
		return err
	}
	a.mfa.ClearFlow(w)
	return a.done(w, r, "/?said=out")
}

// done answers a change that has nothing to show.
func (a *app) done(w http.ResponseWriter, r *http.Request, page string) error {
	if wantsPage(r) {
		http.Redirect(w, r, page, http.StatusSeeOther) //nolint:gosec // ours, or by ReturnPath
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *app) me(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if errors.Is(err, mfahttp.ErrNoSession) {
		a.mfa.WriteError(w, r, err) // to pages too: this call is for programs
		return nil
	}
	if err != nil {
		return err
	}
	e := s.Evidence
	return writeJSON(w, map[string]any{
		"email": s.Account.Email, "amr": e.AMR(), "aal": int(e.AAL()),
		"phishing_resistant": e.PhishingResistant(), "auth_time": e.Time.UTC(),
	})
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body) // an error means that the client has gone
	return nil
}
