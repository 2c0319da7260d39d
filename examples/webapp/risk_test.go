package main

import (
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk"
)

const (
	oslo      = "192.0.2.10"
	bucharest = "198.51.100.10"
	saoPaulo  = "203.0.113.10"
)

// adaptive starts the app with the policy that asks by risk.
func adaptive(t *testing.T, flags ...string) *server {
	t.Helper()
	return start(t, append([]string{"-policy", "policies/adaptive.json"}, flags...)...)
}

// at is a new browser at a place, of a kind.
func (s *server) at(ip, agent string) *browser {
	b := s.browser()
	b.moveTo(ip)
	b.header.Set(devUserAgent, agent)
	return b
}

func (b *browser) moveTo(ip string) { b.header.Set(devClientIP, ip) }

func agentNamed(t *testing.T, name string) string {
	t.Helper()
	for _, a := range devAgents {
		if a.Name == name {
			return a.Header
		}
	}
	t.Fatalf("no browser %q", name)
	return ""
}

// resident is somebody who lives in Oslo, with a phone, a browser that has passed, and a
// week of sign-ins in it.
func (s *server) resident(email string) (*browser, *phone) {
	s.t.Helper()
	home := s.at(oslo, agentNamed(s.t, "Firefox on Linux"))
	home.register(email)
	p := home.enroll()
	home.signIn(email, p)
	for range 7 {
		s.advance(24 * time.Hour)
		if flow := home.login(email); flow["status"] != "passed" {
			s.t.Fatalf("asked at home: %v", flow)
		}
	}
	s.advance(8 * time.Hour) // time enough to fly
	return home, p
}

// whys are the reasons on a page.
func whys(t *testing.T, r reply) string {
	t.Helper()
	_, rest, ok := strings.Cut(r.body, `id="why"`)
	if !ok {
		return ""
	}
	list, _, _ := strings.Cut(rest, "</ul>")
	return list
}

// A known browser at home is not asked; a new one in another country is, with the
// reason; and the next time it is not.
func TestSignInFromANewCountryIsAskedOnce(t *testing.T) {
	t.Parallel()
	s := adaptive(t)
	home, phone := s.resident(ada)
	away := s.at(bucharest, agentNamed(t, "Chrome on Windows"))
	away.submit("/login", "email", ada, "password", goodPassword).wantRedirect(t, "/challenge")
	page := away.page("/challenge")
	why := whys(t, page)
	if !strings.Contains(why, "First time from Romania.") {
		t.Fatalf("it does not say why: %s", page.body)
	}
	// Whoever is asked may be a stranger, who learns nothing of where the owner is.
	for _, secret := range []string{"Norway", "Oslo", "Firefox", "usually", "Fjord"} {
		if strings.Contains(page.body, secret) {
			t.Errorf("it tells a stranger %q: %s", secret, why)
		}
	}
	away.submit("/challenge", "option", find(t, page.body, `name="option" value="([^"]+)"`), "code", phone.next(), "return", "/").wantRedirect(t, "/")
	s.advance(24 * time.Hour)
	if flow := away.login(ada); flow["status"] != "passed" {
		t.Errorf("asked there again: %v", flow)
	}
	s.advance(24 * time.Hour)
	if flow := home.login(ada); flow["status"] != "passed" {
		t.Errorf("asked at home: %v", flow)
	}
	activity := home.page("/settings/activity").body
	for _, says := range []string{"Bucharest, Romania", "Oslo, Norway", "on Windows", "Firefox on Linux", "First time from Romania.", "You usually sign in from Norway.", "As usual"} {
		if !strings.Contains(activity, says) {
			t.Errorf("the activity does not say %q", says)
		}
	}
	if mails := s.told(ada); !slices.ContainsFunc(mails, func(m message) bool { return strings.Contains(m.Body, "Bucharest, Romania") }) {
		t.Errorf("no mail says where the new browser is: %+v", mails)
	}
}

// A known browser that would have had to fly too fast is asked.
func TestImpossibleTravelIsAskedAndSaid(t *testing.T) {
	t.Parallel()
	s := adaptive(t)
	home, _ := s.resident(ada)
	if flow := home.login(ada); flow["status"] != "passed" {
		t.Fatalf("at home: %v", flow)
	}
	s.advance(20 * time.Minute)
	away := s.at(saoPaulo, agentNamed(t, "Firefox on Linux"))
	away.submit("/login", "email", ada, "password", goodPassword).wantRedirect(t, "/challenge")
	if why := whys(t, away.page("/challenge")); !strings.Contains(why, "Too far from the last sign-in to have travelled to São Paulo, Brazil.") {
		t.Errorf("it does not say why: %s", why)
	}
}

// The owner says of a sign-in that it was not theirs: all are out, the password is
// spent, and what was learned is unlearned, so that all are asked again.
func TestA86_DisputeEndsAllAndAsksAgain(t *testing.T) {
	t.Parallel()
	s := adaptive(t)
	home, phone := s.resident(ada)
	thief := s.at(bucharest, agentNamed(t, "Chrome on Windows"))
	thief.signIn(ada, phone)
	page := home.page("/settings/activity").body
	// The newest is the thief's.
	path := find(t, page, `action="(/settings/activity/[^"]+/dispute)"`)
	home.header.Set("Origin", "https://elsewhere.example")
	want(t, home.submit(path), http.StatusForbidden, "")
	home.header.Set("Origin", s.url)
	if !thief.signedIn() {
		t.Fatal("another site has disputed it")
	}
	stranger := s.browser()
	stranger.register("eve@example.org")
	want(t, stranger.send("POST", path, object{}), http.StatusNotFound, "no_activity")
	said := home.submit(path)
	want(t, said, http.StatusOK, "")
	home.header.Del("Origin")
	if home.signedIn() || thief.signedIn() || s.sessionsOf(ada) != 0 {
		t.Error("somebody is signed in")
	}
	want(t, thief.send("POST", "/login", object{"email": ada, "password": goodPassword}), http.StatusUnauthorized, "invalid_credentials")
	if page := home.page("/login").body; !strings.Contains(said.body, "Choose a new one by mail") || !strings.Contains(said.body, `href="/login"`) || !strings.Contains(page, `href="/forgot"`) {
		t.Errorf("it does not say how to go on: %s", said.body)
	}

	home.send("POST", "/forgot", object{"email": ada})
	r := home.send("POST", "/reset", object{"token": s.token(ada, "/reset"), "password": "another good one"})
	want(t, r, http.StatusOK, "")
	option := optionOf(t, r.json(t), "totp") // asked at home too
	want(t, home.send("POST", "/mfa/flow/verify", object{"option": option, "code": phone.next()}), http.StatusOK, "")
	after := home.page("/settings/activity").body
	if !strings.Contains(after, "Not you") || strings.Contains(after, path) {
		t.Errorf("the disputed sign-in: %s", after)
	}
	// Said again, it does not cost the new password.
	want(t, home.submit(path), http.StatusOK, "")
	if !home.signedIn() {
		t.Error("signed out by what was said before")
	}
	s.advance(24 * time.Hour)
	thief.submit("/login", "email", ada, "password", "another good one").wantRedirect(t, "/challenge")
	if why := whys(t, thief.page("/challenge")); !strings.Contains(why, "First time from Romania.") {
		t.Errorf("what the thief did there counts still: %s", why)
	}
}

// Without mail there is no other way to a password, which stays.
func TestDisputeWithoutMailKeepsThePassword(t *testing.T) {
	t.Parallel()
	s := startWith(t)
	b := s.browser()
	b.register(ada)
	path := find(t, b.page("/settings/activity").body, `action="(/settings/activity/[^"]+/dispute)"`)
	said := b.submit(path)
	want(t, said, http.StatusOK, "")
	if strings.Contains(said.body, "by mail") {
		t.Errorf("%s", said.body)
	}
	if b.signedIn() {
		t.Error("signed in")
	}
	b.login(ada)
}

// The policy denies what is severe, and the page says so and where to turn.
func TestSevereSignInIsDenied(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"adaptive","deny_severe":true,"support":"Write to support@adaptive.example"}`))
	s.resident(ada)
	tor := s.at("198.18.0.10", agentNamed(t, "curl"))
	for range 4 {
		want(t, tor.send("POST", "/login", object{"email": ada, "password": badPassword}), http.StatusUnauthorized, "invalid_credentials")
	}
	for _, ip := range []string{"198.18.1.10", "198.18.2.10", saoPaulo} { // the throttle is by network
		other := s.at(ip, agentNamed(t, "curl"))
		for range 4 {
			want(t, other.send("POST", "/login", object{"email": ada, "password": badPassword}), http.StatusUnauthorized, "invalid_credentials")
		}
	}
	page := tor.submit("/login", "email", ada, "password", goodPassword)
	if page.status != http.StatusForbidden || !strings.Contains(page.body, "very different from your usual ones") || !strings.Contains(page.body, "support@adaptive.example") ||
		!strings.Contains(whys(t, page), "Through the Tor network.") || !strings.Contains(whys(t, page), "wrong") {
		t.Errorf("status %d: %s", page.status, page.body)
	}
}

func TestWrongPasswordsAreCountedByAccount(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	s.advance(s.app.clock.Now().Truncate(time.Hour).Add(time.Hour).Sub(s.app.clock.Now())) // a full hour
	count := func(email string, n int) {
		t.Helper()
		if got, err := s.app.throttle.wrong(t.Context(), email); err != nil || got != n {
			t.Errorf("%d wrong passwords for %s, want %d, %v", got, email, n, err)
		}
	}
	for _, ip := range []string{oslo, bucharest, saoPaulo} {
		b := s.atNetwork(ip)
		want(t, b.send("POST", "/login", object{"email": ada, "password": badPassword}), http.StatusUnauthorized, "")
		want(t, b.send("POST", "/login", object{"email": ada, "password": badPassword}), http.StatusUnauthorized, "")
	}
	count(ada, 6)
	s.browser().login(ada) // a right one is none of them, and hides none
	count(ada, 6)
	count("eve@example.org", 0)
	s.advance(time.Hour)
	count(ada, 6)
	s.advance(time.Hour)
	count(ada, 0)
}

// In shadow nothing is asked for its risk, and staff see what would have been.
func TestShadowAndOff(t *testing.T) {
	t.Parallel()
	for mode, says := range map[string]string{riskShadow: "decides nothing", riskOff: "not scored"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := adaptive(t, "-risk", mode)
			s.resident(ada)
			away := s.at(bucharest, agentNamed(t, "Chrome on Windows"))
			away.submit("/login", "email", ada, "password", goodPassword).wantRedirect(t, "/challenge") // it is not known
			if why := whys(t, away.page("/challenge")); why != "" {
				t.Errorf("asked for a risk: %s", why)
			}
			boss, _, _ := s.person("boss@example.org", admin)
			page := boss.page("/admin/risk")
			if page.status != http.StatusOK || !strings.Contains(page.body, says) {
				t.Errorf("status %d: %s", page.status, page.body)
			}
			if mode == riskShadow && !strings.Contains(page.body, "Would have been asked") {
				t.Errorf("it does not say what it would have done: %s", page.body)
			}
		})
	}
}

// What was learned is in the store when the app has ended, and counts at the next start.
func TestLastRowIsWritten(t *testing.T) {
	t.Parallel()
	s := adaptive(t)
	end := learning(t.Context(), s.app.scorer, s.app.log)
	s.resident(ada)
	if err := closeEngine(t.Context(), s.app.engine); err != nil {
		t.Fatal(err)
	}
	end()
	next, err := newScorer(t.Context(), s.app.config, s.data, s.app.clock, s.app.known, s.app.log)
	if err != nil {
		t.Fatal(err)
	}
	report, err := next.Report(t.Context())
	if err != nil || len(report.Days) == 0 || report.Thresholds.Votes == 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRiskFlags(t *testing.T) {
	list := writeFile(t, "192.0.2.0/24\n")
	for _, good := range []string{"-risk on", "-risk off", "-risk shadow", "-iplist tor=" + list, "-dev -iplist vpn=" + list + " -iplist denied=" + list} {
		if _, err := parseConfig(strings.Fields(good), os.Stderr); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for args, says := range map[string]string{
		"-risk maybe": "-risk", "-iplist tor": "KIND=FILE", "-iplist =x": "KIND=FILE", "-iplist evil=x": "KIND=FILE", "-geo=": "-geo",
	} {
		if _, err := parseConfig(strings.Fields(args), new(safeBuffer)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", args, err)
		}
	}
	for args, want := range map[string]time.Duration{"": 0, "-dev": -1, "-risk on": -1, "-risk shadow": forever, "-dev -risk shadow": forever} {
		if c, err := parseConfig(strings.Fields(args), os.Stderr); err != nil || c.shadow() != want {
			t.Errorf("%s: in shadow for %v, %v", args, c.shadow(), err)
		}
	}
}

func TestDevPlaces(t *testing.T) {
	p := newDevPlaces()
	for i, a := range p {
		if got, err := p.Lookup(a.Address); err != nil || got != a.Info || !a.Network.Contains(a.Address) {
			t.Errorf("%s: %+v, %v", a.Address, got, err)
		}
		for _, b := range p[:i] {
			if a.Network.Overlaps(b.Network) {
				t.Errorf("%s and %s overlap", a.Network, b.Network)
			}
		}
	}
	if got, _ := p.Lookup(netip.MustParseAddr("::ffff:" + oslo)); got.City != "Oslo" {
		t.Errorf("IPv4-mapped: %+v", got)
	}
	if got, err := p.Lookup(netip.MustParseAddr("127.0.0.1")); got != (risk.IPInfo{}) || err != nil {
		t.Errorf("this machine: %+v, %v", got, err)
	}
}
