package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

const (
	adasNumber = "+4740612345"
	newNumber  = "+4798765432"
)

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// to is what the inbox has for one number or address, newest first. What is
// mailed besides codes comes in its own time.
func (s *server) to(address string) []message {
	var out []message
	for _, m := range s.app.inbox.messages() {
		if m.To == address {
			out = append(out, m)
		}
	}
	return out
}

// codes are all that were sent there, newest first.
func (s *server) codes(address string) []string {
	var out []string
	for _, m := range s.to(address) {
		if code := sixDigits.FindString(m.Body); code != "" && (m.Channel == mfa.ChannelSMS || strings.Contains(m.Subject, "code") || strings.Contains(m.Subject, "Confirm")) {
			out = append(out, code)
		}
	}
	return out
}

func (s *server) code(address string) string {
	s.t.Helper()
	all := s.codes(address)
	if len(all) == 0 {
		s.t.Fatalf("no code for %s", address)
	}
	return all[0]
}

// notCode is a code of the same form that is wrong.
func notCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// getCodes sets codes up by the pages, and returns the last of them.
func (b *browser) getCodes(method, field, to string) reply {
	b.t.Helper()
	page := b.submit("/setup/"+method, field, to, "replaces", "")
	want(b.t, page, http.StatusOK, "")
	return b.confirmCode(page, method, b.s.code(strings.ReplaceAll(strings.TrimSpace(to), " ", "")))
}

// text is a page as people read it.
func (r reply) text() string {
	return strings.ReplaceAll(html.UnescapeString(r.body), "\u00a0", " ")
}

// confirmCode fills in the page for a code in a set-up.
func (b *browser) confirmCode(page reply, method, code string) reply {
	b.t.Helper()
	fields := []string{"code", code}
	form := find(b.t, page.body, `(?s)(<form class="card" id="code-form".*?</form>)`)
	for _, name := range []string{"id", "to", "replaces", "resend"} {
		fields = append(fields, name, hiddenField(b.t, form, name))
	}
	return b.submit("/setup/"+method+"/confirm", fields...)
}

func hiddenField(t *testing.T, page, name string) string {
	t.Helper()
	return find(t, page, `name="`+name+`" value="([^"]*)"`)
}

// loginPage signs in as far as the password leads, and returns the page after it.
func (b *browser) loginPage(email string) reply {
	b.t.Helper()
	r := b.submit("/login", "email", email, "password", goodPassword)
	if r.status != http.StatusSeeOther {
		return r
	}
	return b.page(r.header.Get("Location"))
}

// answer types a code on the page of a sign-in.
func (b *browser) answer(page reply, code string) reply {
	b.t.Helper()
	form := find(b.t, page.body, `(?s)(<form class="card" id="code-form".*?</form>)`)
	return b.submit("/challenge", "option", hiddenField(b.t, form, "option"), "return", hiddenField(b.t, form, "return"),
		"resend", hiddenField(b.t, form, "resend"), "code", code)
}

// again presses the button that sends a code.
func (b *browser) again(page reply) reply {
	b.t.Helper()
	r := b.submit("/challenge/send", "option", hiddenField(b.t, page.body, "option"), "return", "/")
	if r.status != http.StatusSeeOther {
		return r
	}
	return b.page(r.header.Get("Location"))
}

// With -sms-resend a wrong code has a new one sent, and the old one is dead.
func TestWrongTextMessageBringsANewOne(t *testing.T) {
	t.Parallel()
	s := start(t, "-sms-resend")
	b := s.browser()
	b.register("ada@example.org")
	b.getCodes("sms", "phone", "+47 406 12 345")
	b.submit("/logout")
	s.advance(time.Minute)
	page := b.loginPage("ada@example.org")
	old := s.code(adasNumber)
	s.advance(time.Minute) // the pause between two messages
	wrong := b.answer(page, notCode(old))
	want(t, wrong, http.StatusUnauthorized, "")
	if n := len(s.codes(adasNumber)); n != 3 {
		t.Fatalf("%d codes", n)
	}
	b.answer(wrong, s.code(adasNumber)).wantRedirect(t, "/")
}

func TestSignInByTextMessage(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	want(t, b.getCodes("sms", "phone", " +47 406 12 345 "), http.StatusOK, "") // with recovery codes
	if page := b.page("/settings").text(); !strings.Contains(page, `id="phones"`) || !strings.Contains(page, "+47 ••• ••45") {
		t.Errorf("%s", page)
	}
	b.submit("/logout")
	s.advance(time.Minute)

	page := b.loginPage("ada@example.org") // the only way but for recovery codes: it is sent without being asked
	if n := len(s.codes(adasNumber)); n != 2 {
		t.Fatalf("%d codes", n)
	}
	for _, part := range []string{"+47 ••• ••45", `autocomplete="one-time-code"`, `inputmode="numeric"`, "data-otp", `id="resend-form"`, "Not arriving?", "Use a recovery code"} {
		if !strings.Contains(page.text(), part) {
			t.Errorf("no %s in %s", part, page.body)
		}
	}
	b.page("/challenge") // to look at it sends nothing
	b.page("/challenge?option=" + hiddenField(t, page.body, "option"))
	if n := len(s.codes(adasNumber)); n != 2 {
		t.Fatalf("%d codes after looking", n)
	}
	code := s.code(adasNumber)
	wrong := b.answer(page, notCode(code))
	want(t, wrong, http.StatusUnauthorized, "")
	if !strings.Contains(wrong.body, "does not match") || !strings.Contains(wrong.body, `aria-describedby="problem"`) {
		t.Errorf("%s", wrong.body)
	}
	want(t, b.answer(page, "letter"), http.StatusBadRequest, "")
	b.answer(wrong, code[:3]+" "+code[3:]).wantRedirect(t, "/")
	if me := b.send("GET", "/me", nil).json(t); me["aal"] != 2.0 {
		t.Errorf("me %v", me)
	}
	b.submit("/logout")
	s.advance(time.Minute)
	want(t, b.answer(b.loginPage("ada@example.org"), code), http.StatusUnauthorized, "") // it is spent
}

func TestResendTooSoonAndLater(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	b.getCodes("sms", "phone", adasNumber)
	b.submit("/logout")
	s.advance(time.Minute)
	page := b.loginPage("ada@example.org")
	if wait := find(t, page.body, `data-wait="([0-9]+)"`); wait == "0" || !strings.Contains(page.body, "/static/sent.js") {
		t.Errorf("no countdown: %s", wait)
	}
	first := s.code(adasNumber)
	soon := b.again(page)
	want(t, soon, http.StatusTooManyRequests, "")
	if !strings.Contains(soon.body, "you can ask for another in") || !strings.Contains(soon.body, `id="code-form"`) || len(s.codes(adasNumber)) != 2 {
		t.Errorf("%s", soon.body)
	}
	s.advance(2 * time.Minute)
	page = b.again(page)
	want(t, page, http.StatusOK, "")
	second := s.code(adasNumber)
	if len(s.codes(adasNumber)) != 3 {
		t.Fatal("none was sent")
	}
	if first != second {
		want(t, b.answer(page, first), http.StatusUnauthorized, "")
	}
	s.advance(codeLife)
	late := b.answer(page, second)
	want(t, late, http.StatusUnauthorized, "")
	if !strings.Contains(late.body, "no longer good") || !strings.Contains(late.body, `id="send-form"`) {
		t.Errorf("%s", late.body)
	}
	s.advance(time.Minute)
	page = b.again(late)
	b.answer(page, s.code(adasNumber)).wantRedirect(t, "/")
}

func TestSignInByMailAndByItsLink(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	b.header.Set(devClientIP, "192.0.2.7")
	page := b.submit("/setup/email", "on_file", "yes", "replaces", "")
	want(t, page, http.StatusOK, "")
	b.confirmCode(page, "email", s.code("ada@example.org")).wantRedirect(t, "/setup/more?said=mailbox") // it is no second kind, so that there are no recovery codes
	b.submit("/logout")
	s.advance(time.Minute)

	page = b.loginPage("ada@example.org")
	if !strings.Contains(page.body, "a•••@example.org") || strings.Contains(page.body, "ada@example.org") || strings.Contains(page.body, "data-otp") {
		t.Errorf("%s", page.body)
	}
	mail := s.to("ada@example.org")[0]
	if mail.Channel != "email" || !strings.Contains(mail.Body, "192.0.2.7") || !strings.Contains(mail.Body, appName) || !strings.Contains(mail.Body, "UTC") {
		t.Errorf("mail %+v", mail)
	}
	b.answer(page, s.code("ada@example.org")).wantRedirect(t, "/")
	if me := b.send("GET", "/me", nil).json(t); me["aal"] != 1.0 {
		t.Errorf("me %v", me)
	}

	b.submit("/logout")
	s.advance(time.Minute)
	b.loginPage("ada@example.org")
	link, err := url.Parse(find(t, s.to("ada@example.org")[0].Body, `(http://localhost:\d+/mfa/link\?\S+)`))
	if err != nil || link.Scheme+"://"+link.Host != s.app.origin {
		t.Fatalf("link to %s, %v", link.Host, err)
	}
	press := func(b *browser) reply {
		r := b.page(link.RequestURI()) // as often as a scanner likes
		want(t, r, http.StatusOK, "")
		return b.submit(find(t, r.body, `action="([^"]+)"`), "option", link.Query().Get("option"), "token", link.Query().Get("token"))
	}
	if r := press(s.browser()); r.status != http.StatusNotFound {
		t.Errorf("in another browser: status %d", r.status)
	}
	press(b).wantRedirect(t, "/continue")
	b.page("/continue").wantRedirect(t, "/")
	if !b.signedIn() {
		t.Error("not in")
	}
	if r := press(b); r.status == http.StatusSeeOther {
		t.Error("the link works twice")
	}
}

// A link that is one of two things that are asked for leads to the other.
func TestContinueLeadsToWhatIsAskedNext(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	want(t, b.page("/continue"), http.StatusGone, "")
	b.register("ada@example.org")
	b.enroll()
	b.submit("/logout")
	b.login("ada@example.org")
	b.page("/continue").wantRedirect(t, "/challenge")
}

// Whoever has an app is not sent anything until they ask for it.
func TestBetterWayComesFirst(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.signIn("ada@example.org", p)
	b.getCodes("sms", "phone", adasNumber).wantRedirect(t, "/settings?said=phone")
	b.submit("/logout")
	s.advance(time.Minute)
	page := b.loginPage("ada@example.org")
	if !strings.Contains(page.body, "authenticator app") || !strings.Contains(page.text(), "Get a text message to +47 ••• ••45") || len(s.codes(adasNumber)) != 1 {
		t.Fatalf("%s", page.body)
	}
	page = b.page(strings.ReplaceAll(find(t, page.body, `<a href="([^"]+)">Get a text message`), "&amp;", "&"))
	if !strings.Contains(page.body, `id="send-form"`) || len(s.codes(adasNumber)) != 1 {
		t.Fatalf("%s", page.body)
	}
	page = b.again(page)
	b.answer(page, s.code(adasNumber)).wantRedirect(t, "/")
}
