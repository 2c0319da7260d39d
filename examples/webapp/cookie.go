package main

import (
	"net/http"
	"time"
)

// cookieName has the prefix that keeps subdomains and plain http from planting
// a session, wherever browsers honour it.
func (a *app) cookieName() string {
	if a.secure {
		return "__Host-session"
	}
	return "session"
}

func (a *app) setCookie(w http.ResponseWriter, id string, life time.Duration) {
	seconds := int(life / time.Second)
	if seconds < 1 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: a.cookieName(), Value: id, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: a.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (a *app) sessionID(r *http.Request) string {
	c, err := r.Cookie(a.cookieName())
	if err != nil || len(c.Value) > 128 {
		return ""
	}
	return c.Value
}
