package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestC14_CrossOriginWritesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	phone := b.enroll()
	b.signIn("ada@example.org", phone)
	for _, headers := range []map[string]string{
		{"Origin": "https://evil.example"},
		{"Origin": "null"},
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
	} {
		for _, path := range []string{
			"/register", "/login", "/reauthenticate", "/password", "/logout", "/challenge", "/confirm", "/setup", "/setup/confirm", "/setup/key",
			"/settings/enrollments/" + phone.id + "/rename", "/settings/enrollments/" + phone.id + "/remove",
			"/settings/recovery-codes", "/settings/sign-out-others", "/dev/clock", "/dev/rank", "/dev/invite", "/dev/idp/authorize",
			"/magic", "/magic/enter", "/forgot", "/reset", "/verify", "/verify/confirm", "/invite", "/admin/invite", "/admin/api-keys", "/api/token",
			"/mfa/enrollments", "/mfa/recovery-codes", "/mfa/stepup", "/mfa/flow/verify", "/mfa/passkey/begin", "/mfa/passkey/finish",
		} {
			for name, value := range headers {
				b.header.Set(name, value)
			}
			r := b.do("POST", path, "application/x-www-form-urlencoded", "label=x")
			b.header = http.Header{}
			if r.status != http.StatusForbidden || r.json(t)["code"] != "cross_origin" {
				t.Errorf("POST %s with %v: status %d", path, headers, r.status)
			}
		}
	}
	if list := b.send("GET", "/mfa/enrollments", nil).json(t); list["recovery_codes_left"] != 10.0 || len(list["enrollments"].([]any)) != 1 {
		t.Errorf("changed: %v", list)
	}
}

func TestC14_GETChangesNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	phone := b.enroll()
	b.send("POST", "/logout", nil)
	option := optionOf(t, b.login("ada@example.org"), "totp")
	code := phone.next()
	for _, path := range []string{"/challenge", "/mfa/flow/verify", "/login", "/logout"} {
		b.do("GET", path+"?option="+option+"&code="+code, "", "")
	}
	if b.signedIn() {
		t.Fatal("signed in by GET")
	}
	want(t, b.send("POST", "/mfa/flow/verify", object{"option": option, "code": code}), http.StatusOK, "")
}

func TestC15_UnknownAccountLooksLikeAWrongPassword(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register("plain@example.org")
	protected := s.browser()
	protected.register("protected@example.org")
	protected.enroll()
	var first *reply
	for _, email := range []string{"plain@example.org", "protected@example.org", "nobody@example.org", "not an address", ""} {
		b := s.browser()
		r := b.send("POST", "/login", object{"email": email, "password": badPassword})
		want(t, r, http.StatusUnauthorized, "invalid_credentials")
		r.header.Del("Date")
		if first == nil {
			first = &r
			continue
		}
		if r.body != first.body || len(r.header) != len(first.header) {
			t.Errorf("%q differs: %v, %v", email, r, *first)
		}
		for name := range r.header {
			if r.header.Get(name) != first.header.Get(name) {
				t.Errorf("%q: %s is %q, not %q", email, name, r.header.Get(name), first.header.Get(name))
			}
		}
	}
	// The same work is done for all of them: with a hash of the same cost.
	if ok, err := s.app.passwords.matches("", badPassword); ok || err != nil {
		t.Errorf("no account: %v, %v", ok, err)
	}
	if !strings.HasPrefix(s.app.passwords.dummy, hashPrefix) {
		t.Errorf("the dummy is %s", s.app.passwords.dummy)
	}
}

func TestT09_A20_SecretIsShownOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	begun := b.submit("/setup", "label", "Phone")
	want(t, begun, http.StatusOK, "")
	secret := find(t, begun.body, `secret=([A-Z2-7]+)`)
	id := find(t, begun.body, `name="id" value="([^"]+)"`)
	shows := func(r reply) bool {
		return strings.Contains(r.body, secret) || strings.Contains(r.body, "otpauth:") || strings.Contains(r.body, "data:image/png")
	}
	if !shows(begun) {
		t.Fatal("the setup page shows no secret")
	}
	wrong := b.submit("/setup/confirm", "id", id, "code", "000000")
	want(t, wrong, http.StatusUnauthorized, "")
	if shows(wrong) {
		t.Error("shown again after a wrong code")
	}
	if r := b.page("/setup"); shows(r) {
		t.Error("shown again by GET")
	}
	p := phone{s: s, secret: secret}
	want(t, b.submit("/setup/confirm", "id", id, "code", p.code()), http.StatusOK, "")
	for _, path := range []string{"/setup", "/settings", "/settings/enrollments/" + id, "/mfa/enrollments", "/"} {
		if shows(b.page(path)) {
			t.Errorf("%s shows the secret of an enrollment", path)
		}
	}
	pending := s.browser()
	pending.login("ada@example.org")
	for _, path := range []string{"/setup", "/challenge", "/mfa/flow", "/mfa/enrollments"} {
		if shows(pending.page(path)) {
			t.Errorf("%s shows the secret to a pending sign-in", path)
		}
	}
	if r := pending.submit("/setup", "label", "Mine"); shows(r) || strings.Contains(r.body, "otpauth") {
		t.Error("a pending sign-in may enrol")
	}
	// The client cannot bring its own.
	const chosen = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	eve := s.browser()
	eve.register("eve@example.org")
	if r := eve.submit("/setup", "label", "x", "secret", chosen); r.status != http.StatusOK || strings.Contains(r.body, chosen) {
		t.Errorf("status %d, with a secret of the client's choice", r.status)
	}
}

func TestT13_SetupPageIsNotKept(t *testing.T) {
	t.Parallel()
	b := start(t).browser()
	b.register("ada@example.org")
	r := b.submit("/setup", "label", "Phone")
	for name, value := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": policyCSP,
	} {
		if r.header.Get(name) != value {
			t.Errorf("%s: %q", name, r.header.Get(name))
		}
	}
	secret := find(t, r.body, `secret=([A-Z2-7]+)`)
	for _, link := range regexp.MustCompile(`(?:href|action|src)="([^"]*)"`).FindAllStringSubmatch(r.body, -1) {
		if strings.HasPrefix(link[1], "/") && strings.Contains(link[1], secret) {
			t.Errorf("the secret stands in %s", link[1])
		}
	}
}

func TestC20_NothingSecretIsWrittenAnywhere(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.header.Set("User-Agent", "test")
	want(t, b.send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword, "phone": "+4712345678"}), http.StatusCreated, "")
	phone := b.enroll()
	b.send("POST", "/logout", nil)
	option := optionOf(t, b.login("ada@example.org"), "totp")
	code := phone.next()
	b.send("POST", "/mfa/flow/verify", object{"option": option, "code": code})
	canaries := append([]string{goodPassword, phone.secret, b.cookie("session"), b.cookie("mfa-device")}, phone.codes...)
	b.send("POST", "/login", object{"email": "ada@example.org", "password": badPassword})
	canaries = append(canaries, badPassword)

	files, err := filepath.Glob(s.file + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	places := map[string]string{"log": s.log.String()}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		places[filepath.Base(file)] = string(text)
	}
	for _, m := range s.app.inbox.messages() {
		places["inbox"] += m.Subject + m.Body
	}
	for place, text := range places {
		for i, canary := range canaries {
			if canary == "" {
				t.Fatalf("canary %d is empty", i)
			}
			if strings.Contains(text, canary) {
				t.Errorf("canary %d stands in %s", i, place)
			}
		}
	}
	if strings.Contains(places["log"]+places["inbox"], "4712345678") {
		t.Error("the phone number stands in a log or mail")
	}
}
