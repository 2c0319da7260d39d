package emailcode

import (
	"errors"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
)

// Data is what a template can use. Name, Place and Device were chosen by others:
// each is one line without what cannot be seen, and empty where it would become a
// link. HTML escapes all of it besides.
type Data struct {
	App      string
	Name     string // the account's; empty: it has none, or Setup
	Code     string
	Link     string // a page with a button that answers as the code does; empty: there is none
	Anywhere bool   // the link answers from any browser, not just the one that asked
	Minutes  int    // that the code and the link live
	Setup    bool   // they confirm a new address, rather than a sign-in
	Time     string // with its zone
	IP       string // of who asked; empty: not known
	Place    string // of that address, roughly; empty: not known
	Device   string // browser and system ("Firefox, Windows"); empty: not known
}

// Templates are what mails are made of. A nil field is this package's own. Text
// and HTML have to hold the code, and Subject must not: subjects show on locked
// screens. They must not be changed once they are in use.
type Templates struct {
	Subject *text.Template // one line
	Text    *text.Template
	HTML    *html.Template
}

// complete fills in this package's own templates, and tries each.
func (t Templates) complete() (Templates, error) {
	if t.Subject == nil {
		t.Subject = text.Must(text.New("subject").Parse(subject))
	}
	if t.Text == nil {
		t.Text = text.Must(text.New("text").Parse(textBody))
	}
	if t.HTML == nil {
		t.HTML = html.Must(html.New("html").Parse(htmlBody))
	}
	for _, d := range samples {
		m, err := t.message(d)
		switch {
		case err != nil:
			return t, err
		case !strings.Contains(m.Text, d.Code) || !strings.Contains(m.HTML, d.Code):
			return t, errors.New("emailcode: Config.Templates: Text and HTML have to hold {{.Code}}")
		case strings.Contains(m.Subject, d.Code):
			return t, errors.New("emailcode: Config.Templates: Subject must not hold {{.Code}}")
		case m.Subject == "":
			return t, errors.New("emailcode: Config.Templates: Subject is empty")
		}
	}
	return t, nil
}

// samples are little and much data, on which templates are tried.
var samples = []Data{
	{App: "App", Code: "0123456789", Minutes: 1, Time: "now"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Setup: true, IP: "192.0.2.1", Place: "place", Device: "device"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Name: "name", Link: "https://example.com/l", IP: "192.0.2.1", Place: "place", Device: "device"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Name: "name", Link: "https://example.com/l", Anywhere: true},
}

// message writes a mail, but for whom it goes to.
func (t Templates) message(d Data) (m mfa.Message, err error) {
	var subject, plain, rich strings.Builder
	if err := errors.Join(t.Subject.Execute(&subject, d), t.Text.Execute(&plain, d), t.HTML.Execute(&rich, d)); err != nil {
		return m, fmt.Errorf("emailcode: Config.Templates: %w", err)
	}
	m.Subject, m.Text, m.HTML = shown.Line(subject.String()), plain.String(), rich.String()
	return m, nil
}

// What is shown of a name and a place, in characters.
const (
	maxName  = 100
	maxPlace = 80
)

// data is what one mail says. A new address is not told whose account it is for:
// it may be a stranger's.
func (f *Factor) data(a asking, code string) Data {
	d := Data{
		App: f.config.AppName, Code: code, Minutes: f.codes.Minutes(), Setup: a.use == mfa.ForEnrollment,
		Time:  a.now.In(f.zone).Format("Mon, 2 Jan 2006 15:04 MST"),
		Place: shown.Text(a.client.Place, maxPlace), Device: shown.Device(a.client.UserAgent),
	}
	if !d.Setup {
		d.Name = shown.Account(a.user.Name, maxName)
	}
	if a.client.IP.IsValid() {
		d.IP = a.client.IP.Unmap().WithZone("").String()
	}
	return d
}
