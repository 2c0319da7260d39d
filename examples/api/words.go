package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// sentences are what a person is told of each code of a problem. The server's detail is
// for developers, and shown where a code is new to this program.
var sentences = map[string]string{ //nolint:gosec // words, and no credentials
	"authenticator_refused":   "This kind of key is not accepted.",
	"bad_request":             "That cannot be right: please look at what you typed.",
	"busy":                    "The server is busy. Nothing was lost; please try again in a moment.",
	"code_not_valid":          "This code is not right, or not any more.",
	"cross_origin":            "The server refuses this program. Please update it.",
	"delivery_failed":         "The message could not be sent.",
	"destination_refused":     "Messages cannot be sent there.",
	"enrollment_expired":      "That took too long. Please begin again.",
	"enrollment_required":     "Your account needs a second factor, so this cannot be left out.",
	"flow_expired":            "That took too long, or was used already. Please sign in again.",
	"http_method_not_allowed": "The server is another version than this program. Please update it.",
	"internal":                "Something went wrong at the server. Please try later.",
	"invalid_credentials":     "The e-mail address or the password is not right.",
	"locked":                  "Too many wrong codes.",
	"method_not_allowed":      "This way is not open to your account.",
	"no_action":               "There is nothing to approve.",
	"no_activity":             "There is no such sign-in any more.",
	"no_device":               "There is no such device any more.",
	"no_enrollment":           "That is not set up any more.",
	"no_flow":                 "Please sign in again.",
	"no_option":               "This way is not open now.",
	"not_found":               "The server is another version than this program. Please update it.",
	"report_refused":          "The server refuses this report.",
	"requirement":             "Please sign in again: this asks for more than the sign-in has proved.",
	"reset_not_granted":       "Your account cannot be reset this way.",
	"send_limit":              "Too many messages were sent.",
	"service_account":         "This is an account for programs. Please sign in with one of your own.",
	"support_refused":         "Support may not do that.",
	"too_large":               "That is too long.",
	"too_many":                "There is no room for more. Please remove one first.",
	"too_often":               "Too many tries.",
	"too_soon":                "A message went out a moment ago.",
	"unauthenticated":         "You are not signed in. Please sign in first.",
	"unsupported_media_type":  "The server is another version than this program. Please update it.",
}

// sentence says what went wrong and what to do about it.
func sentence(err error) string {
	p := (*problem)(nil)
	if !errors.As(err, &p) {
		return printable(err.Error())
	}
	said := cmp.Or(sentences[p.Code], "The server refuses this: "+cmp.Or(p.Detail, p.Code)+".")
	for _, more := range []string{waiting(p), attempts(p), clock(p), sendingAgain(p)} {
		if more != "" {
			said += " " + more
		}
	}
	return printable(said)
}

func waiting(p *problem) string {
	switch {
	case p.Disabled:
		return "It is switched off and has to be set up again; please take another way."
	case !p.LockedUntil.IsZero():
		return "Please try again after " + at(p.LockedUntil) + "."
	case !p.ResendAt.IsZero() && !p.Resent:
		return "The next can be sent after " + at(p.ResendAt) + "."
	case p.Status == 429 && p.after != "":
		if n, err := strconv.Atoi(p.after); err == nil {
			return "Please try again in " + (time.Duration(n) * time.Second).String() + "."
		}
	}
	return ""
}

func attempts(p *problem) string {
	switch {
	case p.AttemptsLeft == nil:
		return ""
	case *p.AttemptsLeft == 1:
		return "One try is left."
	}
	return fmt.Sprintf("%d tries are left.", *p.AttemptsLeft)
}

func clock(p *problem) string {
	if p.Hint != "clock_skew" {
		return ""
	}
	return "The clock of the device that made it seems to be wrong: let it set itself."
}

func sendingAgain(p *problem) string {
	switch {
	case p.Resent:
		return "A new one was sent."
	case p.Code == "delivery_failed" && p.Retry:
		return "Trying again may help."
	case p.Code == "delivery_failed":
		return "Please take another way."
	case p.Code == "requirement" && slices.Contains(p.Missing, "phishing_resistant"):
		return "It has to be with a security key, in a browser."
	}
	return ""
}

// at is a time where the program runs.
func at(t time.Time) string { return t.Local().Format("15:04:05") }

// denied says why there is no way in.
func denied(f flow) string {
	said := map[string]string{
		"disabled":        "What your account signs in with is switched off after too many wrong codes.",
		"no_method":       "Your account needs a second factor that you do not have.",
		"risk":            "This sign-in looks unlike you, and was stopped.",
		"rollback":        "Your account cannot be opened at the moment.",
		"service_account": "This is an account for programs. Please sign in with one of your own.",
	}[f.Reason]
	said = cmp.Or(said, "You cannot sign in.")
	if f.Support != "" {
		said += " For help: " + f.Support
	}
	return printable(said)
}
