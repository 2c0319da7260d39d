package sim

// An invariant is what holds in every run, by name.
type invariant string

// The invariants. What each rests on stands in docs/architecture.md and limits.go.
const (
	codeOnce       invariant = "code-once"       // a code, an assertion, a link or an approval is accepted at most once
	codeBound      invariant = "code-bound"      // a code is accepted in the flow it was sent for, while it lives, and no other
	wrongRefused   invariant = "wrong-refused"   // what is wrong is not accepted
	rightAccepted  invariant = "right-accepted"  // a right answer that nobody gave before is not called wrong
	guessLimit     invariant = "guess-limit"     // no more wrong answers are told than an account's budget has
	laneDelay      invariant = "lane-delay"      // after five wrong answers in a row the next one waits; a resend resets nothing
	evidenceEarned invariant = "evidence-earned" // each proof was given, in that flow or before in that session
	secondFactor   invariant = "second-factor"   // nothing passes without what the policy requires
	flowOver       invariant = "flow-over"       // a flow that passed, expired, was denied or ended yields no evidence
	evidenceBound  invariant = "evidence-bound"  // evidence is its user's and its app's
	evidenceVoid   invariant = "evidence-void"   // evidence from before a removal, a reset or a new password is worth nothing
	freshEvidence  invariant = "fresh-evidence"  // a change takes recent evidence, of a factor where there is one
	foreign        invariant = "foreign"         // another user's flow, enrolment, device or evidence never works
	deviceRevoked  invariant = "device-revoked"  // a browser is not spared after it was revoked
	deviceLimit    invariant = "device-limit"    // nor for longer than it was remembered
	nothingLost    invariant = "nothing-lost"    // no acknowledged change is lost
	noticeTold     invariant = "notice-told"     // each security change is told at least once
	noticeAfter    invariant = "notice-after"    // and not before it is saved
	learnsPassed   invariant = "learns-passed"   // risk learns from flows that passed, and from no others
	resetWaits     invariant = "reset-waits"     // a delayed reset waits, and does not survive being cancelled
	keptOut        invariant = "kept-out"        // service accounts and people who may not sign in do not
	supportOnly    invariant = "support-only"    // support does what it is let, and nobody else does it
	approvalOnce   invariant = "approval-once"   // an approval is redeemed at most once, and not without one
	skipsCount     invariant = "skips-count"     // an enrolment is put off as often as the policy lets
	firstAsks      invariant = "first-asks"      // the first enrolment asks for the mailbox where the policy says so
	claimAlone     invariant = "claim-alone"     // a credential is one user's
	sendLimit      invariant = "send-limit"      // no more messages go out than the limits let
	canary         invariant = "canary"          // no secret stands in errors, events or logs
	errorsKnown    invariant = "errors-known"    // every error is one that is documented
	stillIn        invariant = "still-in"        // in the end the owner gets in with what they have
)
