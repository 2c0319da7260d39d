// Package mfa adds multi-factor authentication to a program that has users,
// passwords and sessions of its own.
//
// # The smallest program
//
// An [Engine] needs a [Store], a [KeyRing] and one [Factor]:
//
//	m, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}})
//
// The host's sign-in handler checks the password as it always did, and then asks:
//
//	flow, err := m.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password, Client: client})
//
// A flow that has [StatusPassed] holds the evidence, an [Authentication], that the
// host puts into a new session. One that has [StatusChallenge] lists its
// options; the client keeps its token, and the page that asks for the code calls
//
//	flow, err = m.Verify(ctx, flow.Token, mfa.Answer{Option: option, Code: code}, client)
//
// [Engine.Enroll] and [Engine.Activate] set a factor up, in two steps, so that
// nothing unconfirmed can lock anyone out.
//
// # What to choose
//
// Without a [Policy] whoever has enrolled is asked, and nobody has to enrol;
// package policy has more. Store sessions where the host does; keep the whole
// Authentication in them. Package mfahttp serves all of this as JSON, and
// mfahttp/pages as pages; the engine itself knows no HTTP. docs/start.md puts an
// authenticator app behind an existing login in ten minutes.
//
// # What is stored
//
// One sealed value per user, in the [Store], under compare-and-swap: an answer
// is given only once what it rests on is saved, so that a code is spent once
// and a failure counted once, however many requests and processes race.
//
// # What is promised
//
//   - A right code is accepted at most once; so is every recovery code.
//   - Wrong answers are bounded per enrollment, account, network and system (limits.go),
//     on every path, and the owner's own browser stays usable meanwhile.
//   - Evidence from before a reset, a removal or a changed password is void.
//   - No error, log line or event holds a secret, a code, a token or a phone number.
//
// It is not promised that a person will not type a code into somebody else's
// page: factors that resist phishing are the answer to that.
//
// All types are safe to copy unless they say otherwise; an [Engine] is safe for
// concurrent use.
package mfa
