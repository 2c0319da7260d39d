package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// A letter is a mail with a link, and the one that goes out in its place where there
// is nobody to send it to.
type letter struct {
	page    string // which the link opens
	subject string
	text    string // before the link
	after   string
	nobody  string // empty: it is for anybody
}

var letters = map[purpose]letter{
	toSignIn: {page: "/magic", subject: "Your link to sign in",
		text:   "Open this link to sign in, in the browser in which you asked for it:",
		after:  "Somebody asked for it here, with your address. If it was not you, do nothing: it works in no other browser.",
		nobody: "Somebody asked for a link to sign in with this address, but there is no account with it. If it was you, you may have used another address."},
	toResetPassword: {page: "/reset", subject: "Choose a new password",
		text:   "Open this link to choose a new password:",
		after:  "Somebody asked for it here, with your address. If it was not you, do nothing: your password stays as it is.",
		nobody: "Somebody asked for a new password with this address, but there is no account with it. If it was you, you may have used another address."},
	toVerifyAddress: {page: "/verify", subject: "Confirm your address",
		text:  "Open this link to confirm that this is your address, in the browser in which you are signed in:",
		after: "If you have no account here, do nothing."},
	toJoin: {page: "/invite", subject: "You are invited",
		text:  "Somebody here invites you to have an account. Open this link to choose a password:",
		after: "If you do not know why, do nothing."},
}

// post mails a letter: with the link, or without one to an address that nobody here
// has. So both take as long, and the answer need not tell them apart.
func (a *app) post(ctx context.Context, p purpose, to, token string, known bool) error {
	l := letters[p]
	text := l.nobody
	if known {
		link := a.origin + l.page + "?" + url.Values{"token": {token}}.Encode()
		text = fmt.Sprintf("%s\n\n%s\n\nIt works once, for %s. %s", l.text, link, days(p.life()), l.after)
	}
	_, err := a.senders.mail.Send(ctx, mfa.Message{ID: rand.Text(), Channel: mfa.ChannelEmail, To: to, Subject: l.subject + ": " + appName, Text: text})
	return err
}

// mailTo mails a letter to whoever has an account with this address, and says
// nothing of whether there is one. errEmail, *tooOftenError.
func (a *app) mailTo(w http.ResponseWriter, r *http.Request, p purpose, address, browser string) error {
	email, err := normalEmail(address)
	if err != nil {
		return err
	}
	if err := a.throttle.chargeMail(r.Context(), email, a.clientIP(r)); err != nil {
		return err
	}
	acc, err := a.accounts.byEmail(r.Context(), email)
	known := err == nil
	if !known && !errors.Is(err, errNoAccount) {
		return err
	}
	token, err := a.links.issue(r.Context(), p, browser, link{Account: acc.ID, Data: email})
	if err != nil {
		return err
	}
	if err := a.post(r.Context(), p, email, token, known); err != nil {
		a.log.ErrorContext(r.Context(), "webapp: a mail was not sent", "purpose", p, "error", err)
	}
	return nil
}
