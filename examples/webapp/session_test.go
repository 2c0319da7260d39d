package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestC12_SessionIDIsNewAfterEachSuccess(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	phone := b.enroll()
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"signing in", func() { b.signIn("ada@example.org", phone) }},
		{"the password again", func() {
			want(t, b.send("POST", "/reauthenticate", object{"password": goodPassword}), http.StatusNoContent, "")
		}},
		{"a step-up", func() {
			s.advance(11 * time.Minute)
			r := b.send("POST", "/mfa/stepup", nil)
			want(t, r, http.StatusOK, "")
			option := optionOf(t, r.json(t), "totp")
			want(t, b.send("POST", "/mfa/flow/verify", object{"option": option, "code": phone.next()}), http.StatusOK, "")
		}},
		{"a changed password", func() {
			want(t, b.send("POST", "/password", object{"current": goodPassword, "new": goodPassword + "!"}), http.StatusNoContent, "")
		}},
		{"a removal", func() {
			want(t, b.send("DELETE", "/mfa/enrollments/"+phone.id, nil), http.StatusNoContent, "")
		}},
	} {
		t.Run(step.name, func(t *testing.T) {
			before := b.cookie("session")
			step.do()
			after := b.cookie("session")
			if after == "" || after == before {
				t.Fatalf("session %q, before %q", after, before)
			}
			if !b.signedIn() {
				t.Fatal("signed out")
			}
			old := s.browser()
			old.setCookie("session", before)
			if old.signedIn() {
				t.Error("the old id still works")
			}
		})
	}
}

func TestA39_SessionIDIsNeverTheClientsChoice(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register("ada@example.org")
	b := s.browser()
	b.setCookie("session", strings.Repeat("A", 52))
	b.login("ada@example.org")
	if id := b.cookie("session"); id == strings.Repeat("A", 52) || len(id) != 52 {
		t.Errorf("session %q", id)
	}
	attacker := s.browser()
	attacker.setCookie("session", strings.Repeat("A", 52))
	if attacker.signedIn() {
		t.Error("a planted id became a session")
	}
}

func TestC13_OtherSessionsEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *server, b *browser, p *phone){
		"with a changed password": func(_ *server, b *browser, _ *phone) {
			want(t, b.send("POST", "/password", object{"current": goodPassword, "new": "another good one"}), http.StatusNoContent, "")
		},
		"with another app": func(_ *server, b *browser, _ *phone) { b.enroll() },
		"with another app on the page": func(_ *server, b *browser, p *phone) {
			page := b.submit("/setup", "label", "Tablet").body
			second := phone{s: p.s, secret: find(t, page, `secret=([A-Z2-7]+)`)}
			want(t, b.submit("/setup/confirm", "id", find(t, page, `name="id" value="([^"]+)"`), "code", second.code()), http.StatusSeeOther, "")
		},
		"with a removed app": func(_ *server, b *browser, p *phone) {
			want(t, b.send("DELETE", "/mfa/enrollments/"+p.id, nil), http.StatusNoContent, "")
		},
		"with a removed app on the page": func(_ *server, b *browser, p *phone) {
			want(t, b.submit("/settings/enrollments/"+p.id+"/remove"), http.StatusSeeOther, "")
		},
		"with a reset": func(_ *server, b *browser, _ *phone) {
			want(t, b.send("DELETE", "/mfa/enrollments", nil), http.StatusNoContent, "")
		},
		"on request": func(_ *server, b *browser, _ *phone) {
			want(t, b.submit("/settings/sign-out-others"), http.StatusSeeOther, "")
		},
		"with a sign-in by recovery code": func(s *server, b *browser, p *phone) {
			want(t, b.send("POST", "/logout", nil), http.StatusNoContent, "")
			b.login("ada@example.org")
			want(t, b.send("POST", "/mfa/flow/verify", object{"option": "recovery", "code": p.codes[0]}), http.StatusOK, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			b, other := s.browser(), s.browser()
			b.register("ada@example.org")
			phone := b.enroll()
			other.signIn("ada@example.org", phone)
			b.signIn("ada@example.org", phone)
			stranger := s.browser()
			stranger.register("eve@example.org")

			if !other.signedIn() {
				t.Fatal("the other browser was not signed in")
			}
			change(s, b, phone)
			if rows := s.sessionsOf("ada@example.org"); rows != 1 {
				t.Errorf("%d sessions are left", rows)
			}
			if !b.signedIn() {
				t.Error("the browser that made the change is signed out")
			}
			if other.signedIn() {
				t.Error("the other browser is still signed in")
			}
			if !stranger.signedIn() {
				t.Error("another account's session ended")
			}
		})
	}
}

// Whoever got in by the password alone, before the owner had to enrol, goes when
// the owner does.
func TestC13_OtherSessionsEndWithAnEnrolmentInASignIn(t *testing.T) {
	t.Parallel()
	for name, enroll := range map[string]func(s *server, b *browser){
		"by the API": func(_ *server, b *browser) { b.enroll() },
		"on the page": func(s *server, b *browser) {
			page := b.submit("/setup", "label", "Phone").body
			p := phone{s: s, secret: find(t, page, `secret=([A-Z2-7]+)`)}
			want(t, b.submit("/setup/confirm", "id", find(t, page, `name="id" value="([^"]+)"`), "code", p.code()), http.StatusOK, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "-policy", writeFile(t, `{"mode":"required"}`))
			b := s.browser()
			b.register("ada@example.org")
			acc, err := s.app.accounts.byEmail(t.Context(), "ada@example.org")
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.app.sessions.create(t.Context(), grant{acc.ID, mfa.Authentication{User: acc.ID}, s.app.clock.Now().Add(time.Hour)})
			if err != nil || s.sessionsOf("ada@example.org") != 1 {
				t.Fatal(err)
			}
			enroll(s, b)
			if rows := s.sessionsOf("ada@example.org"); rows != 1 || !b.signedIn() {
				t.Errorf("%d sessions, the owner's among them: %v", rows, b.signedIn())
			}
		})
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	s.advance(12*time.Hour - time.Minute)
	if !b.signedIn() {
		t.Fatal("out before twelve hours")
	}
	want(t, b.send("POST", "/reauthenticate", object{"password": goodPassword}), http.StatusNoContent, "")
	id := b.cookie("session")
	s.advance(time.Minute)
	again := s.browser()
	again.setCookie("session", id) // a client that does not drop cookies
	if again.signedIn() {
		t.Error("in after twelve hours: the password made the session live longer")
	}
}

func TestLogoutEndsTheSessionOnTheServer(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	id := b.cookie("session")
	want(t, b.send("POST", "/logout", nil), http.StatusNoContent, "")
	b.setCookie("session", id)
	if b.signedIn() {
		t.Error("the id works after signing out")
	}
}

// A password that is right begins a sign-in; the session of whoever was here
// before must not be there beside it.
func TestSigningInEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.browser()
	ada.register("ada@example.org")
	ada.enroll()
	b := s.browser()
	b.register("eve@example.org")
	id := b.cookie("session")
	b.login("ada@example.org")
	if b.signedIn() {
		t.Error("still signed in as the one before")
	}
	b.setCookie("session", id)
	if b.signedIn() {
		t.Error("the session before was not ended")
	}
}

func TestCookies(t *testing.T) {
	t.Parallel()
	b := start(t).browser()
	r := b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword})
	for _, c := range (&http.Response{Header: r.header}).Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %+v", c)
		}
	}
	a := &app{secure: true}
	if a.cookieName() != "__Host-session" {
		t.Errorf("name %s", a.cookieName())
	}
}

// Support works elsewhere, and cannot reach this app's sessions.
func TestC13_ResetBySupportEndsSessions(t *testing.T) {
	t.Parallel()
	s := start(t, "-admin", "root@example.org") // else the oldest account is an admin's, in development
	b := s.browser()
	b.register("ada@example.org")
	b.enroll()
	s.browser().register("helper@example.org")
	if err := s.app.accounts.setRank(t.Context(), "helper@example.org", support); err != nil {
		t.Fatal(err)
	}
	helper, err := s.app.accounts.byEmail(t.Context(), "helper@example.org")
	if err != nil {
		t.Fatal(err)
	}
	acc, err := s.app.accounts.byEmail(t.Context(), "ada@example.org")
	if err != nil || !b.signedIn() {
		t.Fatal(err)
	}
	if err := s.app.engine.Reset(t.Context(), mfa.Reset{User: acc.user(), Actor: helper.ID, Reason: "lost phone"}); err != nil {
		t.Fatal(err)
	}
	if b.signedIn() || s.sessionsOf("ada@example.org") != 0 {
		t.Error("still signed in")
	}
	if r := b.page("/settings"); r.status != http.StatusSeeOther {
		t.Errorf("settings: status %d", r.status)
	}
}

// A password that was right when it was checked, and was changed before the flow
// began, is not right.
func TestPasswordChangedMeanwhile(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register("ada@example.org")
	acc, err := s.app.accounts.byEmail(t.Context(), "ada@example.org")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", s.url+"/login", nil)
	if _, err := s.app.signIn(r, acc, mfa.Password); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	if err := s.app.accounts.setPassword(t.Context(), acc, "another hash"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.signIn(r, acc, mfa.Password); !errors.Is(err, errWrongPassword) {
		t.Errorf("changed: %v", err)
	}
	if err := s.app.accounts.setPassword(t.Context(), acc, "a third"); !errors.Is(err, errNoAccount) {
		t.Errorf("a change over another change: %v", err)
	}
}
