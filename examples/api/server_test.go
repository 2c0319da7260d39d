package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	totpfactor "github.com/mfakit/mfa/totp"
)

const (
	address  = "ada@example.org"
	password = "a good password"
)

// A server has the calls of examples/webapp that the program makes, over the library.
type server struct {
	*mfatest.Clock
	t        *testing.T
	url      string
	engine   *mfa.Engine
	mfa      *mfahttp.Handler
	user     mfa.User
	sessions sync.Map // token to mfa.Authentication

	mu      sync.Mutex
	inbox   []string // texts, newest last
	devices []string // the names that sign-ins came with
	wrong   string   // what it finds wrong with the program's ways
}

func newServer(t *testing.T, p policy.Policy) *server {
	t.Helper()
	s := &server{Clock: mfatest.NewClock(time.Now()), t: t, user: mfa.User{ID: "1", Name: address, Email: address, EmailVerified: true}}
	apps, err := totpfactor.New(totpfactor.Config{Issuer: "Test"})
	if err != nil {
		t.Fatal(err)
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := emailcode.New(emailcode.Config{AppName: "Test", Sender: s})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	s.engine, err = mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps, codes, mails}, Policy: &p, Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.mfa, err = mfahttp.New(mfahttp.Config{Engine: s.engine, Host: s, Origin: "http://localhost", Prefix: "/api/mfa", Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/mfa/", s.mfa)
	mux.HandleFunc("POST /api/token", s.exchange)
	mux.HandleFunc("DELETE /api/token", s.drop)
	mux.HandleFunc("GET /api/me", s.me)
	site := httptest.NewServer(s.watched(mux))
	t.Cleanup(func() {
		site.Close()
		if s.wrong != "" {
			t.Error(s.wrong)
		}
	})
	s.url = site.URL
	return s
}

// watched holds the program to what a client that is no browser promises.
func (s *server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mfa-Client") != "native" || r.Header.Get("Cookie") != "" || r.URL.RawQuery != "" {
			s.mu.Lock()
			s.wrong = r.Method + " " + r.URL.Path + " is no native client's"
			s.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) Send(_ context.Context, m mfa.Message) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inbox = append(s.inbox, m.Text)
	return m.ID, nil
}

// mailed is the code of the newest mail.
func (s *server) mailed() string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.inbox) == 0 {
		s.t.Fatal("there is no mail")
	}
	return regexp.MustCompile(`\b\d{6}\b`).FindString(s.inbox[len(s.inbox)-1])
}

func (s *server) exchange(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	err := mfahttp.ReadJSON(w, r, &in)
	if err == nil && (in.Email != address || in.Password != password) {
		err = &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"}
	}
	s.mu.Lock()
	s.devices = append(s.devices, r.Header.Get(mfahttp.DeviceHeader))
	s.mu.Unlock()
	var flow mfa.Flow
	if err == nil {
		flow, err = s.engine.SignIn(r.Context(), mfa.SignIn{User: s.user, First: mfa.Password, Client: s.mfa.Client(r)})
	}
	if err != nil {
		s.mfa.WriteError(w, r, err)
		return
	}
	s.mfa.WriteFlow(w, r, http.StatusOK, flow)
}

func (s *server) drop(w http.ResponseWriter, r *http.Request) {
	s.sessions.Delete(bearer(r))
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) me(w http.ResponseWriter, r *http.Request) {
	u, evidence, err := s.Session(r)
	if err != nil {
		s.mfa.WriteError(w, r, err)
		return
	}
	_, _ = w.Write([]byte(`{"email":"` + u.Email + `","amr":["` + strings.Join(evidence.AMR(), `","`) + `"],"aal":2}`))
}

func bearer(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token
}

func (s *server) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	found, ok := s.sessions.Load(bearer(r))
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return s.user, found.(mfa.Authentication), nil
}

func (s *server) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return s.Renewed(w, r, flow.Authentication)
}

func (s *server) Renewed(w http.ResponseWriter, r *http.Request, evidence mfa.Authentication) error {
	s.sessions.Delete(bearer(r))
	token := rand.Text()
	s.sessions.Store(token, evidence)
	w.Header().Set("Api-Token", token)
	return nil
}

// open is how many sessions there are.
func (s *server) open() (n int) {
	s.sessions.Range(func(any, any) bool {
		n++
		return true
	})
	return n
}

// code is what an app with this key shows after a minute.
func (s *server) code(secret string) string {
	s.t.Helper()
	c, err := totp.GenerateCode(secret, s.Advance(time.Minute))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}
