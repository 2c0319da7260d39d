package main

import (
	"context"
	"errors"
	"net/http"
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
		http.Redirect(w, r, "/login?said=needed", http.StatusSeeOther)
	case errors.Is(err, mfa.ErrNoFlow), errors.Is(err, mfa.ErrFlowExpired):
		page := "/login"
		if _, err := a.stored(r); err == nil {
			page = "/settings" // it was a step-up
		}
		http.Redirect(w, r, page+"?said=expired", http.StatusSeeOther)
	default:
		a.errorPage(w, r, err)
	}
}

var errNoPage = &mfahttp.Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is nothing at this address"}

// statusOf is the status of a page that shows an error.
func statusOf(err error) int {
	if p := (*mfahttp.Problem)(nil); errors.As(asProblem(err), &p) {
		return p.Status
	}
	switch {
	case errors.Is(err, mfa.ErrNotValid):
		return http.StatusUnauthorized
	case errors.As(err, new(*policyError)):
		return http.StatusUnprocessableEntity
	case errors.As(err, new(*canceledError)):
		return http.StatusTooManyRequests
	case errors.Is(err, mfa.ErrLocked), errors.Is(err, mfa.ErrTooSoon), errors.Is(err, mfa.ErrSendLimit):
		return http.StatusTooManyRequests
	case errors.Is(err, mfa.ErrDelivery):
		return http.StatusBadGateway
	case errors.Is(err, mfa.ErrBadInput):
		return http.StatusBadRequest
	case errors.Is(err, mfa.ErrNoEnrollment), errors.Is(err, mfa.ErrNoOption), errors.Is(err, mfa.ErrNoActivity):
		return http.StatusNotFound
	case errors.Is(err, mfa.ErrEnrollmentExpired):
		return http.StatusGone
	case errors.Is(err, mfa.ErrRefused):
		return http.StatusUnprocessableEntity
	case errors.Is(err, mfa.ErrTooMany), errors.Is(err, mfa.ErrTooLarge), errors.Is(err, mfa.ErrEnrollmentRequired):
		return http.StatusConflict
	case errors.Is(err, mfa.ErrRequirement), errors.Is(err, mfa.ErrMethodNotAllowed):
		return http.StatusForbidden
	case errors.Is(err, mfa.ErrBusy), errors.Is(err, mfa.ErrClosed), errors.Is(err, mfa.ErrStore), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// sayings are what a page may be asked to say by its address, so that nobody
// else can put words on it.
var sayings = map[string]string{
	"needed":     "Please sign in.",
	"expired":    "That took too long, or was finished already. Please begin again.",
	"out":        "You are signed out.",
	"password":   "Your password is changed, and all other sessions have ended.",
	"removed":    "Removed. All other sessions have ended.",
	"key":        "Your key is set up.",
	"renamed":    "Saved.",
	"others":     "All other sessions have ended.",
	"added":      "Your authenticator app is set up.",
	"phone":      "Your number is confirmed: codes go there.",
	"mailbox":    "Your address is confirmed: codes go there.",
	"mailed":     "A mail is on its way. Open the link in it within 15 minutes.",
	"verified":   "Your address is confirmed.",
	"invited":    "The invitation is on its way.",
	"forgotten":  "Forgotten: it is asked again.",
	"everywhere": "You are signed out everywhere, and no browser is remembered.",
	"approved":   "Approved. It is done when you press the button.",
	"unapproved": "Approve it first: an approval works once, and for ten minutes.",
	"paid":       "Paid.",
	"reset":      "The account is reset, and its owner is told.",
	"second":     "It waits for another admin to agree.",
	"changed":    "Changed. The owner is told at the old and the new one.",
	"policy":     "This policy decides from now on.",
	"asked":      "We have told the owner of this account by all ways that we know.",
	"played":     "From here on you play this client, in this browser.",
	"later":      "The app’s clock has gone forward.",
	"disputed":   "Everybody is signed out. Somebody else has your password: choose a new one.",
	"verdict":    "Noted. What was learned from this sign-in counts no more.",
	"wasuser":    "Noted: it was the user.",
	"kept":       "The reset is cancelled. Change your password: somebody else has it.",
}

// staffWords is why staff may not do something.
func staffWords(err error) string {
	if errors.Is(err, errOneself) {
		return "nobody does that to their own account: ask somebody else of the staff"
	}
	return "another admin has to agree first, within a day"
}

// words is what people are told of an error.
func words(err error, now time.Time) string {
	var (
		wait     *tooOftenError
		notValid *mfa.NotValidError
		locked   *mfa.LockedError
		refused  *mfa.RefusedError
		problem  *mfahttp.Problem
		bad      *policyError
	)
	if canceled := (*canceledError)(nil); errors.As(err, &canceled) {
		return "A reset was cancelled not long ago. Ask again in " + span(canceled.until.Sub(now)) + "."
	}
	switch {
	case sendWords(err, now) != "":
		return sendWords(err, now)
	case errors.Is(err, errNoScript):
		return "This page needs JavaScript, without which a browser does not talk to keys. Allow it, or use another way."
	case errors.As(err, &refused) && refused.Detail != "":
		return refused.Detail
	case errors.Is(err, mfa.ErrRefused):
		return "This is not accepted here. Use another."
	case fieldOf(err) == "key" && (errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput)):
		return "The key’s answer was not accepted. Try again, or use another key."
	case errors.Is(err, errWrongPassword) && fieldOf(err) == "":
		return "The e-mail address or the password is not right."
	case errors.Is(err, errWrongPassword):
		return "The password is not right."
	case errors.As(err, &wait) && wait.what == mails:
		return "Several mails have gone there already. Look for them, or wait " + span(wait.wait) + " and try again."
	case errors.As(err, &wait):
		return "Too many wrong passwords. Wait " + span(wait.wait) + ", then try again."
	case errors.Is(err, errLink):
		return "This link does not work any more, or not in this browser. Ask for a new one where you want to use it."
	case errors.Is(err, errNotVouched):
		return "The other service did not tell us that you are its user and that the address is yours. Use another way to sign in."
	case errors.Is(err, errRank):
		return "Your account may not do that."
	case errors.Is(err, errNoAccount):
		return "There is no such account."
	case errors.Is(err, errNotService):
		return "API keys are for service accounts."
	case errors.Is(err, errTaken):
		return "There is an account with this e-mail address already. Sign in instead, or use another."
	case errors.Is(err, errEmail):
		return "This is not an e-mail address."
	case errors.Is(err, errPhone):
		return "A phone number begins with + and the country’s code."
	case errors.As(err, &bad):
		return "This policy was refused, and the one that runs stays. " + strings.TrimPrefix(bad.why.Error(), "policy: ")
	case errors.Is(err, errReason):
		return "Say why, in up to 200 characters: it stands in the trail."
	case errors.Is(err, errOneself), errors.Is(err, errSecond):
		text := staffWords(err)
		return strings.ToUpper(text[:1]) + text[1:] + "."
	case errors.Is(err, errNothing):
		return "Nothing is set up on this account that a code could stand in for."
	case errors.Is(err, errManyAccounts):
		return "There are too many accounts for a preview on a page. Use policy.Preview in a program of your own."
	case errors.Is(err, errPayee):
		return "Type the name of whoever is to be paid: at most 64 characters."
	case errors.Is(err, errAmount):
		return "Type an amount such as 100 or 99.50: at most 10000 euros."
	case errors.Is(err, errNoTransfer):
		return "There is no such transfer, or it was paid already."
	case errors.Is(err, errPasswordLength):
		return "A password has 8 to 256 characters."
	case errors.As(err, &notValid) && notValid.Hint == mfa.HintClockSkew:
		return "The code was right for another time. Let your phone set its clock by itself, then try the next code."
	case errors.As(err, &locked) && locked.Disabled:
		return "This is disabled after too many wrong codes. Use another way to sign in, and set it up again."
	case errors.As(err, &locked):
		return "Too many failures. Wait " + span(locked.Until.Sub(now)) + ", or use another way."
	case errors.Is(err, mfa.ErrNotValid):
		return "The code is not right, or was used already. Wait for the next one and try again."
	case errors.Is(err, mfa.ErrBadInput):
		return "That cannot be right. Check what you typed."
	case errors.Is(err, mfa.ErrTooMany), errors.Is(err, mfa.ErrTooLarge):
		return "There are as many as there may be. Remove one first."
	case errors.Is(err, mfa.ErrEnrollmentExpired):
		return "That took too long, or was finished already. Start over."
	case errors.Is(err, mfa.ErrEnrollmentRequired):
		return "This account needs a second factor. Add another before you remove the last one."
	case errors.Is(err, mfa.ErrNoEnrollment):
		return "There is no such entry. It may have been removed meanwhile."
	case errors.Is(err, mfa.ErrNoActivity):
		return "There is no such sign-in. It may be too old to be kept."
	case errors.Is(err, mfa.ErrMethodNotAllowed):
		return "This way to sign in is not open to this account."
	case errors.Is(err, mfa.ErrNoOption):
		return "This way is no longer open. Use another."
	case isLost(err):
		return "The connection to our database was lost. This was done, or it was not: look, and try again."
	case statusOf(err) == http.StatusServiceUnavailable:
		return "Nothing was changed, because too much is going on. Try again."
	case errors.Is(err, errNoSkip):
		return "This cannot be put off any more: set up a second factor to get in."
	case errors.As(err, &problem):
		return "The request was not understood: " + problem.Detail + "."
	}
	return "Something went wrong here. Try again."
}
