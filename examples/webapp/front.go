package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// The app has two front ends: pages for browsers, which keep their session in a
// cookie, and an API for programs, which keep it themselves. What differs between
// them is here; sign-ins, second factors and sessions are the same. Evidence names
// the front end that it was given at and is worth nothing at the other, so that a
// cookie is no token and a token no cookie.

// apiTokenHeader carries a new session to a program, in the answer to whatever
// signed it in.
const apiTokenHeader = "Api-Token"

// isAPI says whether a request came to a front end whose clients keep their session
// themselves: the API, or that of the app on phones.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") || isMobile(r) }

func isMobile(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/mobile/") }

// front is the library's handler for the front end that a request came to.
func (a *app) front(r *http.Request) *mfahttp.Handler {
	switch {
	case isMobile(r):
		return a.mobile
	case isAPI(r):
		return a.api
	}
	return a.mfa
}

// client is where a request comes from.
func (a *app) client(r *http.Request) mfa.Client { return a.front(r).Client(r) }

// sessionID is the session's id that a request carries: in the cookie, which the API
// does not look at, or as a bearer token (RFC 6750), which nothing else looks at.
func (a *app) sessionID(r *http.Request) string {
	var id string
	if isAPI(r) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			id = token
		}
	} else if c, err := r.Cookie(a.cookieName()); err == nil {
		id = c.Value
	}
	if len(id) > maxToken {
		return ""
	}
	return id
}

// handOver gives a session's id to the client; an empty one ends a browser's cookie.
func (a *app) handOver(w http.ResponseWriter, r *http.Request, id string, life time.Duration) {
	switch {
	case !isAPI(r):
		a.setCookie(w, a.cookieName(), id, life)
	case id != "":
		w.Header().Set(apiTokenHeader, id)
	}
}
