package sessions

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/sessions"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// Gorilla is a host over gorilla/sessions with whatever Store, the signed cookie too.
// What the Store keeps is a random id; the evidence stays here under that id. A signed
// cookie with the evidence in it could not be taken back: whoever has a copy would be
// signed in for as long as the signature is good, whatever button its owner presses.
type Gorilla struct {
	Store  sessions.Store
	Name   string // of the cookie: "__Host-session"
	Life   time.Duration
	Engine *mfa.Engine
	User   func(ctx context.Context, id string) (mfa.User, error) // mfa.ErrNotFound where there is none

	kept sync.Map // REPLACE: a table, swept by its time; random id to kept
}

// NewGorilla is a host with a signed cookie. Of the keys, 32 random bytes each from
// where secrets are kept, the first signs, and all are taken.
func NewGorilla(e *mfa.Engine, user func(context.Context, string) (mfa.User, error), keys ...[]byte) *Gorilla {
	var pairs [][]byte
	for _, key := range keys {
		pairs = append(pairs, key, nil) // to sign with; and not to encrypt, as an id says nothing
	}
	store := sessions.NewCookieStore(pairs...)
	store.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return &Gorilla{Store: store, Name: "__Host-session", Life: 12 * time.Hour, Engine: e, User: user}
}

type kept struct {
	evidence mfa.Authentication
	until    time.Time
}

const gorillaKey = "id" // among the host's own values

// Session is who is signed in, while the evidence still holds.
func (h *Gorilla) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s := h.find(r)
	if time.Now().After(s.until) {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return holding(r.Context(), h.Engine, h.User, s.evidence)
}

// Passed alone makes sessions.
func (h *Gorilla) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	until := time.Now().Add(h.Life)
	if advice := flow.Authentication.SessionLifetime; advice > 0 {
		until = time.Now().Add(advice)
	}
	if flow.Purpose == mfa.SteppingUp {
		until = h.find(r).until // proving more does not make a session live longer
	}
	return h.renew(w, r, flow.Authentication, until)
}

// Renewed takes what a change has left of the session's evidence; nothing, and the
// session ends.
func (h *Gorilla) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	if evidence.User == "" {
		return h.Logout(w, r)
	}
	return h.renew(w, r, evidence, h.find(r).until)
}

// Logout ends the session. A flow that is under way ends by mfahttp.Handler.ClearFlow.
func (h *Gorilla) Logout(w http.ResponseWriter, r *http.Request) error {
	h.kept.Delete(h.id(r))
	return h.setID(w, r, "", -1)
}

// renew goes on under a new id, until the time that is given.
func (h *Gorilla) renew(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication, until time.Time) error {
	h.kept.Delete(h.id(r))
	id := rand.Text()
	h.kept.Store(id, kept{evidence, until})
	return h.setID(w, r, id, time.Until(until))
}

func (h *Gorilla) find(r *http.Request) kept {
	s, _ := h.kept.Load(h.id(r))
	found, _ := s.(kept)
	return found
}

// id is the request's; empty where there is none, or none of ours.
func (h *Gorilla) id(r *http.Request) string {
	s, err := h.Store.Get(r, h.Name)
	if err != nil { // signed by a key that is gone, or by somebody else
		return ""
	}
	id, _ := s.Values[gorillaKey].(string)
	return id
}

// setID gives the client an id, or takes it away. The session holds nothing else: the
// host's other values are safe from a change of user in a session of another name.
func (h *Gorilla) setID(w http.ResponseWriter, r *http.Request, id string, life time.Duration) error {
	s, err := h.Store.Get(r, h.Name)
	if s == nil {
		return err
	}
	s.Values, s.Options.MaxAge = map[any]any{}, -1
	if id != "" {
		s.Values[gorillaKey], s.Options.MaxAge = id, max(int(life/time.Second), 1)
		s.ID = "" // of a Store on the server, whose cookie would else be what it was
	}
	return s.Save(r, w)
}
