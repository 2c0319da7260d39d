package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/mfakit/mfa"
)

// sends says whether codes of an option have to be sent. A factor of the host's own
// sends if its enrollments say where to: they have a hint.
func sends(o mfa.Option) bool {
	switch o.Method {
	case methodText, methodMail:
		return true
	case methodApp, methodKey, methodRecovery, methodBypass:
		return false
	}
	return o.Hint != ""
}

// firstToSend is the option by which to send a code without being asked: the best one,
// if it is of that kind, and none was sent.
func (v *visit) firstToSend(flow mfa.Flow) (option string, ok bool) {
	if flow.Status != mfa.StatusChallenge || len(flow.Options) == 0 {
		return "", false
	}
	o := flow.Options[0]
	return o.ID, sends(o) && !o.Sent && !o.LockedUntil.After(v.config.Now())
}

// sendCode sends a code for one of the flow's options, or another one.
func (v *visit) sendCode() error { return v.send(v.turn()) }

// send sends it and leads to the page for the code, so that to load that page again
// sends nothing. What goes wrong is told on it, beside the other ways.
func (v *visit) send(t turn) error {
	asked, err := v.engine.Challenge(v.r.Context(), t.token, t.option, v.api.Client(v.r))
	switch {
	case errors.Is(err, mfa.ErrNoOption):
		t.option = ""
		return v.ask(t, err)
	case err != nil && v.isOfSending(err):
		if wait := (*mfa.WaitError)(nil); errors.As(err, &wait) {
			t.resend = wait.Until
		}
		return v.ask(t, err)
	case err != nil:
		return err
	}
	t.resend, t.typed = asked.ResendAt, asked.Challenge == nil && asked.ResendAt.IsZero()
	return v.redirect(v.path("/challenge") + "?" + t.query(v.config.Now()).Encode())
}

// query is where this turn of the flow goes on.
func (t turn) query(now time.Time) url.Values {
	q := url.Values{"option": {t.option}, "return": {t.back}}
	if t.resend.After(now) {
		q.Set("resend", strconv.FormatInt(t.resend.Unix(), 10))
	}
	if t.typed {
		q.Set("typed", "yes")
	}
	return q
}

// isOfSending says whether an error is one that a page with other ways to go on
// should tell.
func (v *visit) isOfSending(err error) bool {
	for _, known := range []error{mfa.ErrTooSoon, mfa.ErrSendLimit, mfa.ErrDelivery, mfa.ErrRefused, mfa.ErrLocked} {
		if errors.Is(err, known) {
			return true
		}
	}
	return v.api.Problem(err).Status == http.StatusServiceUnavailable
}

// mayBeOut says whether a message may arrive although handing it over failed.
func mayBeOut(err error) bool {
	var failed *mfa.DeliveryError
	return !errors.As(err, &failed) || failed.Reason == mfa.SendTimeout || failed.Reason == mfa.SendBadAnswer
}

// maxResend is longer than any pause between two messages.
const maxResend = time.Hour

// resendAt reads when another message can go out, as an address or a form of ours
// carries it. It is for a countdown only: the engine knows better.
func resendAt(text string, now time.Time) time.Time {
	seconds, err := strconv.ParseInt(text, 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || at.After(now.Add(maxResend)) {
		return time.Time{}
	}
	return at
}
