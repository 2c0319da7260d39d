package mfahttp_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/mfahttp"
)

func TestSignInInABrowser(t *testing.T) {
	s := newSite(t)
	phone, _, codes := s.member(t, "ada")
	b := s.browser()

	r := b.login(t, "ada")
	if r.text("status") != "challenge" || r.text("purpose") != "sign_in" || r.text("token") != "" || r.json["remember"].(map[string]any)["days"] != 0.0 {
		t.Fatalf("%s", r.Body)
	}
	cookie := r.Result().Cookies()[0]
	if cookie.Name != "__Host-mfa-flow" || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" ||
		cookie.Domain != "" || cookie.MaxAge < 1 || cookie.MaxAge > int((10*time.Minute)/time.Second) {
		t.Errorf("cookie: %+v", cookie)
	}
	if again := b.send(t, "GET", "/mfa/flow", ""); again.Body.String() != r.Body.String() {
		t.Errorf("GET /mfa/flow says %s, after %s", again.Body, r.Body)
	}
	asked := b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+r.option(t, "totp")+`"}`).want(t, 200, "")
	if asked.text("method") != "totp" || asked.text("expires_at") == "" {
		t.Errorf("%s", asked.Body)
	}
	wrong := b.verify(t, r.option(t, "totp"), "000000").want(t, 401, "code_not_valid")
	if left, _ := wrong.json["attempts_left"].(float64); left < 1 {
		t.Errorf("%s", wrong.Body)
	}
	passed := b.verify(t, r.option(t, "totp"), phone.Code()).want(t, 200, "")
	if passed.text("status") != "passed" || b.cookies["session"] == "" || b.cookies["__Host-mfa-flow"] != "" || b.cookies["__Host-mfa-device"] == "" {
		t.Errorf("%s, cookies %v", passed.Body, b.cookies)
	}
	b.send(t, "GET", "/mfa/flow", "").want(t, 404, "no_flow")
	b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")

	other := s.browser()
	other.verify(t, other.login(t, "ada").option(t, "recovery"), codes[3]).want(t, 200, "")
	list := other.send(t, "GET", "/mfa/enrollments", "").want(t, 200, "")
	if list.json["recovery_codes_left"] != 9.0 || len(list.json["enrollments"].([]any)) != 1 {
		t.Errorf("%s", list.Body)
	}
}

func TestSignInOfANativeClient(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	c := s.native()

	r := c.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").want(t, 200, "")
	token := r.text("token")
	if token == "" || len(r.Result().Cookies()) != 0 {
		t.Fatalf("%s, cookies %v", r.Body, r.Result().Cookies())
	}
	c.header.Set("Authorization", "Bearer "+token)
	if again := c.send(t, "GET", "/mfa/flow", "").want(t, 200, ""); again.text("status") != "challenge" {
		t.Errorf("%s", again.Body)
	}
	passed := c.verify(t, r.option(t, "totp"), phone.Code()).want(t, 200, "")
	if passed.text("status") != "passed" || passed.text("token") != "" || passed.text("device_token") == "" {
		t.Errorf("%s", passed.Body)
	}
	for _, cookie := range passed.Result().Cookies() {
		if strings.Contains(cookie.Name, "mfa") {
			t.Errorf("a cookie for a client without: %+v", cookie)
		}
	}
	c.send(t, "GET", "/mfa/flow", "").want(t, 410, "flow_expired")

	// The device is known from now on, and its token changes where a sign-in begins.
	s.Clock.Advance(phone.Period)
	c.header.Del("Authorization")
	c.header.Set("Mfa-Device", passed.text("device_token"))
	r = c.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").want(t, 200, "")
	if next := r.text("device_token"); next == "" || next == passed.text("device_token") {
		t.Errorf("%s", r.Body)
	}
	c.header.Set("Mfa-Device", r.text("device_token"))
	c.header.Set("Mfa-Flow", r.text("token"))
	c.header.Set("Authorization", "Bearer of the host's own session")
	if passed = c.verify(t, r.option(t, "totp"), phone.Code()).want(t, 200, ""); passed.text("device_token") != "" {
		t.Errorf("%s", passed.Body)
	}
}

func TestNativeIsNotForBrowsers(t *testing.T) {
	s := newSite(t)
	s.member(t, "ada")
	c := s.native()
	for _, headers := range [][]string{
		{"Mfa-Client", "native", "Origin", origin},
		{"Mfa-Client", "native", "Origin", "null"},
		{"Mfa-Client", "native", "Cookie", "a=b"},
		{"Mfa-Client", "web"},
	} {
		for _, call := range [][2]string{{"POST", "/login"}, {"GET", "/mfa/flow"}, {"POST", "/mfa/stepup"}} {
			body := map[string]string{"/login": `{"name":"ada"}`}[call[1]]
			r := c.send(t, call[0], call[1], body, headers...)
			if r.Code != 400 && r.Code != 403 { // Origin: null is another origin
				t.Errorf("%v %v: %d %s", call, headers, r.Code, r.Body)
			}
			if strings.Contains(r.Body.String(), "token") {
				t.Errorf("%v %v gave a token away: %s", call, headers, r.Body)
			}
		}
	}
}

func TestOneFlowTokenPerRequest(t *testing.T) {
	s := newSite(t)
	s.member(t, "ada")
	b := s.browser()
	b.login(t, "ada")
	b.send(t, "GET", "/mfa/flow", "", "Authorization", "Bearer x").want(t, 400, "bad_request")
	b.send(t, "GET", "/mfa/flow", "", "Mfa-Flow", "x").want(t, 400, "bad_request")
	b.send(t, "GET", "/mfa/flow", "", "Authorization", "Basic eDp5").want(t, 200, "")
	s.native().send(t, "GET", "/mfa/flow", "", "Authorization", "Bearer junk").want(t, 404, "no_flow")
	s.native().send(t, "GET", "/mfa/flow", "").want(t, 404, "no_flow")
}

func TestC12_SessionIDsRotate(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	ids := []string{""}
	rotated := func(when string) {
		t.Helper()
		if slices.Contains(ids, b.cookies["session"]) {
			t.Errorf("%s: the session's id is not new", when)
		}
		ids = append(ids, b.cookies["session"])
	}
	option := b.login(t, "ada").option(t, "totp")
	pending := b.cookies["__Host-mfa-flow"]
	b.verify(t, option, phone.Code()).want(t, 200, "")
	rotated("sign-in")
	s.Clock.Advance(time.Hour)
	option = b.send(t, "POST", "/mfa/stepup", "").want(t, 200, "").option(t, "totp")
	b.verify(t, option, phone.Code()).want(t, 200, "")
	rotated("step-up")

	thief := s.browser()
	thief.cookies["session"] = ids[1]
	thief.send(t, "GET", "/account", "").want(t, 401, "unauthenticated")
	thief.cookies["__Host-mfa-flow"] = pending
	thief.send(t, "GET", "/mfa/enrollments", "").want(t, 401, "unauthenticated")
	thief.verify(t, option, phone.Code()).want(t, 410, "flow_expired")
}

func TestC17_CodesAreStringsOfDigits(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	right := phone.Code()
	fullWidth := strings.Map(func(r rune) rune { return r - '0' + '０' }, right)
	for name, code := range map[string]string{
		"number": right, "true": `true`, "array": `["` + right + `"]`, "object": `{"code":"` + right + `"}`, "null": `null`,
		"empty": `""`, "full-width": `"` + fullWidth + `"`, "newline": `"` + right + `\n"`, "NUL": `"` + right + `\u0000"`, "tab": `"\t` + right + `"`,
		"sign": `"+` + right + `"`, "decimal": `"` + right + `.0"`, "hex": `"0x1E240"`, "hyphen": `"` + right[:3] + `-` + right[3:] + `"`,
		"one more": `"` + right + `0"`, "one less": `"` + right[:5] + `"`, "no-break space": `"\u00a0` + right + `"`, "two codes": `"` + right + `","code":"` + right + `"`,
		"endless": `"` + strings.Repeat("1", 5000) + `"`,
	} {
		r := b.send(t, "POST", "/mfa/flow/verify", `{"option":"`+option+`","code":`+code+`}`)
		if r.Code != 400 && r.Code != 401 {
			t.Errorf("%s: %d %s", name, r.Code, r.Body)
		}
	}
	b.verify(t, option, " "+right[:3]+" "+right[3:]+" ").want(t, 200, "")
	for _, spelling := range []string{right, " " + right, right[:2] + " " + right[2:]} {
		again := s.browser()
		r := again.verify(t, again.login(t, "ada").option(t, "totp"), spelling)
		if r.Code == 200 {
			t.Errorf("%q was taken twice", spelling)
		}
	}
}

func TestA46_A48_A66_A67_NoAnswerIsNoAnswer(t *testing.T) {
	s := newSite(t)
	s.member(t, "ada")
	b := s.browser()
	flow := b.login(t, "ada")
	for _, method := range []string{"totp", "recovery"} {
		option := flow.option(t, method)
		for _, answer := range []string{
			``, `,"method":"passkey"`, `,"code":""`, `,"code":" "`, `,"code":true`, `,"code":null`, `,"credential":{}`, `,"credential":null`,
			`,"credential":"x"`, `,"credential":[]`, `,"credential":true`, `,"credential":{"id":"AAAA","response":{"signature":"AAAA"}}`,
			`,"code":"","credential":{}`, `,"remember":true`,
		} {
			r := b.send(t, "POST", "/mfa/flow/verify", `{"option":"`+option+`"`+answer+`}`)
			if r.Code != 400 && r.Code != 401 || r.text("status") == "passed" {
				t.Errorf("%s%s: %d %s", method, answer, r.Code, r.Body)
			}
		}
	}
	if b.cookies["session"] != "" {
		t.Error("and there is a session")
	}
}

func TestA35_AClientDoesNotNameItsUser(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	s.member(t, "bob")
	b := s.browser()
	b.signIn(t, "ada", phone)
	for _, body := range []string{`{"method":"totp","user":"id-bob"}`, `{"method":"totp","user_id":"id-bob"}`} {
		b.send(t, "POST", "/mfa/enrollments", body).want(t, 400, "bad_request")
	}
	want := b.send(t, "GET", "/mfa/enrollments", "").Body.String()
	if got := b.send(t, "GET", "/mfa/enrollments?user=id-bob", "", "X-User", "id-bob").Body.String(); got != want {
		t.Errorf("%s, and for another user %s", want, got)
	}
}

func TestLockedAnswersSayForHowLong(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	var r reply
	for range 10 {
		if r = b.verify(t, option, "000000"); r.Code == 429 {
			break
		}
		r.want(t, 401, "code_not_valid")
	}
	r.want(t, 429, "locked")
	if r.Header().Get("Retry-After") == "" || r.text("locked_until") == "" || r.json["disabled"] != false {
		t.Errorf("%v %s", r.Header(), r.Body)
	}
	b.verify(t, option, phone.Code()).want(t, 429, "locked")
	for _, o := range b.send(t, "GET", "/mfa/flow", "").want(t, 200, "").json["options"].([]any) {
		if o := o.(map[string]any); o["method"] == "totp" && o["locked_until"] != r.json["locked_until"] {
			t.Errorf("the flow says %v, the answer %v", o["locked_until"], r.json["locked_until"])
		}
	}
}

func TestFlowsEnd(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	b.verify(t, "no-such-option", phone.Code()).want(t, 404, "no_option")
	b.send(t, "POST", "/mfa/flow/challenge", `{"option":"no-such-option"}`).want(t, 404, "no_option")
	s.Clock.Advance(11 * time.Minute)
	b.send(t, "GET", "/mfa/flow", "").want(t, 410, "flow_expired")
	b.verify(t, option, phone.Code()).want(t, 410, "flow_expired")
	b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 410, "flow_expired")
}

func TestResendsWait(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"letter"}`).want(t, 201, "")
	if begun.text("destination") == "" || begun.text("resend_at") == "" {
		t.Errorf("%s", begun.Body)
	}
	again := "/mfa/enrollments/" + begun.text("id") + "/challenge"
	soon := b.send(t, "POST", again, "").want(t, 429, "too_soon")
	if soon.Header().Get("Retry-After") == "" || soon.text("resend_at") != begun.text("resend_at") {
		t.Errorf("%v %s", soon.Header(), soon.Body)
	}
	s.Clock.Advance(5 * time.Minute)
	if r := b.send(t, "POST", again, "").want(t, 200, ""); r.text("destination") == "" || r.text("method") != "letter" {
		t.Errorf("%s", r.Body)
	}
	s.letter.Fail(errors.New("canary: no stamps"))
	s.Clock.Advance(8 * time.Minute)
	r := b.send(t, "POST", "/mfa/enrollments", `{"method":"letter"}`)
	if r.Code != 502 && r.Code != 403 || strings.Contains(r.Body.String(), "canary") {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestHostsFailure(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	s.broken = errors.New("canary: no room for sessions")
	r := b.verify(t, option, phone.Code()).want(t, 500, "internal")
	if strings.Contains(r.Body.String(), "canary") || b.cookies["session"] != "" {
		t.Errorf("%s", r.Body)
	}
	if !strings.Contains(s.log.String(), "canary") {
		t.Error("nobody learns of it")
	}
	s.broken = &mfahttp.Problem{Status: 403, Code: "suspended"}
	s.Clock.Advance(phone.Period)
	b.verify(t, b.login(t, "ada").option(t, "totp"), phone.Code()).want(t, 403, "suspended")
}
