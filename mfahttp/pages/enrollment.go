package pages

import (
	"errors"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// enrollmentData is the page of one enrollment.
type enrollmentData struct {
	mfa.Enrollment
	Label  string // in the language of the page, where nobody gave one
	Typed  string // what was typed in its place
	Kind   string // its method, if this package knows it; else "other"
	Change string // where it is changed for another; empty: nowhere
	Last   bool   // there is nothing beside it
}

// enrollmentPage is where one of the session's own enrollments is renamed, changed for
// another, and removed.
func (v *visit) enrollmentPage(c mfa.Caller) error { return v.showEnrollment(c, "", nil) }

// findOwn finds the enrollment that the address names. Another user's is like one that
// does not exist.
func (v *visit) findOwn(c mfa.Caller) (mfa.Enrollment, []mfa.Enrollment, error) {
	list, err := v.engine.Enrollments(v.r.Context(), c.User.ID)
	if err != nil {
		return mfa.Enrollment{}, nil, err
	}
	own := chosen(list)
	i := slices.IndexFunc(own, func(e mfa.Enrollment) bool { return e.ID == v.r.PathValue("id") })
	if i < 0 {
		return mfa.Enrollment{}, nil, mfa.ErrNoEnrollment
	}
	return own[i], own, nil
}

func (v *visit) showEnrollment(c mfa.Caller, typed string, wrong error) error {
	e, own, err := v.findOwn(c)
	if err != nil {
		return err
	}
	data := enrollmentData{Enrollment: e, Label: v.words.Label(e.Label), Typed: typed, Kind: "other", Last: len(own) == 1}
	if typed == "" {
		data.Typed = data.Label
	}
	if setupPages[e.Method] != "" {
		data.Kind = e.Method
		if e.Method != methodKey { // a second one beside it does as well, and better
			data.Change = v.changePath(e.ID)
		}
	}
	return v.renderForm("enrollment", view{Title: data.Label, Data: data}, wrong)
}

// changePage is where an app, a number or an address is changed for another: the old one
// stays until the new one is confirmed.
func (v *visit) changePage(s *setup) error {
	if !s.signedIn() {
		return mfahttp.ErrNoSession
	}
	e, _, err := v.findOwn(s.caller)
	if err != nil {
		return err
	}
	if e.Method == methodApp {
		return v.askApp(s, appData{Replaces: e.ID}, nil)
	}
	d, ok := destinationOf(e.Method)
	if !ok {
		return mfa.ErrNoEnrollment
	}
	return v.askDestination(s, d, sending{Replaces: e.ID}, nil)
}

func (v *visit) rename() error {
	label := strings.TrimSpace(v.form.get("label"))
	return v.changeEnrollment("renamed", label, func(c mfa.Caller, id string) error {
		_, err := v.engine.Rename(v.r.Context(), c, id, label)
		if errors.Is(err, mfa.ErrBadInput) {
			return onField("label", errors.Join(errLabel, err))
		}
		return onField("label", err)
	})
}

func (v *visit) remove() error {
	return v.changeEnrollment("removed", "", func(c mfa.Caller, id string) error {
		left, err := v.engine.Remove(v.r.Context(), c, id)
		if err != nil {
			return onField("remove", err)
		}
		return v.api.Renewed(v.w, v.r, left)
	})
}

// changeEnrollment makes a change, or shows the page at which it can be made.
func (v *visit) changeEnrollment(said, typed string, change func(c mfa.Caller, id string) error) error {
	c, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	e, _, err := v.findOwn(c)
	if err != nil {
		return err
	}
	err = change(c, e.ID)
	switch {
	case errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrEnrollmentRequired), errors.Is(err, mfa.ErrBusy):
		return v.showEnrollment(c, typed, err)
	case err != nil:
		return v.unproved(err, v.path("/settings/enrollments/"+e.ID))
	}
	return v.redirect(v.path("/settings?said=" + said))
}
