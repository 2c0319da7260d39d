package main

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/recovery"
)

func (a *app) settingsPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	apps, left, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	history, err := a.engine.Activity(r.Context(), s.Account.ID)
	if err != nil {
		return err
	}
	data := struct {
		Apps      []mfa.Enrollment
		CodesLeft int
		Activity  []activityLine
	}{apps, left, nil}
	for _, h := range history {
		data.Activity = append(data.Activity, toLine(h))
	}
	return a.render(w, r, http.StatusOK, "settings", view{Title: "Settings", Email: s.Account.Email, Data: data})
}

// enrolled are the authenticator apps of an account, oldest first, and how many recovery
// codes are left.
func (a *app) enrolled(r *http.Request, s session) (apps []mfa.Enrollment, codesLeft int, err error) {
	list, err := a.engine.Enrollments(r.Context(), s.Account.ID)
	for _, e := range list {
		if e.Method == recovery.Name {
			codesLeft = e.Remaining
		} else {
			apps = append(apps, e)
		}
	}
	slices.SortFunc(apps, func(x, y mfa.Enrollment) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), strings.Compare(x.ID, y.ID))
	})
	return apps, codesLeft, err
}

// An activityLine is an entry of the history in words.
type activityLine struct {
	Text  string
	Time  time.Time
	From  string
	Count int
}

func toLine(h mfa.Activity) activityLine {
	text := eventText[h.Type]
	if text == "" {
		text = string(h.Type)
	}
	if h.Label != "" && h.Method != recovery.Name {
		text += ": " + h.Label
	}
	l := activityLine{Text: text, Time: h.Time, Count: h.Count}
	if h.IP.IsValid() {
		l.From = h.IP.String()
	}
	return l
}

var eventText = map[mfa.EventType]string{
	mfa.EventFlowStarted:     "Password accepted",
	mfa.EventFlowPassed:      "Signed in",
	mfa.EventFlowDenied:      "Sign-in refused",
	mfa.EventVerified:        "Code accepted",
	mfa.EventFailed:          "Wrong code",
	mfa.EventLocked:          "Too many wrong codes",
	mfa.EventManyFailures:    "Many wrong codes in a row",
	mfa.EventDisabled:        "Disabled after too many wrong codes",
	mfa.EventEnrolled:        "Authenticator app added",
	mfa.EventReplaced:        "Authenticator app replaced",
	mfa.EventRenamed:         "Renamed",
	mfa.EventRemoved:         "Authenticator app removed",
	mfa.EventRecoveryCodes:   "Recovery codes made",
	mfa.EventRecoveryUsed:    "Recovery code used",
	mfa.EventReset:           "Two-factor sign-in reset",
	mfa.EventPasswordChanged: "Password changed",
}

func (a *app) enrollmentPage(w http.ResponseWriter, r *http.Request) error {
	return a.changing(w, r, func(s session) error { return a.renderEnrollment(w, r, s, nil) })
}

func (a *app) renderEnrollment(w http.ResponseWriter, r *http.Request, s session, wrong error) error {
	apps, _, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(apps, func(e mfa.Enrollment) bool { return e.ID == r.PathValue("id") })
	if i < 0 {
		return mfa.ErrNoEnrollment
	}
	return a.renderForm(w, r, "enrollment", view{Title: apps[i].Label, Email: s.Account.Email, Data: struct {
		Enrollment mfa.Enrollment
		Last       bool
	}{apps[i], len(apps) == 1}}, wrong)
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
	return mfa.Caller{User: s.Account.user(), Authentication: s.Evidence, Client: a.mfa.Client(r)}
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
	if _, err := a.current(r); err != nil {
		return err
	}
	if err := a.sessions.endOthers(r.Context(), a.sessionID(r)); err != nil {
		return err
	}
	http.Redirect(w, r, "/settings?said=others", http.StatusSeeOther)
	return nil
}
