package pages

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
)

// A ceremony is the part of a page that asks for a key or passkey, within the template
// "ceremony": the script of it begins one by the API, and posts what the key answered
// as the field credential of the form around it.
type ceremony struct {
	Button string            // its text
	Again  string            // the page to go to when the flow or the session has come to its end
	Texts  map[string]string // what browsers and the API may answer, in words
}

// useKey is for a flow that asks for a key.
func (v *visit) useKey(back string) *ceremony {
	return &ceremony{Button: v.text("page.key.use"), Again: v.returning("/challenge", back), Texts: v.keyTexts()}
}

// keyMessages say what browsers fail with, by the name of the DOMException, and what mfa.js
// and the API do, by name and code.
var keyMessages = map[string]string{
	"touch":             "page.key.touch", // while it waits
	"other":             "error.internal",
	"NotAllowedError":   "page.key.not_allowed",
	"InvalidStateError": "error.refused.already_registered",
	"AbortError":        "page.key.stopped",
	"NotSupportedError": "page.key.not_supported",
	"ConstraintError":   "page.key.no_pin",
	"SecurityError":     "page.key.wrong_address",
	"InsecureError":     "page.key.insecure",
	"UnsupportedError":  "page.key.old_browser",
	"NetworkError":      "page.offline",

	"code_not_valid":        "error.credential_not_valid",
	"no_flow":               "error.no_flow", // of a passkey: there is no other page that says so
	"flow_expired":          "error.flow_expired",
	"authenticator_refused": "error.authenticator_refused",
	"too_many":              "error.too_many",
	"method_not_allowed":    "error.method_not_allowed",
	"no_option":             "error.no_option",
	"locked":                "page.key.locked",
	"busy":                  "error.busy",
}

func (v *visit) keyTexts() map[string]string {
	out := make(map[string]string, len(keyMessages))
	for name, id := range keyMessages {
		out[name] = v.text(id)
	}
	return out
}

// Passkey is a form with a button that signs in by passkey, for the host's page at
// [Config.SignIn], in the request's language. Where that page has a field with
// autocomplete="username webauthn", browsers suggest passkeys there too. Back is where
// it leads, as with [Pages.Proceed]. The page has to allow the scripts and connections of
// this origin, the application/json block within the form apart, which no policy stops.
func (p *Pages) Passkey(r *http.Request, back string) (template.HTML, error) {
	v := p.visit(nil, r)
	if back == "" || back == "/" {
		back = p.config.Home
	}
	what := view{visit: v, Data: challenge{Key: &ceremony{Button: v.text("page.key.passkey"), Again: v.returning("/continue", back), Texts: v.keyTexts()}}}
	var out bytes.Buffer
	if err := p.templates["challenge"].ExecuteTemplate(&out, "passkey", what); err != nil {
		return "", fmt.Errorf("pages: passkey: %w", err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // made by html/template
}
