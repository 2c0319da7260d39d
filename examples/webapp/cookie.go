package main

import (
	"net/http"
	"time"
)

// maxToken bounds what a client may send as a token. Ours are shorter.
const maxToken = 128

func (a *app) cookieName() string { return a.cookie("session") }

// cookie adds the prefix that keeps subdomains and plain http from planting a
// cookie, wherever browsers honour it.
func (a *app) cookie(name string) string {
	if a.secure {
		return "__Host-" + name
	}
	return name
}

func (a *app) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	seconds := int(life / time.Second)
	if seconds < 1 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	})
}

// bind gives the browser a secret of its own, by which it is known when something
// comes back that it asked for. The one that it asked for last counts.
func (a *app) bind(w http.ResponseWriter, p purpose) (secret string) {
	secret = newToken()
	a.setCookie(w, a.cookie("for-"+string(p)), secret, p.life())
	return secret
}

// bound is what bind gave to the browser; empty: nothing.
func (a *app) bound(r *http.Request, p purpose) string {
	c, err := r.Cookie(a.cookie("for-" + string(p)))
	if err != nil || len(c.Value) > maxToken {
		return ""
	}
	return c.Value
}
