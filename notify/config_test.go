package notify_test

import (
	"context"
	htmltemplate "html/template"
	"strings"
	"testing"
	"text/template"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/words"
)

func TestNew(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*notify.Config)
		want   string // in the error; empty: it is fine
	}{
		{"as it is", func(*notify.Config) {}, ""},
		{"no sender", func(c *notify.Config) { c.Sender = nil }, "Sender"},
		{"no name", func(c *notify.Config) { c.AppName = "" }, "AppName"},
		{"long name", func(c *notify.Config) { c.AppName = strings.Repeat("a", 65) }, "AppName"},
		{"name of two lines", func(c *notify.Config) { c.AppName = "a\nb" }, "AppName"},
		{"hidden name", func(c *notify.Config) { c.AppName = "a\u202Eb" }, "AppName"},
		{"nothing to do", func(c *notify.Config) { c.SettingsURL, c.SupportText = "", "" }, "SettingsURL"},
		{"relative", func(c *notify.Config) { c.SettingsURL = "/settings" }, "SettingsURL"},
		{"http", func(c *notify.Config) { c.SettingsURL = "http://example.com/" }, "SettingsURL"},
		{"script", func(c *notify.Config) { c.SettingsURL = "javascript:alert(1)" }, "SettingsURL"},
		{"with a password", func(c *notify.Config) { c.SettingsURL = "https://a:b@example.com" }, "SettingsURL"},
		{"with a line break", func(c *notify.Config) { c.SettingsURL = "https://example.com/\nx" }, "SettingsURL"},
		{"localhost", func(c *notify.Config) { c.SettingsURL = "http://localhost:8080/settings" }, ""},
		{"loopback", func(c *notify.Config) { c.SettingsURL = "http://127.0.0.1:8080/settings" }, ""},
		{"long support", func(c *notify.Config) { c.SupportText = strings.Repeat("a", 1025) }, "SupportText"},
		{"support in a language that is not there", func(c *notify.Config) { c.SupportTexts = map[string]string{"fr": "Aide"} }, `SupportTexts["fr"]`},
		{"support in other languages alone", func(c *notify.Config) { c.SupportText, c.SupportTexts = "", map[string]string{"de": "Hilfe"} }, `SupportTexts["de"]`},
		{"support in two lines", func(c *notify.Config) { c.SupportTexts = map[string]string{"de": "Hil\nfe"} }, `SupportTexts["de"]`},
		{"support in two languages", func(c *notify.Config) { c.SupportTexts = map[string]string{"de": "Hilfe"} }, ""},
		{"empty for some", func(c *notify.Config) {
			c.Words = with(t, "de", map[string]string{"mail.enrollment.added.what": "{first, select, true {{app} {thing}} other {}}"})
		}, "in the language de: enrollment.added: the subject, the text"},
		{"no words for the link, for some", func(c *notify.Config) {
			c.Words = with(t, "de", map[string]string{"mail.reset.requested.link": " "})
			links(c)
		}, "in the language de: reset.requested"},
		{"broken form", func(c *notify.Config) { c.Text = plain("{{.Nothing}}") }, "Nothing"},
		{"broken HTML", func(c *notify.Config) { c.HTML = rich("<a href=\"{{.Nothing}}") }, "en"},
		{"form that breaks with little to tell", func(c *notify.Config) { c.Text = plain("{{index .Facts 1}}") }, "en"},
		{"text without the link", func(c *notify.Config) { c.Text = plain("{{.What}}"); links(c) }, "does not hold {{.Link}}"},
		{"HTML without the link", func(c *notify.Config) { c.HTML = rich("{{.What}}"); links(c) }, "does not hold {{.Link}}"},
		{"form without a link, which is not needed", func(c *notify.Config) { c.Text, c.HTML = plain("{{.What}}"), rich("{{.What}}") }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := config(&mailbox{})
			c.change(&k)
			n, err := notify.New(k)
			if c.want == "" && (err != nil || n == nil) {
				t.Error(err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error about %s", err, c.want)
			}
		})
	}
}

func plain(form string) *template.Template { return template.Must(template.New("").Parse(form)) }

func rich(form string) *htmltemplate.Template {
	return htmltemplate.Must(htmltemplate.New("").Parse(form))
}

// with is the catalogue with a host's own messages.
func with(t *testing.T, tag string, messages map[string]string) *words.Catalogue {
	t.Helper()
	c, err := words.Default().With(tag, messages)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// in is for whom a language is theirs.
func in(tag string) func(*notify.Config) {
	return func(c *notify.Config) { c.Locale = func(context.Context, mfa.Event) string { return tag } }
}

func TestLocale(t *testing.T) {
	own := with(t, "en", map[string]string{"mail.account.reset.subject": "{app}: our own words"})
	own, err := own.With("fr", map[string]string{
		"mail.enrollment.removed.subject": "Votre compte {app}", "mail.enrollment.removed.what": "Supprimé de {app} : {thing}.",
		"mail.label.when": "Date", "method.totp": "Application", "format.month.3": "mars",
	})
	if err != nil {
		t.Fatal(err)
	}
	tag := ""
	options := func(c *notify.Config) {
		c.Words, c.SupportTexts = own, map[string]string{"fr": "Écrivez-nous."}
		c.Text, c.HTML = plain("{{.Lang}}: {{.What}}{{range .Facts}}{{if eq .Value $.When}} {{.Label}} {{.Value}}{{end}}{{end}} {{.Support}}\n"), rich(`<p lang="{{.Lang}}" dir="{{.Dir}}">{{.What}}</p>`)
		c.Locale = func(_ context.Context, e mfa.Event) string {
			if e.User != "u7" {
				t.Error("asked about another event")
			}
			return tag
		}
	}
	const french = "fr: Supprimé de Example : Application “Ada's phone”. Date 1 mars 2026, 12:00 UTC Écrivez-nous.\n"
	for _, tag = range []string{"fr", "fr-CA", "fr-Latn-CH"} {
		m := one(t, event(mfa.EventRemoved), options)
		if m.Subject != "Votre compte Example" || m.Text != french || m.HTML != `<p lang="fr" dir="ltr">Supprimé de Example : Application “Ada&#39;s phone”.</p>` {
			t.Errorf("%s: %q %q %q", tag, m.Subject, m.Text, m.HTML)
		}
	}
	for _, c := range []struct {
		tag  string
		kind mfa.EventType
		want string
	}{
		{"", mfa.EventReset, "Example: our own words"},
		{"nb", mfa.EventReset, "Example: our own words"},
		{"-", mfa.EventReset, "Example: our own words"},
		{"fr", mfa.EventReset, "Example: our own words"}, // there are no French ones
		{"en-GB", mfa.EventRemoved, "Your Example account: a way to sign in was removed"},
		{"", "other", "Your Example account: a security change"},
	} {
		tag = c.tag
		if m := one(t, event(c.kind), options); m.Subject != c.want {
			t.Errorf("%q, %s: %q, want %q", c.tag, c.kind, m.Subject, c.want)
		}
	}
}

// A condition that was not met when the words were tried: no mail is better than one
// that says nothing, and the notice is offered again.
func TestWordsThatFailLaterSendNothing(t *testing.T) {
	b := &mailbox{}
	n := notifier(t, b, func(c *notify.Config) {
		c.Words = with(t, "en", map[string]string{"mail.enrollment.removed.what": "{thing, select, pigeon { } other {{app}: {thing}}}"})
	})
	e := event(mfa.EventRemoved)
	if err := n.Observe(t.Context(), e); err != nil || len(b.all()) != 1 {
		t.Fatal(err)
	}
	e.Method, e.Label = "pigeon", ""
	if err := n.Observe(t.Context(), e); err == nil || len(b.all()) != 1 || strings.Contains(err.Error(), "ada") {
		t.Errorf("%v, %d mails", err, len(b.all()))
	}
}
