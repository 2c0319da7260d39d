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
// link. Of Action, a part of which can be others' choice too, nothing is left out,
// and no digits are hidden: links in it are taken apart. HTML escapes all of it besides.
type Data struct {
	App      string
	Name     string // the account's; empty: it has none, or Setup
	Code     string
	Link     string // a page with a button that answers as the code does; empty: there is none
	Anywhere bool   // the link answers from any browser, not just the one that asked
	Minutes  int    // that the code and the link live
	Setup    bool   // they confirm a new address, rather than a sign-in
	Action   string // what they approve; empty: a sign-in or the like
	Time     string // with its zone
	IP       string // of who asked; empty: not known
	Place    string // of that address, roughly; empty: not known
	Device   string // browser and system ("Firefox, Windows"); empty: not known
}

// Templates are what mails are made of. A nil field is this package's own. Text
// and HTML have to hold the code and, behind it and not at the beginning of a line,
// the action: {{with .Action}}It approves: {{.}}{{end}}. Subject must hold
// neither: subjects show on locked screens. They must not be changed once they are
// in use.
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
		if err == nil {
			err = fits(m, d)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

const faulty = "emailcode: Config.Templates: "

// fits says whether a mail holds what it has to, and nothing where it must not. One
// that does not name its action would have people approve what they cannot see;
// before the code, or at the beginning of a line, an action's words could pass for ours.
func fits(m mfa.Message, d Data) error {
	switch {
	case !strings.Contains(m.Text, d.Code) || !strings.Contains(m.HTML, d.Code):
		return errors.New(faulty + "Text and HTML have to hold {{.Code}}")
	case strings.Contains(m.Subject, d.Code):
		return errors.New(faulty + "Subject must not hold {{.Code}}")
	case m.Subject == "":
		return errors.New(faulty + "Subject is empty")
	case d.Action == "":
		return nil
	case strings.Contains(m.Subject, d.Action):
		return errors.New(faulty + "Subject must not hold {{.Action}}")
	}
	for _, body := range []string{m.Text, m.HTML} {
		if strings.Index(body, d.Action) < strings.Index(body, d.Code) {
			return errors.New(faulty + "Text and HTML have to hold, behind {{.Code}}, the {{.Action}} that people approve by it")
		}
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), d.Action) {
			return errors.New(faulty + "Text has a line that begins with {{.Action}}, where others' words could pass for yours")
		}
	}
	return nil
}

// samples are little and much data, on which templates are tried.
var samples = []Data{
	{App: "App", Code: "0123456789", Minutes: 1, Time: "now"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Setup: true, IP: "192.0.2.1", Place: "place", Device: "device"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Name: "name", Link: "https://example.com/l", IP: "192.0.2.1", Place: "place", Device: "device"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Name: "name", Link: "https://example.com/l", Anywhere: true},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Action: "this action"},
	{App: "App", Code: "0123456789", Minutes: 5, Time: "now", Name: "name", Link: "https://example.com/l", Action: "this action", IP: "192.0.2.1", Place: "place", Device: "device"},
}

// message writes a mail, but for whom it goes to.
func (t Templates) message(d Data) (m mfa.Message, err error) {
	var subject, plain, rich strings.Builder
	if err := errors.Join(t.Subject.Execute(&subject, d), t.Text.Execute(&plain, d), t.HTML.Execute(&rich, d)); err != nil {
		return m, fmt.Errorf(faulty+"%w", err)
	}
	m.Subject, m.Text, m.HTML = shown.Line(subject.String()), plain.String(), rich.String()
	return m, nil
}

// What is shown of a name, a place and an action, in characters: the last is never cut.
const (
	maxName   = 100
	maxPlace  = 80
	maxAction = 1024
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
		d.Name, d.Action = shown.Account(a.user.Name, maxName), shown.Whole(a.action, maxAction)
	}
	if a.client.IP.IsValid() {
		d.IP = a.client.IP.Unmap().WithZone("").String()
	}
	return d
}
