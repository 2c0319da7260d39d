package mfahttp_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// managing are the calls that manage what is enrolled, with bodies that would do.
var managing = [][3]string{
	{"GET", "/mfa/enrollments", ""},
	{"POST", "/mfa/enrollments", `{"method":"totp"}`},
	{"DELETE", "/mfa/enrollments", ""},
	{"PATCH", "/mfa/enrollments/ID", `{"label":"x"}`},
	{"DELETE", "/mfa/enrollments/ID", ""},
	{"POST", "/mfa/enrollments/ID/challenge", ""},
	{"POST", "/mfa/enrollments/ID/activate", `{"code":"123456"}`},
	{"POST", "/mfa/recovery-codes", ""},
	{"POST", "/mfa/stepup", ""},
	{"GET", "/mfa/activity", ""},
}

func TestC09_C10_A20_A24_APendingSignInManagesNothing(t *testing.T) {
	s := newSite(t)
	_, id, _ := s.member(t, "ada")
	b := s.browser()
	b.login(t, "ada")
	n := s.native()
	n.header.Set("Authorization", "Bearer "+n.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").text("token"))
	for name, c := range map[string]*client{"browser": b, "native": n, "stranger": s.browser()} {
		for _, call := range managing {
			r := c.send(t, call[0], strings.Replace(call[1], "ID", id, 1), call[2])
			if r.Code != 401 || r.text("code") != "unauthenticated" {
				t.Errorf("%s: %v: %d %s", name, call, r.Code, r.Body)
			}
		}
		for _, page := range []string{"/account", "/admin"} {
			for _, method := range []string{"GET", "POST"} {
				if r := c.send(t, method, page, ""); r.Code != 401 {
					t.Errorf("%s: %s %s: %d", name, method, page, r.Code)
				}
			}
		}
	}
	if b.cookies["session"] != "" {
		t.Error("a session before the second factor")
	}
}

func TestEnrolInASession(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	before := b.cookies["session"]
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"totp","label":"My phone"}`).want(t, 201, "")
	if begun.text("secret") == "" || !strings.HasPrefix(begun.text("qr"), "data:image/png;base64,") || begun.text("expires_at") == "" {
		t.Errorf("%s", begun.Body)
	}
	phone, err := mfatest.NewAuthenticator(begun.text("uri"), s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	path := "/mfa/enrollments/" + begun.text("id")
	if list := b.send(t, "GET", "/mfa/enrollments", ""); len(list.json["enrollments"].([]any)) != 0 {
		t.Errorf("active before it was confirmed: %s", list.Body)
	}
	b.send(t, "POST", path+"/activate", `{"code":"000000"}`).want(t, 401, "code_not_valid")
	done := b.send(t, "POST", path+"/activate", `{"code":"`+phone.Code()+`"}`).want(t, 200, "")
	if e := done.json["enrollment"].(map[string]any); e["label"] != "My phone" || e["last_used_at"] != nil || len(done.json["recovery_codes"].([]any)) != 10 {
		t.Errorf("%s", done.Body)
	}
	if b.cookies["session"] == before {
		t.Error("the session was not given the renewed evidence")
	}
	b.send(t, "POST", path+"/activate", `{"code":"`+phone.Code()+`"}`).want(t, 404, "no_enrollment")
	list := b.send(t, "GET", "/mfa/enrollments", "")
	for _, secret := range []string{begun.text("secret"), "otpauth", "secret"} {
		if strings.Contains(list.Body.String(), secret) {
			t.Errorf("shown again: %s", list.Body)
		}
	}
	// The session has not proved what it has just set up, which a change asks for.
	b.send(t, "PATCH", path, `{"label":"Old phone"}`).want(t, 403, "requirement")
	s.Clock.Advance(phone.Period)
	b.verify(t, b.send(t, "POST", "/mfa/stepup", "").want(t, 200, "").option(t, "totp"), phone.Code()).want(t, 200, "")
	if r := b.send(t, "PATCH", path, `{"label":"Old phone"}`).want(t, 200, ""); r.text("label") != "Old phone" {
		t.Errorf("%s", r.Body)
	}
}

func TestA21_TheClientBringsNoSecret(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	for _, member := range []string{"secret", "uri", "import", "Import", "params", "id", "state"} {
		b.send(t, "POST", "/mfa/enrollments", `{"method":"totp","`+member+`":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}`).want(t, 400, "bad_request")
	}
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 201, "")
	b.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", `{"code":"123456","secret":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}`).want(t, 400, "bad_request")
}

func TestEnrolInASignIn(t *testing.T) {
	s := newSite(t, required)
	b := s.browser()
	r := b.login(t, "ada")
	if r.text("status") != "enroll" || b.cookies["session"] != "" {
		t.Fatalf("%s", r.Body)
	}
	b.send(t, "GET", "/mfa/enrollments", "").want(t, 200, "")
	for _, call := range managing {
		if strings.HasSuffix(call[1], "enrollments") && call[0] != "DELETE" || strings.HasSuffix(call[1], "challenge") || strings.HasSuffix(call[1], "activate") {
			continue
		}
		b.send(t, call[0], strings.Replace(call[1], "ID", "x", 1), call[2]).want(t, 401, "unauthenticated")
	}
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 201, "")
	phone, err := mfatest.NewAuthenticator(begun.text("uri"), s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	done := b.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", `{"code":"`+phone.Code()+`"}`).want(t, 200, "")
	flow, _ := done.json["flow"].(map[string]any)
	if flow["status"] != "passed" || b.cookies["session"] == "" || b.cookies["__Host-mfa-flow"] != "" {
		t.Errorf("%s, cookies %v", done.Body, b.cookies)
	}
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
}

func TestEnrolInANativeSignIn(t *testing.T) {
	s := newSite(t, required)
	c := s.native()
	r := c.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").want(t, 200, "")
	if r.text("status") != "enroll" {
		t.Fatalf("%s", r.Body)
	}
	c.header.Set("Authorization", "Bearer "+r.text("token"))
	begun := c.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 201, "")
	phone, err := mfatest.NewAuthenticator(begun.text("uri"), s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	done := c.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", `{"code":"`+phone.Code()+`"}`).want(t, 200, "")
	flow, _ := done.json["flow"].(map[string]any)
	if flow["status"] != "passed" || flow["token"] != nil || done.Header().Get("X-Session") == "" {
		t.Fatalf("%s", done.Body)
	}

	// The session is asked for more, and both tokens travel side by side.
	c.header.Del("Authorization")
	c.header.Set("X-Session", done.Header().Get("X-Session"))
	s.Clock.Advance(time.Hour)
	step := c.send(t, "POST", "/mfa/stepup", "", "Mfa-Client", "native").want(t, 200, "")
	c.header.Set("Mfa-Flow", step.text("token"))
	if r := c.verify(t, step.option(t, "totp"), phone.Code()).want(t, 200, ""); r.text("status") != "passed" || r.text("purpose") != "step_up" {
		t.Errorf("%s", r.Body)
	}
}

func TestA32_A33_SessionAndFlowAreOfOneUser(t *testing.T) {
	s := newSite(t, required)
	phone, id := enrolInFlow(t, s, "ada")
	enrolInFlow(t, s, "bob")
	b := s.browser()
	b.signIn(t, "ada", phone)
	mine := b.cookies["session"]

	// A flow that waits for Bob's answer is nobody: the session acts.
	b.login(t, "bob")
	b.send(t, "PATCH", "/mfa/enrollments/"+id, `{"label":"Mine"}`).want(t, 200, "")
	list := b.send(t, "GET", "/mfa/enrollments", "").want(t, 200, "")
	if !strings.Contains(list.Body.String(), id) {
		t.Errorf("of whom? %s", list.Body)
	}
	// Nor does a session answer for another user's flow.
	b.send(t, "GET", "/mfa/flow", "").want(t, 200, "")
	if b.cookies["session"] != mine {
		t.Error("the session changed hands")
	}
	// One that asks Cid to enrol is somebody, and not the session's user.
	if r := b.login(t, "cid"); r.text("status") != "enroll" {
		t.Fatalf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/enrollments", `{"method":"totp"}`).want(t, 401, "unauthenticated")
	b.send(t, "GET", "/mfa/enrollments", "").want(t, 401, "unauthenticated")
}

// enrolInFlow makes a member where enrolling is required.
func enrolInFlow(t *testing.T, s *site, name string) (*mfatest.Authenticator, string) {
	t.Helper()
	b := s.browser()
	b.login(t, name)
	phone, id, _ := b.enrollApp(t)
	return phone, id
}

func TestAStepUpServesItsOwnSession(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	s.Clock.Advance(time.Hour)
	option := b.send(t, "POST", "/mfa/stepup", "").want(t, 200, "").option(t, "totp")

	other := s.browser()
	other.login(t, "bob")
	mixed := other.cookies["session"]
	other.cookies["__Host-mfa-flow"] = b.cookies["__Host-mfa-flow"]
	other.verify(t, option, phone.Code()).want(t, 401, "unauthenticated")
	if other.cookies["session"] != mixed {
		t.Error("Bob has Ada's evidence")
	}

	s.Clock.Advance(phone.Period)
	option = b.send(t, "POST", "/mfa/stepup", "").want(t, 200, "").option(t, "totp")
	delete(b.cookies, "session")
	b.verify(t, option, phone.Code()).want(t, 401, "unauthenticated")
	if b.cookies["session"] != "" {
		t.Error("a session from a step-up alone")
	}
}

func TestChangesAskForEvidence(t *testing.T) {
	s := newSite(t)
	phone, id, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	s.Clock.Advance(time.Hour)
	r := b.send(t, "DELETE", "/mfa/enrollments/"+id, "").want(t, 403, "requirement")
	if missing := r.json["missing"].([]any); len(missing) != 1 || missing[0] != "second_factor" {
		t.Errorf("%s", r.Body)
	}
	option := b.send(t, "POST", "/mfa/stepup", `{}`).want(t, 200, "").option(t, "totp")
	b.verify(t, option, phone.Code()).want(t, 200, "")
	codes := b.send(t, "POST", "/mfa/recovery-codes", "").want(t, 200, "")
	if len(codes.json["codes"].([]any)) != 10 {
		t.Errorf("%s", codes.Body)
	}
	// Evidence that has all of it passes at once.
	if r := b.send(t, "POST", "/mfa/stepup", "").want(t, 200, ""); r.text("status") != "passed" || r.text("purpose") != "step_up" {
		t.Errorf("%s", r.Body)
	}
	s.Clock.Advance(2 * time.Minute)
	if r := b.send(t, "POST", "/mfa/stepup", `{"max_age":60}`).want(t, 200, ""); r.text("status") != "challenge" {
		t.Errorf("max_age does not raise: %s", r.Body)
	}
	if r := b.send(t, "POST", "/mfa/stepup", `{"phishing_resistant":true}`).want(t, 200, ""); r.text("status") != "denied" || r.text("reason") != "no_method" {
		t.Errorf("phishing_resistant does not raise: %s", r.Body)
	}
	s.Clock.Advance(time.Hour)
	if r := b.send(t, "POST", "/mfa/stepup", `{"max_age":31622400,"phishing_resistant":false}`).want(t, 200, ""); r.text("status") != "challenge" {
		t.Errorf("max_age lowers what is asked: %s", r.Body)
	}
	for _, bad := range []string{`{"max_age":0}`, `{"max_age":-1}`, `{"max_age":31622401}`, `{"max_age":9223372036854775807}`, `{"max_age":1.5}`,
		`{"max_age":"60"}`, `{"phishing_resistant":1}`, `{"aal":1}`, `{"require":{}}`} {
		b.send(t, "POST", "/mfa/stepup", bad).want(t, 400, "bad_request")
	}
}

func TestRemoval(t *testing.T) {
	s := newSite(t)
	phone, id, _ := s.member(t, "ada")
	b, other := s.browser(), s.browser()
	b.signIn(t, "ada", phone)
	other.signIn(t, "ada", phone)
	r := b.send(t, "DELETE", "/mfa/enrollments/"+id, "").want(t, 204, "")
	if r.Body.Len() != 0 || r.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", r.Header(), r.Body)
	}
	list := b.send(t, "GET", "/mfa/enrollments", "").want(t, 200, "")
	if len(list.json["enrollments"].([]any)) != 0 || list.json["recovery_codes_left"] != 0.0 {
		t.Errorf("%s", list.Body)
	}
	// The session in the other browser rests on what is gone.
	gone := other.send(t, "GET", "/mfa/enrollments", "").want(t, 403, "requirement")
	if missing := gone.json["missing"].([]any); missing[0] != mfa.MissingSignIn {
		t.Errorf("%s", gone.Body)
	}
	other.send(t, "GET", "/mfa/activity", "").want(t, 403, "requirement")
	other.send(t, "GET", "/account", "").want(t, 403, "requirement")
}

func TestRemovalOfAll(t *testing.T) {
	for name, options := range map[string][]func(*mfa.Config){"offered": nil, "required": {required}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, options...)
			phone, id := enrolInFlow(t, s, "ada")
			b := s.browser()
			b.signIn(t, "ada", phone)
			if name == "offered" {
				b.send(t, "DELETE", "/mfa/enrollments", "").want(t, 204, "")
				b.send(t, "DELETE", "/mfa/enrollments", "").want(t, 404, "no_enrollment")
				return
			}
			b.send(t, "DELETE", "/mfa/enrollments/"+id, "").want(t, 409, "enrollment_required")
			before := b.cookies["session"]
			r := b.send(t, "DELETE", "/mfa/enrollments", "").want(t, 200, "")
			if r.text("status") != "enroll" || b.cookies["__Host-mfa-flow"] == "" {
				t.Fatalf("%s", r.Body)
			}
			// There is no session for whoever lacks what the policy asks for.
			if b.cookies["session"] != "" {
				t.Error("the browser has a session still")
			}
			old := s.native()
			old.send(t, "GET", "/account", "", "X-Session", before).want(t, 401, "unauthenticated")
			b.send(t, "GET", "/account", "").want(t, 401, "unauthenticated")
			b.send(t, "GET", "/mfa/activity", "").want(t, 401, "unauthenticated")
			// The flow goes on, and makes the next one.
			again, _, codes := b.enrollApp(t)
			if len(codes) != 10 || b.cookies["__Host-mfa-flow"] != "" {
				t.Errorf("cookies %v", b.cookies)
			}
			b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
			s.browser().signIn(t, "ada", again)
		})
	}
}

func TestC15_StrangersEnrollmentsDoNotExist(t *testing.T) {
	s := newSite(t)
	phone, id, _ := s.member(t, "ada")
	_, bobs, _ := s.member(t, "bob")
	b := s.browser()
	b.signIn(t, "ada", phone)
	for _, call := range managing {
		if !strings.Contains(call[1], "ID") {
			continue
		}
		theirs := b.send(t, call[0], strings.Replace(call[1], "ID", bobs, 1), call[2]).want(t, 404, "no_enrollment")
		nobodys := b.send(t, call[0], strings.Replace(call[1], "ID", "nosuchthing", 1), call[2])
		if theirs.Code != nobodys.Code || theirs.Body.String() != nobodys.Body.String() {
			t.Errorf("%v: %s, but %s", call, theirs.Body, nobodys.Body)
		}
	}
	b.send(t, "PATCH", "/mfa/enrollments/"+id, `{"label":"mine"}`).want(t, 200, "")
}

func TestC15_FlowsOfOthersLookLikeNone(t *testing.T) {
	s := newSite(t)
	s.member(t, "ada")
	b := s.browser()
	b.login(t, "ada")
	token := b.cookies["__Host-mfa-flow"]
	var first []byte
	for _, bad := range []string{"x", "", strings.Repeat("A", 200), token[:len(token)-2] + "AA", "AAAA" + token[4:], strings.Repeat("B", 8000)} {
		r := s.native().send(t, "GET", "/mfa/flow", "", "Authorization", "Bearer "+bad).want(t, 404, "no_flow")
		if first == nil {
			first = r.Body.Bytes()
		}
		if !bytes.Equal(first, r.Body.Bytes()) {
			t.Errorf("%s, but %s", first, r.Body)
		}
	}
}

func TestRefusedDestinations(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	r := b.send(t, "POST", "/mfa/enrollments", `{"method":"letter","phone":"+4712345678"}`).want(t, 422, "destination_refused")
	if r.text("reason") != "not_an_address" || r.text("detail") != "that is a number" {
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/enrollments", `{"method":"pigeon"}`).want(t, 422, "method_not_allowed")
	b.send(t, "POST", "/mfa/enrollments", `{"method":"recovery"}`).want(t, 422, "method_not_allowed")
	b.send(t, "POST", "/mfa/enrollments", `{"method":"totp","replaces":"nosuch"}`).want(t, 404, "no_enrollment")
	b.send(t, "POST", "/mfa/enrollments", `{"method":"totp","label":"`+strings.Repeat("x", 65)+`"}`).want(t, 400, "bad_request")
	b.send(t, "POST", "/mfa/enrollments", `{}`).want(t, 400, "bad_request")
	b.send(t, "POST", "/mfa/enrollments", ``).want(t, 415, "unsupported_media_type")
	b.send(t, "POST", "/mfa/recovery-codes", ``).want(t, 409, "enrollment_required")
	b.send(t, "POST", "/mfa/recovery-codes", `{"count":3}`).want(t, 400, "bad_request")
}

func TestActivity(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	b.signIn(t, "ada", phone)
	r := b.send(t, "GET", "/mfa/activity", "", "User-Agent", "x").want(t, 200, "")
	list := r.json["activity"].([]any)
	if len(list) == 0 {
		t.Fatalf("%s", r.Body)
	}
	if e := list[0].(map[string]any); e["type"] == "" || e["time"] == "" || e["app"] != "web" || e["ip"] != "192.0.2.1" {
		t.Errorf("%v", e)
	}
}
