package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// staffRoutes are what staff may do. The pages are elsewhere.
func (a *app) staffRoutes(mux *http.ServeMux) {
	if a.senders.mail != nil {
		mux.Handle("POST /admin/invite", a.behind(support, func(w http.ResponseWriter, r *http.Request, _ visit) error {
			return a.invite(w, r, "/?said=invited")
		}))
	}
	mux.Handle("POST /admin/api-keys", a.behind(admin, a.makeKey))
	mux.Handle("DELETE /admin/api-keys/{id}", a.behind(admin, a.revokeKey))
}

// An invitation is what the link of one stands for. What it says of the account comes
// from the staff, and not from whoever opens it.
type invitation struct {
	Email string `json:"email"`
	Kind  string `json:"kind"` // person, or service
	Team  string `json:"team"`
}

func (a *app) invite(w http.ResponseWriter, r *http.Request, page string) error {
	var in invitation
	if err := read(w, r, &in); err != nil {
		return err
	}
	var err error
	if in.Email, err = normalEmail(in.Email); err != nil {
		return err
	}
	if in.Kind != "" && in.Kind != "person" && in.Kind != string(mfa.Service) {
		return badRequest(`"kind" is neither person nor service`)
	}
	if len(in.Team) > maxLabel {
		return badRequest(`"team" has more than 64 bytes`)
	}
	switch _, err := a.accounts.byEmail(r.Context(), in.Email); {
	case err == nil:
		return errTaken // staff may know
	case !errors.Is(err, errNoAccount):
		return err
	}
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	token, err := a.links.issue(r.Context(), toJoin, "", link{Data: string(data)})
	if err != nil {
		return err
	}
	if err := a.post(r, toJoin, in.Email, token, true); err != nil {
		return err
	}
	return a.done(w, r, page)
}

// join makes the account of whoever was invited. That they have the link shows that
// they read mail at the address; the password that they choose in the same step is
// new, and no second proof.
func (a *app) join(w http.ResponseWriter, r *http.Request) error {
	var in pressed
	if err := read(w, r, &in); err != nil {
		return err
	}
	hash, err := a.newPassword(r, in)
	if err != nil {
		return a.again(w, r, toJoin, in, err)
	}
	l, err := a.links.take(r.Context(), toJoin, "", in.Token)
	if err != nil {
		return err
	}
	var of invitation
	if err := json.Unmarshal([]byte(l.Data), &of); err != nil {
		return err
	}
	acc := account{Email: of.Email, EmailVerified: true, Password: hash, Created: a.clock.Now()}
	if of.Kind == string(mfa.Service) {
		acc.Kind = mfa.Service
	}
	if of.Team != "" {
		acc.Attributes = map[string]string{"team": of.Team}
	}
	acc.Attributes = a.speaking(r, acc.Attributes)
	if acc, err = a.accounts.create(r.Context(), acc); err != nil {
		return err
	}
	flow, err := a.signIn(r, acc, mfa.EmailLink)
	if err != nil {
		return err
	}
	return a.began(w, r, http.StatusCreated, flow)
}
