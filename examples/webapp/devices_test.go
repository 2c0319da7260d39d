package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// rememberedIn signs in and has this browser remembered.
func (b *browser) rememberedIn(email string, p *phone) {
	b.t.Helper()
	b.submit("/login", "email", email, "password", goodPassword)
	option := find(b.t, b.page("/challenge").body, `name="option" value="([^"]+)"`)
	b.submit("/challenge", "option", option, "code", p.next(), "return", "/", "remember", "yes").wantRedirect(b.t, "/")
}

// Browsers are listed, with what people tell them by, and can be forgotten one by
// one or all at once.
func TestD05_BrowsersAreListedAndForgotten(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","remember":{"days":5}}`))
	b, other := s.browser(), s.browser()
	b.header.Set("User-Agent", firefox)
	b.register("ada@example.org")
	p := b.enroll()
	other.rememberedIn("ada@example.org", p)
	b.rememberedIn("ada@example.org", p)
	page := b.page("/settings/devices").body
	until := s.app.clock.Now().Add(5 * 24 * time.Hour).UTC().Format("2 January 2006")
	for _, text := range []string{"Firefox on Linux", "This browser", "Not asked until", until, "127.0.0.1", "First seen", "last seen"} {
		if !strings.Contains(page, text) {
			t.Errorf("no %q in %s", text, page)
		}
	}
	others := strings.Split(page, `This browser`)[1]
	id := find(t, others[strings.Index(others, "</li>"):], `action="/settings/devices/([^"]+)/forget"`)
	b.submit("/settings/devices/"+id+"/forget").wantRedirect(t, "/settings/devices?said=forgotten")
	b.submit("/settings/devices/"+id+"/forget").wantRedirect(t, "/settings/devices?said=forgotten")
	if page := b.page("/settings/devices").body; strings.Count(page, "First seen") != 1 {
		t.Errorf("not one left: %s", page)
	}
	other.submit("/logout")
	other.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	b.submit("/logout")
	b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/")

	// That session has proved nothing but the password: it may look and not touch.
	b.submit("/settings/devices/forget-all").wantRedirect(t, "/confirm?return=%2Fsettings%2Fdevices")
	other.rememberedIn("ada@example.org", p)
	other.submit("/settings/devices/forget-all").wantRedirect(t, "/settings/devices?said=forgotten")
	for _, b := range []*browser{b, other} {
		b.submit("/logout")
		b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	}
}

// After "sign out everywhere" nobody is signed in, and no browser is remembered.
func TestC13_SignOutEverywhere(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","remember":{"days":5}}`))
	b, other := s.browser(), s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	other.rememberedIn("ada@example.org", p)
	b.rememberedIn("ada@example.org", p)
	want(t, b.submit("/settings/sign-out-everywhere"), http.StatusOK, "")
	for name, b := range map[string]*browser{"this one": b, "the other": other} {
		if b.signedIn() {
			t.Errorf("%s is signed in", name)
		}
		b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	}
	if n := s.sessionsOf("ada@example.org"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}
