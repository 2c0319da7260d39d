package sms

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"text/template"
	"unicode"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
)

// TextData is what a text can use: {{.App}}, {{.Code}}, {{.Minutes}}, {{.Action}}.
type TextData struct {
	App     string
	Code    string
	Minutes int    // that the code lives
	Action  string // what the code approves, on one line that is no link, cut after about 100 characters; empty: a sign-in or the like
}

// defaultText is in English, for every locale without a text of its own. It is
// short: with an app's name of 30 characters and a host of 46 it is one message,
// where it names no action. The code comes first, so that no digits of an action
// are taken for it.
const defaultText = "{{.Code}} is your {{.App}} code{{with .Action}} to approve: {{.}}\n{{else}}. {{end}}" +
	"It works for {{.Minutes}} minute{{if ne .Minutes 1}}s{{end}}. Give it to nobody."

// texts are the templates by locale, with the last line that binds the code to
// the site's host, so that phones fill it in there and nowhere else
// (WICG, Origin-bound one-time codes delivered via SMS, section 2.2).
type texts struct {
	codes  templates
	resets templates // of notices
	app    string
	host   string // empty: no last line
	locale func(mfa.User, mfa.Client) string
}

// templates are those of one kind, by locale; there is one for "".
type templates map[string]*template.Template

func newTexts(c Config) (texts, error) {
	t := texts{app: c.AppName, locale: c.Locale}
	var err error
	if t.host, err = hostOf(c.Origin); err != nil {
		return t, err
	}
	if t.codes, err = compile("Texts", defaultText, c.Texts, t.try); err != nil {
		return t, err
	}
	t.resets, err = compile("ResetTexts", defaultReset, c.ResetTexts, t.tryReset)
	return t, err
}

// compile reads the texts of a field of Config, and tries each.
func compile(field, byDefault string, given map[string]string, try func(*template.Template) error) (templates, error) {
	all := map[string]string{"": byDefault}
	maps.Copy(all, given)
	out := templates{}
	for locale, text := range all {
		parsed, err := template.New("sms").Parse(text)
		if err == nil {
			err = try(parsed)
		}
		if err != nil {
			return nil, fmt.Errorf("sms: Config.%s[%q]: %w", field, locale, err)
		}
		out[locale] = parsed
	}
	return out, nil
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
	body, err := t.render(tpl, TextData{App: t.app, Code: code, Minutes: 10})
	switch {
	case err != nil:
		return err
	case !strings.Contains(body, code):
		return errors.New("it does not say {{.Code}}")
	case Segments(body+t.lastLine(code)) > maxSegments:
		return fmt.Errorf("it costs more than %d messages", maxSegments)
	}
	return t.tryAction(tpl, code)
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
func (t texts) render(tpl *template.Template, data any) (string, error) {
	var b strings.Builder
	if err := tpl.Execute(&b, data); err != nil {
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

// text is the message that carries a code. A long action is cut until the message
// is a short one, or there is hardly anything left of it.
func (t texts) text(a asking, code string, minutes int) (string, error) {
	data := TextData{App: t.app, Code: code, Minutes: minutes}
	for limit := maxAction; ; limit -= 10 {
		if a.action != "" {
			if data.Action = shownAction(a.action, limit); data.Action == "" {
				return "", errors.New("sms: what is to be approved has no text that can be seen")
			}
		}
		body, err := t.render(t.pick(t.codes, a.user, a.client), data)
		if err != nil { // it was tried, but a template can have conditions
			return "", errors.New("sms: a text of Config.Texts cannot be used")
		}
		text := body + t.lastLine(code)
		if a.action == "" || limit <= minAction || Segments(text) <= goodSegments {
			return text, nil
		}
	}
}

// maxLocale is longer than any locale that is in use.
const maxLocale = 35

// pick finds the nearest text: that of zh-Hant-TW, of zh-Hant, of zh, of all.
func (t texts) pick(from templates, u mfa.User, c mfa.Client) *template.Template {
	locale := ""
	if t.locale != nil {
		locale = t.locale(u, c)
	}
	for len(locale) > 0 && len(locale) <= maxLocale {
		if tpl := from[locale]; tpl != nil {
			return tpl
		}
		locale = locale[:max(0, strings.LastIndexByte(locale, '-'))]
	}
	return from[""]
}

// Segments is how many messages a text costs: of 160 characters in the GSM 7-bit
// alphabet (153 where there are several), of 70 (67) in any other.
func Segments(text string) int { return gsm7.Segments(text) }
