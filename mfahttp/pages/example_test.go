package pages_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// oneSession is a host with one user and one session. A real one has cookies with random
// ids, and keeps the evidence under them.
type oneSession struct{ evidence mfa.Authentication }

func (s *oneSession) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	if s.evidence.User == "" {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return person, s.evidence, nil
}

func (s *oneSession) Passed(_ http.ResponseWriter, _ *http.Request, flow mfa.Flow) error {
	s.evidence = flow.Authentication
	return nil
}

func (s *oneSession) Renewed(_ http.ResponseWriter, _ *http.Request, evidence mfa.Authentication) error {
	s.evidence = evidence
	return nil
}

var person = mfa.User{ID: "7", Name: "ada@example.com"}

// All that a host with a ServeMux writes: what mounts the pages, and the end of its login.
func ExampleMount() {
	mux := http.NewServeMux()
	p, err := pages.Mount(mux, mfahttp.Config{Engine: exampleEngine(), Host: &oneSession{}, Origin: "http://localhost:8080"},
		pages.Config{App: "Example", SignIn: "/login", SignOut: "/logout"})
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("POST /login", p.API().Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The password was right.
		p.SignIn(w, r, mfa.SignIn{User: person, First: mfa.Password}, mfahttp.ReturnPath(r))
	})))

	for _, request := range []string{"GET /account/settings", "POST /login?return=/reports", "GET /account/settings"} {
		var method, path string
		fmt.Sscan(request, &method, &path)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		fmt.Println(request, "→", w.Code, w.Header().Get("Location"))
	}
	// Output:
	// GET /account/settings → 303 /login?return=%2Faccount%2Fsettings
	// POST /login?return=/reports → 303 /reports
	// GET /account/settings → 200
}

// Pages under another router, which mounts the two by itself.
func ExampleNew() {
	engine := exampleEngine()
	api, err := mfahttp.New(mfahttp.Config{
		Engine: engine, Host: &oneSession{}, Origin: "http://localhost:8080",
		StepUpPage: "/me/security/confirm", LinkDone: "/me/security/continue",
	})
	if err != nil {
		log.Fatal(err)
	}
	p, err := pages.New(pages.Config{Engine: engine, API: api, App: "Example", Prefix: "/me/security", SignIn: "/login", Theme: pages.Theme{Accent: "#0b6e4f"}})
	if err != nil {
		log.Fatal(err)
	}
	var _ http.Handler = api // below /mfa/
	var _ http.Handler = p   // below /me/security/

	_, err = pages.New(pages.Config{Engine: engine, API: api, App: "Example"})
	fmt.Println(err)
	// Output:
	// pages: Config.SignIn is missing
}

func exampleEngine() *mfa.Engine {
	apps, err1 := totp.New(totp.Config{Issuer: "Example"})
	keys, err2 := mfa.NewKeyRing() // a program keeps it in a file
	if err := errors.Join(err1, err2); err != nil {
		log.Fatal(err)
	}
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}})
	if err != nil {
		log.Fatal(err)
	}
	return engine
}
