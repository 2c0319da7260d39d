package mfahttp

import (
	"html/template"

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
	Problem string // an English sentence for the user; empty: none
	Token   string // as the browser sent it
	Action  string // where the form posts to
}

const noticeHTML = `{{define "heading"}}
{{- if .Done}}{{if eq .Kind "reset.requested"}}The reset is cancelled{{else}}It is undone{{end}}
{{- else if .SignIn}}Please sign in first
{{- else if .Problem}}That did not work
{{- else if eq .Kind "reset.ready"}}Go on with the reset?
{{- else}}Was it you?{{end}}{{end -}}
` + pageHead + `{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}{{if .Done}}<p>{{if eq .Kind "reset.requested"}}Your ways to sign in stay as they were.{{else}}The ways to sign in that were added are removed.{{end}} Whoever did this probably has your password: please change it now, and wherever else you use it.</p>
{{else if .SignIn}}<p>The waiting time is over. To go on, sign in with your password in the browser in which you asked for the reset, and then open this link there once more.</p>
<p>If you did not ask for a reset, somebody else probably has your password. Sign in as usual, which cancels the reset, or use the link in the first mail about it. Then change your password.</p>
{{end}}{{if .Button}}<p>{{if eq .Kind "reset.ready"}}The button removes all ways to sign in that were added beside your password, and you set up a new one. If it was not you who asked for the reset, close this page, and cancel the reset by the link in the first mail about it.
{{- else if eq .Kind "reset.requested"}}Somebody has asked to reset the ways to sign in to your account. If it was not you, press the button: the reset is cancelled. If it was you, close this page: nothing happens.
{{- else}}A way to sign in was added to your account. If it was not you, press the button: it is removed, with all that were added since. If it was you, close this page: nothing happens.{{end}}</p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="token" value="{{.Token}}">
<button type="submit">{{if eq .Kind "reset.ready"}}Go on with the reset{{else if eq .Kind "reset.requested"}}It was not me: cancel the reset{{else}}It was not me: undo it{{end}}</button>
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

// incomplete is what most malformed links are.
const incomplete = "This link is not complete. Copy the whole link from the mail."

// noticeSentences tell people what they can do, by the code of the problem.
var noticeSentences = map[string]string{
	"bad_request":            incomplete,
	"too_large":              incomplete,
	"unsupported_media_type": incomplete,
	"code_not_valid":         "This link is no longer valid: it was used, has expired, or there is nothing left to do.",
	"cross_origin":           "Your browser did not confirm that the button was pressed on this page. Please open the link in another browser.",
	"reset_not_granted":      "There is no reset for this account any more. Please ask those who run this service.",
	"busy":                   "That did not work just now. Please press the button again.",
}

const (
	noticeWrong  = "Something went wrong. Please open the link again, or ask those who run this service."
	claimWrong   = "This link does not fit: it was used or has expired, the reset was cancelled, or it was asked for in another browser or for another account. Please use the newest mail, in the browser in which you asked for the reset."
	noticeHostly = "Something else went wrong, though: whoever did this may still be signed in."
)

// refuseNotice says on the page what went wrong.
func (h *Handler) refuseNotice(c *call, page NoticePage, err error) error {
	p := h.problem(err)
	h.logFault(c.r, p, err)
	if page.Problem = noticeSentences[p.Code]; page.Problem == "" {
		page.Problem = noticeWrong
	}
	page.Button = p.Code == "busy" // nothing was done, so the link is as good as before
	if page.Kind == mfa.EventResetReady {
		switch p.Code {
		case "no_flow", "flow_expired":
			page.SignIn, page.Problem = true, ""
		case "code_not_valid":
			page.Problem = claimWrong
		}
	}
	p.retryAfter(c.w)
	return h.notice.write(c.w, p.Status, page)
}
