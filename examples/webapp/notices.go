package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// A wording is what a mail says of what happened.
type wording struct{ subject, text string }

// notices say, for each kind of security notice, what happened.
var notices = map[mfa.EventType]wording{
	mfa.EventManyFailures:      {"Somebody may know your password", "Many wrong answers in a row were given for your account, after the right password."},
	mfa.EventDisabled:          {"An authenticator app was disabled", "An authenticator app was disabled after too many wrong codes."},
	mfa.EventEnrolled:          {"A new authenticator app was added", "A new authenticator app was added to your account."},
	mfa.EventReplaced:          {"An authenticator app was replaced", "An authenticator app of your account was replaced by another."},
	mfa.EventRemoved:           {"An authenticator app was removed", "An authenticator app was removed from your account."},
	mfa.EventRecoveryCodes:     {"Recovery codes were made", "Recovery codes were made for your account. Older ones, if there were any, no longer work."},
	mfa.EventRecoveryUsed:      {"A recovery code was used", "A recovery code was used to sign in to your account."},
	mfa.EventReset:             {"Two-factor sign-in was reset", "All authenticator apps, security keys, passkeys and recovery codes of your account were removed."},
	mfa.EventPasswordChanged:   {"Your password was changed", "The password of your account was changed. All other sessions have ended."},
	mfa.EventRollbackSuspected: {"Sign-in to your account was stopped", "Stored data of your account looks older than it should be, so a sign-in was refused."},
	mfa.EventCloneSuspected: {"There may be a copy of your security key", "A security key of your account counts its uses, and was used with a count that was over already. " +
		"That happens when there is a copy of it. Remove it in Settings, and add another."},
}

// keyNotices are the words where a key is what it is about.
var keyNotices = map[mfa.EventType]wording{
	mfa.EventEnrolled: {"A security key or passkey was added", "A new security key or passkey was added to your account."},
	mfa.EventReplaced: {"A security key or passkey was replaced", "A security key or passkey of your account was replaced by another."},
	mfa.EventRemoved:  {"A security key or passkey was removed", "A security key or passkey was removed from your account."},
	mfa.EventDisabled: {"A security key or passkey was disabled", "A security key or passkey was disabled after too many failures."},
}

// toMail is the mail that tells an account's owner of a security notice. It
// holds no link: a mail that teaches people to follow links to sign-in pages
// helps those who forge such mails.
func toMail(e mfa.Event) message {
	n, ok := keyNotices[e.Type]
	if e.Method != webauthn.Name || !ok {
		n, ok = notices[e.Type]
	}
	if !ok {
		n.subject, n.text = "A security change", "Something about your account's security changed ("+string(e.Type)+")."
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nAccount: %s\nTime: %s\n", n.text, e.Name, e.Time.UTC().Format("2 January 2006, 15:04:05 UTC"))
	for _, line := range []struct{ name, value string }{
		{"Name", e.Label}, {"Address", addrText(e)}, {"Browser", e.UserAgent}, {"By", e.Actor}, {"Reason", e.Reason},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "%s: %s\n", line.name, oneLine(line.value))
		}
	}
	b.WriteString("\nIf this was you, there is nothing to do.\n" +
		"If it was not you: sign in, change your password, open Settings, remove what you do not know, and sign out everywhere else. " +
		"If you cannot sign in, ask support for help.\n")
	return message{Channel: "email", To: e.Email, Subject: n.subject, Body: b.String(), At: e.Time.UTC().Truncate(time.Millisecond)}
}

func addrText(e mfa.Event) string {
	if !e.IP.IsValid() {
		return ""
	}
	return e.IP.String()
}

// oneLine keeps what a client chose (a label, a browser's name) from adding
// lines that look like ours.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}
