package main

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
)

// servers make an empty database each, and the flags that name it.
var servers = map[string]func(t *testing.T) []string{
	"postgres": func(t *testing.T) []string { return []string{"-store", testserver.PostgresDatabase(t)} },
	"mysql":    func(t *testing.T) []string { return []string{"-store", mysqlURL(t, testserver.MySQLDatabase(t))} },
	"redis": func(t *testing.T) []string {
		return []string{"-store", "redis://" + testserver.RedisServer(t) + "?prefix=" + rand.Text(), "-accounts", filepath.Join(t.TempDir(), "accounts.db")}
	},
}

// mysqlURL is what the flag wants, of what the driver does.
func mysqlURL(t *testing.T, dsn string) string {
	t.Helper()
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "mysql", User: url.UserPassword(c.User, c.Passwd), Host: c.Addr, Path: "/" + c.DBName}).String()
}

// storeFlags say where the app of a test keeps what it has: in an SQLite file, or on a
// server where TestOnServers runs the test again.
func storeFlags(t *testing.T) []string {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "webapp.keys")
	for name, flags := range servers {
		if strings.HasPrefix(t.Name(), "TestOnServers/"+name+"/") {
			return append(flags(t), "-keys", keys)
		}
	}
	return []string{"-store", "sqlite:" + filepath.Join(t.TempDir(), "webapp.db")}
}

// What people and programs do, and what has to be counted or spent once, is the same on
// every database.
func TestOnServers(t *testing.T) {
	t.Parallel()
	values := map[string]func(*testing.T){ // of the library
		"first passage": TestFirstPassageByJSON,
		"text messages": TestSignInByTextMessage,
		"transfers":     TestTransferIsApprovedOnceByItsText,
	}
	tables := map[string]func(*testing.T){ // of the app
		"sessions":         TestSigningOutOthersKeepsThisOne,
		"links":            TestMailedLinksWorkOnce,
		"expired links":    TestExpiredLinksAreSwept,
		"new password":     TestResetPassword,
		"another service":  TestSignInByAnotherService,
		"API keys":         TestServiceAccountSignsInByKeyFromItsNetwork,
		"two admins":       TestAgreementIsForOneReset,
		"search":           TestAdminFindsAccounts,
		"wrong passwords":  TestTooManyWrongPasswords,
		"parallel guesses": TestParallelGuessesAreCounted,
	}
	for name := range servers {
		t.Run(name, func(t *testing.T) {
			for journey, run := range values {
				t.Run(journey, run)
			}
			if name == "redis" { // whose accounts are in SQLite
				return
			}
			for journey, run := range tables {
				t.Run(journey, run)
			}
		})
	}
}

func TestSigningOutOthersKeepsThisOne(t *testing.T) {
	t.Parallel()
	s := start(t)
	here, there, stranger := s.browser(), s.browser(), s.browser()
	here.register(ada)
	there.login(ada)
	stranger.register("eve@example.org")
	here.submit("/settings/sign-out-others").wantRedirect(t, "/settings?said=others")
	if !here.signedIn() || there.signedIn() || !stranger.signedIn() {
		t.Errorf("here %v, there %v, somebody else %v", here.signedIn(), there.signedIn(), stranger.signedIn())
	}
}

// Two admins agree to the reset of a third one, once, and within a day.
func TestAgreementIsForOneReset(t *testing.T) {
	t.Parallel()
	s := start(t)
	ids := map[string]string{}
	for _, name := range []string{"asks", "agrees", "other"} {
		a, err := s.app.accounts.create(t.Context(), account{Email: name + "@example.org", Rank: admin, Created: s.app.clock.Now()})
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = a.ID
	}
	reset := func() error {
		return s.app.desk.permit(t.Context(), mfa.SupportRequest{Actor: ids["asks"], Act: mfa.SupportReset, User: mfa.User{ID: ids["other"]}})
	}
	wantErr := func(what string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	ask := func(id string) {
		t.Helper()
		for range 2 { // the second takes the first one's place
			if err := s.app.desk.askSecond(t.Context(), second{ID: id, Account: ids["other"], AskedBy: ids["asks"], Reason: "lost"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	agree := func(id, by string) error {
		_, err := s.app.desk.agree(t.Context(), id, by)
		return err
	}
	ask("1")
	wantErr("nobody has agreed", reset(), errSecond)
	wantErr("who asks agrees", agree("1", ids["asks"]), errSecond)
	wantErr("whose account it is agrees", agree("1", ids["other"]), errSecond)
	wantErr("another admin agrees", agree("1", ids["agrees"]), nil)
	wantErr("agreed", reset(), nil)
	wantErr("used", reset(), errSecond)
	wantErr("too late to agree", agree("1", ids["agrees"]), errSecond)
	ask("2")
	wantErr("another admin agrees again", agree("2", ids["agrees"]), nil)
	if list, err := s.app.desk.waiting(t.Context()); err != nil || len(list) != 1 || list[0].ID != "2" {
		t.Errorf("waiting: %v, %v", list, err)
	}
	s.advance(secondLife + time.Second)
	wantErr("after a day", reset(), errSecond)
}

// Instances on one database are one app: who begins at one goes on at another, what is
// spent or counted at one is so at all, and what an admin decides there holds here.
func TestInstancesAreOneApp(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mysql"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := append(servers[name](t), "-keys", filepath.Join(t.TempDir(), "one.keys"))
			one, two := start(t, flags...), start(t, flags...)
			b := one.browser()
			b.register(ada)
			phone := b.enroll()
			one.advance(time.Minute)
			two.advance(time.Minute)
			option := optionOf(t, b.login(ada), "totp")
			code := phone.next()
			two.advance(one.app.clock.Now().Sub(two.app.clock.Now()))
			there := b.at(two)
			want(t, there.send("POST", "/mfa/flow/verify", object{"option": option, "code": code}), http.StatusOK, "")
			if !there.signedIn() || !there.at(one).signedIn() {
				t.Error("signed in at one instance alone")
			}
			other := one.browser()
			option = optionOf(t, other.login(ada), "totp")
			want(t, other.send("POST", "/mfa/flow/verify", object{"option": option, "code": code}), http.StatusUnauthorized, "code_not_valid")

			for i := range pairRule.free {
				s := []*server{one, two}[i%2]
				want(t, s.browser().send("POST", "/login", object{"email": "bob@example.org", "password": badPassword}), http.StatusUnauthorized, "invalid_credentials")
			}
			want(t, two.browser().send("POST", "/login", object{"email": "bob@example.org", "password": badPassword}), http.StatusTooManyRequests, "too_often")

			if reportSecret(one.data.keys) != reportSecret(two.data.keys) {
				t.Error("a delivery report is known by the instance alone that has sent the message")
			}
		})
	}
}

// at is the browser, which goes on at another instance of the app behind the same name.
func (b *browser) at(s *server) *browser {
	from, _ := url.Parse(b.s.url)
	to, _ := url.Parse(s.url)
	if from.Hostname() != to.Hostname() { // ports share cookies
		b.t.Fatalf("%s and %s", b.s.url, s.url)
	}
	return &browser{b.t, s, b.client, b.header.Clone()}
}

func TestPolicyOfAnAdminHoldsAtAllInstances(t *testing.T) {
	t.Parallel()
	policy := writeFile(t, `{"mode":"offer"}`)
	flags := append(servers["postgres"](t), "-keys", filepath.Join(t.TempDir(), "one.keys"))
	one, two := start(t, append(flags, "-policy", policy)...), start(t, flags...)
	follow := func(s *server) {
		t.Helper()
		if err := s.app.followOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	tell := func(s *server, text string) {
		t.Helper()
		if err := s.app.tellPolicy(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	statusAt := func(s *server, email string) any {
		return s.browser().send("POST", "/register", object{"email": email, "password": goodPassword}).json(t)["status"]
	}
	tell(one, `{"mode":"required"}`)
	follow(two) // its first look: it has no file, so this holds there too
	if got := statusAt(two, "bob@example.org"); got != "enroll" {
		t.Errorf("at an instance that starts later: %v", got)
	}
	follow(one) // its first look: it has a file, which has the last word
	if got := statusAt(one, "mia@example.org"); got != "passed" {
		t.Errorf("at an instance with a file: %v", got)
	}
	tell(one, `{"mode":"off"}`)
	follow(two)
	if got := statusAt(two, "joe@example.org"); got != "passed" {
		t.Errorf("at the other instance: %v", got)
	}
	tell(two, `{"mode":"offer","session_lifetime":"1h"}`)
	follow(one)
	follow(two) // its own is no news
	if got := statusAt(one, "eve@example.org"); got != "passed" {
		t.Errorf("at the first instance: %v", got)
	}
	if text, err := os.ReadFile(policy); err != nil || !strings.Contains(string(text), "session_lifetime") {
		t.Errorf("after a start it would be another: %s, %v", text, err)
	}
	tell(two, `{"mode":"required","methods":["none"]}`)
	if err := one.app.followOnce(t.Context()); err == nil {
		t.Error("a policy that names what is not there was taken")
	}
}

// Several instances start at once on an empty database, and later ones without the ring
// are kept from making another.
func TestInstancesStartAtOnceWithOneKeyRing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mysql"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c, err := parseConfig(append(servers[name](t), "-keys", filepath.Join(dir, "one.keys")), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			open := func() error {
				d, err := openData(t.Context(), c, time.Now, slog.New(slog.DiscardHandler))
				if err != nil {
					return err
				}
				return d.Close()
			}
			errs := make([]error, 3)
			var starts sync.WaitGroup
			for i := range errs {
				starts.Go(func() { errs[i] = open() })
			}
			starts.Wait()
			for _, err := range errs {
				if err != nil {
					t.Error(err)
				}
			}
			c.keys = filepath.Join(dir, "none.keys")
			if err := open(); err == nil || !strings.Contains(err.Error(), "none.keys is missing") || !strings.Contains(err.Error(), "another instance") {
				t.Errorf("without the ring: %v", err)
			}
			if _, err := os.Stat(c.keys); err == nil {
				t.Error("a second ring was made")
			}
		})
	}
}

// A database that goes away is said to be away, and not to be broken: whoever asks waits a
// moment. It is found again without a new start.
func TestServerThatIsAway(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "mysql"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := servers[name](t)
			u, err := url.Parse(flags[1])
			if err != nil {
				t.Fatal(err)
			}
			wire := testserver.NewWire(t, u.Host)
			u.Host = wire.Addr()
			s := start(t, "-store", u.String(), "-keys", filepath.Join(t.TempDir(), "one.keys"))
			b := s.browser()
			b.register(ada)
			wire.Down(true)
			wire.Cut()
			for range 2 {
				r := s.browser().send("POST", "/login", object{"email": ada, "password": goodPassword})
				if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
					t.Errorf("status %d, %s", r.status, r.body)
				}
			}
			if page := s.browser().submit("/login", "email", ada, "password", goodPassword); page.status != http.StatusServiceUnavailable || strings.Contains(page.body, "went wrong here") {
				t.Errorf("status %d, %s", page.status, page.body)
			}
			want(t, s.browser().send("GET", "/health", nil), http.StatusServiceUnavailable, "")
			wire.Down(false)
			want(t, s.browser().send("GET", "/health", nil), http.StatusNoContent, "")
			if !b.signedIn() {
				t.Error("signed out")
			}
			var lost atomic.Bool
			wire.LoseAnswer(func(request []byte) bool {
				found := strings.Contains(string(request), "INTO webapp_accounts")
				if found {
					lost.Store(true)
				}
				return found
			})
			r := s.browser().send("POST", "/register", object{"email": "bob@example.org", "password": goodPassword})
			want(t, r, http.StatusServiceUnavailable, "unavailable")
			if !lost.Load() {
				t.Error("no answer was lost")
			}
			if again := s.browser().send("POST", "/register", object{"email": "bob@example.org", "password": goodPassword}); again.status != http.StatusCreated && again.status != http.StatusConflict {
				t.Errorf("status %d: %s", again.status, again.body)
			}
		})
	}
}
