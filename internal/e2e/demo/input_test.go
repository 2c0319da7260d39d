package demo_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func jsonText(text string) raw { return raw{"application/json", text} }

// C-14: what another site can make a browser send changes nothing.
func TestC14_CrossSiteRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	second := p.begin(js{"method": "totp"})
	evil := func(set map[string]string) *client {
		c := p.elsewhere()
		c.http.Jar = p.http.Jar
		for name, value := range set {
			c.header.Set(name, value)
		}
		return c
	}
	bodies := map[string]any{
		"/logout": form(), "/password": form("current", p.password, "new", "a new password"), "/reauthenticate": form("password", p.password),
		"/mfa/recovery-codes": nil, "/mfa/stepup": nil, "/mfa/enrollments": js{"method": "totp"},
		"/mfa/enrollments/" + second.id + "/activate": js{"code": second.code()},
		"/setup":                   form("label", "x"),
		"/setup/confirm":           form("id", second.id, "code", second.code()),
		"/login":                   form("email", p.email, "password", p.password),
		"/register":                form("email", "evil@example.com", "password", p.password),
		"/mfa/flow/verify":         js{"option": "x", "code": "123456"},
		"/challenge":               form("option", "x", "code", "123456"),
		"/settings/recovery-codes": form(),
		"/settings/enrollments/" + p.phone.id + "/remove": form(),
		"/settings/enrollments/" + p.phone.id + "/rename": form("label", "evil"),
		"/settings/sign-out-others":                       form(),
	}
	for _, headers := range []map[string]string{
		{"Origin": "https://evil.example"},
		{"Origin": "null"},
		{"Origin": strings.Replace(a.url, "localhost", "127.0.0.1", 1)},
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site", "Origin": "http://sub.127.0.0.1"},
		{"Sec-Fetch-Site": "cross-site", "Origin": a.url + "0"},
	} {
		c := evil(headers)
		for path, body := range bodies {
			c.post(path, body).want(http.StatusForbidden, "cross_origin")
		}
		c.delete("/mfa/enrollments").want(http.StatusForbidden, "cross_origin")
		c.delete("/mfa/enrollments/"+p.phone.id).want(http.StatusForbidden, "cross_origin")
	}
	// JSON in the clothes of a form, which needs no preflight.
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""} {
		for path, text := range map[string]string{
			"/mfa/enrollments": `{"method":"totp"}`,
			"/mfa/enrollments/" + second.id + "/activate": fmt.Sprintf(`{"code":%q}`, second.code()),
			"/mfa/stepup": `{"max_age":5}`,
		} {
			p.post(path, raw{kind, text}).want(http.StatusUnsupportedMediaType, "unsupported_media_type")
		}
	}
	// GET with a query changes and consumes nothing.
	c := p.elsewhere()
	f := p.login(c)
	code := p.phone.next()
	query := "?option=" + f.option(t, "totp") + "&code=" + code
	c.get("/mfa/flow/verify" + query).want(http.StatusMethodNotAllowed)
	c.get("/mfa/flow" + query).want(http.StatusOK)
	c.header.Set("Accept", "text/html")
	c.get("/challenge" + query).want(http.StatusOK)
	c.header.Del("Accept")
	c.get("/me").want(http.StatusUnauthorized)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": code}).want(http.StatusOK)
	for _, path := range []string{"/logout", "/mfa/recovery-codes", "/mfa/enrollments/" + second.id + "/activate?code=" + second.code(), "/setup/confirm?id=" + second.id + "&code=" + second.code()} {
		// A form's address leads to where the set-up begins.
		if r := c.get(path); r.status != http.StatusMethodNotAllowed && r.status != http.StatusNotFound && r.header.Get("Location") != "/setup/app" {
			t.Errorf("GET %s: %d", path, r.status)
		}
	}
	if l := p.enrollments(); len(l.Enrollments) != 1 || l.Enrollments[0].Label == "evil" || l.Left != 10 {
		t.Errorf("afterwards: %+v", l)
	}
}

// C-15: an unknown user looks like a wrong password.
func TestC15_A93_UnknownUsersLookLikeWrongPasswords(t *testing.T) {
	t.Parallel()
	a := start(t)
	known, plain := a.member(t), a.register(t)
	shape := func(email string) string {
		c := a.client(t)
		c.header.Set("X-Dev-Client-IP", "203.0.113."+fmt.Sprint(len(email)%200))
		r := c.post("/login", js{"email": email, "password": newPassword()})
		r.header.Del("Date")
		return fmt.Sprint(r.status, r.header, string(r.body))
	}
	want := shape(rand.Text() + "@example.com")
	if !strings.HasPrefix(want, "401 ") || !strings.Contains(want, "invalid_credentials") {
		t.Fatalf("an unknown user: %s", want)
	}
	for name, email := range map[string]string{
		"with MFA": known.email, "without MFA": plain.email, "in capitals": strings.ToUpper(known.email),
		"no address": "nobody", "empty": "", "another unknown": "x" + known.email,
	} {
		if got := shape(email); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	// With a form and a page too, but for the address that was typed.
	page := func(email string) string {
		c := a.client(t)
		c.header.Set("Accept", "text/html")
		r := c.post("/login", form("email", email, "password", newPassword()))
		return fmt.Sprint(r.status, strings.ReplaceAll(string(r.body), email, "EMAIL"))
	}
	if a, b := page(known.email), page("unknown@example.com"); a != b || !strings.HasPrefix(a, "401") {
		t.Errorf("the page tells them apart:\n%s\n%s", a, b)
	}
}

// A tooOften refusal comes for known and unknown alike.
func TestC15_GuessedPasswordsSlowDown(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	for _, email := range []string{p.email, "unknown@example.com"} {
		c := a.client(t)
		var statuses []int
		for range 8 {
			statuses = append(statuses, c.post("/login", js{"email": email, "password": newPassword()}).wantOneOf(401, 429).status)
		}
		if !slices.Equal(statuses[:5], []int{401, 401, 401, 401, 401}) || !slices.Contains(statuses[5:], 429) {
			t.Errorf("%s: %v", email, statuses)
		}
	}
	// the owner elsewhere is not held up.
	c := a.client(t)
	c.header.Set("X-Dev-Client-IP", "198.51.100.1")
	p.signIn(c)
}

// badCodes are what is no code, each as JSON (C-17, A-66, A-67, A-68).
func badCodes(right string) map[string]string {
	q := func(s string) string { return fmt.Sprintf("%q", s) }
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, right)
	arabic := strings.Map(func(r rune) rune { return r - '0' + '٠' }, right)
	return map[string]string{
		"number": strings.TrimLeft(right, "0"), "true": "true", "false": "false", "null": "null",
		"array": "[" + q(right) + "]", "empty array": "[]", "object": "{}", "object of itself": `{"code":` + q(right) + `}`,
		"empty": `""`, "spaces": `"      "`, "five digits": q(right[:5]), "seven digits": q(right + "0"), "nine digits": q(right + "000"),
		"plus": q("+" + right), "minus": q("-" + right), "decimal": q(right + ".0"), "exponent": q(right[:5] + "e0"), "hex": q("0x" + right[:4]),
		"NUL after": `"` + right + `\u0000"`, "NUL before": `"\u0000` + right + `"`, "newline": `"` + right + `\n"`, "tab": `"` + right[:3] + `\t` + right[3:] + `"`,
		"no-break space": q(right[:3] + "\u00a0" + right[3:]), "thin space": q(right[:3] + "\u2009" + right[3:]), "zero width": q(right + "\u200b"), "BOM": q("\ufeff" + right),
		"full-width": q(wide), "Arabic": q(arabic), "hyphen": q(right[:3] + "-" + right[3:]),
		"too long": q(strings.Repeat("1", 129)), "long": q(strings.Repeat("1", 10_000)), "twice": q(right + right),
	}
}

func TestC17_A46_A66_A67_A68_BadInputIsRefusedAndNotCounted(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := p.elsewhere()
	f := p.login(c)
	totp := f.option(t, "totp")
	right := p.phone.next()
	for name, code := range badCodes(right) {
		r := c.post("/mfa/flow/verify", jsonText(fmt.Sprintf(`{"option":%q,"code":%s}`, totp, code)))
		if r.status != http.StatusBadRequest || r.code() != "bad_request" {
			t.Errorf("code %s: %d %s", name, r.status, r.body)
		}
		if strings.Contains(string(r.body), right) {
			t.Errorf("code %s: the answer repeats it: %s", name, r.body)
		}
	}
	option, code := fmt.Sprintf(`"option":%q`, totp), fmt.Sprintf(`"code":%q`, right)
	for name, body := range map[string]string{
		"empty": "", "not JSON": "code=" + right, "null": "null", "array": "[" + code + "]", "string": `"` + right + `"`, "number": right, "true": "true",
		"no code": "{" + option + "}", "no option": "{" + code + "}", "no members": "{}",
		"code twice": "{" + option + "," + code + "," + code + "}", "option twice": "{" + option + "," + option + "," + code + "}",
		"escaped twice": "{" + option + "," + code + `,"\u0063ode":"1"}`,
		"other case":    "{" + option + `,"Code":"` + right + `"}`, "unknown member": "{" + option + "," + code + `,"x":1}`,
		"method and no answer": `{` + option + `,"method":"totp"}`, "method beside": "{" + option + "," + code + `,"method":"totp"}`,
		"credential too": "{" + option + "," + code + `,"credential":{}}`, "empty credential": "{" + option + `,"credential":{}}`,
		"credential true": "{" + option + `,"credential":true}`, "two objects": "{" + option + "," + code + "}{}", "trailing comma": "{" + option + "," + code + ",}",
		"comment": "{" + option + "," + code + "} // x", "cut off": "{" + option + "," + code, "option number": `{"option":1,` + code + "}", "option array": `{"option":["` + totp + `"],` + code + "}",
		"remember string": "{" + option + "," + code + `,"remember":"true"}`, "not UTF-8": "{" + option + ",\"code\":\"\xff\xfe\"}",
		"deep": "{" + option + `,"credential":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + "}",
	} {
		if r := c.post("/mfa/flow/verify", jsonText(body)); r.status != http.StatusBadRequest || r.code() != "bad_request" {
			t.Errorf("body %s: %d %s", name, r.status, r.body)
		}
	}
	for _, bad := range []string{`""`, `"nothing"`, `"` + strings.Repeat("a", 60) + `"`, `"../` + totp + `"`} {
		c.post("/mfa/flow/verify", jsonText(`{"option":`+bad+`,`+code+`}`)).wantOneOf(http.StatusNotFound, http.StatusBadRequest)
	}
	// Nothing was counted: five wrong ones fit, and the right one before them.
	if r := c.post("/mfa/flow/verify", js{"option": totp, "code": p.phone.wrong()}).want(http.StatusUnauthorized, "code_not_valid"); r.member("attempts_left") != 4.0 {
		t.Errorf("after bad input: %s", r.body)
	}
	spaced := " " + right[:3] + "  " + right[3:] + " "
	c.post("/mfa/flow/verify", js{"option": totp, "code": spaced}).want(http.StatusOK)
	// A-04, T-12: no spelling of it works again.
	for _, again := range []string{right, spaced, right[:3] + " " + right[3:], right + " "} {
		d := p.elsewhere()
		g := p.login(d)
		d.post("/mfa/flow/verify", js{"option": g.option(t, "totp"), "code": again}).want(http.StatusUnauthorized, "code_not_valid")
	}
}

func TestC17_BadRecoveryCodes(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	c := p.elsewhere()
	f := p.login(c)
	right := p.recovery[0]
	for _, code := range []string{
		"", " ", "----", right[:18], right + "-0", right + "0", strings.Replace(right, "-", "_", 1), strings.Replace(right, "-", "–", 1), right + "\x00", right + "\n",
		"!" + right[1:], "u" + right[1:], strings.Join(p.recovery[:2], ""), "\u00a0" + right,
	} {
		c.post("/mfa/flow/verify", js{"option": f.option(t, "recovery"), "code": code}).want(http.StatusBadRequest, "bad_request")
	}
	c.post("/mfa/flow/verify", js{"option": f.option(t, "recovery"), "code": right}).want(http.StatusOK)
}

func TestC17_BadRegistrationsAndLogins(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	c := a.client(t)
	for name, body := range map[string]any{
		"password true": js{"email": p.email, "password": true}, "password number": js{"email": p.email, "password": 12345678},
		"password null": js{"email": p.email, "password": nil}, "password array": js{"email": p.email, "password": []string{p.password}},
		"unknown member": js{"email": p.email, "password": p.password, "admin": true}, "twice": jsonText(`{"email":"a","email":"b","password":"c"}`),
		"form twice": raw{"application/x-www-form-urlencoded", "email=a&email=b&password=c"}, "form unknown": form("email", p.email, "password", p.password, "admin", "1"),
		"form not UTF-8": raw{"application/x-www-form-urlencoded", "email=%ff&password=x"}, "form broken": raw{"application/x-www-form-urlencoded", "email=%zz"},
	} {
		for _, path := range []string{"/login", "/register"} {
			if r := c.post(path, body); r.status != http.StatusBadRequest || r.code() != "bad_request" {
				t.Errorf("%s %s: %d %s", path, name, r.status, r.body)
			}
		}
	}
	for name, email := range map[string]string{"no at": "nobody", "two": "a@b@c", "space": "a b@example.com", "list": "a@example.com,b@example.com",
		"newline": "a@example.com\nBcc: b@example.com", "CR": "a@example.com\rb", "name": "A <a@example.com>", "NUL": "a\x00@example.com", "long": strings.Repeat("a", 300) + "@example.com", "empty": ""} {
		if r := c.post("/register", js{"email": email, "password": newPassword()}); r.status != http.StatusUnprocessableEntity {
			t.Errorf("e-mail %s: %d %s", name, r.status, r.body)
		}
	}
	for name, password := range map[string]string{"short": "1234567", "empty": "", "long": strings.Repeat("a", 257)} {
		if r := c.post("/register", js{"email": rand.Text() + "@example.com", "password": password}); r.status != http.StatusUnprocessableEntity {
			t.Errorf("password %s: %d %s", name, r.status, r.body)
		}
	}
	for name, phone := range map[string]string{"letters": "phone", "two": "+4712345678,+4712345679", "newline": "+4712345678\n", "no plus": "12345678"} {
		if r := c.post("/register", js{"email": rand.Text() + "@example.com", "password": newPassword(), "phone": phone}); r.status != http.StatusUnprocessableEntity {
			t.Errorf("phone %s: %d %s", name, r.status, r.body)
		}
	}
	// An address in capitals is the same account.
	c.post("/register", js{"email": strings.ToUpper(p.email), "password": newPassword()}).want(http.StatusConflict, "email_taken")
}

func TestC17_BadEnrolments(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	for name, body := range map[string]string{
		"no method": `{}`, "empty method": `{"method":""}`, "method number": `{"method":1}`, "method array": `{"method":["totp"]}`,
		"label number": `{"method":"totp","label":1}`, "label long": `{"method":"totp","label":"` + strings.Repeat("x", 65) + `"}`,
	} {
		if r := p.post("/mfa/enrollments", jsonText(body)); r.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	for _, method := range []string{"recovery", "voice", "password", "TOTP", "totp ", strings.Repeat("x", 1000)} {
		if r := p.post("/mfa/enrollments", js{"method": method}); r.status != http.StatusUnprocessableEntity || r.code() != "method_not_allowed" {
			t.Errorf("method %.20q: %d %s", method, r.status, r.body)
		}
	}
	pending := p.begin(js{"method": "totp", "label": "<script>alert(1)</script>\u202e\x07"})
	for name, code := range badCodes(pending.code()) {
		r := p.post("/mfa/enrollments/"+pending.id+"/activate", jsonText(`{"code":`+code+`}`))
		if r.status != http.StatusBadRequest {
			t.Errorf("activate with %s: %d %s", name, r.status, r.body)
		}
	}
	p.activate(pending)
	p.header.Set("Accept", "text/html")
	if r := p.get("/settings"); r.status != http.StatusOK || strings.Contains(string(r.body), "<script>alert") {
		t.Errorf("the label is not escaped: %d", r.status)
	}
}

// C-18: a large body is refused for its size.
func TestC18_LargeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.member(t)
	p.signIn(p.client)
	c := p.elsewhere()
	f := p.login(c)
	big := strings.Repeat("A", 1<<20)
	for path, from := range map[string]*client{
		"/login": a.client(t), "/register": a.client(t), "/mfa/flow/verify": c, "/mfa/flow/challenge": c,
		"/mfa/enrollments": p.client, "/mfa/enrollments/x/activate": p.client, "/mfa/stepup": p.client, "/reauthenticate": p.client,
		"/password": p.client, "/mfa/recovery-codes": p.client,
	} {
		from.post(path, js{"option": f.option(t, "totp"), "code": big}).want(http.StatusRequestEntityTooLarge, "too_large")
		if !strings.HasPrefix(path, "/mfa/") {
			from.post(path, form("email", big, "password", big)).want(http.StatusRequestEntityTooLarge, "too_large")
		}
	}
	a.client(t).post("/dev/clock", js{"advance": big}).want(http.StatusRequestEntityTooLarge)
	c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": p.phone.next()}).want(http.StatusOK)
}

func TestBadClocksAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	c := a.client(t)
	for _, advance := range []string{"", "-1s", "1 day", "10000000h", "x", "1e9h"} {
		c.post("/dev/clock", js{"advance": advance}).want(http.StatusBadRequest, "bad_request")
	}
	p := a.member(t)
	a.advance(40 * 365 * 24 * time.Hour) // T-06, beyond 2038
	q := p.elsewhere()
	p.signIn(q)
}
