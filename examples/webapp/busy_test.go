package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// While another program holds the database's lock nothing is accepted, and
// everybody is told so, before the server cuts the connection.
func TestBusyDatabaseIsSaidToBeBusy(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	phone := b.enroll()
	b.signIn("ada@example.org", phone)
	pending := s.browser()
	option := optionOf(t, pending.login("ada@example.org"), "totp")
	code := phone.next()

	other := openFile(t, s.file)
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for _, c := range []struct {
		b            *browser
		method, path string
		body         any
	}{
		{s.browser(), "POST", "/login", object{"email": "ada@example.org", "password": goodPassword}},
		{s.browser(), "POST", "/register", object{"email": "bob@example.org", "password": goodPassword}},
		{pending, "POST", "/mfa/flow/verify", object{"option": option, "code": code}},
		{b, "POST", "/reauthenticate", object{"password": goodPassword}},
	} {
		calls.Go(func() {
			own := *c.b // its headers are its own
			own.header = http.Header{}
			r := own.send(c.method, c.path, c.body)
			if r.status != http.StatusServiceUnavailable || r.header.Get("Content-Type") != "application/problem+json" ||
				!strings.Contains(r.body, `"code":"busy"`) || r.header.Get("Retry-After") == "" {
				t.Errorf("%s %s: %d %v %s", c.method, c.path, r.status, r.header, r.body)
			}
		})
	}
	calls.Go(func() {
		page := s.browser().submit("/login", "email", "ada@example.org", "password", goodPassword)
		if page.status != http.StatusServiceUnavailable || !strings.Contains(page.body, "very busy just now") {
			t.Errorf("page: %d %s", page.status, page.body)
		}
	})
	calls.Wait()
	if !b.signedIn() { // reading goes on
		t.Error("the session is gone")
	}

	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	want(t, pending.send("POST", "/mfa/flow/verify", object{"option": option, "code": code}), http.StatusOK, "")
	want(t, s.browser().send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword}), http.StatusOK, "")
}

// A request that has waited for as long as it may is told the same.
func TestRequestsEndInTime(t *testing.T) {
	if requestTimeout >= writeTimeout-5e9 {
		t.Errorf("a request may wait for %v and its answer is cut off at %v", requestTimeout, writeTimeout)
	}
	var deadline bool
	inTime(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, deadline = r.Context().Deadline() })).
		ServeHTTP(nil, (&http.Request{}).WithContext(t.Context()))
	if !deadline {
		t.Error("requests have no deadline")
	}
	if status := start(t).app.statusOf(context.DeadlineExceeded); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}
