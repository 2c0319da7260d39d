package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

const (
	cookie = "__Host-session"
	life   = 12 * time.Hour
)

// An app is accounts and sessions, which the host has already, and the library.
type app struct {
	accounts sync.Map // REPLACE: your accounts, and a limit on tries; e-mail address to account
	sessions sync.Map // REPLACE: your sessions, kept on the server; random id to session
	engine   *mfa.Engine
	mfa      *mfahttp.Handler
	now      func() time.Time
}

type account struct {
	mfa.User
	salt string
	hash []byte
}

type session struct {
	user     mfa.User
	evidence mfa.Authentication
	until    time.Time
}

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// hashed is Argon2id with the parameters of the OWASP Password Storage Cheat Sheet.
func hashed(password, salt string) []byte {
	return argon2.IDKey([]byte(password), []byte(salt), 2, 19*1024, 1, 32)
}

// known finds the account that a password opens. An account that is not there costs as
// much time as one that is.
func (a *app) known(in credentials) (mfa.User, error) {
	found, _ := a.accounts.Load(strings.ToLower(in.Email))
	acc, _ := found.(account)
	right := subtle.ConstantTimeCompare(hashed(in.Password, acc.salt), acc.hash) == 1
	if !right || acc.ID == "" {
		return mfa.User{}, &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"}
	}
	return acc.User, nil
}

// register makes an account. REPLACE: say "look into your mailbox" to everybody, so that
// nobody learns who has an account, and go on from the link there with EmailVerified.
func (a *app) register(w http.ResponseWriter, r *http.Request) {
	var in credentials
	err := mfahttp.ReadJSON(w, r, &in)
	if parsed, wrong := mail.ParseAddress(in.Email); err == nil && (wrong != nil || parsed.Address != in.Email) {
		err = &mfahttp.Problem{Status: http.StatusUnprocessableEntity, Code: "email_not_valid"}
	}
	if n := len(in.Password); err == nil && (n < 8 || n > 256) { // NIST SP 800-63B-4 section 3.1.1.2, beside a second factor
		err = &mfahttp.Problem{Status: http.StatusUnprocessableEntity, Code: "password_not_valid"}
	}
	acc := account{mfa.User{ID: rand.Text(), Name: in.Email, Email: in.Email, CreatedAt: a.now()}, rand.Text(), nil}
	if err == nil {
		acc.hash = hashed(in.Password, acc.salt)
		if _, taken := a.accounts.LoadOrStore(strings.ToLower(in.Email), acc); taken {
			err = &mfahttp.Problem{Status: http.StatusConflict, Code: "email_taken"}
		}
	}
	a.signIn(w, r, http.StatusCreated, acc.User, err)
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	var in credentials
	u, err := mfa.User{}, mfahttp.ReadJSON(w, r, &in)
	if err == nil {
		u, err = a.known(in)
	}
	a.signIn(w, r, http.StatusOK, u, err)
}

// signIn is the one way from a first factor to a flow, unless err is in its way.
// Whoever was signed in in this browser is no more.
func (a *app) signIn(w http.ResponseWriter, r *http.Request, status int, u mfa.User, err error) {
	var flow mfa.Flow
	if err == nil {
		flow, err = a.engine.SignIn(r.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: a.mfa.Client(r)})
	}
	if err != nil {
		a.mfa.WriteError(w, r, err)
		return
	}
	if flow.Status != mfa.StatusPassed {
		a.end(w, r)
	}
	a.mfa.WriteFlow(w, r, status, flow)
}

// reauthenticate checks the password again, which is fresh evidence for changes.
func (a *app) reauthenticate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Password string `json:"password"`
	}
	u, evidence, err := a.Session(r)
	if err == nil {
		err = mfahttp.ReadJSON(w, r, &in)
	}
	if err == nil {
		_, err = a.known(credentials{u.Email, in.Password})
	}
	if err == nil {
		err = a.Renewed(w, r, a.engine.Reauthenticated(evidence, mfa.Password))
	}
	if err != nil {
		a.mfa.WriteError(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	a.end(w, r)
	a.mfa.ClearFlow(w)
	w.WriteHeader(http.StatusNoContent)
}

// me is who is signed in, and what they may set up.
func (a *app) me(w http.ResponseWriter, r *http.Request) {
	u, _, err := a.Session(r)
	var choices mfa.Choices
	if err == nil {
		var caller mfa.Caller
		if caller, err = a.mfa.SessionCaller(r); err == nil {
			choices, err = a.engine.Choices(r.Context(), caller)
		}
	}
	if err != nil {
		a.mfa.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]any{"email": u.Email, "methods": choices.Methods}) // an error means that the client has gone
}

// user is how the engine finds out whose a passkey is.
func (a *app) user(_ context.Context, id string) (found mfa.User, minGeneration uint64, err error) {
	err = mfa.ErrNotFound
	a.accounts.Range(func(_, acc any) bool {
		if acc.(account).ID == id {
			found, err = acc.(account).User, nil
		}
		return err != nil
	})
	return found, 0, err
}

// Session, Passed and Renewed are what the library asks of a host. REPLACE: be an
// mfahttp.Repudiator too, and have the password changed of whoever says that a sign-in
// was not theirs.
func (a *app) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s := a.find(r)
	if a.now().After(s.until) {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	err := a.engine.Satisfies(r.Context(), mfa.Caller{User: s.user, Authentication: s.evidence}, mfa.Requirement{})
	if errors.Is(err, mfa.ErrRequirement) { // it rests on what was removed, or is from before a reset
		err = mfahttp.ErrNoSession
	}
	return s.user, s.evidence, err
}

// Passed alone makes sessions. A step-up's goes on for as long as it had left.
func (a *app) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	if flow.Purpose == mfa.SteppingUp {
		return a.Renewed(w, r, flow.Authentication)
	}
	u, _, err := a.user(r.Context(), flow.User)
	if err != nil {
		return err
	}
	a.begin(w, r, session{u, flow.Authentication, a.now().Add(life)})
	return nil
}

// Renewed goes on with what a change has left of the evidence; nothing, and it ends.
func (a *app) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	if s := a.find(r); evidence.User != "" && s.user.ID == evidence.User {
		a.begin(w, r, session{s.user, evidence, s.until})
	} else {
		a.end(w, r)
	}
	return nil
}

func (a *app) find(r *http.Request) session {
	c, _ := r.Cookie(cookie)
	if c == nil {
		return session{}
	}
	found, _ := a.sessions.Load(c.Value)
	s, _ := found.(session)
	return s
}

// begin puts a session under a new id, and ends the one that there was.
func (a *app) begin(w http.ResponseWriter, r *http.Request, s session) {
	a.forget(r)
	id := rand.Text()
	a.sessions.Store(id, s)
	setCookie(w, id, max(int(s.until.Sub(a.now())/time.Second), 1))
}

func (a *app) end(w http.ResponseWriter, r *http.Request) {
	a.forget(r)
	setCookie(w, "", -1)
}

func (a *app) forget(r *http.Request) {
	if c, err := r.Cookie(cookie); err == nil {
		a.sessions.Delete(c.Value)
	}
}

func setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
