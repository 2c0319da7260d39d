package mfahttp_test

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// Repudiated ends the user's sessions.
func (s *site) Repudiated(w http.ResponseWriter, _ *http.Request, user string) error {
	if s.broken != nil {
		return s.broken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, user)
	for id, session := range s.sessions {
		if session.user == user {
			delete(s.sessions, id)
		}
	}
	w.Header().Set("X-Ended", user)
	return nil
}

func (c *client) openNotice(t *testing.T, token string, headers ...string) reply {
	t.Helper()
	return c.send(t, "GET", strings.TrimPrefix(c.s.h.NoticeURL(token), origin), "", headers...)
}

// pressNotice presses the button of a notice's page, as a browser does.
func (c *client) pressNotice(t *testing.T, page reply, headers ...string) reply {
	t.Helper()
	body := page.Body.String()
	if !strings.Contains(body, `<form method="post" action="/mfa/notice">`) {
		t.Fatalf("no button: %s", body)
	}
	form := url.Values{}
	for _, m := range input.FindAllStringSubmatch(body, -1) {
		form.Set(m[1], m[2])
	}
	return c.send(t, "POST", "/mfa/notice", form.Encode(), append([]string{"Content-Type", formType, "Origin", "null"}, headers...)...)
}

func TestNoticeURL(t *testing.T) {
	s := newSite(t)
	if got := s.h.NoticeURL(""); got != "" {
		t.Errorf("for no token: %q", got)
	}
	if got := s.h.NoticeURL("a-b_c"); got != "https://app.example/mfa/notice?token=a-b_c" {
		t.Errorf("%q", got)
	}
	if got := s.h.NoticeURL("a&b"); got != "https://app.example/mfa/notice?token=a%26b" {
		t.Errorf("%q", got)
	}
}

func TestC14_OpeningANoticeConsumesNothing(t *testing.T) {
	s := newSite(t, under(patient()))
	b, _, _ := lost(t, s, "ada")
	enrolled, requested := s.linkOf(t, mfa.EventEnrolled, 1), s.linkOf(t, mfa.EventResetRequested, 1)
	ready := s.due(t, "ada", 1)
	b.login(t, "ada")
	flow := b.cookies["__Host-mfa-flow"]
	// The link of the enrolment has expired meanwhile.
	scanner := s.browser()
	scanner.openNotice(t, enrolled).page(t, 401, "no longer valid")
	for range 20 {
		scanner.openNotice(t, requested).page(t, 200, "cancel the reset")
		scanner.openNotice(t, ready).page(t, 200, "Please sign in first")
		b.openNotice(t, ready, "Sec-Purpose", "prefetch").page(t, 200, "<button")
		scanner.send(t, "HEAD", "/mfa/notice?token="+ready, "")
	}
	if len(scanner.cookies) > 0 || b.cookies["__Host-mfa-flow"] != flow || b.cookies[resetCookie] == "" {
		t.Errorf("cookies %v and %v", scanner.cookies, b.cookies)
	}
	for _, link := range []string{requested, ready} {
		for _, from := range [][]string{
			{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, {"Origin", "https://a.app.example", "Sec-Fetch-Site", "same-site"},
			{"Origin", "null", "Sec-Fetch-Site", ""},
		} {
			for _, c := range []*client{b, scanner} {
				c.send(t, "POST", "/mfa/notice", "token="+link, append(from, "Content-Type", formType)...).page(t, 403, "did not confirm")
			}
		}
	}
	// All of it is still as it was.
	if r := b.send(t, "GET", "/mfa/flow", "").want(t, 200, ""); r.text("status") != "challenge" || r.json["reset"].(map[string]any)["ready_at"] == nil {
		t.Errorf("%s", r.Body)
	}
	b.pressNotice(t, b.openNotice(t, ready))
	if r := b.send(t, "GET", "/mfa/flow", "").want(t, 200, ""); r.text("status") != "enroll" {
		t.Errorf("%s", r.Body)
	}
}

func TestAFirstEnrolmentIsUndone(t *testing.T) {
	s := newSite(t)
	thief := s.browser()
	thief.login(t, "ada")
	phone, _, _ := thief.enrollApp(t)
	thief.signIn(t, "ada", phone)
	link := s.linkOf(t, mfa.EventEnrolled, 1)

	reader := s.browser() // a telephone, where nobody is signed in
	page := reader.openNotice(t, link).page(t, 200, "undo it")
	done := reader.pressNotice(t, page).page(t, 200, "It is undone")
	if strings.Contains(done.Body.String(), "<form") || !strings.Contains(done.Body.String(), "change it now") || len(reader.cookies) > 0 {
		t.Errorf("%s, cookies %v", done.Body, reader.cookies)
	}
	if !slices.Equal(s.told, []string{"id-ada"}) || done.Header().Get("X-Ended") != "id-ada" {
		t.Errorf("the host was told of %v", s.told)
	}
	thief.send(t, "GET", "/account", "").want(t, 401, "unauthenticated")
	if list, err := s.Enrollments(t.Context(), "id-ada"); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	reader.pressNotice(t, page).page(t, 401, "no longer valid")
	if len(s.told) != 1 {
		t.Errorf("the host was told of %v", s.told)
	}
	// What was enrolled later is none of this link's.
	owner := s.browser()
	owner.login(t, "ada")
	owner.enrollApp(t)
	reader.pressNotice(t, page).page(t, 401, "no longer valid")
}

func TestAResetIsCancelledByItsMail(t *testing.T) {
	s := newSite(t, under(patient()))
	b, _, _ := lost(t, s, "ada")
	link := s.linkOf(t, mfa.EventResetRequested, 1)
	reader := s.browser()
	page := reader.openNotice(t, link).page(t, 200, "Somebody has asked")
	reader.pressNotice(t, page).page(t, 200, "The reset is cancelled")
	if !slices.Equal(s.told, []string{"id-ada"}) {
		t.Errorf("the host was told of %v", s.told)
	}
	reader.pressNotice(t, page).page(t, 401, "no longer valid")
	s.Clock.Advance(80 * time.Hour)
	if r := b.login(t, "ada"); r.json["reset"].(map[string]any)["ready_at"] != nil {
		t.Errorf("%s", r.Body)
	}
	count := statuses(20, func(int) int { return s.browser().pressNotice(t, page).Code })
	if count[401] != 20 {
		t.Errorf("answers by status: %v", count)
	}
}

func TestAResetGoesOnByItsMail(t *testing.T) {
	s := newSite(t, under(patient()))
	b, _, _ := lost(t, s, "ada")
	link := s.due(t, "ada", 1)
	// The flow of three days ago is still in the browser.
	page := b.openNotice(t, link).page(t, 200, "Go on with the reset?")
	if r := b.pressNotice(t, page).page(t, 410, "Please sign in first"); strings.Contains(r.Body.String(), "<form") {
		t.Errorf("%s", r.Body)
	}
	// Elsewhere it says where to go.
	other := s.browser()
	other.openNotice(t, link).page(t, 200, "in the browser in which you asked")
	other.send(t, "POST", "/mfa/notice", "token="+link, "Content-Type", formType).page(t, 404, "Please sign in first")
	other.login(t, "ada")
	other.openNotice(t, link).page(t, 200, "Please sign in first")
	other.send(t, "POST", "/mfa/notice", "token="+link, "Content-Type", formType).page(t, 401, "does not fit")

	b.login(t, "ada")
	old := b.cookies["__Host-mfa-flow"]
	done := b.pressNotice(t, b.openNotice(t, link))
	if done.Code != 303 || done.Header().Get("Location") != "/signed-in?by=link" || done.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", done.Code, done.Header(), done.Body)
	}
	if b.cookies["__Host-mfa-flow"] == old || b.cookies[resetCookie] != "" || len(s.told) != 0 {
		t.Errorf("cookies %v, told %v", b.cookies, s.told)
	}
	b.enrollApp(t)
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
	b.login(t, "ada")
	b.send(t, "POST", "/mfa/notice", "token="+link, "Content-Type", formType).page(t, 401, "does not fit")
}

func TestANoticeSaysWhatIsWrong(t *testing.T) {
	store := &brokenStore{}
	s := newSite(t, under(patient()), func(c *mfa.Config) { store.Store, c.Store = c.Store, store })
	b, _, _ := lost(t, s, "ada")
	link := s.linkOf(t, mfa.EventResetRequested, 1)
	post := func(form string, headers ...string) reply {
		return b.send(t, "POST", "/mfa/notice", form, append([]string{"Content-Type", formType}, headers...)...)
	}
	for _, query := range []string{"", "token=", "token=" + link + "&token=" + link, "token=" + strings.Repeat("x", 3000), "a;b", "%zz"} {
		b.send(t, "GET", "/mfa/notice?"+query, "").page(t, 400, "not complete")
		post(query).page(t, 400, "not complete")
	}
	for _, token := range []string{"x", "<script>", link[:len(link)-3], strings.ToLower(link)} {
		query := url.Values{"token": {token}}.Encode()
		if r := b.send(t, "GET", "/mfa/notice?"+query, "").page(t, 401, "no longer valid"); strings.Contains(r.Body.String(), "<form") || strings.Contains(r.Body.String(), "<script") {
			t.Errorf("%s", r.Body)
		}
		post(query).page(t, 401, "no longer valid")
	}
	post("token="+link, "Content-Type", "application/json").page(t, 415, "not complete")
	post(strings.Repeat("x", 100<<10)).page(t, 413, "not complete")

	page := b.openNotice(t, link)
	store.fail.Store(true)
	if page = b.pressNotice(t, page).page(t, 503, "press the button again"); page.Header().Get("Retry-After") == "" {
		t.Errorf("%v", page.Header())
	}
	store.fail.Store(false)
	// What the host fails with does not undo that it is cancelled.
	s.broken = errTest
	r := b.pressNotice(t, page).page(t, 500, "The reset is cancelled")
	if !strings.Contains(r.Body.String(), "may still be signed in") || strings.Contains(r.Body.String(), errTest.Error()) || !strings.Contains(s.log.String(), errTest.Error()) {
		t.Errorf("%s", r.Body)
	}
	if strings.Contains(s.log.String(), link) || strings.Contains(s.log.String(), b.cookies[resetCookie]) {
		t.Error("a secret was logged")
	}
}

func TestAHostsOwnNoticePage(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.login(t, "ada")
	b.enrollApp(t)
	link := s.linkOf(t, mfa.EventEnrolled, 1)
	own := template.Must(template.New("").Parse(`{{.Kind}}: {{if .Button}}Drücken: {{.Action}} {{.Token}}{{end}}{{if .Done}}Fertig{{end}}{{if .SignIn}}Anmelden{{end}}{{with .Problem}}Fehler{{end}}`))
	// And a host that wants to know nothing.
	h, err := mfahttp.New(mfahttp.Config{Engine: s.Engine.Engine, Host: struct{ mfahttp.Host }{s}, Origin: origin, Prefix: "/zweiter", Notice: own, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.mux.Handle("/zweiter/", h)
	r := b.send(t, "GET", strings.TrimPrefix(h.NoticeURL(link), origin), "")
	if r.Code != 200 || r.Body.String() != "enrollment.added: Drücken: /zweiter/notice "+link || !strings.Contains(r.Header().Get("Content-Security-Policy"), "style-src 'self'") {
		t.Errorf("%d %v %s", r.Code, r.Header(), r.Body)
	}
	if r := b.send(t, "POST", "/zweiter/notice", "token="+link, "Content-Type", formType); r.Code != 200 || r.Body.String() != "enrollment.added: Fertig" || len(s.told) != 0 {
		t.Errorf("%d %s, told %v", r.Code, r.Body, s.told)
	}
	if r := b.send(t, "GET", "/zweiter/notice", ""); r.Code != 400 || r.Body.String() != ": Fehler" {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	for _, broken := range []string{"{{.Nothing}}", "{{if .SignIn}}{{.Nothing}}{{end}}", `{{if and .Done .Problem}}{{.Nothing}}{{end}}`} {
		_, err := mfahttp.New(mfahttp.Config{Engine: s.Engine.Engine, Host: s, Origin: origin, Notice: template.Must(template.New("").Parse(broken))})
		if err == nil || !strings.Contains(err.Error(), "Config.Notice") {
			t.Errorf("%s: %v", broken, err)
		}
	}
}
