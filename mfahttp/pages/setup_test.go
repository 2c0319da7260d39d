package pages_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// setUpApp is the way from the page that chooses to the page that shows the key.
func setUpApp(p *page) *page {
	p.b.t.Helper()
	p = p.b.get(p.link("Set up an authenticator app")).want(200, "Set up an authenticator app")
	return p.submit("/account/setup", "label", "Ada’s phone").want(200, "Set up an authenticator app")
}

func TestAppIsSetUpInASession(t *testing.T) {
	h := newHost(t, withCodes)
	b := h.as("ada", nil)
	choose := b.get(b.get("/account/settings").want(200, "Security settings").link("Add a second step")).want(200, "Choose a second step")
	if got := choose.class("step"); len(got) != 1 || got[0] != "Step 1 of 3" {
		t.Errorf("choosing is %q", got)
	}
	scan := setUpApp(choose)
	if got := scan.class("step"); len(got) != 1 || got[0] != "Step 2 of 3" {
		t.Errorf("scanning is %q", got)
	}
	phone, secret := scan.phoneOf(), scan.secret()
	wrongly := scan.submit("/account/setup/confirm", "code", wrong(phone)).want(401, "Set up an authenticator app").says("problem", "")
	right := wrongly.submit("/account/setup/confirm", "code", phone.Code()[:3]+" "+phone.Code()[3:]).want(200, "Your recovery codes")
	if got := right.class("step"); len(got) != 1 || !strings.HasPrefix(got[0], "Step 3 of 3") {
		t.Errorf("the codes are %q", got)
	}
	codes := strings.Fields(right.id("codes").words())
	if len(codes) < 8 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	if !strings.Contains(right.body, `href="data:text/plain;charset=utf-8,`) || !strings.Contains(right.body, `download="`) {
		t.Errorf("nothing to download:\n%s", right.body)
	}
	right.link("Security settings") // still signed in, be it in another session
	more := b.get(right.link("I have kept them")).want(200, "Add a second way, in case you lose the first").at("/account/setup/more")
	more.says("methods", "Add a security key or passkey").says("methods", "Get codes by text message")
	more.without("Set up an authenticator app") // it would be lost with the first one
	last := b.get(more.link("Later")).want(200, "Security settings")
	last.says("apps", "Ada’s phone").says("second", "one way").says("recovery", "left")
	for _, p := range []*page{wrongly, right, more, last} {
		p.without(secret, strings.ReplaceAll(secret, " ", ""))
	}
	last.without(codes...)
}

func TestAppIsSetUpInASignIn(t *testing.T) {
	h := newHost(t, under(required()), quickCodes)
	b := h.browser()
	scan := setUpApp(b.login("ada", "return", "/reports?year=2026").want(200, "Choose a second step").at("/account/setup"))
	done := scan.submit("/account/setup/confirm", "code", h.code(scan.phoneOf())).want(200, "Your recovery codes")
	if b.cookies["session"] == "" {
		t.Fatal("there is no session")
	}
	more := b.get(done.link("I have kept them")).want(200, "Add a second way, in case you lose the first")
	if got := b.get(more.link("Later")).path; got != "/reports?year=2026" {
		t.Errorf("led to %s in the end", got)
	}
}

// Where there is no recovery codes' page, the suggestion comes at once, and says what went well.
func TestSecondWayIsSuggestedOnce(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	scan := b.get("/account/setup/app").submit("/account/setup")
	phone := scan.phoneOf()
	more := scan.submit("/account/setup/confirm", "code", h.code(phone)).at("/account/setup/more").want(200, "")
	if got := more.class("notice"); len(got) != 1 || got[0] != "Your authenticator app is set up." {
		t.Errorf("the notice: %q", got)
	}
	// The second one is set up from there, by whoever has the first, and leads to the settings.
	ask := b.get(more.link("Get codes by text message")).want(200, "Confirm that it is you").submit("confirm-form")
	number := ask.submit("/account/challenge", "code", h.code(phone)).want(200, "Codes by text message")
	if got := number.class("step"); len(got) != 0 {
		t.Errorf("the second way is told as %q", got)
	}
	sent := number.submit("onfile-form").want(200, "Enter the code")
	sent.submit("code-form", "code", h.lastCode(h.texts)).want(200, "Security settings").at("/account/settings")
}

// A host may send somebody who is signed in to set something up, and have them back.
func TestSetupLeadsBack(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", h.member("ada"))
	page := b.get(b.get("/account/setup?return=%2Freports%3Fx%3D1").link("Get codes by mail")).want(200, "Codes by mail")
	page.submit("onfile-form").submit("code-form", "code", h.lastCode(h.mails)).at("/reports")
	for _, away := range []string{"https://evil.example/", "//evil.example", `/\evil.example`} {
		b := h.as("bob", nil)
		scan := b.get("/account/setup/app?" + encode("return", away)).submit("/account/setup").without("evil.example")
		b.post("/account/setup/confirm", "id", scan.form("/account/setup/confirm").fields().Get("id"), "code", h.code(scan.phoneOf()), "return", away).
			without("evil.example")
		if err := h.Reset(t.Context(), mfa.Reset{User: userNamed("bob"), Actor: "support"}); err != nil {
			t.Fatal(err)
		}
	}
}

// With one way there is nothing to choose, and one step less.
func TestOneWayIsLedTo(t *testing.T) {
	d := required()
	d.Methods = []string{"totp"}
	h := newHost(t, under(d))
	b := h.browser()
	p := b.login("ada").at("/account/setup/app").want(200, "Set up an authenticator app")
	if got := p.class("step"); len(got) != 1 || got[0] != "Step 1 of 2" {
		t.Errorf("the only way is %q", got)
	}
	scan := p.submit("/account/setup")
	scan.submit("/account/setup/confirm", "code", h.code(scan.phoneOf())).at("/") // no way is left to suggest
}

// What a page of the set-up answers a POST with cannot be had by loading its address.
func TestSetupFormsLeadToTheirBeginning(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	for path, want := range map[string]string{
		"/account/setup/confirm": "/account/setup/app", "/account/setup/sms/confirm": "/account/setup/sms",
		"/account/setup/sms/resend": "/account/setup/sms", "/account/setup/email/confirm": "/account/setup/email",
		"/account/setup/email/resend": "/account/setup/email",
	} {
		b.get(path).at(want).want(200, "")
	}
	if got := len(h.texts.Messages()) + len(h.mails.Messages()); got != 0 {
		t.Errorf("%d messages were sent", got)
	}
}

func TestSetupTakesTooLong(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	scan := b.get("/account/setup/app").submit("/account/setup", "label", "Mine")
	phone, secret := scan.phoneOf(), scan.secret()
	h.Clock.Advance(10*time.Minute + time.Second)
	late := scan.submit("/account/setup/confirm", "code", phone.Code()).want(410, "Set up an authenticator app")
	late.says("problem", "too long").without(secret)
	if got := h.owned("ada"); len(got) != 0 {
		t.Errorf("%v was set up", got)
	}
	// From there it goes on like the first time, but for the evidence, which is too old by now.
	b.asksFirst("POST", "/account/setup", "/account/setup/app")
}

func TestSetupEndsWithItsSignIn(t *testing.T) {
	h := newHost(t, under(required()))
	b := h.browser()
	scan := b.login("ada").b.get("/account/setup/app").submit("/account/setup")
	phone := scan.phoneOf()
	h.Clock.Advance(10*time.Minute + time.Second)
	p := scan.submit("/account/setup/confirm", "code", phone.Code())
	if p.at("/login"); b.cookies["session"] != "" {
		t.Error("there is a session")
	}
}

func TestWrongCodesEndASetup(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	scan := b.get("/account/setup/app").submit("/account/setup")
	phone, secret := scan.phoneOf(), scan.secret()
	p := scan
	for n := 0; p.status != http.StatusGone; n++ {
		if n > 10 {
			t.Fatalf("no end: %d %s", p.status, p.body)
		}
		p = p.submit("/account/setup/confirm", "code", wrong(phone)).without(secret)
	}
	p.want(410, "Set up an authenticator app").says("problem", "begin again")
	if got := h.owned("ada"); len(got) != 0 {
		t.Errorf("%v was set up", got)
	}
}

func TestSetupIsStartedOver(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	first := b.get("/account/setup/app").submit("/account/setup")
	lost := first.phoneOf()
	second := b.get(first.link("Start over with a new code to scan")).submit("/account/setup")
	if second.secret() == first.secret() {
		t.Fatal("the same key again")
	}
	second.submit("/account/setup/confirm", "code", lost.Code()).want(401, "")
	second.submit("/account/setup/confirm", "code", second.phoneOf().Code()).at("/account/setup/more")
	if got := h.owned("ada"); len(got) != 1 {
		t.Errorf("%d are set up", len(got))
	}
}

func TestFormsAreToldWhatIsWrong(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	long := b.get("/account/setup/app").submit("/account/setup", "label", strings.Repeat("x", 65)).want(400, "Set up an authenticator app")
	if l := long.id("label"); l.attr["aria-invalid"] != "true" || !strings.Contains(l.attr["aria-describedby"], "problem") {
		t.Errorf("the field is not told to be wrong:\n%s", long.body)
	}
	scan := b.get("/account/setup/app").submit("/account/setup")
	for _, code := range []string{"", "abc", "12345", strings.Repeat("1", 400)} {
		p := b.post("/account/setup/confirm", "id", scan.form("/account/setup/confirm").fields().Get("id"), "code", code)
		if p.status != 400 && p.status != 401 {
			t.Errorf("code %.10q: %d", code, p.status)
		}
		if c := p.id("code"); c == nil || c.attr["aria-invalid"] != "true" || c.attr["aria-describedby"] != "problem" {
			t.Errorf("code %.10q: the field is not told to be wrong:\n%s", code, p.body)
		}
	}
	scan.submit("/account/setup/confirm", "code", scan.phoneOf().Code()).at("/account/setup/more")
}

// The pages at which a set-up begins ask first, and not after the work is done; the forms
// ask too, as time may have passed meanwhile.
func TestC11_SetupNeedsFreshEvidence(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.as("ada", phone)
	h.Clock.Advance(11 * time.Minute)
	for _, path := range []string{"/account/setup", "/account/setup/app", "/account/setup/key", "/account/setup/sms", "/account/setup/email?return=%2Fx"} {
		b.asksFirst("GET", path, path)
	}
	b.asksFirst("POST", "/account/setup", "/account/setup/app")
	b.asksFirst("POST", "/account/setup/sms", "/account/setup/sms", "on_file", "yes")
	b.asksFirst("POST", "/account/setup/sms", "/account/setup/sms?return=%2Fx", "on_file", "yes", "return", "/x")
	b.asksFirst("POST", "/account/setup/email", "/account/setup/email", "on_file", "yes")
	if got := len(h.texts.Messages()) + len(h.mails.Messages()); got != 0 {
		t.Errorf("%d messages were sent", got)
	}
}

// Nobody is told whether an enrolment is somebody else's, or none.
func TestA35_AnothersSetupIsLikeNone(t *testing.T) {
	h := newHost(t)
	scan := h.as("ada", nil).get("/account/setup/app").submit("/account/setup")
	phone := scan.phoneOf()
	id := scan.form("/account/setup/confirm").fields().Get("id")
	eve := h.as("eve", nil)
	strip := func(p *page, id string) string { return strings.ReplaceAll(p.body, id, "") }
	for _, path := range []string{"/account/setup/confirm", "/account/setup/sms/confirm", "/account/setup/sms/resend", "/account/setup/key"} {
		fields := []string{"code", phone.Code(), "credential", "{}", "to", "x"}
		theirs, none := eve.post(path, append(fields, "id", id)...), eve.post(path, append(fields, "id", "no-such-set-up")...)
		if theirs.status != none.status || theirs.status < 400 || strip(theirs, id) != strip(none, "no-such-set-up") {
			t.Errorf("%s: %d and %d:\n%s\n%s", path, theirs.status, none.status, theirs.body, none.body)
		}
	}
	scan.submit("/account/setup/confirm", "code", phone.Code()).at("/account/setup/more")
	if got := h.owned("eve"); len(got) != 0 {
		t.Errorf("eve has %v", got)
	}
}

// A secret is in the answer that began its enrolment, and in nothing else: no other page, no
// header, no address, no log.
func TestT09_SecretIsShownOnce(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	begin := b.get("/account/setup/app")
	b.seen.Reset()
	scan := begin.submit("/account/setup")
	secret, phone := scan.secret(), scan.phoneOf()
	if scan.header.Get("Cache-Control") != "no-store" || strings.Contains(b.seen.String()[:strings.Index(b.seen.String(), "<!doctype")], strings.ReplaceAll(secret, " ", "")) {
		t.Error("the secret is in a header, or may be cached")
	}
	b.seen.Reset()
	scan.submit("/account/setup/confirm", "code", wrong(phone)).submit("/account/setup/confirm", "code", h.code(phone))
	for _, path := range []string{"/account/settings", "/account/settings/enrollments/" + h.owned("ada")[0].ID, "/account/setup/app", "/account/settings/activity"} {
		b.get(path).want(200, "")
	}
	for _, leak := range []string{secret, strings.ReplaceAll(secret, " ", ""), "otpauth:", "data:image"} {
		if strings.Contains(b.seen.String(), leak) {
			t.Errorf("it is shown again: %q", leak)
		}
	}
	if log := h.log.String(); strings.Contains(log, strings.ReplaceAll(secret, " ", "")) || strings.Contains(log, secret) {
		t.Error("it is in the log")
	}
}

// A sign-in that waits for an answer may set nothing up.
func TestC10_PendingSignInSetsNothingUp(t *testing.T) {
	h := newHost(t, under(required()))
	h.member("ada")
	b := h.browser()
	b.login("ada")
	for _, path := range []string{"/account/setup", "/account/setup/app", "/account/setup/key", "/account/setup/sms", "/account/setup/email", "/account/setup/more"} {
		b.get(path).at("/login")
	}
	for _, path := range []string{"/account/setup", "/account/setup/confirm", "/account/setup/sms", "/account/setup/key"} {
		b.post(path, "on_file", "yes", "id", "x", "code", "123456").at("/login")
	}
	if got := len(h.owned("ada")); got != 1 {
		t.Errorf("%d are set up", got)
	}
}

// What the policy has closed is not offered, and not taken.
func TestClosedMethodsAreNotOffered(t *testing.T) {
	h := newHost(t, under(&mfa.Decision{Methods: []string{"totp", "email"}}))
	b := h.as("ada", nil)
	p := b.get("/account/setup").want(200, "Choose a second step").without("/account/setup/sms", "/account/setup/key")
	if got := p.link("Get codes by mail"); got != "/account/setup/email" {
		t.Errorf("the link: %s", got)
	}
	b.get("/account/setup/sms").want(422, "That did not work")
	b.post("/account/setup/sms", "on_file", "yes").want(422, "That did not work")
	if len(h.texts.Messages()) != 0 {
		t.Error("a text was sent")
	}
	another(t, under(&mfa.Decision{Methods: []string{"email"}})).as("ada", nil).get("/account/setup/app").want(422, "That did not work")
}

// An appFactor says what it likes of the key that it has made.
type appFactor struct {
	mfa.Factor
	said map[string]string
}

type appChallenge map[string]string

func (appChallenge) Method() string { return "totp" }

func (f appFactor) Enroll(ctx context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	step, err := f.Factor.Enroll(ctx, r)
	step.Challenge = appChallenge(f.said)
	return step, err
}

// What goes into the page as it is has to be a picture, and a link to an app.
func TestKeyThatIsNoneIsNotShown(t *testing.T) {
	const picture, link = "data:image/png;base64,AAAA", "otpauth://totp/Example:ada?secret=ABCDEFGH"
	for name, row := range map[string]struct {
		said map[string]string
		want int
	}{
		"as it should be":  {map[string]string{"secret": "ABCDEFGH", "uri": link, "qr": picture}, 200},
		"a script":         {map[string]string{"secret": "ABCDEFGH", "uri": "javascript:alert(1)", "qr": picture}, 500},
		"another page":     {map[string]string{"secret": "ABCDEFGH", "uri": "https://evil.example/", "qr": picture}, 500},
		"no link":          {map[string]string{"secret": "ABCDEFGH", "uri": "otpauth://%zz", "qr": picture}, 500},
		"no picture":       {map[string]string{"secret": "ABCDEFGH", "uri": link, "qr": "data:text/html,<script>alert(1)</script>"}, 500},
		"a foreign one":    {map[string]string{"secret": "ABCDEFGH", "uri": link, "qr": "https://evil.example/x.png"}, 500},
		"nothing to type":  {map[string]string{"uri": link, "qr": picture}, 500},
		"nothing whatever": {nil, 500},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, change{engine: func(c *mfa.Config) { c.Factors[0] = appFactor{c.Factors[0], row.said} }})
			p := h.as("ada", nil).get("/account/setup/app").submit("/account/setup").want(row.want, "")
			if row.want != 200 {
				p.without("ABCDEFGH", "alert(1)", "evil.example")
			}
			if strings.Contains(h.log.String(), "ABCDEFGH") {
				t.Error("the key is in the log")
			}
		})
	}
}
