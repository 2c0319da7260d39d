package demo_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// managing are the calls that a sign-in in progress may not make.
func managing(id string) []struct {
	method, path string
	body         any
} {
	type call = struct {
		method, path string
		body         any
	}
	return []call{
		{"GET", "/me", nil},
		{"GET", "/mfa/enrollments", nil},
		{"GET", "/mfa/activity", nil},
		{"POST", "/mfa/enrollments", js{"method": "totp"}},
		{"POST", "/mfa/enrollments/" + id + "/activate", js{"code": "123456"}},
		{"POST", "/mfa/enrollments/" + id + "/challenge", nil},
		{"PATCH", "/mfa/enrollments/" + id, js{"label": "mine now"}},
		{"DELETE", "/mfa/enrollments/" + id, nil},
		{"DELETE", "/mfa/enrollments", nil},
		{"POST", "/mfa/recovery-codes", nil},
		{"POST", "/mfa/stepup", nil},
		{"POST", "/reauthenticate", js{"password": "anything"}},
		{"POST", "/password", js{"current": "anything", "new": "something else"}},
	}
}

// The cookie of a flow that waits for an answer opens nothing but the flow.
func TestC09_C10_A20_A23_A24_PendingSignInManagesNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	c := p.elsewhere()
	f := p.login(c)
	token := c.cookie("mfa-flow")
	if token == "" || c.cookie("session") != "" {
		t.Fatalf("login: cookies mfa-flow %q, session %q", token, c.cookie("session"))
	}
	planted := p.elsewhere() // the flow's token as a session
	planted.setCookie("session", token)
	bearer := p.elsewhere() // and as a native client's
	bearer.http.Jar = nil
	bearer.header.Set("Authorization", "Bearer "+token)
	for _, client := range []*client{c, planted, bearer} {
		for _, call := range managing(p.phone.id) {
			r := client.do(call.method, call.path, call.body)
			if r.status != http.StatusUnauthorized && r.status != http.StatusForbidden {
				t.Errorf("%s: %d %s", r.what, r.status, r.body)
			}
			if strings.Contains(string(r.body), p.phone.id) {
				t.Errorf("%s tells of the enrollment: %s", r.what, r.body)
			}
		}
	}
	for _, page := range []string{"/settings", "/setup", "/settings/enrollments/" + p.phone.id, "/settings/recovery-codes", "/settings/password", "/confirm"} {
		c.header.Set("Accept", "text/html")
		if r := c.get(page); r.status != http.StatusSeeOther || !strings.HasPrefix(r.header.Get("Location"), "/login") {
			t.Errorf("%s: %d, to %q", page, r.status, r.header.Get("Location"))
		}
	}
	c.header.Del("Accept")
	// Nothing has changed, and the flow goes on.
	if l := p.enrollments(); len(l.Enrollments) != 1 || l.Enrollments[0].Label == "mine now" || l.Left != 10 {
		t.Errorf("afterwards: %+v", l)
	}
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK)
}

// A flow that asks to enrol shows and removes nothing either, and does not
// enrol where something is enrolled already.
func TestC10_FlowThatAsksToEnrolOnlyEnrols(t *testing.T) {
	t.Parallel()
	a := start(t, "-policy", policyFile(t, `{"mode":"required"}`))
	p := a.stranger(t)
	p.post("/register", js{"email": p.email, "password": p.password}).want(http.StatusCreated)
	for _, call := range managing("nothing") {
		if call.path == "/mfa/enrollments" && call.method != "DELETE" || strings.HasPrefix(call.path, "/mfa/enrollments/nothing/") {
			continue
		}
		if r := p.do(call.method, call.path, call.body); r.status != http.StatusUnauthorized && r.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", r.what, r.status, r.body)
		}
	}
	p.enroll()
	if f := p.login(p.elsewhere()); f.Status != "challenge" {
		t.Errorf("login: %+v", f)
	}
}

func TestC12_A39_SessionIDsAreNew(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := p.elsewhere()
	const fixed = "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdef"
	c.setCookie("session", fixed)
	f := p.login(c)
	c.setCookie("session", fixed)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK)
	first := c.cookie("session")
	if first == fixed || first == "" {
		t.Fatalf("session %q", first)
	}
	attacker := p.elsewhere()
	attacker.setCookie("session", fixed)
	attacker.get("/me").want(http.StatusUnauthorized)

	// Signing in again ends the session that there was.
	p.signIn(c)
	if c.cookie("session") == first {
		t.Error("signing in again keeps the session's id")
	}
	attacker.setCookie("session", first)
	attacker.get("/me").want(http.StatusUnauthorized)
	// So does a step-up, and a fresh password.
	for _, call := range []func(){
		func() { c.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent) },
		func() {
			a.advance(time.Minute)
			f := c.post("/mfa/stepup", js{"max_age": 1}).want(http.StatusOK).flow()
			c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK)
		},
	} {
		old := c.cookie("session")
		call()
		attacker.setCookie("session", old)
		attacker.get("/me").want(http.StatusUnauthorized)
		c.get("/me").want(http.StatusOK)
	}
	c.post("/logout", nil).want(http.StatusNoContent)
	c.get("/me").want(http.StatusUnauthorized)
}

func TestC01_A35_FlowsAreBound(t *testing.T) {
	t.Parallel()
	a := start(t)
	p, q := a.member(t), a.member(t)
	c, d := p.elsewhere(), q.elsewhere()
	f, g := p.login(c), q.login(d)
	p.app.advance(30 * time.Second)
	// Somebody else's right code, and somebody else's option.
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": q.phone.code()}).want(http.StatusUnauthorized, "code_not_valid")
	c.post("/mfa/flow/verify", js{"option": g.option(t, "totp"), "code": q.phone.code()}).want(http.StatusNotFound, "no_option")
	// A client never names its user.
	for _, name := range []string{"user", "user_id", "email", "account"} {
		d.post("/mfa/flow/verify", js{"option": g.option(t, "totp"), "code": q.phone.code(), name: p.email}).want(http.StatusBadRequest, "bad_request")
	}
	d.post("/mfa/flow/verify?user="+p.email, js{"option": g.option(t, "totp"), "code": q.phone.code()}).want(http.StatusOK)
	if m := d.me(); m.Email != q.email {
		t.Errorf("signed in as %s, want %s", m.Email, q.email)
	}
	// A sign-in's code approves no change, and a step-up's flow ends with its session.
	e := p.elsewhere()
	p.signIn(e)
	a.advance(11 * time.Minute)
	step := e.post("/mfa/stepup", nil).want(http.StatusOK).flow()
	token := e.cookie("mfa-flow")
	d.setCookie("mfa-flow", token)
	r := d.post("/mfa/flow/verify", js{"option": step.option(t, "totp"), "code": p.phone.code()})
	if r.status == http.StatusOK || d.me().Email != q.email || d.me().AAL != 2 {
		t.Errorf("another's step-up: %d %s, now %+v", r.status, r.body, d.me())
	}
}

// the session of one user says nothing about another's sign-in.
func TestA33_SignInBesideAnothersSession(t *testing.T) {
	t.Parallel()
	a := start(t)
	p, q := a.member(t), a.member(t)
	c := p.elsewhere()
	p.signIn(c)
	if f := q.login(c); f.Status != "challenge" {
		t.Errorf("login: %+v", f)
	}
	c.get("/me").want(http.StatusUnauthorized)
}

func TestAnotherUsersEnrollmentsDoNotExist(t *testing.T) {
	t.Parallel()
	a := start(t)
	p, q := a.member(t), a.member(t)
	p.signIn(p.client)
	q.signIn(q.client)
	pendingOfQ := q.begin(js{"method": "totp"})
	for _, id := range []string{q.phone.id, pendingOfQ.id, "nothing", "..", "%00", strings.Repeat("a", 2000)} {
		for _, call := range []struct {
			method, path string
			body         any
		}{
			{"PATCH", "", js{"label": "x"}},
			{"DELETE", "", nil},
			{"POST", "/challenge", nil},
			{"POST", "/activate", js{"code": pendingOfQ.code()}},
		} {
			r := p.do(call.method, "/mfa/enrollments/"+id+call.path, call.body)
			switch {
			case r.status == http.StatusNotFound:
			case id == ".." && r.status >= 300 && r.status < 500: // the path is another then
			case id == strings.Repeat("a", 2000) && r.status == http.StatusBadRequest:
			default:
				t.Errorf("%.80s: %d %s", r.what, r.status, r.body)
			}
		}
		r := p.post("/mfa/enrollments", js{"method": "totp", "replaces": id})
		if r.status != http.StatusNotFound && r.status != http.StatusBadRequest {
			t.Errorf("replaces %.20q: %d %s", id, r.status, r.body)
		}
	}
	if l := q.enrollments(); len(l.Enrollments) != 1 || l.Enrollments[0].Label == "x" {
		t.Errorf("q's: %+v", l)
	}
	q.activate(pendingOfQ)
}

func TestFlowsAndEnrolmentsExpire(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	pending := p.begin(js{"method": "totp"})
	c := p.elsewhere()
	f := p.login(c)
	token := c.cookie("mfa-flow")
	a.advance(10*time.Minute + time.Second)
	c.setCookie("mfa-flow", token) // the browser has dropped it by then
	c.get("/mfa/flow").want(http.StatusGone, "flow_expired")
	c.post("/mfa/flow/challenge", js{"option": f.option(t, "totp")}).want(http.StatusGone, "flow_expired")
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.code()}).want(http.StatusGone, "flow_expired")
	p.post("/mfa/enrollments/"+pending.id+"/activate", js{"code": pending.code()}).want(http.StatusGone, "enrollment_expired")
	for _, forged := range []string{"x", strings.Repeat("A", 43), token + "A", token[1:], strings.Repeat("A", 5000)} {
		c.setCookie("mfa-flow", forged)
		c.get("/mfa/flow").want(http.StatusNotFound, "no_flow")
	}
	// Sessions too: twelve hours.
	a.advance(12 * time.Hour)
	p.get("/me").want(http.StatusUnauthorized)
}

func TestA20_TheSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	pending := p.begin(js{"method": "totp"})
	secret := ""
	for value, k := range a.seen.all() {
		if k.once == "POST /mfa/enrollments" {
			secret = value
		}
	}
	p.post("/mfa/enrollments/"+pending.id+"/challenge", nil).want(http.StatusOK)
	p.activate(pending)
	p.header.Set("Accept", "text/html")
	for _, path := range []string{"/setup", "/settings", "/settings/enrollments/" + pending.id, "/mfa/enrollments", "/mfa/activity"} {
		if r := p.get(path); strings.Contains(string(r.body), secret) || strings.Contains(string(r.body), "otpauth") {
			t.Errorf("%s shows the secret", path)
		}
	}
}

// T-09: a secret is made by the server, and a client's own is refused.
func TestA21_PostedSecretIsRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	const own = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for _, name := range []string{"secret", "uri", "key", "import", "state", "id"} {
		p.post("/mfa/enrollments", js{"method": "totp", name: own}).want(http.StatusBadRequest, "bad_request")
	}
	pending := p.begin(js{"method": "totp"})
	for _, name := range []string{"secret", "uri", "key", "state"} {
		p.post("/mfa/enrollments/"+pending.id+"/activate", js{"code": pending.code(), name: own}).want(http.StatusBadRequest, "bad_request")
	}
	p.header.Set("Accept", "text/html")
	if r := p.post("/setup", form("label", "x", "secret", own)); r.status != http.StatusOK || strings.Contains(string(r.body), own) {
		t.Errorf("the page's form: %d, with a secret of the client's", r.status)
	}
	p.header.Del("Accept")
	if l := p.enrollments(); len(l.Enrollments) != 0 {
		t.Errorf("enrolled: %+v", l)
	}
	if done := p.activate(pending); !slices.Contains([]string{"totp"}, done.Enrollment.Method) {
		t.Errorf("activated: %+v", done)
	}
}
