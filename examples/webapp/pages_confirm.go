package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// lacks says what the session's evidence lacks for a change, and for what is
// asked for beyond that; nothing, if it is enough. mfahttp.ErrNoSession if the
// evidence is void.
func (a *app) lacks(r *http.Request, s session, raise mfa.Requirement) ([]string, error) {
	need, err := a.engine.ChangeRequirement(r.Context(), a.callerOf(r, s))
	if err != nil {
		return nil, err
	}
	var lack *mfa.RequirementError
	err = a.engine.Satisfies(r.Context(), a.callerOf(r, s), need.And(raise))
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
	missing, err := a.lacks(r, s, mfa.Requirement{})
	if err != nil {
		return err
	}
	if missing != nil {
		toConfirm(w, r, r.URL.Path)
		return nil
	}
	return page(s)
}

// confirmPage asks for what a change asks for, and for what the address names
// beyond that: see mfahttp.RequirementOf. Asking for less would send the browser
// to and fro between here and a route behind Require.
func (a *app) confirmPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	raise, err := mfahttp.RequirementOf(r)
	if err != nil {
		return err
	}
	back := mfahttp.ReturnPath(r)
	missing, err := a.lacks(r, s, raise)
	if err != nil {
		return err
	}
	if missing == nil {
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // by ReturnPath
		return nil
	}
	if s.Account.Password == "" && slices.Contains(missing, mfa.MissingPassword) {
		return a.render(w, r, http.StatusOK, "message", view{Title: "Sign in again", Email: s.Account.Email,
			Data: notice{"What you asked for needs a fresh sign-in, and this account has no password. Sign in again the way you did, then come back.", "/login", "Sign in"}})
	}
	own, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	if len(own.Methods()) == 0 && !slices.Equal(missing, []string{mfa.MissingPassword}) {
		return a.noWay(w, r, s, mfa.ReasonNoMethod)
	}
	return a.renderConfirm(w, r, s, confirmData{slices.Contains(missing, mfa.MissingPassword), own.ready(), back}, nil)
}

// noWay says what to do to whom no code helps.
func (a *app) noWay(w http.ResponseWriter, r *http.Request, s session, reason string) error {
	own, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	v := view{Title: "More proof is needed", Email: s.Account.Email}
	switch {
	case reason == mfa.ReasonDisabled:
		v.Data = notice{"The ways to confirm that it is you are disabled after too many wrong codes. Ask support for help.", "/settings", "To the settings"}
	case len(own.Methods()) == 0:
		v.Title = "Set up a second factor first"
		v.Data = notice{"What you asked for needs a second factor, and this account has none yet. Come back when you have set one up.",
			"/settings", "To the settings"}
	default:
		text := "What you asked for needs a stronger proof than anything that is set up on this account can give."
		if len(own.Keys) == 0 && a.keysHere(r) == nil {
			text += " A security key or passkey may be what is missing."
		}
		v.Data = notice{text, "/settings", "To the settings"}
	}
	return a.render(w, r, http.StatusForbidden, "message", v)
}

func (a *app) confirmPasswordPage(w http.ResponseWriter, r *http.Request, s session, err error) error {
	return a.renderConfirm(w, r, s, confirmData{Password: true, Next: mfahttp.ReturnPath(r)}, onField("password", err))
}

type confirmData struct {
	Password bool   // is what is asked for; else a second factor
	Ready    string // what to have at hand for it
	Next     string
}

// ready is what to have at hand to confirm that it is you. A mailbox is taken only
// where there is nothing better.
func (o owned) ready() string {
	var list []string
	for _, k := range []struct {
		is   bool
		what string
	}{
		{len(o.Apps) > 0, "your authenticator app"}, {len(o.Keys) > 0, "your key"}, {len(o.Phones) > 0, "your phone"},
		{len(o.Apps)+len(o.Keys)+len(o.Phones) == 0 && len(o.Addresses) > 0, "your mailbox"}, {o.CodesLeft > 0, "a recovery code"},
	} {
		if k.is {
			list = append(list, k.what)
		}
	}
	return inWords(list, "or")
}

func (a *app) renderConfirm(w http.ResponseWriter, r *http.Request, s session, data confirmData, err error) error {
	return a.renderForm(w, r, "confirm", view{Title: "Confirm that it is you", Email: s.Account.Email, Data: data}, err)
}

// beginStepUp asks for a code or a key: the flow's page does.
func (a *app) beginStepUp(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Return string `json:"return"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	raise, err := mfahttp.RequirementOf(r)
	if err != nil {
		return err
	}
	back := mfahttp.ReturnPath(r)
	flow, err := a.mfa.StepUp(r, raise)
	if errors.Is(err, mfa.ErrRequirement) { // the password became too old on the way
		again := r.URL.Query()
		again.Set("return", back)
		http.Redirect(w, r, "/confirm?"+again.Encode(), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	return a.proceed(w, r, flow, back)
}
