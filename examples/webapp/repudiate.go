package main

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// noticePage is what the links of security mails open. It says more than the library's
// own page can: what Repudiated does.
func (a *app) noticePage() *template.Template {
	return template.Must(template.New("notice.html").Funcs(template.FuncMap{
		"say": func(lang, id string) string { return a.words.Pick(lang).Text(id, "app", appName) },
	}).ParseFS(pageFiles, "pages/notice.html"))
}

// Repudiated is told that whoever reads a user's mail has said that it was not them.
// Somebody else has the password, so it opens nothing any more until its owner
// chooses another one by mail; and everybody who is signed in has to go. An app that
// sends no mail has no other way to a password, and leaves it.
func (h host) Repudiated(w http.ResponseWriter, r *http.Request, user string) error {
	end := h.a.accounts.dropPassword
	if h.a.senders.mail == nil {
		end = h.a.sessions.endAll
	}
	if err := end(r.Context(), user); err != nil {
		return asProblem(err)
	}
	acc, err := h.a.accounts.byID(r.Context(), user)
	if errors.Is(err, errNoAccount) {
		return nil
	}
	if err != nil {
		return asProblem(err)
	}
	return asProblem(h.a.engine.SignOutEverywhere(r.Context(), acc.user(), h.a.mfa.Client(r)))
}

// dropPassword ends an account's password, and its sessions and the links that were
// mailed to it in the same transaction.
// No hash stands for no password, which nothing matches.
func (s accounts) dropPassword(ctx context.Context, id string) error {
	return s.db.inTx(ctx, func(tx transaction) error {
		_, err1 := tx.ExecContext(ctx, `UPDATE webapp_accounts SET password = '' WHERE id = ?`, id)
		_, err2 := tx.ExecContext(ctx, `DELETE FROM webapp_sessions WHERE account = ?`, id)
		_, err3 := tx.ExecContext(ctx, `DELETE FROM webapp_links WHERE account = ?`, id)
		return errors.Join(err1, err2, err3)
	})
}

// noticeLink makes the address that goes into the mail about an event: of a page of
// package mfahttp, with a button. Empty: such mails have none.
func noticeLink(engine *mfa.Engine, origin string, e mfa.Event) (string, error) {
	token, err := engine.LinkToken(e)
	if err != nil || token == "" {
		return "", err
	}
	return origin + "/mfa/notice?" + url.Values{"token": {token}}.Encode(), nil
}
