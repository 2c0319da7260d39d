package main

import (
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// resetPassword sets the password of whoever reads the account's mail, and signs in
// with that as the first factor. The password that was just chosen proves nothing, and
// the second factor stays what it was: else whoever has the mailbox has the account.
func (a *app) resetPassword(w http.ResponseWriter, r *http.Request) error {
	var in pressed
	if err := read(w, r, &in); err != nil {
		return err
	}
	hash, err := a.newPassword(r, in)
	if err != nil {
		return a.again(w, r, toResetPassword, in, err)
	}
	l, err := a.links.take(r.Context(), toResetPassword, "", in.Token)
	if err != nil {
		return err
	}
	acc, err := a.linked(r, l)
	if err != nil {
		return err
	}
	err = a.accounts.setPassword(r.Context(), acc, hash)
	if errors.Is(err, errNoAccount) { // it was changed meanwhile, which ended this link
		return errLink
	}
	if err != nil {
		return err
	}
	acc.Password, acc.EmailVerified = hash, true
	if err := a.accounts.verified(r.Context(), acc); err != nil {
		return err
	}
	if _, err := a.engine.PasswordChanged(r.Context(), mfa.Caller{User: acc.user(), Client: a.client(r)}); err != nil {
		return err
	}
	flow, err := a.signIn(r, acc, mfa.EmailReset)
	if err != nil {
		return err
	}
	return a.began(w, r, http.StatusOK, flow)
}
