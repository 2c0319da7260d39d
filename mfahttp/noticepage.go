package mfahttp

import (
	"html/template"
	"strings"

	"github.com/mfakit/mfa"
)

// NoticePage is what the page of a security mail's link shows: a button, or that
// somebody has to sign in first, or that it is Done, with a Problem or without. The
// button belongs to a form which posts token to Action.
type NoticePage struct {
	// Kind is what the mail was about, and so what the button does. After
	// [mfa.EventEnrolled] it undoes the account's first enrolment, after
	// [mfa.EventResetRequested] it cancels the delayed reset, and after
	// [mfa.EventResetReady] it goes on with that. Empty: the link was not readable.
	Kind    mfa.EventType
	Button  bool   // show the form
	SignIn  bool   // of EventResetReady: sign in with the password first, in the browser that asked, and open the link again
	Done    bool   // it was undone or cancelled
	Problem string // a sentence for the user; empty: none
	Token   string // as the browser sent it
	Action  string // where the form posts to

	// What our own page says, as Problem does in the language of [Config.Language].
	Lang, Dir string   // of html: "ar", "rtl"
	Title     string   // the heading
	Says      []string // the paragraphs
	Press     string   // the button's text
}

const noticeHTML = pageHead + `{{range .Says}}<p>{{.}}</p>
{{end}}{{if .Button}}<form method="post" action="{{.Action}}">
<input type="hidden" name="token" value="{{.Token}}">
<button type="submit">{{.Press}}</button>
</form>
{{end}}` + pageFoot

var noticeTemplate = template.Must(template.New("notice").Parse(noticeHTML))

// noticeStates are all that the page has to be able to show.
var noticeStates = []any{
	NoticePage{Kind: mfa.EventEnrolled, Button: true, Token: "t", Action: "/"}, NoticePage{Kind: mfa.EventEnrolled, Done: true},
	NoticePage{Kind: mfa.EventResetRequested, Button: true, Token: "t", Action: "/"}, NoticePage{Kind: mfa.EventResetRequested, Done: true, Problem: "p"},
	NoticePage{Kind: mfa.EventResetReady, Button: true, Token: "t", Action: "/"}, NoticePage{Kind: mfa.EventResetReady, SignIn: true},
	NoticePage{Problem: "p"},
}

// writeNotice puts what a page says into words.
func (h *Handler) writeNotice(c *call, status int, page NoticePage) error {
	l, about := h.speak(c.r), strings.ReplaceAll(string(page.Kind), ".", "_")
	say := func(id string) string { return l.Text("page.notice."+id, "about", about) }
	page.Lang, page.Dir, page.Title = l.Tag(), l.Dir(), say("title")
	switch {
	case page.Done:
		page.Title, page.Says = say("done.title"), []string{say("done"), say("done.password")}
	case page.SignIn:
		page.Title, page.Says = say("sign_in.title"), []string{say("sign_in"), say("sign_in.not_me")}
	case page.Problem != "":
		page.Title = say("failed")
	}
	if page.Button {
		page.Says, page.Press = append(page.Says, say("press")), say("button")
	}
	return h.notice.write(c.w, status, page)
}

// noticeMessages tell people what they can do, by the code of the problem.
var noticeMessages = map[string]string{
	"bad_request":            "incomplete",
	"too_large":              "incomplete",
	"unsupported_media_type": "incomplete",
	"code_not_valid":         "not_valid",
	"cross_origin":           "cross_origin",
	"reset_not_granted":      "reset_not_granted",
	"busy":                   "busy",
}

// refuseNotice says on the page what went wrong.
func (h *Handler) refuseNotice(c *call, page NoticePage, err error) error {
	p := h.problem(err)
	h.logFault(c.r, p, err)
	id := noticeMessages[p.Code]
	if id == "" {
		id = "internal"
	}
	page.Button = p.Code == "busy" // nothing was done, so the link is as good as before
	if page.Kind == mfa.EventResetReady {
		switch p.Code {
		case "no_flow", "flow_expired":
			page.SignIn, id = true, ""
		case "code_not_valid":
			id = "claim"
		}
	}
	if id != "" {
		page.Problem = h.speak(c.r).Text("page.notice.error." + id)
	}
	p.retryAfter(c.w)
	return h.writeNotice(c, p.Status, page)
}
