package mfahttp_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// action is one that waits for its user's approval.
type action struct {
	user string
	mfa.Action
	require mfa.Requirement
	err     error
}

func (s *site) Action(_ *http.Request, u mfa.User, id string) (mfa.Action, mfa.Requirement, error) {
	found, ok := s.actions[id]
	if !ok || found.user != u.ID {
		return mfa.Action{}, mfa.Requirement{}, fmt.Errorf("canary: %w", mfahttp.ErrNoAction)
	}
	return found.Action, found.require, found.err
}

// withPayments is a site with two payments of Ada's and one of Bob's.
func withPayments(t *testing.T, options ...func(*mfa.Config)) *site {
	t.Helper()
	s := newSite(t, options...)
	s.actions = map[string]action{}
	for id, user := range map[string]string{"pay-1": "id-ada", "pay-2": "id-ada", "pay-3": "id-bob"} {
		s.actions[id] = action{user: user, Action: mfa.Action{ID: id, Text: "Pay 100 EUR (" + id + ")"}}
	}
	s.mux.HandleFunc("POST /pay/{id}", func(w http.ResponseWriter, r *http.Request) {
		a, err := s.h.Redeem(r, r.PathValue("id"))
		if err != nil {
			s.h.WriteError(w, r, err)
			return
		}
		w.Header().Set("X-Approved", a.Action.Text)
		w.WriteHeader(http.StatusNoContent)
	})
	return s
}

func TestAnActionIsApprovedByItself(t *testing.T) {
	s := withPayments(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	session := b.cookies["session"]
	before := s.sessions[session].evidence

	r := b.send(t, "POST", "/pay/pay-1", "").want(t, 403, "requirement")
	if missing := r.json["missing"].([]any); len(missing) != 1 || missing[0] != "approval" {
		t.Errorf("%s", r.Body)
	}
	// The second factor of a moment ago does not approve it.
	r = b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 200, "")
	binding, _ := r.json["binding"].(map[string]any)
	if r.text("status") != "challenge" || r.text("purpose") != "step_up" || binding["action"] != "pay-1" || binding["text"] != "Pay 100 EUR (pay-1)" {
		t.Fatalf("%s", r.Body)
	}
	if again := b.send(t, "GET", "/mfa/flow", ""); again.Body.String() != r.Body.String() {
		t.Errorf("GET /mfa/flow says %s, after %s", again.Body, r.Body)
	}
	if r = b.verify(t, r.option(t, "totp"), phone.Code()).want(t, 200, ""); r.text("status") != "passed" || r.json["binding"] == nil {
		t.Errorf("%s", r.Body)
	}
	if b.cookies["session"] != session || b.cookies["__Host-mfa-flow"] != "" {
		t.Errorf("cookies %v", b.cookies)
	}
	if now := s.sessions[session].evidence; !now.Time.Equal(before.Time) || len(now.Proofs) != len(before.Proofs) {
		t.Errorf("evidence %+v, before %+v", now, before)
	}
	if done := b.send(t, "POST", "/pay/pay-1", ""); done.Code != 204 || done.Header().Get("X-Approved") != "Pay 100 EUR (pay-1)" {
		t.Errorf("%d %s", done.Code, done.Body)
	}
	b.send(t, "POST", "/pay/pay-1", "").want(t, 403, "requirement")
}

func TestA38_AnApprovalServesOneAction(t *testing.T) {
	s := withPayments(t)
	s.reader(t, "ada")
	b := s.browser()
	option, l := b.ask(t, "ada")
	b.verify(t, option, l.code).want(t, 200, "")
	s.Clock.Advance(5 * time.Minute)

	// A code that was sent for one action is not taken for another, or for the session.
	option = b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 200, "").option(t, "letter")
	b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 200, "")
	first, code := b.cookies["__Host-mfa-flow"], s.letter.last()
	for _, other := range []string{`{"action":"pay-2"}`, `{"max_age":60}`} {
		b.send(t, "POST", "/mfa/stepup", other).want(t, 200, "")
		b.verify(t, option, code).want(t, 401, "code_not_valid")
	}
	// Nor is the approval.
	b.cookies["__Host-mfa-flow"] = first
	b.verify(t, option, code).want(t, 200, "")
	b.send(t, "POST", "/pay/pay-2", "").want(t, 403, "requirement")
	// And it approves nothing else that asks for recent evidence.
	s.Clock.Advance(9 * time.Minute)
	b.send(t, "DELETE", "/mfa/enrollments", "").want(t, 403, "requirement")
	if r := b.send(t, "POST", "/pay/pay-1", ""); r.Code != 204 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestAMailedLinkSaysWhatItApproves(t *testing.T) {
	s := withPayments(t)
	a := s.actions["pay-1"]
	a.Text = "Pay 100 EUR <to Bob>"
	s.actions["pay-1"] = a
	s.reader(t, "ada")
	b := s.browser()
	option, l := b.ask(t, "ada")
	b.verify(t, option, l.code).want(t, 200, "")
	s.Clock.Advance(5 * time.Minute)
	option = b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 200, "").option(t, "letter")
	b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 200, "")
	link := s.letter.newest().link
	page := b.open(t, link).page(t, 200, "<strong>Pay 100 EUR &lt;to Bob&gt;</strong>")
	if elsewhere := s.browser().open(t, link).page(t, 200, "<button"); strings.Contains(elsewhere.Body.String(), "100 EUR") {
		t.Errorf("a stranger is told: %s", elsewhere.Body)
	}
	if r := b.press(t, page); r.Code != 303 {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	if r := b.send(t, "POST", "/pay/pay-1", ""); r.Code != 204 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestA34_NobodyElseApproves(t *testing.T) {
	s := withPayments(t)
	phone, _, _ := s.member(t, "ada")
	b, eve := s.browser(), s.browser()
	b.signIn(t, "ada", phone)
	eve.login(t, "eve")
	option := b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 200, "").option(t, "totp")

	// Another user's session begins nothing for it, and answers nothing for it.
	eve.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 404, "no_action")
	eve.cookies["__Host-mfa-flow"] = b.cookies["__Host-mfa-flow"]
	eve.verify(t, option, "000000").want(t, 401, "code_not_valid")
	eve.send(t, "POST", "/pay/pay-1", "").want(t, 403, "requirement")
	b.verify(t, option, phone.Code()).want(t, 200, "")
	eve.send(t, "POST", "/pay/pay-1", "").want(t, 403, "requirement")
	// Nor does a step-up without its session, whatever it has answered.
	s.Clock.Advance(phone.Period)
	option = b.send(t, "POST", "/mfa/stepup", `{"action":"pay-2"}`).want(t, 200, "").option(t, "totp")
	flow := b.cookies["__Host-mfa-flow"]
	eve.cookies["__Host-mfa-flow"] = flow
	eve.verify(t, option, phone.Code()).want(t, 401, "unauthenticated")
	eve.send(t, "POST", "/pay/pay-2", "").want(t, 403, "requirement")
	for _, c := range []*client{s.browser(), s.native()} {
		c.send(t, "POST", "/pay/pay-2", "").want(t, 401, "unauthenticated")
	}
}

func TestA35_TheClientNamesAnActionAndNothingElse(t *testing.T) {
	s := withPayments(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	for body, code := range map[string]string{
		`{"action":"pay-4"}`: "no_action", `{"action":"pay-3"}`: "no_action", `{"action":"PAY-1"}`: "no_action",
		`{"action":"pay-3","user":"id-bob"}`: "bad_request", `{"action":"pay-1","text":"Pay nothing"}`: "bad_request",
		`{"action":{"id":"pay-1","text":"x"}}`: "bad_request", `{"action":""}`: "bad_request", `{"action":null}`: "bad_request",
		`{"action":"` + strings.Repeat("x", 257) + `"}`: "bad_request", `{"binding":"pay-1"}`: "bad_request", `{"action":"pay-1","Action":"pay-2"}`: "bad_request",
	} {
		r := b.send(t, "POST", "/mfa/stepup", body)
		if r.text("code") != code || r.Code != map[string]int{"no_action": 404, "bad_request": 400}[code] {
			t.Errorf("%.60s: %d %s", body, r.Code, r.Body)
		}
		if strings.Contains(r.Body.String(), "canary") {
			t.Errorf("%.60s: the host's words: %s", body, r.Body)
		}
	}
	// One whose host has none does not know any.
	h, err := mfahttp.New(mfahttp.Config{Engine: s.Engine.Engine, Host: struct{ mfahttp.Host }{s}, Origin: origin, App: "web", Prefix: "/plain", Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.mux.Handle("/plain/", h)
	b.send(t, "POST", "/plain/stepup", `{"action":"pay-1"}`).want(t, 404, "no_action")
}

func TestWhatAnApprovalAsksForIsTheHosts(t *testing.T) {
	s := withPayments(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	set := func(a action) { a.user = "id-ada"; s.actions["pay-1"] = a }
	pay := mfa.Action{ID: "pay-1", Text: "Pay"}

	set(action{Action: pay, require: mfa.Requirement{PhishingResistant: true}})
	if r := b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1","phishing_resistant":false}`).want(t, 200, ""); r.text("status") != "denied" {
		t.Errorf("the client lowers it: %s", r.Body)
	}
	set(action{Action: pay})
	if r := b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1","phishing_resistant":true}`).want(t, 200, ""); r.text("status") != "denied" {
		t.Errorf("the client does not raise it: %s", r.Body)
	}
	s.Clock.Advance(time.Hour)
	set(action{Action: pay, require: mfa.Requirement{Password: true, MaxAge: 5 * time.Minute}})
	r := b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 403, "requirement")
	if !strings.Contains(r.Body.String(), `"password"`) {
		t.Errorf("%s", r.Body)
	}
	set(action{Action: pay, err: errors.New("canary: no database")})
	if r := b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 500, "internal"); strings.Contains(r.Body.String(), "canary") {
		t.Errorf("%s", r.Body)
	}
	set(action{Action: mfa.Action{ID: "pay-1", Text: "two\nlines"}})
	b.send(t, "POST", "/mfa/stepup", `{"action":"pay-1"}`).want(t, 500, "internal")
	if log := s.log.String(); !strings.Contains(log, "canary: no database") || !strings.Contains(log, "in one line") {
		t.Errorf("nobody learns of it: %s", log)
	}
}

// A browser that is remembered has not proved what a page asks for (D-01).
func TestD01_ARememberedBrowserIsAskedForMore(t *testing.T) {
	s := newSite(t, under(&mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: mfa.Remember{For: 5 * day}}))
	b := s.browser()
	b.login(t, "ada")
	phone, _, _ := b.enrollApp(t)
	b.remembered(t, "ada", phone)
	if r := b.login(t, "ada"); r.text("status") != "passed" {
		t.Fatalf("%s", r.Body)
	}
	b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
	b.send(t, "GET", "/admin", "").want(t, 403, "requirement")
	option := b.send(t, "POST", "/mfa/stepup", "").want(t, 200, "").option(t, "totp")
	b.verify(t, option, phone.Code()).want(t, 200, "")
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
}
