package mfa

import "time"

// All limits and lifetimes, each with its reason or its source. Changing one
// changes what docs/architecture.md says of it.
const (
	// flowLifetime: NIST SP 800-63B-4 section 3.1.3.2 lets an out-of-band secret live ten
	// minutes; a flow that outlived its challenge would be of no use.
	flowLifetime = 10 * time.Minute
	// pendingLifetime is how long an enrolment may wait for its confirmation:
	// time to install an app and scan, and no longer than a flow.
	pendingLifetime = 10 * time.Minute
	// changeMaxAge is how old evidence for a change may be (OWASP ASVS 5.0, 7.5.1 asks
	// for a full re-authentication): long enough to finish what one began.
	changeMaxAge = 10 * time.Minute
	// claimHold is how long a request may take from its first claim to its save.
	claimHold = time.Minute
	// claimOrphan is how old a claim is that may be taken over when no user's value
	// refers to it: far beyond claimHold, so that its maker cannot still save one.
	claimOrphan = time.Hour
	// clockTolerance is how far ahead another instance's clock may be before its
	// proofs count as coming from the future.
	clockTolerance = 2 * time.Minute
)

// Failures of one enrollment, in a row and over all flows.
const (
	// delayFrom is the failure from which on the next answer has to wait. Four
	// mistakes are a clumsy person's; NIST SP 800-63B-4 section 3.2.2 leaves the delay open.
	delayFrom = 5
	// disableAt is where the enrollment is disabled until bound again (section 3.2.2
	// demands it at 100 at the latest).
	disableAt = 50
	// tellAt is where the owner is told that somebody has the password: after so
	// many failures of the account since they were last told, whatever they
	// themselves did meanwhile, and at most once in tellPause.
	tellAt    = 10
	tellPause = 24 * time.Hour
)

// delays are the pauses after failure delayFrom and those that follow; the last one
// stays. At one guess an hour, 50 failures take more than a day and a half, so that
// an owner who signs in daily never sees the enrollment disabled.
var delays = [...]time.Duration{
	30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute,
	15 * time.Minute, 30 * time.Minute, time.Hour,
}

// A budget bounds failures of an account over all its enrollments of a class,
// over all flows and paths. Success does not give it back.
type budget struct {
	hour, month               int // failures in any hour, and in any 30 days
	reserveHour, reserveMonth int // how much of it is kept for known devices
}

var (
	// guessBudget is for short codes. Someone with the password gets at most 75
	// guesses in 30 days, from unknown devices: with six digits and a window of three,
	// less than 0.3 % in a year. The rest is the owner's, on a device that passed before.
	guessBudget = budget{hour: 20, month: 100, reserveHour: 5, reserveMonth: 25}
	// recoveryBudget is for recovery codes, which cannot be guessed (80 bits): it bounds
	// the cost of their slow digest, and stays open when the guesses are used up.
	recoveryBudget = budget{hour: 10, month: 100, reserveHour: 3, reserveMonth: 25}
)

const (
	budgetHour  = time.Hour
	budgetMonth = 30 * 24 * time.Hour
)

// Failures from one network and over the whole system: one guess on each of a
// million stolen passwords is an attack too, which no account's own limit sees.
const (
	// networkAllowance is how many failures in an hour a network (IPv4 /24, IPv6
	// /48) has before its answers, but for known devices, have to wait. An office
	// or a carrier's gateway stays below.
	networkAllowance = 50
	// networkPerAccount is how many failures of one account in an hour count towards
	// its network and the system: somebody with an account of their own cannot
	// use it to make their neighbours wait. It takes many accounts.
	networkPerAccount = 3
	// networkAlarmed is the allowance while the system's alarm is on.
	networkAlarmed = 5
	// networkDelayMax is the longest pause between two guesses of a network, at
	// each process: what is shared is the count.
	networkDelayMax = time.Minute
	// systemFloor is how many failures in an hour never raise the system's alarm.
	systemFloor = 200
	// systemFactor times the mean of the hours of the day before raises it.
	systemFactor = 10
	// systemHours is how many hours make that mean.
	systemHours = 24
	// meterNetworks bounds the networks that one process keeps in memory.
	meterNetworks = 10_000
	// meterFlush is how long, or how many failures, one process may know of the
	// system's count what others do not: no key is written at every failure.
	meterFlush      = 10 * time.Second
	meterFlushCount = 16
	// meterFresh is how long a network's count is trusted before it is read again.
	meterFresh = 30 * time.Second
)

// Sending.
const (
	// sendPause is the pause between two messages; it doubles with each message of the hour.
	sendPause    = 30 * time.Second
	sendPauseMax = 8 * time.Minute
	// sendsPerHour and sendsPerDay are for one user, over all flows, paths and methods.
	sendsPerHour = 10
	sendsPerDay  = 30
	// maxLeases bounds the blocks that one process keeps in memory.
	maxLeases = 10_000
	// budgetKept is how long a budget's count is of use.
	budgetKept = 3 * 24 * time.Hour
	// deliveryTimeout bounds the hand-over of a message; the request that asked
	// for it may end earlier.
	deliveryTimeout = 10 * time.Second
	// checkTimeout bounds Delivery.Before: the user's other requests wait for it.
	checkTimeout = 3 * time.Second
	// lockedPause is how often at most the owner is told of a lock.
	lockedPause = 24 * time.Hour
)

// Sizes: never an unbounded row (OWASP ASVS 5.0, 2.4.1).
const (
	maxFlows         = 10      // in progress, per user; over it the oldest of the network that holds most goes
	maxPending       = 5       // enrolments waiting for confirmation, per user; over it the oldest goes
	pendingAttempts  = 10      // wrong answers before a pending enrolment is over
	maxEnrollments   = 20      // per user
	maxDevices       = 10      // known browsers, per user; over it the one longest unseen goes
	maxDeviceTokens  = 5       // that one browser carries, for several users
	maxHistoryBytes  = 4 << 10 // of entries, per user: some thirty
	activityIDSize   = 12      // characters of an activity's identifier: 60 bits, and it is one user's
	maxOutbox        = 32      // notices not yet acknowledged; over it the oldest goes
	maxFactorState   = 8 << 10 // bytes of an enrollment's state, and of a factor's state per user
	maxUserValue     = 256 << 10
	maxRecent        = 16 // versions of the value that are remembered, to resolve lost answers
	maxFlowAttempts  = 64 // the same, in a flow
	maxUserID        = 256
	maxWaiting       = 1024 // requests of one process that wait for one user or budget
	maxText          = 256  // names, addresses, user agents
	maxHistoryText   = 100  // user agents in history and devices, without what all of them say
	maxLabel         = 64   // characters
	maxAttributes    = 4096 // bytes
	maxApp           = 64
	maxCode          = 128
	maxCredential    = 64 << 10
	maxToken         = 2048
	maxPasskeyTokens = 3 // of tabs of one browser that each began a sign-in by passkey
	maxClaims        = 4 // of one enrollment
	maxAttachment    = 64 << 10
	maxProofs        = 16
	maxEvidence      = 16 << 10
	maxImported      = 64 // enrollments that were brought from elsewhere, per user
	maxRiskHistory   = 2 << 10
	maxObservation   = 1 << 10
	maxReasons       = 5 // of an assessment
	maxReasonsKept   = 3 // with their words, in the history
	maxReasonCode    = 32
	maxReasonText    = 120
	maxReasonWith    = 4  // variables of a text
	maxReasonName    = 16 // bytes of what one is called
	maxReasonValue   = 64
	maxScoring       = 64 // calls of the scorer at once; one that hangs takes up no more
)

// Time that passes between people.
const (
	// rememberMax is how long a browser may be remembered: as long as NIST SP
	// 800-63B-4 section 2.1.3 lets a sign-in at AAL1 last.
	rememberMax = 30 * 24 * time.Hour
	// nextDevice is how long two requests get the same new token of a device.
	nextDevice = time.Minute
	// linkLifetime is how long a mail's link undoes a first enrolment. People read
	// their mail after a weekend.
	linkLifetime = 72 * time.Hour
	// resetMin is the shortest wait for a delayed reset: an owner who sleeps has to
	// wake up to the mail.
	resetMin = 24 * time.Hour
	// claimLifetime is how long a reset can be claimed once it is ready (NIST SP
	// 800-63B-4 section 4.2.1.2 lets a mailed recovery code live a day).
	claimLifetime = 24 * time.Hour
	// resetOpen is how long after its wait a reset can still be begun to be claimed.
	resetOpen = 14 * 24 * time.Hour
	// resetTells is how often its owner is mailed that a reset is ready.
	resetTells = 5
	// resetAgain is the pause after one that was cancelled.
	resetAgain = 24 * time.Hour
	// bypassMax and bypassDefault bound a code that support gives out (the same section).
	bypassMax     = 24 * time.Hour
	bypassDefault = time.Hour
)

// riskTimeout bounds one call of the scorer: the sign-in waits for it.
const riskTimeout = time.Second

// Saving.
const (
	// storeTimeout bounds one call of the store whose context has no end of its own: the
	// user's other requests wait for it, and a server whose machine vanished without a
	// word would keep them waiting for as long as TCP hopes.
	storeTimeout = 10 * time.Second
	// saveTries bounds how often a request is tried against other writers.
	saveTries = 16
	// faultTries bounds how often in a row a store may fail in other ways.
	faultTries = 3
	// savePause is the mean pause before the second try; it doubles up to savePauseMax.
	savePause    = 2 * time.Millisecond
	savePauseMax = 200 * time.Millisecond
	// noticeAge is when a notice in the outbox counts as left by a dead process.
	noticeAge = time.Minute
	// noticeTries is how often a process offers a notice before it leaves it to later.
	noticeTries = 3
	// noticePause is the pause before the second offer; it grows fivefold.
	noticePause = time.Second
	// observeTimeout bounds one call of an observer.
	observeTimeout = 30 * time.Second
	// maxJobs bounds the work after answers that one process has in hand.
	maxJobs = 1024
)
