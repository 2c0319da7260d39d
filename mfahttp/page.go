package mfahttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net/http"

	"github.com/mfakit/mfa/words"
)

// A page is one that a mail leads to.
type page struct {
	name     string // of the field of Config with the host's own
	template *template.Template
	policy   string // its Content-Security-Policy
}

// pageStyle is legible from 320 CSS pixels on (WCAG 2.2, 1.4.10), by day and night.
const pageStyle = `:root{color-scheme:light dark;background:Canvas;color:CanvasText}
body{margin:0;padding:1rem;font:1.125rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:32rem;margin:0 auto}
h1{font-size:1.5rem;line-height:1.25}
button{font:inherit;padding:.75rem 1.5rem;min-height:3rem;max-width:100%}`

const pageHead = `<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>` + pageStyle + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}`

const pageFoot = `</main>
</body>
</html>
`

// The page's address holds a secret: it loads nothing, so that nobody learns the
// address, runs nothing, posts to this origin alone, and is not to be framed, so
// that nobody is made to press its button unknowingly.
const noFrames = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

var (
	ownPolicy  = "default-src 'none'; style-src 'sha256-" + styleHash() + "'; " + noFrames
	hostPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; " + noFrames
)

func styleHash() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// speak picks the language of whoever looks at a page.
func (h *Handler) speak(r *http.Request) *words.Language {
	wanted := ""
	if h.language != nil {
		wanted = h.language(r)
	}
	if wanted == "" {
		wanted = r.Header.Get("Accept-Language")
	}
	return h.words.Pick(wanted)
}

// newPage is the host's page if it has one, tried in each of its states, and else ours.
func newPage(name string, host, own *template.Template, states ...any) (page, error) {
	if host == nil {
		return page{name, own, ownPolicy}, nil
	}
	p := page{name, host, hostPolicy}
	for _, data := range states {
		if err := p.execute(io.Discard, data); err != nil {
			return page{}, err
		}
	}
	return p, nil
}

func (p page) execute(w io.Writer, data any) error {
	if err := p.template.Execute(w, data); err != nil {
		return fmt.Errorf("mfahttp: Config.%s: %w", p.name, err)
	}
	return nil
}

func (p page) write(w http.ResponseWriter, status int, data any) error {
	var body bytes.Buffer
	if err := p.execute(&body, data); err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("X-Frame-Options", "DENY")
	answer(w, status, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// readForm reads what the button of a page has sent, and checks that it is ours.
func (h *Handler) readForm(c *call) (encoded string, err error) {
	if err := h.protect(c.r); err != nil {
		return "", err
	}
	body, err := readBody(c.w, c.r)
	if err != nil {
		return "", err
	}
	if mediaType, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return "", &Problem{Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type"}
	}
	return string(body), nil
}
