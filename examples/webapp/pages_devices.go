package main

import (
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// A seen is a browser in which the user has signed in, in words.
type seen struct {
	mfa.Device
	Name string // what calls itself so
	From string
}

// browsers are those of a session's user, the one last seen first.
func (a *app) browsers(r *http.Request, s session) ([]seen, error) {
	list, err := a.engine.Devices(r.Context(), a.callerOf(r, s))
	var out []seen
	for _, d := range list {
		b := seen{Device: d, Name: browserName(d.UserAgent), From: d.Place}
		if b.From == "" && d.IP.IsValid() {
			b.From = d.IP.String()
		}
		out = append(out, b)
	}
	return out, err
}

// resetPending says whether a delayed reset waits, as far as the history tells, which
// has the newest first.
func resetPending(history []mfa.Activity) bool {
	for _, h := range history {
		switch h.Type {
		case mfa.EventResetRequested:
			return true
		case mfa.EventResetCanceled, mfa.EventReset:
			return false
		}
	}
	return false
}

func (a *app) devicesPage(w http.ResponseWriter, r *http.Request) error {
	return a.changing(w, r, func(s session) error {
		list, err := a.browsers(r, s)
		if err != nil {
			return err
		}
		return a.render(w, r, http.StatusOK, "devices", view{Title: "Your browsers", Email: s.Account.Email, Data: list})
	})
}

func (a *app) forgetDevice(w http.ResponseWriter, r *http.Request) error {
	return a.changeDevices(w, r, "forgotten", func(c mfa.Caller) error {
		return a.engine.ForgetDevice(r.Context(), c, r.PathValue("id"))
	})
}

func (a *app) forgetDevices(w http.ResponseWriter, r *http.Request) error {
	return a.changeDevices(w, r, "forgotten", func(c mfa.Caller) error { return a.engine.ForgetDevices(r.Context(), c) })
}

func (a *app) changeDevices(w http.ResponseWriter, r *http.Request, said string, change func(mfa.Caller) error) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	err = change(a.callerOf(r, s))
	switch {
	case errors.Is(err, mfa.ErrRequirement):
		toConfirm(w, r, "/settings/devices")
		return nil
	case err != nil && !errors.Is(err, mfa.ErrNoDevice): // gone already is what was asked for
		return err
	}
	http.Redirect(w, r, "/settings/devices?said="+said, http.StatusSeeOther)
	return nil
}

// signOutEverywhere ends everything, this session too: the sessions here, and in the
// engine the evidence, the sign-ins under way and what browsers are remembered. It asks for
// no proof: it takes nothing but convenience from whoever is signed in.
func (a *app) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	if err := a.sessions.endAll(r.Context(), s.Account.ID); err != nil {
		return err
	}
	if err := a.engine.SignOutEverywhere(r.Context(), s.Account.user(), a.mfa.Client(r)); err != nil {
		return err
	}
	if err := a.endSession(w, r); err != nil {
		return err
	}
	a.mfa.ClearFlow(w)
	http.Redirect(w, r, "/?said=everywhere", http.StatusSeeOther)
	return nil
}
