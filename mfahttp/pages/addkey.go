package pages

import (
	"errors"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
)

// keyData is the page at which a key or passkey is added.
type keyData struct {
	Step     string
	Label    string
	Required bool
	Return   string
	Others   bool   // would do as well
	Choose   string // where they are
	Key      *ceremony
}

// keyPage is where a key or passkey is added. Its script begins the enrolment by the API
// when the button is pressed, and posts what the key answered as a field of the form: so
// that the rest is like with any other form, and recovery codes are on a page.
func (v *visit) keyPage(s *setup) error { return v.askKey(s, "", nil) }

func (v *visit) askKey(s *setup, label string, wrong error) error {
	if !slices.Contains(s.Methods, methodKey) {
		return mfa.ErrMethodNotAllowed
	}
	own := v.link(s, "/setup/key")
	return v.renderForm("addkey", view{Title: v.text("page.addkey.title"), Aside: v.asideFor(s), Public: !s.signedIn(), Data: keyData{
		Step: v.step(s, 2), Label: label, Required: !s.signedIn(), Return: s.back,
		Others: len(v.ways(s.Methods)) > 1, Choose: v.link(s, "/setup"), Key: &ceremony{Button: v.text("page.addkey.button"), Again: own, Texts: v.keyTexts()},
	}}, wrong)
}

// finishKey takes what the key answered. After a wrong answer the page begins anew.
func (v *visit) finishKey(s *setup) error {
	// The label is kept for another try; the enrolment has it already.
	id, label, credential := v.form.get("id"), v.form.get("label"), strings.TrimSpace(v.form.get("credential"))
	if credential == "" { // its script should have put one there
		return v.askKey(s, label, onField("key", &answerError{error: mfa.ErrBadInput, method: methodKey}))
	}
	if id == "" {
		return mfa.ErrNoEnrollment
	}
	done, err := v.engine.Activate(v.r.Context(), s.caller, id, mfa.Answer{Credential: []byte(credential)})
	switch {
	case errors.Is(err, mfa.ErrEnrollmentExpired), errors.Is(err, mfa.ErrNoEnrollment), errors.Is(err, mfa.ErrCaller):
		return err
	case errors.Is(err, mfa.ErrRequirement):
		return v.unproved(err, v.link(s, "/setup/key"))
	case err != nil:
		return v.askKey(s, label, onField("key", &answerError{error: err, method: methodKey}))
	}
	return v.confirmed(s, done)
}

// startKey begins anew.
func (v *visit) startKey(s *setup, wrong error) error { return v.askKey(s, v.form.get("label"), wrong) }
