package main

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/webauthn"
)

// challengePage asks for a code or a key. It neither sends nor consumes anything, and
// shows nothing of an account but what the flow says.
func (a *app) challengePage(w http.ResponseWriter, r *http.Request) error {
	return a.ask(w, r, r.URL.Query().Get("option"), nil)
}

// ask shows the flow's option of that id, or its best one, with what was
// wrong about the last answer.
func (a *app) ask(w http.ResponseWriter, r *http.Request, option string, wrong error) error {
	flow, err := a.engine.Flow(r.Context(), a.mfa.FlowToken(r))
	if err != nil {
		return err
	}
	back := mfahttp.ReturnPath(r)
	if flow.Status == mfa.StatusDenied {
		return a.deniedPage(w, r, flow)
	}
	if flow.Status != mfa.StatusChallenge || len(flow.Options) == 0 {
		http.Redirect(w, r, nextPage(flow, back), http.StatusSeeOther)
		return nil
	}
	current := pick(flow.Options, option)
	if wrong == nil && current.LockedUntil.After(a.clock.Now()) {
		wrong = &mfa.LockedError{Until: current.LockedUntil}
	}
	data := challengeData{
		Current: current, Words: current.Method == recovery.Name,
		StepUp: flow.Purpose == mfa.SteppingUp, Next: back,
	}
	for _, o := range flow.Options {
		if o.ID != current.ID {
			data.Others = append(data.Others, otherWay{"/challenge?" + url.Values{"option": {o.ID}, "return": {back}}.Encode(), optionText(o)})
		}
	}
	v, page := view{Title: "Enter your code"}, "challenge"
	switch current.Method {
	case recovery.Name:
		v.Title = "Enter a recovery code"
	case webauthn.Name:
		v.Title, page = "Use your key", "usekey"
		data.Note = a.keysHere(r)
		data.Ceremony = ceremony{Button: "Use your key", Option: current.ID, Next: back, Again: "/challenge?" + url.Values{"return": {back}}.Encode()}
	}
	if data.StepUp {
		v.Title, v.Email = "Confirm that it is you", a.emailOf(r)
	}
	v.Data = data
	return a.renderForm(w, r, page, v, wrong)
}

type challengeData struct {
	Current mfa.Option
	Others  []otherWay
	Words   bool
	StepUp  bool
	Next    string

	Ceremony ceremony // of a key
	Note     *keyNote
}

type otherWay struct{ URL, Text string }

func pick(options []mfa.Option, id string) mfa.Option {
	for _, o := range options {
		if o.ID == id {
			return o
		}
	}
	return options[0]
}

func optionText(o mfa.Option) string {
	if o.Method == recovery.Name {
		return "Use a recovery code"
	}
	if o.Method == webauthn.Name {
		return "Use a security key or passkey" // whichever of them: one option covers all
	}
	return "Use " + o.Label
}

// answerChallenge checks a code. A wrong one leaves the flow as it is.
func (a *app) answerChallenge(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Option string `json:"option"`
		Code   string `json:"code"`
		Return string `json:"return"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	flow, err := a.verify(r, in.Option, in.Code)
	switch {
	case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrLocked), errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrBusy):
		return a.ask(w, r, in.Option, err)
	case errors.Is(err, mfa.ErrNoOption):
		return a.ask(w, r, "", err)
	case err != nil:
		return err
	}
	return a.proceed(w, r, flow, mfahttp.ReturnPath(r))
}

func (a *app) verify(r *http.Request, option, code string) (mfa.Flow, error) {
	if code == "" {
		return mfa.Flow{}, mfa.ErrBadInput
	}
	return a.engine.Verify(r.Context(), a.mfa.FlowToken(r), mfa.Answer{Option: option, Code: code}, a.mfa.Client(r))
}
