package demo_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/mfatest"
)

// A person has an account, a browser and, once enrolled, a phone.
type person struct {
	*client
	email, password string
	phone           phone
	recovery        []string
}

// A phone is an authenticator app that has scanned a code.
type phone struct {
	app  *app
	id   string // of the enrollment
	auth *mfatest.Authenticator
}

func newPassword() string { return "canary " + rand.Text() }

// register makes an account; its browser is signed in with the password alone.
func (a *app) register(t testing.TB) *person {
	t.Helper()
	p := a.stranger(t)
	if f := p.post("/register", js{"email": p.email, "password": p.password}).want(http.StatusCreated).flow(); f.Status != "passed" {
		t.Fatalf("register: %+v", f)
	}
	return p
}

// stranger is a person without an account yet.
func (a *app) stranger(t testing.TB) *person {
	p := &person{client: a.client(t), email: strings.ToLower(rand.Text()) + "@example.com", password: newPassword()}
	a.seen.secret("a password", p.password)
	return p
}

// member is a person with an authenticator app, signed in.
func (a *app) member(t testing.TB) *person {
	t.Helper()
	p := a.register(t)
	p.enroll()
	return p
}

// enroll sets an authenticator app up, and keeps the recovery codes if there are any.
func (p *person) enroll() {
	p.t.Helper()
	p.phone = p.begin(js{"method": "totp"})
	done := p.activate(p.phone)
	if len(done.RecoveryCodes) > 0 {
		p.recovery = done.RecoveryCodes
	}
}

type begun struct{ ID, Method, Secret, URI, QR string }

// begin begins an enrolment.
func (p *person) begin(what js) phone {
	p.t.Helper()
	var b begun
	p.post("/mfa/enrollments", what).want(http.StatusCreated).into(&b)
	return p.scan(b)
}

// scan is what the phone does.
func (p *person) scan(b begun) phone {
	p.t.Helper()
	p.app.seen.totp(b.Secret)
	auth, err := mfatest.NewAuthenticator(b.URI, p.app.now)
	if err != nil {
		p.t.Fatal(err)
	}
	return phone{p.app, b.ID, auth}
}

type enrolled struct {
	ID, Method, Label string
	LastUsed          *time.Time `json:"last_used_at"`
	Disabled          bool
}

type activated struct {
	Enrollment    enrolled
	RecoveryCodes []string `json:"recovery_codes"`
	Flow          *flow
}

// activate confirms an enrolment with the phone's code.
func (p *person) activate(ph phone) activated {
	p.t.Helper()
	var done activated
	p.post("/mfa/enrollments/"+ph.id+"/activate", js{"code": ph.code()}).want(http.StatusOK).into(&done)
	if done.Enrollment.ID != ph.id {
		p.t.Fatalf("activated %+v, want %s", done.Enrollment, ph.id)
	}
	for _, c := range done.RecoveryCodes {
		p.app.seen.recovery(c)
	}
	return done
}

// code is what the phone shows now.
func (ph phone) code() string {
	c := ph.auth.Code()
	ph.app.seen.code(c)
	return c
}

// next moves the demo's clock to the next code, and is that code.
func (ph phone) next() string {
	ph.app.advance(ph.auth.Period)
	return ph.code()
}

// wrong is a code that no step near is right for.
func (ph phone) wrong() string {
	near := []string{}
	for i := -20; i <= 20; i++ {
		near = append(near, ph.auth.CodeAt(ph.app.now().Add(time.Duration(i)*ph.auth.Period)))
	}
	for _, c := range []string{"000000", "111111", "222222"} {
		if !slices.Contains(near, c) {
			return c
		}
	}
	panic("three codes in forty-one steps")
}

// login begins a sign-in of this person in a browser.
func (p *person) login(c *client) flow {
	c.t.Helper()
	return c.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusOK).flow()
}

// signIn signs this person in, in a browser, with a code or without.
func (p *person) signIn(c *client) {
	c.t.Helper()
	f := p.login(c)
	if f.Status == "challenge" {
		f = c.post("/mfa/flow/verify", js{"option": f.option(c.t, "totp"), "code": p.phone.next()}).want(http.StatusOK).flow()
	}
	if f.Status != "passed" {
		c.t.Fatalf("sign in: %+v", f)
	}
}

// elsewhere is another browser of the same person, not signed in.
func (p *person) elsewhere() *client { return p.app.client(p.t) }

type me struct {
	Email             string
	AMR               []string
	AAL               int
	PhishingResistant bool      `json:"phishing_resistant"`
	AuthTime          time.Time `json:"auth_time"`
}

func (c *client) me() me {
	c.t.Helper()
	var m me
	c.get("/me").want(http.StatusOK).into(&m)
	return m
}

type listing struct {
	Enrollments []enrolled
	Left        int `json:"recovery_codes_left"`
}

func (c *client) enrollments() listing {
	c.t.Helper()
	var l listing
	c.get("/mfa/enrollments").want(http.StatusOK).into(&l)
	return l
}

// regenerate makes new recovery codes.
func (p *person) regenerate() {
	p.t.Helper()
	var out struct{ Codes []string }
	p.post("/mfa/recovery-codes", nil).want(http.StatusOK).into(&out)
	for _, c := range out.Codes {
		p.app.seen.recovery(c)
	}
	p.recovery = out.Codes
}

func (c *client) missing(r reply) []string {
	c.t.Helper()
	var p struct{ Missing []string }
	if err := json.Unmarshal(r.want(http.StatusForbidden, "requirement").body, &p); err != nil {
		c.t.Fatal(err)
	}
	return p.Missing
}
