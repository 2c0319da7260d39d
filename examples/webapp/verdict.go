package main

import (
	"context"
	"net/http"

	"github.com/mfakit/mfa"
)

// verdictOn is what was said of an activity so far; empty: nothing. mfa.ErrNoActivity.
func (a *app) verdictOn(ctx context.Context, user, activity string) (mfa.Verdict, error) {
	history, err := a.engine.Activity(ctx, user)
	if err != nil {
		return "", err
	}
	for _, h := range history {
		if h.ID == activity && activity != "" {
			return h.Verdict, nil
		}
	}
	return "", mfa.ErrNoActivity
}

// supportVerdict is for owners who are on the telephone: it says of a sign-in whose it
// was. What follows is the same as when its owner says so.
func (a *app) supportVerdict(w http.ResponseWriter, r *http.Request, v visit) error {
	acc, in, err := a.favour(w, r)
	if err != nil {
		return a.answerFavour(w, r, v, err)
	}
	was, err := a.verdictOn(r.Context(), acc.ID, in.Activity)
	if err != nil {
		return err
	}
	said := mfa.Verdict(in.Verdict)
	if err := a.engine.Feedback(r.Context(), a.supportCaller(r, acc, v, in.Reason), in.Activity, said); err != nil {
		return a.answerFavour(w, r, v, err)
	}
	page := userURL(acc.ID) + "?said=wasuser"
	if said == mfa.NotMe {
		page = userURL(acc.ID) + "?said=verdict"
	}
	if said == mfa.NotMe && was != mfa.NotMe {
		if err := (host{a}).Repudiated(w, r, acc.ID); err != nil {
			return err
		}
	}
	return a.done(w, r, page)
}
