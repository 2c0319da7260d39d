package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
)

// A bare handler writes messages and texts as they are.
type bare struct{ out *bytes.Buffer }

func (bare) Enabled(context.Context, slog.Level) bool { return true }
func (h bare) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h bare) WithGroup(string) slog.Handler          { return h }
func (h bare) Handle(_ context.Context, r slog.Record) error {
	h.out.WriteString(r.Message)
	r.Attrs(func(group slog.Attr) bool {
		for _, a := range group.Value.Group() {
			h.out.WriteString(" " + a.Key + "=" + a.Value.String())
		}
		return true
	})
	h.out.WriteByte('\n')
	return nil
}

// A failing handler takes what a level lets through, and never keeps it.
type failing struct {
	bare
	from slog.Level
}

func (h failing) Enabled(_ context.Context, l slog.Level) bool { return l >= h.from }
func (h failing) Handle(context.Context, slog.Record) error    { return errFull }

func TestSlog_FailuresSurface(t *testing.T) {
	o := audit.Slog(failing{from: slog.LevelWarn})
	if err := o.Observe(t.Context(), event()); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	// What the host does not want to have is not offered without end.
	if err := o.Observe(t.Context(), mfa.Event{ID: "1", Type: mfa.EventFlowPassed}); err != nil {
		t.Error(err)
	}
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		level slog.Level
		types []mfa.EventType
	}{
		{slog.LevelError, []mfa.EventType{mfa.EventRollbackSuspected, mfa.EventCloneSuspected, mfa.EventSystemFailures, mfa.EventSendStopped,
			mfa.EventDeviceReused}},
		{slog.LevelWarn, []mfa.EventType{mfa.EventFailed, mfa.EventLocked, mfa.EventFlowDenied, mfa.EventChallengeUnsent, mfa.EventSendLimit,
			mfa.EventSendBudget, mfa.EventNetworkFailures, mfa.EventErased, mfa.EventManyFailures, mfa.EventDisabled, mfa.EventEnrolled,
			mfa.EventReplaced, mfa.EventRemoved, mfa.EventRecoveryCodes, mfa.EventRecoveryUsed, mfa.EventReset, mfa.EventPasswordChanged,
			mfa.EventNewDevice, mfa.EventUndone, mfa.EventServiceInteractive, mfa.EventResetRequested, mfa.EventResetCanceled,
			mfa.EventResetReady, mfa.EventBypassIssued, mfa.EventBypassUsed, mfa.EventVerdict}},
		{slog.LevelInfo, []mfa.EventType{mfa.EventFlowPassed, mfa.EventRenamed, mfa.EventDeviceRemembered, mfa.EventDeviceForgotten,
			mfa.EventImported, mfa.EventSkipped, mfa.EventApproved, mfa.EventSignedOut}},
		{slog.LevelDebug, []mfa.EventType{mfa.EventFlowStarted, mfa.EventChallengeSent, mfa.EventVerified}},
	} {
		known := eventTypes(t)
		for _, kind := range c.types {
			notice, ok := known[kind]
			if !ok {
				t.Errorf("%s is not in the list", kind)
			}
			if got := audit.Level(mfa.Event{Type: kind, Notice: notice}); got != c.level {
				t.Errorf("%s: %v, want %v", kind, got, c.level)
			}
		}
	}
	// A lock is told as a notice once a day, and matters as much in between.
	for _, notice := range []bool{false, true} {
		if got := audit.Level(mfa.Event{Type: mfa.EventLocked, Notice: notice}); got != slog.LevelWarn {
			t.Errorf("a lock: %v", got)
		}
	}
	// An old token of a browser that was not remembered may come from a backup.
	if got := audit.Level(mfa.Event{Type: mfa.EventDeviceReused}); got != slog.LevelWarn {
		t.Errorf("a token of a known browser: %v", got)
	}
	// That it was the user after all is for the record.
	if got := audit.Level(mfa.Event{Type: mfa.EventVerdict, Reason: string(mfa.WasMe)}); got != slog.LevelInfo {
		t.Errorf("a verdict that it was the user: %v", got)
	}
	// What is not known, from a factor or a later version.
	if got := audit.Level(mfa.Event{Type: "key.lost", Notice: true}); got != slog.LevelWarn {
		t.Errorf("an unknown notice: %v", got)
	}
	if got := audit.Level(mfa.Event{Type: "key.found"}); got != slog.LevelInfo {
		t.Errorf("an unknown event: %v", got)
	}
}

// No notice is below what a log usually keeps.
func TestLevel_NoNoticeIsHidden(t *testing.T) {
	for kind, notice := range eventTypes(t) {
		if got := audit.Level(mfa.Event{Type: kind, Notice: notice}); notice && got < slog.LevelInfo {
			t.Errorf("%s: %v", kind, got)
		}
	}
}
