package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// staff makes somebody with a rank, who is signed in with a phone.
func (s *server) staff(email, rank string) *browser {
	s.t.Helper()
	b := s.browser()
	b.register(email)
	phone := b.enroll()
	want(s.t, b.send("POST", "/dev/rank", object{"email": email, "rank": rank}), http.StatusNoContent, "")
	b.signIn(email, phone)
	return b
}

// What was proved this morning is not enough to hand out ways in.
func TestC11_StaffNeedsRecentEvidence(t *testing.T) {
	t.Parallel()
	s := start(t)
	boss := s.staff("boss@example.org", "admin")
	want(t, boss.send("POST", "/admin/invite", object{"email": "a@example.org"}), http.StatusNoContent, "")
	s.advance(16 * time.Minute)
	want(t, boss.send("POST", "/admin/invite", object{"email": "b@example.org"}), http.StatusForbidden, "requirement")
	want(t, boss.send("POST", "/admin/api-keys", object{"email": "a@example.org", "label": "x"}), http.StatusForbidden, "requirement")
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	s := start(t)
	boss := s.staff("boss@example.org", "support")
	want(t, boss.send("POST", "/admin/invite", object{"email": " New@Example.org", "kind": "person", "team": "North"}), http.StatusNoContent, "")
	mail := s.to("new@example.org")[0]
	if !strings.Contains(mail.Body, "for 7 days") {
		t.Errorf("mail %+v", mail)
	}
	b := s.browser()
	token := s.token("new@example.org", "/invite")
	if page := b.page("/invite?token=" + token); page.status != http.StatusOK || !strings.Contains(page.body, `action="/invite"`) {
		t.Fatalf("status %d: %s", page.status, page.body)
	}
	want(t, b.send("POST", "/invite", object{"token": token, "password": "short"}), http.StatusUnprocessableEntity, "invalid_password")
	want(t, b.send("POST", "/invite", object{"token": token, "password": goodPassword, "team": "Board"}), http.StatusBadRequest, "bad_request")
	b.submit("/invite", "token", token, "password", goodPassword).wantRedirect(t, "/")
	if me := b.send("GET", "/me", nil).json(t); me["email"] != "new@example.org" || me["aal"] != 1.0 || strings.Join(strs(me["amr"]), " ") != "email" {
		t.Errorf("me %v", me) // the password that was chosen with the link proves nothing
	}
	u := s.account("new@example.org").user()
	if !u.EmailVerified || u.Kind != mfa.Person || u.Attributes["team"] != "North" || u.Attributes["rank"] != "" {
		t.Errorf("user %+v", u)
	}
	if u := s.account("boss@example.org").user(); u.EmailVerified || u.Attributes["rank"] != "support" {
		t.Errorf("user %+v", u)
	}
	s.browser().login("new@example.org")
	data := b.send("GET", "/settings/export", nil).json(t)
	if data["email_verified"] != true || data["attributes"].(object)["team"] != "North" {
		t.Errorf("exported %v", data)
	}
}

// The address was registered by somebody before the link was used.
func TestInvitationOfAnAccountThatIsThere(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	want(t, b.send("POST", "/dev/invite", object{"email": ada}), http.StatusNoContent, "")
	s.browser().register(ada)
	want(t, b.send("POST", "/dev/invite", object{"email": ada}), http.StatusConflict, "email_taken")
	want(t, b.send("POST", "/invite", object{"token": s.token(ada, "/invite"), "password": "another good one"}), http.StatusConflict, "email_taken")
	s.browser().login(ada) // its password is what it was
	if b.signedIn() {
		t.Error("signed in")
	}
}

func TestStaffRoutesNeedARankAndASecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t, "-admin", "root@example.org") // else the oldest account is an admin's
	routes := []struct {
		least        rank
		method, path string
		body         any
	}{
		{support, "POST", "/admin/invite", object{"email": "new@example.org"}},
		{admin, "POST", "/admin/api-keys", object{"email": "new@example.org"}},
		{admin, "DELETE", "/admin/api-keys/none", nil},
	}
	b := s.browser()
	b.register(ada)
	phone := b.enroll()
	for _, r := range routes {
		want(t, s.browser().send(r.method, r.path, r.body), http.StatusUnauthorized, "unauthenticated")
		want(t, b.send(r.method, r.path, r.body), http.StatusForbidden, "forbidden")
	}
	for _, bad := range []string{"", "root", "Admin"} {
		want(t, b.send("POST", "/dev/rank", object{"email": ada, "rank": bad}), http.StatusBadRequest, "bad_request")
	}
	want(t, b.send("POST", "/dev/rank", object{"email": "nobody@example.org", "rank": "admin"}), http.StatusNotFound, "no_account")
	for _, has := range []rank{support, admin} {
		want(t, b.send("POST", "/dev/rank", object{"email": ada, "rank": has.String()}), http.StatusNoContent, "")
		plain := s.browser()
		plain.register(has.String() + "@example.org")
		want(t, b.send("POST", "/dev/rank", object{"email": has.String() + "@example.org", "rank": has.String()}), http.StatusNoContent, "")
		b.signIn(ada, phone)
		for _, r := range routes {
			if got := b.send(r.method, r.path, r.body); (got.status == http.StatusForbidden) == has.atLeast(r.least) {
				t.Errorf("%s: %s %s: status %d", has, r.method, r.path, got.status)
			}
			if has.atLeast(r.least) { // a password alone is not enough
				want(t, plain.send(r.method, r.path, r.body), http.StatusForbidden, "requirement")
			}
		}
	}
	want(t, b.send("POST", "/dev/rank", object{"email": ada, "rank": "user"}), http.StatusNoContent, "")
	want(t, b.send("POST", "/admin/invite", object{"email": "new@example.org"}), http.StatusForbidden, "forbidden") // at once
	for _, bad := range []object{{"email": "x"}, {"email": ada, "kind": "admin"}, {"email": ada, "team": strings.Repeat("x", 65)}, {"email": ada, "rank": "admin"}} {
		if r := b.send("POST", "/dev/invite", bad); r.status != http.StatusBadRequest && r.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: status %d", bad, r.status)
		}
	}
}
