package notify

import "github.com/mfakit/mfa"

// Words are what a mail says of one kind of event: sources of text/template over
// [Data]. Subject and What are required.
type Words struct {
	Subject string // one line; better without anything that a user chose
	What    string // what happened, in a sentence or two
	Advice  string // what to do, above all if it was somebody else
}

const anyKind mfa.EventType = "" // the words for kinds that have none of their own

const (
	ifNotYou = "If it was you, there is nothing to do. If it was not you, somebody else can get into your account: " +
		"change your password, remove what you do not know, and sign out everywhere else."
	knowsPassword = "If that was you, there is nothing to do. If it was not you, somebody else may know your password: change it now."
)

// english has words for every kind of notice of the engine. A test compares it with
// the list in the root package.
var english = map[mfa.EventType]Words{
	anyKind: {
		"Your {{.App}} account: a security change",
		"Something about the security of your {{.App}} account was changed.",
		ifNotYou,
	},
	mfa.EventEnrolled: {
		"Your {{.App}} account: a way to sign in was added",
		"A way to confirm that it is you was added to your {{.App}} account: {{.Thing}}.{{if .First}} From now on you are asked for it when you sign in.{{end}}",
		ifNotYou,
	},
	mfa.EventReplaced: {
		"Your {{.App}} account: a way to sign in was replaced",
		"A way to confirm that it is you was replaced in your {{.App}} account{{if .BySupport}} with the help of our support{{end}}. What counts from now on: {{.Thing}}. What was there before{{with .OldHint}} ({{.}}){{end}} no longer works.",
		ifNotYou,
	},
	mfa.EventRemoved: {
		"Your {{.App}} account: a way to sign in was removed",
		"A way to confirm that it is you was removed from your {{.App}} account: {{.Thing}}.",
		ifNotYou,
	},
	mfa.EventLocked: {
		"Your {{.App}} account: too many wrong codes",
		"Somebody gave several wrong codes for your {{.App}} account. For {{.Thing}}, answers are not taken for a while.",
		"If it was you, wait and try again, or use another way. If it was not you, somebody else knows your password: change it now.",
	},
	mfa.EventNewDevice: {
		"Your {{.App}} account: a sign-in from a new device",
		"Somebody signed in to your {{.App}} account, with all that it asks for, from a device that was not seen before.",
		ifNotYou,
	},
	mfa.EventDisabled: {
		"Your {{.App}} account: a way to sign in was disabled",
		"After too many wrong answers, {{.Thing}} is no longer accepted for your {{.App}} account. It has to be set up again.",
		"If the wrong answers were not yours, somebody else knows your password: change it now.",
	},
	mfa.EventRecoveryCodes: {
		"Your {{.App}} account: new recovery codes",
		"New recovery codes were made for your {{.App}} account. Older ones, if there were any, no longer work.",
		"If it was you, keep them where you find them without your phone. If it was not you, somebody else can get into your account: " +
			"change your password, sign out everywhere else, and make new codes, which end these.",
	},
	mfa.EventRecoveryUsed: {
		"Your {{.App}} account: a recovery code was used",
		"A recovery code was used for your {{.App}} account. {{if gt .Count 1}}{{.Count}} codes are left.{{else if eq .Count 1}}One code is left.{{else}}It was the last one.{{end}}",
		"If it was you, make new codes before you need them. If it was not you, somebody else has your codes and your password: " +
			"change your password, and make new codes, which end the old ones.",
	},
	mfa.EventReset: {
		"Your {{.App}} account: two-step sign-in was reset",
		"{{if .BySupport}}Our support has removed{{else}}You, or somebody who was signed in as you, removed{{end}} every authenticator app, " +
			"key, number and recovery code from your {{.App}} account.",
		"If you asked for it, set up a new one soon: until then, less protects your account. If you did not ask for it, somebody else may be taking " +
			"your account over: change your password now, and ask for help.",
	},
	mfa.EventPasswordChanged: {
		"Your {{.App}} account: the password was changed",
		"The password of your {{.App}} account was changed.",
		"If it was you, there is nothing to do. If it was not you, somebody else can get into your account: set a new password now, and ask for help if you cannot.",
	},
	mfa.EventManyFailures: {
		"Your {{.App}} account: many wrong answers",
		"Where your {{.App}} account asks for more than a password, {{if gt .Count 1}}{{.Count}}{{else}}many{{end}} wrong answers were given.",
		knowsPassword,
	},
	mfa.EventRollbackSuspected: {
		"Your {{.App}} account: a sign-in was stopped",
		"A sign-in to your {{.App}} account was refused, because what is stored about its security is older than it should be.",
		"This is for us to mend. If you cannot sign in later, ask for help.",
	},
	mfa.EventCloneSuspected: {
		"Your {{.App}} account: there may be a copy of your key",
		"{{.Thing}} counts its uses, and answered for your {{.App}} account with a count that was used before. That happens when there is a copy of it.",
		"Remove it, and add another. " + knowsPassword,
	},
}

// methods are the words for the methods of this module.
var methods = map[string]string{
	"totp":     "Authenticator app",
	"webauthn": "Security key or passkey",
	"sms":      "Text messages",
	"email":    "Codes by e-mail",
	"recovery": "Recovery codes",
}

// someMethod stands for a method without a name.
const someMethod = "Second step"
