package notify

// The form of a mail, around the words of its kind.

const textLayout = `{{.What}}

{{with .Account}}Account: {{.}}
{{end}}When: {{.When}}
{{with .IP}}Internet address: {{.}}
{{end}}{{with .Place}}Place: {{.}}
{{end}}{{with .Device}}Device: {{.}}
{{end}}
{{with .Advice}}{{.}}
{{end}}{{with .Link}}
{{$.LinkText}}: {{.}}
{{end}}{{with .SettingsURL}}
Your settings: {{.}}
{{end}}{{with .Support}}
{{.}}
{{end}}
{{.App}} tells you of every change like this one. We never ask for a code or a password by mail.
`

const htmlLayout = `<!DOCTYPE html>
<html lang="{{.Lang}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a;background:#ffffff">
<div style="max-width:36em;margin:0 auto">
<h1 style="font-size:20px;margin:0 0 16px">{{.Subject}}</h1>
<p>{{.What}}</p>
<table style="border-collapse:collapse">
{{with .Account}}<tr><th scope="row" style="text-align:start;padding:2px 16px 2px 0;font-weight:normal;color:#555555">Account</th><td>{{.}}</td></tr>
{{end}}<tr><th scope="row" style="text-align:start;padding:2px 16px 2px 0;font-weight:normal;color:#555555">When</th><td>{{.When}}</td></tr>
{{with .IP}}<tr><th scope="row" style="text-align:start;padding:2px 16px 2px 0;font-weight:normal;color:#555555">Internet address</th><td>{{.}}</td></tr>
{{end}}{{with .Place}}<tr><th scope="row" style="text-align:start;padding:2px 16px 2px 0;font-weight:normal;color:#555555">Place</th><td>{{.}}</td></tr>
{{end}}{{with .Device}}<tr><th scope="row" style="text-align:start;padding:2px 16px 2px 0;font-weight:normal;color:#555555">Device</th><td>{{.}}</td></tr>
{{end}}</table>
{{with .Advice}}<p>{{.}}</p>
{{end}}{{with .Link}}<p><a href="{{.}}">{{$.LinkText}}</a></p>
{{end}}{{with .SettingsURL}}<p>Your settings: <a href="{{.}}">{{.}}</a></p>
{{end}}{{with .Support}}<p>{{.}}</p>
{{end}}<p style="font-size:14px;color:#555555">{{.App}} tells you of every change like this one. We never ask for a code or a password by mail.</p>
</div>
</body>
</html>
`

const timeLayout = "2 January 2006, 15:04 MST"
