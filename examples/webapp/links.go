package main

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

var errLink = errors.New("webapp: the link has expired, was used, or belongs to another browser")

// A purpose is what a link is for. A link for one thing is worth nothing for
// another.
type purpose string

const (
	toSignIn        purpose = "sign-in"
	toResetPassword purpose = "reset"
	toVerifyAddress purpose = "verify"
	toJoin          purpose = "invite"
	toComeBack      purpose = "oauth" // from a provider: OAuth's state
)

// life is how long a link works. Mails are read within minutes, but for
// invitations (OWASP Forgot Password Cheat Sheet: short, single use).
func (p purpose) life() time.Duration {
	switch p {
	case toJoin:
		return 7 * 24 * time.Hour
	case toComeBack:
		return 10 * time.Minute
	}
	return 15 * time.Minute
}

// A link is what was known when it was made.
type link struct {
	Account string // for which it is; empty: there is none yet
	Data    string // the address that it was mailed to, or what it invites to
}

// links keeps what comes back once: the tokens of mailed links, and OAuth's state.
type links struct {
	db  *database
	now func() time.Time
}

// issue makes a link's token, which works in the browser that has this secret; with
// the empty one in any.
func (s links) issue(ctx context.Context, p purpose, browser string, l link) (token string, err error) {
	token = newToken()
	_, err = s.db.ExecContext(ctx, `INSERT INTO webapp_links (id, purpose, browser, account, data, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
		tokenKey(token), p, tokenKey(browser), l.Account, l.Data, s.now().Add(p.life()).UnixMilli())
	return token, err
}

// take spends a token. Of several requests that bring it one gets the link. A token
// that another browser brings is not spent: somebody who has seen a link cannot
// spoil it. errLink.
func (s links) take(ctx context.Context, p purpose, browser, token string) (link, error) {
	var l link
	err := s.db.QueryRowContext(ctx, `SELECT account, data FROM webapp_links WHERE id = ? AND purpose = ? AND browser = ? AND expires_at > ?`,
		tokenKey(token), p, tokenKey(browser), s.now().UnixMilli()).Scan(&l.Account, &l.Data)
	if errors.Is(err, sql.ErrNoRows) {
		return link{}, errLink
	}
	if err != nil {
		return link{}, err
	}
	if err := change(ctx, s.db, errLink, `DELETE FROM webapp_links WHERE id = ?`, tokenKey(token)); err != nil {
		return link{}, err
	}
	return l, nil // as it was read: nothing changes links
}
