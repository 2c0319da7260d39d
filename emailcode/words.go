package emailcode

// The mails of this package, in English. A code is asked for by whoever gave the
// right password, so that one which nobody asked for means a stolen one; but also
// by who changes something while signed in. An action stands behind the code, so that
// no digits of it are taken for one.

const subject = `{{if .Setup}}Confirm this address for {{.App}}{{else if .Action}}Your code to approve something in {{.App}}{{else}}Your code for {{.App}}{{end}}`

const textBody = `{{if .Setup}}Somebody, hopefully you, wants to receive codes of {{.App}} at this address.{{else if .Action}}Somebody, hopefully you, wants to do something in {{.App}}{{with .Name}} as {{.}}{{end}} that you have to approve.{{else}}Somebody, hopefully you, is signing in to {{.App}}{{with .Name}} as {{.}}{{end}}, or confirming a change there.{{end}}

Your code is: {{.Code}}
{{with .Action}}
It approves this, and nothing else: {{.}}
{{end}}
It works for {{.Minutes}} minute{{if ne .Minutes 1}}s{{end}}, once. Give it to nobody: we never ask for it by phone or mail.
{{with .Link}}
Or open this page{{if not $.Anywhere}}, in the browser in which you were asked for the code,{{end}} and press its button:
{{.}}
{{end}}
Time: {{.Time}}
{{with .IP}}IP address: {{.}}
{{end}}{{with .Place}}Place: {{.}} (roughly)
{{end}}{{with .Device}}Device: {{.}}
{{end}}
{{if .Setup}}If this was not you, do nothing: without the code this address is not used.{{else}}If this was not you{{if .Action}}, or is not what you want{{end}}, somebody else knows your password or uses a device on which you are signed in. Do not use the code{{with .Link}} or the link{{end}}, and change your password for {{.App}}.{{end}}
`

const htmlBody = `<!doctype html>
<html lang="en"><body style="font-family:sans-serif;line-height:1.5;max-width:34em">
<p>{{if .Setup}}Somebody, hopefully you, wants to receive codes of {{.App}} at this address.{{else if .Action}}Somebody, hopefully you, wants to do something in {{.App}}{{with .Name}} as <strong>{{.}}</strong>{{end}} that you have to approve.{{else}}Somebody, hopefully you, is signing in to {{.App}}{{with .Name}} as <strong>{{.}}</strong>{{end}}, or confirming a change there.{{end}}</p>
<p>Your code is</p>
<p style="font-size:2em;letter-spacing:.1em"><strong>{{.Code}}</strong></p>
{{with .Action}}<p>It approves this, and nothing else: <strong>{{.}}</strong></p>
{{end}}<p>It works for {{.Minutes}} minute{{if ne .Minutes 1}}s{{end}}, once. Give it to nobody: we never ask for it by phone or mail.</p>
{{with .Link}}<p>Or open <a href="{{.}}">this page</a>{{if not $.Anywhere}}, in the browser in which you were asked for the code,{{end}} and press its button.</p>
{{end}}<table style="border-spacing:0 .2em">
<tr><td>Time&nbsp;</td><td>{{.Time}}</td></tr>
{{with .IP}}<tr><td>IP address&nbsp;</td><td>{{.}}</td></tr>
{{end}}{{with .Place}}<tr><td>Place&nbsp;</td><td>{{.}} (roughly)</td></tr>
{{end}}{{with .Device}}<tr><td>Device&nbsp;</td><td>{{.}}</td></tr>
{{end}}</table>
<p>{{if .Setup}}If this was not you, do nothing: without the code this address is not used.{{else}}If this was not you{{if .Action}}, or is not what you want{{end}}, somebody else knows your password or uses a device on which you are signed in. Do not use the code{{with .Link}} or the link{{end}}, and change your password for {{.App}}.{{end}}</p>
</body></html>
`
