package emailcode

import (
	html "html/template"
	"net/netip"
	"os"
	"strings"
	"testing"
	text "text/template"
	"time"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/words"
)

// TestMailsAreAsWritten holds whole mails against the files of testdata, with
// CODE and TOKEN in the place of what is another each time.
func TestMailsAreAsWritten(t *testing.T) {
	oslo := time.FixedZone("CET", 3600)
	here := func(c *Config) { c.Location = oslo }
	for name, step := range map[string]func() (mfa.Step, error){
		"signin":   func() (mfa.Step, error) { return newFactor(t, here, withLink).Challenge(bg, challenge(address1)) },
		"setup":    func() (mfa.Step, error) { return enroll(newFactor(t, here, withLink), address2) },
		"anywhere": func() (mfa.Step, error) { return newFactor(t, withLink, anywhere).Challenge(bg, challenge(address1)) },
		"approve": func() (mfa.Step, error) {
			return approving(newFactor(t, here, withLink), "Pay 1,234,567.50 EUR to Bob & Söhne")
		},
		"bare": func() (mfa.Step, error) {
			r := challenge(address1)
			r.Client, r.User.Name = mfa.Client{}, ""
			return newFactor(t, func(c *Config) { c.Lifetime = time.Minute }).Challenge(bg, r)
		},
	} {
		s, err := step()
		if err != nil {
			t.Fatal(err)
		}
		m := s.Delivery.Message
		hide := []string{codeIn(t, m), "CODE"}
		if s := linkForm.FindString(m.Text); s != "" {
			_, q := linkIn(t, m)
			hide = append(hide, q.Get("token"), "TOKEN")
		}
		replace := strings.NewReplacer(hide...).Replace
		for ext, got := range map[string]string{".txt": "Subject: " + m.Subject + "\n\n" + m.Text, ".html": m.HTML} {
			want, err := os.ReadFile("testdata/" + name + ext)
			if err != nil || replace(got) != string(want) {
				t.Errorf("%s%s, %v:\n%s", name, ext, err, replace(got))
			}
		}
	}
}

// TestMailsSayWhoAsksFromWhere: in both parts, and with the zone of the time.
func TestMailsSayWhoAsksFromWhere(t *testing.T) {
	newYork := time.FixedZone("EST", -5*3600)
	m := asked(t, newFactor(t, withLink, func(c *Config) { c.Location, c.Lifetime = newYork, 10*time.Minute })).Delivery.Message
	link, _ := linkIn(t, m)
	escaped := strings.NewReplacer("&", "&amp;").Replace(link)
	for _, want := range []string{"Example", "ada@example.com", codeIn(t, m), "10 minutes", "21 November 2026, 07:00 EST", "192.0.2.7", "Oslo, Norway",
		"Firefox, Windows", "If this was not you", "change your password"} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if !strings.Contains(m.Text, link) || !strings.Contains(m.HTML, `href="`+escaped+`"`) {
		t.Errorf("%s is missing", link)
	}
	if m.Subject != "Your code for Example" || m.Channel != mfa.ChannelEmail || m.To != address1 {
		t.Errorf("%q, %q, %q", m.Subject, m.Channel, m.To)
	}
	six := challenge(address1)
	six.Client.IP = netip.MustParseAddr("::ffff:192.0.2.9")
	step, err := newFactor(t).Challenge(bg, six)
	if err != nil || !strings.Contains(step.Delivery.Message.Text, "Internet address: 192.0.2.9\n") {
		t.Errorf("%v", err)
	}
}

// TestNewAddressIsNotToldTheAccount: it may be a stranger's.
func TestNewAddressIsNotToldTheAccount(t *testing.T) {
	step, err := enroll(newFactor(t, withLink), address2)
	if err != nil {
		t.Fatal(err)
	}
	if m := step.Delivery.Message; strings.Contains(m.Text+m.HTML+m.Subject, address1) || linkForm.MatchString(m.Text) || strings.Contains(m.HTML, "href") {
		t.Errorf("%s", m.Text)
	}
	own := newFactor(t, func(c *Config) {
		c.Templates.Text = text.Must(text.New("x").Parse("{{.Code}}{{with .Action}}: {{.}}{{end}} {{.Name}}"))
	})
	if step, err = enroll(own, address2); err != nil || strings.Contains(step.Delivery.Message.Text, address1) {
		t.Errorf("a host's own template is told the account, %v", err)
	}
}

// hostile are values of what others than the host choose.
var hostile = []string{
	"x\r\nBcc: eve@example.net\r\n\r\nYour code is: 1", "x\nYour code is: 123456", "x%0d%0aBcc: eve", "x\u2028y\u2029z\x00\x1b[31m\x7f\u0085",
	"\u202Etxt.exe", "a\u2066b", "\u200Ex\u200F", "z\u200Bero\uFEFF", "\u202Eada\u202C", "שלום \u202E 123", "tag\U000E0041",
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{.Code}}`, `</td></table><a href="javascript:x">`, "javascript:alert(1)", "&lt;b&gt;",
	"\xff\xfe", "go to https://evil.example/x now", "WWW.EVIL.EXAMPLE", "evil。example", "ev\u200Bil.\u200Bexample", "mailto:eve",
	"code 27182818", "2 7 1 8 2 8 1 8", "٢٧١٨٢٨١٨", strings.Repeat("long ", 100_000), strings.Repeat("é", 500),
}

// ownTemplates are a host's.
func ownTemplates(c *Config) {
	c.Templates = Templates{
		Text: text.Must(text.New("t").Parse("Your code is: {{.Code}}\n{{with .Action}}For: {{.}}{{end}}|{{.Name}}|{{range .Facts}}{{.Value}}|{{end}}{{.Intro}}\n")),
		HTML: html.Must(html.New("h").Parse(`<p title="{{.Name}}">{{.Code}} {{.Action}} {{.Name}} {{range .Facts}}{{.Value}} {{end}}</p>` +
			`<a href="https://example.com/?n={{.Name}}">x</a><script>let n = {{.Name}} + {{.Action}}</script>`)),
	}
}

// TestO12_NothingIsInjectedIntoMails: neither a line, a link, markup, another
// code, nor what turns text around. It holds for a host's own templates too.
func TestO12_NothingIsInjectedIntoMails(t *testing.T) {
	for kind, f := range map[string]*Factor{"our": newFactor(t), "the host's": newFactor(t, ownTemplates)} {
		plain := asked(t, f).Delivery.Message
		for field, set := range map[string]func(*mfa.ChallengeRequest, string){
			"name":       func(r *mfa.ChallengeRequest, s string) { r.User.Name = s },
			"place":      func(r *mfa.ChallengeRequest, s string) { r.Client.Place = s },
			"user agent": func(r *mfa.ChallengeRequest, s string) { r.Client.UserAgent = s },
		} {
			for _, value := range hostile {
				r := challenge(address1)
				set(&r, value)
				step, err := f.Challenge(bg, r)
				if err != nil {
					t.Fatal(err)
				}
				m := step.Delivery.Message
				at := kind + " templates, " + field
				if strings.Count(m.Text, "\n") > strings.Count(plain.Text, "\n") || strings.Count(m.Subject, "\n") > 0 {
					t.Errorf("%s: %.40q made lines:\n%s", at, value, m.Text)
				}
				if len(codeForm.FindAllString(m.Text, -1)) != 1 || !verifies(f, step, codeIn(t, m)) {
					t.Errorf("%s: %.40q brought a code", at, value)
				}
				for _, r := range m.Subject + m.Text + m.HTML {
					if r != '\n' && r != '\u2068' && r != '\u2069' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar) {
						t.Errorf("%s: %.40q brought %U", at, value, r)
					}
				}
				for _, bad := range []string{"<script>alert", "<img", "</td></table><a", "evil.example", "EVIL", "evil。example", "27182818", `href="javascript`} {
					if strings.Contains(m.HTML, bad) || strings.ContainsAny(bad, ".。28") && strings.Contains(m.Text, bad) {
						t.Errorf("%s: %.40q brought %s:\n%s", at, value, bad, m.HTML)
					}
				}
				if len(m.Text) > len(plain.Text)+400 || len(m.Subject) > 500 {
					t.Errorf("%s: %.40q brought %d bytes", at, value, len(m.Text))
				}
				if m.To != address1 {
					t.Errorf("%s: %.40q has it go to %q", at, value, m.To)
				}
			}
		}
	}
}

func TestTemplatesThatAreRefused(t *testing.T) {
	plain := func(s string) *text.Template { return text.Must(text.New("x").Parse(s)) }
	rich := func(s string) *html.Template { return html.Must(html.New("x").Parse(s)) }
	for name, tc := range map[string]struct {
		t    Templates
		says string
	}{
		"text without code":      {Templates{Text: plain("hello")}, "have to hold {{.Code}}"},
		"HTML without code":      {Templates{HTML: rich("<p>hello")}, "have to hold {{.Code}}"},
		"no action in text":      {Templates{Text: plain("{{.Code}}")}, "the {{.Action}} that people approve"},
		"no action in HTML":      {Templates{HTML: rich("<p>{{.Code}}")}, "the {{.Action}} that people approve"},
		"action before code":     {Templates{Text: plain("{{.Action}}: {{.Code}}")}, "the {{.Action}} that people approve"},
		"action first in HTML":   {Templates{HTML: rich("{{.Action}}: {{.Code}}")}, "the {{.Action}} that people approve"},
		"action without link":    {Templates{Text: plain("{{.Code}}{{if not .Link}}: {{.Action}}{{end}}")}, "the {{.Action}} that people approve"},
		"action's own line":      {Templates{Text: plain("{{.Code}}\n {{.Action}}")}, "a line that begins with {{.Action}}"},
		"code only without it":   {Templates{Text: plain("{{if .Action}}{{.Action}}{{else}}{{.Code}}{{end}}")}, "have to hold {{.Code}}"},
		"whole data":             {Templates{Text: plain("{{.}}")}, "have to hold {{.Code}}"},
		"code only in sign-ins":  {Templates{Text: plain("{{if not .Setup}}{{.Code}}{{end}}")}, "have to hold {{.Code}}"},
		"unknown field":          {Templates{Text: plain("{{.Code}}{{.Phone}}")}, "can't evaluate field Phone"},
		"fails with a link":      {Templates{Text: plain("{{.Code}}{{if .Link}}{{index .App 99}}{{end}}")}, "out of range"},
		"HTML that cannot be it": {Templates{HTML: rich("{{.Code}}<a href='{{if .Link}}'{{end}}>")}, "Config.Templates"},
	} {
		_, err := New(config(func(c *Config) { c.Templates = tc.t }))
		if err == nil || !strings.HasPrefix(err.Error(), "emailcode: Config.Templates: ") || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLocale: one mail is of one language, and the code is the same in all.
func TestLocale(t *testing.T) {
	own, err := words.Default().With("no", map[string]string{
		"codes.subject.sign_in": "Koden din for {app}", "codes.code": "Koden din er:", "codes.lasts": "Den virker i {span}.",
		"format.minutes": "{n, plural, one {# minutt} other {# minutter}}",
	})
	if err != nil {
		t.Fatal(err)
	}
	f := newFactor(t, func(c *Config) {
		c.Words = own
		c.Locale = func(u mfa.User, c mfa.Client) string { return u.Attributes["locale"] + c.App }
	})
	for tag, want := range map[string]string{"no": "no", "nb-NO": "no", "": "en", "tlh": "en", strings.Repeat("x", 1<<20): "en"} {
		r := challenge(address1)
		r.User.Attributes = map[string]string{"locale": tag}
		step, err := f.Challenge(bg, r)
		if err != nil {
			t.Fatal(err)
		}
		m := step.Delivery.Message
		norwegian := m.Subject == "Koden din for Example" && strings.Contains(m.Text, "\nKoden din er: ") && strings.Contains(m.Text, "Den virker i 5 minutter.")
		if norwegian != (want == "no") || !strings.Contains(m.HTML, `<html lang="`+want+`" dir="ltr">`) {
			t.Errorf("%.9s: %s\n%s", tag, m.Subject, m.HTML)
		}
	}
	empty, err := own.With("no", map[string]string{"codes.subject.setup": "{app, select, x { } other {{app}}}"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(config(func(c *Config) { c.Words, c.AppName = empty, "x" })); err == nil || !strings.Contains(err.Error(), "the subject is empty (in the language no)") {
		t.Error(err)
	}
}

// TestTemplateThatFailsLaterSendsNothing: a condition that was not met when it
// was tried. The error does not hold the code.
func TestTemplateThatFailsLaterSendsNothing(t *testing.T) {
	f := newFactor(t, func(c *Config) {
		c.Templates.Text = text.Must(text.New("x").Parse(`{{.Code}}{{.Action}}{{if eq .Name "ada@example.com"}}{{index .Code 99}}{{end}}`))
	})
	step, err := f.Challenge(bg, challenge(address1))
	if err == nil || step.Delivery != nil || strings.ContainsAny(err.Error(), "0123456789") {
		t.Errorf("%v", err)
	}
}
