package mfahttp

import (
	"errors"
	"html/template"

	"github.com/mfakit/mfa"
)

// LinkPage is what the page of a mailed link shows: a button, or Problem, or both,
// or that it is Done. The button belongs to a form which posts option, token and
// flow to Action. Option, Token and Flow are as the browser sent them.
type LinkPage struct {
	Button  bool   // show the form
	Done    bool   // the link was taken: another browser, where the sign-in began, can go on
	Problem string // a sentence for the user; empty: none
	Text    string // what the button approves, in the host's words; empty: nothing but who the user is, or it is not known
	Option  string
	Token   string
	Flow    string // empty, unless the link may be opened in any browser
	Action  string // where the form posts to

	// What our own page says, as Problem does in the language of [Config.Language].
	Lang, Dir string   // of html: "ar", "rtl"
	Title     string   // the heading
	Says      []string // the paragraphs
	Press     string   // the button's text
}

const linkHTML = pageHead + `{{with .Text}}<p><strong>{{.}}</strong></p>
{{end}}{{range .Says}}<p>{{.}}</p>
{{end}}{{if .Button}}<form method="post" action="{{.Action}}">
<input type="hidden" name="option" value="{{.Option}}">
<input type="hidden" name="token" value="{{.Token}}">
{{with .Flow}}<input type="hidden" name="flow" value="{{.}}">
{{end}}<button type="submit">{{.Press}}</button>
</form>
{{end}}` + pageFoot

var linkTemplate = template.Must(template.New("link").Parse(linkHTML))

// linkStates are all that the page has to be able to show.
var linkStates = []any{LinkPage{Button: true, Text: "t", Option: "o", Token: "t", Flow: "f", Action: "/"}, LinkPage{Done: true}, LinkPage{Problem: "p"}}

// writeLink puts what a page says into words.
func (h *Handler) writeLink(c *call, status int, page LinkPage) error {
	l := h.speak(c.r)
	page.Lang, page.Dir, page.Title = l.Tag(), l.Dir(), l.Text("page.link.title")
	switch {
	case page.Problem != "":
		page.Title = l.Text("page.link.failed")
	case page.Done:
		page.Title, page.Says = l.Text("page.link.done.title"), []string{l.Text("page.link.done")}
	}
	if page.Button {
		page.Says, page.Press = append(page.Says, l.Text("page.link.press", "anywhere", page.Flow != "")), l.Text("page.link.yes")
	}
	return h.link.write(c.w, status, page)
}

// refuseLink says on the page what went wrong.
func (h *Handler) refuseLink(c *call, page LinkPage, err error) error {
	p := h.problem(err)
	h.logFault(c.r, p, err)
	code := p.Code
	if page.Flow != "" && (code == "no_flow" || code == "no_option" || code == "flow_expired") {
		code = "code_not_valid" // and not in any other browser either
	}
	page.Problem, page.Done = h.speak(c.r).Text(linkMessage(code, err)), false
	page.Button = p.Code == "busy" // nothing was accepted, so the link is as good as before
	p.retryAfter(c.w)
	return h.writeLink(c, p.Status, page)
}

// linkMessages tell people what they can do, by the code of the problem.
var linkMessages = map[string]string{
	"bad_request":            "incomplete",
	"too_large":              "incomplete",
	"unsupported_media_type": "incomplete",
	"unauthenticated":        "unauthenticated",
	"code_not_valid":         "not_valid",
	"cross_origin":           "cross_origin",
	"no_flow":                "elsewhere",
	"no_option":              "elsewhere",
	"flow_expired":           "flow_expired",
	"locked":                 "locked",
	"busy":                   "busy",
}

func linkMessage(code string, err error) string {
	if notValid := (*mfa.NotValidError)(nil); errors.As(err, &notValid) && notValid.Resent != nil {
		return "page.link.error.resent"
	}
	if s := linkMessages[code]; s != "" {
		return "page.link.error." + s
	}
	return "page.link.error.internal"
}
