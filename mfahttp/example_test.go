package mfahttp_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// ada is all the users that there are.
var ada = mfa.User{ID: "7", Name: "ada@example.com"}

// sessions is a host that keeps its sessions in memory. A real one's ids would
// be random, and its cookie Secure.
type sessions struct {
	mu   sync.Mutex
	list map[string]mfa.Authentication
}

func (s *sessions) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	c, err := r.Cookie("session")
	if err != nil {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.list[c.Value]
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return ada, a, nil
}

func (s *sessions) Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	return s.Renewed(w, r, flow.Authentication)
}

func (s *sessions) Renewed(w http.ResponseWriter, _ *http.Request, a mfa.Authentication) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprint("session-", len(s.list))
	s.list[id] = a
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, HttpOnly: true})
	return nil
}

// A host mounts the API beside its own login.
func Example() {
	keys, err := mfa.NewKeyRing() // a program keeps it in a file
	check(err)
	apps, err := totp.New(totp.Config{Issuer: "Example"})
	check(err)
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}})
	check(err)
	h, err := mfahttp.New(mfahttp.Config{Engine: engine, Host: &sessions{list: map[string]mfa.Authentication{}}, Origin: "http://localhost:8080"})
	check(err)

	mux := http.NewServeMux()
	mux.Handle("/mfa/", h)
	mux.Handle("POST /login", h.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The password was right.
		flow, err := engine.SignIn(r.Context(), mfa.SignIn{User: ada, First: mfa.Password, Client: h.Client(r)})
		if err != nil {
			h.WriteError(w, r, err)
			return
		}
		h.WriteFlow(w, r, http.StatusOK, flow)
	})))

	// A user signs in, and sets an authenticator app up.
	login := httptest.NewRecorder()
	mux.ServeHTTP(login, httptest.NewRequest("POST", "/login", nil))
	fmt.Println(login.Code, login.Header().Get("Content-Type"))

	enroll := httptest.NewRequest("POST", "/mfa/enrollments", strings.NewReader(`{"method":"totp"}`))
	enroll.Header.Set("Content-Type", "application/json")
	enroll.AddCookie(login.Result().Cookies()[0])
	begun := httptest.NewRecorder()
	mux.ServeHTTP(begun, enroll)
	fmt.Println(begun.Code, strings.Contains(begun.Body.String(), "otpauth://totp/Example:ada%40example.com"))

	// Without the session there is nothing to be had.
	stranger := httptest.NewRecorder()
	mux.ServeHTTP(stranger, httptest.NewRequest("GET", "/mfa/enrollments", nil))
	fmt.Println(stranger.Code, stranger.Header().Get("Content-Type"))

	// Output:
	// 200 application/json
	// 201 true
	// 401 application/problem+json
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
