package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// maxTickets is how many resets one browser keeps the tickets of: several people
// may share it.
const maxTickets = 3

// ticketCookie is the cookie in which package mfahttp looks for the ticket of a
// delayed reset, when the mailed link is opened: its page is where a reset is claimed.
func (a *app) ticketCookie() string {
	if a.secure {
		return "__Host-mfa-reset"
	}
	return "mfa-reset"
}

// lostPage says what there is for somebody who has the password and nothing else.
func (a *app) lostPage(w http.ResponseWriter, r *http.Request) error { return a.renderLost(w, r, nil) }

type lostData struct {
	Wait    string    // how long it takes
	Ready   time.Time // of the one that was asked for; zero: none was
	Expires time.Time
	Now     bool // it is ready
}

func (a *app) renderLost(w http.ResponseWriter, r *http.Request, wrong error) error {
	flow, err := a.engine.Flow(r.Context(), a.mfa.FlowToken(r))
	if err != nil {
		return err
	}
	side := asideOf(flow)
	if flow.Reset == nil {
		return a.render(w, r, http.StatusForbidden, "message", view{Title: "There is no reset here", Aside: side,
			Data: notice{"This account cannot be reset without support.", "/challenge", "Back"}})
	}
	side.Lost, side.Skip = false, nil
	o := flow.Reset
	return a.renderForm(w, r, "lost", view{Title: "I have lost everything", Aside: side, Data: lostData{
		Wait: days(o.Wait), Ready: o.Ready, Expires: o.Expires, Now: !o.Ready.IsZero() && !o.Ready.After(a.clock.Now()),
	}}, wrong)
}

// askReset asks for a delayed reset, and keeps the ticket in this browser. Asked again
// once it is ready, the mail with the link goes out again.
func (a *app) askReset(w http.ResponseWriter, r *http.Request) error {
	asked, err := a.engine.RequestReset(r.Context(), a.mfa.FlowToken(r), a.mfa.Client(r))
	if wait := (*mfa.WaitError)(nil); errors.As(err, &wait) {
		return a.renderLost(w, r, &canceledError{wait.Until})
	}
	if err != nil {
		return err
	}
	if asked.Ticket != "" {
		a.keepTicket(w, r, asked)
	}
	http.Redirect(w, r, "/lost?said=asked", http.StatusSeeOther)
	return nil
}

func (a *app) keepTicket(w http.ResponseWriter, r *http.Request, asked mfa.ResetRequest) {
	tickets := []string{asked.Ticket}
	if c, err := r.Cookie(a.ticketCookie()); err == nil {
		tickets = append(tickets, strings.Split(c.Value, ".")...)
	}
	http.SetCookie(w, &http.Cookie{
		Name: a.ticketCookie(), Value: strings.Join(tickets[:min(len(tickets), maxTickets)], "."), Path: "/",
		MaxAge: int(asked.Expires.Sub(a.clock.Now()) / time.Second), HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	})
}

// A canceledError says that a reset was cancelled not long ago.
type canceledError struct{ until time.Time }

func (e *canceledError) Error() string { return "webapp: a reset was cancelled not long ago" }

// cancelReset is for the owner of an account that somebody wants to reset.
func (a *app) cancelReset(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	err = a.engine.CancelReset(r.Context(), a.callerOf(r, s))
	if errors.Is(err, mfa.ErrRequirement) {
		toConfirm(w, r, "/settings/reset")
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/settings?said=kept", http.StatusSeeOther)
	return nil
}

// cancelResetPage is where the owner cancels it, with something that was set up
// before it was asked for.
func (a *app) cancelResetPage(w http.ResponseWriter, r *http.Request) error {
	return a.changing(w, r, func(s session) error {
		return a.render(w, r, http.StatusOK, "keep", view{Title: "Somebody has asked for a reset", Email: s.Account.Email})
	})
}
