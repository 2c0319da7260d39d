package pages_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

// A tour is a walk past every page, and what each of them looks like with something wrong.
// Pages are found by their ids, so that it goes in any language. Each change is one to the
// hosts that it goes through.
func tour(t *testing.T, languages string, changes ...change) (seen []*page) {
	t.Helper()
	look := func(name string, p *page) *page {
		t.Helper()
		if p.root == nil || p.status >= http.StatusInternalServerError && p.status != http.StatusBadGateway {
			t.Fatalf("%s: %d %s", name, p.status, p.body)
		}
		seen = append(seen, p)
		return p
	}
	d := required()
	d.Support, d.Remember, d.DelayedReset, d.Grace = "https://help.example/", mfa.Remember{For: 30 * day}, 72*time.Hour, mfa.Grace{Skip: true, Left: 2}
	scorer := &seer{says: mfa.Assessment{Level: mfa.RiskUnknown}}
	all := append([]change{under(d), quickCodes, {engine: func(c *mfa.Config) { c.Risk = scorer }}}, changes...)
	h := another(t, all...)
	browser := func() *browser {
		b := h.browser()
		b.header.Set("Accept-Language", languages)
		return b
	}

	// Setting something up, in a sign-in.
	fresh := browser()
	look("setup", fresh.login("eve"))
	for _, path := range []string{"/setup/app", "/setup/key", "/setup/sms", "/setup/email"} {
		look(path, fresh.get("/account"+path))
	}
	skipped := look("skip", fresh.get("/account/setup"))
	d.Grace = mfa.Grace{}
	look("too late to skip", skipped.submit("skip"))

	// The question, by each method.
	phone := h.member("ada")
	h.enroll("ada", "sms", mfa.EnrollParams{})
	h.enroll("ada", "email", mfa.EnrollParams{})
	h.enroll("ada", "webauthn", mfa.EnrollParams{})
	if _, _, err := h.IssueBypass(t.Context(), mfa.Bypass{User: userNamed("ada"), Actor: "support", Reason: "lost"}); err != nil {
		t.Fatal(err)
	}
	b := browser()
	look("first", b.login("ada"))
	flow, err := h.Flow(t.Context(), b.cookies["__Host-mfa-flow"])
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range flow.Options {
		address := "/account/challenge?" + encode("option", o.ID)
		p := look(o.Method, b.get(address))
		if p.has("send-form") {
			p = look(o.Method+" sent", p.submit("send-form"))
			p = look(o.Method+" sent too soon", p.submit("resend-form"))
		}
		form, field := "code-form", "code"
		if o.Method == "webauthn" {
			form, field = "key-form", "credential"
		}
		look(o.Method+" malformed", p.submit(form, field, "?"))
		for n := range 12 {
			p = p.submit(form, field, "000000")
			if o.Method == "recovery" || o.Method == "bypass" {
				p = p.submit(form, field, "0000-0000-0000-0000")
			}
			look(fmt.Sprint(o.Method, " wrong ", n), p)
		}
		h.Clock.Advance(20 * time.Minute)
		b.login("ada")
	}
	h.texts.Fail(&mfa.SendError{Reason: mfa.SendUnreachable})
	for _, o := range flow.Options {
		if o.Method == "sms" {
			look("unsent", b.post("/account/challenge/send", "option", o.ID))
		}
	}
	h.texts.Fail(nil)
	look("no option", b.post("/account/challenge", "option", "x", "code", "123456"))
	look("lost", b.get("/account/lost"))
	look("asked", b.get("/account/lost").submit("lost-form"))
	h.Clock.Advance(73 * time.Hour)
	b.login("ada")
	look("reset is ready", b.get("/account/lost"))

	// Signed in: settings, confirming, approving.
	b = h.as("ada", phone)
	b.header.Set("Accept-Language", languages)
	for _, path := range routesOf("GET") {
		if p := b.copy().get(path); p.root != nil {
			look(path, p)
		}
	}
	for _, e := range h.owned("ada") {
		for _, below := range []string{"", "/change"} {
			if p := b.get("/account/settings/enrollments/" + e.ID + below); p.root != nil {
				look(e.Method+below, p)
			}
		}
	}
	app := look("app", b.get("/account/setup/app"))
	if app.has("/account/setup") {
		look("scan", app.submit("/account/setup"))
	}
	look("approve", b.post("/pay"))
	h.Clock.Advance(2 * time.Hour)
	look("confirm", b.get("/admin"))
	look("stronger", b.get("/account/confirm?aal=3").submit("confirm-form"))
	h.mux.HandleFunc("GET /asked", func(w http.ResponseWriter, r *http.Request) { h.pages.AskPassword(w, r, errWrongPassword) })
	look("password", b.get("/asked"))

	// Setting things up and changing them, where no policy asks for it.
	another(t, append([]change{quickCodes}, changes...)...).tourSetup(languages, look)

	// What ends.
	b = browser()
	b.cookies["__Host-mfa-flow"] = "x"
	look("over", b.get("/account/challenge"))
	look("no such page", b.get("/account/nothing"))
	look("bad form", b.send("POST", "/account/challenge", "%zz"))
	*d = mfa.Decision{DenySevere: true}
	scorer.says = mfa.Assessment{Level: mfa.RiskSevere, Reasons: []mfa.RiskReason{{Code: "new_country", Text: "first time from Romania", Weight: 9}}}
	look("denied", browser().login("ada"))
	return seen
}

// maxPage is what a page may weigh with its style and its scripts, as they are served.
const maxPage = 30 << 10

func TestPagesAreLightAndWholeInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, language := range words.Default().Tags() {
		heaviest, name := 0, ""
		for _, p := range tour(t, language) {
			if left := regexp.MustCompile(`\{[a-z_]+\}|<no value>|ZgotmplZ`).FindString(p.root.first(named("body")).words() + strings.ReplaceAll(p.body, "{time}", "")); left != "" {
				t.Errorf("%s: %s has %s:\n%s", language, p.path, left, p.body)
			}
			weight := len(p.body)
			for _, file := range p.files() {
				weight += len(p.b.send("GET", file, "").body)
			}
			if weight > heaviest {
				heaviest, name = weight, p.path+": "+p.heading()
			}
		}
		if heaviest > maxPage {
			t.Errorf("%s: %s weighs %d bytes", language, name, heaviest)
		}
		t.Logf("%s: the heaviest page has %d bytes: %s", language, heaviest, name)
	}
}

// files are those that a page loads, and that its modules do.
func (p *page) files() (out []string) {
	add := func(path string) {
		if path != "" {
			out = append(out, path)
		}
	}
	p.root.each(func(n *node) {
		switch {
		case n.name == "link":
			add(n.attr["href"])
		case n.name == "script":
			add(n.attr["src"])
		}
		add(n.attr["data-module"])
		if n.attr["data-begin"] != "" {
			add(p.id("mfa").attr["data-api"] + "/mfa.js")
		}
	})
	return out
}

func TestPagesAreInTheLanguageThatIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ asked, lang, dir string }{
		{"", "en", "ltr"}, {"xx, *;q=0.5", "en", "ltr"}, {"de-CH, de;q=0.9, en;q=0.8", "de", "ltr"}, {"ar-EG,ar;q=0.9", "ar", "rtl"}, {"es", "es", "ltr"},
		{strings.Repeat("de,", 999), "de", "ltr"}, {"\"><script>", "en", "ltr"},
	} {
		h := another(t)
		h.member("ada")
		b := h.browser()
		b.header.Set("Accept-Language", row.asked)
		p := b.login("ada")
		html := p.root.first(named("html"))
		if html.attr["lang"] != row.lang || html.attr["dir"] != row.dir || p.header.Get("Content-Language") != row.lang || p.header.Get("Vary") != "Accept-Language" {
			t.Errorf("%.20q: %v, %v", row.asked, html.attr, p.header)
		}
	}
	h := another(t, change{pages: func(c *pages.Config) {
		c.Language = func(r *http.Request) string { return r.Header.Get("X-Test-Language") }
	}})
	h.member("ada")
	b := h.browser()
	b.header.Set("Accept-Language", "de")
	b.header.Set("X-Test-Language", "ar")
	if p := b.login("ada"); p.root.first(named("html")).attr["dir"] != "rtl" {
		t.Errorf("%s", p.body)
	}
	b.header.Set("X-Test-Language", "")
	if p := b.login("ada"); p.root.first(named("html")).attr["lang"] != "de" {
		t.Errorf("%s", p.body)
	}
}
