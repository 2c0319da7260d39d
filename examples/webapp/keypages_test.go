package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/webauthn"
)

const (
	nudge  = "Add a second one, so that losing it"
	addKey = `href="/setup/key"`
	addApp = `href="/setup/app"`
)

func TestOneMethodIsANudgeAndTwoAreNot(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	for _, path := range []string{"/setup", "/settings"} {
		page := b.page(path).body
		if strings.Contains(page, nudge) || !strings.Contains(page, addKey) || !strings.Contains(page, addApp) {
			t.Errorf("%s with none: %s", path, page)
		}
	}
	if page := b.page("/").body; !strings.Contains(page, `href="/setup"`) {
		t.Errorf("no nudge at the start: %s", page)
	}
	k := s.key(authenticator.Options{})
	b.addKey(k, "")
	if page := b.page("/settings").body; !strings.Contains(page, nudge) {
		t.Error("no nudge with one")
	}
	b.signInByKey("ada@example.org", k)
	b.enroll()
	page := b.page("/settings").body
	if strings.Contains(page, nudge) {
		t.Error("a nudge with two")
	}
	if n := strings.Count(page, `<a href="/settings/enrollments/`); n != 2 || !strings.Contains(page, addKey) || !strings.Contains(page, addApp) {
		t.Errorf("%d methods are listed: %s", n, page)
	}
}

// Whatever was wrong, the page says what, and can be used again.
func TestAddingAKeyCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{})
	id, begun := b.beginKey("Mine")
	right := string(sign(t, k.Create, begun))
	_, another := b.beginKey("Mine")
	for _, c := range []struct {
		name, id, credential string
		status               int
		says                 string
	}{
		{"no script", id, "", http.StatusBadRequest, "could not be confirmed"},
		{"answer to another", id, string(sign(t, s.key(authenticator.Options{}).Create, another)), http.StatusUnauthorized, "could not be confirmed"},
		{"spent by that", id, right, http.StatusUnauthorized, "could not be confirmed"},
		{"not one of this user", "AAAA", right, http.StatusGone, "begin again"},
		{"no enrolment", "", right, http.StatusGone, "begin again"},
		{"credential of nothing", id, "{}", http.StatusUnauthorized, "could not be confirmed"},
	} {
		page := b.submit("/setup/key", "id", c.id, "label", "Mine", "credential", c.credential)
		if page.status != c.status || !strings.Contains(page.body, c.says) {
			t.Errorf("%s: status %d, %s", c.name, page.status, page.body)
		}
		if c.status != http.StatusGone && !strings.Contains(page.body, `value="Mine"`) || !strings.Contains(page.body, `id="key-button"`) || !strings.Contains(page.body, `role="alert"`) {
			t.Errorf("%s: no way to try again: %s", c.name, page.body)
		}
	}
	_, codes := b.addKey(s.key(authenticator.Options{}), "Mine")
	want(t, codes, http.StatusOK, "")
	if page := b.page("/settings").body; !strings.Contains(page, "<strong><bdi>Mine</bdi></strong>") {
		t.Error("it is not called what it was to be called")
	}
}

func TestSameKeyTwiceIsRefusedByTheBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	k := s.key(authenticator.Options{})
	b.addKey(k, "")
	b.signInByKey("ada@example.org", k)
	_, begun := b.beginKey("")
	if _, err := k.Create([]byte(begun.body)); !errors.Is(err, authenticator.ErrExcluded) {
		t.Errorf("%v", err)
	}
}

func TestFlowThatAsksToEnrolTakesAKey(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required"}`))
	b := s.browser()
	b.submit("/register", "email", "ada@example.org", "password", goodPassword, "phone", "").wantRedirect(t, "/setup")
	if page := b.page("/setup").body; !strings.Contains(page, addKey) {
		t.Errorf("no word of keys: %s", page)
	}
	if page := b.page("/setup/key").body; !strings.Contains(page, "to go on") || !strings.Contains(page, `href="/setup"`) {
		t.Errorf("no word of apps: %s", page)
	}
	_, codes := b.addKey(s.key(authenticator.Options{}), "")
	want(t, codes, http.StatusOK, "")
	if !strings.Contains(codes.body, `href="/setup/more?return=%2F&amp;said=key"`) || !b.signedIn() {
		t.Errorf("not in: %s", codes.body)
	}
	if page := b.page("/setup/more?said=key").body; !strings.Contains(page, "Your key is set up.") {
		t.Error("the page does not say so")
	}
}

func TestPolicyOfKeysAlone(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required","methods":["webauthn"]}`))
	b := s.browser()
	b.submit("/register", "email", "ada@example.org", "password", goodPassword, "phone", "").wantRedirect(t, "/setup")
	b.page("/setup").wantRedirect(t, "/setup/key")
	b.addKey(s.key(authenticator.Options{}), "")
	if page := b.page("/settings").body; strings.Contains(page, addApp) || !strings.Contains(page, addKey) {
		t.Errorf("an app is offered: %s", page)
	}
}

func TestPolicyWithoutKeys(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","methods":["totp"]}`))
	b := s.browser()
	b.register("ada@example.org")
	if page := b.page("/settings").body; strings.Contains(page, addKey) || strings.Contains(page, "passkey") {
		t.Errorf("a key is offered: %s", page)
	}
	if r := b.page("/setup/key"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "not offered for your account") {
		t.Errorf("status %d, %s", r.status, r.body)
	}
}

func TestKeyOnlyAfterAnotherMethod(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","not_first":["webauthn"]}`))
	b := s.browser()
	b.register("ada@example.org")
	const later = "Can be added once you have another way"
	if page := b.page("/settings").body; strings.Contains(page, addKey) || !strings.Contains(page, later) {
		t.Errorf("%s", page)
	}
	if r := b.page("/setup/key"); r.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d, %s", r.status, r.body)
	}
	want(t, b.send("POST", "/mfa/enrollments", object{"method": webauthn.Name}), http.StatusUnprocessableEntity, "method_not_allowed")
	b.signIn("ada@example.org", b.enroll())
	if page := b.page("/settings").body; !strings.Contains(page, addKey) || strings.Contains(page, later) {
		t.Errorf("after an app: %s", page)
	}
	b.addKey(s.key(authenticator.Options{}), "")
}

// An address is no name, so there are no keys; all else works.
func TestOriginWithoutAName(t *testing.T) {
	t.Parallel()
	s := start(t, "-origin", "http://127.0.0.1:8080")
	b := s.browser()
	b.register("ada@example.org")
	if page := b.page("/settings").body; strings.Contains(page, addKey) {
		t.Errorf("%s", page)
	}
	want(t, b.page("/setup/key"), http.StatusUnprocessableEntity, "")
	if page := b.page("/login").body; strings.Contains(page, "key-button") || !strings.Contains(page, "-origin http://localhost:8080") {
		t.Errorf("%s", page)
	}
	want(t, b.send("POST", "/mfa/passkey/begin", object{}), http.StatusUnprocessableEntity, "method_not_allowed")
	b.signIn("ada@example.org", b.enroll())
	_, err := parseConfig([]string{"-origin", "http://127.0.0.1:8080", "-policy", writeFile(t, `{"mode":"offer","methods":["webauthn"]}`)}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "webauthn") {
		t.Errorf("a policy of keys alone: %v", err)
	}
}

// The app answers at the address that it listens on, as well as at its name, and
// says where keys work.
func TestAddressBesideTheName(t *testing.T) {
	t.Parallel()
	s := start(t)
	byName := s.url
	s.url = strings.Replace(s.url, "localhost", "127.0.0.1", 1)
	b := s.browser()
	b.header.Set("Origin", s.url)
	b.header.Set("Sec-Fetch-Site", "same-origin")
	b.register("ada@example.org")
	b.signIn("ada@example.org", b.enroll())
	if page := b.page("/login").body; strings.Contains(page, "key-button") || !strings.Contains(page, `<a href="`+byName+`">`) {
		t.Errorf("%s", page)
	}
}
