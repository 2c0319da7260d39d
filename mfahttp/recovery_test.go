package mfahttp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

const resetCookie = "__Host-mfa-reset"

// patient is a policy that asks everybody, and grants a reset after three days.
func patient() *mfa.Decision {
	return &mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, DelayedReset: 72 * time.Hour}
}

// lost is a user with an app that they have no more, and the browser in which
// they have asked for a reset.
func lost(t *testing.T, s *site, name string) (b *client, phone *mfatest.Authenticator, asked reply) {
	t.Helper()
	phone, _ = enrolInFlow(t, s, name)
	b = s.browser()
	b.login(t, name)
	return b, phone, b.send(t, "POST", "/mfa/recovery", "").want(t, 202, "")
}

// linkOf is what the mail about the nth event of a kind links to.
func (s *site) linkOf(t *testing.T, kind mfa.EventType, n int) string {
	t.Helper()
	token, err := s.LinkToken(s.await(t, kind, n))
	if err != nil || token == "" {
		t.Fatalf("%s: %q, %v", kind, token, err)
	}
	return token
}

// due lets the waiting time pass, and is the link of the mail that comes then.
func (s *site) due(t *testing.T, name string, n int) string {
	t.Helper()
	s.Clock.Advance(72*time.Hour + time.Second)
	if err := s.ResetDue(t.Context(), userNamed(name)); err != nil {
		t.Fatal(err)
	}
	return s.linkOf(t, mfa.EventResetReady, n)
}

func TestDelayedReset(t *testing.T) {
	s := newSite(t, under(patient()))
	enrolInFlow(t, s, "ada")
	b := s.browser()
	r := b.login(t, "ada")
	if offer, _ := r.json["reset"].(map[string]any); offer["wait_seconds"] != 259200.0 || offer["ready_at"] != nil {
		t.Fatalf("%s", r.Body)
	}
	asked := b.send(t, "POST", "/mfa/recovery", "").want(t, 202, "")
	ready, _ := time.Parse(time.RFC3339, asked.text("ready_at"))
	expires, _ := time.Parse(time.RFC3339, asked.text("expires_at"))
	if !ready.Equal(s.Clock.Now().Add(72*time.Hour)) || !expires.After(ready) || asked.text("ticket") != "" {
		t.Errorf("%s", asked.Body)
	}
	c := cookieOf(asked, resetCookie)
	if c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" ||
		c.MaxAge != int(expires.Sub(s.Clock.Now())/time.Second) || len(c.Value) < 22 {
		t.Fatalf("cookie: %+v", c)
	}
	// Nothing has happened yet, and asking again is no new beginning.
	if r = b.login(t, "ada"); r.text("status") != "challenge" || r.json["reset"].(map[string]any)["ready_at"] != asked.text("ready_at") {
		t.Errorf("%s", r.Body)
	}
	s.Clock.Advance(time.Hour)
	b.send(t, "POST", "/mfa/recovery", "").want(t, 410, "flow_expired")
	b.login(t, "ada")
	if again := b.send(t, "POST", "/mfa/recovery", "").want(t, 202, ""); again.Body.String() != asked.Body.String() || len(again.Result().Cookies()) != 0 {
		t.Errorf("%s, cookies %v", again.Body, again.Result().Cookies())
	}

	link := s.due(t, "ada", 1)
	b.login(t, "ada")
	old := b.cookies["__Host-mfa-flow"]
	r = b.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+link+`"}`).want(t, 200, "")
	if r.text("status") != "enroll" || r.text("token") != "" || b.cookies["__Host-mfa-flow"] == old || b.cookies[resetCookie] != "" || b.cookies["session"] != "" {
		t.Fatalf("%s, cookies %v", r.Body, b.cookies)
	}
	b.enrollApp(t)
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
}

// What a reset gives is one enrolment, once, in the browser that it was claimed in.
func TestA27_AClaimIsGoodForOneEnrolment(t *testing.T) {
	s := newSite(t, under(patient()))
	b, _, _ := lost(t, s, "ada")
	link := s.due(t, "ada", 1)
	claim := `{"link":"` + link + `"}`
	b.login(t, "ada")
	first, ticket := b.cookies["__Host-mfa-flow"], b.cookies[resetCookie]
	b.send(t, "POST", "/mfa/recovery/claim", claim).want(t, 200, "")
	b.enrollApp(t)
	thief := s.browser()
	for name, flow := range map[string]string{"the flow of the password": first, "a new one": ""} {
		if thief.cookies["__Host-mfa-flow"] = flow; flow == "" {
			thief.login(t, "ada")
		}
		thief.cookies[resetCookie] = ticket
		if r := thief.send(t, "POST", "/mfa/recovery/claim", claim); r.Code != 401 && r.Code != 410 {
			t.Errorf("%s: claimed again: %d %s", name, r.Code, r.Body)
		}
		thief.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 401, "unauthenticated")
	}
	if list, err := s.Enrollments(t.Context(), "id-ada"); err != nil || len(list) != 1 {
		t.Errorf("%d enrollments, %v", len(list), err)
	}
}

func TestA34_AResetIsClaimedByWhoAskedForIt(t *testing.T) {
	s := newSite(t, under(patient()))
	b, _, _ := lost(t, s, "ada")
	bob, _, _ := lost(t, s, "bob")
	requested := s.linkOf(t, mfa.EventResetRequested, 1)
	b.login(t, "ada")
	b.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+requested+`"}`).want(t, 401, "code_not_valid") // too soon, too
	link := s.due(t, "ada", 1)
	claim := `{"link":"` + link + `"}`
	other := s.browser()
	other.send(t, "POST", "/mfa/recovery/claim", claim).want(t, 404, "no_flow")
	other.login(t, "ada")
	r := other.send(t, "POST", "/mfa/recovery/claim", claim).want(t, 401, "code_not_valid") // no ticket
	if r.json["attempts_left"] != nil {
		t.Errorf("%s", r.Body)
	}
	other.cookies[resetCookie] = bob.cookies[resetCookie]
	other.send(t, "POST", "/mfa/recovery/claim", claim).want(t, 401, "code_not_valid")
	bob.login(t, "bob")
	bob.send(t, "POST", "/mfa/recovery/claim", claim).want(t, 401, "code_not_valid")
	b.login(t, "ada")
	for _, body := range []string{`{}`, `{"link":""}`, `{"link":"` + link + `","ticket":"x"}`, `{"link":"` + link + `","user":"id-bob"}`, `{"link":1}`, ``} {
		if r := b.send(t, "POST", "/mfa/recovery/claim", body); r.Code != 400 && r.Code != 415 {
			t.Errorf("%s: %d %s", body, r.Code, r.Body)
		}
	}
	for _, wrong := range []string{"x", requested, link[:len(link)-4], strings.Repeat("A", 5000)} {
		b.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+wrong+`"}`).want(t, 401, "code_not_valid")
	}
	b.send(t, "POST", "/mfa/recovery/claim", claim).want(t, 200, "")
}

// A86: two people who have lost what they had may share the browser.
func TestA86_ResetsOfSeveralUsersInOneBrowser(t *testing.T) {
	s := newSite(t, under(patient()))
	b, _, _ := lost(t, s, "ada")
	enrolInFlow(t, s, "bob")
	b.login(t, "bob")
	b.send(t, "POST", "/mfa/recovery", "").want(t, 202, "")
	link := s.due(t, "ada", 1)
	for range 2 {
		b.login(t, "bob")
		b.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+link+`"}`).want(t, 401, "code_not_valid")
	}
	b.login(t, "ada")
	b.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+link+`"}`).want(t, 200, "")
	if err := s.ResetDue(t.Context(), userNamed("bob")); err != nil {
		t.Fatal(err)
	}
	b.login(t, "bob")
	b.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+s.linkOf(t, mfa.EventResetReady, 2)+`"}`).want(t, 200, "")
}

func TestDelayedResetOfANativeClient(t *testing.T) {
	s := newSite(t, under(patient()))
	enrolInFlow(t, s, "ada")
	c := s.native()
	begin := func() string {
		return c.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").want(t, 200, "").text("token")
	}
	asked := c.send(t, "POST", "/mfa/recovery", "", "Mfa-Flow", begin()).want(t, 202, "")
	if asked.text("ticket") == "" || len(asked.Result().Cookies()) != 0 {
		t.Fatalf("%s, cookies %v", asked.Body, asked.Result().Cookies())
	}
	if again := c.send(t, "POST", "/mfa/recovery", "", "Authorization", "Bearer "+begin()).want(t, 202, ""); again.text("ticket") != "" || again.text("ready_at") != asked.text("ready_at") {
		t.Errorf("%s", again.Body)
	}
	link := s.due(t, "ada", 1)
	c.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+link+`"}`, "Mfa-Flow", begin()).want(t, 401, "code_not_valid")
	r := c.send(t, "POST", "/mfa/recovery/claim", `{"link":"`+link+`","ticket":"`+asked.text("ticket")+`"}`, "Mfa-Flow", begin()).want(t, 200, "")
	if r.text("status") != "enroll" || r.text("token") == "" || len(r.Result().Cookies()) != 0 {
		t.Fatalf("%s, cookies %v", r.Body, r.Result().Cookies())
	}
	c.header.Set("Mfa-Flow", r.text("token"))
	c.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 201, "")
}

func TestAResetIsCancelled(t *testing.T) {
	s := newSite(t, under(patient()))
	thief, phone, _ := lost(t, s, "ada")
	owner := s.browser()
	// A sign-in of the owner's does it by itself, so the session is from before.
	owner.signIn(t, "ada", phone)
	s.await(t, mfa.EventResetCanceled, 1)
	thief.login(t, "ada")
	r := thief.send(t, "POST", "/mfa/recovery", "").want(t, 429, "too_soon")
	if r.Header().Get("Retry-After") == "" || r.text("resend_at") == "" {
		t.Errorf("%v %s", r.Header(), r.Body)
	}
	s.Clock.Advance(day)
	thief.login(t, "ada")
	thief.send(t, "POST", "/mfa/recovery", "").want(t, 202, "")
	thief.send(t, "POST", "/mfa/recovery/cancel", "").want(t, 401, "unauthenticated")
	owner.send(t, "POST", "/mfa/recovery/cancel", `{"x":1}`).want(t, 400, "bad_request")
	owner.send(t, "POST", "/mfa/recovery/cancel", "").want(t, 204, "")
	s.await(t, mfa.EventResetCanceled, 2)
	owner.send(t, "POST", "/mfa/recovery/cancel", "").want(t, 204, "") // none is open
	if n := len(s.Events.ByType(mfa.EventResetCanceled)); n != 2 {
		t.Errorf("told of %d", n)
	}
}

func TestWhereThereIsNoReset(t *testing.T) {
	d := patient()
	s := newSite(t, under(d))
	b := s.browser()
	b.send(t, "POST", "/mfa/recovery", "").want(t, 404, "no_flow")
	if r := b.login(t, "new"); r.json["reset"] != nil { // who has nothing has lost nothing
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/recovery", "").want(t, 403, "reset_not_granted")
	enrolInFlow(t, s, "ada")
	d.DelayedReset = 0
	if r := b.login(t, "ada"); r.json["reset"] != nil {
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/recovery", "").want(t, 403, "reset_not_granted")
	b.send(t, "POST", "/mfa/recovery", `{"user":"id-ada"}`).want(t, 400, "bad_request")
	if b.cookies[resetCookie] != "" {
		t.Error("and there is a ticket")
	}
}
