package main

import (
	"net/http"
	"testing"
)

// The contact centre's policy leaves the app on phones out for now, and no other
// front end; a session of one is worth nothing at the other.
func TestMobileAppHasAPolicyOfItsOwn(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", "policies/contact-centre.json")
	b := s.browser()
	want(t, b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword}), http.StatusCreated, "")
	if _, err := s.app.db.ExecContext(s.t.Context(), `UPDATE webapp_accounts SET email_verified = 1`); err != nil {
		t.Fatal(err)
	}
	ada := object{"email": "ada@example.org", "password": goodPassword}
	if status := b.send("POST", "/login", ada).json(t)["status"]; status != "challenge" {
		t.Errorf("on the web: %v", status)
	}
	phone := s.browser()
	r := phone.send("POST", "/mobile/login", ada)
	want(t, r, http.StatusOK, "")
	token := r.header.Get(apiTokenHeader)
	if r.json(t)["status"] != "passed" || token == "" || r.header.Get("Set-Cookie") != "" {
		t.Fatalf("on the phone: %s", r.body)
	}
	phone.header.Set("Authorization", "Bearer "+token)
	want(t, phone.send("GET", "/mobile/me", nil), http.StatusOK, "")
	want(t, phone.send("GET", "/mobile/mfa/activity", nil), http.StatusOK, "")
	for _, path := range []string{"/me", "/api/me", "/mfa/activity"} {
		want(t, phone.send("GET", path, nil), http.StatusUnauthorized, "")
	}
	cookie := s.browser()
	cookie.setCookie("session", token)
	want(t, cookie.send("GET", "/me", nil), http.StatusUnauthorized, "")
	want(t, phone.send("POST", "/mobile/logout", nil), http.StatusNoContent, "")
	want(t, phone.send("GET", "/mobile/me", nil), http.StatusUnauthorized, "")

	phone.header.Set("Origin", "https://evil.example")
	if r := phone.send("POST", "/mobile/login", ada); r.status < 400 {
		t.Errorf("a page of another site signs in: status %d", r.status)
	}
}

// Where the policy asks on phones too, the app goes on with the flow's token.
func TestMobileAppIsAskedWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	phone := s.browser()
	r := phone.send("POST", "/mobile/login", object{"email": "ada@example.org", "password": goodPassword})
	flow := r.json(t)
	if flow["status"] != "challenge" || r.header.Get(apiTokenHeader) != "" {
		t.Fatalf("%v", flow)
	}
	phone.header.Set("Authorization", "Bearer "+flow["token"].(string))
	answer := object{"option": optionOf(t, flow, "totp"), "code": p.next()}
	r = phone.send("POST", "/mobile/mfa/flow/verify", answer)
	want(t, r, http.StatusOK, "")
	if token := r.header.Get(apiTokenHeader); r.json(t)["status"] != "passed" || token == "" {
		t.Errorf("%s", r.body)
	}
}
