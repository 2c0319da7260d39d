package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestC17_StrictInput(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	const js, form = "application/json", "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, path, mediaType, body string
		status                      int
		code                        string
	}{
		{"no JSON", "/login", js, `email`, 400, "bad_request"},
		{"an array", "/login", js, `[]`, 400, "bad_request"},
		{"an unknown member", "/login", js, `{"email":"a@b.c","password":"x","admin":"true"}`, 400, "bad_request"},
		{"a member in another case", "/login", js, `{"Email":"a@b.c","password":"x"}`, 400, "bad_request"},
		{"a member twice", "/login", js, `{"email":"a@b.c","email":"ada@example.org","password":"x"}`, 400, "bad_request"},
		{"a number for a string", "/login", js, `{"email":"a@b.c","password":12345678}`, 400, "bad_request"},
		{"an object for a string", "/login", js, `{"email":{"$ne":""},"password":"x"}`, 400, "bad_request"},
		{"null", "/login", js, `{"email":null,"password":"x"}`, 400, "bad_request"},
		{"something after it", "/login", js, `{"email":"a@b.c","password":"x"}{}`, 400, "bad_request"},
		{"not UTF-8", "/login", js, "{\"email\":\"\xff\",\"password\":\"x\"}", 400, "bad_request"},
		{"a megabyte", "/login", js, `{"email":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "too_large"},
		{"another type", "/login", "text/plain", `{"email":"a@b.c","password":"x"}`, 415, "unsupported_media_type"},
		{"no type", "/login", "", `{"email":"a@b.c","password":"x"}`, 415, "unsupported_media_type"},
		{"an unknown field", "/login", form, `email=a@b.c&password=x&admin=true`, 400, "bad_request"},
		{"a field twice", "/login", form, `email=a@b.c&email=ada@example.org&password=x`, 400, "bad_request"},
		{"a broken form", "/login", form, `email=%zz`, 400, "bad_request"},
		{"a form that is not UTF-8", "/login", form, `email=%ff&password=x`, 400, "bad_request"},
		{"a megabyte of form", "/login", form, "email=" + strings.Repeat("a", 1<<20), 413, "too_large"},
		{"a taken address", "/register", js, `{"email":"ADA@example.org","password":"long enough"}`, 409, "email_taken"},
		{"no address", "/register", js, `{"password":"long enough"}`, 422, "invalid_email"},
		{"a short password", "/register", js, `{"email":"bob@example.org","password":"sevenss"}`, 422, "invalid_password"},
		{"a long password", "/register", js, `{"email":"bob@example.org","password":"` + strings.Repeat("x", 257) + `"}`, 422, "invalid_password"},
		{"a local number", "/register", js, `{"email":"bob@example.org","password":"long enough","phone":"12345678"}`, 422, "invalid_phone"},
		{"a short new password", "/password", js, `{"current":"` + goodPassword + `","new":"short"}`, 422, "invalid_password"},
		{"a wrong current password", "/password", js, `{"current":"` + badPassword + `","new":"long enough"}`, 401, "invalid_credentials"},
		{"a wrong password again", "/reauthenticate", js, `{"password":"` + badPassword + `"}`, 401, "invalid_credentials"},
		{"an unknown path", "/admin", js, `{}`, 404, "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.do("POST", c.path, c.mediaType, c.body)
			want(t, r, c.status, c.code)
			if r.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("type %s", r.header.Get("Content-Type"))
			}
			if strings.Contains(r.body, badPassword) || strings.Contains(r.body, "a@b.c") {
				t.Errorf("the answer says what was typed: %s", r.body)
			}
		})
	}
	if !b.signedIn() {
		t.Error("bad input ended the session")
	}
	want(t, s.browser().send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword}), http.StatusOK, "")
}

func TestNormalEmail(t *testing.T) {
	for in, out := range map[string]string{
		"ada@example.org":             "ada@example.org",
		"  Ada.Lovelace@EXAMPLE.org ": "ada.lovelace@example.org",
		"ada+mfa@example.org":         "ada+mfa@example.org",
		"ada@localhost":               "ada@localhost",
		"":                            "",
		"ada":                         "",
		"@example.org":                "",
		"ada@":                        "",
		"a da@example.org":            "",
		"Ada <ada@example.org>":       "",
		"ada@example.org, b@c.d":      "",
		"ada@exämple.org":             "",
		"аda@example.org":             "", // the first letter is Cyrillic
		"ada\x00@example.org":         "",
		"ada@example.org\nBcc: b@c.d": "",
		strings.Repeat("a", 250) + "@example.org": "",
	} {
		if got, err := normalEmail(in); got != out || (err == nil) != (out != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestNormalPhone(t *testing.T) {
	for in, out := range map[string]string{"": "", "+47 123-45 678": "+4712345678", "+1234567": "+1234567"} {
		if got, err := normalPhone(in); got != out || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"12345678", "+0123456789", "+123456", "+1234567890123456", "+47abc45678", "+47\n12345678"} {
		if got, err := normalPhone(in); err == nil {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestPasswordHash(t *testing.T) {
	p := newPasswords()
	hash := p.hash(goodPassword)
	if hash == p.hash(goodPassword) {
		t.Error("two hashes have one salt")
	}
	for password, want := range map[string]bool{goodPassword: true, badPassword: false, "": false, goodPassword + " ": false} {
		if got, err := p.matches(hash, password); got != want || err != nil {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	for _, stored := range []string{"x", hashPrefix, hashPrefix + "AAAA$AAAA", strings.Replace(hash, "t=2", "t=1", 1), hash[:len(hash)-1]} {
		if got, err := p.matches(stored, goodPassword); got || err == nil {
			t.Errorf("%q: %v, %v", stored, got, err)
		}
	}
}

// What no database takes for text is nowhere, and no fault of the server's.
func TestAddressesThatAreNoText(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	for _, path := range []string{"/transfer/%00", "/transfer/%FF", "/admin?q=%00", "/admin?after=%c3%28", "/admin/users/%00", "/settings/enrollments/%ff"} {
		if got := b.send("GET", path, nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := b.submit("/transfer", "payee", "a\x00b", "amount", "1"); got.status != http.StatusBadRequest {
		t.Errorf("a form with a NUL: %d", got.status)
	}
}
