// Package audit keeps a trail of what the engine did: observers ([mfa.Observer])
// that hand every event to a file, a pipe or a log.
//
//	trail, err := os.OpenFile("mfa-audit.jsonl", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
//	m, err := mfa.New(mfa.Config{…, Observers: []mfa.Observer{
//		notices,                    // of package notify, which tells the user
//		audit.JSON(trail),          // one JSON object per line
//		audit.Slog(log.Handler()),  // into the program's log
//	}})
//
// # What is in it
//
// Each event has these members, in this order; those that are empty, false or 0
// are left out. New members may come, at any place; these keep name and meaning.
//
//	time          when, UTC, RFC 3339 with milliseconds: "2026-03-01T12:00:30.125Z"
//	type          what happened, an mfa.EventType: "enrollment.added"
//	id            names the event, over repetitions too
//	notice        true: a security notice, told at least once
//	user          whom it concerns, as the host names them
//	actor         who did it, if not the user: somebody of support
//	reason        why; what the actor wrote, or the word of a rule: "risk", "not_me"
//	method        "totp", "webauthn", "sms", "email", "recovery", "bypass", or a first factor
//	enrollment    which of the user's authenticators; of reset.* events, which reset
//	replaced      the enrollment that it took the place of
//	label         the user's name for it; of send.*, device.*, action.* and signin.*
//	              events the budget's name, the device's identifier, the text that was
//	              approved, the activity that was judged
//	hint          its number or address, masked
//	old_hint      of what it took the place of
//	first         true: it is the user's first
//	count         failures, codes that are left, what was removed, days, devices
//	until         when what was begun takes effect or ends, written like time
//	app           the host's name for the client
//	ip            the client's address
//	place         where that is, as the host or its scorer knows it
//	user_agent    the client's User-Agent header, cut to 256 bytes
//	generation    the user's generation after the event, see mfa.Flow.Generation
//	device        the browser, if it is known; with flow.passed and device.new
//	activity      the entry of the user's history, by which a verdict names it; attempts
//	              that are counted together share it
//	risk.level    of a sign-in that was scored, what it asks for: "low", "unknown",
//	              "elevated", "high" or "severe"; with flow.started, flow.passed and
//	              flow.denied
//	risk.score    log-odds that it is not the user, 0 too; only its order means anything
//	risk.shadow   true: it decided nothing
//	risk.reasons  the strongest first, objects of a code and its weight in the score:
//	              {"code":"new_country","weight":2.3} speaks against the user, below 0 for
//
// What the engine knows of name, e-mail address and phone is left out: the trail
// outlives accounts, is read by many, and needs none of it (OWASP ASVS 16.2.5). A label
// that would be a link or an address is left out, and of a long number in a label
// or a hint the last two digits stay. Actor, reason, user and the text of an action
// are the host's own words, and are kept whole: they should hold no phone number.
//
// Of a risk's reasons the sentences are left out ("first time from Romania; you usually
// sign in from Norway"): they are for the user, and tell of where somebody usually is
// for as long as the trail is kept. The codes say what was seen, and beside them are
// place, ip and user_agent.
//
// Labels, places and User-Agent headers are chosen by whoever is at the other
// end. Line breaks, terminal controls and hidden characters in them are escaped,
// so that nobody writes lines of their own (OWASP ASVS 16.4.1).
//
// # At least once
//
// An observer that fails is told of a security notice again, after a restart too,
// so that everything that was bound, ended or reset is in the trail at least
// once, and [JSON] may write it twice, with the same id; [Once] keeps a process
// from that. Other events are told once: with a writer that fails, they are lost.
// The order of lines is not that of time where requests run beside each other.
//
// # Every authenticator that was ever bound
//
// NIST SP 800-63B-4 §4.1 asks for a record of each, with times and source, that
// stays when the authenticator is gone. The engine's own history is bounded and
// goes with the account. [BindingOf] says which events make a row of such a table
// and which end one; the package's example keeps one.
package audit
