package main

import (
	"net/http"
	"time"
)

// devRoutes exist with -dev only. They hand out what protects accounts, so that
// a developer and a test can play the user.
func (a *app) devRoutes(mux *http.ServeMux) {
	mux.Handle("GET /dev/inbox", a.serve(func(w http.ResponseWriter, r *http.Request) error {
		return a.render(w, r, http.StatusOK, "inbox", view{Title: "Inbox", Data: a.inbox.messages()})
	}))
	mux.Handle("GET /dev/inbox.json", a.serve(func(w http.ResponseWriter, r *http.Request) error {
		return writeJSON(w, a.inbox.messages())
	}))
	mux.Handle("POST /dev/clock", a.serve(a.advanceClock))
	mux.Handle("GET /dev/client", a.serve(a.playPage))
	mux.Handle("POST /dev/client", a.serve(a.play))
	mux.Handle("POST /dev/rank", a.serve(a.promote))
	mux.Handle("POST /dev/invite", a.serve(func(w http.ResponseWriter, r *http.Request) error { return a.invite(w, r, "/dev/inbox") }))
	mux.Handle("GET /dev/idp/authorize", a.serve(a.exampleIDPage))
	mux.Handle("POST /dev/idp/authorize", a.serve(a.approveExampleID))
}

// advanceClock moves the app's clock forward. It never goes back: engines and
// stores are allowed to count on that.
func (a *app) advanceClock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Advance string `json:"advance"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || !a.clock.advance(d) {
		return badRequest(`"advance" is not a duration forward, such as "720h", or too far`)
	}
	if wantsPage(r) {
		return a.done(w, r, "/dev/client?said=later")
	}
	return writeJSON(w, map[string]time.Time{"now": a.clock.Now().UTC()})
}

// promote gives an account a rank: somebody has to be the first of the staff.
func (a *app) promote(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email string `json:"email"`
		Rank  string `json:"rank"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	email, err := normalEmail(in.Email)
	if err != nil {
		return err
	}
	to, err := parseRank(in.Rank)
	if err != nil {
		return err
	}
	if err := a.accounts.setRank(r.Context(), email, to); err != nil {
		return err
	}
	return a.done(w, r, "/dev/inbox?said=renamed")
}
