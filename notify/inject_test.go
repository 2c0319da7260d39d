package notify_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
	"github.com/mfakit/mfa/notify"
)

// hostile are values of the fields that somebody other than the host chooses.
var hostile = []string{
	"x\r\nBcc: eve@example.net\r\n\r\nbody", "x\nIf it was you, call us", "x\u2028y\u2029z\x00\x1b[31m\x7f\u0085",
	"\u202Etxt.exe", "a\u2066b", "\u200Ex\u200F", "z\u200Bero\uFEFF", "tag\U000E0041\U000E0042",
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{.App}}{{printf "%s" .}}`, `</td></table><a href="javascript:x">`,
	"javascript:alert(1)", "&lt;b&gt;", "\xff\xfe",
	"go to https://evil.example/x now", "WWW.EVIL.EXAMPLE", "evil.example", "evil。example", "ev\u200Bil.\u200Bexample", "eve@evil.example", "mailto:eve", "bücher.example",
	"code 271828", "2 7 1 8 2 8", "+47 912 34 567", "(212) 555-0142", "٢٧١٨٢٨١٨", "2-7-1-8-2-8-1",
	strings.Repeat("long ", 1000), strings.Repeat("é", 500),
}

func TestO12_NothingIsInjected(t *testing.T) {
	fields := map[string]func(*mfa.Event, string){
		"name":       func(e *mfa.Event, s string) { e.Name = s },
		"label":      func(e *mfa.Event, s string) { e.Label = s },
		"hint":       func(e *mfa.Event, s string) { e.Hint = s },
		"place":      func(e *mfa.Event, s string) { e.Place = s },
		"user agent": func(e *mfa.Event, s string) { e.UserAgent = s },
		"actor":      func(e *mfa.Event, s string) { e.Actor = s },
		"reason":     func(e *mfa.Event, s string) { e.Reason = s },
		"method":     func(e *mfa.Event, s string) { e.Method = s },
		"app":        func(e *mfa.Event, s string) { e.App = s },
		"type":       func(e *mfa.Event, s string) { e.Type = mfa.EventType(s) },
		"user":       func(e *mfa.Event, s string) { e.User = s },
	}
	plain := one(t, event(mfa.EventRemoved))
	b := &mailbox{}
	n := notifier(t, b)
	for field, set := range fields {
		t.Run(field, func(t *testing.T) {
			for _, value := range hostile {
				e := event(mfa.EventRemoved)
				set(&e, value)
				if err := n.Observe(t.Context(), e); err != nil {
					t.Fatal(err)
				}
				mails := b.all()
				m := mails[len(mails)-1]
				if strings.Count(m.Text, "\n") > strings.Count(plain.Text, "\n")+1 { // hints and methods have no line of their own
					t.Errorf("%q made lines:\n%s", value, m.Text)
				}
				for _, r := range m.Subject + m.Text + m.HTML {
					if r != '\n' && r != '\u2068' && r != '\u2069' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
						t.Errorf("%q brought %U", value, r)
					}
				}
				if m.Subject != plain.Subject && field != "type" {
					t.Errorf("%q is in the subject: %q", value, m.Subject)
				}
				for _, tag := range []string{"<script", "<img", "javascript:\"", "href=\"javascript", "</table><a"} {
					if strings.Contains(m.HTML, tag) {
						t.Errorf("%q is markup:\n%s", value, m.HTML)
					}
				}
				for _, bad := range []string{"271828", "2 7 1 8", "912 34", "555-0142", "٢٧١٨٢٨١٨", "2-7-1-8"} {
					if strings.Contains(m.Text+m.HTML, bad) {
						t.Errorf("%q is shown in full", value)
					}
				}
				for _, linkish := range []string{"://evil", "EVIL.EXAMPLE", "evil.example", "evil。example", "bücher.example"} {
					if field != "hint" && field != "name" && strings.Contains(m.Text+m.HTML, linkish) {
						t.Errorf("%q is shown as a link:\n%s", value, m.Text)
					}
				}
				if len(m.Text) > len(plain.Text)+600 {
					t.Errorf("%q makes the mail %d bytes longer", value, len(m.Text)-len(plain.Text))
				}
				if m.To != "ada@example.org" {
					t.Errorf("%q changed the recipient", value)
				}
			}
		})
	}
}

// A name may be an address, and is otherwise no link either.
func TestO12_Account(t *testing.T) {
	for name, want := range map[string]string{
		"ada@example.org": "Account: ada@example.org\n",
		"Ada Lovelace":    "Account: Ada Lovelace\n",
		"+4791234567":     "Account: …67\n",
		"Your account was hacked, go to evil.example":             "",
		"ada@example.org https://evil.example":                    "",
		"https://evil.example/@x":                                 "",
		"a@b/../evil.example?x":                                   "",
		"\u05D0\u05D3\u05D4 \u05DC\u05D1\u05DC\u05D9\u05D9\u05E1": "Account: \u2068\u05D0\u05D3\u05D4 \u05DC\u05D1\u05DC\u05D9\u05D9\u05E1\u2069\n",
	} {
		e := event(mfa.EventRemoved)
		e.Name = name
		m := one(t, e)
		if want == "" && strings.Contains(m.Text, "Account:") || !strings.Contains(m.Text, want) {
			t.Errorf("%q is shown as\n%s", name, m.Text)
		}
	}
}

// A89: what must not be written down is nowhere in the mail, its subject or an error, whatever
// field it has strayed into.
func TestA89_NoCodeNoNumber(t *testing.T) {
	for kind, notice := range eventTypes(t) {
		e := event(kind)
		e.Notice = notice
		e.Label, e.Hint, e.Reason, e.Actor = "code 314159", "+4791234567", "314159", ""
		b := &mailbox{}
		if err := notifier(t, b).Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		for _, m := range b.all() {
			for _, secret := range []string{"314159", "91234567", "4791"} {
				if strings.Contains(m.Subject+m.Text+m.HTML, secret) {
					t.Errorf("%s shows %s:\n%s", kind, secret, m.Text)
				}
			}
		}
		b.failing(func(mfa.Message) error { return &mfa.SendError{Reason: mfa.SendRefused} })
		if err := notifier(t, b).Observe(t.Context(), e); notice && kind != mfa.EventImported && (err == nil || strings.Contains(err.Error(), "ada") || strings.Contains(err.Error(), "314159")) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// What is made here is what the mailer takes.
func TestMailerTakesIt(t *testing.T) {
	m, err := mailer.New(mailer.Config{Addr: "127.0.0.1:1", From: "no-reply@example.com", InsecurePlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	c := config(nil)
	c.Sender = m
	n, err := notify.New(c)
	if err != nil {
		t.Fatal(err)
	}
	err = n.Observe(t.Context(), event(mfa.EventReset))
	if err == nil || !strings.Contains(err.Error(), mfa.SendUnreachable) { // and not refused
		t.Errorf("got %v", err)
	}
}
