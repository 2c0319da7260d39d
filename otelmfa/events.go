package otelmfa

import (
	"context"
	"strings"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/attribute"
)

var _ mfa.Observer = (*Telemetry)(nil)

// events are the types that are told apart.
var events = wordsOf(
	mfa.EventFlowStarted, mfa.EventFlowPassed, mfa.EventFlowDenied, mfa.EventChallengeSent, mfa.EventChallengeUnsent,
	mfa.EventVerified, mfa.EventFailed, mfa.EventLocked, mfa.EventManyFailures, mfa.EventDisabled, mfa.EventEnrolled,
	mfa.EventReplaced, mfa.EventRenamed, mfa.EventRemoved, mfa.EventRecoveryCodes, mfa.EventRecoveryUsed, mfa.EventReset,
	mfa.EventErased, mfa.EventPasswordChanged, mfa.EventRollbackSuspected, mfa.EventNewDevice, mfa.EventDeviceRemembered,
	mfa.EventDeviceForgotten, mfa.EventDeviceReused, mfa.EventSignedOut, mfa.EventSkipped, mfa.EventImported,
	mfa.EventServiceInteractive, mfa.EventApproved, mfa.EventResetRequested, mfa.EventResetCanceled, mfa.EventResetReady,
	mfa.EventBypassIssued, mfa.EventBypassUsed, mfa.EventUndone, mfa.EventVerdict, mfa.EventCloneSuspected,
	mfa.EventSendLimit, mfa.EventSendStopped, mfa.EventSendBudget, mfa.EventNetworkFailures, mfa.EventSystemFailures,
)

// Observe implements [mfa.Observer]: it counts. It never fails. A notice that comes
// again is counted once in this process.
func (t *Telemetry) Observe(ctx context.Context, e mfa.Event) error {
	if e.Notice && !t.seen.put(e.ID, "") {
		return nil
	}
	method := keyMethod.String(t.methods.of(e.Method))
	t.m.events.Add(ctx, 1, with(keyType.String(events.of(string(e.Type))), method, keyBy.String(by(e))))
	switch e.Type {
	case mfa.EventFlowStarted:
		t.m.starts.Add(ctx, 1, with(t.app(e.App)))
		t.assessed(ctx, e, "started")
	case mfa.EventFlowPassed:
		t.m.outcomes.Add(ctx, 1, with(keyOutcome.String("passed"), method, keyReason.String(reasons.of(e.Reason)), t.app(e.App)))
		t.assessed(ctx, e, "passed")
	case mfa.EventFlowDenied:
		t.m.outcomes.Add(ctx, 1, with(keyOutcome.String("denied"), keyReason.String(reasons.of(e.Reason)), t.app(e.App)))
		t.assessed(ctx, e, "denied")
	case mfa.EventVerified, mfa.EventRecoveryUsed, mfa.EventBypassUsed:
		t.m.answers.Add(ctx, 1, with(keyOutcome.String("right"), method, t.app(e.App)))
		t.cameBack(ctx, e)
	case mfa.EventFailed:
		t.m.answers.Add(ctx, int64(max(e.Count, 1)), with(keyOutcome.String("wrong"), method, t.app(e.App)))
	case mfa.EventEnrolled, mfa.EventReplaced:
		t.cameBack(ctx, e)
	case mfa.EventSendLimit:
		prefix, _, _ := strings.Cut(e.Label, " ") // of "+47 912"
		if !strings.HasPrefix(prefix, "+") {
			prefix = ""
		}
		t.m.refusals.Add(ctx, 1, with(keyBudget.String(budgets.of(e.Reason)), keyPrefix.String(callingCode(prefix))))
	}
	return nil
}

// zero begins the series that alerts are about, as what is new at its first count is no
// increase to most backends, and the first rollback is the one to hear of.
func (t *Telemetry) zero(factors []mfa.Factor) {
	begin := func(e mfa.EventType, method, by string) {
		t.m.events.Add(context.Background(), 0, with(keyType.String(string(e)), keyMethod.String(method), keyBy.String(by)))
	}
	for _, e := range []mfa.EventType{mfa.EventSystemFailures, mfa.EventNetworkFailures, mfa.EventSendStopped, mfa.EventSendBudget} {
		begin(e, "", "")
	}
	for _, e := range []mfa.EventType{mfa.EventRollbackSuspected, mfa.EventDeviceReused} {
		begin(e, "", byUser)
	}
	for _, by := range []string{byUser, bySupport, byDelay} {
		begin(mfa.EventReset, "", by)
	}
	for _, f := range factors {
		if f == nil {
			continue
		}
		m := f.Method()
		for _, e := range []mfa.EventType{mfa.EventLocked, mfa.EventDisabled, mfa.EventManyFailures} {
			begin(e, m.Name, byUser)
		}
		if m.PhishingResistant {
			begin(mfa.EventCloneSuspected, m.Name, byUser)
		}
	}
}

// Who did something.
const (
	byUser    = "user"
	bySupport = "support"
	byDelay   = "delay" // somebody who had the password alone, and waited
)

// by is who did it: the user, unless the event says otherwise.
func by(e mfa.Event) string {
	switch {
	case e.Actor != "":
		return bySupport
	case e.Type == mfa.EventReset && e.Reason == "delayed_reset":
		return byDelay
	case e.User == "":
		return "" // it is about no single user
	}
	return byUser
}

func (t *Telemetry) assessed(ctx context.Context, e mfa.Event, outcome string) {
	if e.Risk != nil {
		t.m.assessments.Add(ctx, 1, with(keyOutcome.String(outcome), keyLevel.String(levels.of(string(e.Risk.Level))), keyShadow.Bool(e.Risk.Shadow)))
	}
}

// cameBack counts a message whose code was right. The factor has noted which number or
// channel that was; only now is it known that the answer counted. The note stays:
// events come late, and two answers may be right before the first is told of.
func (t *Telemetry) cameBack(ctx context.Context, e mfa.Event) {
	if e.Replaced != "" && e.Replaced == e.Enrollment {
		return // an address that counts by itself has changed: no code was asked for
	}
	if noted := t.answered.get(e.Enrollment); noted != "" {
		channel, prefix, _ := strings.Cut(noted, " ")
		t.m.verifications.Add(ctx, 1, with(destination(channel, prefix)...))
	}
}

// destination is where a message goes, as it is told.
func destination(channel, prefix string) []attribute.KeyValue {
	return []attribute.KeyValue{keyChannel.String(channel), keyPrefix.String(prefix)}
}
