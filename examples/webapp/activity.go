package main

import (
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/webauthn"
)

// An activityLine is an entry of the history in words.
type activityLine struct {
	Text  string
	Time  time.Time
	From  string
	Count int
	signIn
}

func toLine(h mfa.Activity) activityLine {
	text := methodEventText[h.Method][h.Type]
	if text == "" {
		text = eventText[h.Type]
	}
	if text == "" {
		text = string(h.Type)
	}
	if h.Label != "" && h.Method != recovery.Name && !aboutDevices[h.Type] {
		text += ": " + h.Label
	}
	if h.Actor != "" {
		text += " (by support)"
	}
	l := activityLine{Text: text, Time: h.Time, Count: h.Count, From: h.Place, signIn: signInOf(h)}
	if h.IP.IsValid() {
		if l.From != "" {
			l.From += ", "
		}
		l.From += h.IP.String()
	}
	return l
}

// aboutDevices are the events whose label is an identifier, and nothing for people.
var aboutDevices = map[mfa.EventType]bool{
	mfa.EventDeviceRemembered: true, mfa.EventDeviceForgotten: true, mfa.EventDeviceReused: true, mfa.EventSendLimit: true, mfa.EventVerdict: true,
}

var eventText = map[mfa.EventType]string{
	mfa.EventFlowStarted:        "Sign-in or confirmation begun",
	mfa.EventFlowPassed:         "Signed in",
	mfa.EventFlowDenied:         "Sign-in refused",
	mfa.EventChallengeSent:      "Code sent",
	mfa.EventChallengeUnsent:    "Code could not be sent",
	mfa.EventVerified:           "Code accepted",
	mfa.EventFailed:             "Wrong code",
	mfa.EventLocked:             "Too many wrong codes",
	mfa.EventManyFailures:       "Many failures in a row",
	mfa.EventDisabled:           "Disabled after too many wrong codes",
	mfa.EventEnrolled:           "Authenticator app added",
	mfa.EventReplaced:           "Authenticator app replaced",
	mfa.EventRenamed:            "Renamed",
	mfa.EventRemoved:            "Authenticator app removed",
	mfa.EventRecoveryCodes:      "Recovery codes made",
	mfa.EventRecoveryUsed:       "Recovery code used",
	mfa.EventReset:              "Two-factor sign-in reset",
	mfa.EventPasswordChanged:    "Password changed",
	mfa.EventRollbackSuspected:  "Sign-in stopped: stored data is older than it should be",
	mfa.EventCloneSuspected:     "There may be a copy of a security key",
	mfa.EventSendLimit:          "Code not sent: too many messages",
	mfa.EventNewDevice:          "Signed in from a new browser",
	mfa.EventDeviceRemembered:   "Browser remembered",
	mfa.EventDeviceForgotten:    "Browser forgotten",
	mfa.EventDeviceReused:       "A copy of a browser’s cookie was used",
	mfa.EventSignedOut:          "Signed out everywhere",
	mfa.EventSkipped:            "Setting up a second factor put off",
	mfa.EventServiceInteractive: "Somebody signed in to a program’s account",
	mfa.EventApproved:           "Approved",
	mfa.EventResetRequested:     "Reset asked for",
	mfa.EventResetCanceled:      "Reset cancelled",
	mfa.EventResetReady:         "Reset ready",
	mfa.EventBypassIssued:       "Code given out by support",
	mfa.EventBypassUsed:         "Code from support used",
	mfa.EventUndone:             "First setting up undone by the owner",
	mfa.EventVerdict:            "Said of a sign-in whose it was",
}

// methodEventText is what differs by method.
var methodEventText = map[string]map[mfa.EventType]string{
	webauthn.Name: {
		mfa.EventFlowPassed: "Signed in with a security key or passkey",
		mfa.EventVerified:   "Key or passkey accepted",
		mfa.EventFailed:     "Key or passkey not accepted",
		mfa.EventEnrolled:   "Security key or passkey added",
		mfa.EventReplaced:   "Security key or passkey replaced",
		mfa.EventRemoved:    "Security key or passkey removed",
	},
	sms.Name: {
		mfa.EventEnrolled: "Phone number added",
		mfa.EventReplaced: "Phone number changed",
		mfa.EventRemoved:  "Phone number removed",
	},
	emailcode.Name: {
		mfa.EventEnrolled: "E-mail address added",
		mfa.EventReplaced: "E-mail address changed",
		mfa.EventRemoved:  "E-mail address removed",
	},
}
