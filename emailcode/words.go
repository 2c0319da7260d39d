package emailcode

import (
	html "html/template"
	text "text/template"

	"github.com/mfakit/mfa/words"
)

// kind is the end of the ids of what a mail says: a code is asked for by whoever gave
// the right password, so that one which nobody asked for means a stolen one, but also
// by who changes something while signed in.
func (d Data) kind() string {
	switch {
	case d.Setup:
		return "setup"
	case d.Action != "":
		return "action"
	}
	return "sign_in"
}

// say puts what is to be told into words.
func (t telling) say(l *words.Language, app string) Data {
	d := Data{
		Lang: l.Tag(), Dir: l.Dir(), App: app, Name: t.name, Code: t.code, Link: t.link, Anywhere: t.anywhere, Setup: t.setup, Action: l.Isolate(t.action),
		CodeIs: l.Text("codes.code"), Approves: l.Text("codes.approves"), Lasts: l.Text("codes.lasts", "span", t.life),
		Open: l.Text("codes.link"), OpenIt: l.Text("codes.link.open"),
	}
	if t.anywhere {
		d.Open = l.Text("codes.link.anywhere")
	}
	known := []any{"app", app, "name", t.name, "link", t.link != ""}
	d.Intro, d.NotYou = l.Text("codes.intro."+d.kind(), known...), l.Text("codes.not_you."+d.kind(), known...)
	place := t.place
	if place != "" {
		place = l.Text("codes.place", "place", place)
	}
	d.Facts = []Fact{{l.Text("codes.label.time"), l.Time(t.time)}}
	for _, f := range []Fact{{"address", l.Isolate(t.ip)}, {"place", place}, {"device", l.Isolate(t.device)}} {
		if f.Value != "" {
			d.Facts = append(d.Facts, Fact{l.Text("codes.label." + f.Label), f.Value})
		}
	}
	return d
}

// The form of a mail. The code comes before the action, so that no digits of that are
// taken for it. The direction is on an element of its own, as programs that show mail
// in pages of their own drop html and body.

var ownText = text.Must(text.New("text").Parse(`{{.Intro}}

{{.CodeIs}} {{.Code}}
{{with .Action}}
{{$.Approves}} {{.}}
{{end}}
{{.Lasts}}
{{with .Link}}
{{$.Open}}
{{.}}
{{end}}
{{range .Facts}}{{.Label}}: {{.Value}}
{{end}}
{{.NotYou}}
`))

var ownHTML = html.Must(html.New("html").Parse(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}"><body>
<div lang="{{.Lang}}" dir="{{.Dir}}" style="font-family:sans-serif;line-height:1.5;max-width:34em">
<p>{{.Intro}}</p>
<p>{{.CodeIs}}</p>
<p style="font-size:2em;letter-spacing:.1em"><strong>{{.Code}}</strong></p>
{{with .Action}}<p>{{$.Approves}} <strong><bdi>{{.}}</bdi></strong></p>
{{end}}<p>{{.Lasts}}</p>
{{with .Link}}<p>{{$.Open}} <a href="{{.}}">{{$.OpenIt}}</a></p>
{{end}}<table style="border-spacing:0 .2em">
{{range .Facts}}<tr><td>{{.Label}}&nbsp;</td><td><bdi>{{.Value}}</bdi></td></tr>
{{end}}</table>
<p>{{.NotYou}}</p>
</div></body></html>
`))
