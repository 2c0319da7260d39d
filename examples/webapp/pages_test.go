package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

func TestPagesFollowAWholePassage(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	to := func(r reply, path string) {
		t.Helper()
		if r.status != http.StatusSeeOther || r.header.Get("Location") != path {
			t.Fatalf("status %d to %q, want %s: %s", r.status, r.header.Get("Location"), path, r.body)
		}
	}
	to(b.submit("/register", "email", "ada@example.org", "password", goodPassword, "phone", ""), "/")
	page := b.submit("/setup", "label", "Phone").body
	p := phone{s: s, secret: find(t, page, `secret=([A-Z2-7]+)`)}
	codes := b.submit("/setup/confirm", "id", find(t, page, `name="id" value="([^"]+)"`), "code", p.code())
	want(t, codes, http.StatusOK, "")
	recovery := find(t, codes.body, `<li><code>([0-9a-z-]+)</code>`)
	if !strings.Contains(codes.body, `download="recovery-codes.txt"`) {
		t.Error("no download")
	}
	to(b.submit("/logout"), "/?said=out")

	to(b.submit("/login", "email", "ada@example.org", "password", goodPassword), "/challenge")
	page = b.page("/challenge").body
	option := find(t, page, `name="option" value="([^"]+)"`)
	wrong := b.submit("/challenge", "option", option, "code", "000000", "return", "/")
	want(t, wrong, http.StatusUnauthorized, "")
	if !strings.Contains(wrong.body, `role="alert" id="problem"`) || !strings.Contains(wrong.body, `aria-describedby="problem code-hint"`) {
		t.Error("the error is not tied to its field")
	}
	want(t, b.submit("/challenge", "option", option, "code", "letters", "return", "/"), http.StatusBadRequest, "")
	want(t, b.submit("/challenge", "option", option, "code", "", "return", "/"), http.StatusBadRequest, "")
	to(b.submit("/challenge", "option", option, "code", p.next(), "return", "/"), "/")

	s.advance(11 * time.Minute) // the evidence is too old for changes now
	to(b.page("/settings/recovery-codes"), "/confirm?return=%2Fsettings%2Frecovery-codes")
	to(b.submit("/settings/recovery-codes"), "/confirm?return=%2Fsettings%2Frecovery-codes")
	to(b.submit("/confirm", "return", "/settings/recovery-codes"), "/challenge?return=%2Fsettings%2Frecovery-codes")
	page = b.page("/challenge?option=recovery&return=%2Fsettings%2Frecovery-codes").body
	if !strings.Contains(page, "One of your recovery codes") {
		t.Error("the other option is not shown")
	}
	to(b.submit("/challenge", "option", "recovery", "code", strings.ToUpper(strings.ReplaceAll(recovery, "-", " ")), "return", "/settings/recovery-codes"), "/settings/recovery-codes")
	want(t, b.submit("/settings/recovery-codes"), http.StatusOK, "")

	id := b.send("GET", "/mfa/enrollments", nil).json(t)["enrollments"].([]any)[0].(map[string]any)["id"].(string)
	to(b.submit("/settings/enrollments/"+id+"/rename", "label", `<b>"Mine"</b>`), "/settings?said=renamed")
	if page := b.page("/settings").body; !strings.Contains(page, "&lt;b&gt;&#34;Mine&#34;&lt;/b&gt;") {
		t.Error("the label is not there, or not escaped")
	}
	want(t, b.submit("/settings/enrollments/"+id+"/rename", "label", strings.Repeat("x", 65)), http.StatusBadRequest, "")
	want(t, b.page("/settings/enrollments/nonesuch"), http.StatusNotFound, "")
	to(b.submit("/settings/enrollments/"+id+"/remove"), "/settings?said=removed")
	to(b.submit("/password", "current", goodPassword, "new", "another good one"), "/settings?said=password")
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	b := start(t).browser()
	for path, mediaType := range map[string]string{"/static/style.css": "text/css", "/static/demo.css": "text/css", "/static/icon.svg": "image/svg+xml",
		"/static/pages.js": "text/javascript", "/mfa/mfa.js": "text/javascript"} {
		if r := b.page(path); r.status != http.StatusOK || !strings.HasPrefix(r.header.Get("Content-Type"), mediaType) {
			t.Errorf("%s: status %d, %s", path, r.status, r.header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/static/", "/static", "/static/..%2fmain.go", "/static/none"} {
		if r := b.page(path); r.status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, r.status)
		}
	}
}

// Whoever is signed in can go on from pages that are for everybody.
func TestAccountNavigation(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, guest, pending := s.browser(), s.browser(), s.browser()
	b.register("ada@example.org")
	b.signIn("ada@example.org", b.enroll())
	pending.login("ada@example.org")
	const nav = `<nav aria-label="Account">`
	for _, path := range []string{"/nowhere", "/settings/enrollments/none", "/settings/export"} {
		if !strings.Contains(b.page(path).body, nav) {
			t.Errorf("%s: none", path)
		}
	}
	s.advance(11 * time.Minute)
	if !strings.Contains(b.page("/confirm?return=/settings").body, nav) {
		t.Error("/confirm: none")
	}
	for name, page := range map[string]reply{"guest": guest.page("/nowhere"), "pending": pending.page("/nowhere"), "the code of a sign-in": pending.page("/challenge")} {
		if strings.Contains(page.body, nav) || strings.Contains(page.body, "ada@example.org") {
			t.Errorf("%s: navigation of an account", name)
		}
	}
}

func TestExpiredFlowLeadsToSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.send("POST", "/logout", nil)
	option := optionOf(t, b.login("ada@example.org"), "totp")
	token := b.cookie("mfa-flow")
	s.advance(11 * time.Minute)
	b.setCookie("mfa-flow", token)
	r := b.submit("/challenge", "option", option, "code", p.code(), "return", "/")
	if r.status != http.StatusGone || !strings.Contains(r.body, "open for too long") || !strings.Contains(r.body, `href="/login"`) {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
}

// Whoever has to sign in first is led back to what they wanted then, and nowhere else.
func TestSignInLeadsBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.submit("/logout")
	for to, back := range map[string]string{"/settings/activity": "/settings/activity", "/settings/export": "/settings/export", "https://evil.example/": "/"} {
		page := b.page("/login?" + url.Values{"return": {to}}.Encode())
		if strings.HasPrefix(to, "/") {
			page = b.page(b.page(to).header.Get("Location"))
		}
		next := b.submit("/login", "email", "ada@example.org", "password", goodPassword, "return", hiddenField(t, page.body, "return"))
		page = b.page(next.header.Get("Location"))
		b.submit("/challenge", "option", hiddenField(t, page.body, "option"), "code", p.next(), "return", hiddenField(t, page.body, "return")).wantRedirect(t, back)
		b.submit("/logout")
	}
}

// Each language has all that people see; what is for staff and developers is in English.
func TestPagesSpeakTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ asked, lang, dir, title string }{
		{"de-AT,de;q=0.9,en;q=0.5", "de", "ltr", "Anmelden"}, {"es", "es", "ltr", "Iniciar sesión"}, {"ar", "ar", "rtl", "تسجيل الدخول"}, {"ja", "en", "ltr", "Sign in"},
	} {
		b := s.browser()
		b.header.Set("Accept-Language", c.asked)
		head := `<html lang="` + c.lang + `" dir="` + c.dir + `">`
		for _, path := range []string{"/login", "/register", "/forgot", "/nowhere"} {
			if page := b.page(path).body; !strings.Contains(page, head) || c.lang != "en" && strings.Contains(page, "E-mail<") {
				t.Errorf("%s in %s: %s", path, c.lang, page)
			}
		}
		if page := b.page("/login").body; !strings.Contains(page, "<h1>"+c.title+"</h1>") {
			t.Errorf("%s: %s", c.lang, page)
		}
		email := c.lang + "@example.org"
		b.register(email)
		if page := b.page("/settings").body; !strings.Contains(page, head) {
			t.Errorf("%s: %s", c.lang, page)
		}
		b.header.Del("Accept-Language")
		b.enroll() // in a mail that follows, nobody says in which language
		if page := b.page("/dev/inbox").body; !strings.Contains(page, `<html lang="en" dir="ltr">`) {
			t.Errorf("%s", page)
		}
	}
}

func TestReturnStaysHere(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	for _, away := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", ""} {
		r := b.submit("/reauthenticate", "password", goodPassword, "return", away)
		if r.status != http.StatusSeeOther || r.header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", away, r.header.Get("Location"))
		}
	}
}

// Each page works under the content security policy, and each field has a label.
func TestPagesAreCleanAndLabelled(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, guest := s.browser(), s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.signIn("ada@example.org", p)
	pending := s.browser()
	pending.login("ada@example.org")
	pages := map[string]string{}
	for _, path := range []string{"/", "/register", "/login", "/nowhere", "/dev/inbox", "/login?said=out", "/login?said=%3Cb%3E"} {
		pages["guest "+path] = guest.page(path).body
	}
	for _, path := range []string{"/", "/settings", "/setup", "/setup/app", "/setup/key", "/setup/sms", "/setup/email", "/settings/enrollments/" + p.id, "/settings/recovery-codes", "/settings/password", "/settings/export"} {
		pages["signed in "+path] = b.page(path).body
	}
	pages["pending"] = pending.page("/challenge").body
	b.addKey(s.key(authenticator.Options{}), "Mine")
	pending = s.browser()
	pending.login("ada@example.org")
	pages["pending with a key"] = pending.page("/challenge?option=webauthn").body
	pages["settings with a key"] = b.page("/settings").body
	pages["code to type"] = b.submit("/setup/sms", "phone", adasNumber, "replaces", "").body
	b.confirmCode(reply{body: pages["code to type"]}, "sms", s.code(adasNumber))
	pages["settings with a phone"] = b.page("/settings").body
	pages["number refused"] = b.submit("/setup/sms", "phone", "+46701234567", "replaces", "").body
	pages["phone"] = b.page("/settings/enrollments/" + find(t, pages["settings with a phone"], `(?s)id="phones".*?/settings/enrollments/([a-z0-9]+)"`)).body
	s.advance(time.Minute)
	pages["pending with a code"] = pending.again(pending.page(strings.ReplaceAll(find(t, pending.page("/challenge").body, `<a href="([^"]+)">Get a text message`), "&amp;", "&"))).body
	pages["scan"] = b.submit("/setup", "label", "x").body
	pages["codes"] = b.submit("/settings/recovery-codes").body
	s.advance(11 * time.Minute)
	pages["confirm"] = b.page("/confirm?return=/settings").body
	inline := regexp.MustCompile(`(?i)<style|style=|\son[a-z]+=|<script>|javascript:\S`)
	field := regexp.MustCompile(`<input ([^>]*)>`)
	for name, page := range pages {
		if !strings.Contains(page, "<h1") || !strings.Contains(page, `<html lang="en" dir="ltr">`) || !strings.Contains(page, "Development mode is on") {
			t.Errorf("%s: not a whole page: %s", name, page)
		}
		if bad := inline.FindString(page); bad != "" {
			t.Errorf("%s: inline %q", name, bad)
		}
		for _, f := range field.FindAllStringSubmatch(page, -1) {
			if strings.Contains(f[1], "hidden") {
				continue
			}
			if id := find(t, f[1], `\bid="([^"]+)"`); !strings.Contains(page, `<label for="`+id+`"`) {
				t.Errorf("%s: field %s has no label", name, id)
			}
		}
	}
}
