package main

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

func onChi(a *app) http.Handler {
	r := chi.NewRouter()
	r.Use(a.mfa.Protect)
	r.Handle("/mfa/*", a.mfa)
	r.Post("/login", a.login)
	r.Post("/logout", a.logout)
	r.With(a.recent).Get("/secret", a.secret)
	return r
}
