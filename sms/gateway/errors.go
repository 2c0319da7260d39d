package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/mfakit/mfa"
)

// Errors of the Report methods, for errors.Is. Neither holds anything that the
// request brought.
var (
	// ErrSignature says that a report is not shown to come from the carrier: its
	// signature or secret is missing or wrong, or no reports are asked for.
	ErrSignature = errors.New("gateway: report with a wrong signature")
	// ErrBadReport says that a report is not of the carrier's form.
	ErrBadReport = errors.New("gateway: malformed report")
)

// An AnswerError is what a carrier answered instead of taking the message. It
// is the cause (Err) of a [mfa.SendError].
type AnswerError struct {
	Status int    // of HTTP
	Code   string // the carrier's, where it is a published one; may be empty
}

func (e *AnswerError) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("gateway: the carrier answered with status %d", e.Status)
	}
	return fmt.Sprintf("gateway: the carrier answered with status %d, code %s", e.Status, e.Code)
}

// An advice is what can help after an error.
type advice struct{ retry, elsewhere bool }

// advices by reason. After an opt-out or for a number that does not exist,
// another sender would only find a way around the person's wish, or spend money
// on nothing.
var advices = map[string]advice{
	mfa.SendBadDestination: {},
	mfa.SendOptedOut:       {},
	mfa.SendThrottled:      {retry: true, elsewhere: true},
	mfa.SendUnauthorized:   {elsewhere: true},
	mfa.SendRefused:        {elsewhere: true},
	mfa.SendUnreachable:    {retry: true, elsewhere: true},
	mfa.SendTimeout:        {retry: true, elsewhere: true},
	mfa.SendBadAnswer:      {retry: true, elsewhere: true},
}

// fail makes the error for a reason.
func fail(reason string, cause error) *mfa.SendError {
	a := advices[reason]
	return &mfa.SendError{Reason: reason, Retry: a.retry, Elsewhere: a.elsewhere, Err: cause}
}

// ours is a message that no sender would take.
func ours(reason, why string) *mfa.SendError {
	return &mfa.SendError{Reason: reason, Err: errors.New("gateway: " + why)}
}

// mayBeOut says whether a message may have gone out despite an error of this
// reason.
func mayBeOut(reason string) bool {
	return reason == mfa.SendTimeout || reason == mfa.SendBadAnswer
}

// byStatus is the error for a status of HTTP that the carrier says no more
// about. 502 and 504 come from a proxy that may have passed the request on.
func byStatus(a answer, code string) *mfa.SendError {
	reason := mfa.SendRefused
	switch s := a.status; {
	case s == 401 || s == 402 || s == 403:
		reason = mfa.SendUnauthorized
	case s == 408:
		reason = mfa.SendUnreachable
	case s == 429:
		reason = mfa.SendThrottled
	case s == 504:
		reason = mfa.SendTimeout
	case s == 502 || s < 400:
		reason = mfa.SendBadAnswer
	case s >= 500:
		reason = mfa.SendUnreachable
	}
	return a.fail(reason, code)
}

// fail makes the error for a reason that an answer gives.
func (a answer) fail(reason, code string) *mfa.SendError {
	e := fail(reason, &AnswerError{Status: a.status, Code: code})
	if e.Retry {
		e.After = a.after
	}
	return e
}

var errBroken = errors.New("gateway: the connection broke")

// cause is what may be told of an error of net/http. Others than those below
// can hold the URL, which may have credentials in it, or bytes that the server
// sent, which may have the number in them.
func cause(err error) error {
	var (
		cert *tls.CertificateVerificationError
		dns  *net.DNSError
		op   *net.OpError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &cert):
		return errors.New("gateway: the carrier's certificate is not valid")
	case errors.As(err, &dns):
		return errors.New("gateway: the carrier's name is not found")
	case errors.As(err, &op):
		return fmt.Errorf("gateway: %s failed", op.Op)
	}
	return errBroken
}

// bounded keeps a duration that a carrier asks for within reason.
func bounded(d time.Duration) time.Duration { return max(0, min(d, maxRetryAfter)) }
