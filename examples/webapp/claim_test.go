package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Somebody made an account with an address that is not theirs, and waits in it for
// the owner of the address, who comes by a way that shows it.
func TestWhoOwnsTheAddressIsRidOfWhoWasThereFirst(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(b *browser) reply{
		"by a mailed link":     func(b *browser) reply { return b.magic(ada) },
		"by a new password":    func(b *browser) reply { return b.reset(ada, "the owner's own password") },
		"by another's service": func(b *browser) reply { return b.send("GET", b.atExampleID(ada, "yes"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			first, elsewhere, owner := s.browser(), s.browser(), s.browser()
			first.register(ada)
			first.enroll()
			elsewhere.login(ada) // half a sign-in, which must not be finished
			if s.account(ada).EmailVerified {
				t.Fatal("registering verifies an address")
			}
			asked := come(owner)
			want(t, asked, http.StatusOK, "")
			if asked.json(t)["status"] != "challenge" { // what was enrolled is not for a mailbox to remove: support is
				t.Errorf("%s", asked.body)
			}
			if first.signedIn() || s.sessionsOf(ada) != 0 {
				t.Error("who was there first is still there")
			}
			want(t, elsewhere.send("GET", "/mfa/flow", nil), http.StatusGone, "flow_expired")
			want(t, s.browser().send("POST", "/login", object{"email": ada, "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
			want(t, s.browser().send("POST", "/login", object{"email": ada, "password": ""}), http.StatusUnauthorized, "invalid_credentials")
			if acc := s.account(ada); !acc.EmailVerified || !acc.user().EmailVerified {
				t.Error("the address is not verified")
			}
		})
	}
}

// The same person, who has registered here and is signed in, keeps the password; and
// so does whoever comes later to an account whose address is known to be theirs.
func TestWhoMadeTheAccountKeepsThePassword(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(b *browser){
		"by a mailed link":     func(b *browser) { want(b.t, b.magic(ada), http.StatusOK, "") },
		"by the confirmation":  func(b *browser) { b.verify(ada) },
		"by another's service": func(b *browser) { want(b.t, b.send("GET", b.atExampleID(ada, "yes"), nil), http.StatusOK, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b := s.browser()
			b.register(ada)
			come(b)
			if !s.account(ada).EmailVerified || !b.signedIn() {
				t.Fatal("not verified, or not signed in")
			}
			other := s.browser()
			other.login(ada)
			want(t, s.browser().magic(ada), http.StatusOK, "")
			if !other.signedIn() {
				t.Error("a link ends the sessions of an account whose address was verified before")
			}
			s.browser().login(ada)
		})
	}
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, _ := s.member(ada)
	const next = "another good one"
	b.send("POST", "/magic", object{"email": ada})
	magic := s.token(ada, "/magic")
	r := s.browser()
	r.send("POST", "/forgot", object{"email": ada})
	unused := s.token(ada, "/reset")
	r.send("POST", "/forgot", object{"email": ada})
	token := s.token(ada, "/reset")
	// A password that cannot be does not spend the link.
	want(t, r.send("POST", "/reset", object{"token": token, "password": "short"}), http.StatusUnprocessableEntity, "invalid_password")
	page := r.submit("/reset", "token", token, "password", "short")
	if page.status != http.StatusUnprocessableEntity || !strings.Contains(page.body, `value="`+token+`"`) || !strings.Contains(page.body, "8 to 256") {
		t.Fatalf("status %d: %s", page.status, page.body)
	}
	before := s.sessionsOf(ada)
	want(t, r.send("POST", "/reset", object{"token": "wrong", "password": next}), http.StatusUnauthorized, "link_not_valid")
	if s.sessionsOf(ada) != before || !b.signedIn() {
		t.Fatal("a wrong link changed something")
	}
	r.submit("/reset", "token", token, "password", next).wantRedirect(t, "/challenge")
	if b.signedIn() || s.sessionsOf(ada) != 0 {
		t.Error("a session outlived the reset")
	}
	want(t, r.send("POST", "/reset", object{"token": unused, "password": next}), http.StatusUnauthorized, "link_not_valid")
	want(t, b.send("POST", "/magic/enter", object{"token": magic}), http.StatusUnauthorized, "link_not_valid")
	want(t, s.browser().send("POST", "/login", object{"email": ada, "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
	want(t, s.browser().send("POST", "/login", object{"email": ada, "password": next}), http.StatusOK, "")
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	told := false
	for _, m := range s.to(ada) {
		told = told || strings.Contains(m.Subject, "password")
	}
	if !told {
		t.Error("the owner is not told")
	}
}

// A link that was mailed before the password was changed would undo the change.
func TestChangedPasswordEndsLinks(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register(ada)
	thief := s.browser()
	thief.send("POST", "/forgot", object{"email": ada})
	want(t, b.send("POST", "/password", object{"current": goodPassword, "new": "another good one"}), http.StatusNoContent, "")
	want(t, thief.send("POST", "/reset", object{"token": s.token(ada, "/reset"), "password": "the thief's"}), http.StatusUnauthorized, "link_not_valid")
}

// Who has no password is told what to do where one would be asked for.
func TestWithoutAPassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	want(t, b.send("GET", b.atExampleID(ada, "yes"), nil), http.StatusOK, "")
	s.advance(11 * time.Minute)
	page := b.page("/confirm?return=/setup")
	if page.status != http.StatusOK || !strings.Contains(page.body, "Sign in again") || strings.Contains(page.body, `name="password"`) {
		t.Errorf("status %d: %s", page.status, page.body)
	}
	want(t, b.send("POST", "/reauthenticate", object{"password": ""}), http.StatusUnauthorized, "invalid_credentials")
	want(t, b.reset(ada, goodPassword), http.StatusOK, "")
	s.browser().login(ada)
}

// A45: however an address is written, it is one account, whose factors are asked for.
func TestA45_EverySpellingIsOneAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.member(ada)
	for _, spelling := range []string{"ADA@EXAMPLE.ORG", " ada@example.org", "Ada@Example.Org\t", "ada@EXAMPLE.org \r\n"} {
		for name, enter := range map[string]func(b *browser) reply{
			"password": func(b *browser) reply {
				return b.send("POST", "/login", object{"email": spelling, "password": goodPassword})
			},
			"API": func(b *browser) reply {
				return b.send("POST", "/api/token", object{"email": spelling, "password": goodPassword})
			},
			"link":  func(b *browser) reply { return b.magic(spelling) },
			"OAuth": func(b *browser) reply { return b.send("GET", b.atExampleID(spelling, "yes"), nil) },
		} {
			if r := enter(s.browser()); r.status != http.StatusOK || r.json(t)["status"] != "challenge" {
				t.Errorf("%q by %s: %s", spelling, name, r.body)
			}
		}
		want(t, s.browser().send("POST", "/register", object{"email": spelling, "password": goodPassword}), http.StatusConflict, "email_taken")
		want(t, s.browser().send("POST", "/dev/invite", object{"email": spelling}), http.StatusConflict, "email_taken")
		s.advance(24 * time.Hour) // for the throttle
	}
	// What only looks the same, or would be made the same by somebody, is refused.
	for _, other := range []string{"аda@example.org", "ａda@example.org", "ada@example．org", "ada@exam\u00adple.org", "ada\u200b@example.org", "Ada <ada@example.org>", "ada@example.org,eve@example.org", "ada@example.org\nBcc: eve@example.org"} {
		for _, path := range []string{"/magic", "/forgot", "/dev/invite"} {
			want(t, s.browser().send("POST", path, object{"email": other}), http.StatusUnprocessableEntity, "invalid_email")
		}
		b := s.browser()
		want(t, b.send("GET", b.atExampleID(other, "yes"), nil), http.StatusUnauthorized, "not_vouched")
		want(t, s.browser().send("POST", "/api/token", object{"email": other, "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
		s.advance(time.Minute)
	}
	var accounts int
	if err := s.app.db.QueryRowContext(s.t.Context(), `SELECT count(*) FROM webapp_accounts`).Scan(&accounts); err != nil || accounts != 1 {
		t.Errorf("%d accounts, %v", accounts, err)
	}
}
