package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A mailedLink is one kind of link from a mail.
type mailedLink struct {
	name  string
	page  string
	life  time.Duration
	bound bool // to the browser that asked
	ask   func(s *server, b *browser)
	to    string
	press func(b *browser, token string) reply
	good  int // the status of a press that works
}

func mailedLinks() []mailedLink {
	return []mailedLink{
		{"magic link", "/magic", 15 * time.Minute, true, func(_ *server, b *browser) {
			want(b.t, b.send("POST", "/magic", object{"email": ada}), http.StatusNoContent, "")
		}, ada, func(b *browser, token string) reply { return b.send("POST", "/magic/enter", object{"token": token}) }, http.StatusOK},
		{"reset", "/reset", 15 * time.Minute, false, func(_ *server, b *browser) {
			want(b.t, b.send("POST", "/forgot", object{"email": ada}), http.StatusNoContent, "")
		}, ada, func(b *browser, token string) reply {
			return b.send("POST", "/reset", object{"token": token, "password": "another good one"})
		}, http.StatusOK},
		{"confirmation", "/verify", 15 * time.Minute, true, func(_ *server, b *browser) {
			b.login(ada)
			want(b.t, b.send("POST", "/verify", nil), http.StatusNoContent, "")
		}, ada, func(b *browser, token string) reply { return b.send("POST", "/verify/confirm", object{"token": token}) }, http.StatusNoContent},
		{"invitation", "/invite", 7 * 24 * time.Hour, false, func(s *server, _ *browser) {
			want(s.t, s.browser().send("POST", "/dev/invite", object{"email": "new@example.org"}), http.StatusNoContent, "")
		}, "new@example.org", func(b *browser, token string) reply {
			return b.send("POST", "/invite", object{"token": token, "password": goodPassword})
		}, http.StatusCreated},
	}
}

func TestMailedLinksWorkOnce(t *testing.T) {
	t.Parallel()
	for _, l := range mailedLinks() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.browser().register(ada)
			b := s.browser()
			l.ask(s, b)
			token := s.token(l.to, l.page)
			for range 3 { // as scanners of mail do
				if r := b.page(l.page + "?token=" + token); r.status != http.StatusOK || !strings.Contains(r.body, `value="`+token+`"`) {
					t.Fatalf("status %d: %s", r.status, r.body)
				}
			}
			// At the same moment: one gets through.
			var mu sync.Mutex
			var wg sync.WaitGroup
			answers := map[int]int{}
			for range 8 {
				wg.Go(func() {
					r := l.press(b, token)
					mu.Lock()
					defer mu.Unlock()
					answers[r.status]++
				})
			}
			wg.Wait()
			if answers[l.good] != 1 {
				t.Errorf("answers %v", answers)
			}
			want(t, l.press(b, token), http.StatusUnauthorized, "link_not_valid")
		})
	}
}

func TestMailedLinksEnd(t *testing.T) {
	t.Parallel()
	for _, l := range mailedLinks() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.browser().register(ada)
			b := s.browser()
			l.ask(s, b)
			token := s.token(l.to, l.page)
			s.advance(l.life)
			want(t, l.press(b, token), http.StatusUnauthorized, "link_not_valid")
			if l.page != "/verify" && b.signedIn() {
				t.Error("signed in")
			}
		})
	}
}

func TestMailedLinksInAnotherBrowser(t *testing.T) {
	t.Parallel()
	for _, l := range mailedLinks() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.browser().register(ada)
			b, other := s.browser(), s.browser()
			l.ask(s, b)
			if l.page == "/verify" {
				other.login(ada)
			}
			token := s.token(l.to, l.page)
			if !l.bound { // people read mail on their phones
				want(t, l.press(other, token), l.good, "")
				return
			}
			want(t, l.press(other, token), http.StatusUnauthorized, "link_not_valid")
			page := other.submit(map[string]string{"/magic": "/magic/enter", "/verify": "/verify/confirm"}[l.page], "token", token)
			if page.status != http.StatusUnauthorized || !strings.Contains(page.body, "not in this browser") {
				t.Errorf("status %d: %s", page.status, page.body)
			}
			other.setCookie("for-sign-in", "")
			want(t, l.press(other, token), http.StatusUnauthorized, "link_not_valid")
			want(t, l.press(b, token), l.good, "") // it is not spent by that
		})
	}
}

// A link for one thing is worth nothing for another.
func TestMailedLinksAreForOneThing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	for _, l := range mailedLinks() {
		b := s.browser()
		b.login(ada)
		l.ask(s, b)
		token := s.token(l.to, l.page)
		for from, to := range map[string]string{"/magic": "for-verify", "/verify": "for-sign-in"} {
			if l.page == from { // the other kind's cookie has the right secret, too
				b.setCookie(to, b.cookie(map[string]string{"/magic": "for-sign-in", "/verify": "for-verify"}[from]))
			}
		}
		for _, o := range mailedLinks() {
			if o.page != l.page {
				want(t, o.press(b, token), http.StatusUnauthorized, "link_not_valid")
			}
		}
		for _, token := range []string{"", "x", strings.Repeat("A", 52), strings.Repeat("A", 10000)} {
			want(t, l.press(b, token), http.StatusUnauthorized, "link_not_valid")
		}
		s.advance(time.Hour)
	}
}

// A link that went to an address is worth nothing once the account has another.
func TestMailedLinksGoWithTheAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	for _, l := range mailedLinks()[:3] {
		b := s.browser()
		l.ask(s, b)
		token := s.token(l.to, l.page)
		change := func(from, to string) {
			if _, err := s.app.db.ExecContext(s.t.Context(), `UPDATE webapp_accounts SET email = ? WHERE email = ?`, to, from); err != nil {
				t.Fatal(err)
			}
		}
		change(ada, "ada@example.net")
		want(t, l.press(b, token), http.StatusUnauthorized, "link_not_valid")
		change("ada@example.net", ada)
		if s.account(ada).EmailVerified {
			t.Errorf("%s: verified", l.name)
		}
	}
}

// Who reads the database finds nothing in it that works as a link.
func TestC15_LinksAreStoredHashed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	b := s.browser()
	b.send("POST", "/magic", object{"email": ada})
	var stored string
	if err := s.app.db.QueryRowContext(s.t.Context(), `SELECT group_concat(hex(id) || hex(browser) || id || browser || data) FROM webapp_links`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	token, secret := s.token(ada, "/magic"), b.cookie("for-sign-in")
	for _, secret := range []string{token, secret} {
		if len(secret) != 52 || strings.Contains(stored, secret) || strings.Contains(stored, fmt.Sprintf("%X", secret)) || strings.Contains(s.log.String(), secret) {
			t.Errorf("%q is stored: %s", secret, stored)
		}
	}
}

// Asking tells nobody whether there is an account, nor of what kind it is.
func TestC15_AskingForAMailTellsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.member("protected@example.org")
	s.browser().register("plain@example.org")
	for _, path := range []string{"/magic", "/forgot"} {
		var first *reply
		for _, email := range []string{"plain@example.org", "protected@example.org", "nobody@example.org"} {
			before := len(s.to(email))
			b := s.browser()
			r := b.send("POST", path, object{"email": email})
			want(t, r, http.StatusNoContent, "")
			if n := len(s.to(email)) - before; n != 1 {
				t.Errorf("%s to %s: %d mails", path, email, n)
			}
			r.header.Del("Date")
			if cookie := b.cookie("for-sign-in"); cookie != "" {
				r.header.Set("Set-Cookie", strings.ReplaceAll(r.header.Get("Set-Cookie"), cookie, "x"))
			}
			if first == nil {
				first = &r
			} else if fmt.Sprint(r) != fmt.Sprint(*first) {
				t.Errorf("%s for %s differs: %v, %v", path, email, r, *first)
			}
			b.submit(path, "email", email).wantRedirect(t, path+"?said=mailed")
			s.advance(24 * time.Hour)
		}
		if m := s.to("nobody@example.org")[0]; !strings.Contains(m.Body, "no account") || strings.Contains(m.Body, "token=") {
			t.Errorf("to nobody: %+v", m)
		}
	}
	want(t, s.browser().send("POST", "/magic", object{"email": "no address"}), http.StatusUnprocessableEntity, "invalid_email")
}

func TestMailsAreThrottled(t *testing.T) {
	t.Parallel()
	for _, email := range []string{ada, "nobody@example.org"} {
		t.Run(email, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			s.browser().register(ada)
			ask := func(path, as, from string) reply {
				b := s.browser()
				b.header.Set(devClientIP, from)
				return b.send("POST", path, object{"email": as})
			}
			for i, path := range []string{"/magic", "/forgot", "/magic"} { // one mailbox, one count, from wherever
				want(t, ask(path, email, fmt.Sprintf("192.0.2.%d", i)), http.StatusNoContent, "")
			}
			before := len(s.to(email))
			r := ask("/forgot", " "+strings.ToUpper(email), "192.0.2.9")
			want(t, r, http.StatusTooManyRequests, "too_often")
			if r.header.Get("Retry-After") != "60" || len(s.to(email)) != before {
				t.Errorf("Retry-After %s, %d mails", r.header.Get("Retry-After"), len(s.to(email))-before)
			}
			page := s.browser().submit("/magic", "email", email)
			if page.status != http.StatusTooManyRequests || !strings.Contains(page.body, "Several mails have gone there") {
				t.Errorf("status %d: %s", page.status, page.body)
			}
			s.advance(time.Minute)
			want(t, ask("/magic", email, "192.0.2.9"), http.StatusNoContent, "")
			s.advance(time.Minute)
			want(t, ask("/magic", email, "192.0.2.9"), http.StatusTooManyRequests, "too_often")
			want(t, ask("/magic", "other@example.org", "192.0.2.9"), http.StatusNoContent, "")
		})
	}
}

func TestMailsThatOneNetworkAsksForAreThrottled(t *testing.T) {
	t.Parallel()
	s := start(t)
	ip := parseIP(t, "2001:db8::1")
	for i := range askerRule.free {
		if err := s.app.throttle.chargeMail(t.Context(), fmt.Sprint(i), ip); err != nil {
			t.Fatalf("mail %d: %v", i, err)
		}
	}
	if err := s.app.throttle.chargeMail(t.Context(), "one more", parseIP(t, "2001:db8::2")); err == nil {
		t.Error("the network goes on")
	}
	if err := s.app.throttle.chargeMail(t.Context(), "one more", parseIP(t, "192.0.2.1")); err != nil {
		t.Errorf("another network: %v", err)
	}
}

// Without a mail server nothing asks for mails, or offers them.
func TestWithoutMailThereAreNoLinks(t *testing.T) {
	t.Parallel()
	s := startWith(t)
	b := s.browser()
	for _, path := range []string{"/magic", "/forgot", "/reset", "/invite", "/oauth/start", "/oauth/callback", "/dev/idp/authorize"} {
		want(t, b.send("GET", path, nil), http.StatusNotFound, "not_found")
		want(t, b.send("POST", path, object{"email": ada}), http.StatusNotFound, "not_found")
	}
	if page := b.page("/login").body; strings.Contains(page, "/magic") || strings.Contains(page, "/oauth") {
		t.Error("the page for the password offers what is not there")
	}
}
