package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

func (b *browser) register(email string) {
	b.t.Helper()
	want(b.t, b.send("POST", "/register", object{"email": email, "password": goodPassword}), http.StatusCreated, "")
}

// login answers with the flow's JSON.
func (b *browser) login(email string) object {
	b.t.Helper()
	r := b.send("POST", "/login", object{"email": email, "password": goodPassword})
	want(b.t, r, http.StatusOK, "")
	return r.json(b.t)
}

// A phone is an authenticator app with one entry.
type phone struct {
	s      *server
	id     string
	secret string
	codes  []string // recovery codes that came with it
}

// enroll sets a phone up by way of the API.
func (b *browser) enroll() *phone {
	b.t.Helper()
	r := b.send("POST", "/mfa/enrollments", object{"method": "totp", "label": "Phone"})
	want(b.t, r, http.StatusCreated, "")
	begun := r.json(b.t)
	p := &phone{s: b.s, id: begun["id"].(string), secret: begun["secret"].(string)}
	r = b.send("POST", "/mfa/enrollments/"+p.id+"/activate", object{"code": p.code()})
	want(b.t, r, http.StatusOK, "")
	codes, _ := r.json(b.t)["recovery_codes"].([]any)
	for _, c := range codes {
		p.codes = append(p.codes, c.(string))
	}
	return p
}

// code is the phone's code now.
func (p *phone) code() string {
	p.s.t.Helper()
	c, err := totp.GenerateCode(p.secret, p.s.app.clock.Now())
	if err != nil {
		p.s.t.Fatal(err)
	}
	return c
}

// next is a code that was not used: it waits for it.
func (p *phone) next() string {
	p.s.t.Helper()
	p.s.advance(30 * time.Second)
	return p.code()
}

// signIn signs in with password and code.
func (b *browser) signIn(email string, p *phone) {
	b.t.Helper()
	option := optionOf(b.t, b.login(email), "totp")
	r := b.send("POST", "/mfa/flow/verify", object{"option": option, "code": p.next()})
	want(b.t, r, http.StatusOK, "")
	if r.json(b.t)["status"] != "passed" {
		b.t.Fatalf("not passed: %s", r.body)
	}
}

func optionOf(t *testing.T, flow object, method string) string {
	t.Helper()
	options, _ := flow["options"].([]any)
	for _, o := range options {
		if o := o.(map[string]any); o["method"] == method {
			return o["id"].(string)
		}
	}
	t.Fatalf("no %s in %v", method, flow)
	return ""
}

func (b *browser) signedIn() bool {
	b.t.Helper()
	return b.send("GET", "/me", nil).status == http.StatusOK
}
