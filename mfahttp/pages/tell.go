package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// An answerError is what is wrong about an answer, with what words for it need to know.
type answerError struct {
	error
	method  string
	sent    bool // its codes are sent
	expired bool // none that was sent still works
}

func (e *answerError) Unwrap() error { return e.error }

// aboutAnswer says which option an error is about; nil stays nil.
func aboutAnswer(o mfa.Option, err error) error {
	if err == nil {
		return nil
	}
	return &answerError{error: err, method: o.Method, sent: sends(o), expired: sends(o) && !o.Sent}
}

// Tell is what people are told of an error in the request's language, for pages of the
// host's: of one of the engine's or of package mfahttp, or of a *[mfahttp.Problem] of the
// host's own, whose code the catalogue has a message for (error.CODE, with {span} for how
// long to wait). Any other is told as a fault of the server's.
func (p *Pages) Tell(r *http.Request, err error) string { return p.visit(nil, r).tell(err) }

// tell is what people are told of an error: what happened, what to do, and how long it
// takes. What has no words of its own is "something went wrong here".
func (v *visit) tell(err error) string {
	var (
		notValid *mfa.NotValidError
		locked   *mfa.LockedError
		wait     *mfa.WaitError
		refused  *mfa.RefusedError
		delivery *mfa.DeliveryError
		answer   *answerError
	)
	errors.As(err, &answer)
	switch {
	case errors.As(err, &locked) && locked.Disabled:
		return v.text("error.disabled")
	case errors.As(err, &locked):
		return v.text("error.locked", "span", v.until(locked.Until))
	case errors.As(err, &wait) && wait.Limit:
		return v.text("error.send_limit", "span", v.until(wait.Until))
	case errors.As(err, &wait):
		return v.text("error.too_soon", "span", v.until(wait.Until))
	case errors.As(err, &refused):
		return v.first("error.refused."+refused.Reason, "error."+v.api.Problem(err).Code)
	case errors.As(err, &delivery):
		return v.first("error.delivery."+delivery.Reason, "error.delivery_failed")
	case answer != nil && errors.Is(err, mfa.ErrBadInput):
		return v.tellMalformed(answer)
	case errors.Is(err, mfa.ErrNotValid):
		errors.As(err, &notValid)
		return v.tellWrong(answer, notValid)
	}
	return v.tellProblem(err)
}

// tellMalformed is for what cannot be an answer, and was not counted.
func (v *visit) tellMalformed(a *answerError) string {
	if a.method == methodKey {
		return v.text("error.credential_not_valid")
	}
	return v.text("page.code.malformed", "method", a.method)
}

// tellWrong is for a code or a key that does not match. How many tries are left is said
// when there are few, as it is then that one looks for another way.
func (v *visit) tellWrong(a *answerError, e *mfa.NotValidError) string {
	const few = 3
	text := ""
	switch {
	case e != nil && e.Resent != nil:
		text = v.text("page.code.resent")
	case e != nil && e.Hint != "":
		text = v.first("error."+string(e.Hint), "error.code_not_valid")
	case a == nil:
		text = v.text("error.code_not_valid")
	case a.method == methodKey:
		return v.text("error.credential_not_valid") // keys are never blocked
	case a.expired:
		text = v.text("page.code.expired")
	case a.sent:
		text = v.text("page.code.wrong.sent")
	default:
		text = v.first("page.code.wrong."+a.method, "page.code.wrong")
	}
	if e != nil && e.AttemptsLeft > 0 && e.AttemptsLeft <= few {
		text += " " + v.text("error.attempts_left", "n", e.AttemptsLeft)
	}
	return text
}

// tellProblem goes by the code of the problem that the API would answer, or the host has
// made: of one that the catalogue does not know, how long to wait.
func (v *visit) tellProblem(err error) string {
	p := v.api.Problem(err)
	ids := []string{"error." + p.Code}
	if fieldOf(err) == "password" && p.Code == "invalid_credentials" {
		ids = []string{"page.confirm.wrong"}
	}
	if p.Retry > 0 {
		ids = append(ids, "page.wait")
	}
	for _, id := range append(ids, "error.internal") {
		if v.words.Has(id) {
			return v.text(id, "span", p.Retry)
		}
	}
	return ""
}

// first is the first of the messages that there is.
func (v *visit) first(ids ...string) string {
	for _, id := range ids {
		if v.words.Has(id) {
			return v.text(id)
		}
	}
	return ""
}

// until is how long to wait, in words.
func (v *visit) until(t time.Time) string { return v.words.Span(t.Sub(v.config.Now())) }
