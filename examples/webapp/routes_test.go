package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A call is one that only somebody who is signed in may make.
type call struct {
	method, path string
	body         object
}

// protected are the calls that a sign-in in progress may not make, not even with the
// right code: 401. Those to the API take no cookies.
func protected(enrollment, code string) []call {
	return []call{
		{"GET", "/me", nil},
		{"POST", "/reauthenticate", object{"password": goodPassword}},
		{"POST", "/password", object{"current": goodPassword, "new": "another good one"}},
		{"GET", "/settings", nil},
		{"GET", "/setup", nil},
		{"POST", "/setup", object{"label": "Mine"}},
		{"POST", "/setup/confirm", object{"id": enrollment, "code": code}},
		{"GET", "/setup/key", nil},
		{"POST", "/setup/key", object{"id": enrollment, "credential": "{}"}},
		{"POST", "/mfa/enrollments", object{"method": "webauthn"}},
		{"GET", "/settings/enrollments/" + enrollment, nil},
		{"POST", "/settings/enrollments/" + enrollment + "/rename", object{"label": "Mine"}},
		{"POST", "/settings/enrollments/" + enrollment + "/remove", object{}},
		{"GET", "/settings/recovery-codes", nil},
		{"POST", "/settings/recovery-codes", object{}},
		{"GET", "/settings/password", nil},
		{"POST", "/settings/sign-out-others", object{}},
		{"GET", "/confirm", nil},
		{"POST", "/confirm", object{"return": "/"}},
		{"GET", "/mfa/enrollments", nil},
		{"POST", "/mfa/enrollments", object{"method": "totp"}},
		{"DELETE", "/mfa/enrollments", nil},
		{"PATCH", "/mfa/enrollments/" + enrollment, object{"label": "Mine"}},
		{"DELETE", "/mfa/enrollments/" + enrollment, nil},
		{"POST", "/mfa/enrollments/" + enrollment + "/challenge", object{}},
		{"POST", "/mfa/enrollments/" + enrollment + "/activate", object{"code": code}},
		{"POST", "/mfa/recovery-codes", nil},
		{"POST", "/mfa/stepup", nil},
		{"GET", "/mfa/activity", nil},
		{"GET", "/setup/more", nil},
		{"POST", "/setup/sms/resend", object{"id": enrollment}},
		{"POST", "/setup/sms/confirm", object{"id": enrollment, "code": code}},
		{"GET", "/setup/email", nil},
		{"POST", "/setup/email", object{"email": "eve@example.org"}},
		{"POST", "/setup/email/resend", object{"id": enrollment}},
		{"POST", "/setup/email/confirm", object{"id": enrollment, "code": code}},
		{"GET", "/setup/sms", nil},
		{"POST", "/setup/sms", object{"phone": adasNumber}},
		{"GET", "/setup/app", nil},
		{"GET", "/settings/enrollments/" + enrollment + "/change", nil},
		{"GET", "/settings/devices", nil},
		{"GET", "/settings/activity", nil},
		{"POST", "/settings/activity/x/dispute", object{}},
		{"POST", "/settings/devices/x/forget", object{}},
		{"POST", "/settings/devices/forget-all", object{}},
		{"POST", "/settings/sign-out-everywhere", object{}},
		{"GET", "/settings/reset", nil},
		{"POST", "/settings/reset/cancel", object{}},
		{"GET", "/transfer", nil},
		{"POST", "/transfer", object{"to": "Eve", "amount": "1"}},
		{"GET", "/transfer/x", nil},
		{"POST", "/transfer/x", object{}},
		{"POST", "/transfer/x/approve", object{}},
		{"POST", "/verify", nil},
		{"POST", "/verify/confirm", object{"token": "x"}},
		{"GET", "/settings/export", nil},
		{"POST", "/admin/invite", object{"email": "eve@example.org"}},
		{"POST", "/admin/api-keys", object{"email": "eve@example.org"}},
		{"DELETE", "/admin/api-keys/x", nil},
		{"GET", "/admin", nil},
		{"GET", "/admin/users/x", nil},
		{"POST", "/admin/users/x/reset", object{"reason": "lost"}},
		{"POST", "/admin/users/x/code", object{"reason": "lost"}},
		{"POST", "/admin/users/x/change", object{"reason": "lost"}},
		{"POST", "/admin/users/x/verdict", object{"reason": "called", "activity": "x", "verdict": "not_me"}},
		{"GET", "/admin/risk", nil},
		{"POST", "/admin/users/x/change/confirm", object{"code": code}},
		{"POST", "/admin/agree/x", object{}},
		{"GET", "/admin/policy", nil},
		{"POST", "/admin/policy/preview", object{"policy": "{}"}},
		{"POST", "/admin/policy/preview.csv", object{"policy": "{}"}},
		{"POST", "/admin/policy/use", object{"policy": "{}"}},
		{"GET", "/api/me", nil},
		{"GET", "/mobile/me", nil},
	}
}

// open are the routes for which nobody has to be signed in: the ways in, what a flow
// shows and asks, what only ends something, and what there is in development.
var open = []string{
	"GET /{$}", "GET /static/demo.css", "GET /static/icon.svg", "GET /health",
	"GET /register", "POST /register", "GET /login", "POST /login", "GET /magic", "POST /magic", "POST /magic/enter",
	"GET /forgot", "POST /forgot", "GET /reset", "POST /reset", "GET /invite", "POST /invite", "GET /verify",
	"GET /oauth/start", "GET /oauth/callback", "POST /api/token", "POST /mobile/login",
	"GET /challenge", "POST /challenge", "POST /challenge/send", "POST /challenge/skip", "GET /continue", "POST /continue",
	"GET /setup/confirm", "GET /setup/sms/resend", "GET /setup/sms/confirm", "GET /setup/email/resend", "GET /setup/email/confirm", // which lead to where it begins
	"GET /lost", "POST /lost",
	"POST /logout", "DELETE /api/token", "POST /mobile/logout",
	"GET /dev/inbox", "GET /dev/inbox.json", "POST /dev/clock", "GET /dev/client", "POST /dev/client", "POST /dev/rank", "POST /dev/invite", "GET /dev/idp/authorize", "POST /dev/idp/authorize",
}

var routeInSource = regexp.MustCompile(`"((?:GET|POST|PUT|PATCH|DELETE) /[^"]*)"`)

// A route that somebody adds is among those that a sign-in in progress is tried on,
// or is known to be open.
func TestA52_EveryRouteIsOpenOrProtected(t *testing.T) {
	files, err1 := filepath.Glob("*.go")
	ready, err2 := filepath.Glob("../../mfahttp/pages/*_routes.go")
	if err := errors.Join(err1, err2); err != nil || len(ready) == 0 {
		t.Fatal(err)
	}
	files = append(files, ready...)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range routeInSource.FindAllStringSubmatch(string(text), -1) {
			found++
			if !slices.Contains(open, m[1]) && !tried(m[1]) {
				t.Errorf("%s: %s is neither in protected nor in open", file, m[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("only %d routes were found", found)
	}
}

// tried says whether a call of protected goes to the route. What ends with a slash in
// the source goes on there.
func tried(route string) bool {
	pattern := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(route), `[^/]+`)
	if strings.HasSuffix(route, "/") {
		pattern += ".+"
	}
	is := regexp.MustCompile("^" + pattern + "$")
	return slices.ContainsFunc(protected("x", ""), func(c call) bool { return is.MatchString(c.method + " " + c.path) })
}
