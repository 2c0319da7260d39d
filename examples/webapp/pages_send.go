package main

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// sendCode sends a code for one of the flow's options, or another one.
func (a *app) sendCode(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Option string `json:"option"`
		Return string `json:"return"`
		Resend string `json:"resend"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	return a.send(w, r, turn{a.mfa.FlowToken(r), in.Option, mfahttp.ReturnPath(r), resendAt(in.Resend, a.clock.Now())})
}

// send sends it and leads to the page for the code, so that to load that page
// again sends nothing. What goes wrong is told on it, beside the other ways.
func (a *app) send(w http.ResponseWriter, r *http.Request, t turn) error {
	asked, err := a.engine.Challenge(r.Context(), t.token, t.option, a.mfa.Client(r))
	switch {
	case errors.Is(err, mfa.ErrNoOption):
		t.option = ""
		return a.ask(w, r, t, err)
	case err != nil && sendProblem(err):
		if wait := (*mfa.WaitError)(nil); errors.As(err, &wait) {
			t.resend = wait.Until
		}
		return a.ask(w, r, t, &sentError{error: err})
	case err != nil:
		return err
	}
	t.resend = asked.ResendAt
	http.Redirect(w, r, t.address(a.clock.Now()), http.StatusSeeOther)
	return nil
}

// address is where this turn of the flow goes on.
func (t turn) address(now time.Time) string {
	q := url.Values{"option": {t.option}, "return": {t.back}}
	if t.resend.After(now) {
		q.Set("resend", strconv.FormatInt(t.resend.Unix(), 10))
	}
	return "/challenge?" + q.Encode()
}

// firstToSend is the option by which to send a code without being asked: the best one,
// if it is of that kind, and none was sent.
func firstToSend(flow mfa.Flow, now time.Time) (option string, ok bool) {
	if flow.Status != mfa.StatusChallenge || len(flow.Options) == 0 {
		return "", false
	}
	o := flow.Options[0]
	return o.ID, sends(o.Method) && !o.Sent && !o.LockedUntil.After(now)
}

// goOn is where a browser comes to whose mailed link was taken: whatever the flow
// asks for next, or the app.
func (a *app) goOn(w http.ResponseWriter, r *http.Request) error {
	flow, err := a.engine.Flow(r.Context(), a.mfa.FlowToken(r))
	switch {
	case errors.Is(err, mfa.ErrNoFlow), errors.Is(err, mfa.ErrFlowExpired):
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	case err != nil:
		return err
	case flow.Status == mfa.StatusDenied:
		return a.deniedPage(w, r, flow)
	}
	http.Redirect(w, r, nextPage(flow, "/"), http.StatusSeeOther)
	return nil
}
