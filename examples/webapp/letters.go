package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// letters are the pages that mailed links open. What the mails say is in the catalogue:
// host.mail.NAME.subject, .text before the link, .after, and .nobody in their place where
// there is no account to send it to.
var letters = map[purpose]struct{ page, name string }{
	toSignIn: {"/magic", "magic"}, toResetPassword: {"/reset", "reset"}, toVerifyAddress: {"/verify", "verify"}, toJoin: {"/invite", "invite"},
}

// post mails a letter: with the link, or without one to an address that nobody here
// has. So both take as long, and the answer need not tell them apart.
func (a *app) post(r *http.Request, p purpose, to, token string, known bool) error {
	l, letter := a.words.Pick(r.Header.Get("Accept-Language")), letters[p]
	id := "host.mail." + letter.name
	text := l.Text(id + ".nobody")
	if known {
		link := a.origin + letter.page + "?" + url.Values{"token": {token}}.Encode()
		text = fmt.Sprintf("%s\n\n%s\n\n%s %s", l.Text(id+".text"), link, l.Text("host.mail.once", "span", p.life()), l.Text(id+".after"))
	}
	_, err := a.senders.mail.Send(r.Context(), mfa.Message{ID: rand.Text(), Channel: mfa.ChannelEmail, To: to, Subject: l.Text(id+".subject") + ": " + appName, Text: text})
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
	if err := a.post(r, p, email, token, known); err != nil {
		a.log.ErrorContext(r.Context(), "webapp: a mail was not sent", "purpose", p, "error", err)
	}
	return nil
}
