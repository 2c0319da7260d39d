package pages_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
)

func TestPuttingOffAnEnrolment(t *testing.T) {
	d := required()
	d.Grace = mfa.Grace{Skip: true, Left: 2, Until: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)}
	d.Support = "Ask at the <desk>."
	h := newHost(t, under(d))
	b := h.browser()
	p := b.login("ada", "return", "/reports").at("/account/setup")
	if got := p.id("skip").words(); !strings.Contains(got, "2 more times, until 1 February 2026") {
		t.Errorf("%q", got)
	}
	if got := p.id("support").words(); got != "Ask at the <desk>." {
		t.Errorf("%q", got)
	}
	p.submit("skip").at("/reports")
	if b.cookies["session"] == "" {
		t.Error("there is no session")
	}
	// Where it is not granted any more, the form that is still open says so.
	b = h.browser()
	p = b.login("ada")
	d.Grace = mfa.Grace{}
	p = p.submit("skip").want(http.StatusForbidden, "It is time to set this up")
	if b.cookies["session"] != "" {
		t.Error("there is a session")
	}
	b.get(p.link("Continue")).at("/account/setup")
}

func TestABrowserIsRemembered(t *testing.T) {
	d := required()
	d.Remember = mfa.Remember{For: 30 * day}
	h := newHost(t, under(d))
	phone := h.member("ada")
	b := h.browser()
	p := b.login("ada").want(http.StatusOK, "Enter your code")
	if got := p.form("code-form").words(); !strings.Contains(got, "in this browser for 30 days") {
		t.Errorf("%q", got)
	}
	p.submit("code-form", "code", h.code(phone)).at("/") // without the box
	p = b.login("ada").want(http.StatusOK, "Enter your code")
	p.submit("code-form", "code", h.code(phone), "remember", "yes").at("/")
	b.login("ada", "return", "/reports").at("/reports")
	h.browser().login("ada").want(http.StatusOK, "Enter your code")
}

func TestADeniedSignInSaysWhy(t *testing.T) {
	d := required()
	d.Closed, d.Support = true, "https://help.example/mfa"
	scorer := &seer{}
	h := newHost(t, under(d), change{engine: func(c *mfa.Config) { c.Risk = scorer }})
	b := h.browser()
	p := b.login("ada").want(http.StatusForbidden, "This sign-in was stopped")
	if !strings.Contains(p.body, "Nothing that you have set up") || p.link("https://help.example/mfa") != "https://help.example/mfa" || b.cookies["session"] != "" {
		t.Errorf("%s", p.body)
	}
	b.get("/account/challenge").want(http.StatusForbidden, "This sign-in was stopped")
	b.get("/account/continue").want(http.StatusForbidden, "This sign-in was stopped")

	*d = mfa.Decision{DenySevere: true}
	scorer.says = mfa.Assessment{Level: mfa.RiskSevere, Score: 9, Reasons: []mfa.RiskReason{{Code: "of_the_host", Text: "too <far> away", Usual: "from Norway", Weight: 9}}}
	p = h.browser().login("ada").want(http.StatusForbidden, "This sign-in was stopped")
	if !strings.Contains(p.body, "very different from your usual ones") || p.id("why").words() != "Too <far> away." || strings.Contains(p.body, "Norway") {
		t.Errorf("%s", p.body)
	}
}

// seer is a scorer that says what it is told to.
type seer struct{ says mfa.Assessment }

func (s *seer) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return s.says, nil, nil
}
func (*seer) Learn(history, _ []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }
func (*seer) Unlearn(history []byte, _ string) ([]byte, []byte, error)  { return history, nil, nil }
func (*seer) Count([]byte)                                              {}

func TestWhyMoreIsAskedTellsNothingOfTheOwner(t *testing.T) {
	scorer := &seer{says: mfa.Assessment{Level: mfa.RiskHigh, Score: 3, Reasons: []mfa.RiskReason{
		{Code: "of_the_host", Text: "first time from Romania", Usual: "you usually sign in from Norway", Weight: 5},
		{Code: "known_agent", Text: "with Firefox, as before", Weight: 1},
		{Code: "for_them", Text: "at an hour at which you often sign in", Weight: -2},
		{Code: "without_text", Weight: 1},
	}}}
	h := newHost(t, change{engine: func(c *mfa.Config) { c.Risk = scorer }})
	phone := h.member("ada")
	p := h.browser().login("ada").want(http.StatusOK, "Enter your code")
	if got := p.id("why").words(); got != "Why we ask First time from Romania." {
		t.Errorf("%q", got)
	}
	scorer.says = mfa.Assessment{Level: mfa.RiskUnknown}
	if p = h.browser().login("ada"); !strings.Contains(p.id("why").words(), "could not find out") {
		t.Errorf("%s", p.body)
	}
	scorer.says = mfa.Assessment{Level: mfa.RiskLow, Reasons: []mfa.RiskReason{{Code: "x", Text: "secret", Weight: 1}}}
	if p = h.browser().login("ada"); p.id("why") != nil || strings.Contains(p.body, "ecret") {
		t.Errorf("%s", p.body)
	}
	p.submit("code-form", "code", h.code(phone)).at("/")
}

func TestTheLinkInAMail(t *testing.T) {
	h := newHost(t)
	h.enroll("ada", "email", mfa.EnrollParams{})
	b := h.browser()
	p := b.login("ada", "return", "/reports").want(http.StatusOK, "Enter your code")
	link, _ := strings.CutPrefix(h.mails.Link("ada@example.com"), origin)
	done := b.get(link).submit("/mfa/link")
	done.at("/") // by way of /account/continue
	if b.cookies["session"] == "" {
		t.Fatalf("%s", done.body)
	}
	// The page with the field, in its tab, is led to where the sign-in went on.
	b.get(p.id("arrival").attr["data-over"]).at("/reports")
	if got := b.get("/account/continue?return=" + url.QueryEscape("https://evil.example")).path; got != "/" {
		t.Errorf("leads to %s", got)
	}
}

func TestALinkThatIsOpenedInAnotherBrowser(t *testing.T) {
	inbox := new(mfatest.Inbox)
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: inbox, Link: origin + "/mfa/link", InsecureLinkAnywhere: true})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, change{engine: func(c *mfa.Config) { c.Factors = []mfa.Factor{mails} }})
	h.mails = inbox
	h.enroll("ada", "email", mfa.EnrollParams{})
	b := h.browser()
	b.login("ada", "return", "/reports").want(http.StatusOK, "Enter your code")
	link, _ := strings.CutPrefix(inbox.Link("ada@example.com"), origin)
	phone := h.browser()
	if p := phone.get(link).submit("/mfa/link"); p.status != http.StatusOK || phone.cookies["session"] != "" {
		t.Fatalf("%d %s", p.status, p.body)
	}
	// Looking at the page lets nobody in; its button does.
	b.get("/account/challenge?return=/reports").want(http.StatusOK, "The link was opened")
	p := b.get("/account/continue?return=/reports").want(http.StatusOK, "The link was opened")
	if b.cookies["session"] != "" {
		t.Fatal("a GET has signed in")
	}
	p.submit("approved").at("/reports")
	if b.cookies["session"] == "" {
		t.Error("there is no session")
	}
}

func TestFailuresOfTheHostAreItsOwn(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.browser()
	p := b.login("ada")
	h.broken = errors.New("sessions are broken")
	p.submit("code-form", "code", h.code(phone)).want(http.StatusInternalServerError, "That did not work")
	if !strings.Contains(h.log.String(), "sessions are broken") || strings.Contains(b.seen.String(), "broken") {
		t.Errorf("logged: %s", h.log)
	}
	// Proceed gives the error to the host's login, which answers as it does, without our headers.
	r := h.browser().send("POST", "/login", encode("name", "bob", "password", rightPassword))
	if r.status != http.StatusInternalServerError || !strings.Contains(r.body, `"internal"`) || r.header.Get("Content-Security-Policy") != "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
}

// A host may pass on what it was given.
func TestProceedLeadsNowhereElse(t *testing.T) {
	h := newHost(t)
	for _, back := range append(away, "", "/") {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/", nil)
		flow, err := h.SignIn(t.Context(), mfa.SignIn{User: userNamed("ada"), First: mfa.Password, Client: h.api.Client(r)})
		if err == nil {
			err = h.pages.Proceed(w, r, flow, back)
		}
		if got := w.Header().Get("Location"); err != nil || got != "/" && back != "/%0d%0aSet-Cookie:x" {
			t.Errorf("%q leads to %q, %v", back, got, err)
		}
	}
}

func TestScriptsAreToldWhereToGo(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.browser()
	p := b.login("ada", "return", "/reports?a=b")
	f := p.form("code-form").fields()
	f.Set("code", h.code(phone))
	r := b.send("POST", "/account/challenge", f.Encode(), "Mfa-Page", "1")
	if r.status != http.StatusNoContent || r.header.Get("Mfa-Location") != "/reports?a=b" || r.header.Get("Location") != "" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", r.status, r.header)
	}
	r = b.send("GET", "/account/settings/nothing", "", "Mfa-Page", "1")
	if r.status != http.StatusNotFound || r.heading() != "There is no such page" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestDelayedReset(t *testing.T) {
	d := required()
	d.DelayedReset = 72 * time.Hour
	h := newHost(t, under(d))
	h.member("ada")
	b := h.browser()
	p := b.login("ada", "return", "/reports")
	p = b.get(p.link("I have lost everything")).want(http.StatusOK, "I have lost everything")
	if !strings.Contains(p.body, "3 days") {
		t.Errorf("%s", p.body)
	}
	p = p.submit("lost-form").at("/account/lost").want(http.StatusOK, "I have lost everything")
	if !strings.Contains(p.body, "4 January 2026") || p.root.first(func(n *node) bool { return n.attr["role"] == "status" }).words() == "" || p.has("lost-form") {
		t.Errorf("%s", p.body)
	}
	if b.cookies["__Host-mfa-reset"] == "" {
		t.Fatal("the browser has no ticket")
	}
	// The days pass, the mail comes, and the password begins a sign-in again.
	h.Clock.Advance(72*time.Hour + time.Minute)
	p = b.login("ada")
	p = b.get(p.link("I have lost everything")).want(http.StatusOK, "I have lost everything")
	if !strings.Contains(p.body, "We have mailed you a link") {
		t.Errorf("%s", p.body)
	}
	if err := h.ResetDue(t.Context(), userNamed("ada")); err != nil {
		t.Fatal(err)
	}
	events, err := h.Events.Await(t.Context(), mfa.EventResetReady, 1)
	if err != nil {
		t.Fatal(err)
	}
	token, err := h.LinkToken(events[0])
	if err != nil {
		t.Fatal(err)
	}
	link, _ := strings.CutPrefix(h.api.NoticeURL(token), origin)
	b.get(link).submit("/mfa/notice").at("/account/setup")
}

func TestAResetThatIsNotGranted(t *testing.T) {
	h := newHost(t)
	h.member("ada")
	b := h.browser()
	p := b.login("ada")
	if strings.Contains(p.body, "/account/lost") {
		t.Errorf("%s", p.body)
	}
	b.get("/account/lost").want(http.StatusForbidden, "There is no reset here")
	b.post("/account/lost").want(http.StatusForbidden, "There is no reset here")
	if b.cookies["__Host-mfa-reset"] != "" {
		t.Error("there is a ticket")
	}
}

func TestAResetAfterOneThatWasCancelled(t *testing.T) {
	d := required()
	d.DelayedReset = 72 * time.Hour
	h := newHost(t, under(d))
	phone := h.member("ada")
	owner := h.signedIn("ada", phone)
	thief := h.browser()
	thief.login("ada")
	thief.get("/account/lost").submit("lost-form").want(http.StatusOK, "")
	user, evidence, err := h.Session(requestOf(owner))
	if err == nil {
		err = h.CancelReset(t.Context(), mfa.Caller{User: user, Authentication: evidence, Client: mfa.Client{App: "web"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	thief.login("ada")
	p := thief.get("/account/lost").submit("lost-form").want(http.StatusTooManyRequests, "I have lost everything")
	if !strings.Contains(p.problem(), "cancelled not long ago") || strings.Contains(p.problem(), "{") {
		t.Errorf("%q", p.problem())
	}
}

// requestOf is a request of a browser.
func requestOf(b *browser) *http.Request {
	r, _ := http.NewRequest(http.MethodGet, origin, nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func TestPasskeyButton(t *testing.T) {
	h := newHost(t)
	r := requestOf(h.browser())
	got, err := h.pages.Passkey(r, "/reports?a=b&c")
	if err != nil {
		t.Fatal(err)
	}
	root := parseHTML(t, string(got))
	form := root.first(named("form"))
	if form.attr["data-api"] != "/mfa" || form.attr["data-done"] != "/account/continue?return=%2Freports%3Fa%3Db%26c" || !strings.Contains(form.words(), "Example") {
		t.Errorf("%s", got)
	}
	if src := root.first(func(n *node) bool { return n.name == "script" && n.attr["src"] != "" }).attr["src"]; !strings.HasPrefix(src, "/account/static/passkey.js?v=") {
		t.Errorf("%s", src)
	}
	if again, _ := h.pages.Passkey(r, ""); !strings.Contains(string(again), `data-done="/account/continue"`) {
		t.Errorf("%s", again)
	}
}
