package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// errNoScript is a form without what its script should have put there.
var errNoScript = &mfahttp.Problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the form has no credential"}

// keyPage is where a key or passkey is added, by somebody who is signed in or
// whose sign-in asks for one. Its script begins the enrolment by the API when the
// button is pressed, and posts what the key answered as a field of the form: so
// that the rest is like with any other form, and recovery codes are on a page.
func (a *app) keyPage(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.mfa.Caller(r)
	if err != nil {
		return err
	}
	if caller.FlowToken != "" {
		return a.askKey(w, r, caller, "", nil)
	}
	return a.changing(w, r, func(s session) error {
		own, err := a.enrolled(r, s)
		if err != nil {
			return err
		}
		switch add := a.addable(r, s, own); {
		case add.Note != nil:
			return a.noKeys(w, r, caller, *add.Note)
		case !add.Key:
			return mfa.ErrMethodNotAllowed
		}
		return a.askKey(w, r, caller, "", nil)
	})
}

// noKeys says why there can be none.
func (a *app) noKeys(w http.ResponseWriter, r *http.Request, caller mfa.Caller, note keyNote) error {
	n := notice{note.Text, "/settings", "To the settings"}
	if note.URL != "" {
		n.URL, n.Link = note.URL, "Open "+note.URL
	}
	return a.render(w, r, http.StatusForbidden, "message", view{Title: "A key cannot be added here", Email: caller.User.Email, Data: n})
}

func (a *app) askKey(w http.ResponseWriter, r *http.Request, caller mfa.Caller, label string, wrong error) error {
	asks, err := a.asks(r, caller)
	if err != nil {
		return err
	}
	if note := a.keysHere(r); note != nil {
		return a.noKeys(w, r, caller, *note)
	}
	return a.renderForm(w, r, "addkey", view{Title: "Add a security key or passkey", Email: caller.User.Email, Aside: asideOf(asks), Data: struct {
		Label    string
		Required bool
		Others   bool // would do as well
		Ceremony ceremony
	}{label, caller.User.ID == "", len(a.setupLinks(r, asks.Methods)) > 1, ceremony{Button: "Add"}}}, wrong)
}

// asks is the flow that asks to enrol one of its Methods; the zero one for a session.
func (a *app) asks(r *http.Request, caller mfa.Caller) (mfa.Flow, error) {
	if caller.FlowToken == "" {
		return mfa.Flow{}, nil
	}
	return a.engine.Flow(r.Context(), caller.FlowToken)
}

// finishKey takes what the key answered. After a wrong answer the page begins anew.
func (a *app) finishKey(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.mfa.Caller(r)
	if err != nil {
		return err
	}
	var in struct {
		ID         string `json:"id"`
		Label      string `json:"label"` // kept for another try; the enrolment has it already
		Credential string `json:"credential"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	done, err := a.activateKey(r, caller, in.ID, in.Credential)
	switch {
	case errors.Is(err, mfa.ErrEnrollmentExpired), errors.Is(err, mfa.ErrNoEnrollment):
		return a.askKey(w, r, caller, in.Label, mfa.ErrEnrollmentExpired)
	case errors.Is(err, mfa.ErrRequirement):
		toConfirm(w, r, "/setup/key")
		return nil
	case errors.Is(err, mfa.ErrCaller):
		return err
	case err != nil:
		return a.askKey(w, r, caller, in.Label, onField("key", err))
	}
	return a.wasSetUp(w, r, caller, done)
}

func (a *app) activateKey(r *http.Request, caller mfa.Caller, id, credential string) (mfa.Activated, error) {
	if strings.TrimSpace(credential) == "" {
		return mfa.Activated{}, errNoScript
	}
	if id == "" {
		return mfa.Activated{}, mfa.ErrNoEnrollment
	}
	return a.engine.Activate(r.Context(), caller, id, mfa.Answer{Credential: []byte(credential)})
}
