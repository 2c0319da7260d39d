package main

import (
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// mobileRoutes are the front end of an app on phones: the same accounts and sessions,
// under a name of its own, so that a policy can ask for something else there. The
// name comes from the route, and never from what a client says of itself: whoever
// has a password can call this too, so what is not asked for here protects nobody.
func (a *app) mobileRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /mobile/login", a.serve(a.mobileLogin))
	mux.Handle("POST /mobile/logout", a.serve(a.dropToken))
	mux.Handle("GET /mobile/me", a.serve(a.me))
	mux.Handle("/mobile/mfa/", a.mobile)
	mux.Handle("/mobile/", a.serve(a.notFound))
	return mux
}

func (a *app) mobileLogin(w http.ResponseWriter, r *http.Request) error {
	var in credentials
	if err := mfahttp.ReadJSON(w, r, &in); err != nil {
		return err
	}
	acc, err := a.checkPassword(r, in.Email, in.Password)
	if err != nil {
		return err
	}
	flow, err := a.signIn(r, acc, mfa.Password)
	if err != nil {
		return err
	}
	return a.began(w, r, http.StatusOK, flow)
}
