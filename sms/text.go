package sms

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
)

// TextData is what a text can use: {{.App}}, {{.Code}}, {{.Minutes}}.
type TextData struct {
	App     string
	Code    string
	Minutes int // that the code lives
}

// defaultText is in English, for every locale without a text of its own. It is
// short: with an app's name of 30 characters and a host of 46 it is one message.
const defaultText = "{{.Code}} is your {{.App}} code. It works for {{.Minutes}} minute{{if ne .Minutes 1}}s{{end}}. Give it to nobody."

// texts are the templates by locale, with the last line that binds the code to
// the site's host, so that phones fill it in there and nowhere else
// (WICG, Origin-bound one-time codes delivered via SMS, section 2.2).
type texts struct {
	byLocale map[string]*template.Template
	app      string
	host     string // empty: no last line
	locale   func(mfa.User, mfa.Client) string
}

func newTexts(c Config) (texts, error) {
	t := texts{byLocale: map[string]*template.Template{}, app: c.AppName, locale: c.Locale}
	var err error
	if t.host, err = hostOf(c.Origin); err != nil {
		return t, err
	}
	all := map[string]string{"": defaultText}
	for locale, text := range c.Texts {
		all[locale] = text
	}
	for locale, text := range all {
		parsed, err := template.New("sms").Parse(text)
		if err == nil {
			err = t.try(parsed)
		}
		if err != nil {
			return t, fmt.Errorf("sms: Config.Texts[%q]: %w", locale, err)
		}
		t.byLocale[locale] = parsed
	}
	return t, nil
}

// hostOf is the host of an origin. Phones bind codes to hosts, in the form in
// which browsers compare them: lower case, and xn-- for other scripts.
func hostOf(origin string) (string, error) {
	if origin == "" {
		return "", nil
	}
	host, ok := strings.CutPrefix(origin, "https://")
	host = strings.ToLower(host)
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			ok = false
		}
	}
	if !ok || len(host) > maxHost {
		return "", errors.New("sms: Config.Origin must be https:// and a host, without a port; a name in another script in its xn-- form")
	}
	return host, nil
}

// maxHost is what a domain name may have (RFC 1035 section 2.3.4).
const maxHost = 253

// maxSegments is the most that a text may cost. Limits count messages, and each
// segment is paid for.
const maxSegments = 4

// try renders a template as it will be, with the longest code.
func (t texts) try(tpl *template.Template) error {
	const code = "0123456789"
	body, err := t.render(tpl, code, 10)
	switch {
	case err != nil:
		return err
	case !strings.Contains(body, code):
		return errors.New("it does not say {{.Code}}")
	case Segments(body+t.lastLine(code)) > maxSegments:
		return fmt.Errorf("it costs more than %d messages", maxSegments)
	}
	return nil
}

// lastLine is "@host #code", which has to be alone on the last line.
func (t texts) lastLine(code string) string {
	if t.host == "" {
		return ""
	}
	return "\n\n@" + t.host + " #" + code
}

// render is a text without its last line, and with no other that would pass for
// one.
func (t texts) render(tpl *template.Template, code string, minutes int) (string, error) {
	var b strings.Builder
	if err := tpl.Execute(&b, TextData{App: t.app, Code: code, Minutes: minutes}); err != nil {
		return "", err
	}
	body := strings.TrimSpace(b.String())
	if strings.ContainsFunc(body, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		return "", errors.New("it has control characters")
	}
	for line := range strings.SplitSeq(body, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "@") {
			return "", errors.New("it has a line that begins with @, which phones read a code from")
		}
	}
	return body, nil
}

// text is the message for one person.
func (t texts) text(u mfa.User, c mfa.Client, code string, minutes int) (string, error) {
	body, err := t.render(t.pick(u, c), code, minutes)
	if err != nil { // it was tried, but a template can have conditions
		return "", errors.New("sms: a text of Config.Texts cannot be used")
	}
	return body + t.lastLine(code), nil
}

// maxLocale is longer than any locale that is in use.
const maxLocale = 35

// pick finds the nearest text: that of zh-Hant-TW, of zh-Hant, of zh, of all.
func (t texts) pick(u mfa.User, c mfa.Client) *template.Template {
	locale := ""
	if t.locale != nil {
		locale = t.locale(u, c)
	}
	for len(locale) > 0 && len(locale) <= maxLocale {
		if tpl := t.byLocale[locale]; tpl != nil {
			return tpl
		}
		locale = locale[:max(0, strings.LastIndexByte(locale, '-'))]
	}
	return t.byLocale[""]
}

// Segments is how many messages a text costs: of 160 characters in the GSM 7-bit
// alphabet (153 where there are several), of 70 (67) in any other.
func Segments(text string) int { return gsm7.Segments(text) }
