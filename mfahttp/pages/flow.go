package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// Proceed carries a flow on in place of [mfahttp.Handler.Proceed]: for the host's
// login, and whatever else begins a flow. It sends the first code where that is the
// best way to go on, and leads to the page that asks for it, to the one that sets
// something up, or, once the flow has passed, to back, a path of this origin
// ([mfahttp.ReturnPath]); empty: to [Config.Home]. A denied flow gets its page.
//
// With an error nothing is written yet but cookies. It is that of [mfahttp.Host.Passed]
// or the engine's, for the host to answer as it answers the others of its login.
func (p *Pages) Proceed(w http.ResponseWriter, r *http.Request, flow mfa.Flow, back string) error {
	v := p.visit(w, r)
	if back == "" || back == "/" {
		back = p.config.Home
	}
	return v.proceed(flow, back)
}

// proceed carries a flow on to its next page, and sends the code that is typed
// there. back is where a flow that has passed leads.
func (v *visit) proceed(flow mfa.Flow, back string) error {
	if err := v.api.Proceed(v.w, v.r, flow); err != nil {
		return err
	}
	if flow.Status == mfa.StatusDenied {
		return v.deniedPage(flow, back)
	}
	if option, ok := v.firstToSend(flow); ok {
		return v.send(turn{token: flow.Token, option: option, back: back})
	}
	return v.redirect(v.nextPage(flow, back))
}

// nextPage is where a flow goes on that asks for something, or has passed.
func (v *visit) nextPage(flow mfa.Flow, back string) string {
	switch flow.Status {
	case mfa.StatusPassed:
		return back
	case mfa.StatusEnroll:
		return v.returning("/setup", back)
	}
	return v.returning("/challenge", back)
}

// returning is the path of a page of ours that leads to back when it is done.
func (v *visit) returning(path, back string) string {
	if back == v.config.Home {
		return v.path(path)
	}
	return v.path(path) + "?" + url.Values{"return": {back}}.Encode()
}

// deniedPage says why a flow ends here, and where help is.
func (v *visit) deniedPage(flow mfa.Flow, back string) error {
	if flow.Purpose == mfa.SteppingUp {
		return v.noWay(flow.Reason, back)
	}
	return v.render(http.StatusForbidden, "message", view{Title: v.text("page.denied.title"), Public: true, Aside: v.asideOf(flow, back),
		Data: message{Text: v.first("error.denied."+flow.Reason, "page.denied.other"), URL: v.config.Home, Link: v.text("page.home")}})
}

// continuePage is where a browser comes to whose mailed link was taken, or whose
// flow came to its end in another tab: to what the flow asks for next, or to where it led.
func (v *visit) continuePage() error {
	flow, err := v.engine.Flow(v.r.Context(), v.api.FlowToken(v.r))
	switch {
	case (errors.Is(err, mfa.ErrNoFlow) || errors.Is(err, mfa.ErrFlowExpired)) && v.user() != "":
		return v.redirect(v.back())
	case err != nil:
		return err
	case flow.Status == mfa.StatusDenied:
		return v.deniedPage(flow, v.back())
	}
	return v.redirect(v.nextPage(flow, v.back()))
}

// goOn goes on with a flow that was answered by a link in another browser.
func (v *visit) goOn() error {
	flow, err := v.engine.Continue(v.r.Context(), v.api.FlowToken(v.r), v.api.Client(v.r))
	if err != nil {
		return err
	}
	return v.proceed(flow, v.back())
}

// skip puts off the enrolment that a flow leads to, where that is still granted.
func (v *visit) skip() error {
	flow, err := v.engine.Skip(v.r.Context(), v.api.FlowToken(v.r), v.api.Client(v.r))
	if errors.Is(err, mfa.ErrEnrollmentRequired) {
		return v.render(http.StatusForbidden, "message", view{Title: v.text("page.skip_over.title"), Public: true,
			Data: message{Text: v.text("page.skip_over.text"), URL: v.returning("/continue", v.back()), Link: v.text("page.continue")}})
	}
	if err != nil {
		return err
	}
	return v.proceed(flow, v.back())
}
