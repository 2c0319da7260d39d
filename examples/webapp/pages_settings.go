package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// lately is how much of the history the settings show; the rest has a page of its own.
const lately = 5

func (a *app) settingsPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	own, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	history, err := a.engine.Activity(r.Context(), s.Account.ID)
	if err != nil {
		return err
	}
	devices, err := a.browsers(r, s)
	if err != nil {
		return err
	}
	signals, err := a.signals(r, s)
	if err != nil {
		return err
	}
	data := struct {
		owned
		Add      addable
		Signals  string
		Reset    bool // a delayed one waits
		Browsers int
		Activity []activityLine
	}{own, a.addable(r, s, own), signals, resetPending(history), len(devices), nil}
	for _, h := range history[:min(len(history), lately)] {
		data.Activity = append(data.Activity, toLine(h))
	}
	return a.render(w, r, http.StatusOK, "settings", view{Title: "Settings", Email: s.Account.Email, Data: data})
}

// signals is what the page tells the browser's passkeys of what is still good
// here, so that they stop offering what was removed; empty: nothing.
func (a *app) signals(r *http.Request, s session) (string, error) {
	all, err := a.engine.Signals(r.Context(), a.callerOf(r, s))
	if err != nil || all[webauthn.Name] == nil {
		return "", err
	}
	text, err := json.Marshal(all[webauthn.Name])
	return string(text), err
}

func (a *app) enrollmentPage(w http.ResponseWriter, r *http.Request) error {
	return a.changing(w, r, func(s session) error { return a.renderEnrollment(w, r, s, nil) })
}

func (a *app) renderEnrollment(w http.ResponseWriter, r *http.Request, s session, wrong error) error {
	own, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	e, err := own.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	d, _ := destinationOf(e.Method)
	return a.renderForm(w, r, "enrollment", view{Title: e.Label, Email: s.Account.Email, Data: struct {
		Enrollment mfa.Enrollment
		Key        bool
		Change     string // what it is called to replace where codes are sent; empty: none are
		Last       bool
	}{e, e.Method == webauthn.Name, d.change, own.Single()}}, wrong)
}

func (a *app) renameEnrollment(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Label string `json:"label"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	return a.changeEnrollment(w, r, "/settings?said=renamed", func(c mfa.Caller, id string) error {
		_, err := a.engine.Rename(r.Context(), c, id, strings.TrimSpace(in.Label))
		return err
	})
}

func (a *app) removeEnrollment(w http.ResponseWriter, r *http.Request) error {
	return a.changeEnrollment(w, r, "/settings?said=removed", func(c mfa.Caller, id string) error {
		evidence, err := a.engine.Remove(r.Context(), c, id)
		if err != nil {
			return err
		}
		return host{a}.Renewed(w, r, evidence)
	})
}

// changeEnrollment makes a change, or shows the page at which it can be made.
func (a *app) changeEnrollment(w http.ResponseWriter, r *http.Request, done string, change func(c mfa.Caller, id string) error) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	err = change(a.callerOf(r, s), id)
	switch {
	case errors.Is(err, mfa.ErrRequirement):
		toConfirm(w, r, "/settings/enrollments/"+id)
		return nil
	case errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrEnrollmentRequired), errors.Is(err, mfa.ErrBusy):
		return a.renderEnrollment(w, r, s, err)
	case err != nil:
		return err
	}
	http.Redirect(w, r, done, http.StatusSeeOther)
	return nil
}

func (a *app) callerOf(r *http.Request, s session) mfa.Caller {
	return mfa.Caller{User: s.Account.user(), Authentication: s.Evidence, Client: a.client(r)}
}

func (a *app) newCodesPage(w http.ResponseWriter, r *http.Request) error {
	return a.changing(w, r, func(s session) error {
		return a.render(w, r, http.StatusOK, "newcodes", view{Title: "New recovery codes", Email: s.Account.Email})
	})
}

func (a *app) makeCodes(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	codes, err := a.engine.RecoveryCodes(r.Context(), a.callerOf(r, s))
	if errors.Is(err, mfa.ErrRequirement) {
		toConfirm(w, r, "/settings/recovery-codes")
		return nil
	}
	if err != nil {
		return err
	}
	return a.showCodes(w, r, s.Account.Email, codes, "/settings")
}

func (a *app) passwordPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	return a.passwordPageWith(w, r, s, nil)
}

func (a *app) passwordPageWith(w http.ResponseWriter, r *http.Request, s session, err error) error {
	return a.renderForm(w, r, "password", view{Title: "Change password", Email: s.Account.Email, Data: struct{ Min, Max int }{minPassword, maxPassword}}, err)
}

func (a *app) signOutOthers(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	if err := a.sessions.endOthers(r.Context(), s.Account.ID, a.sessionID(r)); err != nil {
		return err
	}
	http.Redirect(w, r, "/settings?said=others", http.StatusSeeOther)
	return nil
}
