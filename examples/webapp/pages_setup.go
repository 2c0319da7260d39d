package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// appPage begins the enrolment of an authenticator app, by somebody who is signed
// in or whose sign-in asks for one. It never shows a secret.
func (a *app) appPage(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.mfa.Caller(r)
	if err != nil {
		return err
	}
	if caller.FlowToken != "" {
		return a.askName(w, r, caller, nil)
	}
	return a.changing(w, r, func(session) error { return a.askName(w, r, caller, nil) })
}

func (a *app) askName(w http.ResponseWriter, r *http.Request, caller mfa.Caller, err error) error {
	asks, failed := a.asks(r, caller)
	if failed != nil {
		return failed
	}
	v := view{Title: "Set up an authenticator app", Email: caller.User.Email, Aside: asideOf(asks), Data: struct {
		Required bool
		Others   bool // would do as well
	}{caller.User.ID == "", len(a.setupLinks(r, asks.Methods)) > 1}}
	return a.renderForm(w, r, "setup", v, err)
}

// beginSetup makes a secret and shows it, in this answer and never again.
func (a *app) beginSetup(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.mfa.Caller(r)
	if err != nil {
		return err
	}
	var in struct {
		Label string `json:"label"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	begun, err := a.engine.Enroll(r.Context(), caller, mfa.Enroll{Method: totp.Name, Label: strings.TrimSpace(in.Label)})
	switch {
	case errors.Is(err, mfa.ErrRequirement):
		toConfirm(w, r, "/setup")
		return nil
	case errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrTooMany), errors.Is(err, mfa.ErrTooLarge):
		return a.askName(w, r, caller, err)
	case err != nil:
		return err
	}
	challenge, ok := begun.Challenge.(*totp.Challenge)
	if !ok {
		return fmt.Errorf("webapp: a %T for an authenticator app", begun.Challenge)
	}
	key, err := toKey(challenge)
	if err != nil {
		return err
	}
	return a.renderScan(w, r, caller, scanData{ID: begun.ID, Account: challenge.Account, Key: key}, nil)
}

// A key is what an authenticator app is set up with.
type key struct {
	QR      template.URL // a picture, as a data URI
	Link    template.URL // opens an app on the same phone
	Grouped string       // for typing
}

func toKey(c *totp.Challenge) (*key, error) {
	png, err := c.PNG()
	if err != nil {
		return nil, err
	}
	return &key{
		QR:      template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)), //nolint:gosec // base64
		Link:    template.URL(c.URI),                                                             //nolint:gosec // encoded by package totp
		Grouped: c.SecretGrouped(),
	}, nil
}

type scanData struct {
	ID      string
	Account string
	Key     *key // nil after a wrong code: the app has it already
}

func (a *app) renderScan(w http.ResponseWriter, r *http.Request, caller mfa.Caller, data scanData, err error) error {
	return a.renderForm(w, r, "scan", view{Title: "Set up an authenticator app", Email: caller.User.Email, Data: data}, err)
}

// finishSetup confirms the enrolment and shows the recovery codes that come
// with the first one.
func (a *app) finishSetup(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.mfa.Caller(r)
	if err != nil {
		return err
	}
	var in struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	}
	if err := read(w, r, &in); err != nil {
		return err
	}
	done, err := a.activate(r, caller, in.ID, in.Code)
	switch {
	case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrLocked), errors.Is(err, mfa.ErrBusy):
		return a.renderScan(w, r, caller, scanData{ID: in.ID}, err)
	case errors.Is(err, mfa.ErrEnrollmentExpired), errors.Is(err, mfa.ErrNoEnrollment):
		return a.askName(w, r, caller, mfa.ErrEnrollmentExpired)
	case errors.Is(err, mfa.ErrRequirement):
		toConfirm(w, r, "/setup")
		return nil
	case err != nil:
		return err
	}
	return a.wasSetUp(w, r, caller, done)
}

func (a *app) activate(r *http.Request, caller mfa.Caller, id, code string) (mfa.Activated, error) {
	if code == "" {
		return mfa.Activated{}, mfa.ErrBadInput
	}
	return a.engine.Activate(r.Context(), caller, id, mfa.Answer{Code: code})
}

func (a *app) wasSetUp(w http.ResponseWriter, r *http.Request, caller mfa.Caller, done mfa.Activated) error {
	next, err := a.keepEvidence(w, r, done)
	if err != nil {
		return err
	}
	if len(done.RecoveryCodes) > 0 {
		return a.showCodes(w, r, caller.User.Email, done.RecoveryCodes, next)
	}
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // ours
	return nil
}

// keepEvidence ends the account's other sessions, and says where to go on.
func (a *app) keepEvidence(w http.ResponseWriter, r *http.Request, done mfa.Activated) (next string, err error) {
	said := map[string]string{webauthn.Name: "key", sms.Name: "phone", emailcode.Name: "mailbox"}[done.Enrollment.Method]
	if said == "" {
		said = "added"
	}
	if done.Flow == nil {
		return "/settings?said=" + said, host{a}.Renewed(w, r, done.Authentication)
	}
	return nextPage(*done.Flow, "/?said="+said), a.mfa.Proceed(w, r, *done.Flow)
}

// showCodes is the only time that recovery codes are seen.
func (a *app) showCodes(w http.ResponseWriter, r *http.Request, email string, codes []string, next string) error {
	text := "Recovery codes for " + appName + "\nEach works once.\n\n" + strings.Join(codes, "\n") + "\n"
	file := template.URL("data:text/plain;charset=utf-8," + url.PathEscape(text)) //nolint:gosec // escaped
	return a.render(w, r, http.StatusOK, "codes", view{Title: "Your recovery codes", Email: email, Data: struct {
		Codes    []string
		Download template.URL
		Next     string
	}{codes, file, next}})
}
