package pages

import (
	"cmp"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
)

// codesData is the page of recovery codes.
type codesData struct {
	Step     string
	Codes    []string
	Download template.URL
	Next     string
}

// showCodes is the only time that recovery codes are seen. They are in this answer and
// nowhere else: the file to download is made of the page. Who is signed in is said, as
// the session may be another one from this answer on.
func (v *visit) showCodes(who mfa.User, step string, codes []string, next string) error {
	text := v.text("page.codes.file", "app", v.config.App) + "\n\n" + strings.Join(codes, "\n") + "\n"
	return v.render(http.StatusOK, "codes", view{Title: v.text("page.codes.title"), User: cmp.Or(who.Name, who.Email), Data: codesData{
		step, codes, template.URL("data:text/plain;charset=utf-8," + url.PathEscape(text)), next, //nolint:gosec // escaped
	}})
}

// newCodesPage is where new codes are made, which end the old ones.
func (v *visit) newCodesPage(mfa.Caller) error { return v.askNewCodes(nil) }

func (v *visit) askNewCodes(wrong error) error {
	return v.renderForm("newcodes", view{Title: v.text("page.newcodes.title")}, wrong)
}

func (v *visit) makeCodes() error {
	caller, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	codes, err := v.engine.RecoveryCodes(v.r.Context(), caller)
	switch {
	case errors.Is(err, mfa.ErrEnrollmentRequired), errors.Is(err, mfa.ErrBusy):
		return v.askNewCodes(onField("", err))
	case err != nil:
		return v.unproved(err, v.path("/settings/recovery-codes"))
	}
	return v.showCodes(caller.User, "", codes, cmp.Or(v.wanted(), v.path("/settings")))
}
