package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSignInByAnotherService(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	if page := b.page("/login").body; !strings.Contains(page, `<a href="/oauth/start">Sign in with Example ID</a>`) {
		t.Error("it is not offered")
	}
	defer b.asPerson()()
	b.page(b.atExampleID(ada, "yes")).wantRedirect(t, "/")
	me := b.send("GET", "/me", nil).json(t)
	if me["email"] != ada || me["aal"] != 1.0 || strings.Join(strs(me["amr"]), " ") != "fed" {
		t.Errorf("me %v", me)
	}
	acc := s.account(ada)
	if !acc.EmailVerified || acc.Password != "" {
		t.Errorf("account %+v", acc)
	}
	// The same person comes to the same account, also when it has another address now;
	// and somebody else who has the address now does not.
	if _, err := s.app.db.ExecContext(s.t.Context(), `UPDATE webapp_accounts SET email = 'ada@example.net' WHERE email = ?`, ada); err != nil {
		t.Fatal(err)
	}
	again := s.browser()
	want(t, again.send("GET", again.atExampleID(ada, "no"), nil), http.StatusOK, "")
	if me := again.send("GET", "/me", nil).json(t); me["email"] != "ada@example.net" {
		t.Errorf("me %v", me)
	}
}

func TestAnotherServiceThatDoesNotVouch(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	for _, email := range []string{ada, "new@example.org"} {
		b := s.browser()
		want(t, b.send("GET", b.atExampleID(email, "no"), nil), http.StatusUnauthorized, "not_vouched")
		if b.signedIn() {
			t.Errorf("%s is signed in", email)
		}
	}
	b := s.browser()
	asked := b.page("/oauth/start").header.Get("Location")
	u, err := url.Parse(asked)
	if err != nil {
		t.Fatal(err)
	}
	refused := b.submit("/dev/idp/authorize", "state", u.Query().Get("state"), "refuse", "yes")
	back := strings.TrimPrefix(refused.header.Get("Location"), s.app.origin)
	if r := b.page(back); r.status != http.StatusUnauthorized || !strings.Contains(r.body, "Use another way") {
		t.Errorf("status %d: %s", r.status, r.body)
	}
	if _, err := s.app.accounts.byEmail(t.Context(), "new@example.org"); err == nil {
		t.Error("there is an account")
	}
}

// A callback is worth something once, soon, and in the browser that began: else
// somebody else's account could be slipped to a person, or a code be stolen.
func TestCallbackIsBoundToTheBrowser(t *testing.T) {
	t.Parallel()
	s := start(t)
	refused := func(b *browser, callback string) {
		t.Helper()
		r := b.send("GET", callback, nil)
		if r.status != http.StatusUnauthorized || b.signedIn() {
			t.Fatalf("status %d, %s", r.status, r.body)
		}
	}
	b, victim := s.browser(), s.browser()
	callback := b.atExampleID("eve@example.org", "yes")
	refused(victim, callback)                                // which has begun nothing
	want(t, b.send("GET", callback, nil), http.StatusOK, "") // and which has not spent it
	b.send("POST", "/logout", nil)
	refused(b, callback)
	b = s.browser() // also with a cookie that is there still

	late := b.atExampleID("eve@example.org", "yes")
	s.advance(exampleCodeLife)
	refused(b, late)
	late = b.atExampleID("eve@example.org", "yes")
	s.advance(10 * time.Minute)
	refused(b, late)

	victim.send("GET", "/oauth/start", nil) // has a cookie of its own, and a state that eve does not know
	refused(victim, b.atExampleID("eve@example.org", "yes"))

	u, err := url.Parse(b.atExampleID("eve@example.org", "yes"))
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"", "x", u.Query().Get("code")} {
		refused(b, "/oauth/callback?"+url.Values{"code": {u.Query().Get("code")}, "state": {state}}.Encode())
	}
	// Eve's code with the victim's state: the provider made it for another verifier.
	v, err := url.Parse(victim.atExampleID("victim@example.org", "yes"))
	if err != nil {
		t.Fatal(err)
	}
	refused(victim, "/oauth/callback?"+url.Values{"code": {u.Query().Get("code")}, "state": {v.Query().Get("state")}}.Encode())
	if err := s.app.db.QueryRowContext(s.t.Context(), `SELECT id FROM webapp_accounts WHERE email = 'victim@example.org'`).Scan(new(string)); err == nil {
		t.Error("the victim has an account")
	}
}

func TestExampleIDSendsPeopleBackHereAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	want(t, b.send("GET", "/dev/idp/authorize?state=x&code_challenge=y&code_challenge_method=plain", nil), http.StatusBadRequest, "bad_request")
	want(t, b.send("POST", "/dev/idp/authorize", object{"email": ada, "redirect_uri": "https://evil.example"}), http.StatusBadRequest, "bad_request")
	r := b.send("POST", "/dev/idp/authorize", object{"email": ada, "state": "x&next=https://evil.example", "code_challenge": "y"})
	if to := r.header.Get("Location"); !strings.HasPrefix(to, s.app.origin+"/oauth/callback?") || strings.Contains(to, "evil.example&") {
		t.Errorf("to %s", to)
	}
}
