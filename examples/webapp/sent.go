package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
)

// codeLife is how long a code that was sent works.
const codeLife = 5 * time.Minute

// sends says whether codes of this method have to be sent.
func sends(method string) bool { return method == sms.Name || method == emailcode.Name }

// A sent is what a page says of a code that was sent: what is known of it, when
// another can be sent, and what to do if it does not arrive.
type sent struct {
	Method string
	To     string // masked
	State  mfa.DeliveryState
	Resend string // when another can be sent, as a form carries it; see resendAt
	Wait   int    // the seconds until then
	Again  string // where the form that asks for another one goes
	Fields []hidden
	Help   []string

	Option string // of a flow, whose state a script can ask for
	Next   string // where that flow leads
}

// A hidden is a hidden field of a form.
type hidden struct{ Name, Value string }

// sentNow is what is the same wherever a code was sent.
func (a *app) sentNow(method, to string, resend time.Time) *sent {
	s := &sent{Method: method, To: to, Help: a.help(method, to)}
	if wait := resend.Sub(a.clock.Now()); wait > 0 {
		s.Wait, s.Resend = int((wait+time.Second-1)/time.Second), strconv.FormatInt(resend.Unix(), 10)
	}
	return s
}

// Stated are the sentences about the message, by its state. Nothing is said of
// what is not known.
func (s *sent) Stated() map[string]string {
	if s.Method == emailcode.Name {
		return map[string]string{
			string(mfa.DeliveryOnItsWay):  "The mail is on its way.",
			string(mfa.DeliveryDelivered): "The mail has been delivered.",
			string(mfa.DeliveryFailed):    "The mail could not be delivered. Use another way.",
		}
	}
	return map[string]string{
		string(mfa.DeliveryOnItsWay):  "On its way: the network has the message, and your phone not yet. Wait a moment.",
		string(mfa.DeliveryDelivered): "Delivered: your phone has the message.",
		string(mfa.DeliveryFailed):    "Failed: the message will not arrive. Use another way, or send another one.",
	}
}

// StateText is what is known of the message now.
func (s *sent) StateText() string { return s.Stated()[string(s.State)] }

// Waiting is how long until another one can be sent, in words.
func (s *sent) Waiting() string { return span(time.Duration(s.Wait) * time.Second) }

// help is what to do about a code that does not arrive, as far as it is true for
// where it went and by what.
func (a *app) help(method, to string) []string {
	latest := fmt.Sprintf("A code works for %d minutes. If you have had several, type the latest: each one ends those before it.", codeLife/time.Minute)
	real := a.inbox == nil || method == sms.Name && a.senders.sms != mfa.Sender(a.inbox) || method == emailcode.Name && a.senders.mail != mfa.Sender(a.inbox)
	if !real {
		return []string{"In development nothing is sent: open the inbox, to which the top of this page leads.", latest}
	}
	if method == emailcode.Name {
		return []string{
			"It comes from " + a.senders.mailFrom + ". Look for it among your spam.",
			"Some mail servers keep a mail back for a few minutes when they do not know who sends it.",
			latest,
		}
	}
	out := []string{"It takes a minute or two. Check that your phone is on and has coverage."}
	if in := countriesOf(to); in != "" {
		out = append(out, "We do send text messages to numbers in "+in+", and to no country that is not on our list.")
	}
	return append(out, "If "+to+" is not your number, use another way, or another number.", latest)
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

// A sentError is what went wrong with a code that was sent, for words.
type sentError struct {
	error
	expired bool // there is no code that lives
}

func (e *sentError) Unwrap() error { return e.error }

// sendProblem says whether an error is one that a page with other ways to go on
// should tell.
func sendProblem(err error) bool {
	for _, known := range []error{mfa.ErrTooSoon, mfa.ErrSendLimit, mfa.ErrDelivery, mfa.ErrRefused, mfa.ErrLocked, mfa.ErrBusy} {
		if errors.Is(err, known) {
			return true
		}
	}
	return statusOf(err) == http.StatusServiceUnavailable
}

// mayBeOut says whether a message may arrive although handing it over failed.
func mayBeOut(err error) bool {
	var failed *mfa.DeliveryError
	return !errors.As(err, &failed) || failed.Reason == mfa.SendTimeout || failed.Reason == mfa.SendBadAnswer
}
