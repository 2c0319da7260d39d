package notify_test

import (
	"context"
	htmltemplate "html/template"
	"strings"
	"testing"
	"text/template"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/notify"
)

func TestNew(t *testing.T) {
	words := func(w notify.Words) map[string]notify.Language {
		return map[string]notify.Language{"de": {Words: map[mfa.EventType]notify.Words{mfa.EventReset: w}}}
	}
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
		{"no subject", func(c *notify.Config) { c.Languages = words(notify.Words{What: "x"}) }, "Subject"},
		{"no text", func(c *notify.Config) { c.Languages = words(notify.Words{Subject: "x"}) }, "What"},
		{"broken template", func(c *notify.Config) { c.Languages = words(notify.Words{Subject: "{{", What: "x"}) }, "account.reset"},
		{"no such field", func(c *notify.Config) { c.Languages = words(notify.Words{Subject: "x", What: "{{.Code}}"}) }, `Languages["de"]`},
		{"empty for some", func(c *notify.Config) {
			c.Languages = words(notify.Words{Subject: "x", What: "{{if .Label}}x{{end}}"})
		}, "empty"},
		{"broken form", func(c *notify.Config) {
			c.Languages = map[string]notify.Language{"en": {Text: template.Must(template.New("").Parse("{{.Nothing}}"))}}
		}, `Languages["en"]`},
		{"broken HTML", func(c *notify.Config) {
			c.Languages = map[string]notify.Language{"en": {HTML: htmltemplate.Must(htmltemplate.New("").Parse("<a href=\"{{.Nothing}}"))}}
		}, `Languages["en"]`},
		{"time without a zone", func(c *notify.Config) { c.Languages = map[string]notify.Language{"de": {Time: "15:04"}} }, "Time"},
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

func TestLanguages(t *testing.T) {
	german := notify.Language{
		Words: map[mfa.EventType]notify.Words{
			mfa.EventRemoved: {Subject: "{{.App}}: Verfahren entfernt", What: "Entfernt: {{.Thing}}.", Advice: "Waren Sie das?"},
		},
		Methods: map[string]string{"totp": "Authenticator-App"},
		Time:    "02.01.2006 15:04 -07:00",
		Text:    template.Must(template.New("").Parse("{{.Lang}}: {{.What}} {{.When}} {{.Advice}} {{.SettingsURL}}\n")),
		HTML:    htmltemplate.Must(htmltemplate.New("").Parse(`<p lang="{{.Lang}}">{{.What}}</p>`)),
	}
	in := func(tag string) func(*notify.Config) {
		return func(c *notify.Config) {
			c.Languages = map[string]notify.Language{
				"de": german,
				"en": {Words: map[mfa.EventType]notify.Words{mfa.EventReset: {Subject: "Our own words", What: "Reset."}}},
				"fr": {Words: map[mfa.EventType]notify.Words{"": {Subject: "Votre compte", What: "Changement."}}},
			}
			c.Locale = func(_ context.Context, e mfa.Event) string {
				if e.User != "u7" {
					t.Error("asked about another event")
				}
				return tag
			}
		}
	}
	const text = "de: Entfernt: Authenticator-App “Ada's phone”. 01.03.2026 12:00 +00:00 Waren Sie das? https://example.com/settings?tab=security&x=1\n"
	for _, tag := range []string{"de", "de-AT", "de-Latn-CH"} {
		m := one(t, event(mfa.EventRemoved), in(tag))
		if m.Subject != "Example: Verfahren entfernt" || m.Text != text || m.HTML != `<p lang="de">Entfernt: Authenticator-App “Ada&#39;s phone”.</p>` {
			t.Errorf("%s: %q %q %q", tag, m.Subject, m.Text, m.HTML)
		}
	}
	for _, c := range []struct {
		tag  string
		kind mfa.EventType
		want string
	}{
		{"de", mfa.EventReset, "Our own words"}, // no German words: all of it in English
		{"", mfa.EventReset, "Our own words"},
		{"nb", mfa.EventReset, "Our own words"},
		{"-", mfa.EventReset, "Our own words"},
		{"en-GB", mfa.EventRemoved, "Your Example account: a way to sign in was removed"},
		{"fr", mfa.EventRemoved, "Votre compte"},
		{"de", "other", "Your Example account: a security change"},
	} {
		if m := one(t, event(c.kind), in(c.tag)); m.Subject != c.want {
			t.Errorf("%q, %s: %q, want %q", c.tag, c.kind, m.Subject, c.want)
		}
	}
}
