package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// told are the mails to an address, once all that was left to tell is told.
func (s *server) told(address string) []message {
	s.t.Helper()
	tidy(s.t.Context(), s.data, s.app.engine, s.app.clock.Now(), s.app.log)
	return s.to(address)
}

// noticeLink is the link in the latest mail with this in its subject.
func (s *server) noticeLink(address, subject string) (path string) {
	s.t.Helper()
	for _, m := range s.told(address) {
		if strings.Contains(m.Subject, subject) {
			return find(s.t, m.Body, s.url+`(/mfa/notice\?token=\S+)`)
		}
	}
	s.t.Fatalf("no mail %q among %d", subject, len(s.to(address)))
	return ""
}

// press opens a mailed link and presses its button.
func (b *browser) press(link string) reply {
	b.t.Helper()
	want(b.t, b.page(link), http.StatusOK, "")
	_, token, _ := strings.Cut(link, "token=")
	token, err := url.QueryUnescape(token)
	if err != nil {
		b.t.Fatal(err)
	}
	b.header.Set("Origin", b.s.url)
	defer b.header.Del("Origin")
	return b.submit("/mfa/notice", "token", token)
}

// Whoever reads the mail undoes what a thief of the password has enrolled first: the
// thief is out, and the password opens nothing any more.
func TestC21_OwnerUndoesTheFirstEnrolment(t *testing.T) {
	t.Parallel()
	s := start(t)
	thief, owner := s.browser(), s.browser()
	thief.register("ada@example.org")
	thief.enroll()
	owner.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	link := s.noticeLink("ada@example.org", "was added")
	if !thief.signedIn() {
		t.Fatal("opening the link did something")
	}
	done := owner.press(link)
	want(t, done, http.StatusOK, "")
	if !strings.Contains(done.body, `href="/forgot"`) || !strings.Contains(done.body, "/static/style.css") {
		t.Errorf("it does not say how to go on: %s", done.body)
	}
	if thief.signedIn() || s.sessionsOf("ada@example.org") != 0 {
		t.Error("the thief is signed in")
	}
	want(t, thief.send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
	if r := owner.press(link); r.status == http.StatusOK {
		t.Errorf("the link works twice: %s", r.body)
	}
}

// A delayed reset from its beginning to its end: it takes the password twice, the
// browser that asked, the time, and the mail.
func TestA95_DelayedResetEndsWhatWasThere(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required","delayed_reset":"72h"}`))
	old, b := s.browser(), s.browser()
	old.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword})
	old.enroll()
	s.confirmed("ada@example.org")
	login := func(b *browser) {
		t.Helper()
		b.submit("/login", "email", "ada@example.org", "password", goodPassword).wantRedirect(t, "/challenge")
	}
	login(b)
	b.submit("/lost").wantRedirect(t, "/lost?said=asked")
	if link := s.noticeLink("ada@example.org", "asked to reset"); link == "" {
		t.Error("the owner has no link to cancel it")
	}
	s.advance(73 * time.Hour)
	link := s.noticeLink("ada@example.org", "can be reset")

	stranger := s.browser() // who has the password and the mail, and not the browser
	login(stranger)
	if page := stranger.page(link).body; strings.Contains(page, "<button") {
		t.Errorf("a button for a stranger: %s", page)
	}
	if r := b.press(link); r.status == http.StatusSeeOther { // the sign-in that asked is over
		t.Errorf("claimed without the password: to %s", r.header.Get("Location"))
	}
	login(b)
	if page := b.page("/lost").body; !strings.Contains(page, "is ready") {
		t.Errorf("%s", page)
	}
	b.press(link).wantRedirect(t, "/continue")
	if b.signedIn() || old.signedIn() {
		t.Error("signed in")
	}
	b.page("/continue").wantRedirect(t, "/setup")
	b.enroll()
	if !b.signedIn() {
		t.Error("not in after setting something up")
	}
}

// The link of the first mail cancels it, whoever asked.
func TestC21_OwnerCancelsTheReset(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","delayed_reset":"72h"}`))
	owner, thief := s.browser(), s.browser()
	owner.register("ada@example.org")
	s.confirmed("ada@example.org")
	owner.enroll()
	thief.submit("/login", "email", "ada@example.org", "password", goodPassword)
	thief.submit("/lost")
	want(t, s.browser().press(s.noticeLink("ada@example.org", "asked to reset")), http.StatusOK, "")
	want(t, thief.send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
	s.advance(73 * time.Hour)
	for _, m := range s.told("ada@example.org") {
		if strings.Contains(m.Subject, "can be reset") {
			t.Errorf("it went on: %v", m)
		}
	}
	if page := thief.page("/lost"); page.status == http.StatusOK {
		t.Errorf("the thief's sign-in goes on: %s", page.body)
	}
}

// The trail has each event, one JSON object on a line, and only its owner reads it.
func TestAuditFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	s := start(t, "-audit", file)
	b := s.browser()
	b.register("ada@example.org")
	b.enroll()
	tidy(t.Context(), s.data, s.app.engine, s.app.clock.Now(), s.app.log)
	if err := closeEngine(t.Context(), s.app.engine); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	seen := map[any]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var line object
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		seen[line["type"]] = true
	}
	if !seen[string(mfa.EventEnrolled)] || !seen[string(mfa.EventFlowPassed)] || !seen[string(mfa.EventRecoveryCodes)] {
		t.Errorf("%v", seen)
	}
	if strings.Contains(s.log.String(), "mfa: ") {
		t.Errorf("it is in the log too: %s", s.log)
	}
}
