package main

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/webauthn"
)

// A turn is where somebody is in a flow, as far as a page has to know.
type turn struct {
	token  string
	option string    // empty: the best one
	back   string    // where the flow leads once it has passed
	resend time.Time // when another code can be sent, as far as is known
}

// challengePage asks for a code or a key. It neither sends nor consumes anything, and
// shows nothing of an account but what the flow says.
func (a *app) challengePage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return a.ask(w, r, turn{a.mfa.FlowToken(r), q.Get("option"), mfahttp.ReturnPath(r), resendAt(q.Get("resend"), a.clock.Now())}, nil)
}

// ask shows the flow's option of that id, or its best one, with what was
// wrong about the last answer.
func (a *app) ask(w http.ResponseWriter, r *http.Request, t turn, wrong error) error {
	flow, err := a.engine.Flow(r.Context(), t.token)
	if err != nil {
		return err
	}
	back := t.back
	if flow.Status == mfa.StatusDenied {
		return a.deniedPage(w, r, flow)
	}
	if flow.Status != mfa.StatusChallenge || len(flow.Options) == 0 {
		http.Redirect(w, r, nextPage(flow, back), http.StatusSeeOther)
		return nil
	}
	current := pick(flow.Options, t.option)
	if wrong == nil && current.LockedUntil.After(a.clock.Now()) {
		wrong = &mfa.LockedError{Until: current.LockedUntil}
	}
	data := challengeData{
		Current: current, Words: current.Method == recovery.Name || current.Method == bypassMethod, Bypass: current.Method == bypassMethod,
		StepUp: flow.Purpose == mfa.SteppingUp, Next: back,
	}
	for _, o := range flow.Options {
		if o.ID != current.ID {
			data.Others = append(data.Others, otherWay{"/challenge?" + url.Values{"option": {o.ID}, "return": {back}}.Encode(), optionText(o)})
		}
	}
	v, page := view{Title: "Enter your code", Aside: asideOf(flow)}, "challenge"
	switch current.Method {
	case recovery.Name:
		v.Title = "Enter a recovery code"
	case bypassMethod:
		v.Title = "Enter the code from support"
	case webauthn.Name:
		v.Title, page = "Use your key", "usekey"
		data.Note = a.keysHere(r)
		data.Ceremony = ceremony{Button: "Use your key", Option: current.ID, Next: back, Again: "/challenge?" + url.Values{"return": {back}}.Encode()}
	case sms.Name, emailcode.Name:
		page = "sendcode"
		data.Sent = a.sentNow(current.Method, current.Hint, t.resend)
		data.Sent.State, data.Sent.Option, data.Sent.Next, data.Sent.Again = current.Delivery, current.ID, back, "/challenge/send"
		data.Sent.Fields = []hidden{{"option", current.ID}, {"return", back}, {"resend", data.Sent.Resend}}
		data.Arrives = current.Sent && (wrong == nil || mayBeOut(wrong))
		if errors.Is(wrong, mfa.ErrNotValid) {
			wrong = &sentError{wrong, !current.Sent}
		}
		if !data.Arrives {
			v.Title = "Get a code"
		}
	}
	if data.StepUp {
		v.Title, v.Email = "Confirm that it is you", a.emailOf(r)
		if v.Aside.Action != "" {
			v.Title = "Approve this"
		}
	}
	v.Data = data
	return a.renderForm(w, r, page, v, wrong)
}

type challengeData struct {
	Current mfa.Option
	Others  []otherWay
	Words   bool // the code is of letters too
	Bypass  bool // support has given it out
	StepUp  bool
	Next    string

	Ceremony ceremony // of a key
	Note     *keyNote

	Sent    *sent // of a code that is sent
	Arrives bool  // one was, and may be typed
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
	if o.Method == bypassMethod {
		return "Use a code from support"
	}
	if o.Method == webauthn.Name {
		return "Use a security key or passkey" // whichever of them: one option covers all
	}
	if o.Method == sms.Name {
		return "Get a text message to " + o.Hint
	}
	if o.Method == emailcode.Name {
		return "Get a mail to " + o.Hint
	}
	return "Use " + o.Label
}

// answerChallenge checks a code. A wrong one leaves the flow as it is.
func (a *app) answerChallenge(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Option   string `json:"option"`
		Code     string `json:"code"`
		Remember string `json:"remember"` // "yes": this browser
		Return   string `json:"return"`
		Resend   string `json:"resend"` // of a code that was sent
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	t := turn{a.mfa.FlowToken(r), in.Option, mfahttp.ReturnPath(r), resendAt(in.Resend, a.clock.Now())}
	flow, err := a.verify(r, mfa.Answer{Option: in.Option, Code: in.Code, Remember: in.Remember == "yes"})
	switch {
	case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrLocked), errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrBusy):
		return a.ask(w, r, t, err)
	case errors.Is(err, mfa.ErrNoOption):
		t.option = ""
		return a.ask(w, r, t, err)
	case err != nil:
		return err
	}
	return a.proceed(w, r, flow, t.back)
}

func (a *app) verify(r *http.Request, answer mfa.Answer) (mfa.Flow, error) {
	if answer.Code == "" {
		return mfa.Flow{}, mfa.ErrBadInput
	}
	return a.engine.Verify(r.Context(), a.mfa.FlowToken(r), answer, a.mfa.Client(r))
}

// skip puts off the enrolment that a flow leads to, where that is still granted.
func (a *app) skip(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Return string `json:"return"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	flow, err := a.engine.Skip(r.Context(), a.mfa.FlowToken(r), a.mfa.Client(r))
	if errors.Is(err, mfa.ErrEnrollmentRequired) {
		err = errNoSkip
	}
	if err != nil {
		return err
	}
	return a.proceed(w, r, flow, mfahttp.ReturnPath(r))
}

// errNoSkip is an enrolment that cannot be put off any more.
var errNoSkip = &mfahttp.Problem{Status: http.StatusForbidden, Code: "enrollment_required", Detail: "the enrolment cannot be put off"}
