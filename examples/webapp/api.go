package main

import (
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// apiRoutes are the API for programs and people's scripts. A token is a session like
// any other, and there is none before the flow has passed: what a flow that waits
// for a code hands out goes to /api/mfa/flow/verify, and opens nothing else.
func (a *app) apiRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /api/token", a.serve(a.exchange))
	mux.Handle("DELETE /api/token", a.serve(a.dropToken))
	mux.Handle("GET /api/me", a.serve(a.me))
	mux.Handle("/api/mfa/", a.api)
	mux.Handle("/api/", a.serve(a.notFound))
	return mux
}

// programs has all who change something taken for programs, which get a flow's token
// into their hands, and refuses browsers: a page of another site could have them call.
func (a *app) programs(front *mfahttp.Handler, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r.Header.Set(mfahttp.ClientHeader, "native")
		}
		front.Protect(next).ServeHTTP(w, r)
	})
}

// exchange takes what a program or its owner can prove, and answers with a flow.
// Where that has passed, the token is in the answer's header.
func (a *app) exchange(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Key      string `json:"api_key"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	var acc account
	var err error
	first := mfa.Password
	switch {
	case in.Key == "":
		acc, err = a.checkPassword(r, in.Email, in.Password)
	case in.Email != "" || in.Password != "":
		return badRequest("both a key and a password")
	default:
		first = mfa.ClientCredentials
		acc, err = a.keys.owner(r.Context(), in.Key)
	}
	if err != nil {
		return err
	}
	flow, err := a.signIn(r, acc, first)
	if err != nil {
		return err
	}
	return a.began(w, r, http.StatusOK, flow)
}

func (a *app) dropToken(w http.ResponseWriter, r *http.Request) error {
	if err := a.endSession(w, r); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
