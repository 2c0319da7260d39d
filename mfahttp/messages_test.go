package mfahttp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// reader is a user whose second factor is letters, and no browser yet.
func (s *site) reader(t *testing.T, name string) {
	t.Helper()
	b := s.browser()
	b.login(t, name)
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"letter"}`).want(t, 201, "")
	b.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", `{"code":"`+s.letter.last()+`"}`).want(t, 200, "")
	s.Clock.Advance(time.Hour)
}

// ask has a letter sent for the browser's sign-in.
func (c *client) ask(t *testing.T, name string) (option string, l letter) {
	t.Helper()
	option = c.login(t, name).option(t, "letter")
	c.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 200, "")
	return option, c.s.letter.newest()
}

// letterOption is the flow's option for letters, as it is now.
func (c *client) letterOption(t *testing.T) map[string]any {
	t.Helper()
	for _, o := range c.send(t, "GET", "/mfa/flow", "").want(t, 200, "").json["options"].([]any) {
		if o := o.(map[string]any); o["method"] == "letter" {
			return o
		}
	}
	t.Fatal("no option for letters")
	return nil
}

func TestC05_AWrongCodeMayBringANewOne(t *testing.T) {
	s := newSite(t)
	s.letter.again = true
	s.reader(t, "ada")
	b := s.browser()
	option, first := b.ask(t, "ada")
	soon := b.verify(t, option, "wrong").want(t, 401, "code_not_valid")
	if soon.json["resent"] != nil || s.letter.newest().code != first.code {
		t.Errorf("within the pause: %s", soon.Body)
	}
	s.Clock.Advance(5 * time.Minute)
	r := b.verify(t, option, "wrong").want(t, 401, "code_not_valid")
	if r.json["resent"] != true || r.text("destination") == "" || r.text("resend_at") == "" || r.text("expires_at") == "" {
		t.Fatalf("%s", r.Body)
	}
	if r.json["attempts_left"] != soon.json["attempts_left"].(float64)-1 {
		t.Errorf("a new code began a new count: %v after %v", r.json["attempts_left"], soon.json["attempts_left"])
	}
	again := b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 429, "too_soon")
	if again.text("resend_at") != r.text("resend_at") || again.Header().Get("Retry-After") == "" {
		t.Errorf("%s, and %s", r.Body, again.Body)
	}
	for range 3 {
		r = b.verify(t, option, "wrong")
	}
	r.want(t, 401, "code_not_valid")
	b.verify(t, option, s.letter.last()).want(t, 429, "locked")
}

func TestA53_NewCodesAreNotAnswered(t *testing.T) {
	s := newSite(t)
	s.letter.again, s.letter.anywhere = true, true
	s.reader(t, "ada")
	b := s.browser()
	option, _ := b.ask(t, "ada")
	s.Clock.Advance(5 * time.Minute)
	b.verify(t, option, "wrong").want(t, 401, "code_not_valid")
	b.send(t, "GET", "/mfa/flow", "").want(t, 200, "")
	s.report("post", postmark, s.letter.newest().Report, "delivered").want(t, 204, "")
	b.form(t, s.letter.newest().link+"&x=1")
	letters := s.letter.letters()
	if len(letters) < 3 {
		t.Fatalf("only %d letters", len(letters))
	}
	for _, l := range letters {
		for _, secret := range []string{l.code, l.link, l.Report} {
			if secret != "" && (strings.Contains(b.all.String(), secret) || strings.Contains(s.log.String(), secret)) {
				t.Errorf("%.12s… was answered or logged", secret)
			}
		}
	}
}

func TestWhereAMessageIs(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	b.login(t, "ada")
	if o := b.letterOption(t); o["sent"] != nil || o["delivery"] != nil {
		t.Errorf("before it is sent: %v", o)
	}
	_, l := b.ask(t, "ada")
	if o := b.letterOption(t); o["sent"] != true || o["delivery"] != nil {
		t.Errorf("when it is sent: %v", o)
	}
	for _, state := range []string{"on_its_way", "delivered"} {
		s.report("post", postmark, l.Report, state).want(t, 204, "")
		if o := b.letterOption(t); o["sent"] != true || o["delivery"] != state {
			t.Errorf("%s: %v", state, o)
		}
	}
}

func TestAFailedMessageSaysWhatHelps(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "letter")
	s.letter.Fail(&mfa.SendError{Reason: mfa.SendUnreachable, Retry: true})
	r := b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 502, "delivery_failed")
	if r.text("reason") != mfa.SendUnreachable || r.json["retry"] != true {
		t.Errorf("%s", r.Body)
	}
	s.letter.Fail(&mfa.SendError{Reason: mfa.SendOptedOut})
	r = b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 502, "delivery_failed")
	if r.text("reason") != mfa.SendOptedOut || r.json["retry"] != false {
		t.Errorf("%s", r.Body)
	}
}

func TestARefusedNumberNamesTheOtherWays(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	r := b.send(t, "POST", "/mfa/enrollments", `{"method":"letter","phone":"+1"}`).want(t, 422, "destination_refused")
	if methods, _ := r.json["methods"].([]any); len(methods) == 0 || r.text("reason") != "not_an_address" {
		t.Errorf("%s", r.Body)
	}
}

func TestA92_OtherOriginsHaveNothingSent(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	option, l := b.ask(t, "ada")
	s.Clock.Advance(5 * time.Minute)
	before := len(s.letter.Messages())
	stranger := s.native() // sends no cookies
	for _, path := range []string{"/mfa/flow/challenge", "/mfa/enrollments", "/mfa/enrollments/x/challenge", "/mfa/flow/continue", "/mfa/link", "/login"} {
		for _, from := range [][]string{
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, {"Origin", "null", "Sec-Fetch-Site", ""},
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "", "Content-Type", "text/plain"},
		} {
			for _, c := range []*client{b, stranger} {
				if r := c.send(t, "POST", path, `{"option":"`+option+`","method":"letter"}`, from...); r.Code != http.StatusForbidden {
					t.Errorf("%s %v: %d", path, from, r.Code)
				}
			}
		}
	}
	if len(s.letter.Messages()) != before {
		t.Errorf("%d letters went out", len(s.letter.Messages())-before)
	}
	b.verify(t, option, l.code).want(t, 200, "")
}
