package pages_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp/pages"
)

// routesOf are the paths of the pages of a method, with something in the place of ids.
func routesOf(method string) (out []string) {
	for _, pattern := range pages.Routes() {
		if path, ok := strings.CutPrefix(pattern, method+" "); ok {
			out = append(out, "/account"+strings.NewReplacer("{id}", "x", "{$}", "").Replace(path))
		}
	}
	return out
}

func TestC14_A92_OtherOriginsChangeNothing(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	h.enroll("ada", "sms", mfa.EnrollParams{})
	signed, waiting := h.signedIn("ada", phone), h.browser()
	waiting.login("ada")
	option := waiting.get("/account/challenge").form("code-form").fields().Get("option")
	sent, before := len(h.texts.Messages()), h.state("ada")
	for _, path := range routesOf("POST") {
		for _, from := range [][]string{
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
			{"Origin", "https://a.app.example", "Sec-Fetch-Site", "same-site"},
			{"Origin", "null", "Sec-Fetch-Site", ""},
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "", "Content-Type", "text/plain", "Mfa-Page", "1"},
		} {
			for _, b := range []*browser{signed, waiting} {
				body := encode("option", option, "code", phone.Code(), "label", "x", "method", "totp", "return", "/")
				if r := b.copy().send("POST", path, body, from...); r.status != http.StatusForbidden || !strings.Contains(r.body, "cross_origin") {
					t.Errorf("%s from %v: %d %s", path, from, r.status, r.body)
				}
			}
		}
	}
	if n := len(h.texts.Messages()); n != sent || h.state("ada") != before {
		t.Errorf("%d messages went out, or the account was changed", n-sent)
	}
}

// state is all that is kept of a user, but for the notices that wait to be told.
func (h *host) state(name string) string {
	h.t.Helper()
	all, err := h.Export(h.t.Context(), "id-"+name)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

func TestC14_O13_LookingChangesNothing(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	h.enroll("ada", "sms", mfa.EnrollParams{})
	signed, waiting := h.signedIn("ada", phone), h.browser()
	p := waiting.login("ada")
	waiting.get(p.link("Get a text message to " + p.hint("Get a text message to ")))
	option := p.form("code-form").fields().Get("option")
	sent, before := len(h.texts.Messages()), h.state("ada")
	query := "?" + encode("option", option, "code", phone.Code(), "method", "totp", "label", "x", "return", "/x", "id", "x")
	for _, b := range []*browser{signed, waiting, h.browser()} {
		for _, path := range slices.Concat(routesOf("GET"), routesOf("POST")) {
			for _, method := range []string{"GET", "HEAD"} {
				if r := b.copy().send(method, path+query, ""); r.status >= 500 {
					t.Errorf("%s %s: %d", method, path, r.status)
				}
			}
		}
		for _, method := range []string{"PUT", "DELETE", "PATCH"} {
			if r := b.copy().send(method, "/account/challenge"+query, "", "Origin", origin, "Sec-Fetch-Site", "same-origin"); r.status < 400 {
				t.Errorf("%s: %d", method, r.status)
			}
		}
	}
	if n := len(h.texts.Messages()); n != sent || h.state("ada") != before {
		t.Errorf("%d messages went out, or the account was changed", n-sent)
	}
	waiting.post("/account/challenge", "option", option, "code", phone.Code()).at("/")
}

// away are paths that browsers take for another origin, or for no path at all.
var away = []string{
	"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "javascript:alert(1)", "data:text/html,x",
	"/%0d%0aSet-Cookie:x", "http:evil.example", "///evil.example", " //evil.example", "/\r\nLocation: https://evil.example",
}

func TestReturnPathsThatLeadAway(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	for _, back := range away {
		b := h.browser()
		p := b.login("ada", "return", back).want(http.StatusOK, "Enter your code")
		for _, a := range p.root.all(named("a", "form")) {
			for _, to := range []string{a.attr["href"], a.attr["action"]} {
				if to != "" && (!strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "#") || strings.HasPrefix(to, "//")) {
					t.Errorf("%q: the page leads to %q", back, to)
				}
			}
		}
		// Neither by the form, nor by the address of the page, nor after it.
		p = b.get("/account/challenge?" + encode("return", back))
		f := p.form("code-form").fields()
		if got := f.Get("return"); got != "/" && back != "/%0d%0aSet-Cookie:x" {
			t.Errorf("%q: the form leads to %q", back, got)
		}
		f.Set("return", back)
		f.Set("code", h.code(phone))
		r := b.send("POST", "/account/challenge?"+encode("return", back), f.Encode())
		to, err := url.Parse(r.header.Get("Location"))
		if r.status != http.StatusSeeOther || err != nil || to.Host != "" || to.Scheme != "" || len(r.header.Values("Set-Cookie")) > 4 {
			t.Errorf("%q: %d %v", back, r.status, r.header)
		}
		if back != "/%0d%0aSet-Cookie:x" && r.header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", back, r.header.Get("Location"))
		}
		for _, path := range []string{"/account/confirm", "/account/continue"} {
			r := b.send("GET", path+"?"+encode("return", back), "")
			if got := r.header.Get("Location"); back != "/%0d%0aSet-Cookie:x" && got != "/" {
				t.Errorf("%s with %q leads to %q", path, back, got)
			}
		}
		h.Clock.Advance(time.Minute)
	}
}

const script = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`

// harmless fails the test if what was written as text has become markup.
func (p *page) harmless() *page {
	p.b.t.Helper()
	p.root.each(func(n *node) {
		if n.name == "img" && n.attr["src"] == "x" || n.name == "script" && strings.Contains(n.words(), "alert(1)") && n.attr["type"] != "application/json" {
			p.b.t.Errorf("%s: %s", p.path, p.body)
		}
	})
	if strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "<img src=x") {
		p.b.t.Errorf("%s: it stands there as it was given: %s", p.path, p.body)
	}
	return p
}

func TestTextsStayTexts(t *testing.T) {
	d := required()
	d.Support, d.Remember = script, mfa.Remember{For: day}
	h := newHost(t, under(d), change{pages: func(c *pages.Config) { c.App = "Ex" + script }}, change{engine: func(c *mfa.Config) {
		c.Risk = &seer{says: mfa.Assessment{Level: mfa.RiskHigh, Reasons: []mfa.RiskReason{{Code: "x", Text: script, Weight: 1}}}}
	}})
	phone := h.member("ada")
	list, err := h.Enrollments(t.Context(), "id-ada")
	if err != nil {
		t.Fatal(err)
	}
	b := h.signedIn("ada", phone)
	_, evidence, err := h.Session(requestOf(b))
	if err == nil {
		_, err = h.Rename(t.Context(), mfa.Caller{User: userNamed("ada"), Authentication: evidence, Client: mfa.Client{App: "web"}}, list[0].ID, script)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := h.browser().login("ada").want(http.StatusOK, "Enter your code").harmless()
	if !strings.Contains(p.form("code-form").words(), "<script>alert(1)") {
		t.Errorf("the label is gone: %s", p.body)
	}
	for _, name := range []string{"option", "return", "said", "resend", "typed", "code", "error", "label"} {
		p.b.get("/account/challenge?" + encode(name, script)).harmless()
		p.b.post("/account/challenge", name, script, "option", "x").harmless()
		p.b.post("/account/challenge/send", "option", script, name, script).harmless()
		for _, path := range routesOf("GET") {
			if r := b.copy().send("GET", path+"?"+encode(name, script), ""); r.root != nil {
				r.harmless()
			}
		}
	}
	for _, said := range []string{"", "asked.", "../title", "ASKED", "no_such"} {
		if got := p.b.get("/account/challenge?" + encode("said", said)).root.first(func(n *node) bool { return n.attr["class"] == "notice" }); got != nil {
			t.Errorf("%q says %q", said, got.words())
		}
	}
}

func TestA32_A33_C01_FlowsOfOthers(t *testing.T) {
	h := newHost(t)
	ada, bob := h.member("ada"), h.member("bob")
	b := h.signedIn("bob", bob)
	// Bob is signed in, and Ada signs in with her password in the same browser.
	p := b.login("ada").want(http.StatusOK, "Enter your code")
	if p.root.first(named("nav")) != nil || strings.Contains(p.body, "bob@example.com") {
		t.Errorf("the page of a sign-in tells of the session: %s", p.body)
	}
	p = p.submit("code-form", "code", h.code(bob)).want(http.StatusUnauthorized, "Enter your code")
	// Bob's option in Ada's flow is none.
	own := h.browser()
	option := own.login("bob").form("code-form").fields().Get("option")
	b.post("/account/challenge", "option", option, "code", bob.Code()).want(http.StatusNotFound, "Enter your code")
	// What waits for an answer reaches no settings, and lists nothing.
	stranger := h.browser()
	stranger.login("ada")
	for _, path := range routesOf("GET") {
		if r := stranger.copy().get(path); strings.Contains(r.body, "ada@example.com") || strings.HasPrefix(path, "/account/settings") && r.status == http.StatusOK && r.path != "/login" && !strings.HasPrefix(r.path, "/login?") {
			t.Errorf("%s: %d at %s: %s", path, r.status, r.path, r.body)
		}
	}
	p.submit("code-form", "code", h.code(ada)).at("/")
	if user, _, err := h.Session(requestOf(b)); err != nil || user.ID != "id-ada" {
		t.Errorf("%v %v", user.ID, err)
	}
}

// A step-up serves the session that asked for it.
func TestC12_AStepUpOfAnotherSession(t *testing.T) {
	h := newHost(t)
	ada, bob := h.member("ada"), h.member("bob")
	a, b := h.signedIn("ada", ada), h.signedIn("bob", bob)
	h.Clock.Advance(2 * time.Hour)
	p := a.get("/admin").submit("confirm-form")
	thief := b.copy()
	thief.cookies["__Host-mfa-flow"] = a.cookies["__Host-mfa-flow"]
	f := p.form("code-form").fields()
	f.Set("code", h.code(ada))
	before := thief.cookies["session"]
	if r := thief.send("POST", "/account/challenge", f.Encode()).follow(); r.path == "/admin" || thief.cookies["session"] != before {
		t.Errorf("at %s, %d", r.path, r.status)
	}
	if user, evidence, err := h.Session(requestOf(thief)); err != nil || user.ID != "id-bob" || evidence.User != "id-bob" {
		t.Errorf("%s %v", user.ID, err)
	}
}

func TestA53_CodesAndNumbersAreNotAnswered(t *testing.T) {
	h := newHost(t)
	h.enroll("ada", "sms", mfa.EnrollParams{})
	h.enroll("bob", "email", mfa.EnrollParams{})
	for name, in := range map[string]interface{ Code(string) string }{"ada": h.texts, "bob": h.mails} {
		b := h.browser()
		p := b.login(name)
		code := in.Code(map[string]string{"ada": "+4791234567", "bob": "bob@example.com"}[name])
		p.submit("code-form", "code", "000000")
		b.get("/account/challenge")
		if code == "" || strings.Contains(b.seen.String(), code) || strings.Contains(h.log.String(), code) ||
			strings.Contains(b.seen.String(), "91234567") || strings.Contains(h.log.String(), "91234567") {
			t.Errorf("%s: the code or the number was answered or logged", name)
		}
	}
}
