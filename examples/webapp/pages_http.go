package main

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// pageRoutes are the pages. What a page changes, it changes by POST; what asks
// for fresh evidence has a GET page at which the change begins anew after it was
// given.
func (a *app) pageRoutes(mux *http.ServeMux) {
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":                               a.startPage,
		"GET /register":                          a.emptyRegisterPage,
		"GET /login":                             a.emptyLoginPage,
		"GET /challenge":                         a.challengePage,
		"POST /challenge":                        a.answerChallenge,
		"POST /challenge/send":                   a.sendCode,
		"POST /challenge/skip":                   a.skip,
		"GET /lost":                              a.lostPage,
		"POST /lost":                             a.askReset,
		"GET /continue":                          a.goOn,
		"GET /confirm":                           a.confirmPage,
		"POST /confirm":                          a.beginStepUp,
		"GET /setup":                             a.setupPage,
		"GET /setup/app":                         a.appPage,
		"POST /setup":                            a.beginSetup,
		"POST /setup/confirm":                    a.finishSetup,
		"GET /setup/key":                         a.keyPage,
		"POST /setup/key":                        a.finishKey,
		"GET /settings":                          a.settingsPage,
		"GET /settings/enrollments/{id}":         a.enrollmentPage,
		"GET /settings/enrollments/{id}/change":  a.changeDestinationPage,
		"POST /settings/enrollments/{id}/rename": a.renameEnrollment,
		"POST /settings/enrollments/{id}/remove": a.removeEnrollment,
		"GET /settings/recovery-codes":           a.newCodesPage,
		"POST /settings/recovery-codes":          a.makeCodes,
		"GET /settings/password":                 a.passwordPage,
		"GET /settings/activity":                 a.activityPage,
		"POST /settings/activity/{id}/dispute":   a.disputeSignIn,
		"GET /settings/devices":                  a.devicesPage,
		"POST /settings/devices/{id}/forget":     a.forgetDevice,
		"POST /settings/devices/forget-all":      a.forgetDevices,
		"POST /settings/sign-out-everywhere":     a.signOutEverywhere,
		"GET /settings/reset":                    a.cancelResetPage,
		"POST /settings/reset/cancel":            a.cancelReset,
		"POST /settings/sign-out-others":         a.signOutOthers,
		"/":                                      a.notFound,
	} {
		mux.Handle(pattern, a.serve(h))
	}
	mux.Handle("GET /health", a.serve(a.health))
	for _, d := range destinations {
		mux.Handle("GET /setup/"+d.method, a.serve(a.destinationPage(d)))
		mux.Handle("POST /setup/"+d.method, a.serve(a.beginDestination(d)))
		mux.Handle("POST /setup/"+d.method+"/resend", a.serve(a.resendDestination(d)))
		mux.Handle("POST /setup/"+d.method+"/confirm", a.serve(a.finishDestination(d)))
	}
	mux.Handle("GET /settings/export", a.guarded(exportNeeds, a.exportPage))
	mux.Handle("GET /static/{file}", cached(http.FileServerFS(staticFiles)))
}

// cached lets browsers keep what is the same for everybody.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		next.ServeHTTP(w, r)
	})
}

func (a *app) startPage(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if errors.Is(err, mfahttp.ErrNoSession) {
		return a.render(w, r, http.StatusOK, "start", view{Title: "Welcome", Data: a.senders.told(a.inbox)})
	}
	if err != nil {
		return err
	}
	own, err := a.enrolled(r, s)
	if err != nil {
		return err
	}
	rank, err := a.desk.rankOf(r.Context(), s.Account)
	if err != nil {
		return err
	}
	return a.render(w, r, http.StatusOK, "start", view{Title: "Signed in", Email: s.Account.Email, Data: struct {
		Methods   string
		Time      time.Time
		AAL       int
		Protected bool
		Staff     bool
		Add       addable
	}{methodNames(s.Evidence), s.Evidence.Time, int(s.Evidence.AAL()), len(own.Methods()) > 0, rank.atLeast(support), a.addable(r, s, own)}})
}

func (a *app) emptyRegisterPage(w http.ResponseWriter, r *http.Request) error {
	return a.registerPage(w, r, registration{}, nil)
}

func (a *app) registerPage(w http.ResponseWriter, r *http.Request, in registration, err error) error {
	v := view{Title: "Create an account", Data: struct {
		Email, Phone string
		Min, Max     int
	}{in.Email, in.Phone, minPassword, maxPassword}}
	return a.renderForm(w, r, "register", v, err)
}

func (a *app) emptyLoginPage(w http.ResponseWriter, r *http.Request) error {
	return a.loginPage(w, r, "", nil)
}

func (a *app) loginPage(w http.ResponseWriter, r *http.Request, email string, err error) error {
	note := a.keysHere(r)
	return a.renderForm(w, r, "login", view{Title: "Sign in", Data: struct {
		Email    string
		Passkeys bool
		Ceremony ceremony
		Note     *keyNote
		Others   []otherWay
	}{email, note == nil, ceremony{Button: "Sign in with a passkey", Next: "/", Again: "/challenge"}, note, a.otherWays()}}, err)
}

// renderForm shows a form again with what was wrong about it, if anything.
func (a *app) renderForm(w http.ResponseWriter, r *http.Request, name string, v view, err error) error {
	if err == nil {
		return a.render(w, r, http.StatusOK, name, v)
	}
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		return err
	}
	v.Problem, v.Field = words(err, a.clock.Now()), fieldOf(err)
	return a.render(w, r, status, name, v)
}

// proceed carries a flow on to its next page, and sends the code that is typed
// there. back is where a flow that has passed leads.
func (a *app) proceed(w http.ResponseWriter, r *http.Request, flow mfa.Flow, back string) error {
	if err := a.mfa.Proceed(w, r, flow); err != nil {
		return err
	}
	if flow.Status == mfa.StatusDenied {
		return a.deniedPage(w, r, flow)
	}
	if option, ok := firstToSend(flow, a.clock.Now()); ok {
		return a.send(w, r, turn{flow.Token, option, back, time.Time{}})
	}
	http.Redirect(w, r, nextPage(flow, back), http.StatusSeeOther) //nolint:gosec // callers pass ReturnPath
	return nil
}

func nextPage(flow mfa.Flow, back string) string {
	switch flow.Status {
	case mfa.StatusPassed:
		return back
	case mfa.StatusEnroll:
		return "/setup"
	}
	if back == "/" {
		return "/challenge"
	}
	return "/challenge?" + url.Values{"return": {back}}.Encode()
}

func (a *app) deniedPage(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	if flow.Purpose == mfa.SteppingUp {
		s, err := a.current(r)
		if err != nil {
			return err
		}
		return a.noWay(w, r, s, flow.Reason)
	}
	text := map[string]string{
		mfa.ReasonNoMethod: "Nothing that is set up for this account is enough to sign in here. Ask support for help.",
		mfa.ReasonDisabled: "The ways to confirm that it is you are disabled after too many wrong codes. Ask support for help.",
		mfa.ReasonService: "This is a service account: a program signs in to it with an API key, from the networks that the policy names, and from nowhere else. " +
			"Use an account of your own. If a program was refused, ask whoever runs this app to add its network to the policy.",
		mfa.ReasonRisk: "This sign-in looks like somebody else’s, so it was stopped. If it is you, sign in from a place and a browser that you have used before, or ask support for help.",
	}[flow.Reason]
	if text == "" {
		text = "Signing in to this account is not possible at the moment. Ask support for help."
	}
	return a.render(w, r, http.StatusForbidden, "message", view{Title: "You cannot sign in", Data: notice{text, "/", "To the start page"}, Aside: asideOf(flow)})
}
