package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
	"github.com/mfakit/mfa/words"
)

// language is that of the person whom an event concerns.
func (n *Notifier) language(ctx context.Context, e mfa.Event) *words.Language {
	if n.config.Locale == nil {
		return n.config.Words.Pick()
	}
	return n.config.Words.Pick(n.config.Locale(ctx, e))
}

// message is the beginning of the ids of what is said of a kind of event; of one
// that has no words, what is said in general.
func message(l *words.Language, t mfa.EventType) string {
	if id := "mail." + string(t) + "."; l.Has(id + "subject") {
		return id
	}
	return "mail.other."
}

// compose writes the mail of an event, but for whom it goes to.
func (n *Notifier) compose(l *words.Language, e mfa.Event, link string) (mfa.Message, error) {
	d := n.data(l, e)
	d.Link = link
	n.say(l, e, &d)
	m, err := n.render(d)
	if err != nil { // the templates were tried, but can have conditions
		return m, fmt.Errorf("notify: the form of mails (Text, HTML) cannot be used for %s", e.Type)
	}
	return m, nil
}

// say fills in what the words of the event's kind make of it.
func (n *Notifier) say(l *words.Language, e mfa.Event, d *Data) {
	by := "user"
	switch {
	case e.Actor != "":
		by = "support"
	case e.Type == mfa.EventReset && e.Reason == "delayed_reset":
		by = "waited"
	}
	until := ""
	if !e.Until.IsZero() {
		until = l.Time(e.Until.In(n.config.Location))
	}
	known := []any{
		"app", d.App, "thing", thing(l, e), "old", shown.Hint(e.OldHint, maxShown), "by", by, "first", e.First,
		"count", e.Count, "place", d.Place, "until", until, "link", d.Link != "",
	}
	id := message(l, e.Type)
	d.Subject, d.What = oneLine(l.Text(id+"subject", known...)), l.Text(id+"what", known...)
	if l.Has(id + "advice") {
		d.Advice = l.Text(id+"advice", known...)
	}
	if d.Link != "" {
		d.LinkText = l.Text(id+"link", known...)
	}
}

// oneLine is fit for a header. It leaves the marks that words put around an
// application's name in languages that are written from right to left.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// complete says whether the words of a mail are there.
func complete(d Data) error {
	if d.Subject == "" || strings.TrimSpace(d.What) == "" || d.Link != "" && strings.TrimSpace(d.LinkText) == "" {
		return errors.New("the subject, the text or the link's text is empty")
	}
	return nil
}

// render puts a mail into its form.
func (n *Notifier) render(d Data) (mfa.Message, error) {
	if err := complete(d); err != nil {
		return mfa.Message{}, err
	}
	var text, html strings.Builder
	if err := n.config.Text.Execute(&text, d); err != nil {
		return mfa.Message{}, err
	}
	if err := n.config.HTML.Execute(&html, d); err != nil {
		return mfa.Message{}, err
	}
	return mfa.Message{Channel: mfa.ChannelEmail, Subject: d.Subject, Text: text.String(), HTML: html.String()}, nil
}

// try writes the mails of every kind in a language, with little and with much to tell;
// where the forms are a host's own, those too.
func (n *Notifier) try(l *words.Language, forms bool) error {
	for _, t := range n.kinds() {
		for _, e := range []mfa.Event{{Type: t}, {
			Type: t, Name: "a", Method: "m", Label: "l", Hint: "h", OldHint: "o", Count: 2, First: true, Place: "p",
			UserAgent: "Firefox/1.0 Windows", IP: sampleIP, Time: sampleTime, Until: sampleTime,
		}} {
			links := []string{""}
			if has, _ := linked(e); has && n.config.Link != nil {
				links = append(links, "https://example.com/"+sampleLink)
			}
			for _, link := range links {
				if err := n.tryOne(l, e, link, forms); err != nil {
					return fmt.Errorf("%s: %w", t, err)
				}
			}
		}
	}
	return nil
}

func (n *Notifier) tryOne(l *words.Language, e mfa.Event, link string, forms bool) error {
	d := n.data(l, e)
	d.Link = link
	n.say(l, e, &d)
	if !forms {
		return complete(d)
	}
	m, err := n.render(d)
	if err == nil && link != "" && (!strings.Contains(m.Text, link) || !strings.Contains(m.HTML, sampleLink)) {
		err = errors.New("the form (Text, HTML) does not hold {{.Link}}, and Config.Link is set")
	}
	return err
}

// kinds are those that there are words for.
func (n *Notifier) kinds() []mfa.EventType {
	var out []mfa.EventType
	for _, id := range n.config.Words.IDs() {
		if t, ok := strings.CutSuffix(id, ".subject"); ok {
			if t, ok = strings.CutPrefix(t, "mail."); ok {
				out = append(out, mfa.EventType(t))
			}
		}
	}
	return out
}
