package pages_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestSignInWithAnApp(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.browser()
	p := b.login("ada", "return", "/reports?year=2026").at("/account/challenge").want(http.StatusOK, "Enter your code")
	p = p.submit("code-form", "code", wrong(phone)).want(http.StatusUnauthorized, "Enter your code")
	if p.problem() == "" || p.id("code").attr["aria-invalid"] != "true" || b.cookies["session"] != "" {
		t.Errorf("%q, cookies %v", p.problem(), b.cookies)
	}
	// The page is the same when it is loaded again, and says nothing of the failure.
	again := b.get("/account/challenge?return=%2Freports%3Fyear%3D2026").want(http.StatusOK, "Enter your code")
	if again.id("problem") != nil {
		t.Errorf("%s", again.body)
	}
	// A code may be typed in groups.
	code := h.code(phone)
	again.submit("code-form", "code", code[:3]+" "+code[3:]).want(http.StatusOK, "").at("/reports")
	if b.cookies["session"] == "" || b.cookies["__Host-mfa-flow"] != "" || h.passed != 1 {
		t.Errorf("cookies %v, passed %d times", b.cookies, h.passed)
	}
	b.get("/account/challenge").want(http.StatusGone, "That took too long")
}

func TestSignInWithoutASecondFactor(t *testing.T) {
	h := newHost(t)
	b := h.browser()
	b.login("ada", "return", "/reports").at("/reports")
	b = h.browser()
	b.login("bob").at("/")
	if b.cookies["session"] == "" {
		t.Error("there is no session")
	}
}

func TestSignInWithAKey(t *testing.T) {
	h := newHost(t)
	h.enroll("ada", "webauthn", mfa.EnrollParams{})
	b := h.browser()
	p := b.login("ada").at("/account/challenge").want(http.StatusOK, "Use your key")
	// A form without what the script puts there, as from a browser without scripts.
	p = p.submit("key-form").want(http.StatusBadRequest, "Use your key")
	if got := p.id("key-problem").words(); !strings.Contains(got, "could not be confirmed") {
		t.Errorf("%q", got)
	}
	p = p.pressed("key-of-eve").want(http.StatusUnauthorized, "Use your key")
	if got := p.id("key-problem").words(); !strings.Contains(got, "could not be confirmed") || b.cookies["session"] != "" {
		t.Errorf("%q", got)
	}
	p.pressed("key-of-ada").at("/")
	if b.cookies["session"] == "" {
		t.Error("there is no session")
	}
}

func TestSignInWithATextMessage(t *testing.T) {
	h := newHost(t)
	h.enroll("ada", "sms", mfa.EnrollParams{})
	before := len(h.texts.Messages())
	b := h.browser()
	p := b.login("ada", "return", "/reports").at("/account/challenge").want(http.StatusOK, "Enter your code")
	if n := len(h.texts.Messages()) - before; n != 1 {
		t.Fatalf("%d messages went out", n)
	}
	if strings.Contains(b.seen.String(), "91234567") || strings.Contains(b.seen.String(), h.lastCode(h.texts)) {
		t.Error("the number or the code is on the page")
	}
	// To load the page again sends nothing; nor does the list of other ways.
	p = b.get(p.path)
	if n := len(h.texts.Messages()) - before; n != 1 {
		t.Fatalf("%d messages went out", n)
	}
	if got := p.id("code-form").words(); !strings.Contains(got, "We sent a code to +47") || p.id("send-wait") == nil {
		t.Errorf("%q\n%s", got, p.body)
	}
	p.submit("code-form", "code", h.lastCode(h.texts)).at("/reports")
}

func TestACodeIsSentAgain(t *testing.T) {
	h := newHost(t)
	h.enroll("ada", "email", mfa.EnrollParams{})
	b := h.browser()
	p := b.login("ada")
	first := h.lastCode(h.mails)
	p = p.submit("resend-form").want(http.StatusTooManyRequests, "Enter your code")
	if !strings.Contains(p.problem(), "in ") || p.id("code").attr["aria-invalid"] != "" || p.id("send").attr["data-wait"] == "0" {
		t.Errorf("%q\n%s", p.problem(), p.body)
	}
	h.Clock.Advance(3 * time.Minute)
	p = p.submit("resend-form").want(http.StatusOK, "Enter your code")
	second := h.lastCode(h.mails)
	if first == second {
		t.Fatal("it is the same code")
	}
	p = p.submit("code-form", "code", first).want(http.StatusUnauthorized, "Enter your code")
	if !strings.Contains(p.problem(), "latest message") {
		t.Errorf("%q", p.problem())
	}
	h.Clock.Advance(6 * time.Minute)
	p = b.login("ada").want(http.StatusOK, "Enter your code")
	h.Clock.Advance(6 * time.Minute)
	p = p.submit("code-form", "code", h.lastCode(h.mails)).want(http.StatusUnauthorized, "Get a code")
	if !strings.Contains(p.problem(), "no longer good") {
		t.Errorf("%q", p.problem())
	}
	p.submit("send-form").want(http.StatusOK, "Enter your code").submit("code-form", "code", h.lastCode(h.mails)).at("/")
}

func TestAMessageThatCannotBeSent(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	h.enroll("bob", "sms", mfa.EnrollParams{})
	b := h.browser()
	b.login("ada").submit("code-form", "code", h.code(phone)).at("/")
	for _, row := range []struct {
		reason, heading, says string
	}{
		{mfa.SendUnreachable, "Get a code", "cannot be reached"},
		{mfa.SendOptedOut, "Get a code", "has asked for no messages"},
		{mfa.SendBadDestination, "Get a code", "Nothing can be delivered"},
		{"unheard_of", "Get a code", "could not be sent"},
	} {
		h.texts.Fail(&mfa.SendError{Reason: row.reason})
		b := h.browser()
		p := b.login("bob").want(http.StatusBadGateway, row.heading)
		if !strings.Contains(p.problem(), row.says) {
			t.Errorf("%s: %q", row.reason, p.problem())
		}
		h.texts.Fail(nil)
		h.Clock.Advance(time.Hour)
	}
	h.texts.Fail(&mfa.SendError{Reason: mfa.SendTimeout})
	p := h.browser().login("bob").want(http.StatusBadGateway, "Enter your code") // it may be out
	if !strings.Contains(p.problem(), "may still arrive") || !p.has("resend-form") {
		t.Errorf("%q\n%s", p.problem(), p.body)
	}
}

func TestSignInWithARecoveryCode(t *testing.T) {
	h := newHost(t, withCodes)
	_, codes := h.EnrollTOTP(t, userNamed("ada"))
	b := h.browser()
	p := b.login("ada", "return", "/reports").want(http.StatusOK, "Enter your code")
	p = b.get(p.link("Use a recovery code")).want(http.StatusOK, "Enter a recovery code")
	p = p.submit("code-form", "code", "not a code!").want(http.StatusBadRequest, "Enter a recovery code")
	if !strings.Contains(p.problem(), "letters and digits") {
		t.Errorf("%q", p.problem())
	}
	p = p.submit("code-form", "code", "0000-0000-0000-0000").want(http.StatusUnauthorized, "Enter a recovery code")
	if !strings.Contains(p.problem(), "from your list") {
		t.Errorf("%q", p.problem())
	}
	p.submit("code-form", "code", strings.ToUpper(strings.ReplaceAll(codes[0], "-", ""))).at("/reports")
}

func TestSignInWithACodeFromSupport(t *testing.T) {
	h := newHost(t)
	h.member("ada")
	code, _, err := h.IssueBypass(t.Context(), mfa.Bypass{User: userNamed("ada"), Actor: "support", Reason: "lost phone"})
	if err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	p := b.login("ada")
	if p.heading() != "Enter the code from support" {
		p = b.get(p.link("Use a code from support"))
	}
	p = p.want(http.StatusOK, "Enter the code from support").submit("code-form", "code", "AAAA-AAAA-AAAA")
	if !strings.Contains(p.problem(), "support") {
		t.Errorf("%d %q", p.status, p.problem())
	}
	p.submit("code-form", "code", code).want(http.StatusOK, "")
	if b.cookies["session"] == "" {
		t.Errorf("cookies %v", b.cookies)
	}
}

func TestTriesRunOut(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	h.enroll("ada", "webauthn", mfa.EnrollParams{})
	b := h.browser()
	p := b.login("ada").want(http.StatusOK, "Enter your code")
	p = b.get(b.get(p.link("Use a security key or passkey")).want(http.StatusOK, "Use your key").link("Use Authenticator app")).want(http.StatusOK, "Enter your code")
	few := 0
	for p.status != http.StatusTooManyRequests && few < 20 {
		p = p.submit("code-form", "code", wrong(phone))
		if strings.Contains(p.problem(), "before a pause") {
			few++
		}
	}
	if few != 3 || !strings.Contains(p.problem(), "paused") || p.id("code").attr["aria-invalid"] != "" {
		t.Fatalf("said %d times; %q", few, p.problem())
	}
	// The right one is not taken now, and what to do stands there: a key is never paused.
	locked := b.get("/account/challenge?"+encode("option", p.form("code-form").fields().Get("option"))).want(http.StatusTooManyRequests, "Enter your code")
	if p = locked.submit("code-form", "code", phone.Code()); p.status != http.StatusTooManyRequests || b.cookies["session"] != "" {
		t.Fatalf("%d", p.status)
	}
	b.get(p.link("Use a security key or passkey")).pressed("key-of-ada").at("/")
}

func TestClockSkewIsTold(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	h.Clock.Advance(time.Hour)
	p := h.browser().login("ada").submit("code-form", "code", phone.CodeAt(h.Clock.Now().Add(-3*time.Minute))).want(http.StatusUnauthorized, "Enter your code")
	if !strings.Contains(p.problem(), "clock") {
		t.Errorf("%q", p.problem())
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	h := newHost(t)
	h.member("ada")
	b := h.browser()
	p := b.login("ada")
	p = p.submit("code-form", "code", "abcdef").want(http.StatusBadRequest, "Enter your code")
	if !strings.Contains(p.problem(), "digits only") || p.id("code").attr["aria-invalid"] != "true" {
		t.Errorf("%q", p.problem())
	}
	p.submit("code-form", "code", "").want(http.StatusBadRequest, "Enter your code")
	p = b.post("/account/challenge", "option", "another", "code", "123456").want(http.StatusNotFound, "Enter your code")
	if !strings.Contains(p.problem(), "not available") {
		t.Errorf("%q", p.problem())
	}
	p = b.post("/account/challenge/send", "option", "another").want(http.StatusNotFound, "Enter your code")
	if p.problem() == "" {
		t.Error("nothing is said")
	}
	// A body that is too large, and one that cannot be read.
	b.send("POST", "/account/challenge", strings.Repeat("x", 65<<10)).want(http.StatusBadRequest, "That did not work")
	b.send("POST", "/account/challenge", "%zz").want(http.StatusBadRequest, "That did not work")
	if left := b.get("/account/challenge"); left.status != http.StatusOK {
		t.Errorf("what was not counted locks: %d", left.status)
	}
}

func TestWithoutAFlow(t *testing.T) {
	h := newHost(t)
	b := h.browser()
	for _, path := range []string{"/account/challenge", "/account/continue", "/account/lost"} {
		p := b.get(path).want(http.StatusGone, "This sign-in is over")
		if p.link("Sign in") != "/login" {
			t.Errorf("%s: %s", path, p.body)
		}
	}
	for _, path := range []string{"/account/challenge", "/account/challenge/send", "/account/challenge/skip", "/account/continue", "/account/lost"} {
		b.post(path, "option", "totp", "code", "123456").want(http.StatusGone, "This sign-in is over")
	}
	b.get("/account/confirm?return=/admin").at("/login")
	b.post("/account/confirm", "return", "/admin").at("/login")
}
