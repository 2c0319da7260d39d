package main

import (
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// signIn is the one way from a first factor, whatever it was, to a flow. Passkeys
// come by way of the library's own handler. There is no session yet: see mint.go.
func (a *app) signIn(r *http.Request, acc account, first mfa.First) (mfa.Flow, error) {
	wrong, err := a.throttle.wrong(r.Context(), acc.Email)
	if err != nil {
		return mfa.Flow{}, err
	}
	flow, err := a.engine.SignIn(r.Context(), mfa.SignIn{User: acc.user(), First: first, Client: a.client(r), WrongPasswords: wrong})
	if err != nil {
		return mfa.Flow{}, err
	}
	// What was proved before the account's password or address was changed, while the
	// flow had not begun, does not count: the change ended the flows that it knew of.
	now, err := a.accounts.byID(r.Context(), acc.ID)
	if err == nil && (now.Password != acc.Password || now.Email != acc.Email) {
		err = errWrongPassword
		if first != mfa.Password {
			err = errLink
		}
	}
	return flow, err
}

// errService tells what to do to whom no proof helps.
var errService = &mfahttp.Problem{Status: http.StatusForbidden, Code: "service_account", Detail: "this is a service account: " +
	"a program signs in to it with an API key at POST /api/token, from the networks that the policy names; people need an account of their own"}

// began answers with a flow. Whoever was signed in here before is signed out,
// so that a session and a sign-in of two people never meet in one browser.
func (a *app) began(w http.ResponseWriter, r *http.Request, status int, flow mfa.Flow) error {
	if flow.Status != mfa.StatusPassed && !isAPI(r) {
		if err := a.endSession(w, r); err != nil {
			return err
		}
	}
	switch {
	case wantsPage(r):
		return a.ready.Proceed(w, r, flow, mfahttp.ReturnPath(r))
	case flow.Status == mfa.StatusDenied && flow.Reason == mfa.ReasonService:
		return errService
	}
	a.front(r).WriteFlow(w, r, status, flow)
	return nil
}
