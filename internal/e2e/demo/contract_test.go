package demo_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testneed"
)

// oathtool works a code out by somebody else's code, for the demo's time.
func oathtool(t testing.TB, a *app, secret string) string {
	t.Helper()
	program := testneed.Program(t, "oathtool", "apt-get install oathtool")
	cmd := exec.Command(program, "--totp", "--base32", "--now", a.now().UTC().Format("2006-01-02 15:04:05 UTC"), "-")
	cmd.Stdin = strings.NewReader(secret)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	code := strings.TrimSpace(string(out))
	a.seen.code(code)
	return code
}

// zbarimg reads a QR code by somebody else's code.
func zbarimg(t testing.TB, image []byte) string {
	t.Helper()
	program := testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
	cmd := exec.Command(program, "--quiet", "--raw", "--nodbus", "-")
	cmd.Stdin = bytes.NewReader(image)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("zbarimg reads no code: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// What a person with a real phone does, checked with programs that are not ours.
func TestContract_AuthenticatorApp(t *testing.T) {
	t.Parallel()
	testneed.Program(t, "oathtool", "apt-get install oathtool")
	testneed.Program(t, "zbarimg", "apt-get install zbar-tools")
	a := start(t)
	p := a.register(t)
	if m := p.me(); m.Email != p.email || m.AAL != 1 || !slices.Equal(m.AMR, []string{"pwd"}) || a.now().Sub(m.AuthTime).Abs() > time.Minute {
		t.Errorf("after register: %+v", m)
	}
	if l := p.enrollments(); len(l.Enrollments) != 0 || l.Left != 0 {
		t.Errorf("after register: %+v", l)
	}

	r := p.post("/mfa/enrollments", js{"method": "totp", "label": "My phone"}).want(http.StatusCreated)
	var b begun
	r.into(&b)
	a.seen.totp(b.Secret)
	if r.member("expires_at") == nil || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("T-13: expires_at %v, headers %v", r.member("expires_at"), r.header)
	}
	image, isPNG := strings.CutPrefix(b.QR, "data:image/png;base64,")
	png, err := base64.StdEncoding.DecodeString(image)
	if err != nil || !isPNG {
		t.Fatalf("qr is no PNG data URI: %.40q, %v", b.QR, err)
	}
	scanned := zbarimg(t, png)
	u, err := url.Parse(scanned)
	if err != nil || scanned != b.URI || u.Scheme != "otpauth" || u.Host != "totp" {
		t.Fatalf("T-11: scanned %q, want %q, %v", scanned, b.URI, err)
	}
	secret := u.Query().Get("secret")
	if secret != b.Secret || len(secret) < 32 || !strings.HasSuffix(u.Path, ":"+p.email) || u.Query().Get("issuer") == "" {
		t.Errorf("T-11: scanned %q", scanned)
	}

	first := oathtool(t, a, secret)
	var done activated
	p.post("/mfa/enrollments/"+b.ID+"/activate", js{"code": first}).want(http.StatusOK).into(&done)
	if done.Enrollment.ID != b.ID || done.Enrollment.Label != "My phone" || len(done.RecoveryCodes) != 10 || done.Flow != nil {
		t.Errorf("activated: %+v", done)
	}
	for _, c := range done.RecoveryCodes {
		a.seen.recovery(c)
	}
	if l := p.enrollments(); len(l.Enrollments) != 1 || l.Enrollments[0].ID != b.ID || l.Enrollments[0].Disabled || l.Left != 10 {
		t.Errorf("after activation: %+v", l)
	}
	a.waitForMail(p.email, "a way to sign in was added")
	a.waitForMail(p.email, "new recovery codes")

	p.post("/logout", nil).want(http.StatusNoContent)
	p.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	f := p.login(p.client)
	if f.Status != "challenge" || f.Purpose != "sign_in" || f.Token != "" || p.cookie("session") != "" {
		t.Errorf("login: %+v", f)
	}
	totp := f.option(t, "totp")
	f.option(t, "recovery")
	if shown := p.get("/mfa/flow").want(http.StatusOK).flow(); shown.Status != "challenge" || shown.option(t, "totp") != totp {
		t.Errorf("flow: %+v", shown)
	}
	p.post("/mfa/flow/challenge", js{"option": totp}).want(http.StatusOK)
	// the code that confirmed the enrolment is spent.
	p.post("/mfa/flow/verify", js{"option": totp, "code": first}).want(http.StatusUnauthorized, "code_not_valid")
	p.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	a.advance(30 * time.Second)
	second := oathtool(t, a, secret)
	if f := p.post("/mfa/flow/verify", js{"option": totp, "code": second}).want(http.StatusOK).flow(); f.Status != "passed" {
		t.Errorf("verified: %+v", f)
	}
	m := p.me()
	if m.AAL != 2 || !slices.Contains(m.AMR, "pwd") || !slices.Contains(m.AMR, "otp") || m.PhishingResistant || a.now().Sub(m.AuthTime).Abs() > time.Minute {
		t.Errorf("after sign-in: %+v", m)
	}
	p.get("/mfa/flow").want(http.StatusNotFound, "no_flow") // the cookie is gone
	if l := p.enrollments(); l.Enrollments[0].LastUsed == nil {
		t.Errorf("last_used_at is not set: %+v", l)
	}
}

func TestContract_RecoveryCodes(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	other := p.elsewhere()
	f := p.login(other)
	again := p.elsewhere()
	g := p.login(again)
	typed := strings.ToUpper(strings.ReplaceAll(p.recovery[0], "-", " "))
	if f := other.post("/mfa/flow/verify", js{"option": f.option(t, "recovery"), "code": typed}).want(http.StatusOK).flow(); f.Status != "passed" {
		t.Errorf("recovery: %+v", f)
	}
	// L-03: once, in whatever spelling.
	for _, spent := range []string{p.recovery[0], typed, strings.ReplaceAll(p.recovery[0], "-", "")} {
		again.post("/mfa/flow/verify", js{"option": g.option(t, "recovery"), "code": spent}).want(http.StatusUnauthorized, "code_not_valid")
	}
	if l := other.enrollments(); l.Left != 9 {
		t.Errorf("left: %+v", l)
	}
	a.waitForMail(p.email, "recovery code was used")
	p.get("/me").want(http.StatusUnauthorized) // the other sessions are over

	// L-05: new ones end the old ones.
	old := p.recovery
	q := &person{client: other, email: p.email, password: p.password, phone: p.phone}
	q.regenerate()
	if len(q.recovery) != 10 || slices.ContainsFunc(q.recovery, func(c string) bool { return slices.Contains(old, c) }) {
		t.Errorf("new codes: %d", len(q.recovery))
	}
	third := p.elsewhere()
	h := p.login(third)
	third.post("/mfa/flow/verify", js{"option": h.option(t, "recovery"), "code": old[1]}).want(http.StatusUnauthorized, "code_not_valid")
	third.post("/mfa/flow/verify", js{"option": h.option(t, "recovery"), "code": q.recovery[9]}).want(http.StatusOK)
}

func TestA31_RecoveryCodeOfAnother(t *testing.T) {
	t.Parallel()
	a := start(t)
	p, q := a.member(t), a.member(t)
	c := q.elsewhere()
	f := q.login(c)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "recovery"), "code": p.recovery[0]}).want(http.StatusUnauthorized, "code_not_valid")
	// It still works for whom it was made.
	d := p.elsewhere()
	g := p.login(d)
	d.post("/mfa/flow/verify", js{"option": g.option(t, "recovery"), "code": p.recovery[0]}).want(http.StatusOK)
}

func TestA37_RecoveryCodesEndWithMFA(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	p.post("/mfa/recovery-codes", nil).want(http.StatusConflict, "enrollment_required") // L-06
	p.enroll()
	first := p.recovery
	p.signIn(p.client)
	p.delete("/mfa/enrollments").want(http.StatusNoContent)
	if l := p.enrollments(); len(l.Enrollments) != 0 || l.Left != 0 {
		t.Errorf("after reset: %+v", l)
	}
	if f := p.login(p.elsewhere()); f.Status != "passed" {
		t.Errorf("after reset: %+v", f)
	}
	p.signIn(p.client)
	p.recovery = nil
	p.enroll()
	if len(p.recovery) != 10 {
		t.Errorf("the second time: %d codes", len(p.recovery))
	}
	c := p.elsewhere()
	f := p.login(c)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "recovery"), "code": first[0]}).want(http.StatusUnauthorized, "code_not_valid")
}

// C-11, A-26: changes ask for a factor that was proved in the last ten minutes.
func TestContract_ChangesAskForFreshEvidence(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	// The browser of the enrolment has a password alone behind it.
	for _, r := range []reply{
		p.delete("/mfa/enrollments/" + p.phone.id), p.delete("/mfa/enrollments"),
		p.post("/mfa/recovery-codes", nil), p.post("/mfa/enrollments", js{"method": "totp"}),
	} {
		if missing := p.missing(r); !slices.Contains(missing, "second_factor") {
			t.Errorf("%s: missing %v", r.what, missing)
		}
	}
	// A fresh password is not enough.
	p.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent)
	p.delete("/mfa/enrollments/"+p.phone.id).want(http.StatusForbidden, "requirement")

	before := p.cookie("session")
	f := p.post("/mfa/stepup", nil).want(http.StatusOK).flow()
	if f.Status != "challenge" || f.Purpose != "step_up" {
		t.Fatalf("step-up: %+v", f)
	}
	p.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.wrong()}).want(http.StatusUnauthorized, "code_not_valid")
	if f := p.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK).flow(); f.Status != "passed" {
		t.Errorf("step-up: %+v", f)
	}
	if p.cookie("session") == before {
		t.Error("C-12: the session's id is the same after a step-up")
	}
	if m := p.me(); m.AAL != 2 {
		t.Errorf("after step-up: %+v", m)
	}
	if f := p.post("/mfa/stepup", js{"max_age": 300}).want(http.StatusOK).flow(); f.Status != "passed" {
		t.Errorf("a step-up that has all: %+v", f)
	}

	a.advance(10*time.Minute + time.Second)
	p.delete("/mfa/enrollments/"+p.phone.id).want(http.StatusForbidden, "requirement")
	p.signIn(p.client)
	p.delete("/mfa/enrollments/" + p.phone.id).want(http.StatusNoContent)
	if l := p.enrollments(); len(l.Enrollments) != 0 {
		t.Errorf("after removal: %+v", l)
	}
	a.waitForMail(p.email, "a way to sign in was removed")
	if m := p.me(); m.AAL != 1 {
		t.Errorf("A-50: %+v after the factor is gone", m)
	}
}

func TestContract_SeveralApps(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	second := p.begin(js{"method": "totp", "label": "Tablet"})
	if done := p.activate(second); len(done.RecoveryCodes) != 0 || done.Enrollment.Label != "Tablet" {
		t.Errorf("second app: %+v", done)
	}
	// An abandoned setup changes nothing (A-29, T-10).
	p.begin(js{"method": "totp", "label": "Abandoned"})
	if l := p.enrollments(); len(l.Enrollments) != 2 {
		t.Errorf("two apps: %+v", l)
	}
	r := p.do("PATCH", "/mfa/enrollments/"+second.id, js{"label": "Old tablet"}).want(http.StatusOK)
	if r.member("label") != "Old tablet" {
		t.Errorf("renamed: %s", r.body)
	}
	// Replaces: the new one is confirmed, then the old one is gone.
	third := p.begin(js{"method": "totp", "replaces": second.id})
	if l := p.enrollments(); len(l.Enrollments) != 2 || l.Enrollments[1].ID != second.id {
		t.Errorf("before the new one is confirmed: %+v", l)
	}
	if done := p.activate(third); done.Enrollment.Label != "Old tablet" {
		t.Errorf("replaced: %+v", done)
	}
	c := p.elsewhere()
	f := p.login(c)
	a.advance(time.Minute)
	apps := 0
	for _, o := range f.Options {
		if o.Method == "totp" {
			apps++
			c.post("/mfa/flow/verify", js{"option": o.ID, "code": second.code()}).want(http.StatusUnauthorized, "code_not_valid")
		}
	}
	if apps == 0 {
		t.Errorf("no app is an option: %+v", f)
	}
}

func TestContract_Activity(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := p.elsewhere()
	c.header.Set("X-Dev-Client-IP", "203.0.113.7")
	f := p.login(c)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.wrong()}).want(http.StatusUnauthorized)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK)
	var out struct {
		Activity []struct {
			Time             time.Time
			Type, Method, IP string
			Count            int
		}
	}
	c.get("/mfa/activity").want(http.StatusOK).into(&out)
	seen := map[string]string{}
	for _, e := range out.Activity {
		seen[e.Type] = e.IP
		if e.Time.IsZero() || e.Count < 1 {
			t.Errorf("entry %+v", e)
		}
	}
	for _, want := range []string{"enrollment.added", "recovery.generated", "factor.failed", "flow.passed"} {
		if _, ok := seen[want]; !ok {
			t.Errorf("C-19: no %s in %+v", want, out.Activity)
		}
	}
	if seen["factor.failed"] != "203.0.113.7" {
		t.Errorf("the failure came from %q", seen["factor.failed"])
	}
}

func TestContract_PasswordChangeEndsOtherSessions(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	other, pending := p.elsewhere(), p.elsewhere()
	p.signIn(other)
	f := p.login(pending)
	before := p.cookie("session")
	p.post("/password", js{"current": "wrong " + p.password, "new": newPassword()}).want(http.StatusUnauthorized, "invalid_credentials")
	other.get("/me").want(http.StatusOK)
	next := newPassword()
	a.seen.secret("a password", next)
	p.post("/password", js{"current": p.password, "new": next}).want(http.StatusNoContent)
	if p.cookie("session") == before {
		t.Error("C-12: the session's id is the same after the password changed")
	}
	p.get("/me").want(http.StatusOK)
	other.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	// The sign-in that the old password began dies too.
	pending.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusGone, "flow_expired")
	other.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusUnauthorized, "invalid_credentials")
	p.password = next
	p.signIn(other)
	a.waitForMail(p.email, "password was changed")
}

func TestC13_ChangesEndOtherSessions(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	other := p.elsewhere()
	p.signIn(other)
	p.enroll()
	other.get("/me").want(http.StatusUnauthorized)
	p.signIn(other)
	p.signIn(p.client)
	other.get("/me").want(http.StatusOK)
	p.delete("/mfa/enrollments/" + p.phone.id).want(http.StatusNoContent)
	other.get("/me").want(http.StatusUnauthorized)
	p.get("/me").want(http.StatusOK)
}

func TestContract_NativeClient(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := a.client(t)
	c.http.Jar = nil
	c.header.Set("Mfa-Client", "native")
	r := c.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusOK)
	f := r.flow()
	if f.Status != "challenge" || f.Token == "" || len(r.header.Values("Set-Cookie")) != 0 {
		t.Fatalf("native login: %+v, cookies %v", f, r.header.Values("Set-Cookie"))
	}
	a.seen.token(f.Token)
	c.header.Del("Mfa-Client")
	c.get("/mfa/flow").want(http.StatusNotFound, "no_flow")
	c.header.Set("Authorization", "Bearer "+f.Token)
	if g := c.get("/mfa/flow").want(http.StatusOK).flow(); g.Status != "challenge" {
		t.Errorf("flow: %+v", g)
	}
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.wrong()}).want(http.StatusUnauthorized, "code_not_valid")
	passed := c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK)
	if g := passed.flow(); g.Status != "passed" || g.DeviceToken == "" {
		t.Errorf("verified: %+v", g)
	}
	c.get("/mfa/flow").want(http.StatusGone, "flow_expired")

	// From a browser it is refused: a script could read the token.
	c.header.Del("Authorization")
	c.header.Set("Mfa-Client", "native")
	for name, value := range map[string]string{"Origin": a.url, "Cookie": "a=b"} {
		d := a.client(t)
		d.header = c.header.Clone()
		d.header.Set(name, value)
		d.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusBadRequest, "bad_request")
	}
}

// Where the policy requires it, a password alone leads to an enrolment and no further.
func TestContract_RequiredPolicy(t *testing.T) {
	t.Parallel()
	a := start(t, "-policy", policyFile(t, `{"mode":"required"}`))
	p := a.stranger(t)
	f := p.post("/register", js{"email": p.email, "password": p.password}).want(http.StatusCreated).flow()
	if f.Status != "enroll" || !slices.Contains(f.Methods, "totp") || !slices.Contains(f.Methods, "webauthn") || p.cookie("session") != "" {
		t.Fatalf("register: %+v", f)
	}
	p.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	p.phone = p.begin(js{"method": "totp"})
	p.post("/mfa/enrollments/"+p.phone.id+"/activate", js{"code": p.phone.wrong()}).want(http.StatusUnauthorized, "code_not_valid")
	p.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	done := p.activate(p.phone)
	if done.Flow == nil || done.Flow.Status != "passed" || len(done.RecoveryCodes) != 10 {
		t.Errorf("activated: %+v", done)
	}
	if m := p.me(); m.AAL != 2 {
		t.Errorf("after enrolment: %+v", m)
	}
	p.delete("/mfa/enrollments/"+p.phone.id).want(http.StatusConflict, "enrollment_required")
	// Reset leads to a new enrolment, and until then there is no session.
	before := p.cookie("session")
	again := p.delete("/mfa/enrollments").want(http.StatusOK).flow()
	if again.Status != "enroll" || p.cookie("session") != "" {
		t.Errorf("reset: %+v", again)
	}
	p.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	old := p.elsewhere()
	old.setCookie("session", before)
	old.get("/me").want(http.StatusUnauthorized, "unauthenticated")
	p.phone = p.begin(js{"method": "totp"})
	a.advance(30 * time.Second)
	if done := p.activate(p.phone); done.Flow == nil || done.Flow.Status != "passed" {
		t.Errorf("activated again: %+v", done)
	}
	if m := p.me(); m.AAL != 2 || p.cookie("session") == before {
		t.Errorf("after the new enrolment: %+v", m)
	}
	c := p.elsewhere()
	if f := p.login(c); f.Status != "challenge" {
		t.Errorf("login: %+v", f)
	}
}

func TestContract_FlowsAnswerInJSON(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.stranger(t)
	// A form does what JSON does.
	r := p.post("/register", form("email", p.email, "password", p.password)).want(http.StatusCreated)
	var f map[string]json.RawMessage
	r.into(&f)
	for _, member := range []string{"status", "purpose", "options", "methods", "remember", "expires_at"} {
		if f[member] == nil {
			t.Errorf("the flow has no %s: %s", member, r.body)
		}
	}
	p.post("/logout", form()).want(http.StatusNoContent)
	p.post("/login", form("email", strings.ToUpper(p.email), "password", p.password)).want(http.StatusOK)
	p.post("/register", js{"email": p.email, "password": p.password}).want(http.StatusConflict, "email_taken")
	p.get("/mfa/flow").want(http.StatusNotFound, "no_flow")
	p.get("/mfa/nothing").want(http.StatusNotFound, "not_found")
}

// A phone whose clock is slow is told so; one that is fast is not, as that
// would tell a guesser of a code to come. While setting up both are.
func TestContract_HintOfAWrongClock(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	pending := p.begin(js{"method": "totp"})
	at := func(d time.Duration) js { return js{"code": pending.auth.CodeAt(a.now().Add(d))} }
	for _, d := range []time.Duration{-3 * time.Minute, 3 * time.Minute} {
		r := p.post("/mfa/enrollments/"+pending.id+"/activate", at(d)).want(http.StatusUnauthorized, "code_not_valid")
		if r.member("hint") != "clock_skew" {
			t.Errorf("setting up, %v off: %s", d, r.body)
		}
	}
	p.activate(pending)
	c := p.elsewhere()
	f := p.login(c)
	a.advance(5 * time.Minute)
	for d, hint := range map[time.Duration]any{-2 * time.Minute: "clock_skew", 2 * time.Minute: nil} {
		body := at(d)
		body["option"] = f.option(t, "totp")
		r := c.post("/mfa/flow/verify", body).want(http.StatusUnauthorized, "code_not_valid")
		if r.member("hint") != hint {
			t.Errorf("signing in, %v off: %s", d, r.body)
		}
	}
}
