package snippets

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

//go:embed pages
var own embed.FS

func ready(mux *http.ServeMux, engine *mfa.Engine, host mfahttp.Host, userLanguage func(*http.Request) string) (*pages.Pages, error) {
	templates, err := fs.Sub(own, "pages") // message.html, to be found under the name of theirs
	if err != nil {
		return nil, err
	}
	catalogue, err := words.Default().With("en", map[string]string{
		"page.more.title": "Another way to sign in, in case you lose this one",
	})
	if err != nil {
		return nil, err
	}
	p, err := pages.Mount(mux, mfahttp.Config{
		Engine: engine, Host: host, Origin: "https://www.example.com",
		Words: catalogue, Language: userLanguage, // nil: what the browser asks for
	}, pages.Config{
		App: "Example", SignIn: "/login", SignOut: "/logout", Password: "/reauthenticate",
		Theme:     pages.Theme{Accent: "#0b6e4f", AccentText: "#fff", DarkAccent: "#7fd8b8", DarkAccentText: "#06281d", Radius: "4px"},
		Logo:      "/static/logo.svg",
		Frame:     frame,     // nil: theirs
		Templates: templates, // nil: theirs
	})
	return p, err
}

var frame = template.Must(template.New("frame").Parse(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}} – Example</title><link rel="stylesheet" href="/static/site.css">{{.Head}}</head>
<body><header><a href="/">Example</a> {{.User}}</header><main>{{.Main}}</main></body>
</html>`))

func again(engine *mfa.Engine, p *pages.Pages, host mfahttp.Host, right func(user, password string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, evidence, err := host.Session(r)
		if err != nil {
			p.AskPassword(w, r, err)
			return
		}
		if !right(user.ID, r.FormValue("password")) { // REPLACE: a limit on tries
			p.AskPassword(w, r, &mfahttp.Problem{Status: http.StatusUnauthorized, Code: "invalid_credentials"})
			return
		}
		if err := p.API().Renewed(w, r, engine.Reauthenticated(evidence, mfa.Password)); err != nil {
			p.API().WriteError(w, r, err)
			return
		}
		http.Redirect(w, r, mfahttp.ReturnPath(r), http.StatusSeeOther)
	}
}
