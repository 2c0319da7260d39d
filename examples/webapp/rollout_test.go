package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// A browser that is remembered is not asked for a code, for as long as the policy
// says; another one is, and so is this one without the box.
func TestRememberedBrowserIsNotAsked(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","remember":{"days":30}}`))
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.submit("/logout")
	answer := func(fields ...string) {
		t.Helper()
		b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
		page := b.page("/challenge").body
		if !strings.Contains(page, `name="remember" type="checkbox"`) || !strings.Contains(page, "for 30 days") {
			t.Fatalf("no box in %s", page)
		}
		option := find(t, page, `name="option" value="([^"]+)"`)
		b.submit("/challenge", append(fields, "option", option, "code", p.next(), "return", "/")...).wantRedirect(t, "/")
		b.submit("/logout")
	}
	answer()
	answer("remember", "yes")
	s.advance(29 * 24 * time.Hour)
	b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/")
	s.browser().submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	b.submit("/logout")
	s.advance(25 * time.Hour)
	b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
}

// Without a policy that grants it there is no box.
func TestNothingIsRememberedUnasked(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.submit("/login", "email", "ada@example.org", "password", goodPassword)
	page := b.page("/challenge").body
	if strings.Contains(page, `name="remember"`) {
		t.Errorf("a box in %s", page)
	}
	b.submit("/challenge", "option", find(t, page, `name="option" value="([^"]+)"`), "code", p.next(), "return", "/", "remember", "yes").wantRedirect(t, "/")
	b.submit("/logout")
	b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
}

// An enrolment can be put off as often as the policy says, and not once more.
func TestEnrolmentCanBePutOffAsOftenAsThePolicySays(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required","grace":{"skips":2},"support":"https://help.example/mfa"}`))
	b := s.browser()
	b.submit("/register", "email", "ada@example.org", "password", goodPassword, "phone", "").wantRedirect(t, "/setup")
	for _, left := range []string{"2 more times", "once more"} {
		for _, way := range []string{"/setup", "/setup/app", "/setup/key", "/setup/sms"} {
			page := b.page(way).body
			if !strings.Contains(page, "You can put this off "+left) || !strings.Contains(page, `action="/challenge/skip"`) || !strings.Contains(page, `href="https://help.example/mfa"`) {
				t.Errorf("%s: not %q, or no support: %s", way, left, page)
			}
		}
		b.submit("/challenge/skip").wantRedirect(t, "/")
		if !b.signedIn() {
			t.Fatal("not let in")
		}
		b.submit("/logout")
		b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/setup")
	}
	if page := b.page("/setup").body; strings.Contains(page, "/challenge/skip") {
		t.Errorf("it can still be put off: %s", page)
	}
	if r := b.submit("/challenge/skip"); r.status != http.StatusForbidden || !strings.Contains(r.body, "cannot be put off any more") {
		t.Errorf("status %d: %s", r.status, r.body)
	}
	if b.signedIn() {
		t.Error("let in")
	}
}

// Whoever has fewer methods than they should is told after signing in, and in the settings.
func TestNudge(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","nudge":2}`))
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	for _, page := range []string{"/", "/settings"} {
		if text := b.page(page).body; !strings.Contains(text, `card nudge"`) {
			t.Errorf("%s: no word", page)
		}
	}
	b.signIn("ada@example.org", p)
	b.enroll()
	for _, page := range []string{"/", "/settings"} {
		if text := b.page(page).body; strings.Contains(text, `card nudge"`) {
			t.Errorf("%s: still", page)
		}
	}
}
