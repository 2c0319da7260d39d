package main

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestFirstPassageByJSON(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	r := b.send("POST", "/register", object{"email": " Ada@Example.org ", "password": goodPassword, "phone": "+47 123 45 678"})
	want(t, r, http.StatusCreated, "")
	if flow := r.json(t); flow["status"] != "passed" || flow["purpose"] != "sign_in" {
		t.Fatalf("flow %v", flow)
	}
	me := b.send("GET", "/me", nil).json(t)
	if me["email"] != "ada@example.org" || me["aal"] != 1.0 || me["phishing_resistant"] != false {
		t.Errorf("me %v", me)
	}

	phone := b.enroll()
	if len(phone.codes) != 10 {
		t.Errorf("%d recovery codes", len(phone.codes))
	}
	used := phone.code()
	want(t, b.send("POST", "/logout", nil), http.StatusNoContent, "")
	want(t, b.send("GET", "/me", nil), http.StatusUnauthorized, "unauthenticated")

	flow := b.login("ada@example.org")
	if flow["status"] != "challenge" {
		t.Fatalf("flow %v", flow)
	}
	want(t, b.send("GET", "/me", nil), http.StatusUnauthorized, "unauthenticated")
	option := optionOf(t, flow, "totp")
	want(t, b.send("POST", "/mfa/flow/verify", object{"option": option, "code": used}), http.StatusUnauthorized, "code_not_valid")
	want(t, b.send("POST", "/mfa/flow/verify", object{"option": option, "code": phone.next()}), http.StatusOK, "")
	me = b.send("GET", "/me", nil).json(t)
	if me["aal"] != 2.0 || !slices.Equal(strs(me["amr"]), []string{"pwd", "otp", "mfa"}) {
		t.Errorf("me %v", me)
	}
	if at, err := time.Parse(time.RFC3339, me["auth_time"].(string)); err != nil || s.app.clock.Now().Sub(at) > time.Minute {
		t.Errorf("auth_time %v, %v", me["auth_time"], err)
	}
}

func TestFormsWithoutAPageGetJSON(t *testing.T) {
	t.Parallel()
	b := start(t).browser()
	form := "application/x-www-form-urlencoded"
	want(t, b.do("POST", "/register", form, "email=ada%40example.org&password=correct+horse+battery"), http.StatusCreated, "")
	want(t, b.do("POST", "/reauthenticate", form, "password=correct+horse+battery"), http.StatusNoContent, "")
	want(t, b.do("POST", "/logout", form, ""), http.StatusNoContent, "")
	want(t, b.do("POST", "/login", form, "email=ada%40example.org&password=correct+horse+battery"), http.StatusOK, "")
	if !b.signedIn() {
		t.Error("not signed in")
	}
}

func TestC09_PendingSignInOpensNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.browser()
	owner.register("ada@example.org")
	phone := owner.enroll()
	pending := s.browser()
	if flow := pending.login("ada@example.org"); flow["status"] != "challenge" {
		t.Fatalf("flow %v", flow)
	}
	if pending.cookie("session") != "" {
		t.Fatal("a pending sign-in has a session")
	}
	for _, c := range protected(phone.id, phone.code()) {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			var body any
			if c.body != nil {
				body = c.body
			}
			want(t, pending.send(c.method, c.path, body), http.StatusUnauthorized, "unauthenticated")
		})
	}
	if list := owner.send("GET", "/mfa/enrollments", nil).json(t); list["recovery_codes_left"] != 10.0 || len(list["enrollments"].([]any)) != 1 {
		t.Errorf("changed: %v", list)
	}
	for _, path := range []string{"/settings", "/setup", "/setup/key", "/settings/recovery-codes", "/confirm"} {
		if r := pending.page(path); r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/login") {
			t.Errorf("page %s: status %d to %s", path, r.status, r.header.Get("Location"))
		}
	}
	if r := pending.page("/"); strings.Contains(r.body, "@example.org") {
		t.Error("the start page knows the account")
	}
}

// No answer to a password alone carries a session, whatever the route and its dialect.
func TestA52_A41_C30_EveryWayInAsksForTheCode(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.browser()
	owner.register("ada@example.org")
	phone := owner.enroll()
	ways := map[string]func(b *browser) reply{
		"login by JSON": func(b *browser) reply {
			return b.send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword})
		},
		"login by form": func(b *browser) reply {
			return b.do("POST", "/login", "application/x-www-form-urlencoded", "email=ada@example.org&password=correct+horse+battery")
		},
		"login by page": func(b *browser) reply {
			return b.submit("/login", "email", "ada@example.org", "password", goodPassword)
		},
		"login by a native client": func(b *browser) reply {
			b.header.Set("Mfa-Client", "native")
			defer b.header.Del("Mfa-Client")
			return b.send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword})
		},
		"address in another spelling": func(b *browser) reply {
			return b.send("POST", "/login", object{"email": " ADA@EXAMPLE.ORG", "password": goodPassword})
		},
		"registering again": func(b *browser) reply {
			return b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword})
		},
		"after a changed password": func(b *browser) reply {
			want(t, owner.send("POST", "/password", object{"current": goodPassword, "new": "another good one"}), http.StatusNoContent, "")
			want(t, owner.send("POST", "/password", object{"current": "another good one", "new": goodPassword}), http.StatusNoContent, "")
			return b.send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword})
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			b := s.browser()
			r := way(b)
			if b.cookie("session") != "" || strings.Contains(r.header.Get("Set-Cookie"), "session=") || b.signedIn() {
				t.Fatalf("in without a code: %v", r)
			}
		})
	}
	b := s.browser()
	b.signIn("ada@example.org", phone)
	if !b.signedIn() {
		t.Error("not in with the code")
	}
}

// The one way to a session takes nothing but a flow that has passed.
func TestA52_OnlyAPassedFlowMakesASession(t *testing.T) {
	a := &app{clock: new(clock)}
	evidence := mfa.Authentication{User: "1", Proofs: []mfa.Proof{{Method: "password"}}}
	for name, flow := range map[string]mfa.Flow{
		"nothing":                {},
		"waiting":                {Status: mfa.StatusChallenge, User: "1", Authentication: evidence},
		"has to enrol":           {Status: mfa.StatusEnroll, User: "1", Authentication: evidence},
		"denied":                 {Status: mfa.StatusDenied, User: "1", Authentication: evidence},
		"of nobody":              {Status: mfa.StatusPassed, Authentication: mfa.Authentication{}},
		"evidence of another":    {Status: mfa.StatusPassed, User: "2", Authentication: evidence},
		"passed without proofs’": {Status: mfa.StatusPassed, User: "1"},
	} {
		if _, err := a.signedIn(flow); !errors.Is(err, errNotPassed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if g, err := a.signedIn(mfa.Flow{Status: mfa.StatusPassed, User: "1", Authentication: evidence}); err != nil || g.account != "1" {
		t.Errorf("passed: %v, %v", g, err)
	}
	if _, err := (session{}).with(evidence); err == nil {
		t.Error("no session was renewed")
	}
	if _, err := (session{Account: account{ID: "2"}}).with(evidence); err == nil {
		t.Error("a session took evidence of another account")
	}
}

func TestRequiredPolicyMakesNewcomersEnrol(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required","session_lifetime":"1h"}`))
	b := s.browser()
	r := b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword})
	want(t, r, http.StatusCreated, "")
	if r.json(t)["status"] != "enroll" || b.signedIn() {
		t.Fatalf("in without a second factor: %s", r.body)
	}
	b.enroll()
	if me := b.send("GET", "/me", nil).json(t); me["aal"] != 2.0 {
		t.Fatalf("me %v", me)
	}
	s.advance(59 * time.Minute)
	if !b.signedIn() {
		t.Error("out before the policy's time")
	}
	s.advance(time.Minute)
	if b.signedIn() {
		t.Error("in after the policy's time")
	}
}

func strs(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, s := range list {
		out = append(out, s.(string))
	}
	return out
}
