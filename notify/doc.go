// Package notify mails people when something about their account's security
// changed: an [mfa.Observer] that writes to whom it concerns.
//
//	mails, err := mailer.New(mailer.Config{Addr: "smtp.example.com:587", From: "Example <no-reply@example.com>", …})
//	var m *mfa.Engine
//	notices, err := notify.New(notify.Config{
//		Sender:      mails,
//		AppName:     "Example",
//		SettingsURL: "https://example.com/settings",
//		SupportText: "If you cannot sign in, write to support@example.com.",
//		Link: func(_ context.Context, e mfa.Event) (string, error) {
//			token, err := m.LinkToken(e)
//			return "https://example.com/mfa/notice?token=" + token, err
//		},
//	})
//	m, err = mfa.New(mfa.Config{…, Observers: []mfa.Observer{notices}})
//
// # What is told
//
// Every security notice of the engine: what was enrolled, replaced, removed or
// disabled, recovery codes and codes from support that were made or used, a reset
// that was asked for, is ready, was cancelled or done, a device that is new or
// remembered, a sign-in that is said to have been somebody else's, a changed password,
// many wrong answers, somebody at a service account, and what looks like a copied key,
// a copied device or an old database. The changed password comes when the host calls
// Engine.PasswordChanged. A kind of notice that this package does not know is told in
// general words; that an enrollment was imported is told to nobody. A sign-in that was
// denied for its risk is no notice: whoever has the password could fill a mailbox with
// them.
//
// A mail says what happened, to which account, when, from which address, place
// and kind of device, and what to do if it was somebody else: the settings
// page, and the way to support. It never holds a code, a secret or a full phone
// number. Who of the support staff acted, why and from where, is not told.
//
// # Links
//
// With Config.Link, three mails have the address of a page that does something
// without a sign-in: undo the first enrollment, cancel a delayed reset, go on with one
// that is ready. Policies with a delayed reset need it. The pages are the host's, or those of
// package mfahttp; see Engine.LinkToken, Repudiate and ClaimReset.
//
// # At least once
//
// Observe returns an error unless the sender has taken the mail, so that the
// engine keeps the notice in its outbox and offers it again, after a restart too:
// a mail server that is down delays a notice and loses none. Repetitions have the
// same mfa.Message.ID, and so the same Message-ID. What processes that died have
// left goes out at the user's next operation, or by package ops.
//
// A notice that reaches nobody, because there is no address or no such
// mailbox, goes to Config.Missing.
//
// # What strangers can put into a mail
//
// Labels, names and User-Agent headers are chosen by whoever is signed in, which
// may be the thief. They are shown as what they are, one short line: without line
// breaks, control characters, hidden characters and marks that turn text around,
// with long numbers shortened, escaped in HTML; one that looks like a link is left
// out, so that nobody writes their own invitation into our mail. Of a User-Agent
// only the names of well-known browsers and systems are shown.
//
// # Other words, other languages
//
// The words are those of Config.Words, by default of [words.Default], which has English,
// Arabic, German and Spanish; [words.Catalogue.With] replaces some, or adds a language.
// Config.Locale picks the language for an event. Config.Text and Config.HTML replace
// the form around the words. New tries all of them, so that a mistake is found at start.
package notify
