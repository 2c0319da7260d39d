package notify

import (
	"context"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
)

// A Language is the words of the mails in one language, or a host's own words.
// What it leaves out is English: the words of a kind come with the English form
// then, so that no mail is of two languages.
type Language struct {
	// Words by kind of event. The kind "" stands for all that have none.
	Words map[mfa.EventType]Words

	// Methods names the methods ("totp", "sms", …), for Data.Method. What is left
	// out is English.
	Methods map[string]string

	// Time is the form of dates, as of time.Format, with a zone ("MST" or
	// "-07:00"); empty: "2 January 2006, 15:04 MST".
	Time string

	// Text and HTML are the whole mail, over [Data]; nil: the built-in English
	// form, in which "When", "Device" and so on are said.
	Text *template.Template
	HTML *htmltemplate.Template
}

// A language is a Language, ready for use.
type language struct {
	kinds   map[mfa.EventType]*kind
	methods map[string]string
	time    string
	text    *template.Template
	html    *htmltemplate.Template
}

// A kind is the words of one kind of event; link is nil where there are none.
type kind struct{ subject, what, advice, link *template.Template }

// fallback is the tag of the built-in words.
const fallback = "en"

// compile prepares all languages, and tries them out.
func compile(c Config) (map[string]*language, error) {
	given := maps.Clone(c.Languages)
	if given == nil {
		given = map[string]Language{}
	}
	own := given[fallback]
	own.Words = maps.Clone(english)
	maps.Copy(own.Words, given[fallback].Words)
	given[fallback] = own
	all := map[string]*language{}
	for _, tag := range slices.Sorted(maps.Keys(given)) {
		l, err := prepare(given[tag])
		if err != nil {
			return nil, fmt.Errorf("notify: Languages[%q]: %w", tag, err)
		}
		for t := range l.kinds {
			for what, d := range samples(c) {
				d.Lang, d.Type = tag, t
				if err := l.try(t, d, c.Link != nil); err != nil {
					return nil, fmt.Errorf("notify: Languages[%q]: %s, with %s: %w", tag, t, what, err)
				}
			}
		}
		all[tag] = l
	}
	return all, nil
}

func prepare(l Language) (*language, error) {
	out := &language{kinds: map[mfa.EventType]*kind{}, methods: maps.Clone(methods), text: l.Text, html: l.HTML, time: l.Time}
	maps.Copy(out.methods, l.Methods)
	if out.time == "" {
		out.time = timeLayout
	}
	if !strings.Contains(out.time, "MST") && !strings.Contains(out.time, "07") {
		return nil, errors.New("the form of times (Time) names no zone")
	}
	if out.text == nil {
		out.text = template.Must(template.New("text").Parse(textLayout))
	}
	if out.html == nil {
		out.html = htmltemplate.Must(htmltemplate.New("html").Parse(htmlLayout))
	}
	for t, w := range l.Words {
		k := &kind{}
		for _, part := range []struct {
			name, source string
			into         **template.Template
		}{{"Subject", w.Subject, &k.subject}, {"What", w.What, &k.what}, {"Advice", w.Advice, &k.advice}, {"Link", w.Link, &k.link}} {
			switch {
			case part.source == "" && part.name == "Link":
				continue
			case part.source == "" && part.name != "Advice":
				return nil, fmt.Errorf("for %q there is no %s", t, part.name)
			}
			parsed, err := template.New(part.name).Parse(part.source)
			if err != nil {
				return nil, fmt.Errorf("for %q: %w", t, err)
			}
			*part.into = parsed
		}
		out.kinds[t] = k
	}
	return out, nil
}

// samples are full and empty data, on which templates are tried.
func samples(c Config) map[string]Data {
	return map[string]Data{
		"little to tell": {App: c.AppName, When: "now", Method: "M", Thing: "M"},
		"much to tell": {
			App: c.AppName, SettingsURL: c.SettingsURL, Support: c.SupportText, Account: "a", Method: "M", Label: "l", Hint: "h", Thing: "M",
			Count: 2, First: true, BySupport: true, When: "now", Until: "then", IP: "192.0.2.1", Place: "p", Device: "d",
		},
	}
}

// try renders the mail of a kind, and with a link, where it can have one.
func (l *language) try(t mfa.EventType, d Data, links bool) error {
	if _, err := l.render(t, d); err != nil || !links || l.kinds[t].link == nil && !slices.Contains(linkedKinds, t) {
		return err
	}
	const marker = "this-is-the-link"
	d.Link = "https://example.com/" + marker
	m, err := l.render(t, d)
	switch {
	case err != nil:
		return err
	case strings.Contains(m.Subject, marker):
		return errors.New("the subject holds {{.Link}}")
	case !strings.Contains(m.Text, d.Link) || !strings.Contains(m.HTML, marker):
		return errors.New("the form (Text, HTML) does not hold {{.Link}}, and Config.Link is set")
	}
	return nil
}

// render makes the mail of a kind.
func (l *language) render(t mfa.EventType, d Data) (mfa.Message, error) {
	k := l.kinds[t]
	if d.Link != "" && k.link == nil {
		return mfa.Message{}, errors.New("there are no words for the link (Words.Link), and Config.Link is set")
	}
	for _, part := range []struct {
		from *template.Template
		into *string
	}{{k.subject, &d.Subject}, {k.what, &d.What}, {k.advice, &d.Advice}, {k.link, &d.LinkText}} {
		if part.from == nil || part.from == k.link && d.Link == "" {
			continue
		}
		var b strings.Builder
		if err := part.from.Execute(&b, d); err != nil {
			return mfa.Message{}, err
		}
		*part.into = strings.TrimSpace(b.String())
	}
	d.Subject = shown.Line(d.Subject)
	if d.Subject == "" || d.What == "" || d.Link != "" && d.LinkText == "" {
		return mfa.Message{}, errors.New("the subject, the text or the link's text is empty")
	}
	var text, html strings.Builder
	if err := l.text.Execute(&text, d); err != nil {
		return mfa.Message{}, err
	}
	if err := l.html.Execute(&html, d); err != nil {
		return mfa.Message{}, err
	}
	return mfa.Message{Channel: mfa.ChannelEmail, Subject: d.Subject, Text: text.String(), HTML: html.String()}, nil
}

// compose writes the mail of an event, but for whom it goes to, without a link and
// with it. Where there is none, both are the same.
func (n *Notifier) compose(ctx context.Context, e mfa.Event, link string) (plain, with mfa.Message, err error) {
	tag := ""
	if n.config.Locale != nil {
		tag = n.config.Locale(ctx, e)
	}
	tag, t := n.pick(tag, e.Type, link != "")
	l := n.languages[tag]
	d := n.data(tag, l, e)
	if plain, err = l.render(t, d); err == nil {
		d.Link = link
		with, err = l.render(t, d)
	}
	if err != nil { // templates were tried, but can call a host's functions
		return plain, with, fmt.Errorf("notify: the words for %s cannot be used", e.Type)
	}
	return plain, with, nil
}

// pick finds the nearest language that has words for a kind, and for its link where
// there is one, and whether those are its own or the general ones.
func (n *Notifier) pick(tag string, t mfa.EventType, link bool) (string, mfa.EventType) {
	for tag != "" {
		if l := n.languages[tag]; l != nil {
			for _, k := range []mfa.EventType{t, anyKind} {
				if words := l.kinds[k]; words != nil && (!link || words.link != nil) {
					return tag, k
				}
			}
		}
		end := strings.LastIndexByte(tag, '-')
		tag = tag[:max(end, 0)]
	}
	if n.languages[fallback].kinds[t] == nil {
		t = anyKind
	}
	return fallback, t
}

// when writes a time with its zone.
func (l *language) when(t time.Time, in *time.Location) string { return t.In(in).Format(l.time) }
