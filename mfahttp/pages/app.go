package pages

import (
	"cmp"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// appData is the page at which an authenticator app is set up.
type appData struct {
	Step     string
	Required bool
	Label    string
	Replaces string // the enrollment whose place it takes
	Return   string
	Others   bool   // would do as well
	Choose   string // where they are
}

// askApp says what is needed, and asks for a name. It never shows a secret.
func (v *visit) askApp(s *setup, data appData, wrong error) error {
	if data.Replaces == "" && !slices.Contains(s.Methods, methodApp) {
		return mfa.ErrMethodNotAllowed
	}
	data.Required, data.Return = !s.signedIn(), s.back
	data.Others, data.Choose = len(v.ways(s.Methods)) > 1 && data.Replaces == "", v.link(s, "/setup")
	title := "page.app.title"
	if data.Replaces != "" {
		title = "page.app.change"
	} else {
		data.Step = v.step(s, 2)
	}
	return v.renderForm("setup", view{Title: v.text(title), Aside: v.asideFor(s), Public: !s.signedIn(), Data: data}, wrong)
}

// beginApp makes a secret and shows it, in this answer and never again.
func (v *visit) beginApp(s *setup) error {
	in := appData{Label: strings.TrimSpace(v.form.get("label")), Replaces: v.form.get("replaces")}
	begun, err := v.engine.Enroll(v.r.Context(), s.caller, mfa.Enroll{Method: methodApp, Label: in.Label, Replaces: in.Replaces})
	switch {
	case errors.Is(err, mfa.ErrBadInput):
		return v.askApp(s, in, onField("label", errLabel))
	case errors.Is(err, mfa.ErrTooMany), errors.Is(err, mfa.ErrTooLarge), errors.Is(err, mfa.ErrBusy):
		return v.askApp(s, in, onField("", err))
	case err != nil:
		return v.unproved(err, v.appAgain(s, in.Replaces))
	}
	key, err := readKey(begun.Challenge)
	if err != nil {
		return err
	}
	return v.showScan(s, scanData{ID: begun.ID, Key: key, Replaces: in.Replaces, Time: v.until(begun.Expires)}, nil)
}

// appAgain is where the set-up of an app begins.
func (v *visit) appAgain(s *setup, replaces string) string {
	if replaces != "" {
		return v.changePath(replaces)
	}
	return v.link(s, "/setup/app")
}

// changePath is the page at which an enrollment is changed for another.
func (v *visit) changePath(id string) string {
	return v.path("/settings/enrollments/" + url.PathEscape(id) + "/change")
}

// An appKey is what an authenticator app is set up with.
type appKey struct {
	QR      template.URL // a picture, as a data URI
	Link    template.URL // opens an app on the same device
	Grouped string       // for typing

	// What some apps ask for beside it.
	Account, Issuer string
	Digits, Period  string
	Algorithm       string // empty: the one that all apps take
}

// errLabel is a name that is too long, or empty where there has to be one.
var errLabel = &mfahttp.Problem{Status: http.StatusBadRequest, Code: "label_not_valid", Detail: "a name has 1 to 64 characters"}

var errKey = errors.New("pages: the authenticator app's factor has made no key that can be shown")

// readKey takes it from the JSON of the factor's challenge. Only what is a picture, and a
// link to an app, goes into the page as it is.
func readKey(c mfa.Challenge) (*appKey, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var in struct{ Secret, URI, QR string }
	if json.Unmarshal(raw, &in) != nil || in.Secret == "" {
		return nil, errKey
	}
	u, err := url.Parse(in.URI)
	if err != nil || u.Scheme != "otpauth" || !strings.HasPrefix(in.QR, "data:image/png;base64,") {
		return nil, errKey
	}
	k := &appKey{QR: template.URL(in.QR), Link: template.URL(in.URI), Grouped: grouped(in.Secret)} //nolint:gosec // a picture and an otpauth link
	issuer, account, both := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), ":")
	if !both {
		issuer, account = "", issuer
	}
	k.Issuer, k.Account = unescaped(issuer), unescaped(account)
	q := u.Query()
	k.Digits, k.Period = cmp.Or(q.Get("digits"), "6"), cmp.Or(q.Get("period"), "30")
	if a := q.Get("algorithm"); a != "SHA1" {
		k.Algorithm = a
	}
	return k, nil
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// grouped is a key in groups of four, which people can keep in mind while they type.
func grouped(secret string) string {
	var b strings.Builder
	for i, r := range secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// scanData is the page that shows the key, and asks for the first code.
type scanData struct {
	Step     string
	ID       string
	Key      *appKey // nil after a wrong code: the app has it already
	Time     string  // how long there is, in words; empty: nobody knows any more
	Replaces string
	Return   string
	Again    string
}

func (v *visit) showScan(s *setup, data scanData, wrong error) error {
	title := "page.app.title"
	if data.Replaces != "" {
		title = "page.app.change"
	} else {
		data.Step = v.step(s, 2)
	}
	data.Return, data.Again = s.back, v.appAgain(s, data.Replaces)
	return v.renderForm("scan", view{Title: v.text(title), Aside: v.asideFor(s), Public: !s.signedIn(), Data: data}, wrong)
}

// finishApp confirms the enrolment by the app's first code.
func (v *visit) finishApp(s *setup) error {
	id, replaces := v.form.get("id"), v.form.get("replaces")
	done, err := v.activate(s, id)
	if isAnswered(err) {
		return v.showScan(s, scanData{ID: id, Replaces: replaces}, &answerError{error: err, method: methodApp})
	}
	if err != nil {
		return v.unproved(err, v.appAgain(s, replaces))
	}
	return v.confirmed(s, done)
}

// activate answers with the code of the form.
func (v *visit) activate(s *setup, id string) (mfa.Activated, error) {
	code := v.form.get("code")
	if code == "" {
		return mfa.Activated{}, mfa.ErrBadInput
	}
	return v.engine.Activate(v.r.Context(), s.caller, id, mfa.Answer{Code: code})
}

// startApp begins anew.
func (v *visit) startApp(s *setup, wrong error) error {
	return v.askApp(s, appData{Replaces: s.replaced(v.form.get("replaces"))}, wrong)
}

// appPage is where the set-up of an authenticator app begins.
func (v *visit) appPage(s *setup) error { return v.askApp(s, appData{}, nil) }

// toSetup leads whoever asks for the address of a form by GET, as by reloading a page,
// to where its set-up begins.
func toSetup(path string) page {
	return func(v *visit) error {
		return v.redirect(v.path(path))
	}
}
