package mfahttp_test

import (
	"html/template"
	"net/http"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/words"
)

// speaking is a handler whose pages have words of the test's own.
func speaking(t *testing.T, change func(*mfahttp.Config)) (get func(path string, headers ...string) reply) {
	t.Helper()
	s := newSite(t)
	ours, err := words.Default().With("de", map[string]string{
		"page.link.title": "Sind Sie es?", "page.link.yes": "Ja, ich bin es", "page.notice.failed": "Das ging nicht",
		"page.notice.error.incomplete": "Dieser Link ist nicht vollständig.",
	})
	if err == nil {
		ours, err = ours.With("ar", map[string]string{"page.link.title": "هل هذا أنت؟"})
	}
	if err != nil {
		t.Fatal(err)
	}
	config := mfahttp.Config{Engine: s.Engine.Engine, Host: s, Origin: origin, Words: ours, Now: s.Clock.Now}
	change(&config)
	if s.h, err = mfahttp.New(config); err != nil {
		t.Fatal(err)
	}
	s.mux = http.NewServeMux()
	s.mux.Handle("/mfa/", s.h)
	b := s.browser()
	return func(path string, headers ...string) reply { return b.send(t, "GET", path, "", headers...) }
}

const aLink = "/mfa/link?option=o&token=t"

func TestThePagesOfLinksAreInTheBrowsersLanguage(t *testing.T) {
	get := speaking(t, func(*mfahttp.Config) {})
	for _, row := range []struct {
		wanted string
		words  []string
	}{
		{"", []string{`<html lang="en" dir="ltr">`, "<h1>Is it you?</h1>", "Yes, it is me"}},
		{"xx", []string{`<html lang="en" dir="ltr">`}},
		{"de-AT,de;q=0.9,en;q=0.8", []string{`<html lang="de" dir="ltr">`, "<h1>Sind Sie es?</h1>", "<title>Sind Sie es?</title>", "Ja, ich bin es"}},
		{"ar", []string{`<html lang="ar" dir="rtl">`, "<h1>هل هذا أنت؟</h1>"}},
	} {
		r := get(aLink, "Accept-Language", row.wanted)
		for _, want := range row.words {
			if r.Code != 200 || !strings.Contains(r.Body.String(), want) {
				t.Errorf("%q: no %q in %d %s", row.wanted, want, r.Code, r.Body)
			}
		}
	}
	if r := get("/mfa/notice", "Accept-Language", "de"); !strings.Contains(r.Body.String(), "<h1>Das ging nicht</h1>") ||
		!strings.Contains(r.Body.String(), `<p role="alert">Dieser Link ist nicht vollständig.</p>`) {
		t.Errorf("%s", r.Body)
	}
}

func TestThePagesOfLinksAreInTheUsersLanguage(t *testing.T) {
	own := "de"
	get := speaking(t, func(c *mfahttp.Config) { c.Language = func(*http.Request) string { return own } })
	if r := get(aLink, "Accept-Language", "ar"); !strings.Contains(r.Body.String(), "Sind Sie es?") {
		t.Errorf("%s", r.Body)
	}
	own = ""
	if r := get(aLink, "Accept-Language", "ar"); !strings.Contains(r.Body.String(), `dir="rtl"`) {
		t.Errorf("where the host does not know: %s", r.Body)
	}
}

func TestAHostsOwnPageHasTheWords(t *testing.T) {
	page := template.Must(template.New("").Parse(`{{.Lang}} {{.Dir}} {{.Title}} {{range .Says}}({{.}}){{end}} [{{.Press}}] {{.Problem}}`))
	get := speaking(t, func(c *mfahttp.Config) { c.Link, c.Notice = page, page })
	if r := get(aLink, "Accept-Language", "de"); !strings.HasPrefix(r.Body.String(), "de ltr Sind Sie es? (") || !strings.Contains(r.Body.String(), "[Ja, ich bin es]") {
		t.Errorf("%s", r.Body)
	}
	if r := get("/mfa/notice", "Accept-Language", "de"); r.Body.String() != "de ltr Das ging nicht  [] Dieser Link ist nicht vollständig." {
		t.Errorf("%s", r.Body)
	}
}
