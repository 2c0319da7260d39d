package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// confirmed has seen the owner read mail at the address, without which there is no reset.
func (s *server) confirmed(email string) {
	s.t.Helper()
	acc, err := s.app.accounts.byEmail(s.t.Context(), email)
	if err == nil {
		err = s.app.accounts.verified(s.t.Context(), acc)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Whoever has lost everything finds a way that takes time, and only where the
// policy grants one. The owner can stop it.
func TestLostEverything(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","delayed_reset":"72h"}`))
	owner, b := s.browser(), s.browser()
	owner.register("ada@example.org")
	s.confirmed("ada@example.org")
	p := owner.enroll()
	owner.signIn("ada@example.org", p)
	b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	if page := b.page("/challenge").body; !strings.Contains(page, `href="/lost"`) {
		t.Fatalf("no way on: %s", page)
	}
	if page := b.page("/lost").body; !strings.Contains(page, "3 days") || !strings.Contains(page, `action="/lost"`) {
		t.Errorf("not explained: %s", page)
	}
	b.submit("/lost").wantRedirect(t, "/lost?said=asked")
	if b.cookie("mfa-reset") == "" {
		t.Error("the browser has no ticket")
	}
	if page := b.page("/lost").body; strings.Contains(page, `action="/lost"`) || !strings.Contains(page, s.app.clock.Now().Add(72*time.Hour).UTC().Format("2 January 2006")) {
		t.Errorf("it does not say when it is ready: %s", page)
	}
	if page := owner.page("/settings").body; !strings.Contains(page, `href="/settings/reset"`) {
		t.Fatalf("the owner is not told: %s", page)
	}
	want(t, owner.page("/settings/reset"), http.StatusOK, "")
	owner.submit("/settings/reset/cancel").wantRedirect(t, "/settings?said=kept")
	if page := owner.page("/settings").body; strings.Contains(page, `href="/settings/reset"`) {
		t.Error("it is still there")
	}
	if r := b.submit("/lost"); r.status != http.StatusTooManyRequests || !strings.Contains(r.body, "cancelled not long ago") {
		t.Errorf("status %d: %s", r.status, r.body)
	}
}

func TestNoResetWithoutAPolicyThatGrantsIt(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	b.enroll()
	b.submit("/login", "email", "ada@example.org", "password", goodPassword)
	if page := b.page("/challenge").body; strings.Contains(page, "/lost") {
		t.Errorf("%s", page)
	}
	want(t, b.page("/lost"), http.StatusForbidden, "")
	want(t, b.submit("/lost"), http.StatusForbidden, "")
	want(t, s.browser().page("/lost"), http.StatusGone, "")
}
