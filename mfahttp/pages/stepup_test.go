package pages_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
)

func TestStepUpLeadsBack(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.signedIn("ada", phone)
	b.get("/admin?page=2").at("/admin")
	h.Clock.Advance(2 * time.Hour)
	session := b.cookies["session"]
	p := b.get("/admin?page=2").at("/account/confirm").want(http.StatusOK, "Confirm that it is you")
	if got := p.form("confirm-form").words(); !strings.Contains(got, "Have your authenticator app ready.") {
		t.Errorf("%q", got)
	}
	if p.root.first(named("nav")) == nil {
		t.Error("who is signed in is not shown")
	}
	p = p.submit("confirm-form").at("/account/challenge").want(http.StatusOK, "Confirm that it is you")
	if p.link("Cancel") != "/account/settings" {
		t.Errorf("%s", p.body)
	}
	p = p.submit("code-form", "code", wrong(phone)).want(http.StatusUnauthorized, "Confirm that it is you")
	p = p.submit("code-form", "code", h.code(phone)).at("/admin")
	if p.path != "/admin?page=2" || b.cookies["session"] == session {
		t.Errorf("at %s", p.path)
	}
	// With enough evidence the page leads on at once.
	b.get("/account/confirm?second_factor=true&return=/admin").at("/admin")
}

func TestStepUpAsksForThePassword(t *testing.T) {
	d := required()
	d.Change = mfa.Requirement{Password: true, MaxAge: 10 * time.Minute}
	h := newHost(t, under(d))
	phone := h.member("ada")
	b := h.signedIn("ada", phone)
	h.Clock.Advance(2 * time.Hour)
	p := b.get("/account/confirm?return=/admin").want(http.StatusOK, "Confirm that it is you")
	if name := p.root.first(func(n *node) bool { return n.attr["autocomplete"] == "username" }); name == nil || name.attr["value"] != "ada@example.com" {
		t.Errorf("%s", p.body)
	}
	p = p.submit("password-form", "password", "wrong").want(http.StatusUnauthorized, "Confirm that it is you")
	if p.problem() != "This password does not match. Please try again." || p.id("password").attr["aria-invalid"] != "true" || strings.Contains(p.body, "wrong") {
		t.Errorf("%q\n%s", p.problem(), p.body)
	}
	// The second factor is as old as the password was.
	p.submit("password-form", "password", rightPassword).at("/account/confirm").submit("confirm-form").submit("code-form", "code", h.code(phone)).at("/admin")
}

func TestWhoSignsInWithoutAPasswordSignsInAgain(t *testing.T) {
	d := required()
	d.Change = mfa.Requirement{Password: true, MaxAge: 10 * time.Minute}
	h := newHost(t, under(d))
	phone := h.member("ada")
	flow, err := h.SignIn(t.Context(), mfa.SignIn{User: userNamed("ada"), First: mfa.Federated, Client: mfa.Client{App: "web"}})
	if err == nil {
		flow, err = h.Verify(t.Context(), flow.Token, phone.Answer(flow), mfa.Client{App: "web"})
	}
	if err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	b.cookies["session"] = "s"
	h.sessions["s"] = session{"id-ada", flow.Authentication}
	h.Clock.Advance(time.Hour)
	p := b.get("/account/confirm?return=/admin").want(http.StatusOK, "Sign in again")
	if got := p.link("Sign in"); got != "/login?return=%2Fadmin" {
		t.Errorf("%s", got)
	}

	none := another(t, under(d), change{pages: func(c *pages.Config) { c.Password = "" }})
	b = none.signedIn("ada", none.member("ada"))
	none.Clock.Advance(time.Hour)
	b.get("/account/confirm").want(http.StatusOK, "Sign in again")
}

func TestAskPasswordTellsTheHostsProblems(t *testing.T) {
	h := newHost(t)
	b := h.signedIn("ada", h.member("ada"))
	for _, row := range []struct {
		err    error
		status int
		says   string
	}{
		{nil, 200, ""},
		{&mfahttp.Problem{Status: 429, Code: "too_often", Retry: 90 * time.Second}, 429, "Please wait 2 minutes, and then try again."},
		{&mfahttp.Problem{Status: 418, Code: "unheard_of"}, 418, "Something went wrong on our side. Please try again in a moment."},
		{mfa.ErrBusy, 503, "We are very busy just now, and nothing was changed. Please try again in a moment."},
	} {
		h.mux.HandleFunc("GET /ask-"+strings.ReplaceAll(row.says, " ", "-"), func(w http.ResponseWriter, r *http.Request) { h.pages.AskPassword(w, r, row.err) })
		p := b.send("GET", "/ask-"+url.PathEscape(strings.ReplaceAll(row.says, " ", "-")), "")
		p.wellFormed()
		if p.status != row.status || p.problem() != row.says {
			t.Errorf("%v: %d %q", row.err, p.status, p.problem())
		}
	}
}

func TestApprovingAnAction(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	h.enroll("ada", "sms", mfa.EnrollParams{})
	b := h.signedIn("ada", phone)
	p := b.post("/pay").at("/account/challenge").want(http.StatusOK, "Approve this")
	for _, form := range []*page{p, b.get(p.link("Get a text message to " + p.hint("Get a text message to ")))} {
		if got := form.root.first(func(n *node) bool { return n.attr["class"] == "action" }).words(); got != "You approve: Pay 100 euros to <b>Bob</b>" {
			t.Errorf("%q", got)
		}
	}
	before := h.passed
	p.submit("code-form", "code", h.code(phone)).at("/paid")
	if h.passed != before {
		t.Error("the session was changed")
	}
	r := requestOf(b)
	if _, err := h.api.Redeem(r, "pay-1"); err != nil {
		t.Error(err)
	}
}

// hint is the rest of the words of the link that begins so.
func (p *page) hint(words string) string {
	a := p.root.first(func(n *node) bool { return n.name == "a" && strings.HasPrefix(n.words(), words) })
	if a == nil {
		p.b.t.Fatalf("%s: no link begins with %q:\n%s", p.path, words, p.body)
	}
	return strings.TrimPrefix(a.words(), words)
}

func TestConfirmSaysWhatToDoWhereNothingHelps(t *testing.T) {
	h := newHost(t)
	b := h.browser()
	b.login("bob")
	p := b.get("/admin").want(http.StatusForbidden, "Set up a second step first")
	if got := p.link("Set one up"); got != "/account/setup?return=%2Fadmin" {
		t.Errorf("%s", got)
	}
	b = h.signedIn("ada", h.member("ada"))
	p = b.get("/vault").at("/account/confirm").submit("confirm-form").want(http.StatusForbidden, "More proof is needed")
	if got := p.link("Security settings"); got != "/account/settings" {
		t.Errorf("%s", got)
	}
	// What the address asks for is bounded.
	for _, query := range []string{"aal=9", "max_age=0", "password=no", "%zz", "method=" + strings.Repeat("x", 100)} {
		b.get("/account/confirm?"+query).want(http.StatusBadRequest, "That did not work")
		b.post("/account/confirm?"+query).want(http.StatusBadRequest, "That did not work")
	}
}

func TestAStepUpThatTookTooLong(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.signedIn("ada", phone)
	h.Clock.Advance(2 * time.Hour)
	p := b.get("/admin").submit("confirm-form")
	h.Clock.Advance(time.Hour)
	p = p.submit("code-form", "code", phone.Code()).want(http.StatusGone, "That took too long")
	if got := p.link("Security settings"); got != "/account/settings" {
		t.Errorf("%s", got)
	}
}
