package mfahttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"github.com/mfakit/mfa"
)

// LinkPage is what the page of a mailed link shows: a button, or Problem, or both,
// or that it is Done. The button belongs to a form which posts option, token and
// flow to Action. Option, Token and Flow are as the browser sent them.
type LinkPage struct {
	Button  bool   // show the form
	Done    bool   // the link was taken: another browser, where the sign-in began, can go on
	Problem string // an English sentence for the user; empty: none
	Option  string
	Token   string
	Flow    string // empty, unless the link may be opened in any browser
	Action  string // where the form posts to
}

// linkStyle is legible from 320 CSS pixels on (WCAG 2.2, 1.4.10), by day and night.
const linkStyle = `:root{color-scheme:light dark}
body{margin:0;padding:1rem;font:1.125rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:32rem;margin:0 auto}
h1{font-size:1.5rem;line-height:1.25}
button{font:inherit;padding:.75rem 1.5rem;min-height:3rem;max-width:100%}`

const linkHTML = `{{define "heading"}}{{if .Problem}}That did not work{{else if .Done}}Done{{else}}Is it you?{{end}}{{end -}}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{template "heading" .}}</title>
<style>` + linkStyle + `</style>
</head>
<body>
<main>
<h1>{{template "heading" .}}</h1>
{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}{{if .Done}}<p>You can go on in the other browser. This page can be closed.</p>
{{end}}{{if .Button}}<p>Press the button if it was you who asked for the mail just now. {{if .Flow}}It lets the browser in that asked for it. {{end}}If it was not you, close this page: nothing happens.</p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="option" value="{{.Option}}">
<input type="hidden" name="token" value="{{.Token}}">
{{with .Flow}}<input type="hidden" name="flow" value="{{.}}">
{{end}}<button type="submit">Yes, it is me</button>
</form>
{{end}}</main>
</body>
</html>
`

var linkTemplate = template.Must(template.New("link").Parse(linkHTML))

// The page's address holds a secret: it loads nothing, so that nobody learns the
// address, runs nothing, posts to this origin alone, and is not to be framed, so
// that nobody is made to press its button unknowingly.
const noFrames = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

var (
	linkPolicy     = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; " + noFrames
	hostLinkPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; " + noFrames
)

func styleHash() string {
	sum := sha256.Sum256([]byte(linkStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// checkLinkPage tries a host's page in each of its states.
func checkLinkPage(t *template.Template) error {
	if t == nil {
		return nil
	}
	for _, page := range []LinkPage{{Button: true, Option: "o", Token: "t", Flow: "f", Action: "/"}, {Done: true}, {Problem: "p"}} {
		if err := t.Execute(io.Discard, page); err != nil {
			return fmt.Errorf("mfahttp: Config.Link: %w", err)
		}
	}
	return nil
}

func (h *Handler) writeLink(w http.ResponseWriter, status int, page LinkPage) error {
	var body bytes.Buffer
	if err := h.link.Execute(&body, page); err != nil {
		return fmt.Errorf("mfahttp: Config.Link: %w", err)
	}
	w.Header().Set("Content-Security-Policy", h.linkCSP)
	w.Header().Set("X-Frame-Options", "DENY")
	answer(w, status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

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
	return h.writeLink(c.w, p.Status, page)
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
