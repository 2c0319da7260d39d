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
	Problem string // an English sentence for the user; empty: none
	Text    string // what the button approves, in the host's words; empty: nothing but who the user is, or it is not known
	Option  string
	Token   string
	Flow    string // empty, unless the link may be opened in any browser
	Action  string // where the form posts to
}

const linkHTML = `{{define "heading"}}{{if .Problem}}That did not work{{else if .Done}}Done{{else}}Is it you?{{end}}{{end -}}
` + pageHead + `{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}{{if .Done}}<p>You can go on in the other browser. This page can be closed.</p>
{{end}}{{with .Text}}<p><strong>{{.}}</strong></p>
{{end}}{{if .Button}}<p>Press the button if it was you who asked for the mail just now. {{if .Flow}}It lets the browser in that asked for it. {{end}}If it was not you, close this page: nothing happens.</p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="option" value="{{.Option}}">
<input type="hidden" name="token" value="{{.Token}}">
{{with .Flow}}<input type="hidden" name="flow" value="{{.}}">
{{end}}<button type="submit">Yes, it is me</button>
</form>
{{end}}` + pageFoot

var linkTemplate = template.Must(template.New("link").Parse(linkHTML))

// linkStates are all that the page has to be able to show.
var linkStates = []any{LinkPage{Button: true, Text: "t", Option: "o", Token: "t", Flow: "f", Action: "/"}, LinkPage{Done: true}, LinkPage{Problem: "p"}}

// refuseLink says on the page what went wrong.
func (h *Handler) refuseLink(c *call, page LinkPage, err error) error {
	p := h.problem(err)
	h.logFault(c.r, p, err)
	code := p.Code
	if page.Flow != "" && (code == "no_flow" || code == "no_option" || code == "flow_expired") {
		code = "code_not_valid" // and not in any other browser either
	}
	page.Problem, page.Done = linkSentence(code, err), false
	page.Button = p.Code == "busy" // nothing was accepted, so the link is as good as before
	p.retryAfter(c.w)
	return h.link.write(c.w, p.Status, page)
}

// linkSentences tell people what they can do, by the code of the problem.
var linkSentences = map[string]string{
	"bad_request":            "This link is not complete. Copy the whole link from the mail, or type the code from the mail.",
	"too_large":              "This link is not complete. Copy the whole link from the mail, or type the code from the mail.",
	"unsupported_media_type": "This link is not complete. Copy the whole link from the mail, or type the code from the mail.",
	"unauthenticated":        "You are no longer signed in here. Please sign in again.",
	"code_not_valid":         "This link is no longer valid: it was used, has expired, or a newer mail has replaced it. Please use the newest mail.",
	"cross_origin":           "Your browser did not confirm that the button was pressed on this page. Please type the code from the mail where you are signing in.",
	"no_flow":                "Please open this link in the browser in which you are signing in, or type the code from the mail there.",
	"no_option":              "Please open this link in the browser in which you are signing in, or type the code from the mail there.",
	"flow_expired":           "This sign-in is over or has expired. If you are signing in in another browser, open the link there; otherwise please sign in again.",
	"locked":                 "There were too many failures. Please try again later, or sign in another way.",
	"busy":                   "That did not work just now. Please press the button again.",
}

func linkSentence(code string, err error) string {
	if notValid := (*mfa.NotValidError)(nil); errors.As(err, &notValid) && notValid.Resent != nil {
		return "This link is no longer valid. A new mail is on its way; please use that one."
	}
	if s := linkSentences[code]; s != "" {
		return s
	}
	return "Something went wrong. Please type the code from the mail where you are signing in."
}
