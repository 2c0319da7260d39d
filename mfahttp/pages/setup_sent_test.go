package pages_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

func TestNumberIsSetUp(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	page := b.get("/account/setup/sms").want(200, "Codes by text message")
	page.says("onfile-form", "the number ••• 67").without("91234567") // masked: a password alone was proved
	sent := page.submit("phone-form", "phone", "+47 912 34 568", "label", "Ada’s phone").want(200, "Enter the code")
	sent.says("code-form", "68").without("91234568", "912 34 568")
	code := h.lastCode(h.texts)
	again := sent.submit("resend-form").want(429, "Enter the code").says("problem", "")
	if len(h.texts.Messages()) != 1 {
		t.Fatal("a second message was sent at once")
	}
	h.Clock.Advance(31 * time.Second)
	sent = again.submit("resend-form").want(200, "Enter the code")
	if newer := h.lastCode(h.texts); len(h.texts.Messages()) != 2 {
		t.Fatal("no second message was sent")
	} else if newer != code {
		sent = sent.submit("code-form", "code", code).want(401, "Enter the code")
		code = newer
	}
	if c := sent.id("code"); c.attr["autocomplete"] != "one-time-code" || c.attr["inputmode"] != "numeric" {
		t.Errorf("the field: %v", c.attr)
	}
	done := sent.submit("code-form", "code", code).at("/account/setup/more")
	if got := done.class("notice"); len(got) != 1 || got[0] != "Your number is confirmed: codes go there." {
		t.Errorf("the notice: %q", got)
	}
	own := h.owned("ada")
	if len(own) != 1 || own[0].Label != "Ada’s phone" || !strings.HasSuffix(own[0].Hint, "68") {
		t.Errorf("set up: %+v", own)
	}
	b.get("/account/settings").says("phones", "Ada’s phone").without("91234568")
}

func TestAddressOnFileIsSetUpInASignIn(t *testing.T) {
	h := newHost(t, under(required()))
	b := h.browser()
	p := b.login("ada").want(200, "Choose a second step")
	page := b.get(p.link("Get codes by mail")).want(200, "Codes by mail").says("onfile-form", "a•••@example.com")
	sent := page.submit("onfile-form").want(200, "Enter the code")
	if got := h.mails.Messages(); len(got) != 1 || got[0].To != "ada@example.com" {
		t.Fatalf("%d mails were sent", len(got))
	}
	sent.submit("code-form", "code", h.lastCode(h.mails)).at("/account/setup/more").want(200, "")
	if b.cookies["session"] == "" {
		t.Error("there is no session")
	}
}

// A number that is refused is told why, beside the form, with what is open instead.
func TestRefusedNumberSaysWhatIsOpenInstead(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	page := b.get("/account/setup/sms?return=%2Fx")
	for number, says := range map[string]string{
		"+1 212 555 0123": "", "12": "telephone number", "letters": "telephone number", "+47<script>alert(1)</script>": "telephone number",
	} {
		p := page.submit("phone-form", "phone", number, "label", "Mine").want(422, "Codes by text message").says("problem", says)
		p.says("instead", "Set up an authenticator app").says("instead", "Add a security key or passkey").without("<script>alert")
		if got := p.link("Set up an authenticator app"); got != "/account/setup/app?return=%2Fx" {
			t.Errorf("instead leads to %s", got)
		}
		f := p.id("phone")
		if f.attr["aria-invalid"] != "true" || !strings.Contains(f.attr["aria-describedby"], "problem") || f.attr["value"] != number {
			t.Errorf("%s: the field is %v", number, f.attr)
		}
		if got := p.id("label").attr["value"]; got != "Mine" {
			t.Errorf("what else was typed is gone: %q", got)
		}
	}
	page.submit("phone-form", "phone", "").want(422, "Codes by text message").says("problem", "mobile number")
	b.get("/account/setup/email").submit("email-form", "email", "no address").want(422, "Codes by mail").says("problem", "")
	if got := len(h.texts.Messages()) + len(h.mails.Messages()); got != 0 {
		t.Errorf("%d messages were sent", got)
	}
}

func TestUnsentCodeIsTold(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	h.texts.Fail(&mfa.SendError{Reason: mfa.SendUnreachable, Retry: true})
	p := b.get("/account/setup/sms").submit("onfile-form").want(502, "").says("problem", "")
	h.texts.Fail(nil)
	sent := p.submit("resend-form").want(200, "Enter the code")
	sent.submit("code-form", "code", h.lastCode(h.texts)).at("/account/setup/more")

	h.texts.Fail(&mfa.SendError{Reason: mfa.SendBadDestination})
	eve := h.as("eve", nil).get("/account/setup/sms").submit("phone-form", "phone", "+4791234569").want(502, "Codes by text message")
	eve.says("problem", "another").says("phone-form", "Send a code")
}

// Codes that were wrong too often, or came too late, begin anew.
func TestSentCodesEnd(t *testing.T) {
	h := newHost(t)
	late := h.as("ada", nil).get("/account/setup/email").submit("onfile-form").want(200, "Enter the code")
	code := h.lastCode(h.mails)
	h.Clock.Advance(10*time.Minute + time.Second)
	late.submit("code-form", "code", code).want(410, "Codes by mail").says("problem", "begin again")

	p := h.as("bob", nil).get("/account/setup/sms").submit("onfile-form").want(200, "Enter the code")
	wrong := "000000"
	if h.lastCode(h.texts) == wrong {
		wrong = "000001"
	}
	for n := 0; p.status != 410 && p.status != 429; n++ {
		if n > 10 {
			t.Fatalf("no end: %d %s", p.status, p.body)
		}
		p = p.submit("code-form", "code", wrong)
	}
	p.says("problem", "")
	if got := len(h.owned("ada")) + len(h.owned("bob")); got != 0 {
		t.Errorf("%d are set up", got)
	}
}

func TestNumberIsChanged(t *testing.T) {
	h := newHost(t)
	old := h.enroll("ada", "sms", mfa.EnrollParams{})
	b := h.browser()
	b.login("ada").submit("code-form", "code", h.lastCode(h.texts))
	settings := b.get("/account/settings").says("phones", "67")
	page := b.get(settings.link("Change Text message")).want(200, "Text message")
	change := b.get(page.link("Change number")).want(200, "Change number").at("/account/settings/enrollments/" + old + "/change")
	if change.id("label") != nil {
		t.Error("the name is asked for, which stays")
	}
	h.Clock.Advance(time.Minute)
	sent := change.submit("phone-form", "phone", "+4791234568").want(200, "Enter the code")
	if got := h.owned("ada"); len(got) != 1 || got[0].ID != old {
		t.Fatalf("before it is confirmed: %+v", got)
	}
	done := sent.submit("code-form", "code", h.lastCode(h.texts)).at("/account/settings").says("phones", "68")
	if got := done.class("notice"); len(got) != 1 {
		t.Errorf("the notice: %q", got)
	}
	own := h.owned("ada")
	if len(own) != 1 || own[0].ID == old || own[0].Label != "Text message" {
		t.Errorf("changed: %+v", own)
	}
	// The session was proved by the old number, which proves nothing any more.
	b.asksFirst("GET", "/account/settings/enrollments/"+own[0].ID+"/change", "/account/settings/enrollments/"+own[0].ID+"/change")
}

// Another's enrollment cannot be changed for one's own: it is like none.
func TestA35_AnothersNumberIsLikeNone(t *testing.T) {
	h := newHost(t)
	theirs := h.enroll("ada", "sms", mfa.EnrollParams{})
	b := h.as("eve", h.member("eve"))
	b.get("/account/settings/enrollments/"+theirs+"/change").want(404, "")
	p := b.post("/account/setup/sms", "phone", "+4791234568", "replaces", theirs)
	if p.status == 200 {
		t.Errorf("%d: %s", p.status, p.body)
	}
	if got := h.owned("ada"); len(got) != 1 || got[0].ID != theirs {
		t.Errorf("ada has %+v", got)
	}
}

func TestCountriesAreTold(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) {
		c.Countries = func(l *words.Language) string { return l.List([]string{"Germany", "Norway"}) }
	}})
	h.as("ada", nil).get("/account/setup/sms").says("countries", "Germany or Norway")
}
