package mfa

import (
	"context"
	"net/netip"
	"time"
)

// An EventType says what happened.
type EventType string

// The events. Those marked * are security notices: they reach the observers at
// least once, even when the process dies in between.
const (
	EventFlowStarted        EventType = "flow.started"        // a first factor was right, or a step-up was asked for
	EventFlowPassed         EventType = "flow.passed"         // evidence was given out
	EventFlowDenied         EventType = "flow.denied"         //
	EventChallengeSent      EventType = "challenge.sent"      // a message was handed to its carrier
	EventChallengeUnsent    EventType = "challenge.unsent"    // a message could not be handed over
	EventVerified           EventType = "factor.verified"     // a right answer
	EventFailed             EventType = "factor.failed"       // a wrong answer
	EventLocked             EventType = "factor.locked"       // * answers are not taken for a while; a notice once a day at most
	EventManyFailures       EventType = "account.failures"    // * ten failures: somebody may have the password
	EventDisabled           EventType = "enrollment.disabled" // * after too many failures
	EventEnrolled           EventType = "enrollment.added"    // *
	EventReplaced           EventType = "enrollment.replaced" // *
	EventRenamed            EventType = "enrollment.renamed"  //
	EventRemoved            EventType = "enrollment.removed"  // *
	EventRecoveryCodes      EventType = "recovery.generated"  // *
	EventRecoveryUsed       EventType = "recovery.used"       // *
	EventReset              EventType = "account.reset"       // * all was removed, by the user or by support
	EventErased             EventType = "account.erased"      //
	EventPasswordChanged    EventType = "account.password"    // * as told by the host
	EventRollbackSuspected  EventType = "account.rollback"    // * stored state is older than the host has seen
	EventNewDevice          EventType = "device.new"          // * a sign-in that passed in a browser that has not been seen, where others have
	EventDeviceRemembered   EventType = "device.remembered"   // * for Count days; Label is the device
	EventDeviceForgotten    EventType = "device.forgotten"    // Count of them
	EventDeviceReused       EventType = "device.reused"       // * an old token of a device came back: somebody has a copy; a notice where it was remembered
	EventSignedOut          EventType = "account.signed_out"  // everywhere
	EventSkipped            EventType = "enrollment.skipped"  // an enrolment that the policy asks for was put off
	EventImported           EventType = "enrollment.imported" // * it was brought from elsewhere: for the record, not for the user
	EventServiceInteractive EventType = "service.interactive" // * somebody signs in to a service account as a person does
	EventApproved           EventType = "action.approved"     // an action's approval was redeemed; Label is its text, Reason its identifier
	EventResetRequested     EventType = "reset.requested"     // * a delayed reset
	EventResetCanceled      EventType = "reset.canceled"      // *
	EventResetReady         EventType = "reset.ready"         // * it can be claimed
	EventBypassIssued       EventType = "bypass.issued"       // * support has given out a code
	EventBypassUsed         EventType = "bypass.used"         // *
	EventUndone             EventType = "enrollment.undone"   // * the owner says that the first enrolment was not theirs
	EventVerdict            EventType = "signin.verdict"      // * somebody has said of a sign-in whose it was: Reason is the Verdict, Label the activity; a notice for NotMe
	EventCloneSuspected     EventType = "credential.clone"    // * a key's counter went back: there may be a copy of it
	EventSendLimit          EventType = "send.limit"          // a message was not sent: a budget is used up; Reason names it
	EventSendStopped        EventType = "send.stopped"        // a budget's breaker opened: too little came back of what strangers were sent
	EventSendBudget         EventType = "send.budget"         // a budget is nearly used up
	EventNetworkFailures    EventType = "network.failures"    // many failures from one network
	EventSystemFailures     EventType = "system.failures"     // many failures over all
)

// An Event is one thing that happened. It holds no secret, code or token.
type Event struct {
	ID         string // stable over redeliveries
	Type       EventType
	Notice     bool // a security notice, which the user should be told of
	Time       time.Time
	User       string   // empty for what concerns no single user
	Name       string   // the user's, as the host told it; with notices only
	Email      string   // where to tell the user; with notices only
	Also       []string // further addresses to tell: the old and the new one where one was changed or removed; with notices only
	Actor      string   // who did it, if not the user
	Reason     string
	Method     string
	Enrollment string
	Replaced   string // the enrollment in whose place it is
	Label      string
	Hint       string
	OldHint    string // of what was replaced
	First      bool   // the user's first enrollment
	App        string
	IP         netip.Addr
	Place      string
	UserAgent  string
	Generation uint64
	Count      int       // failures, codes left, days, devices
	Until      time.Time // when what was begun takes effect or ends; zero: nothing does

	Device   string      // with flow.passed and device.new: the browser, if it is known now; Device.ID
	Activity string      // the identifier of the entry in the user's history, where there is one
	Risk     *Assessment // with flow.started, flow.passed and flow.denied of a sign-in that was scored; nil elsewhere
}

// An Observer is told what happened, after it has been saved and answered.
// Security notices come at least once: one that is refused with an error is
// offered again, so an observer has to recognise Event.ID. The order between
// events is not guaranteed. Observe may be called from several goroutines.
type Observer interface {
	Observe(ctx context.Context, e Event) error
}

// Activity is an entry of a user's history.
type Activity struct {
	ID         string     `json:"id,omitempty"` // what Engine.Feedback takes; attempts counted together share it
	Time       time.Time  `json:"time"`
	Type       EventType  `json:"type"`
	Method     string     `json:"method,omitempty"`
	Enrollment string     `json:"enrollment,omitempty"`
	Label      string     `json:"label,omitempty"`
	Actor      string     `json:"actor,omitempty"`
	App        string     `json:"app,omitempty"`
	IP         netip.Addr `json:"ip,omitzero"`
	Place      string     `json:"place,omitempty"`
	UserAgent  string     `json:"user_agent,omitempty"`
	Count      int        `json:"count"` // attempts alike that follow each other are counted together

	Risk    *Assessment `json:"risk,omitempty"`    // of a sign-in that was scored; Text and Usual only where its level asks
	Verdict Verdict     `json:"verdict,omitempty"` // what was said of it since
}
