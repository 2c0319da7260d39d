package main

import (
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// enterByLink signs in by a mailed link: a first factor, which shows that somebody
// reads the mail. A code by mail would show that again, and is not taken for a second.
func (a *app) enterByLink(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token string `json:"token"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	l, err := a.links.take(r.Context(), toSignIn, a.bound(r, toSignIn), in.Token)
	if err != nil {
		return err
	}
	acc, err := a.linked(r, l)
	if err != nil {
		return err
	}
	if acc, err = a.claim(r, acc); err != nil {
		return err
	}
	flow, err := a.signIn(r, acc, mfa.EmailLink)
	if err != nil {
		return err
	}
	return a.began(w, r, http.StatusOK, flow)
}

// linked is the account that a link was mailed for, as long as its address is the
// one that the link went to. errLink.
func (a *app) linked(r *http.Request, l link) (account, error) {
	acc, err := a.accounts.byID(r.Context(), l.Account)
	if errors.Is(err, errNoAccount) || err == nil && acc.Email != l.Data {
		return account{}, errLink
	}
	return acc, err
}

// claim is for whoever has shown that the address of an account is theirs, which
// nobody had before. The account was made by somebody who may be another: their
// password and their sessions end, or the owner of the address would share an account
// with a stranger who was there first (Sudhodanan and Paverd, "Pre-hijacked accounts",
// USENIX Security 2022). Who is signed in to it here is the one who made it.
func (a *app) claim(r *http.Request, acc account) (account, error) {
	if acc.EmailVerified {
		return acc, nil
	}
	s, err := a.current(r)
	if err != nil && !errors.Is(err, mfahttp.ErrNoSession) {
		return account{}, err
	}
	if s.Account.ID != acc.ID && acc.Password != "" {
		if err := a.accounts.setPassword(r.Context(), acc, ""); err != nil {
			return account{}, err
		}
		if _, err := a.engine.PasswordChanged(r.Context(), mfa.Caller{User: acc.user(), Client: a.client(r)}); err != nil {
			return account{}, err
		}
		acc.Password = ""
	}
	acc.EmailVerified = true
	return acc, a.accounts.verified(r.Context(), acc)
}

// askToVerify mails a link to the address of whoever is signed in.
func (a *app) askToVerify(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	if err := a.mailTo(w, r, toVerifyAddress, s.Account.Email, a.bind(w, toVerifyAddress)); err != nil {
		return err
	}
	return a.done(w, r, "/settings?said=mailed")
}

// verifyAddress takes the link where it was asked for, by whom it was asked for.
func (a *app) verifyAddress(w http.ResponseWriter, r *http.Request) error {
	s, err := a.current(r)
	if err != nil {
		return err
	}
	var in struct {
		Token string `json:"token"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	l, err := a.links.take(r.Context(), toVerifyAddress, a.bound(r, toVerifyAddress), in.Token)
	if err != nil {
		return err
	}
	acc, err := a.linked(r, l)
	if err != nil {
		return err
	}
	if acc.ID != s.Account.ID {
		return errLink
	}
	if _, err := a.claim(r, acc); err != nil {
		return err
	}
	return a.done(w, r, "/settings?said=verified")
}
