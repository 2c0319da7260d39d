package emailcode

import (
	"errors"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
	"github.com/mfakit/mfa/words"
)

// Data is what a template can use. Name, Place and Device were chosen by others:
// each is one line without what cannot be seen, and empty where it would become a
// link. Of Action, a part of which can be others' choice too, nothing is left out,
// and no digits are hidden: links in it are taken apart. HTML escapes all of it besides.
type Data struct {
	Lang string // the tag of the language, for lang in HTML
	Dir  string // "ltr" or "rtl", for dir

	App      string
	Name     string // the account's; empty: it has none, or Setup
	Code     string
	Link     string // a page with a button that answers as the code does; empty: there is none
	Anywhere bool   // the link answers from any browser, not just the one that asked
	Setup    bool   // they confirm a new address, rather than a sign-in
	Action   string // what they approve; empty: a sign-in or the like

	Intro    string // what happens
	CodeIs   string // "Your code is:"
	Approves string // what stands before the action
	Lasts    string // how long the code and the link work
	Open     string // what stands before the link
	OpenIt   string // what is pressed in its place in HTML
	NotYou   string // what to do if it was somebody else

	// Facts are when it was asked for, and what is known of who asked: the address,
	// the place of that, and the browser and system ("Firefox, Windows").
	Facts []Fact
}

// A Fact is a line about who asked.
type Fact struct{ Label, Value string }

// Templates are what mails are made of. A nil field is this package's own. Both have
// to hold the code and, behind it and not at the beginning of a line, the action:
// {{with .Action}}{{$.Approves}} {{.}}{{end}}. They must not be changed once they are
// in use.
type Templates struct {
	Text *text.Template
	HTML *html.Template
}

// complete fills in this package's own templates, and tries each in all languages.
func (t Templates) complete(app string, all *words.Catalogue) (Templates, error) {
	if t.Text == nil {
		t.Text = ownText
	}
	if t.HTML == nil {
		t.HTML = ownHTML
	}
	for _, tag := range all.Tags() {
		l := all.Pick(tag)
		for _, s := range samples {
			d := s.say(l, app)
			m, err := t.message(l, d)
			if err == nil {
				err = fits(m, d)
			}
			if err != nil {
				return t, fmt.Errorf("%w (in the language %s)", err, tag)
			}
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
	case m.Subject == "":
		return errors.New("emailcode: Config.Words: the subject is empty")
	case d.Action == "":
		return nil
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

// samples are little and much to tell, on which templates are tried.
var samples = []telling{
	{code: sampleCode, life: time.Minute},
	{code: sampleCode, life: 5 * time.Minute, setup: true, ip: "192.0.2.1", place: "place", device: "device"},
	{code: sampleCode, life: 5 * time.Minute, name: "name", link: sampleLink, ip: "192.0.2.1", place: "place", device: "device"},
	{code: sampleCode, life: 5 * time.Minute, name: "name", link: sampleLink, anywhere: true},
	{code: sampleCode, life: 5 * time.Minute, action: "this action"},
	{code: sampleCode, life: 5 * time.Minute, name: "name", link: sampleLink, action: "this action", ip: "192.0.2.1", place: "place", device: "device"},
}

const (
	sampleCode = "0123456789"
	sampleLink = "https://example.com/l"
)

// message writes a mail, but for whom it goes to.
func (t Templates) message(l *words.Language, d Data) (m mfa.Message, err error) {
	var plain, rich strings.Builder
	if err := errors.Join(t.Text.Execute(&plain, d), t.HTML.Execute(&rich, d)); err != nil {
		return m, fmt.Errorf(faulty+"%w", err)
	}
	subject := l.Text("codes.subject."+d.kind(), "app", d.App)
	m.Subject, m.Text, m.HTML = strings.Join(strings.Fields(subject), " "), plain.String(), rich.String()
	return m, nil
}

// What is shown of a name, a place and an action, in characters: the last is never cut.
const (
	maxName   = 100
	maxPlace  = 80
	maxAction = 1024
)

// A telling is what one mail tells, before it is in words.
type telling struct {
	name, code, link, action string
	anywhere, setup          bool
	life                     time.Duration
	time                     time.Time
	ip, place, device        string
}

// tell is what one mail says. A new address is not told whose account it is for:
// it may be a stranger's.
func (f *Factor) tell(a asking, code string) telling {
	t := telling{
		code: code, life: time.Duration(f.codes.Minutes()) * time.Minute, setup: a.use == mfa.ForEnrollment, time: a.now.In(f.zone),
		place: shown.Text(a.client.Place, maxPlace), device: shown.Device(a.client.UserAgent),
	}
	if !t.setup {
		t.name, t.action = shown.Account(a.user.Name, maxName), shown.Whole(a.action, maxAction)
	}
	if a.client.IP.IsValid() {
		t.ip = a.client.IP.Unmap().WithZone("").String()
	}
	return t
}

// language is a user's.
func (f *Factor) language(a asking) *words.Language {
	if f.config.Locale == nil {
		return f.all.Pick()
	}
	return f.all.Pick(f.config.Locale(a.user, a.client))
}
