package main

import (
	"net/http"
	"strings"
	"testing"
)

// Whoever removes all that they had, where the policy asks for something, has to
// enrol before there is a session again.
func TestRemovingAllUnderARequiredPolicyEndsTheSession(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required"}`))
	b, other := s.browser(), s.browser()
	b.register("ada@example.org")
	phone := b.enroll()
	other.signIn("ada@example.org", phone)
	b.signIn("ada@example.org", phone)
	before := b.cookie("session")

	want(t, b.send("DELETE", "/mfa/enrollments/"+phone.id, nil), http.StatusConflict, "enrollment_required")
	r := b.send("DELETE", "/mfa/enrollments", nil)
	want(t, r, http.StatusOK, "")
	if r.json(t)["status"] != "enroll" || b.cookie("mfa-flow") == "" {
		t.Fatalf("flow %s", r.body)
	}
	if b.cookie("session") != "" || s.sessionsOf("ada@example.org") != 0 {
		t.Errorf("cookie %q, %d sessions", b.cookie("session"), s.sessionsOf("ada@example.org"))
	}
	want(t, b.send("GET", "/me", nil), http.StatusUnauthorized, "unauthenticated")
	b.page("/settings").wantRedirect(t, "/login?return=%2Fsettings")
	old := s.browser()
	old.setCookie("session", before)
	if old.signedIn() || other.signedIn() {
		t.Error("an old session still works")
	}

	// The flow goes on, by the pages too, and makes a new session.
	if page := b.page("/setup").body; !strings.Contains(page, "needs a second step") {
		t.Errorf("%s", page)
	}
	page := b.submit("/setup", "label", "New phone").body
	p := phone
	p.secret = find(t, page, `secret=([A-Z2-7]+)`)
	want(t, b.submit("/setup/confirm", "id", find(t, page, `name="id" value="([^"]+)"`), "code", p.code()), http.StatusOK, "")
	if me := b.send("GET", "/me", nil).json(t); me["aal"] != 2.0 {
		t.Errorf("%v", me)
	}
	if after := b.cookie("session"); after == "" || after == before || b.cookie("mfa-flow") != "" || s.sessionsOf("ada@example.org") != 1 {
		t.Errorf("session %q, before %q, %d in all", after, before, s.sessionsOf("ada@example.org"))
	}
}

func TestTheLastAppStaysUnderARequiredPolicy(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"required"}`))
	b := s.browser()
	b.register("ada@example.org")
	phone := b.enroll()
	b.signIn("ada@example.org", phone)
	page := b.submit("/settings/enrollments/" + phone.id + "/remove")
	want(t, page, http.StatusConflict, "")
	if !strings.Contains(page.body, "needs at least one second step") || !b.signedIn() {
		t.Errorf("signed in: %v, %s", b.signedIn(), page.body)
	}
}
