package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// A signIn is what the history tells of one in words; zero for what is none.
type signIn struct {
	ID       string // by which it can be disputed; empty: it is no sign-in
	Device   string
	Level    levelLook
	Name     mfa.RiskLevel // for staff
	Score    string
	Watched  bool     // the level decided nothing
	Reasons  []string // with what is usual: for the owner and for support alone
	NotMe    bool     // it was said to be somebody else's
	WasMe    bool
	Evidence []bar
}

func signInOf(h mfa.Activity) signIn {
	switch h.Type {
	case mfa.EventFlowPassed, mfa.EventFlowDenied, mfa.EventFailed:
	default:
		return signIn{}
	}
	s := signIn{ID: h.ID, Device: browserName(h.UserAgent), NotMe: h.Verdict == mfa.NotMe, WasMe: h.Verdict == mfa.WasMe}
	if h.Risk == nil {
		return s
	}
	s.Level, s.Watched = levelLooks[h.Risk.Level], h.Risk.Shadow
	s.Name, s.Score = h.Risk.Level, weightText(h.Risk.Score)
	for _, r := range h.Risk.Reasons {
		if r.Text != "" && r.Weight >= 0 {
			s.Reasons = append(s.Reasons, sentence(r.String()))
		}
	}
	s.Evidence = bars(h.Risk.Reasons)
	return s
}

func (a *app) activityPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	history, err := a.engine.Activity(r.Context(), s.Account.ID)
	if err != nil {
		return err
	}
	data := struct {
		Lines []activityLine
		Mail  bool // there is a way to another password
	}{Mail: a.senders.mail != nil}
	for _, h := range history {
		line := toLine(h)
		if line.Watched { // support sees it; it says nothing that its owner could act on
			line.Level, line.Reasons = levelLook{}, nil
		}
		data.Lines = append(data.Lines, line)
	}
	return a.render(w, r, http.StatusOK, "activity", view{Title: "Your activity", Email: s.Account.Email, Data: data})
}

// disputeSignIn is for owners who see a sign-in that was not theirs. Somebody has their
// password, and nobody can tell which of the sessions is whose: all end, this one too,
// and the password opens nothing until its owner chooses another by mail.
func (a *app) disputeSignIn(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	r = r.WithContext(context.WithoutCancel(r.Context())) // done whole, also for a browser that goes away
	was, err := a.verdictOn(r.Context(), s.Account.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if was == mfa.NotMe { // the password may be a new one since
		return a.done(w, r, "/settings/activity")
	}
	if err := a.engine.Feedback(r.Context(), a.callerOf(r, s), r.PathValue("id"), mfa.NotMe); err != nil {
		return err
	}
	h := host{a}
	if err := errors.Join(h.Renewed(w, r, mfa.Authentication{}), h.Repudiated(w, r, s.Account.ID)); err != nil {
		return err
	}
	a.mfa.ClearFlow(w)
	if a.senders.mail == nil {
		return a.done(w, r, "/login?said=disputed")
	}
	return a.done(w, r, "/forgot?said=disputed")
}
