package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/mfakit/mfa"
)

// A step is how far a message came.
type step string

const (
	connecting step = "connection"
	loggingIn  step = "login"
	sender     step = "sender"
	recipient  step = "recipient"
	data       step = "start of the message"
	content    step = "message"
)

// steps are those of go-mail. What is missing there is the message itself.
var steps = map[gomail.SendErrReason]step{
	gomail.ErrConnCheck:    connecting,
	gomail.ErrSMTPMailFrom: sender,
	gomail.ErrSMTPRcptTo:   recipient,
	gomail.ErrSMTPData:     data,
}

// The words of go-mail and of the server are not passed on: they hold the
// address, and sometimes more. What is told is the step and the code.

// dialFault says what a failure before the first message means.
func dialFault(at step, err error) *mfa.SendError {
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code >= 400 {
		return replyFault(at, reply.Code, "")
	}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return &mfa.SendError{Reason: mfa.SendUnreachable, Elsewhere: true, Err: errors.New("mailer: the server's certificate is not trusted")}
	case errors.Is(err, errNoLogin):
		return &mfa.SendError{Reason: mfa.SendUnauthorized, Elsewhere: true, Err: errNoLogin}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return unreachable("mailer: no " + string(at) + " in time")
	}
	return unreachable("mailer: no " + string(at))
}

// sendFault says what a failure on a connection means: broken if the connection
// failed, late if time was up. unsent says that the server has got nothing of the
// message, and that another connection could fare better.
func sendFault(err error, broken, late bool) (fault *mfa.SendError, unsent bool) {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return unreachable("mailer: the message was not sent"), false
	}
	at, before := steps[failed.Reason]
	if !before {
		at = content
	}
	if code := failed.ErrorCode(); code != 0 {
		return replyFault(at, code, failed.EnhancedStatusCode()), before && code == 421
	}
	switch {
	case before && late:
		return unreachable("mailer: no answer in time to the " + string(at)), true
	case before:
		return unreachable("mailer: broken off at the " + string(at)), true
	case failed.Reason == gomail.ErrWriteContent: // its end was not written, so no server takes it
		return unreachable("mailer: broken off in the message"), false
	case late:
		return &mfa.SendError{Reason: mfa.SendTimeout, Retry: true, Err: errors.New("mailer: no answer in time to the message")}, false
	case broken:
		return &mfa.SendError{Reason: mfa.SendBadAnswer, Retry: true, Err: errors.New("mailer: broken off before the answer to the message")}, false
	}
	return &mfa.SendError{Reason: mfa.SendBadAnswer, Retry: true, Err: errors.New("mailer: the answer to the message is not SMTP")}, false
}

// replyFault says what a server's refusal means. The second number of the enhanced
// code (RFC 3463) says what it is about: 1 and 2 the mailbox, 3 the server,
// 4 the network, 7 permission.
func replyFault(at step, code int, enhanced string) *mfa.SendError {
	about := ""
	if parts := strings.Split(enhanced, "."); len(parts) == 3 {
		about = parts[1]
	}
	fault := &mfa.SendError{Elsewhere: true, Err: fmt.Errorf("mailer: refused at the %s: %s", at, strings.TrimSpace(fmt.Sprintf("%d %s", code, enhanced)))}
	switch {
	case code < 500:
		fault.Reason, fault.Retry = mfa.SendThrottled, true
		if about == "3" || about == "4" || about != "7" && slices.Contains([]int{421, 432, 451, 454}, code) {
			fault.Reason = mfa.SendUnreachable
		}
	case at == loggingIn, slices.Contains([]int{530, 534, 535, 538}, code), enhanced == "5.7.8":
		fault.Reason = mfa.SendUnauthorized
	case at == recipient && badMailbox(code, enhanced, about):
		fault.Reason, fault.Elsewhere = mfa.SendBadDestination, false
	default:
		fault.Reason = mfa.SendRefused
	}
	return fault
}

func badMailbox(code int, enhanced, about string) bool {
	switch about {
	case "":
		return slices.Contains([]int{550, 551, 553}, code)
	case "1":
		return enhanced != "5.1.7" && enhanced != "5.1.8" // the sender's address
	case "2":
		return true
	case "0":
		return slices.Contains([]int{550, 551, 553}, code)
	}
	return false
}

func unreachable(why string) *mfa.SendError {
	return &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true, Elsewhere: true, Err: errors.New(why)}
}
