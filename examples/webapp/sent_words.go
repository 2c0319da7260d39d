package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// sendWords is what people are told of codes that are sent; empty if an error is
// not about that.
func sendWords(err error, now time.Time) string {
	var (
		own    *sentError
		wait   *mfa.WaitError
		failed *mfa.DeliveryError
	)
	switch {
	case errors.As(err, &wait) && wait.Limit:
		return "Too many messages were sent. The next one can go out in " + span(wait.Until.Sub(now)) + ". Until then, use another way."
	case errors.As(err, &wait):
		return "A message went there a moment ago. The next one can go out in " + span(wait.Until.Sub(now)) + "."
	case errors.As(err, &failed):
		return failedWords(failed)
	case errors.As(err, &own) && errors.Is(err, mfa.ErrNotValid):
		return notValidWords(err, own.expired)
	case errors.As(err, &own) && errors.Is(err, mfa.ErrBadInput):
		return "A code has six digits."
	}
	return ""
}

// failedWords are honest about what is known of a message that was not taken.
func failedWords(e *mfa.DeliveryError) string {
	switch e.Reason {
	case mfa.SendBadDestination:
		return "The message could not be sent: there is nobody there who takes messages. Check what you typed, or use another way."
	case mfa.SendOptedOut:
		return "The message was not sent: its owner has asked for no more of ours. Use another way."
	case mfa.SendTimeout, mfa.SendBadAnswer:
		return "It is not known whether the message went out. If no code arrives in a minute, send another one, or use another way."
	}
	if e.Retry {
		return "The message could not be sent just now. Nothing is on its way. Try again, or use another way."
	}
	return "The message could not be sent, and trying again will not help. Use another way."
}

func notValidWords(err error, expired bool) string {
	var e *mfa.NotValidError
	errors.As(err, &e)
	switch {
	case e != nil && e.Resent != nil:
		return "The code is not right, so we have sent a new one, and the old one works no more."
	case expired:
		return "The code no longer works. Send a new one."
	case e != nil && e.AttemptsLeft == 1:
		return "The code is not right. You have one more try; type the code of the latest message."
	case e != nil && e.AttemptsLeft > 1 && e.AttemptsLeft <= 5:
		return fmt.Sprintf("The code is not right. You have %d more tries; type the code of the latest message.", e.AttemptsLeft)
	}
	return "The code is not right. Type the code of the latest message, or send a new one."
}
