package main

import "net/http"

func onNetHTTP(a *app) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mfa/", a.mfa)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	mux.Handle("GET /secret", a.recent(http.HandlerFunc(a.secret)))
	return a.mfa.Protect(mux)
}
