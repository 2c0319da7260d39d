package timing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

const origin = "http://localhost:8080"

// A site is the handlers over an engine in memory. Whoever sends X-User is signed in.
type site struct {
	t    testing.TB
	m    *mfatest.Engine
	h    *mfahttp.Handler
	last int // user

	mu       sync.Mutex
	evidence map[string]mfa.Authentication // by user
}

func newSite(t testing.TB, recovery bool) *site {
	s := &site{t: t, evidence: map[string]mfa.Authentication{}}
	s.m = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Logger, c.Observers = slog.New(slog.DiscardHandler), nil
		c.Factors = slices.DeleteFunc(c.Factors, func(f mfa.Factor) bool { return f.Method().Name == "recovery" && !recovery })
	})
	var err error
	s.h, err = mfahttp.New(mfahttp.Config{Engine: s.m.Engine, Host: s, Origin: origin, Now: s.m.Clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) Session(r *http.Request) (mfa.User, mfa.Authentication, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.Header.Get("X-User")
	a, ok := s.evidence[id]
	if !ok {
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	}
	return mfa.User{ID: id}, a, nil
}

func (s *site) Passed(http.ResponseWriter, *http.Request, mfa.Flow) error { return nil }

func (s *site) Renewed(http.ResponseWriter, *http.Request, mfa.Authentication) error { return nil }

// A person has an authenticator app and recovery codes.
type person struct {
	site  *site
	user  mfa.User
	phone *mfatest.Authenticator
	app   string // its enrollment
	codes []string
}

func (s *site) person() *person {
	s.t.Helper()
	s.last++
	p := &person{site: s, user: mfa.User{ID: fmt.Sprintf("user-%06d", s.last), Email: "ada@example.com", EmailVerified: true}}
	ctx := context.Background()
	flow, err := s.m.SignIn(ctx, mfa.SignIn{User: p.user, First: mfa.Password})
	s.check(err)
	caller := mfa.Caller{User: p.user, Authentication: flow.Authentication}
	e, err := s.m.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name})
	s.check(err)
	p.phone, err = mfatest.NewAuthenticator(e.Challenge.(*totp.Challenge).URI, s.m.Clock.Now)
	s.check(err)
	done, err := s.m.Activate(ctx, caller, e.ID, mfa.Answer{Code: p.phone.Code()})
	s.check(err)
	p.app, p.codes = done.Enrollment.ID, done.RecoveryCodes
	s.mu.Lock()
	s.evidence[p.user.ID] = done.Authentication
	s.mu.Unlock()
	s.m.Clock.Advance(time.Minute)
	return p
}

func (s *site) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// signIn begins one, and returns its cookies and the option of a method.
func (p *person) signIn(method string) ([]*http.Cookie, string) {
	p.site.t.Helper()
	flow, err := p.site.m.SignIn(context.Background(), mfa.SignIn{User: p.user, First: mfa.Password})
	p.site.check(err)
	for _, o := range flow.Options {
		if o.Method == method {
			w := httptest.NewRecorder()
			p.site.h.WriteFlow(w, httptest.NewRequest("POST", "/login", nil), http.StatusOK, flow)
			return w.Result().Cookies(), o.ID
		}
	}
	p.site.t.Fatalf("no option %s in %v", method, flow.Options)
	return nil, ""
}

// try is the request that answers a new sign-in with a code.
func (p *person) try(method, code string) *http.Request {
	cookies, option := p.signIn(method)
	return request("POST", "/mfa/flow/verify", map[string]string{"option": option, "code": code}, cookies)
}

func request(method, path string, body any, cookies []*http.Cookie) *http.Request {
	text, _ := json.Marshal(body) // of strings
	r := httptest.NewRequest(method, origin+path, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// send has a request answered.
func (s *site) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// next is the app's next code, which has not been used.
func (p *person) next() string {
	p.site.m.Clock.Advance(time.Minute)
	return p.phone.Code()
}

// off is a code with one digit changed.
func off(code string, at int) string {
	b := []byte(code)
	b[at] = '0' + (b[at]-'0'+5)%10
	return string(b)
}
