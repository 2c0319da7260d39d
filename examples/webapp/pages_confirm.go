package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// lacks says what the session's evidence lacks for a change; nothing, if it is
// enough. mfahttp.ErrNoSession if the evidence is void.
func (a *app) lacks(r *http.Request, s session) ([]string, error) {
	need, err := a.engine.ChangeRequirement(r.Context(), a.callerOf(r, s))
	if err != nil {
		return nil, err
	}
	var lack *mfa.RequirementError
	err = a.engine.Satisfies(r.Context(), s.Account.ID, s.Evidence, need)
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &lack):
		return nil, err
	case slices.Contains(lack.Missing, mfa.MissingSignIn):
		return nil, mfahttp.ErrNoSession
	}
	return lack.Missing, nil
}

// toConfirm sends the user to prove themselves, and back to page then.
func toConfirm(w http.ResponseWriter, r *http.Request, page string) {
	http.Redirect(w, r, "/confirm?"+url.Values{"return": {page}}.Encode(), http.StatusSeeOther)
}

// changing wraps the page at which a change begins: whoever lacks evidence is
// asked first, and not after the work is done.
func (a *app) changing(w http.ResponseWriter, r *http.Request, page func(session) error) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	missing, err := a.lacks(r, s)
	if err != nil {
		return err
	}
	if missing != nil {
		toConfirm(w, r, r.URL.Path)
		return nil
	}
	return page(s)
}

func (a *app) confirmPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	back := mfahttp.ReturnPath(r)
	missing, err := a.lacks(r, s)
	if err != nil {
		return err
	}
	if missing == nil {
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // by ReturnPath
		return nil
	}
	return a.renderConfirm(w, r, s, slices.Contains(missing, mfa.MissingPassword), back, nil)
}

func (a *app) confirmPasswordPage(w http.ResponseWriter, r *http.Request, s session, err error) error {
	return a.renderConfirm(w, r, s, true, mfahttp.ReturnPath(r), onField("password", err))
}

func (a *app) renderConfirm(w http.ResponseWriter, r *http.Request, s session, password bool, back string, err error) error {
	v := view{Title: "Confirm that it is you", Email: s.Account.Email, Data: struct {
		Password bool
		Next     string
	}{password, back}}
	return a.renderForm(w, r, "confirm", v, err)
}

// beginStepUp asks for a code: the flow's page does.
func (a *app) beginStepUp(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Return string `json:"return"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	flow, err := a.mfa.StepUp(r, mfa.Requirement{})
	if err != nil {
		return err
	}
	return a.proceed(w, r, flow, mfahttp.ReturnPath(r))
}
