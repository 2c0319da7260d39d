package notify

import (
	htmltemplate "html/template"
	"text/template"
)

// The form of a mail, around the words of its kind. The direction is on the first
// element too, as programs that show mail in pages of their own drop html and body.

var ownText = template.Must(template.New("text").Parse(`{{.What}}

{{range .Facts}}{{.Label}}: {{.Value}}
{{end}}
{{with .Advice}}{{.}}
{{end}}{{with .Link}}
{{$.LinkText}}: {{.}}
{{end}}{{with .SettingsURL}}
{{$.SettingsText}}: {{.}}
{{end}}{{with .Support}}
{{.}}
{{end}}
{{.Footer}}
`))

var ownHTML = htmltemplate.Must(htmltemplate.New("html").Parse(`<!DOCTYPE html>
<html lang="{{.Lang}}" dir="{{.Dir}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a;background:#ffffff">
<div lang="{{.Lang}}" dir="{{.Dir}}" style="max-width:36em;margin:0 auto">
<h1 style="font-size:20px;margin:0 0 16px">{{.Subject}}</h1>
<p>{{.What}}</p>
<table style="border-collapse:collapse">
{{range .Facts}}<tr><th scope="row" style="text-align:start;padding:2px 8px;font-weight:normal;color:#555555">{{.Label}}</th><td style="padding:2px 8px"><bdi>{{.Value}}</bdi></td></tr>
{{end}}</table>
{{with .Advice}}<p>{{.}}</p>
{{end}}{{with .Link}}<p><a href="{{.}}">{{$.LinkText}}</a></p>
{{end}}{{with .SettingsURL}}<p>{{$.SettingsText}}: <a href="{{.}}">{{.}}</a></p>
{{end}}{{with .Support}}<p>{{.}}</p>
{{end}}<p style="font-size:14px;color:#555555">{{.Footer}}</p>
</div>
</body>
</html>
`))
