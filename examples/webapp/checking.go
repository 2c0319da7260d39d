package main

import (
	"context"
	"errors"
	"net/http"
)

var errWrongPassword = errors.New("webapp: wrong e-mail address or password")

// checkPassword is the one place where a password is compared, for all routes
// that take one, so that they share one count of failures. An account that does
// not exist costs the same time and gets the same answer as a wrong password.
// errWrongPassword, *tooOftenError.
func (a *app) checkPassword(r *http.Request, email, password string) (account, error) {
	email, err := normalEmail(email)
	if err != nil {
		email = "" // nobody's; counted like any other
	}
	if err := a.passwords.acquire(r.Context()); err != nil {
		return account{}, err
	}
	defer a.passwords.release()
	ip := a.clientIP(r)
	if err := a.throttle.charge(r.Context(), email, ip); err != nil {
		return account{}, err
	}
	acc, err := a.accounts.byEmail(r.Context(), email)
	if err != nil && !errors.Is(err, errNoAccount) {
		return account{}, err
	}
	right, err := a.passwords.matches(acc.Password, password)
	if err != nil {
		return account{}, err
	}
	if !right {
		return account{}, errWrongPassword
	}
	return acc, a.throttle.refund(r.Context(), email, ip)
}

// hashPassword makes the stored form of a new password when it is its turn.
func (a *app) hashPassword(ctx context.Context, password string) (string, error) {
	if err := a.passwords.acquire(ctx); err != nil {
		return "", err
	}
	defer a.passwords.release()
	return a.passwords.hash(password), nil
}
