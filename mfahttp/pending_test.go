package mfahttp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// openToPending are the calls that are open to a sign-in in progress, or to anybody,
// with what they answer if they are sent with nothing but the pending cookie; 0: some refusal.
var openToPending = map[string]struct {
	body string
	want int
}{
	"GET /mfa/flow":               {"", 200},
	"POST /mfa/flow/challenge":    {`{"option":"x"}`, 404},
	"POST /mfa/flow/verify":       {`{"option":"x","code":"123456"}`, 404},
	"POST /mfa/flow/continue":     {"", 200},
	"POST /mfa/flow/skip":         {"", 403},
	"POST /mfa/recovery":          {"", 403},
	"POST /mfa/recovery/claim":    {`{"link":"x"}`, 401},
	"POST /mfa/passkey/begin":     {"", 422}, // there are no passkeys here
	"POST /mfa/passkey/finish":    {`{"credential":{}}`, 0},
	"GET /mfa/mfa.js":             {"", 200},
	"GET /mfa/link":               {"", 400},
	"POST /mfa/link":              {"", 415},
	"GET /mfa/notice":             {"", 400},
	"POST /mfa/notice":            {"", 415},
	"GET /mfa/delivery/{sender}":  {"", 0},
	"POST /mfa/delivery/{sender}": {"", 0},
}

// TestC09_C10_EveryCallRefusesAPendingSignIn goes over all that the handler has, so
// that a call which forgets to ask who is there is found.
func TestC09_C10_EveryCallRefusesAPendingSignIn(t *testing.T) {
	s := newSite(t)
	_, id, _ := s.member(t, "ada")
	s.actions = map[string]action{"pay-1": {user: "id-ada"}}
	b := s.browser()
	b.login(t, "ada")
	n := s.native()
	n.header.Set("Mfa-Flow", n.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").text("token"))
	known, err := s.Enrollments(t.Context(), "id-ada")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for name, c := range map[string]*client{"browser": b, "native": n} {
		for _, route := range mfahttp.Routes() {
			call := route[0] + " " + route[1]
			path := strings.NewReplacer("{id}", id, "{sender}", "x").Replace(route[1])
			if open, ok := openToPending[call]; ok {
				seen[call] = true
				r := c.send(t, route[0], path, open.body)
				if r.Code != open.want && (open.want != 0 || r.Code < 400 || r.Code > 499) {
					t.Errorf("%s: %s: %d %s, want %d", name, call, r.Code, r.Body, open.want)
				}
				continue
			}
			for _, body := range []string{"", `{}`, `{"action":"pay-1"}`, `{"label":"x"}`, `{"code":"123456"}`} {
				if route[0] == "GET" && body != "" {
					continue
				}
				if r := c.send(t, route[0], path, body); r.Code != 401 || r.text("code") != "unauthenticated" {
					t.Errorf("%s: %s %s: %d %s", name, call, body, r.Code, r.Body)
				}
			}
		}
	}
	if len(seen) != len(openToPending) {
		t.Errorf("of %d calls that are open only %d exist", len(openToPending), len(seen))
	}
	if after, err := s.Enrollments(t.Context(), "id-ada"); err != nil || len(after) != len(known) {
		t.Errorf("%d enrollments, and were %d: %v", len(after), len(known), err)
	}
	if b.cookies["session"] != "" {
		t.Error("a session before the second factor")
	}
}

// One that asks to enrol may do that, and nothing else.
func TestC10_ASignInThatAsksToEnrolManagesNothingElse(t *testing.T) {
	s := newSite(t, required)
	b := s.browser()
	if r := b.login(t, "ada"); r.text("status") != "enroll" {
		t.Fatalf("%s", r.Body)
	}
	enrolling := []string{"GET /mfa/enrollments", "POST /mfa/enrollments", "POST /mfa/enrollments/{id}/challenge", "POST /mfa/enrollments/{id}/activate"}
	refused := 0
	for _, route := range mfahttp.Routes() {
		call := route[0] + " " + route[1]
		if _, open := openToPending[call]; open || slices.Contains(enrolling, call) {
			continue
		}
		refused++
		if r := b.send(t, route[0], strings.Replace(route[1], "{id}", "x", 1), ""); r.Code != 401 || r.text("code") != "unauthenticated" {
			t.Errorf("%s: %d %s", call, r.Code, r.Body)
		}
	}
	if refused < 10 {
		t.Errorf("only %d calls were tried", refused)
	}
}

// What was evidence once opens nothing either.
func TestC09_C10_VoidEvidenceIsRefusedEverywhere(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	s.actions = map[string]action{"pay-1": {user: "id-ada", Action: mfa.Action{ID: "pay-1", Text: "Pay"}}}
	b := s.browser()
	b.signIn(t, "ada", phone)
	s.Clock.Advance(time.Minute)
	if err := s.SignOutEverywhere(t.Context(), userNamed("ada"), mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	for _, call := range [][3]string{
		{"GET", "/mfa/devices", ""}, {"DELETE", "/mfa/devices", ""}, {"DELETE", "/mfa/devices/x", ""}, {"POST", "/mfa/recovery/cancel", ""},
		{"POST", "/mfa/stepup", `{"action":"pay-1"}`}, {"GET", "/mfa/enrollments", ""}, {"GET", "/mfa/activity", ""},
		{"POST", "/mfa/activity/x/dispute", ""},
	} {
		r := b.send(t, call[0], call[1], call[2]).want(t, 403, "requirement")
		if missing := r.json["missing"].([]any); len(missing) != 1 || missing[0] != mfa.MissingSignIn {
			t.Errorf("%v: %s", call, r.Body)
		}
	}
}
