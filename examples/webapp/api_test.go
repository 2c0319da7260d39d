package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// atNetwork is a program at an address of its own.
func (s *server) atNetwork(ip string) *browser {
	b := s.program("")
	b.header.Set(devClientIP, ip)
	return b
}

const (
	robot         = "robot@example.org"
	robotsNetwork = `{"mode":"required","services":{"networks":["198.51.100.0/24"]}}`
)

// service makes a service account, and an API key for it.
func (s *server) service() (boss *browser, id, key string) {
	s.t.Helper()
	boss = s.staff("boss@example.org", "admin")
	want(s.t, boss.send("POST", "/admin/invite", object{"email": robot, "kind": "service", "team": "Robots"}), http.StatusNoContent, "")
	r := s.browser().send("POST", "/invite", object{"token": s.token(robot, "/invite"), "password": goodPassword})
	want(s.t, r, http.StatusForbidden, "service_account") // there is an account now, and no way to use it as a person
	made := boss.send("POST", "/admin/api-keys", object{"email": robot, "label": "Nightly run"})
	want(s.t, made, http.StatusOK, "")
	v := made.json(s.t)
	return boss, v["id"].(string), v["api_key"].(string)
}

func TestServiceAccountSignsInByKeyFromItsNetwork(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, robotsNetwork))
	boss, id, key := s.service()
	here := s.atNetwork("198.51.100.7")
	r := here.send("POST", "/api/token", object{"api_key": key})
	want(t, r, http.StatusOK, "")
	token := r.header.Get(apiTokenHeader)
	if r.json(t)["status"] != "passed" || len(token) != 52 || here.cookie("session") != "" || r.header.Get("Set-Cookie") != "" {
		t.Fatalf("%v", r)
	}
	me := s.program(token).send("GET", "/api/me", nil)
	want(t, me, http.StatusOK, "")
	if me.json(t)["email"] != robot {
		t.Errorf("me %s", me.body)
	}
	in, err := s.app.sessions.find(t.Context(), token)
	if p := in.Evidence.Proofs; err != nil || len(p) != 1 || p[0].Method != string(mfa.ClientCredentials) {
		t.Errorf("evidence %+v, %v", p, err)
	}

	// From anywhere else it is told what to do.
	r = s.atNetwork("203.0.113.9").send("POST", "/api/token", object{"api_key": key})
	want(t, r, http.StatusForbidden, "service_account")
	if r.header.Get(apiTokenHeader) != "" || !strings.Contains(r.body, "from the networks that the policy names") {
		t.Errorf("%v", r)
	}
	for _, wrong := range []string{"x", key[:len(key)-1], strings.ToLower(key), strings.TrimPrefix(key, apiKeyPrefix), strings.Repeat("A", 10000)} {
		want(t, here.send("POST", "/api/token", object{"api_key": wrong}), http.StatusUnauthorized, "invalid_credentials")
	}
	want(t, here.send("POST", "/api/token", object{"api_key": key, "email": robot, "password": goodPassword}), http.StatusBadRequest, "bad_request")

	// A revoked key is none, and takes along what it made.
	want(t, boss.send("DELETE", "/admin/api-keys/"+id, nil), http.StatusNoContent, "")
	want(t, here.send("POST", "/api/token", object{"api_key": key}), http.StatusUnauthorized, "invalid_credentials")
	want(t, s.program(token).send("GET", "/api/me", nil), http.StatusUnauthorized, "unauthenticated")
	want(t, boss.send("DELETE", "/admin/api-keys/"+id, nil), http.StatusUnauthorized, "invalid_credentials")
}

// Who uses a service account as a person does is refused, and it is told of.
func TestServiceAccountUsedByAPerson(t *testing.T) {
	t.Parallel()
	for name, enter := range map[string]func(b *browser) reply{
		"password": func(b *browser) reply {
			return b.send("POST", "/login", object{"email": robot, "password": goodPassword})
		},
		"password at the API": func(b *browser) reply {
			return b.send("POST", "/api/token", object{"email": robot, "password": goodPassword})
		},
		"link":  func(b *browser) reply { return b.magic(robot) },
		"reset": func(b *browser) reply { return b.reset(robot, "another good one") },
		"OAuth": func(b *browser) reply { return b.send("GET", b.atExampleID(robot, "yes"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "-policy", writeFile(t, robotsNetwork))
			s.service()
			events := func() (n int) {
				list, err := s.app.engine.Activity(t.Context(), s.account(robot).ID)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range list {
					if e.Type == mfa.EventServiceInteractive {
						n += e.Count
					}
				}
				return n
			}
			before := events() // the invitation
			b := s.browser()
			want(t, enter(b), http.StatusForbidden, "service_account")
			if b.signedIn() || events() != before+1 {
				t.Errorf("signed in: %v, %d events, before %d", b.signedIn(), events(), before)
			}
		})
	}
	s := start(t, "-policy", writeFile(t, robotsNetwork))
	s.service()
	page := s.browser().submit("/login", "email", robot, "password", goodPassword)
	if page.status != http.StatusForbidden || !strings.Contains(page.body, "This is a service account") {
		t.Errorf("status %d: %s", page.status, page.body)
	}
}

func TestAPIKeysAreForServicesAndShownOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	boss, _, key := s.service()
	s.browser().register(ada)
	want(t, boss.send("POST", "/admin/api-keys", object{"email": ada, "label": "x"}), http.StatusUnprocessableEntity, "not_service")
	want(t, boss.send("POST", "/admin/api-keys", object{"email": "nobody@example.org", "label": "x"}), http.StatusNotFound, "no_account")
	want(t, boss.send("POST", "/admin/api-keys", object{"email": robot, "label": strings.Repeat("x", 65)}), http.StatusBadRequest, "bad_request")
	files, err := filepath.Glob(s.file + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), strings.TrimPrefix(key, apiKeyPrefix)) {
			t.Errorf("the key stands in %s", filepath.Base(file))
		}
	}
	if strings.Contains(s.log.String(), key) {
		t.Error("the key stands in the log")
	}
}

func TestPeopleAtTheAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, phone := s.member(ada)
	r := s.program("").send("POST", "/api/token", object{"email": ada, "password": goodPassword})
	want(t, r, http.StatusOK, "")
	flow := r.json(t)
	pending := s.program(flow["token"].(string))
	want(t, pending.send("GET", "/api/me", nil), http.StatusUnauthorized, "unauthenticated")
	answer := object{"option": optionOf(t, flow, "totp"), "code": "000000"}
	if r := pending.send("POST", "/api/mfa/flow/verify", answer); r.status != http.StatusUnauthorized || r.header.Get(apiTokenHeader) != "" {
		t.Fatalf("%v", r)
	}
	answer["code"] = phone.next()
	r = pending.send("POST", "/api/mfa/flow/verify", answer)
	want(t, r, http.StatusOK, "")
	me := s.program(r.header.Get(apiTokenHeader))
	if got := me.send("GET", "/api/me", nil).json(t); got["email"] != ada || got["aal"] != 2.0 {
		t.Errorf("me %v", got)
	}
	want(t, me.send("GET", "/api/mfa/enrollments", nil), http.StatusOK, "")

	// What ends sessions ends tokens.
	want(t, b.send("POST", "/reauthenticate", object{"password": goodPassword}), http.StatusNoContent, "")
	want(t, b.send("POST", "/settings/sign-out-others", object{}), http.StatusSeeOther, "")
	want(t, me.send("GET", "/api/me", nil), http.StatusUnauthorized, "unauthenticated")

	s.browser().register("bob@example.org")
	r = s.program("").send("POST", "/api/token", object{"email": "bob@example.org", "password": goodPassword})
	bob := s.program(r.header.Get(apiTokenHeader))
	want(t, bob.send("GET", "/api/me", nil), http.StatusOK, "")
	want(t, bob.send("DELETE", "/api/token", nil), http.StatusNoContent, "")
	want(t, bob.send("GET", "/api/me", nil), http.StatusUnauthorized, "unauthenticated")
	r = s.program("").send("POST", "/api/token", object{"email": "bob@example.org", "password": goodPassword})
	bob = s.program(r.header.Get(apiTokenHeader))
	s.advance(12 * time.Hour)
	want(t, bob.send("GET", "/api/me", nil), http.StatusUnauthorized, "unauthenticated")
}

// A flow goes on at the front end where it was begun, or not at all.
func TestFlowsDoNotChangeTheFrontEnd(t *testing.T) {
	t.Parallel()
	s := start(t)
	_, phone := s.member(ada)
	for _, c := range []struct{ begin, verify string }{{"/api/token", "/mfa/flow/verify"}, {"/login", "/api/mfa/flow/verify"}} {
		b := s.program("")
		b.header.Set("Mfa-Client", "native")
		r := b.send("POST", c.begin, object{"email": ada, "password": goodPassword})
		want(t, r, http.StatusOK, "")
		flow := r.json(t)
		b.header.Set("Authorization", "Bearer "+flow["token"].(string))
		before := s.sessionsOf(ada)
		r = b.send("POST", c.verify, object{"option": optionOf(t, flow, "totp"), "code": phone.next()})
		want(t, r, http.StatusBadRequest, "bad_request")
		if s.sessionsOf(ada) != before || r.header.Get(apiTokenHeader) != "" || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s to %s: there is a session", c.begin, c.verify)
		}
	}
}

// A page of another site can have a browser call, and read what comes back if it is
// let; programs send neither of these.
func TestC14_TheAPIRefusesBrowsers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	for name, value := range map[string]string{"Cookie": "session=x", "Origin": s.app.origin} {
		b := s.program("")
		b.header.Set(name, value)
		for _, path := range []string{"/api/token", "/api/mfa/passkey/begin", "/api/mfa/stepup"} {
			want(t, b.send("POST", path, object{"email": ada, "password": goodPassword}), http.StatusBadRequest, "bad_request")
		}
		want(t, b.send("GET", "/api/me", nil), http.StatusUnauthorized, "unauthenticated")
	}
	b := s.browser()
	b.register("bob@example.org")
	want(t, b.page("/api/me"), http.StatusUnauthorized, "unauthenticated")
	want(t, b.send("GET", "/api/none", nil), http.StatusNotFound, "not_found")
}

// The API's passwords are counted with the others.
func TestTooManyWrongPasswordsAtTheAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register(ada)
	b := s.program("")
	for range pairRule.free {
		want(t, b.send("POST", "/api/token", object{"email": ada, "password": badPassword}), http.StatusUnauthorized, "invalid_credentials")
	}
	want(t, b.send("POST", "/api/token", object{"email": ada, "password": goodPassword}), http.StatusTooManyRequests, "too_often")
	want(t, b.send("POST", "/login", object{"email": ada, "password": goodPassword}), http.StatusTooManyRequests, "too_often")
}
