package mfahttp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// open opens a letter's link.
func (c *client) open(t *testing.T, link string, headers ...string) reply {
	t.Helper()
	return c.send(t, "GET", "/mfa/link?"+link, "", headers...)
}

// form posts a form to the link's page.
func (c *client) form(t *testing.T, form string, headers ...string) reply {
	t.Helper()
	return c.send(t, "POST", "/mfa/link", form, append([]string{"Content-Type", formType}, headers...)...)
}

var input = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// press presses the button of the link's page, as a browser does.
func (c *client) press(t *testing.T, page reply) reply {
	t.Helper()
	body := page.Body.String()
	if !strings.Contains(body, `<form method="post" action="/mfa/link">`) || !strings.Contains(body, "<button") {
		t.Fatalf("no button: %s", body)
	}
	form := url.Values{}
	for _, m := range input.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], m[2])
	}
	// The page hides its address, so browsers send Origin: null with its form.
	return c.form(t, form.Encode(), "Origin", "null")
}

// page fails the test unless the answer is a page with this status and these words.
func (r reply) page(t *testing.T, status int, words string) reply {
	t.Helper()
	body, h := r.Body.String(), r.Header()
	if r.Code != status || h.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(body, words) {
		t.Fatalf("got %d %s %s, want %d with %q", r.Code, h.Get("Content-Type"), body, status, words)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" ||
		h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-") {
		t.Errorf("%v", h)
	}
	return r
}

func TestO13_C14_OpeningALinkConsumesNothing(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	_, l := b.ask(t, "ada")
	before := b.send(t, "GET", "/mfa/flow", "").Body.String()
	scanner := s.browser()
	for range 20 {
		scanner.open(t, l.link).page(t, 200, "<button")
		scanner.send(t, "HEAD", "/mfa/link?"+l.link, "")
		b.open(t, l.link, "Sec-Purpose", "prefetch").page(t, 200, "<button")
	}
	if len(scanner.cookies) > 0 {
		t.Errorf("cookies for whoever opens a link: %v", scanner.cookies)
	}
	// Nor does a button that is pressed elsewhere, or on a page of another origin.
	scanner.press(t, scanner.open(t, l.link)).page(t, 404, "in which you are signing in")
	for _, from := range [][]string{
		{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, {"Origin", "https://a.app.example", "Sec-Fetch-Site", "same-site"},
		{"Origin", "null", "Sec-Fetch-Site", ""},
	} {
		b.form(t, l.link, from...).page(t, 403, "did not confirm")
	}
	if after := b.send(t, "GET", "/mfa/flow", "").Body.String(); after != before {
		t.Errorf("the flow was %s and is %s", before, after)
	}

	done := b.press(t, b.open(t, l.link))
	if done.Code != 303 || done.Header().Get("Location") != "/signed-in?by=link" || done.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", done.Code, done.Header(), done.Body)
	}
	b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
	if b.cookies["__Host-mfa-flow"] != "" {
		t.Error("the flow's cookie stays")
	}
	b.press(t, b.open(t, l.link)).page(t, 404, "in which you are signing in")
}

func TestO13_ALinkIsGoodOnce(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	_, l := b.ask(t, "ada")
	count := statuses(50, func(int) int { return b.copied().form(t, l.link).Code })
	if count[303] != 1 {
		t.Errorf("answers by status: %v", count)
	}
}

func TestALinkSaysWhatIsWrong(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	option, l := b.ask(t, "ada")
	for _, query := range []string{"", "option=x", "token=x", "token=&option=x", l.link + "&token=x", "option=x&token=" + strings.Repeat("x", 3000), "a;b", "%zz"} {
		page := b.open(t, query).page(t, 400, "not complete")
		if strings.Contains(page.Body.String(), "<form") || len(query) > 1000 && strings.Contains(page.Body.String(), "xxx") {
			t.Errorf("%.30q: %s", query, page.Body)
		}
		b.form(t, query).page(t, 400, "not complete")
	}
	b.form(t, url.Values{"option": {option}, "token": {"malformed"}}.Encode()).page(t, 400, "not complete")
	b.form(t, l.link, "Content-Type", "application/json").page(t, 415, "not complete")
	b.form(t, strings.Repeat("x", 100<<10)).page(t, 413, "not complete")
	b.form(t, "option=x&token=x").page(t, 404, "in which you are signing in")

	for range 4 {
		b.form(t, "token=x&option="+option).page(t, 401, "no longer valid")
	}
	b.form(t, "token=x&option="+option).page(t, 401, "no longer valid")
	if r := b.form(t, l.link).page(t, 429, "too many wrong answers"); r.Header().Get("Retry-After") == "" {
		t.Errorf("%v", r.Header())
	}
	s.Clock.Advance(11 * time.Minute)
	b.form(t, l.link).page(t, 410, "over or has expired")
}

func TestALinkTellsOfANewMail(t *testing.T) {
	s := newSite(t)
	s.letter.again = true
	s.reader(t, "ada")
	b := s.browser()
	option, _ := b.ask(t, "ada")
	s.Clock.Advance(5 * time.Minute)
	b.form(t, "token=x&option="+option).page(t, 401, "A new mail is on its way")
}

func TestALinkWhoseStoreFailsCanBePressedAgain(t *testing.T) {
	store := &brokenStore{}
	s := newSite(t, func(c *mfa.Config) { store.Store, c.Store = c.Store, store })
	s.reader(t, "ada")
	b := s.browser()
	_, l := b.ask(t, "ada")
	page := b.open(t, l.link)
	store.fail.Store(true)
	if page = b.press(t, page).page(t, 503, "press the button again"); page.Header().Get("Retry-After") == "" {
		t.Errorf("%v", page.Header())
	}
	store.fail.Store(false)
	if r := b.press(t, page); r.Code != 303 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
}

func TestALinkWhoseHostFails(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	b := s.browser()
	_, l := b.ask(t, "ada")
	s.broken = errTest
	b.form(t, l.link).page(t, 500, "Something went wrong")
	if !strings.Contains(s.log.String(), errTest.Error()) || b.cookies["session"] != "" {
		t.Errorf("log %q, cookies %v", s.log.String(), b.cookies)
	}
}

func TestO13_ALinkForAnyBrowserLetsTheOneInThatAsked(t *testing.T) {
	s := newSite(t)
	s.letter.anywhere = true
	s.reader(t, "ada")
	desk, pocket := s.browser(), s.browser()
	_, l := desk.ask(t, "ada")
	for range 5 {
		pocket.open(t, l.link).page(t, 200, "lets the browser in that asked")
	}
	waiting := desk.send(t, "POST", "/mfa/flow/continue", "").want(t, 200, "")
	if waiting.text("status") != "challenge" || waiting.json["approved"] != nil {
		t.Fatalf("%s", waiting.Body)
	}
	done := pocket.press(t, pocket.open(t, l.link)).page(t, 200, "go on in the other browser")
	if len(pocket.cookies) > 0 || strings.Contains(done.Body.String(), "<form") {
		t.Errorf("cookies %v, %s", pocket.cookies, done.Body)
	}
	pocket.send(t, "POST", "/mfa/flow/continue", "").want(t, 404, "no_flow")
	if r := desk.send(t, "GET", "/mfa/flow", "").want(t, 200, ""); r.json["approved"] != true || r.text("status") != "challenge" {
		t.Errorf("%s", r.Body)
	}
	pocket.form(t, l.link).page(t, 404, "no longer valid")
	desk.send(t, "GET", "/account", "").want(t, 401, "unauthenticated")
	if r := desk.send(t, "POST", "/mfa/flow/continue", "").want(t, 200, ""); r.text("status") != "passed" {
		t.Errorf("%s", r.Body)
	}
	desk.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
	pocket.form(t, l.link).page(t, 410, "no longer valid")
	pocket.form(t, "flow=junk&option=x&token=x").page(t, 404, "no longer valid")
}

// A link that names its flow goes to that one, whatever the browser is doing besides.
func TestALinkForAnyBrowserAmongOthers(t *testing.T) {
	s := newSite(t)
	s.letter.anywhere = true
	s.reader(t, "ada")
	desk, pocket := s.browser(), s.browser()
	_, l := desk.ask(t, "ada")
	option := pocket.login(t, "ada").option(t, "letter") // a sign-in of its own, of the same user
	pocket.press(t, pocket.open(t, l.link)).page(t, 200, "go on in the other browser")
	if pocket.cookies["session"] != "" || pocket.cookies["__Host-mfa-flow"] == "" {
		t.Errorf("%v", pocket.cookies)
	}
	desk.send(t, "POST", "/mfa/flow/continue", "").want(t, 200, "")
	if wrong := pocket.verify(t, option, "wrong").want(t, 401, "code_not_valid"); wrong.json["attempts_left"] != 4.0 {
		t.Errorf("the link counted as a failure: %s", wrong.Body)
	}

	// In the browser that asked, the button signs in at once.
	s.Clock.Advance(time.Hour)
	same := s.browser()
	_, l = same.ask(t, "ada")
	if r := same.press(t, same.open(t, l.link)); r.Code != 303 || same.cookies["session"] == "" {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	// A cookie that is worth nothing is as none.
	s.Clock.Advance(time.Hour)
	_, l = desk.ask(t, "ada")
	pocket.cookies["__Host-mfa-flow"] = "junk"
	pocket.press(t, pocket.open(t, l.link)).page(t, 200, "go on in the other browser")
}

func TestA92_LinksOfOtherPagesAreRefused(t *testing.T) {
	s := newSite(t)
	s.letter.anywhere = true
	s.reader(t, "ada")
	desk := s.browser()
	_, l := desk.ask(t, "ada")
	// A page that has got hold of the link has a visitor press it, with cookies or without.
	for _, c := range []*client{desk, s.browser(), s.native()} {
		c.form(t, l.link, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site").page(t, 403, "did not confirm")
		c.form(t, l.link, "Origin", "https://evil.example", "Sec-Fetch-Site", "").page(t, 403, "did not confirm")
	}
	if r := desk.send(t, "GET", "/mfa/flow", "").want(t, 200, ""); r.json["approved"] != nil {
		t.Errorf("%s", r.Body)
	}
}

func TestTheLinksPage(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	page := b.open(t, url.Values{"option": {`"><script>`}, "token": {"</style><img src=x>"}, "flow": {"'"}}.Encode()).page(t, 200, "<button")
	body := page.Body.String()
	for _, want := range []string{`<html lang="en" dir="ltr">`, "<title>Is it you?</title>", `<meta name="viewport" content="width=device-width, initial-scale=1">`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if found := regexp.MustCompile(`(?i)<script|<img|<link|\son\w+=|https?:|style="`).FindString(body); found != "" {
		t.Errorf("%s in %s", found, body)
	}
	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := page.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAHostsOwnLinkPage(t *testing.T) {
	s := newSite(t)
	s.reader(t, "ada")
	own := template.Must(template.New("").Parse(
		`{{if .Button}}Drücken: {{.Action}} {{.Option}} {{.Token}} {{.Flow}}{{end}}{{if .Done}}Fertig{{end}}{{with .Problem}}Fehler{{end}}`))
	h, err := mfahttp.New(mfahttp.Config{Engine: s.Engine.Engine, Host: s, Origin: origin, App: "web", Prefix: "/zweiter", Link: own, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.mux.Handle("/zweiter/", h)
	b := s.browser()
	_, l := b.ask(t, "ada")
	r := b.send(t, "GET", "/zweiter/link?option=a&token=b&flow=%3C", "")
	if r.Code != 200 || r.Body.String() != "Drücken: /zweiter/link a b &lt;" {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	want := "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := r.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("%s", got)
	}
	if r := b.send(t, "GET", "/zweiter/link", ""); r.Code != 400 || r.Body.String() != "Fehler" {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if r := b.send(t, "POST", "/zweiter/link", l.link, "Content-Type", formType); r.Code != 303 || r.Header().Get("Location") != "/" {
		t.Errorf("%d %v %s", r.Code, r.Header(), r.Body)
	}
}
