package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// A fieldError ties an error to the field of a form.
type fieldError struct {
	field string
	error
}

func (e *fieldError) Unwrap() error { return e.error }

func onField(field string, err error) error { return &fieldError{field, err} }

// fieldOf is the field that an error is about, if it is about one.
func fieldOf(err error) string {
	own := (*fieldError)(nil)
	switch {
	case errors.As(err, &own):
		return own.field
	case errors.Is(err, errEmail), errors.Is(err, errTaken):
		return "email"
	case errors.Is(err, errPhone):
		return "phone"
	case errors.Is(err, errReason):
		return "reason"
	case errors.Is(err, errPayee):
		return "to"
	case errors.Is(err, errAmount):
		return "amount"
	case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrBadInput):
		return "code"
	}
	return ""
}

// asProblem gives the app's own errors the form that mfahttp writes. The
// engine's are known to it already.
func asProblem(err error) error {
	var wait *tooOftenError
	problem := func(status int, code, detail string) *mfahttp.Problem {
		return &mfahttp.Problem{Status: status, Code: code, Detail: detail}
	}
	switch {
	case errors.Is(err, errWrongPassword):
		return problem(http.StatusUnauthorized, "invalid_credentials", "wrong e-mail address or password")
	case errors.As(err, &wait):
		p := problem(http.StatusTooManyRequests, "too_often", "too many "+wait.what)
		p.Retry = wait.wait
		return p
	case errors.Is(err, errTaken):
		return problem(http.StatusConflict, "email_taken", "there is an account with this e-mail address")
	case errors.Is(err, errEmail):
		return problem(http.StatusUnprocessableEntity, "invalid_email", "this is not an e-mail address")
	case errors.Is(err, errPhone):
		return problem(http.StatusUnprocessableEntity, "invalid_phone", "a phone number begins with + and the country's code")
	case errors.Is(err, errReason):
		return problem(http.StatusUnprocessableEntity, "no_reason", "a reason of 1 to 200 bytes is needed")
	case errors.Is(err, errOneself), errors.Is(err, errSecond):
		return problem(http.StatusForbidden, "forbidden", staffWords(err))
	case errors.Is(err, errNothing):
		return problem(http.StatusConflict, "nothing_enrolled", "nothing is set up on this account that a code could stand in for")
	case errors.Is(err, errManyAccounts):
		return problem(http.StatusServiceUnavailable, "too_many_accounts", "the preview took too long")
	case errors.Is(err, errPayee):
		return problem(http.StatusUnprocessableEntity, "invalid_payee", "a payee has 1 to 64 characters that can be seen")
	case errors.Is(err, errAmount):
		return problem(http.StatusUnprocessableEntity, "invalid_amount", "an amount is 0.01 to 10000 euros")
	case errors.Is(err, errNoTransfer):
		return problem(http.StatusNotFound, "no_transfer", "there is no such transfer, or it was paid")
	case errors.Is(err, errPasswordLength):
		return problem(http.StatusUnprocessableEntity, "invalid_password", "a password has 8 to 256 characters")
	case errors.Is(err, errLink):
		return problem(http.StatusUnauthorized, "link_not_valid", "the link has expired, was used, or belongs to another browser")
	case errors.Is(err, errNotVouched):
		return problem(http.StatusUnauthorized, "not_vouched", "the other service does not vouch for this person and their address")
	case errors.Is(err, errAPIKey):
		return problem(http.StatusUnauthorized, "invalid_credentials", "there is no such API key")
	case errors.Is(err, errRank):
		return problem(http.StatusForbidden, "forbidden", "this account may not do that")
	case errors.Is(err, errNotService):
		return problem(http.StatusUnprocessableEntity, "not_service", "API keys are for service accounts")
	case errors.As(err, new(*policyError)):
		return problem(http.StatusUnprocessableEntity, "invalid_policy", err.Error())
	case errors.Is(err, errNoAccount):
		return problem(http.StatusNotFound, "no_account", "there is no such account")
	case isBusy(err):
		p := problem(http.StatusServiceUnavailable, "busy", "nothing was accepted; try again")
		p.Retry = time.Second
		return p
	case isLost(err):
		p := problem(http.StatusServiceUnavailable, "unavailable", "the answer was lost: it was done, or it was not; look, and try again")
		p.Retry = time.Second
		return p
	}
	return err
}

// fail answers with an error, as a problem or as a page.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	if !wantsPage(r) {
		a.mfa.WriteError(w, r, asProblem(err))
		return
	}
	switch {
	case errors.Is(err, mfahttp.ErrNoSession), errors.Is(err, mfa.ErrCaller):
		page := "/login"
		if r.Method == http.MethodGet {
			page += "?" + url.Values{"return": {mfahttp.LocalPath(r.URL.RequestURI())}}.Encode()
		}
		http.Redirect(w, r, page, http.StatusSeeOther)
	default:
		a.errorPage(w, r, err)
	}
}

var errNoPage = &mfahttp.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing at this address"}

// statusOf is the status of a page that shows an error.
func (a *app) statusOf(err error) int { return a.mfa.Problem(asProblem(err)).Status }

// tell is what people are told of an error, in the request's language: by the catalogue,
// but for what is about one field of a form, or for staff and developers.
func (a *app) tell(r *http.Request, err error) string {
	var (
		wait    *tooOftenError
		bad     *policyError
		problem *mfahttp.Problem
	)
	l := a.words.Pick(r.Header.Get("Accept-Language"))
	switch {
	case errors.Is(err, errWrongPassword) && fieldOf(err) != "":
		return l.Text("page.confirm.wrong")
	case errors.As(err, &wait) && wait.what == mails:
		return l.Text("host.mailed.often", "span", wait.wait)
	case errors.As(err, &bad):
		return "This policy was refused, and the one that runs stays. " + strings.TrimPrefix(bad.why.Error(), "policy: ")
	case errors.Is(err, errOneself), errors.Is(err, errSecond):
		text := staffWords(err)
		return strings.ToUpper(text[:1]) + text[1:] + "."
	case errors.As(err, &problem) && problem.Code == "bad_request" && fieldOf(err) != "":
		return "The request was not understood: " + problem.Detail + "."
	}
	return a.ready.Tell(r, asProblem(err))
}

// staffWords is why staff may not do something.
func staffWords(err error) string {
	if errors.Is(err, errOneself) {
		return "nobody does that to their own account: ask somebody else of the staff"
	}
	return "another admin has to agree first, within a day"
}
