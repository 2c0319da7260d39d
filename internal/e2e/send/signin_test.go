package send_test

import (
	"errors"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A number is set up, and used, with the codes that arrive on it.
func TestSignInWithACodeByText(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.enrolNumber("+447400123456")

	flow := kim.signIn()
	option, asked, err := kim.ask(flow, "sms")
	if err != nil {
		t.Fatal(err)
	}
	if wait := asked.ResendAt.Sub(s.clock.Now()); wait <= 0 || wait > time.Minute {
		t.Errorf("the next code may go out after %v", wait)
	}
	m, code := s.kannel.Await("+447400123456", 2, codeInText)
	if m.From != "Example" {
		t.Errorf("the text comes from %q", m.From)
	}
	kim.passes(flow, option, code[1])
	if n := len(s.kannel.Messages()); n != 2 {
		t.Errorf("%d messages, want 2: one for the enrolment, one for the sign-in", n)
	}
}

// Only the newest code works, and once.
func TestO03_OneLiveCode(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	flow := kim.signIn()
	option := kim.mustAsk(flow, "sms")
	_, first := s.kannel.Await("+447400123456", 1, codeInText)

	if _, _, err := kim.ask(flow, "sms"); !errors.Is(err, mfa.ErrTooSoon) {
		t.Errorf("a second code at once: %v", err)
	}
	s.clock.Advance(time.Minute)
	kim.mustAsk(flow, "sms")
	_, second := s.kannel.Await("+447400123456", 2, codeInText)
	if first[1] == second[1] {
		t.Fatal("one code in a million is the same; run it again")
	}
	if _, err := kim.Verify(t.Context(), flow.Token, mfa.Answer{Option: option, Code: first[1]}, client()); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("the first code, after the second was sent: %v", err)
	}
	kim.passes(flow, option, second[1])
	again := kim.signIn()
	if _, err := kim.Verify(t.Context(), again.Token, mfa.Answer{Option: option, Code: second[1]}, client()); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("a used code in another flow: %v", err)
	}
}

// An address is enough where the mailbox gets the code.
func TestSignInWithACodeByMail(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	c := kim.caller()
	begun, err := s.Enroll(t.Context(), c, mfa.Enroll{Method: "email"})
	if err != nil {
		t.Fatal(err)
	}
	setup := s.letter("kim", 1, setupSubject)
	if linkInMail.MatchString(setup.Text) {
		t.Error("a change can be confirmed from elsewhere than it was begun")
	}
	if _, err := s.Activate(t.Context(), c, begun.ID, mfa.Answer{Code: find(t, codeInMail, setup.Text)}); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Hour)

	flow := kim.signIn()
	option := kim.mustAsk(flow, "email")
	letter := s.letter("kim", 1, codeSubject)
	code := find(t, codeInMail, letter.Text)
	if !strings.Contains(letter.HTML, "<strong>"+code+"</strong>") {
		t.Errorf("the HTML has another code than the text:\n%s", letter.HTML)
	}
	for _, want := range []string{"kim@example.test", "192.0.2.7", "Oslo, Norway", "Firefox", "UTC"} {
		if !strings.Contains(letter.Text, want) || !strings.Contains(letter.HTML, want) {
			t.Errorf("the mail does not say %q:\n%s", want, letter.Text)
		}
	}
	kim.passes(flow, option, code)
}

// The link of a mail is as good as its code, once, and ends it.
func TestO13_TheLinkSignsInOnceAndEndsTheCode(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	kim.importAddress()
	flow := kim.signIn()
	option := kim.mustAsk(flow, "email")
	letter := s.letter("kim", 1, codeSubject)
	link, err := url.ParseQuery(find(t, linkInMail, letter.Text))
	if err != nil || link.Get("option") != option {
		t.Fatalf("the link's members are %v, %v; the option is %s", link, err, option)
	}
	if !strings.Contains(letter.HTML, html.EscapeString(link.Encode())) {
		t.Errorf("the HTML has another link:\n%s", letter.HTML)
	}
	other := kim.signIn()
	for name, answer := range map[string]string{"the link": link.Get("token"), "the code": find(t, codeInMail, letter.Text)} {
		if _, err := s.Verify(t.Context(), other.Token, mfa.Answer{Option: option, Code: answer}, client()); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("%s in another flow: %v", name, err)
		}
	}
	kim.passes(flow, option, link.Get("token"))
	if _, err := s.Verify(t.Context(), flow.Token, mfa.Answer{Option: option, Code: link.Get("token")}, client()); !errors.Is(err, mfa.ErrFlowExpired) {
		t.Errorf("the link a second time: %v", err)
	}
}
