package notify

import "github.com/mfakit/mfa"

// Words are what a mail says of one kind of event: sources of text/template over
// [Data]. Subject and What are required.
type Words struct {
	Subject string // one line; better without anything that a user chose
	What    string // what happened, in a sentence or two
	Advice  string // what to do, above all if it was somebody else

	// Link is what the address of Config.Link is for ("If this was not you, undo it"):
	// what stands before it in text, and what is pressed in HTML. Where Config.Link is
	// set the kinds that have a link need it; general words without it are not
	// used for them.
	Link string
}

const anyKind mfa.EventType = "" // the words for kinds that have none of their own

const (
	ifNotYou = "If it was you, there is nothing to do. If it was not you, somebody else can get into your account: " +
		"change your password, remove what you do not know, and sign out everywhere else."
	everything    = "every authenticator app, key, number and recovery code"
	knowsPassword = "If that was you, there is nothing to do. If it was not you, somebody else may know your password: change it now."
)

// english has words for every kind of notice of the engine. A test compares it with
// the list in the root package.
var english = map[mfa.EventType]Words{
	anyKind: {
		Subject: "Your {{.App}} account: a security change",
		What:    "Something about the security of your {{.App}} account was changed.",
		Advice:  ifNotYou,
	},
	mfa.EventEnrolled: {
		Subject: "Your {{.App}} account: a way to sign in was added",
		What:    "A way to confirm that it is you was added to your {{.App}} account: {{.Thing}}.{{if .First}} From now on you are asked for it when you sign in.{{end}}",
		Advice:  ifNotYou,
		Link:    "If this was not you, undo it",
	},
	mfa.EventReplaced: {
		Subject: "Your {{.App}} account: a way to sign in was replaced",
		What:    "A way to confirm that it is you was replaced in your {{.App}} account{{if .BySupport}} with the help of our support{{end}}. What counts from now on: {{.Thing}}. What was there before{{with .OldHint}} ({{.}}){{end}} no longer works.",
		Advice:  ifNotYou,
	},
	mfa.EventRemoved: {
		Subject: "Your {{.App}} account: a way to sign in was removed",
		What:    "A way to confirm that it is you was removed from your {{.App}} account: {{.Thing}}.",
		Advice:  ifNotYou,
	},
	mfa.EventLocked: {
		Subject: "Your {{.App}} account: too many wrong codes",
		What:    "Somebody gave several wrong codes for your {{.App}} account. For {{.Thing}}, answers are not taken for a while.",
		Advice:  "If it was you, wait and try again, or use another way. If it was not you, somebody else knows your password: change it now.",
	},
	mfa.EventNewDevice: {
		Subject: "Your {{.App}} account: a sign-in from a new device",
		What:    "Somebody signed in to your {{.App}} account, with all that it asks for, from a device that was not seen before{{with .Place}}, which seems to be in {{.}}{{end}}.",
		Advice:  ifNotYou,
	},
	mfa.EventDisabled: {
		Subject: "Your {{.App}} account: a way to sign in was disabled",
		What:    "After too many wrong answers, {{.Thing}} is no longer accepted for your {{.App}} account. It has to be set up again.",
		Advice:  "If the wrong answers were not yours, somebody else knows your password: change it now.",
	},
	mfa.EventRecoveryCodes: {
		Subject: "Your {{.App}} account: new recovery codes",
		What:    "New recovery codes were made for your {{.App}} account. Older ones, if there were any, no longer work.",
		Advice: "If it was you, keep them where you find them without your phone. If it was not you, somebody else can get into your account: " +
			"change your password, sign out everywhere else, and make new codes, which end these.",
	},
	mfa.EventRecoveryUsed: {
		Subject: "Your {{.App}} account: a recovery code was used",
		What:    "A recovery code was used for your {{.App}} account. {{if gt .Count 1}}{{.Count}} codes are left.{{else if eq .Count 1}}One code is left.{{else}}It was the last one.{{end}}",
		Advice: "If it was you, make new codes before you need them. If it was not you, somebody else has your codes and your password: " +
			"change your password, and make new codes, which end the old ones.",
	},
	mfa.EventReset: {
		Subject: "Your {{.App}} account: two-step sign-in was reset",
		What: "{{if .BySupport}}Our support has removed{{else if .Delayed}}The reset that was asked for, and that nobody cancelled, has removed{{else}}You, or somebody who was signed in as you, removed{{end}} " + everything +
			" from your {{.App}} account.",
		Advice: "If you asked for it, set up a new one soon: until then, less protects your account. If you did not ask for it, somebody else may be taking " +
			"your account over: change your password now, and ask for help.",
	},
	mfa.EventPasswordChanged: {
		Subject: "Your {{.App}} account: the password was changed",
		What:    "The password of your {{.App}} account was changed.",
		Advice:  "If it was you, there is nothing to do. If it was not you, somebody else can get into your account: set a new password now, and ask for help if you cannot.",
	},
	mfa.EventManyFailures: {
		Subject: "Your {{.App}} account: many wrong answers",
		What:    "Where your {{.App}} account asks for more than a password, {{if gt .Count 1}}{{.Count}}{{else}}many{{end}} wrong answers were given.",
		Advice:  knowsPassword,
	},
	mfa.EventRollbackSuspected: {
		Subject: "Your {{.App}} account: a sign-in was stopped",
		What:    "A sign-in to your {{.App}} account was refused, because what is stored about its security is older than it should be.",
		Advice:  "This is for us to mend. If you cannot sign in later, ask for help.",
	},
	mfa.EventCloneSuspected: {
		Subject: "Your {{.App}} account: there may be a copy of your key",
		What:    "{{.Thing}} counts its uses, and answered for your {{.App}} account with a count that was used before. That happens when there is a copy of it.",
		Advice:  "Remove it, and add another. " + knowsPassword,
	},
	mfa.EventDeviceRemembered: {
		Subject: "Your {{.App}} account: a device is remembered",
		What: "A device is remembered for your {{.App}} account{{if gt .Count 1}}, for {{.Count}} days{{else if eq .Count 1}}, for a day{{end}}: " +
			"to sign in with it usually takes no more than the password.",
		Advice: "If it was you, and others use this device too, have it forgotten. If it was not you, somebody else can get into your account: " +
			"have the device forgotten, change your password, and sign out everywhere else.",
	},
	mfa.EventDeviceReused: {
		Subject: "Your {{.App}} account: there may be a copy of a remembered device",
		What: "A device that is remembered shows something that changes each time. For your {{.App}} account, what it had shown before was used again, " +
			"so there are two copies of it. That device is no longer remembered.",
		Advice: "This happens when a device, or its browser, is restored from a backup. If that was not so, somebody may have copied what your browser keeps: " +
			"look for what could have got into that device, change your password, and sign out everywhere else.",
	},
	mfa.EventServiceInteractive: {
		Subject: "Your {{.App}} account for a program: a person tried to sign in",
		What:    "Your {{.App}} account is one for a program, and somebody tried to sign in to it as a person does.",
		Advice: "If it was none of those who look after this account, somebody else knows how to get in: change its password, and whatever the program signs in with. " +
			"If it was, use an account of your own.",
	},
	mfa.EventResetRequested: {
		Subject: "Your {{.App}} account: somebody asked to reset two-step sign-in",
		What: "Somebody who knows your password asked to have " + everything + " removed from your {{.App}} account, saying that they no longer have them." +
			"{{with .Until}} Nothing is removed before {{.}}.{{end}}",
		Advice: "If it was you, wait: you will get another mail. If it was not you, cancel it, which you can also do by signing in with your second step, " +
			"and change your password now: somebody else knows it.",
		Link: "If this was not you, cancel it",
	},
	mfa.EventResetCanceled: {
		Subject: "Your {{.App}} account: the reset was cancelled",
		What: "Somebody had asked to have " + everything + " removed from your {{.App}} account. That was cancelled, by the link in a mail " +
			"or by somebody who signed in with a second step. Nothing was removed.",
		Advice: "If it was not you who had asked, somebody else knows your password: change it now. If you had asked, and did not cancel it, somebody else reads your mail " +
			"or has what you sign in with: ask for help.",
	},
	mfa.EventResetReady: {
		Subject: "Your {{.App}} account: two-step sign-in can be reset",
		What: "Somebody who knows your password asked to have " + everything + " removed from your {{.App}} account, and the time to wait is over." +
			"{{with .Until}} It can be done until {{.}}.{{end}}",
		Advice: "If it was you, go on{{if .Link}} by the link below{{end}} in the browser in which you asked, after you have given your password there again. " +
			"If it was not you, sign in with your second step, which cancels it, and change your password now: somebody else knows it.",
		Link: "If this was you, go on here",
	},
	mfa.EventBypassIssued: {
		Subject: "Your {{.App}} account: our support gave out a code",
		What: "Our support gave out a code that works once, in the place of the second step, for your {{.App}} account." +
			"{{with .Until}} It works until {{.}}.{{end}}",
		Advice: "If you asked for it, give it to nobody, and set up something new once you are signed in. If you did not ask for it, somebody else may be taking " +
			"your account over: change your password now, and ask for help.",
	},
	mfa.EventBypassUsed: {
		Subject: "Your {{.App}} account: the code from our support was used",
		What:    "The code that our support gave out was used for your {{.App}} account. It does not work again.",
		Advice: "If it was you, set up something new, and remove what you have lost. If it was not you, somebody else can get into your account: " +
			"change your password, remove what you do not know, sign out everywhere else, and ask for help.",
	},
	mfa.EventVerdict: { // a notice only where it says that it was somebody else
		Subject: "Your {{.App}} account: a sign-in was not you",
		What: "{{if .BySupport}}Our support has noted{{else}}You, or somebody who was signed in as you, said{{end}} of a sign-in to your {{.App}} account that it was not you. " +
			"So you are signed out everywhere, and every device is asked again.{{if not .BySupport}} What stands below is when and from where that was said, not the sign-in.{{end}}",
		Advice: "Whoever that was may know your password: change it now, if you have not done so since. Then sign in again, and remove what you do not know. " +
			"{{if .BySupport}}If you did not ask our support for this{{else}}If it was not you who said so{{end}}, somebody else may be taking your account over: ask for help.",
	},
	mfa.EventUndone: {
		Subject: "Your {{.App}} account: setting up two-step sign-in was undone",
		What: "By the link in a mail, what was set up for your {{.App}} account was undone: {{.Thing}}{{if gt .Count 1}}, and all that came after it{{end}}. " +
			"The account is as it was before, and asks for no second step.",
		Advice: "Somebody else could sign in as you: if your password was not changed yet, change it now. Then set up a second step of your own.",
	},
}

// methods are the words for the methods of this module.
var methods = map[string]string{
	"totp":     "Authenticator app",
	"webauthn": "Security key or passkey",
	"sms":      "Text messages",
	"email":    "Codes by e-mail",
	"recovery": "Recovery codes",
	"bypass":   "Code from support",
}

// someMethod stands for a method without a name.
const someMethod = "Second step"
